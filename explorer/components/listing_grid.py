"""The grid of a listing: server-side rows, filters and order as for utterances, cells that lead to utterances.

``frame`` draws it with its toolbar, ``register`` attaches it to what a page lists (a Source). Component ids start with
the name of the page. The address has its filters, order and search as ``f``, ``sort`` and ``search``; where those are
about utterances, a ``prefix`` tells the listing's own apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer import spreadsheet
from explorer.columns import Column
from explorer.components import table
from explorer.components.cards import attributes, csv_link, icon
from explorer.components.grid import served
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.querying.listing import Listing
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query

NAMES = ("f", "sort", "search")
"""The parameters of a listing's view."""

BLOCK = 100
"""Rows of one answer."""


class Source(Protocol):
    """What a page lists at an address; every method may raise a SpeechDataError, which is said above the grid."""

    def listing(self, parameters: Parameters) -> Listing:
        """All rows."""

    def page(self, parameters: Parameters, shown: Listing, view: Query, start: int, stop: int) -> list[dict[str, Any]]:
        """The rows ``start`` <= position < ``stop`` of a view, with the addresses of links as ``link:<column>``."""

    def things(self, parameters: Parameters) -> str:
        """What the rows are called, in the plural."""

    def export(self, parameters: Parameters, view: Query) -> Component:
        """The download of a view."""

    def opened(self, parameters: Parameters, said: str, href: str) -> str:
        """Where a link leads whose row says ``said``: to the time of a word, when it is known."""


WIDTHS = {"word": 190, "variants": 240, "reasons": 420, "name": 230, "category": 190, "glyph": 120, "first": 170}
WIDTHS |= {"last": 170, "code": 120}
LEAST_WIDTH = 150


def grid(id: str, columns: Sequence[Column], view: Query, *, linked: Sequence[str], nothing: str) -> Component:
    """The table itself; the columns ``linked`` are links, ``nothing`` is said when no row passes."""
    visible = [column.name for column in columns if not column.hidden]
    definitions = table.definitions(columns, visible, view)
    for place, definition in enumerate(definitions):
        name = definition["colId"]
        if name in linked:
            definition["cellRenderer"] = "CellLink"
            definition.pop("tooltipValueGetter", None)
        if name in ("first", "last") and name in linked:
            definition.pop("valueFormatter", None)  # the row number is shown as the utterance's id
            definition["cellClass"] = "mono"
            definition["filter"] = False
        if name in WIDTHS:
            definition["initialWidth"] = WIDTHS[name]
        if not place or name == "heard":  # they take what the others leave: lines reach the edge of the table
            definition |= {"flex": 1, "minWidth": WIDTHS.get(name, LEAST_WIDTH)}
    return dag.AgGrid(
        id=id,
        rowModelType="infinite",
        columnDefs=definitions,
        getRowId="params.data.row.toString()",
        defaultColDef={"resizable": True, "sortable": True, "floatingFilter": True},
        dashGridOptions=served(nothing=nothing, filters=table.project(view, columns).model, rows_at_once=BLOCK),
        className="grid grid-frame listing-grid",
        style={"width": "100%", "height": None},
    )


def view_of(parameters: Parameters, prefix: str = "") -> Query:
    """The view of the listing that an address names."""
    found = [(name.removeprefix(prefix), value) for name, value in parameters.pairs if name in _prefixed(prefix)]
    return Query.from_pairs(found)


def fitting(view: Query, columns: Sequence[Column]) -> Query:
    """The view without what is about columns that are not there: another choice of the page took them away."""
    known = {column.name for column in columns}
    filters = tuple(item for item in view.filters if item.column in known)
    return Query(filters, tuple(key for key in view.sort if key.column in known), view.search)


def written(view: Query, prefix: str = "") -> list[tuple[str, str]]:
    """The parameters that ``view_of`` reads."""
    return [(prefix + name, value) for name, value in view.pairs()]


def _prefixed(prefix: str) -> list[str]:
    return [prefix + name for name in NAMES]


def frame(
    name: str,
    columns: Sequence[Column],
    view: Query,
    *,
    linked: Sequence[str],
    nothing: str,
    search: str,
    prefix: str = "",
    tools: Sequence[Component] = (),
) -> list[Component]:
    """The grid of the page ``name`` with its stores and its toolbar, which has ``tools`` too."""
    kept = table.project(view, columns).kept
    toolbar = html.Div(
        [
            searchbox(f"{name}-search", view.search, search),
            html.Button(
                [icon("bi-x-circle"), "Clear filters"], id=f"{name}-clear", type="button", className="btn btn-secondary"
            ),
            *tools,
            html.Div(id=f"{name}-extent", className="extent", role="status"),
        ],
        className="toolbar",
        role="toolbar",
        **attributes(aria_label="Table tools"),
    )
    return [
        dcc.Store(id=f"{name}-view", data=view.pairs()),
        dcc.Store(id=f"{name}-external", data={"search": view.search, "kept": Query(filters=kept).pairs()}),
        dcc.Store(id=f"{name}-watch", data={"prefix": prefix}),
        dcc.Store(id=f"{name}-goto"),
        dcc.Store(id=f"{name}-ask"),
        toolbar,
        html.Div(id=f"{name}-error"),
        html.Div(grid(f"{name}-grid", columns, view, linked=linked, nothing=nothing), className="listing-frame"),
    ]


def register(app: Dash, name: str, source: Source) -> None:
    """Attach the grid of the page ``name``: rows, extent, export, links, and the view in the address."""
    _register_browser_side(app, name)

    @app.callback(
        Output(f"{name}-grid", "getRowsResponse"),
        Output(f"{name}-view", "data"),
        Output(f"{name}-extent", "children"),
        Output(f"{name}-error", "children"),
        Input(f"{name}-grid", "getRowsRequest"),
        State(f"{name}-external", "data"),
        State(f"{name}-view", "data"),
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
            parameters = Parameters.of(search)
            shown = source.listing(parameters)
            view = asked(shown.columns, request, external, before)
            number = len(shown.rows(view))
            page = source.page(parameters, shown, view, int(request["startRow"]), int(request["endRow"]))
        except SpeechDataError as error:
            # The grid must get an answer, or it waits for ever; the sentence stands above it.
            said = html.Div([icon("bi-exclamation-triangle"), str(error)], className="banner warn", role="alert")
            return {"rowData": [], "rowCount": 0}, no_update, None, said
        of = f" of {count(shown.size)}" if number != shown.size else ""
        things = source.things(parameters)
        extent = [html.B(count(number)), f"{of} {things.removesuffix('s') if number == 1 and not of else things}"]
        pairs = view.pairs()
        same = [list(pair) for pair in pairs] == [list(pair) for pair in before]
        return {"rowData": page, "rowCount": number}, no_update if same else pairs, extent, None

    @app.callback(
        Output(f"{name}-exports", "children"),
        Input(f"{name}-view", "data"),
        State("url", "search"),
    )
    def describe(pairs: Sequence[Sequence[str]], search: str | None) -> Component:
        view = Query.from_pairs([(key, value) for key, value in pairs])
        return source.export(Parameters.of(search), view)

    @app.callback(
        Output(f"{name}-goto", "data", allow_duplicate=True),
        Input(f"{name}-ask", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_cell(wanted: Mapping[str, Any] | None, search: str | None) -> Any:
        if not wanted:
            return no_update
        return source.opened(Parameters.of(search), str(wanted["said"]), str(wanted["href"]))


def _register_browser_side(app: Dash, name: str) -> None:
    def browser(function: str, output: Any, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    browser("watchListing", Output(f"{name}-watch", "id"), Input(f"{name}-watch", "data"), initial=True)
    browser("writeListing", Output(f"{name}-view", "id"), Input(f"{name}-view", "data"), State(f"{name}-watch", "data"))
    browser(
        "searchListing",
        Output(f"{name}-external", "data"),
        Input(f"{name}-search", "value"),
        State(f"{name}-external", "data"),
    )
    browser("refetchListing", Output(f"{name}-external", "id"), Input(f"{name}-external", "data"))
    browser(
        "clearListing",
        [
            Output(f"{name}-grid", "filterModel"),
            Output(f"{name}-external", "data", allow_duplicate=True),
            Output(f"{name}-search", "value"),
        ],
        Input(f"{name}-clear", "n_clicks"),
    )
    browser("followAddress", Output(f"{name}-goto", "id"), Input(f"{name}-goto", "data"))


def asked(
    columns: Sequence[Column], request: Mapping[str, Any], external: Mapping[str, Any], view: Sequence[Sequence[str]]
) -> Query:
    """The query that a request of the grid means, together with what stands beside the grid."""
    kept = Query.from_pairs([(name, value) for name, value in external.get("kept") or ()]).filters
    before = Query.from_pairs([(name, value) for name, value in view])
    known = tuple(item for item in before.filters if item not in kept)
    edited = table.edited(Query(filters=known), request.get("filterModel") or {}, columns)
    order = table.sorts(request.get("sortModel") or ())
    return Query(filters=(*kept, *edited), sort=order, search=external.get("search") or "")


def spread(shown: Listing, parameters: Parameters, prefix: str = "") -> Iterator[bytes]:
    """The rows of the view that an address names, as CSV."""
    rows = shown.rows(fitting(view_of(parameters, prefix), shown.columns))
    names = [column.name for column in shown.columns]
    records = ([entry[name] for name in names] for entry in shown.values(rows, names))
    return spreadsheet.lines(names, records)


def searchbox(id: str, value: str, words: str) -> Component:
    """The quick search of a listing."""
    return html.Div(
        [
            icon("bi-search"),
            dbc.Input(id=id, type="search", value=value, debounce=300, placeholder=words, autocomplete="off"),
            html.Label(
                [html.Span(words, className="visually-hidden"), "/"],
                htmlFor=id,
                className="keycap",
                **attributes(data_hotkey="/", data_hotkey_help=words[:1].lower() + words[1:]),
            ),
        ],
        className="searchbox",
    )


def export_link(address: Parameters, path: str, file_name: str) -> Component:
    """The download of a view as CSV."""
    return csv_link(address.href(path), file_name, "The rows of this view for a spreadsheet, rates as fractions")
