"""The edges of alignment: nothing on one side or both, one word, other scripts, very long texts."""

from __future__ import annotations

import pytest

from evaluator.scoring.alignment import align, align_many, count_errors, count_texts, draw
from evaluator.scoring.error_rate import ErrorCounts

EDGES = {
    "nothing on either side": ("", "", (0, 0, 0, 0)),
    "nothing in the reference": ("", "one two", (0, 0, 0, 2)),
    "nothing in the hypothesis": ("one two", "", (0, 0, 2, 0)),
    "the same word": ("one", "one", (1, 0, 0, 0)),
    "another word": ("one", "two", (0, 1, 0, 0)),
    "a word that begins the other": ("one", "ones", (0, 1, 0, 0)),
    "a word that ends the other": ("stone", "one", (0, 1, 0, 0)),
    "the reference is the beginning": ("one two", "one two three", (2, 0, 0, 1)),
    "the reference is the end": ("two three", "one two three", (2, 0, 0, 1)),
    "the hypothesis is the beginning": ("one two three", "one two", (2, 0, 1, 0)),
    "the last word goes on": ("one two", "one twofold", (1, 1, 0, 0)),
    "the first word begins earlier": ("one two", "alone two", (1, 1, 0, 0)),
    "words run together": ("ice cream", "icecream", (0, 1, 1, 0)),
    "a word is cut in two": ("icecream", "ice cream", (0, 1, 0, 1)),
    "everything twice": ("a b", "a b a b", (2, 0, 0, 2)),
    "one letter more or less": ("a a a", "a a", (2, 0, 1, 0)),
    "scripts beyond the basic plane": ("𐌰𐌱 𐌲 😀", "𐌰𐌱 𐌳 😀", (2, 1, 0, 0)),
    "combining marks tell words apart": ("कि ती", "की ती", (1, 1, 0, 0)),
    "composed and decomposed letters are different tokens": ("é", "e\u0301", (0, 1, 0, 0)),
}


@pytest.mark.parametrize(("reference", "hypothesis", "expected"), EDGES.values(), ids=EDGES.keys())
def test_edges(reference: str, hypothesis: str, expected: tuple[int, int, int, int]) -> None:
    counts = ErrorCounts(*expected)
    assert align(reference.split(), hypothesis.split()).counts == counts
    assert count_errors(reference.split(), hypothesis.split()) == counts
    assert ErrorCounts(*count_texts(reference, hypothesis)[:4]) == counts


def test_nothing_has_no_ops() -> None:
    assert align([], []).ops == ()
    assert align_many([], []) == ()
    assert draw(align([], [])) == "REF:\nHYP:\n"


def test_an_hour_of_words() -> None:
    reference = [f"word{place % 700}" for place in range(5_000)]
    hypothesis = reference.copy()
    hypothesis[10] = "other"  # a substitution
    del hypothesis[2_500]  # a deletion
    hypothesis.insert(4_000, "more")  # an insertion
    assert align(reference, hypothesis).counts == ErrorCounts(4_998, 1, 1, 1)
    assert count_texts(" ".join(reference), " ".join(hypothesis))[:4] == (4_998, 1, 1, 1)


def test_more_different_words_than_unicode_has_characters_per_plane() -> None:
    reference = [f"w{place}" for place in range(70_000)]
    assert count_errors(reference, [*reference[:-1], "end"]) == ErrorCounts(69_999, 1, 0, 0)
