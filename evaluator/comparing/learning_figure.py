"""The picture of learning curves: the rate against step or epoch, each with the band of its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from evaluator.comparing.comparison_columns import span
from evaluator.comparing.learning_curve import Axis, Curve, Point
from explorer.comparing.comparison_figures import DASHES, SERIES
from explorer.figures import FRAME, GRID
from explorer.formatting import count, percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "triangle-down", "pentagon")
HEIGHT = 340
BAND_OPACITY = "2e"


def learning_figure(curves: Sequence[Curve], axis: Axis, *, href: Callable[[Point], str]) -> go.Figure:
    """Every curve with its band, the best point ringed and named; ``href`` is where a click on a point leads."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, curve in enumerate(curves):
        colour = SERIES[number % len(SERIES)]
        rated = [point for point in curve.points if point.standing.wer is not None]
        banded = [(point.at, point.standing.interval) for point in rated if point.standing.interval is not None]
        edges = [(at, band.high) for at, band in banded] + [(at, band.low) for at, band in reversed(banded)]
        figure.add_scatter(
            x=[at for at, _ in edges],
            y=[100 * end for _, end in edges],
            fill="toself",
            fillcolor=colour + BAND_OPACITY,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=[point.at for point in rated],
            y=[100 * (point.standing.wer or 0.0) for point in rated],
            name=escape(curve.name),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": DASHES[number % len(DASHES)]},
            marker={"color": colour, "size": 9, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            customdata=[href(point) for point in rated],
            hovertext=[_told(point, axis) for point in rated],
            hoverinfo="text",
        )
        if curve.best is not None:
            _mark(figure, curve.best, colour)
    several = len(curves) > 1
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 62, "r": 16, "t": 14, "b": 46},
        hovermode="closest",
        **{**FRAME, "showlegend": several},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": axis, "gridcolor": GRID, "zeroline": False, "fixedrange": True, "tickformat": "~s"},
        yaxis={
            "title": "WER",
            "ticksuffix": " %",
            "gridcolor": GRID,
            "zeroline": False,
            "fixedrange": True,
            "nticks": 6,
        },
    )
    if axis == "epoch":
        figure.update_xaxes(tickformat="d", dtick=1 if _width(curves) <= 12 else None)
    return figure


def _width(curves: Sequence[Curve]) -> int:
    places = [point.at for curve in curves for point in curve.points]
    return max(places) - min(places) if places else 0


def _told(point: Point, axis: Axis) -> str:
    row = point.standing
    lines = [f"<b>{escape(row.system)}</b>", f"{axis} {count(point.at)}", f"WER {percent(row.wer)}"]
    lines += [f"95 %: {span(row.interval)}"] if row.interval is not None else []
    return "<br>".join([*lines, f"{count(row.counts.words.length)} words"])


def _mark(figure: go.Figure, best: Point, colour: str) -> None:
    """A ring around the best point, and what it reached."""
    rate = 100 * (best.standing.wer or 0.0)
    ring = {"size": 19, "color": "rgba(0,0,0,0)", "line": {"width": 2, "color": colour}}
    figure.add_scatter(x=[best.at], y=[rate], mode="markers", marker=ring, hoverinfo="skip", showlegend=False)
    figure.add_annotation(
        x=best.at,
        y=rate,
        text=f"best: {percent(best.standing.wer)}",
        showarrow=False,
        yshift=-20,
        font={"color": colour, "size": 12},
    )
