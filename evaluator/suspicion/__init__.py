"""Suspicion: named signals that an utterance is wrong, and a ranking by all of them together.

A signal is one file (or a part of one) and one line in SIGNALS: what it is called, what it needs, how it observes and
judges (evidence.py). ranking.py combines them, building.py makes them for a corpus, store.py keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.suspicion.evidence import Signal
from evaluator.suspicion.far_off import FAR_OFF
from evaluator.suspicion.pace import PACE
from evaluator.suspicion.vote import VOTE

SIGNALS: Mapping[str, Signal] = {signal.name: signal for signal in (VOTE, FAR_OFF, PACE)}
"""All signals by name, in the order in which they are shown."""
