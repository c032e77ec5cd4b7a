"""What all AG Grids of the product share: one theme over the CSS variables, and words for empty tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
