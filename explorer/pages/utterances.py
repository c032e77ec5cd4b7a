"""The table of utterances: filter, sort, search, choose columns, export, and look at one of them beside it.

The grid asks for a hundred rows at a time and says how it is filtered and sorted; the answer also sets the store
``utterances-view``, the pairs of the query that the rows belong to. Everything else (chips, extent, address, exports,
next and previous) follows from that store. ``utterances-external`` holds what the grid's own filter row cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer.components import filter_box, filters, table, workbench
from explorer.components.cards import attributes, icon, state
from explorer.components.utterance_view import utterance_view
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Filter, Query
from explorer.stores import Stores

PATH = "/utterances"
TITLE = "Utterances"


def layout(stores: Stores, query: Parameters) -> Component:
    """The table as the address describes it, with the utterance of ``u=`` beside it."""
    corpus = stores.corpus(query)
    view = Query.from_pairs(query.pairs)
    needed = [key.column for key in view.sort] + [item.column for item in view.filters]
    known = {column.name for column in corpus.columns}
    if (unknown := [name for name in needed if name not in known]) and stores.pending(query):
        return _waiting(unknown, stores.revision(query))
    for name in unknown:
        corpus.column(name)  # says which column there might be instead
    typed = view.where
    if filter_box.fault(typed, corpus.columns):
        if stores.pending(query):
            return _waiting(["a column of the filter box"], stores.revision(query))
        view = replace(view, where="")
    current = _current(corpus, view, query.get("u"), scroll=True)
    visible = table.visible_columns(query.get("cols"), corpus.columns, view)
    kept = table.project(view, corpus.columns).kept
    return html.Div(
        [
            html.H1("Utterances", className="visually-hidden"),
            dcc.Store(id="utterances-view", data=view.pairs()),
            dcc.Store(id="utterances-external", data=_beside(view, kept)),
            dcc.Store(id="utterances-columns", data=list(visible)),
            dcc.Store(id="utterances-fetched", data=list(visible)),
            dcc.Store(id="utterances-defaults", data=list(table.visible_columns(None, corpus.columns, view))),
            dcc.Store(id="utterances-current", data=current),
            dcc.Store(id="utterances-revision", data=stores.revision(query)),
            dcc.Store(id="utterances-mark", data=corpus.name),
            dcc.Store(id="utterances-remove"),
            dcc.Store(id="utterance-refresh"),
            workbench.toolbar(corpus, view, visible),
            filter_box.filter_box(view, corpus, typed=typed),
            html.Div(filters.chips(view, corpus, prefix="utterances"), id="utterances-chips", className="filterbar"),
            html.Div(id="utterances-error"),
            html.Div(
                [
                    html.Div(workbench.grid(corpus, view, visible), className="grid-side"),
                    html.Aside(
                        [workbench.inspector_head(), html.Div(id="utterances-inspector")],
                        className="inspector",
                        **attributes(aria_label="Utterance"),
                    ),
                ],
                className="workbench inspecting" if current else "workbench",
            ),
        ],
        className="page page-table",
    )


def _waiting(columns: Sequence[str], revision: str) -> Component:
    """In place of the table until the columns that the address filters or sorts by are there."""
    text = f"This view needs {', '.join(columns)}, which is still being computed. It opens by itself."
    waiting = state("bi-hourglass-split", "One moment", text)
    return html.Div([dcc.Store(id="utterances-waiting", data=revision), waiting], className="page")


def _current(corpus: Corpus, view: Query, id: str | None, *, scroll: bool) -> dict[str, Any] | None:
    """What the store of the chosen utterance holds; ``position`` is None when the filter hides it."""
    if not id:
        return None
    try:
        row = corpus.utterance(id).row
    except SpeechDataError:
        return {"id": id, "scroll": False}
    return {"id": id, "row": row, "position": corpus.position(view, id), "scroll": scroll}


def _beside(view: Query, kept: Sequence[Filter]) -> dict[str, Any]:
    """What stands beside the grid's own filters: the search, the filter box, and filters the grid has no words for."""
    pairs = [list(pair) for pair in Query(filters=tuple(kept)).pairs()]
    return {"search": view.search, "where": view.where, "kept": pairs}


def _named(stores: Stores, search: str | None) -> tuple[Corpus, Parameters]:
    """The corpus of an address, and the address with the corpus's name in it."""
    parameters = Parameters.of(search)
    corpus = stores.corpus(parameters)
    return corpus, parameters.replaced(corpus=corpus.name)


def _query(pairs: Sequence[Sequence[str]] | None) -> Query:
    return Query.from_pairs(filters.names(pairs or []))


def _asked(
    corpus: Corpus, request: Mapping[str, Any], external: Mapping[str, Any], view: Sequence[Sequence[str]] | None
) -> Query:
    """The query that a request of the grid means, together with what stands beside the grid."""
    kept = _query(external.get("kept")).filters
    known = tuple(item for item in _query(view).filters if item not in kept)
    edited = table.edited(Query(filters=known), request.get("filterModel") or {}, corpus.columns)
    order = table.sorts(request.get("sortModel") or ())
    beside = {name: external.get(name) or "" for name in ("search", "where")}
    return Query(filters=(*kept, *edited), sort=order, **beside)


def register(app: Dash, stores: Stores) -> None:
    """Attach the table, the toolbar and the inspector."""
    _register_browser_side(app)
    _register_table(app, stores)
    filter_box.register(app, stores)
    _register_inspector(app, stores)


def _register_table(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("utterances-grid", "getRowsResponse"),
        Output("utterances-view", "data"),
        Output("utterances-error", "children"),
        Input("utterances-grid", "getRowsRequest"),
        State("utterances-external", "data"),
        State("utterances-columns", "data"),
        State("utterances-view", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def rows(
        request: Mapping[str, Any] | None,
        external: Mapping[str, Any],
        columns: Sequence[str],
        shown: Sequence[Sequence[str]],
        search: str | None,
    ) -> tuple[Any, Any, Any]:
        if request is None:
            return no_update, no_update, no_update
        try:
            corpus = stores.corpus(Parameters.of(search))
            view = _asked(corpus, request, external, shown)
            known = {column.name for column in corpus.columns}
            wanted = [name for name in columns if name in known]
            page = corpus.page(view, int(request["startRow"]), int(request["endRow"]), wanted)
            answer = {"rowData": page, "rowCount": corpus.extent(view).utterances}
        except SpeechDataError as error:
            # The grid must get an answer, or it waits for ever; the sentence stands above it.
            return {"rowData": [], "rowCount": 0}, no_update, workbench.failure(error)
        pairs = view.pairs()
        return answer, no_update if pairs == filters.names(shown) else pairs, None

    @app.callback(
        Output("utterances-chips", "children"),
        Output("utterances-extent", "children"),
        Output("utterances-exports", "children"),
        Output("utterances-actions", "children"),
        Input("utterances-view", "data"),
        Input("utterances-revision", "data"),
        State("url", "search"),
    )
    def describe(pairs: Sequence[Sequence[str]], _revision: str, search: str | None) -> tuple[Any, ...]:
        corpus, parameters = _named(stores, search)
        view = _query(pairs)
        return (
            filters.chips(view, corpus, prefix="utterances"),
            workbench.extent_text(corpus, view),
            workbench.export_links(parameters, view),
            workbench.action_links(stores, parameters, view),
        )

    @app.callback(
        Output("utterances-defaults", "data", allow_duplicate=True),
        Input("utterances-view", "data"),
        State("utterances-defaults", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def show_what_is_filtered(pairs: Sequence[Sequence[str]], before: Sequence[str], search: str | None) -> Any:
        corpus, _parameters = _named(stores, search)
        usual = list(table.visible_columns(None, corpus.columns, _query(pairs)))
        return no_update if usual == list(before) else usual

    @app.callback(
        Output("utterances-grid", "filterModel"),
        Output("utterances-external", "data"),
        Output("utterances-search", "value"),
        Output("utterances-where", "value"),
        Input("utterances-remove", "data"),
        State("utterances-view", "data"),
        State("utterances-external", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def remove(
        click: Mapping[str, int], pairs: Sequence[Sequence[str]], before: Mapping[str, Any], search: str | None
    ) -> tuple[Any, ...]:
        corpus, _parameters = _named(stores, search)
        view = filters.without(_query(pairs), click["index"])
        shown = table.project(view, corpus.columns)
        external = _beside(view, shown.kept)
        typed = no_update if external["where"] == before.get("where", "") else view.where
        return dict(shown.model), no_update if external == before else external, view.search, typed

    @app.callback(
        Output("utterances-grid", "columnDefs"),
        Output("utterances-choice", "options"),
        Output("utterances-defaults", "data"),
        Output("utterances-revision", "data"),
        Input("revision", "data"),
        State("utterances-revision", "data"),
        State("utterances-columns", "data"),
        State("utterances-defaults", "data"),
        State("utterances-choice", "options"),
        State("url", "search"),
        State("url", "pathname"),
    )
    def renew(
        revision: str | None,
        drawn: str | None,
        visible: Sequence[str],
        usual: Sequence[str],
        options: list[Any],
        search: str | None,
        path: str,
    ) -> tuple[Any, ...]:
        if revision in (None, drawn):
            return (no_update,) * 4
        corpus, parameters = _named(stores, search)
        choices = workbench.choices(corpus)
        if choices == options:
            return no_update, no_update, no_update, revision
        if list(visible) == list(usual):
            # Nobody has chosen columns: the table is drawn again with those that are usual now.
            set_props("route", {"data": {"path": path, "search": parameters.search(), "visit": revision}})
            return (no_update,) * 4
        old = {choice["value"] for choice in options}
        defaults = table.default_columns(corpus.columns)
        shown = [*visible, *(name for name in defaults if name not in old and name not in visible)]
        return table.definitions(corpus.columns, shown, Query()), choices, list(defaults), revision

    @app.callback(
        Output("utterances-waiting", "data"),
        Input("revision", "data"),
        State("utterances-waiting", "data"),
        State("url", "search"),
        State("url", "pathname"),
    )
    def look_again(revision: str | None, drawn: str, search: str | None, path: str) -> Any:
        if revision in (None, drawn):
            return no_update
        set_props("route", {"data": {"path": path, "search": search or "", "visit": revision}})
        return revision


def _register_inspector(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("utterances-current", "data", allow_duplicate=True),
        Input("utterances-previous", "n_clicks"),
        Input("utterances-next", "n_clicks"),
        State("utterances-current", "data"),
        State("utterances-view", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def step(
        _previous: int | None,
        _next: int | None,
        current: Mapping[str, Any] | None,
        pairs: Sequence[Sequence[str]],
        search: str | None,
    ) -> Any:
        corpus, _parameters = _named(stores, search)
        view = _query(pairs)
        direction = 1 if ctx.triggered_id == "utterances-next" else -1
        if current and corpus.position(view, current["id"]) is not None:
            id = corpus.neighbour(view, current["id"], direction)
        else:
            id = next((row["id"] for row in corpus.page(view, 0, 1, ())), None)
        return _current(corpus, view, id, scroll=True) if id else no_update

    @app.callback(
        Output("utterances-inspector", "children"),
        Output("utterances-place", "children"),
        Output("utterances-alone", "children"),
        Input("utterances-current", "data"),
        Input("utterance-refresh", "data"),
        Input("utterances-revision", "data"),
        Input("utterances-view", "data"),
        State("url", "search"),
    )
    def inspect(
        current: Mapping[str, Any] | None,
        _news: Any,
        _revision: Any,
        pairs: Sequence[Sequence[str]],
        search: str | None,
    ) -> tuple[Any, Any, Any]:
        if not current:
            return None, None, None
        corpus, parameters = _named(stores, search)
        view = _query(pairs)
        alone = parameters.only(PLACE).replaced(u=current["id"]).href("/utterance")
        link = dcc.Link(
            icon("bi-box-arrow-up-right"), href=alone, className="icon-button", title="Open on its own page"
        )
        try:
            body: Component = utterance_view(stores, corpus, corpus.utterance(current["id"]))
            place = workbench.place(corpus, view, current["id"])
        except SpeechDataError as error:
            return state("bi-question-circle", "Not in this corpus", str(error), tone="bad"), None, None
        if ctx.triggered_id == "utterances-view":
            return no_update, place, no_update
        return body, place, link


def _register_browser_side(app: Dash) -> None:
    def browser(function: str, output: Any, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    current = Output("utterances-current", "data", allow_duplicate=True)
    browser(
        "watchGrid",
        Output("utterances-mark", "id"),
        Input("utterances-mark", "data"),
        State("utterances-defaults", "data"),
        initial=True,
    )
    browser(
        "writePlace",
        Output("utterances-defaults", "id"),
        Input("utterances-view", "data"),
        Input("utterances-columns", "data"),
        Input("utterances-defaults", "data"),
        Input("utterances-current", "data"),
    )
    browser(
        "search",
        Output("utterances-external", "data", allow_duplicate=True),
        Input("utterances-search", "value"),
        State("utterances-external", "data"),
    )
    browser(
        "removeChip", Output("utterances-remove", "data"), Input({"type": "utterances-chip", "index": ALL}, "n_clicks")
    )
    browser("refetch", Output("utterances-external", "id"), Input("utterances-external", "data"))
    browser("refetch", Output("utterances-revision", "id"), Input("utterances-revision", "data"))
    browser("follow", Output("utterances-current", "id"), Input("utterances-current", "data"), initial=True)
    browser("choose", current, Input("utterances-grid", "selectedRows"), State("utterances-current", "data"))
    browser("dismiss", current, Input("utterances-close", "n_clicks"))
    browser("showColumns", Output("utterances-choice", "id"), Input("utterances-choice", "value"))
    browser(
        "resetColumns",
        Output("utterances-reset", "id"),
        Input("utterances-reset", "n_clicks"),
        State("utterances-defaults", "data"),
    )
    browser(
        "columnsChanged",
        [Output("utterances-choice", "value"), Output("utterances-fetched", "data")],
        Input("utterances-columns", "data"),
        State("utterances-fetched", "data"),
    )
    browser("followUsual", Output("utterances-revision", "modified_timestamp"), Input("utterances-defaults", "data"))
    browser("searchColumns", Output("utterances-choice-search", "id"), Input("utterances-choice-search", "value"))
