"""Alignments, drawn over counts that were made by hand, and the laws every alignment obeys."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.alignment import (
    AlignedColumn,
    Cell,
    align,
    align_many,
    count_character_errors,
    count_errors,
    count_texts,
    draw,
)
from evaluator.scoring.error_rate import ErrorCounts
from tests.evaluator.strategies import tokens

DRAWN = [
    # hits, substitutions, deletions, insertions, drawing
    (
        (4, 0, 0, 0),
        """
        REF: the cat sat down
        HYP: the cat sat down
        """,
    ),
    (
        (3, 1, 0, 0),
        """
        REF: the cat sat down
        HYP: the hat sat down
                 S
        """,
    ),
    (
        (3, 0, 1, 0),
        """
        REF: the cat sat down
        HYP: the *** sat down
                 D
        """,
    ),
    (
        (4, 0, 0, 1),
        """
        REF: the cat *** sat down
        HYP: the cat has sat down
                     I
        """,
    ),
    (
        (4, 1, 1, 2),
        """
        REF: there's iron they say *** in all ***
        HYP: zion    ***  they say now in all anon
             S       D             I          I
        """,
    ),
    (
        (2, 2, 0, 1),
        """
        REF: grain or two perhaps ***
        HYP: grown or to  perhaps is
             S        S           I
        """,
    ),
]


def lines(drawing: str) -> str:
    return "\n".join(line.rstrip() for line in dedent(drawing).strip("\n").splitlines())


def sides(drawing: str) -> tuple[list[str], list[str]]:
    reference, hypothesis = lines(drawing).splitlines()[:2]
    return (
        [token for token in reference.split()[1:] if token != "***"],
        [token for token in hypothesis.split()[1:] if token != "***"],
    )


def by_the_book(reference: list[str], hypothesis: list[str]) -> list[str]:
    """The kinds that the module's docstring promises, from the textbook's table of distances."""
    begin = 0
    while begin < min(len(reference), len(hypothesis)) and reference[begin] == hypothesis[begin]:
        begin += 1
    reference, hypothesis = reference[begin:], hypothesis[begin:]
    end = 0
    while end < min(len(reference), len(hypothesis)) and reference[-1 - end] == hypothesis[-1 - end]:
        end += 1
    reference, hypothesis = reference[: len(reference) - end], hypothesis[: len(hypothesis) - end]
    row, column = len(reference), len(hypothesis)
    distance = [[i + j for j in range(column + 1)] for i in range(row + 1)]
    for i in range(1, row + 1):
        for j in range(1, column + 1):
            diagonal = distance[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1])
            distance[i][j] = min(diagonal, distance[i - 1][j] + 1, distance[i][j - 1] + 1)
    kinds = []
    while row or column:
        best = distance[row][column]
        if row and distance[row - 1][column] + 1 == best:
            kinds.append("delete")
            row -= 1
        elif row and column and distance[row - 1][column - 1] + 1 == best:
            kinds.append("substitute")
            row, column = row - 1, column - 1
        elif column and distance[row][column - 1] + 1 == best:
            kinds.append("insert")
            column -= 1
        else:
            kinds.append("equal")
            row, column = row - 1, column - 1
    return ["equal"] * begin + kinds[::-1] + ["equal"] * end


@pytest.mark.parametrize(("numbers", "drawing"), DRAWN)
def test_drawn_alignments(numbers: tuple[int, int, int, int], drawing: str) -> None:
    alignment = align(*sides(drawing))
    assert draw(alignment).rstrip() == lines(drawing)
    assert alignment.counts == ErrorCounts(*numbers)
    assert count_errors(*sides(drawing)) == ErrorCounts(*numbers)


def test_a_tie_is_a_substitution_rather_than_a_deletion_and_an_insertion() -> None:
    assert draw(align(["a", "b"], ["b", "c"])) == "REF: a b\nHYP: b c\n     S S"


def test_a_tie_deletes_the_last_word_that_can_be_deleted() -> None:
    assert draw(align(["a", "b", "x"], ["c", "x"])) == "REF: a b   x\nHYP: c *** x\n     S D"
    assert draw(align(["a", "a", "b"], ["a", "b"])) == "REF: a a   b\nHYP: a *** b\n       D"


@given(tokens, tokens)
def test_ties_are_broken_as_documented(reference: list[str], hypothesis: list[str]) -> None:
    assert [kind for kind, *_ in align(reference, hypothesis).pairs()] == by_the_book(reference, hypothesis)


def test_long_gaps_become_one_op() -> None:
    alignment = align(["a", "b", "c", "d"], ["a", "d"])
    assert [(op.kind, op.reference, op.hypothesis) for op in alignment.ops] == [
        ("equal", range(0, 1), range(0, 1)),
        ("delete", range(1, 3), range(1, 1)),
        ("equal", range(3, 4), range(1, 2)),
    ]


def test_systems_share_the_columns_of_the_reference_and_of_insertions() -> None:
    columns = align_many(
        ["the", "cat", "sat"], [["the", "cat", "sat"], ["the", "big", "old", "cat"], ["a", "cat", "up", "sat"]]
    )
    nothing = Cell(None, None)
    assert columns == (
        AlignedColumn("the", (Cell("equal", "the"), Cell("equal", "the"), Cell("substitute", "a"))),
        AlignedColumn(None, (nothing, Cell("insert", "big"), nothing)),
        AlignedColumn(None, (nothing, Cell("insert", "old"), nothing)),
        AlignedColumn("cat", (Cell("equal", "cat"), Cell("equal", "cat"), Cell("equal", "cat"))),
        AlignedColumn(None, (nothing, nothing, Cell("insert", "up"))),
        AlignedColumn("sat", (Cell("equal", "sat"), Cell("delete", None), Cell("equal", "sat"))),
    )


def test_no_system_still_shows_the_reference() -> None:
    assert align_many(["a"], []) == (AlignedColumn("a", ()),)


@given(tokens, tokens)
def test_ops_cover_both_sides_exactly_once_in_order(reference: list[str], hypothesis: list[str]) -> None:
    alignment = align(reference, hypothesis)
    assert [place for op in alignment.ops for place in op.reference] == list(range(len(reference)))
    assert [place for op in alignment.ops for place in op.hypothesis] == list(range(len(hypothesis)))
    for op in alignment.ops:
        lengths = (len(op.reference), len(op.hypothesis))
        assert {"delete": lengths[1] == 0 < lengths[0], "insert": lengths[0] == 0 < lengths[1]}.get(
            op.kind, lengths[0] == lengths[1] > 0
        )
    for kind, expected, heard in alignment.pairs():
        assert (expected == heard) == (kind == "equal")


@given(tokens, tokens)
def test_all_views_count_the_same(reference: list[str], hypothesis: list[str]) -> None:
    counts = align(reference, hypothesis).counts
    assert count_errors(reference, hypothesis) == counts
    text = count_texts(" ".join(reference), " ".join(hypothesis))
    assert ErrorCounts(*text[:4]) == counts
    missed = [word for kind, word, _ in align(reference, hypothesis).pairs() if kind in ("substitute", "delete")]
    assert list(text[5]) == missed
    assert text[4] == count_character_errors(" ".join(reference), " ".join(hypothesis))


@given(tokens, tokens)
def test_bounds(reference: list[str], hypothesis: list[str]) -> None:
    counts = count_errors(reference, hypothesis)
    assert counts.length == len(reference)
    assert counts.hypothesis_length == len(hypothesis)
    assert abs(len(reference) - len(hypothesis)) <= counts.errors <= max(len(reference), len(hypothesis))
    assert (counts.errors == 0) == (reference == hypothesis)
    assert counts.insertions - counts.deletions == len(hypothesis) - len(reference)


@given(tokens, tokens)
def test_swapping_the_sides_swaps_missing_and_added(reference: list[str], hypothesis: list[str]) -> None:
    there, back = count_errors(reference, hypothesis), count_errors(hypothesis, reference)
    assert there.errors == back.errors
    assert there.insertions - there.deletions == back.deletions - back.insertions


@given(tokens, tokens, tokens)
def test_the_triangle_inequality(a: list[str], b: list[str], c: list[str]) -> None:
    assert count_errors(a, c).errors <= count_errors(a, b).errors + count_errors(b, c).errors


@given(tokens, st.lists(tokens, max_size=4))
def test_side_by_side_is_each_alignment_alone(reference: list[str], hypotheses: list[list[str]]) -> None:
    columns = align_many(reference, hypotheses)
    assert [column.reference for column in columns if column.reference is not None] == reference
    for system, hypothesis in enumerate(hypotheses):
        mine = [(column.cells[system], column.reference) for column in columns if column.cells[system].kind]
        assert [(cell.kind, word, cell.token) for cell, word in mine] == list(align(reference, hypothesis).pairs())
    for column in columns:
        assert column.reference is not None or any(cell.kind == "insert" for cell in column.cells)
