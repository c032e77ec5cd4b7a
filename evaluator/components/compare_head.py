"""The head of the pages that look at the same systems on the same utterances: tabs of one entry of the menu.

A page joins the family with ``UNDER = "/compare"`` (and ``TAB`` where its title is long), puts ``compare_head`` at its
top, and reads the parameters of SHARED; the shell draws the tabs, which carry these from page to page.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.components.address_check import check_names, ignored
from evaluator.components.normalizer_warning import normalizer_warning
from evaluator.scoring.score_columns import normalizer_of
from explorer.components.cards import icon, state
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

SHARED = (*PLACE, *VIEW, "baseline", "system", "by")
"""The parameters that all of them understand: corpus, filter, systems, baseline, and what is resampled whole."""


def compare_head(corpus: Corpus, query: Parameters, *, actions: Sequence[Component] = ()) -> Component:
    """The title, which utterances are compared, a page's ``actions``, and warnings about its normalizer and address.

    Raises:
        AddressError: the address names a system or column that is not there.
    """
    check_names(corpus, query)
    head = html.Div(
        [
            html.Div([html.H1("Compare"), html.P(_about(corpus, query))]),
            html.Div(list(actions), className="page-actions") if actions else None,
        ],
        className="page-head",
    )
    return html.Div([head, ignored(query), normalizer_warning(corpus, normalizer_of(corpus))])


def _about(corpus: Corpus, query: Parameters) -> str:
    wanted = Query.from_pairs(query.pairs)
    return f"{wanted.sentence(corpus)} of {corpus.name}." if wanted.selects else f"All utterances of {corpus.name}."


def nothing_to_compare(corpus: Corpus, query: Parameters) -> Component:
    """What to do where no system is scored, as a panel."""
    if corpus.systems:
        text = "Come back in a moment: the overview shows how far it is."
        return html.Div(state("bi-bar-chart-steps", "Systems are being scored", text), className="panel")
    place = query.only(PLACE)
    actions = [
        dcc.Link([icon("bi-mic"), "Run a recognizer"], href=place.href("/runs"), className="btn btn-primary"),
        dcc.Link(
            [icon("bi-diagram-2"), "Add predictions"], href=place.href("/predictions"), className="btn btn-secondary"
        ),
    ]
    text = "Systems come from fields pred_text_NAME of the manifest, from joined files, or from runs made here."
    return html.Div(
        state("bi-bar-chart-steps", "There is nothing to compare yet", text, actions=actions), className="panel"
    )
