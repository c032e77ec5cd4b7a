"""Raw against normalized: the error rate of every system before and after the normalizer, and what each rule did.

The address says which normalizer (``normalizer=``) and whose rules are drawn (``of=``, a system). Everything is exact
on the whole corpus, whatever filter the address carries; it is measured in the background and kept.
"""

from __future__ import annotations

from typing import Any

import orjson
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparing.comparison_store import CancelledComparison, Making
from evaluator.components.normalizer_parts import shown
from evaluator.components.normalizer_warning import PATH, normalizer_warning
from evaluator.normalizers.contribution_report import NAMES, records
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from explorer import spreadsheet
from explorer.components.cards import button, help_mark, icon, progress_bar, state
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.querying.parameters import PLACE, Parameters

__all__ = ["PATH", "TITLE", "layout", "register"]

TITLE = "Normalizers"
UNDER = "/compare"
CARRIED = ("of",)
POLL_MS = 700
EXPORT = "/export/normalizers.csv"


def layout(stores: Any, query: Parameters) -> Component:
    """Head, warning, and what was measured, or how far that is."""
    corpus = stores.scored(query)
    chosen = stores.chosen_normalizer(query)
    body, pending = _body(stores, query)
    about = f"What the normalizer {chosen.title} (version {chosen.version}) does to the rates of {corpus.name}. "
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
            html.Div(body, id="normalizers-body"),
            dcc.Interval(id="normalizers-tick", interval=POLL_MS, disabled=not pending),
        ],
        className="page normalizers",
    )


def _download(query: Parameters) -> list[Component]:
    place = query.only(PLACE)
    return [
        html.A(
            [icon("bi-download"), "CSV"],
            href=place.href(EXPORT),
            className="btn btn-secondary",
            download="normalizers.csv",
        )
    ]


def _body(stores: Any, query: Parameters) -> tuple[list[Component | None], bool]:
    """What is to be seen, and whether to look again."""
    corpus = stores.scored(query)
    chosen = stores.chosen_normalizer(query)
    if not corpus.systems:
        return [_nothing(query)], False
    if not scored_systems(corpus) or normalizer_of(corpus) is None:
        text = "The systems are being scored first. This page goes on by itself."
        return [_surface(state("bi-hourglass-split", "One moment", text, actions=[_cancel(shown=False)]))], True
    try:
        found = stores.contributions.get(corpus)
    except CancelledComparison:
        return [_cancelled(query)], False
    except SpeechDataError as error:
        again = dcc.Link("Try again", href=query.href(PATH), className="btn btn-primary", refresh=True)
        return [
            _surface(state("bi-exclamation-triangle", "Not measured", str(error), actions=[again], tone="bad"))
        ], False
    if isinstance(found, Making):
        return [_waiting(found)], True
    return shown(corpus, chosen, found, query), False


def _surface(*parts: Component | None) -> Component:
    return html.Div(list(parts), className="panel")


def _nothing(query: Parameters) -> Component:
    link = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"], href=query.only(PLACE).href("/runs"), className="btn btn-primary"
    )
    text = "There are no hypotheses, so no rates that a normalizer could change."
    return _surface(state("bi-bullseye", "Nothing to score yet", text, actions=[link]))


def _cancel(*, shown: bool) -> Component:
    made = button("bi-x-lg", "Cancel", id="normalizers-cancel")
    return html.Div(made, style={} if shown else {"display": "none"})


def _waiting(making: Making) -> Component:
    share = 100 * making.done / making.total if making.total else None
    text = f"{count(making.done)} of {count(making.total)} utterances, rule by rule. This page goes on by itself."
    bar = progress_bar("Measuring the rules", share)
    return _surface(state("bi-hourglass-split", "Measuring the rules", text, actions=[bar, _cancel(shown=True)]))


def _cancelled(query: Parameters) -> Component:
    again = dcc.Link("Measure after all", href=query.href(PATH), className="btn btn-primary", refresh=True)
    return _surface(state("bi-pause-circle", "Cancelled", "The rules were not measured.", actions=[again]))


def register(app: Dash, stores: Any) -> None:
    """Look again until the rules are measured; cancel that; and the download."""

    @app.callback(
        Output("normalizers-body", "children"),
        Output("normalizers-tick", "disabled"),
        Input("normalizers-tick", "n_intervals"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_ticks: int | None, search: str | None) -> tuple[Any, Any]:
        body, pending = _body(stores, Parameters.of(search))
        return body, not pending

    @app.callback(
        Output("normalizers-body", "children", allow_duplicate=True),
        Output("normalizers-tick", "disabled", allow_duplicate=True),
        Input("normalizers-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        query = Parameters.of(search)
        stores.contributions.cancel(stores.scored(query))
        return [_cancelled(query)], True

    @app.server.get(EXPORT, endpoint="export_normalizers")
    def download() -> Response:
        query = Parameters(tuple(request.args.items(multi=True)))
        try:
            corpus = stores.scored(query)
            found = stores.contributions.get(corpus)
            while isinstance(found, Making):
                found = stores.contributions.get(corpus)
        except SpeechDataError as error:
            return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
        chosen = stores.chosen_normalizer(query)
        answer = Response(spreadsheet.lines(NAMES, records(chosen, found)), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="normalizers.csv"'
        return answer
