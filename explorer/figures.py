"""Plain types to plotly figures; the only Python file with plot colours.

Figures are transparent and take axis, grid and bar colours from assets/style.css where plotly allows it, so that one
figure serves both themes. Labels from a corpus are escaped: plotly would render a manifest's ``<b>``.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from explorer.columns import Column
from explorer.formatting import value as printed

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from explorer.corpora.stats import Histogram

CONFIG: Any = {
    # plotly's default buttons would offer to send the figure to a server of its makers.
    "showSendToCloud": False,
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
}
"""For every dcc.Graph: nothing leaves the machine."""

BAR = "#2b8a96"
"""Readable on both surfaces; style.css replaces it by the accent of the theme."""

TEXT = "#7d868c"
GRID = "rgba(128, 136, 140, 0.22)"

FRAME: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "Inter Variable, Inter, system-ui, sans-serif", "size": 11, "color": TEXT},
    "showlegend": False,
    "dragmode": False,
    "hoverlabel": {"bgcolor": "#20262a", "bordercolor": "#20262a", "font": {"color": "#f2f4f5", "size": 12}},
}
"""What every figure's layout has in common."""


def histogram(histogram: Histogram, column: Column, *, href: Callable[[float, float, bool], str]) -> go.Figure:
    """Counts of a numeric column's bins as bars.

    ``href(start, end, last)`` is the address that a click on the bin [start, end) opens; the last bin is closed. Bins
    of a percent column are fractions, drawn as percent.
    """
    import plotly.graph_objects as go

    scale = 100.0 if column.style == "percent" else 1.0
    edges = [float(edge) for edge in histogram.edges]
    counts = [int(count) for count in histogram.counts]
    starts, ends = edges[:-1], edges[1:]
    last = len(counts) - 1
    figure = go.Figure(
        go.Bar(
            x=[scale * (start + end) / 2 for start, end in zip(starts, ends, strict=True)],
            y=counts,
            width=[scale * (end - start) * 0.94 for start, end in zip(starts, ends, strict=True)],
            marker={"color": BAR, "line": {"width": 0}},
            customdata=[href(start, end, i == last) for i, (start, end) in enumerate(zip(starts, ends, strict=True))],
            hovertext=[
                f"{escape(printed(column, start))} – {escape(printed(column, end))}<br><b>{count:,}</b>"
                for start, end, count in zip(starts, ends, counts, strict=True)
            ],
            hoverinfo="text",
        )
    )
    return _plain(figure, suffix=" %" if column.style == "percent" else "", most=max(counts, default=0))


def _plain(figure: go.Figure, *, suffix: str, most: int) -> go.Figure:
    figure.update_layout(
        height=150,
        margin={"l": 40, "r": 6, "t": 8, "b": 24},
        bargap=0,
        **FRAME,
        xaxis={"showgrid": False, "zeroline": False, "fixedrange": True, "nticks": 6, "ticksuffix": suffix},
        yaxis={
            "gridcolor": GRID,
            "zeroline": False,
            "fixedrange": True,
            "rangemode": "tozero",
            "tickformat": "~s",
            # Counts are whole: between 0 and 1 there is nothing to mark.
            **({"nticks": 4} if most > 3 else {"dtick": 1}),
        },
    )
    return figure
