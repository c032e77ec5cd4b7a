"""Batches drawn by hand, and the laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from evaluator.transcribing.batching import batches

lengths = st.lists(st.floats(0.0, 100.0), max_size=60)


def identity(seconds: float) -> float:
    return seconds


def test_sorted_by_length_and_filled_by_padded_seconds() -> None:
    #   10 s hold   5+5   4+4 (a third 4 would make 12)   3+3+3   1
    made = list(batches([3, 5, 4, 1, 4, 5, 3, 3], seconds=identity, batch_seconds=10, batch_size=9))
    assert made == [[5, 5], [4, 4], [3, 3, 3], [1]]


def test_the_count_is_limited_too() -> None:
    assert list(batches([1] * 5, seconds=identity, batch_seconds=100, batch_size=2)) == [[1, 1], [1, 1], [1]]


def test_a_long_one_goes_alone_and_empty_ones_cost_nothing() -> None:
    assert list(batches([0.0, 50.0, 0.0], seconds=identity, batch_seconds=10, batch_size=4)) == [[50.0], [0.0, 0.0]]


def test_nothing_gives_no_batch() -> None:
    assert list(batches([], seconds=identity, batch_seconds=10, batch_size=4)) == []


def test_only_as_much_is_read_as_the_window_needs() -> None:
    read = 0

    def endless() -> Iterator[float]:
        nonlocal read
        while True:
            read += 1
            yield 1.0

    assert next(batches(endless(), seconds=identity, batch_seconds=4, batch_size=99, lookahead=3)) == [1.0] * 4
    assert read == 12


@given(lengths, st.floats(0.5, 200.0), st.integers(1, 8), st.integers(1, 4))
def test_each_thing_is_in_one_batch_and_no_batch_is_too_big(
    things: list[float], batch_seconds: float, batch_size: int, lookahead: int
) -> None:
    made = list(
        batches(things, seconds=identity, batch_seconds=batch_seconds, batch_size=batch_size, lookahead=lookahead)
    )
    assert sorted(x for batch in made for x in batch) == sorted(things)
    for batch in made:
        assert 1 <= len(batch) <= batch_size
        assert len(batch) == 1 or max(batch) * len(batch) <= batch_seconds
        assert batch == sorted(batch, reverse=True)
