"""The decisions of every hour as bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from explorer.figures import BAR, FRAME, GRID

if TYPE_CHECKING:
    import plotly.graph_objects as go


LABELS = 4


def hours_figure(hours: Sequence[tuple[datetime, dict[str, int]]]) -> go.Figure:
    """One bar for each hour in which something was decided; hovering tells by whom."""
    import plotly.graph_objects as go

    told = [
        f"<b>{sum(people.values()):,}</b> on {hour:%Y-%m-%d} from {hour:%H}:00 UTC<br>"
        + "<br>".join(f"{escape(name)} {number:,}" for name, number in sorted(people.items()))
        for hour, people in hours
    ]
    names = [f"{hour:%m-%d %H}:00" for hour, _ in hours]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[sum(people.values()) for _, people in hours],
            marker={"color": BAR, "line": {"width": 0}},
            width=[0.8] * len(hours) if len(hours) > 2 else [0.25] * len(hours),
            hovertext=told,
            hoverinfo="text",
        )
    )
    figure.update_layout(
        height=190,
        margin={"l": 40, "r": 8, "t": 8, "b": 30},
        **FRAME,
        # As many labels as fit at 390 pixels: plotly thins out no labels of categories.
        xaxis={
            "type": "category",
            "showgrid": False,
            "fixedrange": True,
            "tickangle": 0,
            "tickvals": names[:: max(1, -(-len(names) // LABELS))],
        },
        yaxis={"gridcolor": GRID, "zeroline": False, "fixedrange": True, "nticks": 4, "rangemode": "tozero"},
    )
    return figure
