"""The menu of pages, and the tabs of a family: a page of the menu with the pages that are under it."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from explorer.components.cards import attributes
from explorer.formatting import count
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.stores import Page


def menu(pages: Sequence[Page], path: str, parameters: Parameters, *, problems: int) -> Component:
    """The pages of the menu; the one that is shown, or that the shown one is under, is marked."""
    place = parameters.only(PLACE)
    shown = {path, *(under(page) for page in pages if path == page.PATH)}
    items = []
    for page in pages:
        if not in_menu(page):
            continue
        badge = None
        if page.PATH == "/problems" and problems:
            badge = html.Span(count(problems), className="badge-soft warn")
        link = dcc.Link([page.TITLE, badge], href=place.href(page.PATH))
        current = attributes(aria_current="page" if path == page.PATH else "true") if page.PATH in shown else {}
        items.append(html.Li(link, className="here" if page.PATH in shown else "", **current))
    return html.Ul(items, className="nav-pages")


def tabs(pages: Sequence[Page], path: str, parameters: Parameters) -> Component | None:
    """The family of the shown page as tabs, which keep the rows and what the family carries; None for a single page."""
    head = next((under(page) or page.PATH for page in pages if path == page.PATH), None)
    family = [page for page in pages if head in (page.PATH, under(page))]
    if len(family) < 2:
        return None
    carried = tuple(name for page in family for name in getattr(page, "CARRIED", ()))
    kept = parameters.only((*PLACE, *VIEW, *carried))
    items = [
        html.Li(
            dcc.Link(getattr(page, "TAB", page.TITLE), href=kept.href(page.PATH)),
            className="here" if path == page.PATH else "",
            **(attributes(aria_current="page") if path == page.PATH else {}),
        )
        for page in family
    ]
    return html.Nav(html.Ul(items), className="page-tabs", **attributes(aria_label="Views of this page"))


def under(page: Page) -> str:
    """The path of the page of the menu that this page is under, or ""."""
    return str(getattr(page, "UNDER", ""))


def in_menu(page: Page) -> bool:
    """Whether the menu lists the page by itself."""
    return bool(getattr(page, "IN_MENU", True)) and not under(page)
