"""Cut sound: the first or the last words of the reference are heard by no system.

A recording that begins too late or ends too early shows as deletions at the beginning or end of every hypothesis. With
k the number of words that even the system which hears most of them leaves out at one edge, and d_s the pooled share of
reference words that system s deletes, by chance all of them leave out k words with log probability k * sum of log d_s.
As for the vote (vote.py), that is set against PRIOR, with EVIDENCE for systems that make the same mistakes:

    p = 1 / (1 + exp(-(log(PRIOR / (1 - PRIOR)) - EVIDENCE * (k - SWALLOWED) * sum of log d_s)))
    strength = trust * (1 - product over both edges of (1 - p))

SWALLOWED, because one word at an edge is often short and hard to hear. An edge at which some system leaves out nothing
counts nothing. Utterances of which no system hears any word are silent, not cut; other signals are about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from evaluator.scoring.alignment_edits import DELETE, Edits
from evaluator.suspicion.evidence import Batch, Facts, Finding, Signal, hypothesis_columns, needs_systems
from evaluator.suspicion.vote import EVIDENCE, PRIOR

SWALLOWED = 0.5
TRUST = 0.85


def cut(edits: Edits) -> tuple[np.ndarray, np.ndarray]:
    """How many words every system leaves out at the beginning and at the end of each row, int64 (rows,) each."""
    rows, systems = len(edits.reference_words), edits.compared.shape[0]
    deleted = edits.kind == DELETE
    system, row, place = edits.system[deleted], edits.row[deleted], edits.place[deleted]
    pair = system.astype(np.int64) * rows + row
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    sizes = np.diff(np.append(first, pair.size))
    number = np.arange(pair.size) - np.repeat(first, sizes)  # of the deletion among those of its pair
    left = np.repeat(sizes, sizes) - 1 - number
    counts = []
    for at_edge in (place == number, edits.reference_words[row] - 1 - place == left):
        missing = np.bincount(pair, weights=at_edge, minlength=systems * rows).reshape(systems, rows).astype(np.int64)
        # Systems that were not compared have no say; without any there is nothing.
        least = np.where(edits.compared, missing, np.iinfo(np.int64).max).min(axis=0, initial=np.iinfo(np.int64).max)
        counts.append(np.where(edits.compared.any(axis=0), least, 0))
    everything = counts[0] >= edits.reference_words
    return np.where(everything, 0, counts[0]), np.where(everything, 0, counts[1])


def chance(words: np.ndarray, surprise: np.ndarray) -> np.ndarray:
    """The module's p for numbers of words, 0 for none; ``surprise`` is minus the sum of log d_s of each row."""
    odds = np.log(PRIOR / (1 - PRIOR)) + EVIDENCE * (words - SWALLOWED) * surprise
    return np.asarray(np.where(words > 0, 1 / (1 + np.exp(-np.clip(odds, -50, 50))), 0.0))


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    edits = batch.edits
    before, after = cut(edits)
    rare = np.array([-np.log(pooled.share("deletions")) for pooled in facts.systems.values()])
    surprise = rare @ edits.compared
    strengths = TRUST * (1 - (1 - chance(before, surprise)) * (1 - chance(after, surprise)))
    systems = edits.compared.sum(axis=0)

    def tell(flagged: np.ndarray) -> Iterator[str]:
        for row in flagged.tolist():
            edges = [
                f"the {which} {'word' if words == 1 else f'{words} words'}"
                for which, words in (("first", before[row]), ("last", after[row]))
                if words
            ]
            who = "the system does not hear" if systems[row] == 1 else f"none of {systems[row]} systems hears"
            yield f"{who} {' and '.join(edges)} of the reference: cut sound?"

    told = Finding.told(strengths, tell)
    return told.observed()


EDGES = Signal(
    name="edges",
    title="Cut at the beginning or end",
    help="No system hears the first or the last words of the reference, as when the sound was cut too short. It counts "
    "more the more words are missing, and the more rarely the systems leave words out.",
    unit="words",
    needs="hypotheses of a system",
    trust=TRUST,
    lacking=lambda facts: needs_systems(facts, 1),
    columns=hypothesis_columns,
    observe=_observe,
    judge=Finding.as_observed,
)
