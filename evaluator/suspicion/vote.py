"""The vote: several systems agree with each other against the reference.

For every word of the reference, and every gap between two, the systems vote on what was said. With

    e_s          how often system s gets a reference word wrong: (S + D) / words, pooled over the corpus
    same         how often two systems that take a word for another take it for the same one: counted in the corpus,
                 with DOUBT pairs at the usual SAME added, so that few pairs do not tell much
    q_s          how often it makes a mistake of this kind: S / words * same (one certain other word), D / words
                 (nothing), I / words * same (one certain additional word)

a system that says the word v adds log((1 - e_s) / q_s), its log-likelihood ratio of "v was said" against "the reference
is right and s is mistaken"; a system that agrees with the reference subtracts as much; one that says something else
again says nothing. At least two must say v. The sum, times EVIDENCE because systems that learnt from alike data make
the same mistakes, is added to the log odds of PRIOR, the share of reference words that are wrong as a rule:

    p = 1 / (1 + exp(-(log(PRIOR / (1 - PRIOR)) + EVIDENCE * sum)))

So p grows with the number of systems that agree and with their usual accuracy. (This is the naive Bayes vote of Dawid
and Skene, 1979, with error rates from the pooled counts in place of an EM fit.) An utterance's strength is

    trust * (1 - product over words of (1 - SHARED * p * agreeing / voting))

SHARED, because even unanimous systems are wrong half the time (names, compounds): each word that all are sure of halves
what is left. The share that agrees, because where the others say something else again the sound is hard to understand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.scoring.alignment_edits import DELETE, INSERT, NOTHING, SUBSTITUTE, Edits
from evaluator.suspicion.evidence import Batch, Facts, Finding, Signal, hypothesis_columns, needs_systems

PRIOR = 0.005
SAME = 0.4
DOUBT = 20  # pairs
EVIDENCE = 0.5
SHARED = 0.5
TRUST = 0.95
TOLD = 2
"""So many differences are told in words, the others counted."""

_KINDS = {SUBSTITUTE: "substitutions", DELETE: "deletions", INSERT: "insertions"}


def alike(edits: Edits) -> float:
    """How often two systems that take a word for another take it for the same one: the module's ``same``."""
    chosen = edits.kind == SUBSTITUTE
    row, place, heard = (values[chosen].astype(np.int64) for values in (edits.row, edits.place, edits.heard))
    order = np.lexsort((heard, place, row))
    at, said = _groups((row[order], place[order])), _groups((row[order], place[order], heard[order]))
    both, agreeing = (float((n * (n - 1) // 2).sum()) for n in (np.bincount(at), np.bincount(said)))
    return (agreeing + SAME * DOUBT) / (both + DOUBT)


def weights(facts: Facts) -> np.ndarray:
    """What a vote of each system for each kind of edit counts, float64 of shape (systems, 3); never below 0."""
    found = np.zeros((len(facts.systems), 3))
    for number, pooled in enumerate(facts.systems.values()):
        right = max(0.01, 1 - (pooled.substitutions + pooled.deletions + 1) / (pooled.words + 2))
        for kind, name in _KINDS.items():
            mistake = pooled.share(name) * (1.0 if kind == DELETE else facts.same)
            found[number, kind] = max(0.0, np.log(right / mistake))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested:
    """n words or gaps on which systems outvote the reference, in the order of row and place; arrays of shape (n,).

    ``chance`` is the module's p, ``agree`` of ``voting`` systems say ``heard`` (a number into the edits' words).
    """

    row: np.ndarray
    kind: np.ndarray
    place: np.ndarray
    heard: np.ndarray
    agree: np.ndarray
    voting: np.ndarray
    chance: np.ndarray


def contested(edits: Edits, weight: np.ndarray) -> Contested:
    """What at least two systems say alike, at most one thing for each word or gap: the likeliest."""
    gap = edits.kind == INSERT
    order = np.lexsort((edits.heard, edits.kind, edits.order, edits.place, gap, edits.row))
    row, kind, place, heard = edits.row[order], edits.kind[order], edits.place[order], edits.heard[order]
    site_keys, system = (row, gap[order], place, edits.order[order]), edits.system[order]
    site = _groups(site_keys)
    said = _groups((*site_keys, kind, heard))
    first = np.flatnonzero(np.diff(said, prepend=-1))
    kinds, sites = kind[first].astype(np.int64), site[first]
    agree = np.bincount(said, minlength=first.size)
    votes = np.bincount(said, weights=weight[system, kind], minlength=first.size)
    # The systems that agree with the reference: all that were compared but those with an edit here.
    everybody = edits.compared.T.astype(np.float64) @ weight
    erring = np.stack([np.bincount(site, weights=weight[system, k]) for k in range(3)], axis=1)
    against = everybody[row[first], kinds] - erring[sites, kinds]
    odds = np.log(PRIOR / (1 - PRIOR)) + EVIDENCE * (votes - np.maximum(0.0, against))
    chance = np.where(agree > 1, 1 / (1 + np.exp(-np.clip(odds, -50, 50))), 0.0)
    best = np.lexsort((-chance, sites))
    best = best[np.diff(sites[best], prepend=-1) > 0]
    best = best[chance[best] > PRIOR]
    return Contested(
        row=row[first][best],
        kind=kinds[best],
        place=place[first][best],
        heard=heard[first][best],
        agree=agree[best],
        voting=edits.compared.sum(axis=0)[row[first][best]],
        chance=chance[best],
    )


def _groups(keys: Sequence[np.ndarray]) -> np.ndarray:
    """For sorted keys the number of the run of equal ones that each belongs to, from 0."""
    if not keys[0].size:
        return np.zeros(0, np.int64)
    fresh = np.zeros(keys[0].size, bool)
    for key in keys:
        fresh[1:] |= key[1:] != key[:-1]
    return np.cumsum(fresh)


def strengths(found: Contested, rows: int) -> np.ndarray:
    """The strength of each of so many rows, float64."""
    sure = SHARED * found.chance * found.agree / np.maximum(found.voting, 1)
    left = np.bincount(found.row, weights=np.log1p(-sure), minlength=rows)
    return np.asarray(TRUST * -np.expm1(left), np.float64)


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    edits = batch.edits
    found = contested(edits, weights(facts))
    lists = pc.split_pattern(batch.words("reference").fill_null(""), " ")

    def tell(flagged: np.ndarray) -> Iterator[str]:
        start = np.searchsorted(found.row, flagged, side="left").tolist()
        stop = np.searchsorted(found.row, flagged, side="right").tolist()
        said = _Words(found, edits, lists)
        return (said.sentence(a, b) for a, b in zip(start, stop, strict=True))

    told = Finding.told(strengths(found, len(batch)), tell)
    return told.observed()


class _Words:
    """Contested words as sentences."""

    def __init__(self, found: Contested, edits: Edits, lists: pa.ListArray) -> None:
        first = lists.offsets.to_numpy()[found.row]
        stop = lists.offsets.to_numpy()[found.row + 1]
        at = first + found.place
        inside = found.place < edits.reference_words[found.row]
        before = found.place > 0
        self._reference = lists.values.take(pa.array(at, mask=~inside | (at >= stop))).to_pylist()
        self._before = lists.values.take(pa.array(np.maximum(at - 1, 0), mask=~before)).to_pylist()
        self._heard = edits.words.take(pa.array(found.heard, mask=found.heard == NOTHING)).to_pylist()
        self._kind, self._place = found.kind.tolist(), found.place.tolist()
        self._agree, self._voting = found.agree.tolist(), found.voting.tolist()
        self._chance = found.chance.tolist()

    def sentence(self, start: int, stop: int) -> str:
        """The strongest of these contested words in their order, neighbours of one kind together."""
        stretches: list[list[int]] = []
        for number in range(start, stop):
            if stretches and self._joins(stretches[-1][-1], number):
                stretches[-1].append(number)
            else:
                stretches.append([number])
        strongest = sorted(stretches, key=lambda one: -sum(self._chance[n] for n in one))[:TOLD]
        told = ", ".join(self._clause(one) for one in stretches if one in strongest)
        rest = stop - start - sum(map(len, strongest))
        return told + (f", and {rest} more word{'s' if rest > 1 else ''} in dispute" if rest else "")

    def _joins(self, last: int, number: int) -> bool:
        step = 0 if self._kind[number] == INSERT else 1
        alike = self._kind[last] == self._kind[number] and self._agree[last] == self._agree[number]
        return alike and self._place[number] - self._place[last] == step

    def _clause(self, numbers: Sequence[int]) -> str:
        first = numbers[0]
        who = f"{self._agree[first]} of {self._voting[first]} systems"
        heard = " ".join(self._heard[n] or "" for n in numbers)
        written = " ".join(self._reference[n] or "" for n in numbers)
        if self._kind[first] == DELETE:
            return f"{who} hear nothing where the reference says “{written}”"
        if self._kind[first] == INSERT:
            where = f"after “{self._before[first]}”" if self._before[first] else "at the beginning"
            return f"{who} hear “{heard}” {where}, which the reference lacks"
        return f"{who} say “{heard}” where the reference says “{written}”"


VOTE = Signal(
    name="vote",
    title="Systems agree against the reference",
    help="Several systems hear the same word where the reference has another, or none. It counts more the more systems "
    "agree, the better they usually are, and the fewer side with the reference.",
    unit="systems",
    needs="hypotheses of two systems",
    trust=TRUST,
    lacking=lambda facts: needs_systems(facts, 2),
    columns=hypothesis_columns,
    observe=_observe,
    judge=Finding.as_observed,
)
