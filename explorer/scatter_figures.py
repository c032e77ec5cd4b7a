"""Two systems against each other as bubbles: below the diagonal the second is better, above it the first.

A bubble is a cell of utterances or a word; how many it stands for is its size. Its side of the diagonal and its colour
tell the same, so that colour is never needed; words that are in no word list have another shape. Nearly everybody can
tell blue from orange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from explorer.figures import FRAME, GRID

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 520
BETTER, EQUAL, WORSE = "#2f7fc1", "#7d868c", "#c8702a"
SMALLEST, LARGEST = 6.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubbles:
    """What is drawn: places, numbers that sizes stand for, texts for the pointer, and keys for a click."""

    x: Sequence[float]
    y: Sequence[float]
    counts: Sequence[int]
    told: Sequence[str]
    keys: Sequence[Any]
    marked: Sequence[bool] = ()
    """The ones that are drawn as diamonds."""


def against(
    shown: Bubbles, *, titles: tuple[str, str], limit: float, better: Literal["lower", "higher"], suffix: str = ""
) -> go.Figure:
    """The bubbles from 0 to ``limit`` on both axes, with the diagonal; ``better`` says which numbers are good."""
    import plotly.graph_objects as go

    x, y = np.asarray(shown.x, float), np.asarray(shown.y, float)
    side = np.sign(y - x) * (1 if better == "lower" else -1)
    colours = np.select([side < 0, side > 0], [BETTER, WORSE], EQUAL)
    shapes = np.where(np.asarray(shown.marked, bool), "diamond-open", "circle") if len(shown.marked) else "circle"
    widths = np.where(np.asarray(shown.marked, bool), 2.0, 0.5) if len(shown.marked) else 0.5
    most = max(shown.counts, default=1)
    sizes = SMALLEST + (LARGEST - SMALLEST) * np.log1p(np.asarray(shown.counts, float)) / np.log1p(most)
    span = [-0.05 * limit, 1.05 * limit]
    figure = go.Figure()
    line = {"color": GRID, "width": 1.5, "dash": "dot"}
    figure.add_scatter(x=[0, limit], y=[0, limit], mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": colours, "size": sizes, "symbol": shapes, "opacity": 0.75, "line": {"width": widths}},
        hovertext=list(shown.told),
        hoverinfo="text",
        customdata=list(shown.keys),
        cliponaxis=False,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.2}},
    )
    axis = {"gridcolor": GRID, "zeroline": False, "range": span, "ticksuffix": suffix, "fixedrange": True, "nticks": 9}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 62, "r": 12, "t": 12, "b": 48},
        hovermode="closest",
        **(FRAME | {"dragmode": "select"}),
        xaxis={**axis, "title": titles[0], "title_standoff": 6},
        yaxis={**axis, "title": titles[1], "title_standoff": 6},
    )
    return figure
