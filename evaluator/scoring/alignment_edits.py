"""Where systems heard something else than the reference says: the aligner's edits of many pairs, as arrays.

Edits are those of ``align(reference.split(), hypothesis.split())`` for normalised texts. A place is the number of a
reference word; an insertion stands before the word of its place (at the number of words: after the last), and several
insertions at one place are numbered from 0 in their ``order``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.scoring.alignment import word_edits
from evaluator.scoring.alignment_batches import word_counts

SUBSTITUTE, DELETE, INSERT = range(3)
NOTHING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """n edits in the order of system, row and place, as arrays of shape (n,): int32, ``kind`` uint8.

    ``row`` counts from the first of the texts that were compared. ``heard`` is a number into ``words``, the different
    words that stand where the reference has others, NOTHING for deletions. ``reference_words``, int32 (rows,), are the
    lengths of the references; ``compared``, bool (systems, rows), says where there are both texts.
    """

    system: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    place: np.ndarray
    order: np.ndarray
    heard: np.ndarray
    words: pa.StringArray
    reference_words: np.ndarray
    compared: np.ndarray


def find_edits(references: pa.StringArray, hypotheses: Sequence[pa.StringArray], *, at_least: int = 1) -> Edits:
    """The edits of every system on the rows where at least so many of them differ from the reference."""
    lengths = word_counts(references)
    compared = np.zeros((len(hypotheses), len(references)), dtype=bool)
    differs = np.zeros_like(compared)
    for number, texts in enumerate(hypotheses):
        compared[number] = pc.and_(references.is_valid(), texts.is_valid()).to_numpy(zero_copy_only=False)
        differs[number] = pc.fill_null(pc.not_equal(references, texts), False).to_numpy(zero_copy_only=False)
    wanted = differs & (differs.sum(axis=0) >= at_least)
    found = [_of_system(references, texts, wanted[number]) for number, texts in enumerate(hypotheses)]
    row, kind, place, word = np.concatenate([np.zeros((4, 0), np.int32), *found], axis=1)
    sizes = [one.shape[1] for one in found]
    words, heard = _coded(hypotheses, sizes, row, word)
    system = np.repeat(np.arange(len(hypotheses), dtype=np.int32), sizes)
    return Edits(
        system=system,
        row=row,
        kind=kind.astype(np.uint8),
        place=place,
        order=_orders(system, row, kind, place),
        heard=heard,
        words=words,
        reference_words=lengths,
        compared=compared,
    )


def _of_system(references: pa.StringArray, hypotheses: pa.StringArray, wanted: np.ndarray) -> np.ndarray:
    """Row, kind, place, and number of the hypothesis word, int32 of shape (4, edits), of the wanted rows."""
    rows = np.flatnonzero(wanted).astype(np.int32)
    left, right = references.filter(pa.array(wanted)).to_pylist(), hypotheses.filter(pa.array(wanted)).to_pylist()
    flat: list[int] = []
    sizes = np.zeros(len(rows), np.int64)
    for number, (reference, hypothesis) in enumerate(zip(left, right, strict=True)):
        edits = word_edits(reference, hypothesis)
        sizes[number] = len(edits)
        for name, at, heard in edits:
            flat += (_KINDS[name], at, heard)
    kind, place, word = np.array(flat, np.int32).reshape(-1, 3).T
    return np.stack([np.repeat(rows, sizes), kind, place, np.where(kind == DELETE, NOTHING, word)])


_KINDS = {"replace": SUBSTITUTE, "delete": DELETE, "insert": INSERT}


def _coded(
    hypotheses: Sequence[pa.StringArray], sizes: Sequence[int], row: np.ndarray, word: np.ndarray
) -> tuple[pa.StringArray, np.ndarray]:
    """The different words that were heard, and for each edit the number of its word."""
    parts, start = [pa.array([], pa.string())], 0
    for texts, size in zip(hypotheses, sizes, strict=True):
        lists = pc.split_pattern(texts.fill_null(""), " ")
        its = slice(start, start + size)
        first = lists.offsets.to_numpy()[row[its]]
        flat = lists.values if isinstance(lists.values, pa.StringArray) else lists.values.combine_chunks()
        parts.append(flat.take(pa.array(first + word[its], mask=word[its] == NOTHING)))
        start += size
    coded = pa.concat_arrays(parts).dictionary_encode()
    return coded.dictionary, coded.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False)


def _orders(system: np.ndarray, row: np.ndarray, kind: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The number of each insertion among those of its system, row and place; 0 for all other edits."""
    if not row.size:
        return np.zeros(0, np.int32)
    same = (kind[1:] == INSERT) & (kind[:-1] == INSERT)
    for key in (system, row, place):
        same &= key[1:] == key[:-1]
    fresh = np.flatnonzero(np.concatenate([[True], ~same]))
    number = np.arange(row.size) - np.repeat(fresh, np.diff(np.append(fresh, row.size)))
    return number.astype(np.int32)
