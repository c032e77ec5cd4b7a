"""Word and character errors of many pairs of texts at once: the aligner's numbers for whole Arrow arrays.

Small batches are counted pair by pair, big ones by the compiled alignment_kernel.py, which would take longer to get
ready than small ones take to count. Both give the same numbers for every pair, ties included, so nobody sees which it
was; the tests compare them on random pairs, on long ones, and on several scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.scoring.alignment import TextCounts, count_texts, word_edits

MANY = 25_000
"""Batches of at least so many pairs are worth the two seconds that compiling takes, given that others follow."""


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The errors of n pairs: ``numbers``, int32 (5, n), has hits, substitutions, deletions, insertions and character
    errors, zeros where a text is missing; ``missed`` the substituted and deleted reference words of all pairs.

    ``marks``, int32 (errors, 3), tell every word error: the pair, the place in the reference (of an insertion: the
    number of the word it stands before, or of all words), and 1 for an insertion, else 0. They are in order.
    """

    numbers: np.ndarray
    missed: pa.StringArray
    marks: np.ndarray


def count_pairs(references: pa.StringArray, hypotheses: pa.StringArray, words: np.ndarray) -> BatchCounts:
    """Count the errors of normalised texts, pair by pair; the counts of a pair are those of ``count_texts``.

    ``words`` are ``word_counts(references)``.
    """
    wanted = pc.and_(references.is_valid(), hypotheses.is_valid()).to_numpy(zero_copy_only=False)
    if len(wanted) < MANY:
        return _one_by_one(references, hypotheses, wanted)
    return compiled_counts(references, hypotheses, words, wanted)


def _one_by_one(references: pa.StringArray, hypotheses: pa.StringArray, wanted: np.ndarray) -> BatchCounts:
    """The counts by the aligner itself."""
    left, right = references.filter(wanted).to_pylist(), hypotheses.filter(wanted).to_pylist()
    counts: list[TextCounts] = [count_texts(*pair) for pair in zip(left, right, strict=True)]
    numbers = np.zeros((5, len(wanted)), dtype=np.int32)
    numbers[:, wanted] = np.array([found[:5] for found in counts], dtype=np.int32).reshape(-1, 5).T
    marks = [
        (pair, place, tag == "insert")
        for pair, reference, hypothesis in zip(np.flatnonzero(wanted).tolist(), left, right, strict=True)
        if reference != hypothesis
        for tag, place, _ in word_edits(reference, hypothesis)
    ]
    missed = pa.array([word for found in counts for word in found[-1]], pa.string())
    return BatchCounts(numbers, missed, np.array(marks, dtype=np.int32).reshape(-1, 3))


def compiled_counts(
    references: pa.StringArray, hypotheses: pa.StringArray, words: np.ndarray, wanted: np.ndarray
) -> BatchCounts:
    """The same counts by the compiled aligner; the few pairs that are too long for it go one by one."""
    from evaluator.scoring import alignment_kernel

    text, ends = _buffers(references)
    counts = np.zeros((len(wanted), 4), dtype=np.int32)
    missed, missed_ends = np.empty(text.size, dtype=np.uint8), np.zeros(int(words.sum()) + 1, dtype=np.int32)
    marks = np.empty((int(words.sum() + word_counts(hypotheses).sum()), 3), dtype=np.int32)
    memory = alignment_kernel.scratch()
    found, marked = alignment_kernel.count(
        text, ends, *_buffers(hypotheses), wanted, counts, missed, missed_ends, marks, memory
    )  # fmt: skip
    marks = marks[:marked].copy()
    missing, substitutions, insertions, characters = counts.T
    numbers = np.stack([words - missing, substitutions, missing - substitutions, insertions, characters])
    numbers[:, ~wanted] = 0
    buffers = [None, pa.py_buffer(missed_ends[: found + 1]), pa.py_buffer(missed)]
    missed_words = pa.Array.from_buffers(pa.string(), found, buffers)
    too_long = missing == alignment_kernel.TOO_LONG
    if not too_long.any():
        return BatchCounts(numbers, missed_words, marks)
    others = _one_by_one(references, hypotheses, too_long)
    numbers[:, too_long] = others.numbers[:, too_long]
    marks = np.concatenate([marks, others.marks])
    in_order = marks[np.argsort(marks[:, 0], kind="stable")]
    return BatchCounts(numbers, pa.concat_arrays([missed_words, others.missed]), in_order)


def word_counts(texts: pa.StringArray) -> np.ndarray:
    """The number of words of each normalised text, int32; 0 where it is missing."""
    filled = texts.fill_null("")
    spaces = pc.count_substring(filled, " ").to_numpy(zero_copy_only=False)
    return (spaces + pc.not_equal(filled, "").to_numpy(zero_copy_only=False)).astype(np.int32)


def _buffers(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of an array, uint8, and its n + 1 offsets into them, int32; not copied."""
    _, ends, text = texts.buffers()
    content = np.frombuffer(text if text is not None else b"", dtype=np.uint8)
    return content, np.frombuffer(ends, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]


def occurrences(words: pa.StringArray) -> Iterator[tuple[str, int]]:
    """How often each word is there."""
    counted = pc.value_counts(words)
    return zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
