"""A few hundred mutated sources of every format, the first of those that ``make fuzz`` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.formats import FORMATS, Reading, format_of
from tests.fuzz.formats import fuzz
from tests.fuzz.sources import SOURCES, write

CASES = 150
FOUND = {
    "nemo": (0, 6619),  # a null character; a first line longer than what is sniffed
    "tsv": (9077,),  # digits that held a pattern up
    "stm": (5888,),  # a first line in UTF-16
    "lhotse-pair": (9222,),  # a recording without sources that has another one's name
    "ljspeech": (667, 1228),  # a huge line among the first
    "lhotse": (1047, 2213),
    "parquet": (4575,),  # a text that is not UTF-8
    "csv": (5, 58),  # a line put into a cell of two lines
}


@pytest.mark.parametrize("name", SOURCES)
def test_mutated_sources_never_crash_hang_or_lose_a_good_row(name: str):
    tally = fuzz(name, range(CASES))
    assert tally.cases == CASES
    assert not tally.failures


@pytest.mark.parametrize("name", FOUND)
def test_what_was_once_found_stays_mended(name: str):
    assert not fuzz(name, FOUND[name]).failures


@pytest.mark.parametrize("name", SOURCES)
def test_the_sources_are_good_before_they_are_mutated(tmp_path: Path, name: str):
    source = SOURCES[name]()
    path = write(source, tmp_path)
    format = format_of(path)
    assert name.startswith(format.name) or (name, format.name) == ("tsv", "csv")
    batches = list(format.adapter().read(path, Reading(index=0, names=(path.name,), roots=(tmp_path,))))
    found = " ".join(text for batch in batches for text in (*batch.audio, *filter(None, batch.reference)))
    assert all(mark in found for mark in source.needs)
    problems = [problem for batch in batches for problem in batch.problems]
    assert {problem.kind for problem in problems} <= {"no sound found"}


def test_every_format_is_fuzzed():
    assert set(FORMATS) <= set(SOURCES)
