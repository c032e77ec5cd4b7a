"""Repetitions found in sorted runs: the same as a dictionary would find."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from explorer.formats.identities import NEW, Identities

KEYS = st.integers(0, 30).map(lambda number: (number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8))


@given(st.lists(st.lists(st.tuples(KEYS, st.integers(0, 2)), max_size=12), max_size=12))
def test_runs_find_what_a_dictionary_finds(batches: list[list[tuple[bytes, int]]]) -> None:
    found, expected, place = Identities(), dict[bytes, int](), 0
    for batch in batches:
        places = []
        for _, step in batch:  # a step of 0: two rows of one line
            place += step
            places.append(place)
        seen = found.add([key for key, _ in batch], places)
        for (key, _), here, told in zip(batch, places, seen.tolist(), strict=True):
            first = expected.setdefault(key, here)
            assert told == (NEW if first == here else first)


def test_many_rows_stay_in_few_runs_of_sixteen_bytes_a_row() -> None:
    identities = Identities()
    for start in range(0, 20_000, 100):
        identities.add(
            [(n * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8) for n in range(start, start + 100)], range(start, start + 100)
        )
    held = [array.nbytes for run in identities._runs for array in run]
    assert sum(held) == 16 * 20_000
    assert len(identities._runs) <= 9
