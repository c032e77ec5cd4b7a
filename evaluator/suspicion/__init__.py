"""Suspicion: named signals that an utterance is wrong, and a ranking by all of them together.

A signal is one file (or a part of one) and one line in SIGNALS: what it is called, what it needs, how it observes and
judges (evidence.py). ranking.py combines them, building.py makes them for a corpus, store.py keeps them, queue.py tells
what a page shows.
"""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.suspicion.edges import EDGES
from evaluator.suspicion.emptiness import EMPTY
from evaluator.suspicion.evidence import Signal
from evaluator.suspicion.far_off import FAR_OFF
from evaluator.suspicion.levels import CLIPPED, SILENT, SNR
from evaluator.suspicion.pace import PACE
from evaluator.suspicion.repeats import SAME_SOUND, SAME_TEXT
from evaluator.suspicion.sound_format import CHANNELS, SAMPLE_RATE
from evaluator.suspicion.vote import VOTE
from evaluator.suspicion.writing import ALPHABET, SCRIPT

SIGNALS: Mapping[str, Signal] = {
    signal.name: signal
    for signal in (
        VOTE,
        FAR_OFF,
        PACE,
        EDGES,
        EMPTY,
        SILENT,
        CLIPPED,
        SNR,
        SAMPLE_RATE,
        CHANNELS,
        SAME_SOUND,
        SAME_TEXT,
        ALPHABET,
        SCRIPT,
    )
}
"""All signals by name, in the order in which they are shown."""
