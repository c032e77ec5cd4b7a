"""The grid of a listing: server-side rows, filters and order as for utterances, cells that lead to utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from explorer.columns import Column
from explorer.components import table
from explorer.components.cards import attributes, icon
from explorer.components.grid import THEME
from explorer.parameters import Parameters
from explorer.query import Query

BLOCK = 100
"""Rows of one answer."""

WIDTHS = {"word": 190, "variants": 240, "reasons": 420, "name": 230, "category": 190, "glyph": 120, "first": 170}
WIDTHS |= {"last": 170, "code": 120}


def grid(id: str, columns: Sequence[Column], view: Query, *, linked: Sequence[str], nothing: str) -> Component:
    """The table itself; the columns ``linked`` are links, ``nothing`` is said when no row passes."""
    visible = [column.name for column in columns if not column.hidden]
    definitions = table.definitions(columns, visible, view)
    for definition in definitions:
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
    return dag.AgGrid(
        id=id,
        rowModelType="infinite",
        columnDefs=definitions,
        getRowId="params.data.row.toString()",
        defaultColDef={"resizable": True, "sortable": True, "floatingFilter": True},
        dashGridOptions={
            "theme": THEME,
            "localeText": {"noRowsToShow": nothing},
            "initialState": {"filter": {"filterModel": dict(table.project(view, columns).model)}},
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
            "enableCellTextSelection": True,
        },
        className="grid grid-frame listing-grid",
        style={"width": "100%", "height": None},
    )


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
    return html.A(
        [icon("bi-download"), "CSV"],
        href=address.href(path),
        download=file_name,
        className="btn btn-secondary",
        title="The rows of this view for a spreadsheet, rates as fractions",
    )
