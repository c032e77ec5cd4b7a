"""A whisker: an interval as a bar and its value as a mark, on a scale that several rows share."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from explorer.components.cards import attributes

_THINNEST = 0.6  # per cent of the width: thinner bars cannot be seen


def whisker(low: float, high: float, mark: float, scale: tuple[float, float]) -> Component | None:
    """The picture, silent for screen readers since the numbers stand beside it; None on a scale without length.

    A mark that is off the scale is an arrow to its side.
    """
    if scale[1] <= scale[0]:
        return None
    left, right, at = (100 * min(1.0, max(0.0, (v - scale[0]) / (scale[1] - scale[0]))) for v in (low, high, mark))
    beyond = "whisker-above" if mark > scale[1] else "whisker-below" if mark < scale[0] else ""
    return html.Span(
        [
            html.I(
                className="whisker-bar", style={"left": f"{left:.2f}%", "width": f"{max(_THINNEST, right - left):.2f}%"}
            ),
            html.I(className=beyond) if beyond else html.I(className="whisker-mark", style={"left": f"{at:.2f}%"}),
        ],
        className="whisker",
        **attributes(aria_hidden="true"),
    )
