"""The table of utterances: filter, sort, search, choose columns, export, and look at one of them beside it.

The grid asks for a hundred rows at a time and says how it is filtered and sorted; the answer also sets the store
``utterances-view``, the pairs of the query that the rows belong to. Everything else (chips, extent, address, exports,
next and previous) follows from that store. ``utterances-external`` holds what the grid's own filter row cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from explorer.components import filters, table
from explorer.components.cards import attributes, icon, state
from explorer.components.grid import THEME
from explorer.components.utterance_view import utterance_view
from explorer.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import count, hours
from explorer.parameters import PLACE, Parameters
from explorer.query import Query
from explorer.stores import Stores

PATH = "/utterances"
TITLE = "Utterances"

BLOCK = 100
"""Rows of one answer."""


def layout(stores: Stores, query: Parameters) -> Component:
    """The table as the address describes it, with the utterance of ``u=`` beside it."""
    corpus = stores.corpus(query)
    view = Query.from_pairs(query.pairs)
    current = _current(corpus, view, query.get("u"), scroll=True)
    visible = table.visible_columns(query.get("cols"), corpus.columns)
    kept = table.project(view, corpus.columns).kept
    return html.Div(
        [
            html.H1("Utterances", className="visually-hidden"),
            dcc.Store(id="utterances-view", data=view.pairs()),
            dcc.Store(id="utterances-external", data={"search": view.search, "kept": Query(filters=kept).pairs()}),
            dcc.Store(id="utterances-columns", data=list(visible)),
            dcc.Store(id="utterances-fetched", data=list(visible)),
            dcc.Store(id="utterances-defaults", data=list(table.default_columns(corpus.columns))),
            dcc.Store(id="utterances-current", data=current),
            dcc.Store(id="utterances-revision", data=stores.revision(query)),
            dcc.Store(id="utterances-mark", data=1),
            dcc.Store(id="utterances-remove"),
            dcc.Store(id="utterance-refresh"),
            _toolbar(corpus, view, visible),
            html.Div(filters.chips(view, corpus, prefix="utterances"), id="utterances-chips", className="filterbar"),
            html.Div(id="utterances-error"),
            html.Div(
                [
                    html.Div(_grid(corpus, view, visible), className="grid-side"),
                    html.Aside(
                        [_inspector_head(), html.Div(id="utterances-inspector")],
                        className="inspector",
                        **attributes(aria_label="Utterance"),
                    ),
                ],
                className="workbench inspecting" if current else "workbench",
            ),
        ],
        className="page page-table",
    )


def _toolbar(corpus: Corpus, view: Query, visible: Sequence[str]) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    icon("bi-search"),
                    dbc.Input(
                        id="utterances-search",
                        type="search",
                        value=view.search,
                        debounce=300,
                        placeholder="Search in reference and hypotheses",
                        autocomplete="off",
                    ),
                    html.Label(
                        [html.Span("Search in reference and hypotheses", className="visually-hidden"), "/"],
                        htmlFor="utterances-search",
                        className="keycap",
                        **attributes(data_hotkey="/", data_hotkey_help="search in texts"),
                    ),
                ],
                className="searchbox",
            ),
            _columns_popup(corpus, visible),
            _popup("utterances-export-popup", "bi-download", "Export", html.Div(id="utterances-exports")),
            html.Div(id="utterances-actions", className="row-flex"),
            html.Div(id="utterances-extent", className="extent", role="status"),
        ],
        className="toolbar",
        role="toolbar",
        **attributes(aria_label="Table tools"),
    )


def _popup(id: str, icon_name: str, label: str, body: Any) -> Component:
    button = html.Button(
        [icon(icon_name), label],
        type="button",
        className="btn btn-secondary",
        **attributes(data_popup=id, aria_expanded="false", aria_haspopup="true", aria_controls=id),
    )
    return html.Div([button, html.Div(body, id=id, className="popup")], className="dropdown-panel")


def _columns_popup(corpus: Corpus, visible: Sequence[str]) -> Component:
    body = [
        html.Label("Find a column", htmlFor="utterances-choice-search", className="visually-hidden"),
        dbc.Input(id="utterances-choice-search", type="search", placeholder="Find a column"),
        dbc.Checklist(id="utterances-choice", options=_choices(corpus), value=list(visible), className="choices"),
        html.Div(
            [
                html.Span("Drag headers to reorder", className="muted"),
                html.Button("Reset", id="utterances-reset", type="button", className="btn btn-link btn-sm"),
            ],
            className="row-flex",
        ),
    ]
    return _popup("utterances-columns-popup", "bi-layout-three-columns", "Columns", body)


def _choices(corpus: Corpus) -> list[dict[str, str]]:
    return [
        {"label": column.label, "value": column.name, "title": table.explanation(column)} for column in corpus.columns
    ]


def _grid(corpus: Corpus, view: Query, visible: Sequence[str]) -> Component:
    return dag.AgGrid(
        id="utterances-grid",
        rowModelType="infinite",
        columnDefs=table.definitions(corpus.columns, visible, view),
        getRowId="params.data.row.toString()",
        defaultColDef={"resizable": True, "sortable": True, "floatingFilter": True},
        dashGridOptions={
            "theme": THEME,
            # Not the property filterModel: that would come after a first request without it.
            "initialState": {"filter": {"filterModel": dict(table.project(view, corpus.columns).model)}},
            "rowHeight": 32,
            "headerHeight": 36,
            "floatingFiltersHeight": 34,
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 20,
            "rowBuffer": 20,
            # Two requests through one property would lose the first answer.
            "maxConcurrentDatasourceRequests": 1,
            "animateRows": False,
            "tooltipShowDelay": 500,
            "multiSortKey": "ctrl",
            "suppressDragLeaveHidesColumns": True,
            "maintainColumnOrder": True,
            "enableCellTextSelection": True,
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
        },
        className="grid grid-frame",
        style={"width": "100%", "height": None},
    )


def _inspector_head() -> Component:
    return html.Div(
        [
            html.Span(id="utterances-place", className="place grow"),
            _button("utterances-previous", "bi-chevron-up", "Previous utterance", hotkey="k"),
            _button("utterances-next", "bi-chevron-down", "Next utterance", hotkey="j"),
            html.Span(id="utterances-alone"),
            _button("utterances-close", "bi-x-lg", "Close the utterance", hotkey="x"),
        ],
        className="inspector-head",
    )


def _button(id: str, icon_name: str, text: str, *, hotkey: str) -> Component:
    return html.Button(
        icon(icon_name),
        id=id,
        type="button",
        className="icon-button",
        title=f"{text} ({hotkey})",
        **attributes(aria_label=text, data_hotkey=hotkey, data_hotkey_help=text.lower()),
    )


def _current(corpus: Corpus, view: Query, id: str | None, *, scroll: bool) -> dict[str, Any] | None:
    """What the store of the chosen utterance holds; ``position`` is None when the filter hides it."""
    if not id:
        return None
    try:
        row = corpus.utterance(id).row
    except SpeechDataError:
        return {"id": id, "scroll": False}
    return {"id": id, "row": row, "position": corpus.position(view, id), "scroll": scroll}


def _extent(corpus: Corpus, view: Query) -> list[Any]:
    extent = corpus.extent(view)
    more = "" if corpus.complete else "+"
    whole = html.Span(f" of {count(corpus.size)}{more}") if filters.pieces(view) else more
    unknown = f" · {count(extent.unknown_durations)} of unknown duration" if extent.unknown_durations else ""
    return [html.B(count(extent.utterances)), whole, " utterances · ", html.B(hours(extent.hours)), unknown]


def _exports(parameters: Parameters, view: Query) -> list[Component]:
    address = parameters.only(PLACE).plus(view.pairs())
    corpus = parameters["corpus"]
    kinds = (
        (
            "jsonl",
            "bi-file-earmark-code",
            "Manifest",
            "NeMo JSON lines, every field as it was written, and new systems",
        ),
        ("csv", "bi-file-earmark-spreadsheet", "CSV", "for a spreadsheet: all columns, scores as fractions"),
    )
    links = [
        html.A(
            [icon(picture), html.Span([label, html.Small(text)])],
            href=address.href(f"/export/utterances.{kind}"),
            download=f"{corpus}.{kind}",
            className="menu-link",
        )
        for kind, picture, label, text in kinds
    ]
    return [html.Small("The rows of this view", className="muted"), *links]


def _actions(stores: Stores, parameters: Parameters, view: Query) -> list[Component]:
    address = parameters.only(PLACE).plus(view.pairs())
    return [
        dcc.Link([icon(a.icon), a.label], href=address.href(a.path), title=a.help, className="btn btn-secondary")
        for a in stores.actions
    ]


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
    return Query(filters=(*kept, *edited), sort=order, search=external.get("search") or "")


def _failure(error: SpeechDataError) -> Component:
    return html.Div([icon("bi-exclamation-triangle"), html.Span(str(error))], className="banner warn", role="alert")


def register(app: Dash, stores: Stores) -> None:
    """Attach the table, the toolbar and the inspector."""
    _register_browser_side(app)
    _register_table(app, stores)
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
            return {"rowData": [], "rowCount": 0}, no_update, _failure(error)
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
            _extent(corpus, view),
            _exports(parameters, view),
            _actions(stores, parameters, view),
        )

    @app.callback(
        Output("utterances-grid", "filterModel"),
        Output("utterances-external", "data"),
        Output("utterances-search", "value"),
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
        external = {"search": view.search, "kept": [list(pair) for pair in Query(filters=shown.kept).pairs()]}
        return dict(shown.model), no_update if external == before else external, view.search

    @app.callback(
        Output("utterances-grid", "columnDefs"),
        Output("utterances-choice", "options"),
        Output("utterances-defaults", "data"),
        Output("utterances-revision", "data"),
        Input("revision", "data"),
        State("utterances-revision", "data"),
        State("utterances-columns", "data"),
        State("utterances-choice", "options"),
        State("url", "search"),
    )
    def renew(
        revision: str | None, drawn: str | None, visible: Sequence[str], options: list[Any], search: str | None
    ) -> tuple[Any, ...]:
        if revision in (None, drawn):
            return (no_update,) * 4
        corpus, _parameters = _named(stores, search)
        choices = _choices(corpus)
        if choices == options:
            return no_update, no_update, no_update, revision
        old = {choice["value"] for choice in options}
        defaults = table.default_columns(corpus.columns)
        shown = [*visible, *(name for name in defaults if name not in old and name not in visible)]
        return table.definitions(corpus.columns, shown, Query()), choices, list(defaults), revision


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
            place = _place(corpus, view, current["id"])
        except SpeechDataError as error:
            return state("bi-question-circle", "Not in this corpus", str(error), tone="bad"), None, None
        if ctx.triggered_id == "utterances-view":
            return no_update, place, no_update
        return body, place, link


def _place(corpus: Corpus, view: Query, id: str) -> list[Any]:
    position = corpus.position(view, id)
    if position is None:
        return ["Not among the rows of this filter"]
    return [html.B(count(position + 1)), f" of {count(corpus.extent(view).utterances)}"]


def _register_browser_side(app: Dash) -> None:
    def browser(function: str, output: Any, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    current = Output("utterances-current", "data", allow_duplicate=True)
    browser("watchGrid", Output("utterances-mark", "id"), Input("utterances-mark", "data"), initial=True)
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
    browser("searchColumns", Output("utterances-choice-search", "id"), Input("utterances-choice-search", "value"))
