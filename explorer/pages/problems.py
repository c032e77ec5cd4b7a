"""Every line that was not loaded or does not hold what it promises: source, line, field and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer.components.cards import icon, problem_kinds, state
from explorer.components.grid import whole
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, counted
from explorer.querying.parameters import PLACE, Parameters
from explorer.records import SOUND_PROBLEMS, Problem
from explorer.stores import Stores

PATH = "/problems"
TITLE = "Problems"


def layout(stores: Stores, query: Parameters) -> Component:
    """The list of problems, how many of each field, and its export; or the good news that there are none."""
    corpus = stores.corpus(query)
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1("Problems"), html.P(_sentence(corpus))]),
                    html.Div(_exports(query) if corpus.problem_count else None, className="page-actions"),
                ],
                className="page-head",
            ),
            dcc.Store(id="problems-shown", data=_mark(corpus)),
            html.Div(_body(corpus), id="problems-body"),
        ],
        className="page",
    )


def _mark(corpus: Corpus) -> list[Any]:
    return [corpus.key, corpus.problem_count, corpus.complete]


def _sentence(corpus: Corpus) -> str:
    sources = len(corpus.sources)
    files = "one file" if sources == 1 else f"{sources} files"
    loading = "" if corpus.complete else " so far; loading goes on"
    return (
        f"{counted(corpus.problem_count, 'problem')} in {files}, beside {counted(corpus.size, 'utterance')}{loading}. "
        f"{_costs(corpus)}"
    )


def _costs(corpus: Corpus) -> str:
    silent = sum(corpus.problem_kinds.get(kind, 0) for kind in SOUND_PROBLEMS)
    stays = "A row whose sound is missing or unreadable stays, without a duration."
    left_out = "A faulty line is left out; the rest of the corpus is loaded."
    return stays if silent and silent == corpus.problem_count else f"{left_out} {stays}" if silent else left_out


def _exports(query: Parameters) -> list[Component]:
    place = query.only(PLACE)
    return [
        html.A(
            [icon("bi-download"), label],
            href=place.href(f"/export/problems.{kind}"),
            className="btn btn-secondary",
            download=f"problems.{kind}",
        )
        for kind, label in (("csv", "CSV"), ("json", "JSON"))
    ]


def _body(corpus: Corpus) -> Component:
    if not corpus.problem_count and corpus.complete:
        return html.Div(
            state(
                "bi-check2-circle",
                "No problems",
                f"Every line of {corpus.name} was loaded, and every field is what it should be.",
                tone="ok",
            ),
            className="panel",
        )
    listed = len(corpus.problems)
    more = (
        html.P(
            f"The first {count(listed)} of {count(corpus.problem_count)} are listed and exported.",
            className="muted",
        )
        if listed < corpus.problem_count
        else None
    )
    return html.Div([problem_kinds(corpus), more, _table(corpus.problems)])


def _table(problems: Sequence[Problem]) -> Component:
    columns: list[Mapping[str, Any]] = [
        {
            "field": "line",
            "headerName": "Line",
            "width": 70,
            "filter": "agNumberColumnFilter",
            "cellClass": "cell-number",
        },
        {"field": "field", "headerName": "Field", "width": 112, "wrapText": True},
        # What is wrong wraps and comes before the source, so that a telephone shows it.
        {
            "field": "message",
            "headerName": "What is wrong",
            "flex": 1,
            "minWidth": 160,
            "wrapText": True,
            "autoHeight": True,
        },
        {"field": "source", "headerName": "Source", "width": 180, "tooltipField": "source"},
    ]
    rows = [
        {"source": p.source, "line": p.line, "field": p.field or "", "message": p.message, "key": number}
        for number, p in enumerate(problems)
    ]
    return whole("problems-grid", columns, rows, kind="alone", row_height=34, height=None)


def register(app: Dash, stores: Stores) -> None:
    """Show new problems as loading finds them."""

    @app.callback(
        Output("problems-body", "children"),
        Output("problems-shown", "data"),
        Input("revision", "data"),
        State("problems-shown", "data"),
        State("url", "search"),
    )
    def refresh(_revision: str | None, shown: list[Any] | None, search: str | None) -> tuple[Any, Any]:
        corpus = stores.corpus(Parameters.of(search))
        if shown == _mark(corpus):
            return no_update, no_update
        return _body(corpus), _mark(corpus)
