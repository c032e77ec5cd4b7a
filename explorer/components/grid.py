"""What all AG Grids of the product share: one theme over the CSS variables, and how a table gets its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

THEME: dict[str, Any] = {
    "function": (
        "themeQuartz.withParams({"
        "backgroundColor:'var(--surface)',foregroundColor:'var(--ink)',accentColor:'var(--accent)',"
        "borderColor:'var(--line)',chromeBackgroundColor:'var(--surface-2)',headerTextColor:'var(--ink-2)',"
        "headerBackgroundColor:'var(--surface-2)',rowHoverColor:'var(--surface-3)',"
        "selectedRowBackgroundColor:'var(--accent-soft)',oddRowBackgroundColor:'var(--surface)',"
        "inputBorder:'solid 1px var(--line)',inputBackgroundColor:'var(--surface)',"
        "menuBackgroundColor:'var(--surface)',tooltipBackgroundColor:'var(--ink)',tooltipTextColor:'var(--ground)',"
        "fontFamily:'inherit',fontSize:13,headerFontSize:12.5,spacing:6,cellHorizontalPadding:11,"
        "wrapperBorderRadius:8,borderRadius:5,wrapperBorder:'solid 1px var(--line)',"
        "headerColumnResizeHandleColor:'var(--line-strong)',browserColorScheme:'inherit'})"
    )
}
"""The dashGridOptions ``theme``: follows light and dark by itself, because it only names variables."""


def whole(
    id: str,
    columns: Sequence[Mapping[str, Any]],
    rows: list[dict[str, Any]],
    *,
    kind: str,
    row_height: int,
    height: str | None,
) -> Component:
    """A table whose rows are all in the page, each with a unique ``key``, filtered and sorted by the browser.

    ``kind`` are further class names, ``height`` is a length of CSS, None where the style sheet says it.
    """
    return dag.AgGrid(
        id=id,
        columnDefs=columns,
        rowData=rows,
        defaultColDef={"filter": "agTextColumnFilter", "floatingFilter": True, "sortable": True, "resizable": True},
        getRowId="params.data.key.toString()",
        dashGridOptions={
            "theme": THEME,
            "animateRows": False,
            "enableCellTextSelection": True,
            "rowHeight": row_height,
        },
        className=f"grid grid-frame {kind}",
        style={"width": "100%", "height": height},
    )


def served(*, nothing: str, filters: Mapping[str, Any], rows_at_once: int) -> dict[str, Any]:
    """The dashGridOptions of a table whose rows the server sends, so many at once; ``nothing`` is said of no rows."""
    return {
        "theme": THEME,
        "localeText": {"noRowsToShow": nothing},
        # Not the property filterModel: that would come after a first request without it.
        "initialState": {"filter": {"filterModel": dict(filters)}},
        "rowHeight": 32,
        "headerHeight": 36,
        "floatingFiltersHeight": 34,
        "cacheBlockSize": rows_at_once,
        "maxBlocksInCache": 20,
        "rowBuffer": 20,
        # Two requests through one property would lose the first answer.
        "maxConcurrentDatasourceRequests": 1,
        "animateRows": False,
        "tooltipShowDelay": 500,
        "enableCellTextSelection": True,
    }
