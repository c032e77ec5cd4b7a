"""The head of the pages that look at the same systems on the same utterances: tabs of one entry of the menu.

A page joins the family with ``UNDER = "/compare"`` (and ``TAB`` where its title is long), puts ``compare_head`` at its
top, and reads the parameters of SHARED; the shell draws the tabs, which carry these from page to page.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from evaluator.pages.normalizer_warning import normalizer_warning
from evaluator.score_columns import normalizer_of
from explorer.corpus import Corpus
from explorer.parameters import PLACE, VIEW, Parameters
from explorer.query import Query

SHARED = (*PLACE, *VIEW, "baseline", "system", "by")
"""The parameters that all of them understand: corpus, filter, systems, baseline, and what is resampled whole."""


def compare_head(corpus: Corpus, query: Parameters, *, actions: Sequence[Component] = ()) -> Component:
    """The title, which utterances are compared, a page's ``actions``, and a warning about its normalizer."""
    head = html.Div(
        [
            html.Div([html.H1("Compare"), html.P(_about(corpus, query))]),
            html.Div(list(actions), className="page-actions") if actions else None,
        ],
        className="page-head",
    )
    return html.Div([head, normalizer_warning(corpus, normalizer_of(corpus))])


def _about(corpus: Corpus, query: Parameters) -> str:
    wanted = Query.from_pairs(query.pairs)
    return f"{wanted.sentence(corpus)} of {corpus.name}." if wanted.selects else f"All utterances of {corpus.name}."
