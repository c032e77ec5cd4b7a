"""The picture of a normalizer: from the raw error rate, rule by rule, to the normalized one.

A waterfall: the first bar is the raw WER, the last one the normalized; between them hangs what each rule took away
(full) or added (outlined), from where the rules before it ended. Numbers stand at the bars: colour is not all there is.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from evaluator.comparing.contribution_report import change, rate, told
from evaluator.comparing.contributions import Contributions
from explorer.figures import BAR, FRAME, GRID, TEXT
from explorer.formatting import count

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 300


def waterfall(found: Contributions) -> go.Figure:
    """The WER of a system in percent after each rule; every rate must be defined."""
    import plotly.graph_objects as go

    rates = [100 * (stage.words.rate or 0.0) for stage in found.stages]
    steps = [after - before for before, after in pairwise(rates)]
    names = ["raw", *(stage.rule for stage in found.stages[1:]), "normalized"]
    hover = [
        f"<b>raw</b><br>{rate(found.raw.words.rate)}, {told(found.raw)}",
        *(
            f"<b>{escape(stage.rule)}</b><br>{change(found.points(place))} points to {rate(stage.words.rate)}"
            f"<br>{told(stage)}<br>{count(stage.changed)} utterances changed"
            for place, stage in enumerate(found.stages)
            if place
        ),
        f"<b>normalized</b><br>{rate(found.normalized.words.rate)}, {told(found.normalized)}",
    ]
    labels = [rate(found.raw.words.rate), *(change(found.points(p)) for p in range(1, len(rates)))]
    down = {"color": BAR, "line": {"color": BAR, "width": 1}}
    up = {"color": "rgba(0,0,0,0)", "line": {"color": TEXT, "width": 1.5}}
    figure = go.Figure(
        go.Waterfall(
            x=[escape(name) for name in names],
            y=[rates[0], *steps, 0],
            measure=["absolute", *(["relative"] * len(steps)), "total"],
            text=[*labels, rate(found.normalized.words.rate)],
            textposition="outside",
            cliponaxis=False,
            hovertext=hover,
            hoverinfo="text",
            decreasing={"marker": down},
            increasing={"marker": up},
            totals={"marker": {"color": TEXT}},
            connector={"line": {"color": GRID, "width": 1}},
        )
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 52, "r": 8, "t": 26, "b": 40},
        **FRAME,
        xaxis={"fixedrange": True, "automargin": True},
        yaxis={
            "title": "WER",
            "ticksuffix": " %",
            "fixedrange": True,
            "gridcolor": GRID,
            "zeroline": False,
            "rangemode": "tozero",
        },
    )
    return figure
