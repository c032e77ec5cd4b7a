"""Systems side by side on the same utterances: rates with intervals, differences from a baseline, how sure they are.

The address says everything: ``baseline=``, ``system=`` (several; none means all), ``by=`` (the column that is resampled
whole) and ``rows=own`` (each system on what it was scored on), beside the filter of the utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparison import Comparison, Standing, compare, own_standings
from evaluator.comparison_report import (
    as_csv,
    as_json,
    as_latex,
    as_markdown,
    caption,
    sentence,
)
from evaluator.comparison_store import Making
from evaluator.pages.compare_controls import blocks_of, compare_controls, systems_of
from evaluator.pages.compare_table import HELP, standings_table
from evaluator.pages.compare_tabs import SHARED, compare_head
from evaluator.score_columns import normalizer_of, scored_systems
from explorer.components.cards import icon, state
from explorer.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.parameters import PLACE, Parameters
from explorer.query import Query

PATH = "/compare"
TITLE = "Compare"
POLL_MS = 1000

TAB = "Leaderboard"
CARRIED = SHARED
OWN = (*SHARED, "rows")
EXPORTS: dict[str, tuple[str, str, Callable[[Comparison], str]]] = {
    "csv": ("CSV", "text/csv", as_csv),
    "md": ("Markdown", "text/markdown", as_markdown),
    "tex": ("LaTeX", "application/x-tex", as_latex),
    "json": ("JSON", "application/json", as_json),
}


def layout(stores: Any, query: Parameters) -> Component:
    """Controls and the standings for what the address asks; how to get systems where there are too few."""
    corpus = stores.corpus(query)
    known = scored_systems(corpus)
    head = compare_head(corpus, query, actions=_downloads(query) if len(known) > 1 else ())
    if len(known) < 2:
        return html.Div([head, _too_few(stores, corpus, query)], className="page")
    body, pending = _body(stores, query)
    return html.Div(
        [
            head,
            compare_controls(PATH, corpus, query.only(OWN), more=[_switch(query)]),
            html.Div(body, id="compare-body"),
            dcc.Interval(id="compare-tick", interval=POLL_MS, disabled=not pending),
        ],
        className="page",
    )


def _too_few(stores: Any, corpus: Corpus, query: Parameters) -> Component:
    scoring = len(corpus.systems) > 1
    title = "Systems are being scored" if scoring else "There is nothing to compare yet"
    text = (
        "Come back in a moment: the overview shows how far it is."
        if scoring
        else "A comparison needs two systems: fields pred_text_NAME of the manifest, joined files, or runs made here."
    )
    runs = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"], href=query.only(PLACE).href("/runs"), className="btn btn-primary"
    )
    return html.Div(state("bi-bar-chart-steps", title, text, actions=[] if scoring else [runs]), className="panel")


def _switch(query: Parameters) -> Component:
    """The switch between the utterances in common and each system's own."""
    own = query.get("rows") == "own"
    return dcc.Link(
        [icon("bi-toggle-on" if own else "bi-toggle-off"), "each system on its own utterances"],
        href=query.only(OWN).replaced(rows=None if own else "own").href(PATH),
        className="chip on" if own else "chip",
        title="Rates over all that each system was scored on; they may be different utterances and are not compared.",
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


def _ask(stores: Any, query: Parameters) -> Comparison | Making:
    corpus = stores.corpus(query)
    wanted = Query.from_pairs(query.pairs)
    key = _key(corpus, query)

    def make(tell: Callable[[int, int], None]) -> Comparison:
        return compare(
            corpus,
            wanted,
            systems=systems_of(query),
            baseline=query.get("baseline", ""),
            blocks=blocks_of(query),
            progress=tell,
        )

    found: Comparison | Making = stores.standings.get(key, make)
    return found


def _key(corpus: Corpus, query: Parameters) -> tuple[Any, ...]:
    return (corpus.key, query.only(OWN).without(("corpus", "rows")).pairs)


def _body(stores: Any, query: Parameters) -> tuple[Component, bool]:
    """The standings, or how far they are; and whether to ask again."""
    found = _ask(stores, query)
    if isinstance(found, Making):
        share = found.done / found.total if found.total else 0.0
        bar = html.Div(html.Div(className="progress-bar", style={"width": f"{share:.0%}"}), className="progress")
        text = f"Comparing: {found.done} of {found.total or '?'} systems"
        cancel = html.Button("Cancel", id="compare-cancel", type="button", className="btn btn-secondary", n_clicks=0)
        waiting = html.Div([html.Span(text), bar, cancel], className="rates-wait", role="status")
        return html.Div(waiting, className="panel"), True
    if query.get("rows") == "own":
        corpus = stores.corpus(query)
        names = [row.system for row in found.standings]
        rows = own_standings(corpus, Query.from_pairs(query.pairs), names, blocks=blocks_of(query))
        return _own_panel(rows, corpus), False
    if not found.common:
        lacking = ", ".join(f"{name} lacks {count(number)}" for name, number in found.lacking.items() if number)
        text = f"Of {count(found.selected)} utterances none was scored for every system ({lacking}). Leave some out."
        return html.Div(state("bi-intersect", "No utterance in common", text), className="panel"), False
    return _panel(found), False


def _panel(found: Comparison) -> Component:
    told = [html.Li(sentence(row, found)) for row in found.standings if row.system != found.baseline]
    left_out = {name: number for name, number in found.lacking.items() if number}
    note = (
        f" Left out because a system was not scored on them: "
        f"{', '.join(f'{count(number)} ({name})' for name, number in left_out.items())}."
        if left_out
        else ""
    )
    return html.Div(
        [
            standings_table(found.standings, list(HELP), found.baseline),
            html.Ul(told, className="compare-told"),
            html.P(caption(found) + note, className="rates-key"),
        ],
        className="panel",
        id="compare-standings",
    )


def _own_panel(rows: Sequence[Standing], corpus: Corpus) -> Component:
    chosen = normalizer_of(corpus)
    used = f"Normalizer {chosen.name} version {chosen.version}. " if chosen else ""
    bases = ", ".join(f"{row.system}: {count(row.utterances)} utterances" for row in rows)
    text = f"{used}Each system on all it was scored on ({bases}): these rates are not compared with each other."
    return html.Div(
        [standings_table(rows, list(HELP)[:7], ""), html.P(text, className="rates-key")],
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
        stores.standings.cancel(_key(stores.corpus(query), query))
        again = dcc.Link("Compare after all", href=query.href(PATH), className="btn btn-primary", refresh=True)
        return html.Div(
            state("bi-x-circle", "Cancelled", "Nothing was compared.", actions=[again]), className="panel"
        ), True

    @app.server.get("/export/compare.<any(csv,md,tex,json):ending>", endpoint="export_compare")
    def download(ending: str) -> Response:
        query = Parameters(tuple(request.args.items(multi=True)))
        try:
            found = _ask(stores, query)
            while isinstance(found, Making):
                found = _ask(stores, query)
        except SpeechDataError as error:
            return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
        _, media_type, write = EXPORTS[ending]
        answer = Response(write(found), mimetype=media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="comparison.{ending}"'
        return answer
