"""Two pictures of a vocabulary: how counts fall with the rank, and how accuracy depends on the count.

Rank and count on logarithmic axes: G. K. Zipf, Human Behavior and the Principle of Least Effort (1949); a corpus of
natural language is nearly a straight line, a list of commands has steps and a cliff. Points carry their word as
``customdata``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from explorer.figures import BAR, FRAME, GRID
from explorer.formatting import count, percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 210


def rank_frequency(ranks: Sequence[int], counts: Sequence[int], words: Sequence[str]) -> go.Figure:
    """Counts of the words of some ranks, both axes logarithmic."""
    import plotly.graph_objects as go

    told = [
        f"<b>{escape(word)}</b><br>rank {count(rank)}<br>{count(number)} times"
        for word, rank, number in zip(words, ranks, counts, strict=True)
    ]
    line = {"color": BAR, "width": 1.5}
    marker = {"color": BAR, "size": 5, "line": {"width": 0}}
    drawn = go.Scatter(
        x=list(ranks), y=list(counts), mode="lines+markers", line=line, marker=marker, customdata=list(words),
        hovertext=told, hoverinfo="text",
    )  # fmt: skip
    return _framed(go.Figure(drawn), _decades("rank", ranks), _decades("count", counts))


def accuracy_by_count(counts: Sequence[int], accuracies: Sequence[float], words: Sequence[str]) -> go.Figure:
    """A point for each word: how often it was scored (logarithmic), and the share that was recognized."""
    import plotly.graph_objects as go

    told = [
        f"<b>{escape(word)}</b><br>{percent(accuracy)} of {count(number)}"
        for word, number, accuracy in zip(words, counts, accuracies, strict=True)
    ]
    marker = {"color": BAR, "size": 6, "opacity": 0.45, "line": {"width": 0}}
    drawn = go.Scatter(
        x=list(counts), y=[100 * accuracy for accuracy in accuracies], mode="markers", marker=marker,
        customdata=list(words), hovertext=told, hoverinfo="text",
    )  # fmt: skip
    vertical = {"title": "recognized", "ticksuffix": " %", "range": [-4, 104]}
    return _framed(go.Figure(drawn), _decades("scored occurrences", counts), vertical)


def _decades(title: str, numbers: Sequence[int]) -> dict[str, Any]:
    """A logarithmic axis of counts: none is below 1, so its marks are not either."""
    most = math.log10(max(numbers, default=1))
    margin = 0.05 * max(most, 1.0)
    least = math.log10(min(numbers, default=1))
    return {"title": title, "type": "log", "range": [least - margin, most + margin]}


def _framed(figure: go.Figure, horizontal: dict[str, Any], vertical: dict[str, Any]) -> go.Figure:
    common = {"zeroline": False, "fixedrange": True, "gridcolor": GRID, "title_standoff": 4}
    whole = {"dtick": 1} if horizontal.get("type") == "log" else {}
    upright = {"dtick": 1} if vertical.get("type") == "log" else {"nticks": 5}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 52, "r": 8, "t": 8, "b": 38},
        hovermode="closest",
        **FRAME,
        xaxis={**common, **horizontal, **whole, "tickformat": "~s", "showgrid": False},
        yaxis={**common, **vertical, **upright, "tickformat": "~s" if upright.get("dtick") else ""},
    )
    return figure
