"""Fuzzing the formats: mutated sources are read and taken into tables; nothing crashes, hangs, or loses a good row.

    make fuzz                                      10,000 sources of every format
    python -m tests.fuzz.formats nemo csv -n 500   some of them

A source may be refused as a whole (ManifestError) only when its header, or half of its lines, were touched: then
nothing says any more what it is. Case k of a format is the same on every run: ``--case k`` reads that one and keeps it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from explorer.corpora.database import Database
from explorer.corpora.ingest import Ingest
from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, format_of
from tests.fuzz.mutations import mutated
from tests.fuzz.sources import SOURCES, Source, write

SLOWEST_S = 5.0
CASES_IN_ONE_CORPUS = 200
KEPT = Path(tempfile.gettempdir()) / "earmark-fuzz"


@dataclass(slots=True)
class Tally:
    """What became of the cases of a format."""

    cases: int = 0
    refused: int = 0
    rows: int = 0
    problems: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0  # of the processor
    failures: list[str] = field(default_factory=list)


class Hang(Exception):
    """A case took more than SLOWEST_S of the processor."""


def fuzz(name: str, numbers: Sequence[int]) -> Tally:
    """Read these cases of a format."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="earmark-fuzz-") as temporary:
        for start in range(0, len(numbers), CASES_IN_ONE_CORPUS):
            with _corpus() as ingest:
                for number in numbers[start : start + CASES_IN_ONE_CORPUS]:
                    _case(name, number, Path(temporary), ingest, tally)
    return tally


def _case(name: str, number: int, folder: Path, ingest: Ingest, tally: Tally) -> None:
    chance = Random(f"{name} {number}")
    source = SOURCES[name]()
    touched = mutated(source, chance)
    path = write(source, folder)
    expected = _expected(source, touched)
    began = time.process_time()
    tally.cases += 1
    try:
        with _limit():
            batches = _read(path, folder, ingest, block_bytes=chance.choice((700, 1 << 20, 1 << 20, 1 << 20)))
    except ManifestError as error:
        tally.refused += 1
        if expected:
            _fail(tally, name, number, f"was refused, with {len(expected)} good rows: {error}")
    except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
        _fail(tally, name, number, f"{type(error).__name__}: {str(error)[:300]}")
    else:
        found = " ".join(_texts(batches))
        lost = sorted(mark for mark in expected if mark not in found)
        if lost:
            _fail(tally, name, number, f"lost the good rows {', '.join(lost)}")
        problems = [problem for batch in batches for problem in batch.problems]
        tally.rows += sum(len(batch.ids) for batch in batches)
        tally.problems += len(problems)
        tally.kinds.update(problem.kind for problem in problems)
        if any(not problem.kind or not problem.message or not problem.source for problem in problems):
            _fail(tally, name, number, "has a problem without kind, message or source")
        if any(len(set(batch.ids)) != len(batch.ids) for batch in batches):
            _fail(tally, name, number, "has two rows of one identity")
    finally:
        tally.slowest_s = max(tally.slowest_s, time.process_time() - began)
        for file in folder.iterdir():
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()


def _read(path: Path, folder: Path, ingest: Ingest, *, block_bytes: int) -> list[Batch]:
    """Everything that opening a corpus does with a source."""
    adapter = format_of(path).adapter()
    assert all(file.exists() for file in adapter.files(path))
    reading = Reading(index=0, names=(path.name,), roots=(folder,), block_bytes=block_bytes)
    batches = []
    for batch in adapter.read(path, reading):
        sizes = {len(values) for values in (batch.lines, batch.ids, batch.audio, batch.offset, *batch.fields.values())}
        assert len(sizes) == 1, "columns of different length"
        ingest.append(batch, source=path.name, role=adapter.role)
        batches.append(batch)
    return batches


def _expected(source: Source, touched: set[tuple[str, int]]) -> set[str]:
    """The marks of the rows that must be there: none when the header, or not less than half of a file, was touched."""
    for name, lines in source.files.items():
        left = sum((name, number) not in touched for number in range(source.lengths[name]))
        if len(lines) > 1 and left * 2 <= len(lines):
            return set()
    if source.header and any(number < source.header for _, number in touched):
        return set()
    return {mark for mark, lines in source.needs.items() if not lines & touched}


def _texts(batches: Sequence[Batch]) -> Iterator[str]:
    for batch in batches:
        yield from batch.audio
        yield from (text for text in batch.reference if text)


def _fail(tally: Tally, name: str, number: int, what: str) -> None:
    tally.failures.append(f"{name} case {number}: {what}")


@contextmanager
def _corpus() -> Iterator[Ingest]:
    """An empty corpus in memory."""
    database = Database(memory_mb=256)
    database.attach(None)
    try:
        ingest = Ingest(database.cursor())
        yield ingest
        ingest.finish({})
    finally:
        database.close()


@contextmanager
def _limit() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise Hang(f"took longer than {SLOWEST_S:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SLOWEST_S)  # of the processor: a busy machine is no finding
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main() -> int:
    """Fuzz the named formats, all by default, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=", ".join(SOURCES))
    parser.add_argument("-n", "--cases", type=int, default=10_000)
    parser.add_argument("--case", type=int, help="only this case, kept in a folder")
    options = parser.parse_args()
    failed = False
    for name in options.formats or SOURCES:
        if options.case is not None:
            source = SOURCES[name]()
            mutated(source, Random(f"{name} {options.case}"))
            print(write(source, KEPT / f"{name}-{options.case}"))
        began = time.monotonic()
        tally = fuzz(name, range(options.cases) if options.case is None else [options.case])
        failed |= bool(tally.failures)
        print(
            f"{name:13} {tally.cases:6,} cases  {len(tally.failures)} failures  {tally.refused:5,} refused whole  "
            f"{tally.rows:8,} rows  {tally.problems:7,} problems of {len(tally.kinds)} kinds  "
            f"slowest {tally.slowest_s:.2f} s  {time.monotonic() - began:.0f} s",
            flush=True,
        )
        for failure in tally.failures[:20]:
            print("   ", failure, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
