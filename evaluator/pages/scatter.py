"""Every utterance under one system against another: how many have so many errors here and so many there.

The browser gets cells with counts, never utterances. A click on a bubble opens its utterances; a box or a lasso says
how many are inside and leads to them. ``of=wer`` draws rates instead of numbers of errors, ``drag=lasso`` is a lasso.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing.scatter import Density, Of, cells_query, density
from evaluator.comparison_store import Making, Tell
from evaluator.components import waiting
from evaluator.components.compare_head import compare_head
from evaluator.components.downloads import attachment, ready
from evaluator.components.pair_controls import (
    SHARED,
    both_of,
    named_edits,
    not_scored,
    pages_key,
    pair_controls,
    scoring,
)
from evaluator.components.scatter_parts import figure, outcomes, table
from evaluator.components.standings import compared
from evaluator.scoring.score_columns import normalizer_of
from explorer import figures, scatter_figures, spreadsheet
from explorer.components.cards import attributes, csv_link, help_mark, icon, refusal
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

PATH = "/scatter"
TITLE = "Utterances A against B"
TAB = "Scatter"
UNDER = "/compare"
KEPT = (*SHARED, "of", "drag")

HELP = (
    "A bubble stands for the utterances that have so many errors under one system and so many under the other; the "
    "bigger, the more. Below the dotted line (blue) the second system is better, above it (orange) the first. Click a "
    "bubble for its utterances, or drag over several."
)


def layout(stores: Any, query: Parameters) -> Component:
    """The figure with its table, or how far the counting is."""
    corpus = stores.corpus(query)
    head = compare_head(corpus, query)
    if (missing := not_scored(stores, query, "scatter", needs=2)) is not None:
        return html.Div([head, missing], className="page")
    controls = pair_controls(corpus, query, alone=False, more=_switches(query))
    found = find(stores, query)
    if isinstance(found, Making):
        return html.Div([head, controls, waiting.waiting("scatter", found)], className="page")
    actions = [_download(query)]
    return html.Div(
        [compare_head(corpus, query, actions=actions), controls, _panel(corpus, found, query)], className="page"
    )


def find(stores: Any, query: Parameters) -> Density | Making:
    """The cells of the address, or how far they are."""
    if (making := scoring(stores, query, needs=2)) is not None:
        return making
    scored = compared(stores, query)
    first, second = both_of(scored, query)
    wanted = Query.from_pairs(query.only(VIEW).pairs)

    def make(tell: Tell) -> Density:
        laid = stores.edits.with_edits(scored, named_edits(scored, query), tell)
        return density(laid, wanted, first, second, _of(query))

    found: Density | Making = stores.findings.get(_key(stores, query), make)
    return found


def _key(stores: Any, query: Parameters) -> tuple[Any, ...]:
    return ("scatter", *pages_key(compared(stores, query), query, "baseline", "other", "system", "of"))


def _cancel(stores: Any, query: Parameters) -> None:
    stores.findings.cancel(_key(stores, query))


def _of(query: Parameters) -> Of:
    return "wer" if query.get("of") == "wer" else "errors"


def _switches(query: Parameters) -> list[Component]:
    rates, lasso = _of(query) == "wer", query.get("drag") == "lasso"
    return [
        _switch("rates instead of errors", rates, query.replaced(of=None if rates else "wer"), "Errors, or WER"),
        _switch("lasso instead of box", lasso, query.replaced(drag=None if lasso else "lasso"), "How to select"),
    ]


def _switch(label: str, on: bool, target: Parameters, title: str) -> Component:
    inside: list[Component | str] = [icon("bi-toggle-on" if on else "bi-toggle-off"), label]
    return dcc.Link(inside, href=target.only(KEPT).href(PATH), className="chip on" if on else "chip", title=title)


def _panel(corpus: Corpus, found: Density, query: Parameters) -> Component:
    title = "WER of utterances" if found.of == "wer" else "Errors per utterance"
    first, second = found.systems
    drawn = figure(found, lasso=query.get("drag") == "lasso")
    graph = dcc.Graph(
        id="scatter-graph",
        figure=drawn,
        config=figures.CONFIG,
        style={"height": f"{scatter_figures.HEIGHT}px"},
    )
    return html.Div(
        [
            html.Div([html.H3(f"{title}: {first} against {second}"), help_mark(HELP)], className="figure-head"),
            html.P(_about(corpus, found), className="rates-key scatter-about"),
            html.Div(outcomes(corpus, found, query), className="chips scatter-outcomes"),
            graph if len(found.counts) else html.P("There is nothing to draw.", className="muted"),
            html.Div(id="scatter-selected", role="status", **attributes(aria_live="polite")),
            dcc.Store(id="scatter-goto"),
            table(corpus, found, query),
        ],
        className="figure scatter-panel",
    )


def _about(corpus: Corpus, found: Density) -> str:
    chosen = normalizer_of(corpus)
    undefined = f" {count(found.undefined)} have an empty reference, and so no rate." if found.undefined else ""
    under = f" Normalizer {chosen.printed}." if chosen else ""
    return f"{count(found.utterances)} utterances that both systems were scored on.{undefined}{under}"


def _download(query: Parameters) -> Component:
    return csv_link(
        query.only(KEPT).href("/export/scatter.csv"),
        "scatter.csv",
        "Every cell: where its intervals begin, and its utterances; rates as fractions",
    )


def register(app: Dash, stores: Any) -> None:
    """Attach the clicks, the selection, the waiting, and the download."""
    waiting.register(app, "scatter", stores, find, _cancel)
    app.clientside_callback(
        ClientsideFunction("earmark", "followAddress"),
        Output("scatter-goto", "id"),
        Input("scatter-goto", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("scatter-goto", "data"),
        Input("scatter-graph", "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_cell(clicked: Mapping[str, Any] | None, search: str | None) -> Any:
        chosen = _chosen(clicked)
        return _selected(stores, Parameters.of(search), chosen)[1] if chosen else no_update

    @app.callback(
        Output("scatter-selected", "children"),
        Input("scatter-graph", "selectedData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def select(selected: Mapping[str, Any] | None, search: str | None) -> Any:
        chosen = _chosen(selected)
        if not chosen:
            return None
        try:
            number, href = _selected(stores, Parameters.of(search), chosen)
        except SpeechDataError as error:
            return refusal(error)
        link = dcc.Link(f"See and hear these {count(number)} utterances", href=href, className="btn btn-primary")
        return html.Div([html.Span([html.B(count(number)), " utterances selected"]), link], className="scatter-bar")

    @app.server.get("/export/scatter.csv", endpoint="export_scatter")
    def download() -> Response:
        return attachment("scatter.csv", "text/csv", lambda query: _written(ready(find(stores, query))))


def _written(found: Density) -> Iterable[bytes]:
    """A line for every cell."""
    names = [*(f"{found.of}_{system}_from" for system in found.systems), "utterances"]
    cells = zip(found.x.tolist(), found.y.tolist(), found.counts.tolist(), strict=True)
    edges = found.edges if found.of == "wer" else [int(edge) for edge in found.edges]
    return spreadsheet.lines(names, ([edges[x], edges[y], number] for x, y, number in cells))


def _chosen(event: Mapping[str, Any] | None) -> list[tuple[int, int]]:
    """The cells of a click or a selection."""
    points: Sequence[Mapping[str, Any]] = (event or {}).get("points") or ()
    return [(int(point["customdata"][0]), int(point["customdata"][1])) for point in points if "customdata" in point]


def _selected(stores: Any, parameters: Parameters, cells: Sequence[tuple[int, int]]) -> tuple[int, str]:
    """How many utterances cells have, and where they are shown; a single one is opened."""
    found = find(stores, parameters)
    if isinstance(found, Making):
        return 0, parameters.href(PATH)
    corpus = stores.corpus(parameters)
    query = cells_query(found, cells)
    number = corpus.extent(query).utterances
    place = parameters.only(PLACE).replaced(corpus=corpus.name).plus(query.pairs())
    if number == 1:
        place = place.replaced(u=corpus.page(query, 0, 1, ())[0]["id"])
    return number, place.href("/utterances")
