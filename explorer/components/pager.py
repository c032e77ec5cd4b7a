"""Links to the pages before and after, where a list is too long for one; which page is shown stands in the address."""

from __future__ import annotations

from math import ceil

from dash import dcc, html
from dash.development.base_component import Component

from explorer.components.cards import attributes
from explorer.formatting import count
from explorer.querying.parameters import Parameters


def page_number(parameters: Parameters, name: str = "page") -> int:
    """The page that the address names; 1 where it names none."""
    said = parameters.get(name) or ""
    return max(1, int(said)) if said.isdecimal() and len(said) < 9 else 1


def pager(
    parameters: Parameters, path: str, number: int, total: int, *, size: int, of: str, name: str = "page"
) -> Component | None:
    """Links to the neighbours of page ``number`` of ``total`` items, ``of`` saying what those are; None for one page.

    A script finds the link in ``[data-page-step="1"]`` or ``"-1"``.
    """
    pages = ceil(total / size)
    if pages <= 1:
        return None

    def link(label: str, target: int, step: str) -> Component:
        if not 1 <= target <= pages:
            words = attributes(aria_disabled="true")
            return html.Span(label, className="btn btn-secondary disabled", role="link", **words)
        href = parameters.replaced(**{name: str(target)}).href(path)
        return html.Span(dcc.Link(label, href=href, className="btn btn-secondary"), **attributes(data_page_step=step))

    return html.Nav(
        [
            link("Previous", number - 1, "-1"),
            html.Span(f"Page {count(number)} of {count(pages)}", className="num muted"),
            link("Next", number + 1, "1"),
        ],
        className="pager",
        **attributes(aria_label=f"Pages of {of}"),
    )
