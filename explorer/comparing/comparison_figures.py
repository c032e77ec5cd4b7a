"""Distributions of several corpora laid over each other, as lines of shares; colours come with line styles."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from explorer.columns import Column
from explorer.figures import FRAME, GRID
from explorer.formatting import percent
from explorer.formatting import value as printed

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from explorer.comparing.corpora_comparison import Overlay

SERIES = ("#2b8a96", "#c8702a", "#8a63c9", "#3f7fd1", "#b8497c", "#7a8a1e", "#6d7780", "#c2a21a")
"""One colour for each corpus, in their order: readable on both surfaces."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
HEIGHT = 210


def overlaid(found: Overlay, column: Column, *, href: Callable[[str, float, float, bool], str]) -> go.Figure:
    """The shares of every corpus in the common bins, as steps.

    ``href(corpus, start, end, last)`` is where a click on the bin [start, end) of a corpus leads; the last is closed.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    bins = list(zip(found.edges, found.edges[1:], strict=False))
    # The last bin may reach far out: it is drawn as wide as the others.
    width = bins[0][1] - bins[0][0] if bins else 1.0
    for number, (name, shares) in enumerate(found.shares.items()):
        told = [
            f"<b>{escape(name)}</b><br>{escape(printed(column, start))} – {escape(printed(column, end))}"
            f"<br>{percent(share)}"
            for (start, end), share in zip(bins, shares, strict=True)
        ]
        figure.add_scatter(
            x=[bins[0][0], *(start + width / 2 for start, _ in bins), bins[-1][0] + width] if bins else [],
            y=_to_the_edges([100 * share for share in shares]),
            name=escape(name),
            mode="lines+markers",
            line={"color": SERIES[number % len(SERIES)], "dash": DASHES[number % len(DASHES)], "width": 2},
            line_shape="hvh",
            marker={"size": 8, "opacity": 0, "color": SERIES[number % len(SERIES)]},
            hovertext=_to_the_edges(told),
            hoverinfo="text",
            customdata=_to_the_edges(
                [href(name, start, end, place == len(bins) - 1) for place, (start, end) in enumerate(bins)]
            ),
        )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 44, "r": 8, "t": 8, "b": 26},
        hovermode="closest",
        **FRAME,
        xaxis={"showgrid": False, "zeroline": False, "fixedrange": True, "nticks": 7},
        yaxis={
            "gridcolor": GRID,
            "zeroline": False,
            "fixedrange": True,
            "nticks": 4,
            "rangemode": "tozero",
            "ticksuffix": " %",
        },
    )
    return figure


def _to_the_edges(values: list[Any]) -> list[Any]:
    """The values of the bins' middles, the first and the last again: a line of steps goes from edge to edge."""
    return [*values[:1], *values, *values[-1:]]
