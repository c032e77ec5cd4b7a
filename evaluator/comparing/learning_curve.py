"""Learning curves: the error rate of checkpoints of one training against the step (or epoch) they were saved at.

A system belongs to a curve by its name: ``mine-epoch3-step400`` is the curve "mine" at step 400 (checkpoints.py).
Points are standings on the same utterances, so a curve is a comparison and its band the standings' intervals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluator.comparing.comparison import Comparison, Standing
from evaluator.transcribing.checkpoints import moment_of
from explorer.spreadsheet import lines

Axis = Literal["step", "epoch"]
AXES: tuple[Axis, ...] = ("step", "epoch")
_MOMENT = re.compile(
    r"[-_.]*(?:global[-_]?)?(?:epochs?|steps?|[es])?[-_=]?\d+(?:\.\d+)?k?(?:[-_]?steps?)?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Point:
    """One checkpoint on a curve: ``at`` which step or epoch, and its standing."""

    at: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Curve:
    """The checkpoints of one training in order; ``best`` is the one with the lowest rate, None without any rate."""

    name: str
    points: tuple[Point, ...]

    @property
    def best(self) -> Point | None:
        """The point with the lowest word error rate, the earliest of several."""
        rated = [point for point in self.points if point.standing.wer is not None]
        return min(rated, key=lambda point: point.standing.wer or 0.0, default=None)


def axes_of(systems: Sequence[str]) -> list[Axis]:
    """The axes along which at least two checkpoints of one training stand, the one of more systems first."""
    known = {axis: sum(map(len, _trainings(systems, axis).values())) for axis in AXES}
    return sorted((axis for axis in AXES if known[axis]), key=lambda axis: -known[axis])


def drawable(systems: Sequence[str], axis: Axis) -> list[str]:
    """The systems that stand on a curve along the axis, in their order."""
    standing = {name for names in _trainings(systems, axis).values() for name in names}
    return [name for name in systems if name in standing]


def _trainings(systems: Sequence[str], axis: Axis) -> dict[str, list[str]]:
    """The systems of each training that was saved at two or more moments: one alone is a point, not a curve."""
    found: dict[str, list[str]] = {}
    for system in systems:
        if getattr(moment_of(system), axis) is not None:
            found.setdefault(training_of(system), []).append(system)
    return {
        name: members
        for name, members in found.items()
        if len({getattr(moment_of(member), axis) for member in members}) > 1
    }


def training_of(system: str) -> str:
    """The name of the training that a checkpoint's name begins with: ``mine`` of ``mine-epoch3-step400-last``."""
    name = re.sub(r"[-_.]last$", "", system)
    while (shorter := _MOMENT.sub("", name)) and shorter != name and moment_of(name) != moment_of(shorter):
        name = shorter
    return name


def curves(compared: Comparison, axis: Axis) -> tuple[tuple[Curve, ...], tuple[str, ...]]:
    """The curves of a comparison along an axis, and the systems that stand on none: their names tell no moment, or
    their training has only that one.

    Of several checkpoints of one training at the same moment (``-last`` is often a copy) the first by name is drawn.
    """
    found: dict[str, dict[int, Standing]] = {}
    others = []
    drawn = drawable([row.system for row in compared.standings], axis)
    for standing in sorted(compared.standings, key=lambda row: row.system):
        if standing.system in drawn:
            at = getattr(moment_of(standing.system), axis)
            found.setdefault(training_of(standing.system), {}).setdefault(at, standing)
        else:
            others.append(standing.system)
    made = [
        Curve(name, tuple(Point(at, standing) for at, standing in sorted(points.items())))
        for name, points in sorted(found.items())
    ]
    return tuple(made), tuple(others)


def as_csv(compared: Comparison, axis: Axis) -> str:
    """A line for each point: training, step or epoch, system, rate, interval, words; fractions, empty if undefined."""
    names = ["training", axis, "system", "wer", "low", "high", "words", "utterances", "best", "normalizer"]
    used = f"{compared.normalizer.name}-{compared.normalizer.version}"
    records = []
    for curve in curves(compared, axis)[0]:
        for point in curve.points:
            row, band = point.standing, point.standing.interval
            ends = [None, None] if band is None else [band.low, band.high]
            sizes = [row.counts.words.length, row.utterances]
            records.append([curve.name, point.at, row.system, row.wer, *ends, *sizes, point == curve.best, used])
    return b"".join(lines(names, records)).decode()
