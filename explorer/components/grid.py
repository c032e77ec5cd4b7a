"""What all AG Grids of the product share: one theme over the CSS variables, and words for empty tables."""

from __future__ import annotations

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
