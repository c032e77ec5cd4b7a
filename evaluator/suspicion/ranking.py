"""The ranking: strengths of several signals put together into one score, under weights that somebody chose.

A score is a weighted noisy-or: the chance that at least one of independent causes is at work,

    score = 1 - product over signals of (1 - strength) ** weight

so it lies in [0, 1], never falls when a strength or a weight rises, is the strength itself for one signal of weight 1,
and does not know a signal of weight 0. Strengths end below 1 (``trust``), so that weights still count at the top.

A choice is written as ``vote:2,snr:0``: only weights that are not the usual 1, in the order of the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from evaluator.suspicion import SIGNALS
from explorer.errors import QueryError
from explorer.querying.conditions import nearest

PARAMETER = "signals"
"""The name of a choice in an address."""

USUAL = 1.0
MOST = 5.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What each signal counts: ``weights`` has those that do not count once; 0 switches a signal off."""

    weights: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> Choice:
        """The choice that ``str`` wrote.

        Raises:
            QueryError: there is no such signal, or a weight is not a number from 0 to 5.
        """
        weights = {}
        for part in filter(None, (text or "").split(",")):
            name, _, written = part.partition(":")
            if name not in SIGNALS:
                raise QueryError(f'there is no signal "{name[:40]}"{nearest(name, SIGNALS)}')
            weights[name] = _weight(name, written)
        return cls.weighing(weights)

    @classmethod
    def weighing(cls, weights: Mapping[str, float]) -> Choice:
        """The choice of these weights, in the order of the table and without the usual ones."""
        return cls({name: weights[name] for name in SIGNALS if weights.get(name, USUAL) != USUAL})

    def __str__(self) -> str:
        return ",".join(f"{name}:{weight:g}" for name, weight in self.weights.items())

    def weight(self, name: str) -> float:
        """What the signal counts."""
        return self.weights.get(name, USUAL)

    def replaced(self, name: str, weight: float) -> Choice:
        """The choice with another weight for a signal."""
        return Choice.weighing({**self.weights, name: min(MOST, max(0.0, weight))})

    def switched_on(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the signals that count."""
        return tuple(name for name in names if self.weight(name) > 0)


def _weight(name: str, written: str) -> float:
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not 0 <= weight <= MOST:
        raise QueryError(f'the weight of the signal "{name}" is "{written[:40]}", expected a number from 0 to {MOST:g}')
    return weight


def combined(strengths: Mapping[str, np.ndarray], choice: Choice, size: int) -> np.ndarray:
    """The module's score for arrays of shape (size,), float32."""
    left = np.zeros(size, np.float64)
    for name, strength in strengths.items():
        weight = choice.weight(name)
        if weight > 0:
            left += weight * np.log1p(-np.clip(strength.astype(np.float64), 0.0, 1 - 1e-9))
    return np.asarray(0.0 - np.expm1(left), np.float32)  # no -0.0 in an export
