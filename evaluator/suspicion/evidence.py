"""What a signal of suspicion looks at, what it finds, and how it explains itself.

A corpus is read once, batch by batch in row order. A signal *observes* every batch (numbers and texts, one for each
row), and after the last one *judges* what it observed: some can only tell what is odd when they know what is usual.

Conventions: a strength lies in [0, 1] and is at most the signal's ``trust``: roughly the chance that an utterance
which shows the sign as clearly as can be is really wrong. 0 is nothing, and has no reason. A reason is part of a
sentence with the numbers behind it; it never contains "; ", which stands between reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.alignment_edits import Edits, find_edits
from evaluator.scoring.counting import NORMALIZED, normalised

SEPARATOR = "; "

Observed: TypeAlias = Mapping[str, pa.ChunkedArray]
"""What a signal observed, by its own names: one value for every row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """All that a system got right and wrong in the whole corpus."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int
    character_errors: int
    reference_characters: int

    @property
    def words(self) -> int:
        """The words of the references that were scored."""
        return self.hits + self.substitutions + self.deletions

    @property
    def cer(self) -> float | None:
        """The pooled character error rate, a fraction; None without a base."""
        return self.character_errors / self.reference_characters if self.reference_characters else None

    def share(self, kind: str) -> float:
        """How often the kind of error ("substitutions", "deletions", "insertions") happens a reference word.

        One error and two words are added, so that no rate is 0 or 1 (Laplace).
        """
        return min(0.99, (int(getattr(self, kind)) + 1) / (self.words + 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a corpus before it is read: enough to say which signals it allows.

    ``references`` counts the utterances that have one; ``normalizer`` is as ``order_of`` writes it; ``systems`` are
    those that are scored, with their pooled counts; ``columns`` the names of all columns; ``speech`` names the column
    with the share of speech, None when nobody looked for speech; ``folders`` are those that relative paths count from,
    by source. ``same`` (vote.py) is found in the first batch.
    """

    size: int
    references: int
    normalizer: Mapping[str, str]
    systems: Mapping[str, Pooled]
    columns: frozenset[str]
    alphabet: Mapping[str, int]
    speech: str | None = None
    same: float = 0.4
    folders: Mapping[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether the sound has been measured."""
        return "signal_sample_rate" in self.columns


class Batch:
    """Some rows of a corpus: its columns, and what several signals make of them, made once."""

    def __init__(self, content: pa.RecordBatch, facts: Facts, chosen: Normalizer) -> None:
        self._content = content
        self._facts = facts
        self._chosen = chosen
        self._texts: dict[str, pa.StringArray] = {}
        self._edits: Edits | None = None

    def __len__(self) -> int:
        return int(self._content.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._content.schema.names

    @property
    def rows(self) -> pa.Array:
        """The row numbers, int32."""
        return self._content.column("row")

    def values(self, name: str) -> pa.Array:
        """A column as it is."""
        return self._content.column(name)

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers as float64, NaN where there is none."""
        values = self._content.column(name)
        return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)

    def words(self, name: str) -> pa.StringArray:
        """A column of texts as the corpus's normalizer makes them, or made them: words joined by single spaces."""
        if name not in self._texts:
            made = f"{NORMALIZED}{name}"
            known = made in self
            self._texts[name] = self.values(made) if known else normalised(self.values(name), self._chosen)
        return self._texts[name]

    @property
    def edits(self) -> Edits:
        """What each system (by its number in ``facts.systems``) heard otherwise than its reference says.

        Rows in which fewer than two systems err, or the only one, are left out: nothing is said about them.
        """
        if self._edits is None:
            hypotheses = [self.words(f"hypothesis_{system}") for system in self._facts.systems]
            self._edits = find_edits(self.words("reference"), hypotheses, at_least=min(2, len(hypotheses)))
        return self._edits


@dataclass(frozen=True, slots=True)
class Finding:
    """What a signal found: ``strengths``, float32 of shape (rows,), and ``reasons``, null where the strength is 0.

    ``lacking`` says why nothing can be told after all; the strengths are 0 then.
    """

    strengths: np.ndarray
    reasons: pa.ChunkedArray | pa.Array
    lacking: str = ""

    @classmethod
    def none(cls, size: int, lacking: str) -> Finding:
        """Nothing can be told, and why."""
        return cls(np.zeros(size, np.float32), pa.nulls(size, pa.string()), lacking)

    @classmethod
    def told(cls, strengths: np.ndarray, tell: Callable[[np.ndarray], Iterable[str]]) -> Finding:
        """``tell`` is given the numbers of the rows whose strength is above 0, and gives a reason for each."""
        kept = np.where(strengths > LEAST, strengths, 0.0).astype(np.float32)
        flagged = np.flatnonzero(kept)
        places = np.full(len(kept), -1, np.int64)
        places[flagged] = np.arange(flagged.size)
        reasons = pa.array([one.replace(SEPARATOR, ", ") for one in tell(flagged)], pa.string())
        return cls(kept, reasons.take(pa.array(places, mask=places < 0)))

    @classmethod
    def as_observed(cls, observed: Observed, facts: Facts) -> Finding:
        """What was observed (``observed``), as it is: the other rows change nothing about it."""
        return cls(observed["strength"].to_numpy(), observed["reason"])

    def observed(self) -> dict[str, pa.Array]:
        """As the columns of a batch, where each utterance is judged by itself, before all are observed."""
        return {"strength": pa.array(self.strengths), "reason": self.reasons}


LEAST = 0.005
"""Strengths below this are nothing: no page could show them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One line of the table SIGNALS.

    ``needs`` says in words what must be there, ``unit`` what its numbers are in. ``lacking`` gives the sentence why a
    corpus does not allow it, "" when it does; ``columns`` are those that ``observe`` reads.
    """

    name: str
    title: str
    help: str
    unit: str
    needs: str
    trust: float
    lacking: Callable[[Facts], str]
    columns: Callable[[Facts], Sequence[str]]
    observe: Callable[[Batch, Facts], Mapping[str, pa.Array]]
    judge: Callable[[Observed, Facts], Finding]


def floats(values: pa.ChunkedArray) -> np.ndarray:
    """Observed numbers as float64, NaN where there is none."""
    return np.asarray(values.cast(pa.float64()).to_numpy(), np.float64)


def hypothesis_columns(facts: Facts) -> tuple[str, ...]:
    """The reference, and what every system heard: normalised already where a normalizer keeps its texts."""
    return tuple(words_column(facts, name) for name in ("reference", *(f"hypothesis_{one}" for one in facts.systems)))


def words_column(facts: Facts, name: str) -> str:
    """The column that ``Batch.words`` of a column of texts reads."""
    return f"{NORMALIZED}{name}" if f"{NORMALIZED}{name}" in facts.columns else name


def score_columns(facts: Facts, *kinds: str) -> tuple[str, ...]:
    """The columns of these kinds of every system: ``hits_tiny``, ..."""
    return tuple(f"{kind}_{system}" for kind in kinds for system in facts.systems)


def needs_systems(facts: Facts, least: int) -> str:
    """Why a signal that needs so many scored systems cannot be told, "" when it can."""
    if not facts.references:
        return "there are no references to compare with"
    found = len(facts.systems)
    if found >= least:
        return ""
    wanted = "a system's hypotheses" if least == 1 else "the hypotheses of two systems"
    return f"it needs {wanted}, and there are {'none' if not found else 'those of one only'}"


def needs_sound(facts: Facts) -> str:
    """Why a signal of the sound cannot be told, "" when it can."""
    return "" if facts.measured else "the sound has not been measured yet"
