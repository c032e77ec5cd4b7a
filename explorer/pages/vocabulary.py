"""The vocabulary: words with counts, accuracies and OOV, words only in hypotheses, characters; each leads to its rows.

The grid works as that of the utterances: it asks for a hundred rows at a time and says how it is filtered and sorted;
the answer sets ``vocabulary-view``, from which the address and the export follow. What a tab shows is decided in
explorer/vocabulary_views.py. Big corpora are counted first; the page says how far that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer import vocabulary_views
from explorer.components import listing_grid, vocabulary_parts
from explorer.components.cards import attributes, icon
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.parameters import PLACE, Parameters
from explorer.query import Query
from explorer.stores import Stores
from explorer.vocabulary_store import Counting
from explorer.vocabulary_views import LINKED, PATH, Place

__all__ = ["PATH", "TITLE", "layout", "register"]

TITLE = "Vocabulary"

EXPORT = "/export/vocabulary.csv"
TICK_MS = 700
NOTHING = {
    "words": "No word passes this filter",
    "hypotheses": "No such word: systems say nothing here that no reference has",
    "characters": "No character passes this filter",
}
SEARCH = {"words": "Find a word", "hypotheses": "Find a word", "characters": "Find a character by itself, code or name"}


def layout(stores: Stores, query: Parameters) -> Component:
    """The tab that the address names, or how far its counting is."""
    here = vocabulary_views.place(stores, query)
    waiting = vocabulary_views.waiting_for(stores, here)
    body = [_waiting(waiting)] if waiting is not None else _body(stores, here)
    mark = [] if waiting is not None else vocabulary_views.mark(stores, here)
    return html.Div(
        [
            vocabulary_parts.head(stores, here),
            dcc.Store(id="vocabulary-mark", data=mark),
            vocabulary_parts.tabs(here),
            *body,
        ],
        className="page",
    )


def _waiting(counting: Counting) -> Component:
    return html.Div(
        [
            dcc.Interval(id="vocabulary-tick", interval=TICK_MS),
            html.Div(vocabulary_parts.progress(counting), id="vocabulary-progress"),
        ],
        className="panel",
    )


def _body(stores: Stores, here: Place) -> list[Component]:
    shown = vocabulary_views.listing(stores, here)
    view = Query.from_pairs(here.parameters.pairs)
    shown.rows(view)  # a filter that does not fit is an error of the page, not of its table
    kept = listing_grid.table.project(view, shown.columns).kept
    drawn = {
        "words": vocabulary_parts.words,
        "characters": vocabulary_parts.characters,
        "hypotheses": vocabulary_parts.hypotheses,
    }[here.tab](stores, here, shown)
    toolbar = html.Div(
        [
            listing_grid.searchbox("vocabulary-search", view.search, SEARCH[here.tab]),
            html.Button(
                [icon("bi-x-circle"), "Clear filters"],
                id="vocabulary-clear",
                type="button",
                className="btn btn-secondary",
            ),
            html.Div(id="vocabulary-extent", className="extent", role="status"),
        ],
        className="toolbar",
        role="toolbar",
        **attributes(aria_label="Table tools"),
    )
    return [
        dcc.Store(id="vocabulary-view", data=view.pairs()),
        dcc.Store(id="vocabulary-external", data={"search": view.search, "kept": Query(filters=kept).pairs()}),
        dcc.Store(id="vocabulary-watch", data=1),
        dcc.Store(id="vocabulary-goto"),
        dcc.Store(id="vocabulary-ask"),
        *drawn,
        toolbar,
        html.Div(id="vocabulary-error"),
        html.Div(
            listing_grid.grid(
                "vocabulary-grid",
                vocabulary_views.shown_columns(here, shown),
                view,
                linked=LINKED[here.tab],
                nothing=NOTHING[here.tab],
            ),
            className="listing-frame",
        ),
    ]


def register(app: Dash, stores: Stores) -> None:
    """Attach the grid, the waiting, the figures and the address."""
    _register_browser_side(app)
    _register_grid(app, stores)
    _register_waiting(app, stores)

    @app.callback(
        Output("vocabulary-goto", "data"),
        Input({"type": "vocabulary-graph", "name": ALL}, "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_word(_clicks: Any, search: str | None) -> Any:
        points = (ctx.triggered[0]["value"] or {}).get("points") if ctx.triggered else None
        if not points:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        word = points[0]["customdata"]
        view = vocabulary_views.word_view(stores, here, word[0] if isinstance(word, list) else word)
        return here.address.plus(view.pairs()).href("/utterances")

    @app.callback(
        Output("vocabulary-goto", "data", allow_duplicate=True),
        Input("vocabulary-ask", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_cell(asked: Mapping[str, Any] | None, search: str | None) -> Any:
        if not asked:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        return vocabulary_views.timed(stores, here, str(asked["said"]), str(asked["href"]))


def _register_grid(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("vocabulary-grid", "getRowsResponse"),
        Output("vocabulary-view", "data"),
        Output("vocabulary-extent", "children"),
        Output("vocabulary-error", "children"),
        Input("vocabulary-grid", "getRowsRequest"),
        State("vocabulary-external", "data"),
        State("vocabulary-view", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def rows(
        request: Mapping[str, Any] | None,
        external: Mapping[str, Any],
        before: Sequence[Sequence[str]],
        search: str | None,
    ) -> tuple[Any, ...]:
        if request is None:
            return (no_update,) * 4
        try:
            here = vocabulary_views.place(stores, Parameters.of(search))
            shown = vocabulary_views.listing(stores, here)
            view = listing_grid.asked(shown.columns, request, external, before)
            number = len(shown.rows(view))
            page = vocabulary_views.page(stores, here, shown, view, int(request["startRow"]), int(request["endRow"]))
        except SpeechDataError as error:
            # The grid must get an answer, or it waits for ever; the sentence stands above it.
            said = html.Div([icon("bi-exclamation-triangle"), str(error)], className="banner warn", role="alert")
            return {"rowData": [], "rowCount": 0}, no_update, None, said
        kind = "characters" if here.tab == "characters" else "words"
        of = f" of {count(shown.size)}" if number != shown.size else ""
        extent = [html.B(count(number)), f"{of} {kind}"]
        pairs = view.pairs()
        same = [list(pair) for pair in pairs] == [list(pair) for pair in before]
        return {"rowData": page, "rowCount": number}, no_update if same else pairs, extent, None

    @app.callback(
        Output("vocabulary-exports", "children"),
        Input("vocabulary-view", "data"),
        State("url", "search"),
    )
    def describe(pairs: Sequence[Sequence[str]], search: str | None) -> Component:
        here = vocabulary_views.place(stores, Parameters.of(search))
        address = here.parameters.only((*PLACE, "tab", "known")).replaced(corpus=here.corpus.name)
        address = address.plus((name, value) for name, value in pairs)
        return listing_grid.export_link(address, EXPORT, f"{here.corpus.name}-{here.tab}.csv")


def _register_waiting(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("vocabulary-progress", "children"),
        Input("vocabulary-tick", "n_intervals"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def look(tick: int | None, search: str | None, path: str) -> Any:
        here = vocabulary_views.place(stores, Parameters.of(search))
        counting = vocabulary_views.waiting_for(stores, here)
        if counting is None:
            set_props("route", {"data": {"path": path, "search": search or "", "visit": f"counted {tick}"}})
            return no_update
        return vocabulary_parts.progress(counting)

    @app.callback(
        Output("vocabulary-progress", "children", allow_duplicate=True),
        Input("vocabulary-cancel", "n_clicks"),
        Input("vocabulary-again", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def steer(cancel: int | None, again: int | None, search: str | None) -> Any:
        if not cancel and not again:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        act = stores.vocabularies.cancel if ctx.triggered_id == "vocabulary-cancel" else stores.vocabularies.again
        act(here.corpus, *vocabulary_views.counting_of(stores, here))
        return vocabulary_parts.progress(vocabulary_views.waiting_for(stores, here) or Counting(0, 0))

    @app.callback(
        Output("vocabulary-mark", "data"),
        Input("revision", "data"),
        State("vocabulary-mark", "data"),
        State("url", "search"),
        State("url", "pathname"),
    )
    def renew(revision: str | None, drawn: Sequence[str], search: str | None, path: str) -> Any:
        if revision is None or not drawn:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        if vocabulary_views.mark(stores, here) == list(drawn):
            return no_update
        set_props("route", {"data": {"path": path, "search": search or "", "visit": revision}})
        return no_update


def _register_browser_side(app: Dash) -> None:
    def browser(function: str, output: Any, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    browser("watchListing", Output("vocabulary-watch", "id"), Input("vocabulary-watch", "data"), initial=True)
    browser("writeListing", Output("vocabulary-view", "id"), Input("vocabulary-view", "data"))
    browser(
        "searchListing",
        Output("vocabulary-external", "data"),
        Input("vocabulary-search", "value"),
        State("vocabulary-external", "data"),
    )
    browser("refetchListing", Output("vocabulary-external", "id"), Input("vocabulary-external", "data"))
    browser(
        "clearListing",
        [
            Output("vocabulary-grid", "filterModel"),
            Output("vocabulary-external", "data", allow_duplicate=True),
            Output("vocabulary-search", "value"),
        ],
        Input("vocabulary-clear", "n_clicks"),
    )
    browser("followAddress", Output("vocabulary-goto", "id"), Input("vocabulary-goto", "data"))
