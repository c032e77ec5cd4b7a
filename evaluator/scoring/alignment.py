"""The one aligner: which reference token became which hypothesis token, and how many errors that is.

Every number and every picture of an alignment comes from ``_edits``, so they cannot disagree. The counts of big corpora
come from a compiled form of the same algorithm (alignment_kernel.py); tests hold both against each other.

Conventions: unit costs (a substitution costs as much as a deletion or an insertion), so the number of errors is the
Levenshtein distance and unique. Its split into substitutions, deletions and insertions, and the places of errors, are
not. Among alignments with the fewest errors the choice is this: words that both texts begin and end with are matched;
between them, from the end to the beginning, a deletion is taken where there can be one, else a substitution, else an
insertion, else a match. That is rapidfuzz's choice, which jiwer 4 inherits: its counts equal these for the same tokens.
sclite weighs a substitution 4 and the others 3, so its split can differ, and its total can only be higher.

Sources: Levenshtein (1966); rapidfuzz's bit-parallel ``Levenshtein.editops`` (after Hyyrö, 2003).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from rapidfuzz.distance import Editops, Levenshtein, Opcodes, Postfix, Prefix

from evaluator.scoring.error_rate import ErrorCounts

Kind = Literal["equal", "substitute", "delete", "insert"]
KINDS: dict[str, Kind] = {"equal": "equal", "replace": "substitute", "delete": "delete", "insert": "insert"}
LETTERS: dict[Kind, str] = {"equal": "", "substitute": "S", "delete": "D", "insert": "I"}
GAP = "***"


@dataclass(frozen=True, slots=True)
class Op:
    """A stretch of one kind: the tokens ``reference`` of the one side against the tokens ``hypothesis`` of the other.

    Both ranges are equally long for ``equal`` and ``substitute``; one is empty for ``delete`` and ``insert``.
    """

    kind: Kind
    reference: range
    hypothesis: range


@dataclass(frozen=True, slots=True)
class Alignment:
    """Both token sequences and the ops that cover each of them exactly once, in order."""

    reference: tuple[str, ...]
    hypothesis: tuple[str, ...]
    ops: tuple[Op, ...]

    @property
    def counts(self) -> ErrorCounts:
        """How often the alignment hit, substituted, deleted and inserted."""
        found = dict.fromkeys(LETTERS, 0)
        for op in self.ops:
            found[op.kind] += max(len(op.reference), len(op.hypothesis))
        return ErrorCounts(found["equal"], found["substitute"], found["delete"], found["insert"])

    def pairs(self) -> Iterator[tuple[Kind, str | None, str | None]]:
        """Token by token: kind, reference token (None: inserted), hypothesis token (None: deleted)."""
        for op in self.ops:
            for step in range(max(len(op.reference), len(op.hypothesis))):
                yield (
                    op.kind,
                    self.reference[op.reference[step]] if op.reference else None,
                    self.hypothesis[op.hypothesis[step]] if op.hypothesis else None,
                )


@dataclass(frozen=True, slots=True)
class Cell:
    """What one system has in a column; ``kind`` is None where only another system inserted something."""

    kind: Kind | None
    token: str | None


@dataclass(frozen=True, slots=True)
class AlignedColumn:
    """One column under a shared reference: its token (None: inserted by some system), and a cell for every system."""

    reference: str | None
    cells: tuple[Cell, ...]


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Alignment:
    """Align two token sequences with the fewest errors; ties as the module says."""
    ops = tuple(
        Op(KINDS[code.tag], range(code.src_start, code.src_end), range(code.dest_start, code.dest_end))
        for code in Opcodes.from_editops(_edits(reference, hypothesis))
    )
    return Alignment(tuple(reference), tuple(hypothesis), ops)


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    """``align(reference, hypothesis).counts`` without building the alignment."""
    substitutions, insertions, missed = _summary(reference, hypothesis)
    return ErrorCounts(len(reference) - len(missed), substitutions, len(missed) - substitutions, insertions)


TextCounts: TypeAlias = tuple[int, int, int, int, int, Sequence[str]]
"""Hits, substitutions, deletions, insertions, character errors, and in order the reference words that were substituted
or deleted. A bare tuple, because a million of them are made."""


def count_texts(reference: str, hypothesis: str) -> TextCounts:
    """Word and character errors between two normalised texts (words joined by single spaces).

    The counts are those of ``align(reference.split(), hypothesis.split())``. Only what lies between the words that
    both texts begin and end with is split and aligned, for speed; the aligner leaves the same words out, so even ties
    come out the same. A million pairs of 20 words take about 4 s.
    """
    length = reference.count(" ") + 1 if reference else 0
    if reference == hypothesis:
        return length, 0, 0, 0, 0, ()
    reference, hypothesis = _differing(reference, hypothesis)
    substitutions, insertions, missed = _summary(reference.split(), hypothesis.split())
    errors = Levenshtein.distance(reference, hypothesis)
    return length - len(missed), substitutions, len(missed) - substitutions, insertions, errors, missed


def text_edits(reference: str, hypothesis: str) -> list[tuple[str | None, str | None]]:
    """The errors between two normalised texts in their order: what was said, and what was heard instead.

    They are the pairs of ``align(reference.split(), hypothesis.split())`` that are no hits, as many as ``count_texts``
    counts: (word, other word) is a substitution, (word, None) a deletion, (None, word) an insertion.
    """
    if reference == hypothesis:
        return []
    reference, hypothesis = _differing(reference, hypothesis)
    said, heard = reference.split(), hypothesis.split()
    return [
        (None if tag == "insert" else said[place], None if tag == "delete" else heard[other])
        for tag, place, other in cast("list[tuple[str, int, int]]", _edits(said, heard).as_list())
    ]


def word_edits(reference: str, hypothesis: str) -> list[tuple[str, int, int]]:
    """What ``align`` of two normalised texts' words does not call equal, in order, token by token.

    ("replace", place in the reference, place in the hypothesis), ("delete", ...), ("insert", ...): as rapidfuzz names
    them; an insertion's place in the reference is that of the word it stands before.
    """
    found = _edits(reference.split(), hypothesis.split()).as_list()
    return cast("list[tuple[str, int, int]]", found)


def count_character_errors(reference: str, hypothesis: str) -> int:
    """The character edit distance of two texts, spaces between words included."""
    return int(Levenshtein.distance(reference, hypothesis))


def align_many(reference: Sequence[str], hypotheses: Sequence[Sequence[str]]) -> tuple[AlignedColumn, ...]:
    """Several hypotheses under one reference, column by column.

    A column of the reference holds what each system made of that token. Tokens that systems inserted at the same place
    share columns from left to right; ``Cell(None, None)`` fills the systems that inserted fewer. Every system's
    cells, read without the fillers, are exactly ``align(reference, hypothesis).pairs()``.
    """
    at: list[list[Cell]] = [[] for _ in hypotheses]
    before: list[list[list[str]]] = [[[] for _ in range(len(reference) + 1)] for _ in hypotheses]
    for system, hypothesis in enumerate(hypotheses):
        for kind, _, token in align(reference, hypothesis).pairs():
            if kind == "insert" and token is not None:
                before[system][len(at[system])].append(token)
            else:
                at[system].append(Cell(kind, token))
    columns = []
    for place in range(len(reference) + 1):
        inserted = [system[place] for system in before]
        for depth in range(max(map(len, inserted), default=0)):
            cells = [Cell("insert", tokens[depth]) if depth < len(tokens) else Cell(None, None) for tokens in inserted]
            columns.append(AlignedColumn(None, tuple(cells)))
        if place < len(reference):
            columns.append(AlignedColumn(reference[place], tuple(system[place] for system in at)))
    return tuple(columns)


def draw(alignment: Alignment) -> str:
    """The alignment as three lines of text: REF, HYP, and the letters S, D, I under the errors."""
    rows: list[list[str]] = [["REF:"], ["HYP:"], ["    "]]
    for kind, reference, hypothesis in alignment.pairs():
        shown = (reference or GAP, hypothesis or GAP, LETTERS[kind])
        width = max(map(len, shown))
        for row, token in zip(rows, shown, strict=True):
            row.append(token.ljust(width))
    return "\n".join(" ".join(row).rstrip() for row in rows)


def _differing(reference: str, hypothesis: str) -> tuple[str, str]:
    """Two different texts without the words that both begin with, and the words that both then end with."""
    start = reference.rfind(" ", 0, Prefix.similarity(reference, hypothesis)) + 1
    reference, hypothesis = reference[start:], hypothesis[start:]
    end = reference.find(" ", len(reference) - Postfix.similarity(reference, hypothesis))
    if end >= 0:
        reference, hypothesis = reference[:end], hypothesis[: end - len(reference)]
    return reference, hypothesis


def _summary(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[int, int, list[str]]:
    """Substitutions, insertions, and the reference tokens that were substituted or deleted."""
    substitutions = insertions = 0
    missed = []
    for tag, place, _ in cast("list[tuple[str, int, int]]", _edits(reference, hypothesis).as_list()):
        if tag == "insert":
            insertions += 1
            continue
        missed.append(reference[place])
        if tag == "replace":
            substitutions += 1
    return substitutions, insertions, missed


def _edits(reference: Sequence[str], hypothesis: Sequence[str]) -> Editops:
    """The edits that turn the reference into the hypothesis: the only call of the aligner."""
    return Levenshtein.editops(reference, hypothesis)
