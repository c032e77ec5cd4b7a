"""Points of several groups as a scatter, each with its own colour and shape; a click opens a point's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from explorer.comparing.comparison_figures import SERIES
from explorer.figures import FRAME, GRID

if TYPE_CHECKING:
    import plotly.graph_objects as go

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "triangle-down")
HEIGHT = 340


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, what is told about it, and the address that a click opens."""

    x: float
    y: float
    told: str
    href: str


def scattered(groups: Mapping[str, Sequence[Dot]], *, x: str, y: str) -> go.Figure:
    """The groups in their order over axes of these names."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, (name, dots) in enumerate(groups.items()):
        figure.add_scatter(
            x=[dot.x for dot in dots],
            y=[dot.y for dot in dots],
            name=escape(name),
            mode="markers",
            marker={
                "size": 9,
                "opacity": 0.8,
                "color": SERIES[number % len(SERIES)],
                "symbol": SYMBOLS[number % len(SYMBOLS)],
            },
            hovertext=[escape(dot.told) for dot in dots],
            hoverinfo="text",
            customdata=[dot.href for dot in dots],
        )
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 52, "r": 12, "t": 8, "b": 44},
        hovermode="closest",
        **FRAME | {"showlegend": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={**axis, "title": {"text": escape(x)}},
        yaxis={**axis, "title": {"text": escape(y)}},
    )
    return figure
