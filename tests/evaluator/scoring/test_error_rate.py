"""Error counts add up, and divide only at the end."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.error_rate import ErrorCounts
from tests.evaluator.strategies import counts

records = st.builds(ErrorCounts, counts, counts, counts, counts)


def test_a_rate_is_errors_over_reference_length() -> None:
    counts = ErrorCounts(hits=6, substitutions=2, deletions=2, insertions=1)
    assert (counts.length, counts.hypothesis_length, counts.errors, counts.rate) == (10, 9, 5, 0.5)
    assert counts.part(counts.deletions) == 0.2


def test_many_insertions_make_a_rate_above_one() -> None:
    assert ErrorCounts(1, 0, 0, 3).rate == 3.0


def test_an_empty_reference_has_no_rate_but_keeps_its_insertions() -> None:
    counts = ErrorCounts(0, 0, 0, 4)
    assert counts.rate is None
    assert counts.errors == 4


def test_zero_is_neutral_and_has_no_rate() -> None:
    counts = ErrorCounts(1, 2, 3, 4)
    assert counts + ErrorCounts.zero() == counts
    assert ErrorCounts.zero().rate is None


def test_the_pooled_rate_is_not_the_mean_of_rates() -> None:
    short, long = ErrorCounts(0, 1, 0, 0), ErrorCounts(99, 0, 0, 0)
    assert (short + long).rate == 0.01


@pytest.mark.parametrize("place", range(4))
def test_negative_counts_are_refused(place: int) -> None:
    numbers = [0, 0, 0, 0]
    numbers[place] = -1
    with pytest.raises(ValueError, match="negative"):
        ErrorCounts(*numbers)


def test_counts_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ErrorCounts.zero().hits = 1  # type: ignore[misc]


@given(records, records, records)
def test_addition_is_associative_and_commutative(a: ErrorCounts, b: ErrorCounts, c: ErrorCounts) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(records, records)
def test_lengths_and_errors_add(a: ErrorCounts, b: ErrorCounts) -> None:
    total = a + b
    assert total.length == a.length + b.length
    assert total.errors == a.errors + b.errors
    assert total.hypothesis_length == a.hypothesis_length + b.hypothesis_length


@given(records)
def test_parts_of_the_length_sum_to_one(a: ErrorCounts) -> None:
    parts = [a.part(count) for count in (a.hits, a.substitutions, a.deletions)]
    assert parts == [None] * 3 if a.length == 0 else sum(filter(None, parts)) == pytest.approx(1)
