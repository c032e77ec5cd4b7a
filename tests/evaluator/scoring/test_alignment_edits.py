"""Edits of many pairs at once: the aligner's own, pair by pair."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.alignment import LETTERS, align
from evaluator.scoring.alignment_edits import DELETE, INSERT, NOTHING, SUBSTITUTE, Edits, find_edits

LETTER = {SUBSTITUTE: "S", DELETE: "D", INSERT: "I"}
WORDS = st.lists(st.sampled_from("abcd"), max_size=7).map(" ".join)


def written(edits: Edits, system: int, row: int) -> list[tuple[str, int, str | None]]:
    """The edits of one system on one row as (letter, place, word heard)."""
    words = edits.words.to_pylist()
    found = zip(edits.system, edits.row, edits.kind, edits.place, edits.heard, strict=True)
    return [
        (LETTER[int(kind)], int(place), None if heard == NOTHING else words[heard])
        for its, at, kind, place, heard in found
        if (its, at) == (system, row)
    ]


def by_aligner(reference: str, hypothesis: str) -> list[tuple[str, int, str | None]]:
    place, found = 0, []
    for kind, its, heard in align(reference.split(), hypothesis.split()).pairs():
        if kind != "equal":
            found.append((LETTERS[kind], place, heard))
        place += its is not None
    return found


def texts(*values: str | None) -> pa.StringArray:
    return pa.array(values, pa.string())


def test_kinds_places_and_words() -> None:
    edits = find_edits(texts("a b c", "x y"), [texts("a q c d e", "y")])
    assert written(edits, 0, 0) == [("S", 1, "q"), ("I", 3, "d"), ("I", 3, "e")]
    assert written(edits, 0, 1) == [("D", 0, None)]
    assert edits.order.tolist() == [0, 0, 1, 0]
    assert edits.reference_words.tolist() == [3, 2]


def test_insertions_are_numbered_within_a_system() -> None:
    edits = find_edits(texts("a"), [texts("a x"), texts("a y z")])
    assert edits.order.tolist() == [0, 0, 1]


def test_rows_where_too_few_systems_differ_are_left_out() -> None:
    edits = find_edits(texts("a b", "a b", None), [texts("a", "a b", "q"), texts("b", "b", "q")], at_least=2)
    assert set(edits.row.tolist()) == {0}
    assert edits.compared.tolist() == [[True, True, False], [True, True, False]]


def test_nothing_at_all() -> None:
    assert find_edits(texts(), [texts(), texts()]).row.size == 0
    assert find_edits(texts("a"), []).row.size == 0


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=6))
def test_they_are_the_aligners(rows: list[tuple[str, str, str]]) -> None:
    references, first, second = (texts(*column) for column in zip(*rows, strict=True))
    edits = find_edits(references, [first, second])
    for row, (reference, *hypotheses) in enumerate(rows):
        for system, hypothesis in enumerate(hypotheses):
            assert written(edits, system, row) == by_aligner(reference, hypothesis)
