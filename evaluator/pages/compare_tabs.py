"""The tabs under the title of Compare: the pages that look at the same systems on the same utterances.

A page of TABS sets ``IN_MENU = False`` (Compare stands in the menu for all of them), puts ``compare_head`` at its top,
and reads the parameters of SHARED; what else it needs in the address is its own and goes when another tab is opened.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from explorer.components.cards import attributes
from explorer.corpus import Corpus
from explorer.parameters import PLACE, VIEW, Parameters
from explorer.query import Query

TABS: tuple[tuple[str, str], ...] = (("Leaderboard", "/compare"),)
"""(title, path) of each page, in order."""

SHARED = (*PLACE, *VIEW, "baseline", "system", "by")
"""The parameters that all of them understand: corpus, filter, systems, baseline, and what is resampled whole."""


def compare_head(here: str, corpus: Corpus, query: Parameters, *, actions: Sequence[Component] = ()) -> Component:
    """The title, which utterances are compared, a page's ``actions``, and the tabs with ``here`` (a path) marked."""
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1("Compare"), html.P(_about(corpus, query))]),
                    html.Div(list(actions), className="page-actions") if actions else None,
                ],
                className="page-head",
            ),
            _strip(here, query.only(SHARED)) if len(TABS) > 1 else None,
        ]
    )


def _about(corpus: Corpus, query: Parameters) -> str:
    wanted = Query.from_pairs(query.pairs)
    return f"{wanted.sentence(corpus)} of {corpus.name}." if wanted.selects else f"All utterances of {corpus.name}."


def _strip(here: str, shared: Parameters) -> Component:
    items = []
    for title, path in TABS:
        current = attributes(aria_current="page") if path == here else {}
        items.append(html.Li(dcc.Link(title, href=shared.href(path), className="tab", **current)))
    return html.Nav(html.Ul(items, className="tab-strip"), **attributes(aria_label="Views of the comparison"))
