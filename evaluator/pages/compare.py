"""Systems side by side on the same utterances: rates with intervals, differences from a baseline, how sure they are.

The address says everything: ``baseline=``, ``system=`` (several; none means all), ``by=`` (the column that is resampled
whole), ``rows=own`` (each system on what it was scored on), ``order=`` (the column that sorts) and
``columns=all``, beside the filter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparing.comparison import Comparison, Standing, own_standings
from evaluator.comparing.comparison_columns import in_order
from evaluator.comparing.comparison_report import as_csv, as_json, as_latex, as_markdown, caption, sentence
from evaluator.comparing.comparison_store import Making
from evaluator.components import standings
from evaluator.components.compare_controls import blocks_of, compare_controls, systems_of
from evaluator.components.compare_head import SHARED, compare_head, nothing_to_compare, waiting
from evaluator.components.compare_table import COLUMNS, ORDER, standings_table
from evaluator.components.flag_section import flag_section
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from explorer.components.cards import icon, state
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import count, counted
from explorer.querying.parameters import VIEW, Parameters
from explorer.querying.query import Query

PATH = "/compare"
TITLE = "Compare"
POLL_MS = 1000

TAB = "Leaderboard"
CARRIED = SHARED
OWN = (*SHARED, "rows", ORDER, COLUMNS)
EXPORTS: dict[str, tuple[str, str, Callable[[Comparison], str]]] = {
    "csv": ("CSV", "text/csv", as_csv),
    "md": ("Markdown", "text/markdown", as_markdown),
    "tex": ("LaTeX", "application/x-tex", as_latex),
    "json": ("JSON", "application/json", as_json),
}


def layout(stores: Any, query: Parameters) -> Component:
    """Controls and the standings for what the address asks; how to get systems where there are none."""
    corpus = stores.corpus(query)
    head = compare_head(corpus, query)
    if not scored_systems(corpus):
        return html.Div([head, nothing_to_compare(corpus, query)], className="page")
    body, pending = _body(stores, query)
    return html.Div(
        [
            head,
            compare_controls(PATH, corpus, query.only(OWN), more=[_switch(query), _columns(query)]),
            html.Div(body, id="compare-body"),
            dcc.Interval(id="compare-tick", interval=POLL_MS, disabled=not pending),
        ],
        className="page",
    )


def _switch(query: Parameters) -> Component:
    """The switch between the utterances in common and each system's own."""
    own = query.get("rows") == "own"
    return dcc.Link(
        [icon("bi-toggle-on" if own else "bi-toggle-off"), "each system on its own utterances"],
        href=query.only(OWN).replaced(rows=None if own else "own").href(PATH),
        className="chip on" if own else "chip",
        title="Rates over all that each system was scored on; they may be different utterances and are not compared.",
    )


def _columns(query: Parameters) -> Component:
    """The switch between the columns that fit on a laptop and all of them."""
    every = query.get(COLUMNS) == "all"
    return dcc.Link(
        [icon("bi-toggle-on" if every else "bi-toggle-off"), "more columns"],
        href=query.only(OWN).replaced(**{COLUMNS: None if every else "all"}).href(PATH),
        className="chip on" if every else "chip",
        title="WMR, MWA, punctuation and capitals, words, and the probability of improvement; downloads have them all.",
    )


def _ask_own(stores: Any, query: Parameters) -> tuple[Standing, ...] | Making:
    corpus = stores.corpus(query)

    def make(tell: Callable[[int, int], None]) -> tuple[Standing, ...]:
        names = systems_of(query) or scored_systems(corpus)
        asked = Query.from_pairs(query.pairs)
        return own_standings(corpus, asked, names, blocks=blocks_of(query), means=stores.means(corpus), progress=tell)

    found: tuple[Standing, ...] | Making = stores.standings.get(("own", *standings.key(stores, query)), make)
    return found


def _body(stores: Any, query: Parameters) -> tuple[Component, bool]:
    """The standings, or how far they are; and whether to ask again."""
    corpus = stores.corpus(query)
    if query.get("rows") == "own":
        rows = _ask_own(stores, query)
        return (
            (waiting("compare-cancel", rows), True) if isinstance(rows, Making) else (_own(rows, corpus, query), False)
        )
    found = standings.ask(stores, query)
    if isinstance(found, Making):
        return waiting("compare-cancel", found), True
    if not found.selected:
        whole = dcc.Link("Show all rows", href=query.without(VIEW).href(PATH), className="btn btn-primary")
        told = state("bi-funnel", "Nothing to compare", "The filter matches no utterance.", actions=[whole])
        return html.Div(told, className="panel"), False
    if not found.common:
        lacking = ", ".join(f"{name} lacks {count(number)}" for name, number in found.lacking.items() if number)
        because = f" ({lacking}). Leave some out." if lacking else "."
        text = f"Of {counted(found.selected, 'utterance')} none was scored for every system{because}"
        return html.Div(state("bi-intersect", "No utterance in common", text), className="panel"), False
    flags = flag_section(corpus, query, [row.system for row in found.standings])
    return html.Div([_panel(found, query), flags]), False


def _panel(found: Comparison, query: Parameters) -> Component:
    told = [html.Li(sentence(row, found)) for row in found.standings if row.system != found.baseline]
    left_out = [f"{count(number)} ({name})" for name, number in found.lacking.items() if number]
    note = f" Left out because a system was not scored on them: {', '.join(left_out)}." if left_out else ""
    return html.Div(
        [
            standings_table(PATH, found.standings, query.only(OWN), found),
            html.Ul(told, className="compare-told") if told else None,
            html.P(caption(found) + note, className="rates-key"),
            html.Div(
                [html.Span("Download", className="control-label"), *_downloads(query)], className="compare-downloads"
            ),
        ],
        className="panel",
        id="compare-standings",
    )


def _downloads(query: Parameters) -> list[Component]:
    place = query.only(OWN)
    return [
        html.A(
            [icon("bi-download"), label],
            href=place.href(f"/export/compare.{ending}"),
            className="btn btn-secondary",
            download=f"comparison.{ending}",
        )
        for ending, (label, _, _) in EXPORTS.items()
    ]


def _own(rows: Sequence[Standing], corpus: Corpus, query: Parameters) -> Component:
    chosen = normalizer_of(corpus)
    used = f"Normalizer {chosen.name} version {chosen.version}. " if chosen else ""
    bases = ", ".join(f"{row.system}: {counted(row.utterances, 'utterance')}" for row in rows)
    text = f"{used}Each system on all it was scored on ({bases}): these rates are not compared with each other."
    return html.Div(
        [standings_table(PATH, rows, query.only(OWN), None), html.P(text, className="rates-key")],
        className="panel",
        id="compare-standings",
    )


def register(app: Dash, stores: Any) -> None:
    """Ask again until a comparison is made; cancel it; and the downloads."""

    @app.callback(
        Output("compare-body", "children"),
        Output("compare-tick", "disabled"),
        Input("compare-tick", "n_intervals"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_ticks: int | None, search: str | None) -> tuple[Any, Any]:
        body, pending = _body(stores, Parameters.of(search))
        return body, not pending

    @app.callback(
        Output("compare-body", "children", allow_duplicate=True),
        Output("compare-tick", "disabled", allow_duplicate=True),
        Input("compare-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        query = Parameters.of(search)
        own = ("own",) if query.get("rows") == "own" else ()
        stores.standings.cancel((*own, *standings.key(stores, query)))
        again = dcc.Link("Compare after all", href=query.href(PATH), className="btn btn-primary", refresh=True)
        return html.Div(
            state("bi-x-circle", "Cancelled", "Nothing was compared.", actions=[again]), className="panel"
        ), True

    @app.server.get("/export/compare.<any(csv,md,tex,json):ending>", endpoint="export_compare")
    def download(ending: str) -> Response:
        query = Parameters(tuple(request.args.items(multi=True)))
        try:
            found = standings.ask(stores, query)
            if isinstance(found, Making):  # no thread of the server waits for it
                told = {"error": "The comparison is still being made; ask again in a moment."}
                return Response(orjson.dumps(told), 503, {"Retry-After": "2"}, mimetype="application/json")
            found = in_order(found, query.get(ORDER, ""))
        except SpeechDataError as error:
            return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
        _, media_type, write = EXPORTS[ending]
        answer = Response(write(found), mimetype=media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="comparison.{ending}"'
        return answer
