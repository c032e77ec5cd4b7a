"""Raw against normalized: the error rate of every system before and after the normalizer, and what each rule did.

The address says which normalizer (``normalizer=``), whose rules are drawn (``of=``, a system) and which utterances
(``f=``, ``search=``, ``where=``). Everything is exact on these; it is measured in the background and kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import Dash, dcc, html
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing.contribution_report import NAMES, records
from evaluator.comparing.contributions import Contributions
from evaluator.comparison_store import Making, Tell
from evaluator.components import waiting
from evaluator.components.downloads import attachment, ready
from evaluator.components.normalizer_parts import shown
from evaluator.components.normalizer_warning import PATH, normalizer_warning
from evaluator.components.pair_controls import named_edits, scoring
from evaluator.components.standings import compared
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from explorer import spreadsheet
from explorer.components.cards import csv_link, help_mark, icon, state
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

__all__ = ["PATH", "TITLE", "layout", "register"]

TITLE = "Normalizers"
UNDER = "/compare"
CARRIED = ("of",)
EXPORT = "/export/normalizers.csv"


def layout(stores: Any, query: Parameters) -> Component:
    """Head, warning, and what was measured, or how far that is."""
    corpus = stores.scored(query)
    chosen = stores.chosen_normalizer(query)
    wanted = _wanted(query)
    rows = f"{wanted.sentence(stores.corpus(query))} of {corpus.name}" if wanted.selects else corpus.name
    about = f"What the normalizer {chosen.title} (version {chosen.version}) does to the rates of {rows}. "
    head = html.Div(
        [
            html.Div([html.H1(TITLE), html.P([about, help_mark(chosen.help)])]),
            html.Div(_download(query), className="page-actions"),
        ],
        className="page-head",
    )
    return html.Div(
        [
            head,
            normalizer_warning(corpus, chosen, link=False),
            html.Div(_body(stores, query), id="normalizers-body"),
        ],
        className="page normalizers",
    )


def _download(query: Parameters) -> list[Component]:
    return [csv_link(query.only((*PLACE, *VIEW)).href(EXPORT), "normalizers.csv")]


def find(stores: Any, query: Parameters) -> tuple[Contributions, ...] | Making:
    """What the rules did for every system of the address, or how far the measuring is; nothing without systems.

    Raises:
        SpeechDataError: it could not be measured.
    """
    corpus = stores.scored(query)
    if not corpus.systems:
        return ()
    if not scored_systems(corpus) or normalizer_of(corpus) is None:
        return scoring(stores, query, needs=1) or Making(0, 0)
    wanted = _wanted(query)
    if not wanted.selects:
        found: tuple[Contributions, ...] | Making = stores.contributions.get(corpus)
        return found
    laid = compared(stores, query)

    def lay(tell: Tell) -> Corpus:
        made: Corpus = stores.edits.with_edits(laid, named_edits(laid, query), tell)
        return made

    within: tuple[Contributions, ...] | Making = stores.contributions.get(laid, wanted, lay=lay)
    return within


def _wanted(query: Parameters) -> Query:
    """The rows of the address."""
    return Query.from_pairs(query.only(VIEW).pairs)


def _body(stores: Any, query: Parameters) -> list[Component | None]:
    """What is to be seen: the rates, how far they are, or why there are none."""
    try:
        found = find(stores, query)
    except SpeechDataError as error:
        again = dcc.Link("Try again", href=query.href(PATH), className="btn btn-primary", refresh=True)
        return [_surface(state("bi-exclamation-triangle", "Not measured", str(error), actions=[again], tone="bad"))]
    if isinstance(found, Making):
        return [waiting.waiting("normalizers", found)]
    if not found:
        return [_nothing(query)]
    return shown(stores.scored(query), stores.chosen_normalizer(query), found, query)


def _surface(*parts: Component | None) -> Component:
    return html.Div(list(parts), className="panel")


def _nothing(query: Parameters) -> Component:
    link = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"], href=query.only(PLACE).href("/runs"), className="btn btn-primary"
    )
    text = "There are no hypotheses, so no rates that a normalizer could change."
    return _surface(state("bi-bullseye", "Nothing to score yet", text, actions=[link]))


def _cancel(stores: Any, query: Parameters) -> None:
    wanted = _wanted(query)
    stores.contributions.cancel(*((compared(stores, query), wanted) if wanted.selects else (stores.scored(query),)))


def register(app: Dash, stores: Any) -> None:
    """Waiting for the measuring, and the download."""
    waiting.register(app, "normalizers", stores, find, _cancel)

    @app.server.get(EXPORT, endpoint="export_normalizers")
    def download() -> Response:
        def written(query: Parameters) -> Iterable[bytes]:
            return spreadsheet.lines(NAMES, records(stores.chosen_normalizer(query), ready(find(stores, query))))

        return attachment("normalizers.csv", "text/csv", written)
