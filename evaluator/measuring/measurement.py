"""Measure the sound of all utterances of a run: over all cores, in the order of the disk, resumable, cached.

Utterances are measured in the order of their files and offsets, and their results are written to the journal in this
very order. So a run that was interrupted anywhere and resumed leaves the same bytes as one that was not. When all is
done ``measures.parquet`` holds the results once more, in the same order, for columns and for later runs: what an
earlier run measured in the same version of a file (path, size, mtime) in the same cut with the same detector is taken
over. Failures are never taken over.

    measures.jsonl      {"id", "at", "key", "seconds", "values": {...}}, or {"id", "at", "error"}; ``at`` counts from 0
    measures.parquet    see measure_results.py
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.crew import Crew
from evaluator.measuring.measure_results import KnownResults, write_result
from evaluator.runs.journal import Journal
from evaluator.runs.run_store import Run
from evaluator.runs.watching import Monitor, Outcome, Stopped, Teller
from evaluator.voices.measures import VERSION as VOICE_VERSION
from evaluator.voices.pairing import Pairing, read_pairings
from explorer.child import ChildDied
from explorer.errors import RunError, SpeechDataError
from explorer.places.sounds import Sound
from explorer.sound.signal_measures import VERSION

BATCH = 64
"""Utterances that one process measures before it answers, at most."""

BATCH_SECONDS = 300.0
"""Seconds of sound in a batch, at most (one utterance may be longer)."""

_LISTED = 4096  # rows looked up, and written when all of them are known, at once
_AHEAD = 4  # batches that wait for each process
_LOOK_EVERY = 0.25  # s between looks at whether to stop
_PATIENCE = 120.0  # s a process may take for a batch, beside one second for each second of sound
_VOICE_PATIENCE = 20.0  # times as much for voices: pitch and judges are slow
_UNKNOWN_SECONDS = 3600.0  # what sound of unknown length may last, for this patience
_PROCESS = "evaluator.measuring.measuring_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """Which detector tells the share of speech (None: nobody asks), with its own options.

    ``voice`` names the trained judges of voices that are asked beside what is computed; None: voices are not scored.
    """

    detector: str | None = "energy"
    detector_options: Mapping[str, Any] = field(default_factory=dict)
    voice: Sequence[str] | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON values; ``MeasureOptions(**plain)`` is the same."""
        scored = {} if self.voice is None else {"voice": list(self.voice)}
        return {"detector": self.detector, "detector_options": dict(self.detector_options)} | scored

    @property
    def token(self) -> bytes:
        """What results depend on beside the sound."""
        versions = [VERSION] if self.voice is None else [VERSION, VOICE_VERSION]
        return orjson.dumps([*versions, self.plain()], option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class _Row:
    """An utterance in the order of the run; ``known`` is its result if an earlier run had it.

    ``pairing`` is what scoring its voice needs to know.
    """

    at: int
    id: str
    sound: tuple[str, float, float | None]
    key: str
    known: dict[str, Any] | None
    pairing: Pairing | None = None


def measure(
    run: Run,
    *,
    options: MeasureOptions,
    monitor: Monitor,
    earlier: Sequence[Run] = (),
    retry: Literal["failures", "nothing"] = "nothing",
    processes: int | None = None,
) -> Outcome:
    """Measure what the run's journal does not hold yet; ``earlier`` runs are looked into first, the last counts.

    ``retry="failures"`` also tries again what failed. ``processes`` None: one for each core we may use.

    Raises:
        RunError: the run's input cannot be read, or another process works on it.
        EngineError: the detector cannot be loaded.
    """
    table = _plan(run)
    journal = Journal(run.journal)
    count = processes or _cores()
    order = {
        "detector": options.detector,
        "options": dict(options.detector_options),
        "roots": list(map(str, run.roots)),
        "voice": None if options.voice is None else list(options.voice),
    }
    crew = Crew(_PROCESS, order, count=count)
    teller = Teller(journal, monitor, total=table.num_rows, audio_total=_seconds(table))
    work = _Work(journal, crew, teller)
    try:
        teller.tell("looking for what is known")
        settled = journal.done if retry == "failures" else journal.done | journal.failed
        pairings = {} if options.voice is None else read_pairings(run.folder)
        rows = _rows(table, settled, KnownResults.of(earlier), options, pairings)
        for batch in _batches(rows):
            work.begin(batch)
            while work.waiting > _AHEAD * count:
                work.settle_next()
        while work.waiting:
            work.settle_next()
        teller.tell("writing the results")
        write_result(run)
    except Stopped:
        return Outcome(stopped=True, totals=journal.totals, note=work.note)
    finally:
        crew.close()
        journal.close()
    return Outcome(stopped=False, totals=journal.totals, note=work.note)


class _Work:
    """Batches under way in their order."""

    def __init__(self, journal: Journal, crew: Crew, teller: Teller) -> None:
        self._journal, self._crew, self._teller = journal, crew, teller
        self._known = self._measured = 0
        self._waiting: deque[tuple[Sequence[_Row], Future[dict[str, Any]] | None]] = deque()

    @property
    def waiting(self) -> int:
        """Batches that are not written yet."""
        return len(self._waiting)

    @property
    def note(self) -> str:
        """What was done now, in words."""
        rtfx = self._teller.rtfx
        speed = f" at {rtfx:,.0f} x real time" if rtfx else ""
        known = f", {self._known:,} known from earlier runs" if self._known else ""
        return f"{self._measured:,} measured now{speed}{known}."

    def begin(self, batch: Sequence[_Row]) -> None:
        """Have the unknown rows of a batch measured."""
        unknown = [row for row in batch if row.known is None]
        self._waiting.append((batch, self._asked(unknown) if unknown else None))

    def _asked(self, rows: Sequence[_Row]) -> Future[dict[str, Any]]:
        sounds = [row.sound for row in rows]
        voices = [None if row.pairing is None else [row.pairing.text, row.pairing.reference] for row in rows]
        lasts = sum(_UNKNOWN_SECONDS if duration is None else duration for _, _, duration in sounds)
        patience = _PATIENCE + lasts * (_VOICE_PATIENCE if any(voices) else 1)
        return self._crew.ask({"sounds": sounds, "voices": voices}, seconds=patience)

    def settle_next(self) -> None:
        """Wait for the oldest batch and write its results."""
        batch, future = self._waiting.popleft()
        unknown = [row for row in batch if row.known is None]
        found = iter(self._answers(unknown, future) if future is not None else [])
        lines = [_line(row, row.known if row.known is not None else next(found)) for row in batch]
        self._journal.append(lines)
        seconds = sum(float(line.get("seconds", 0.0)) for line in lines)
        known = sum(float(row.known["seconds"]) for row in batch if row.known is not None)
        self._teller.settled(seconds, known=known)
        self._known += len(batch) - len(unknown)
        self._measured += len(unknown)
        self._teller.tell("measuring")

    def _answers(self, rows: Sequence[_Row], future: Future[dict[str, Any]]) -> list[dict[str, Any]]:
        """A result for each row. When the process dies they are measured one by one, and whoever kills it fails."""
        try:
            return list(self._waited(future)["measured"])
        except ChildDied as death:
            if len(rows) == 1:
                return [{"error": f"The process that measured it {death}; its sound file may be damaged."}]
        return [answer for row in rows for answer in self._answers([row], self._asked([row]))]

    def _waited(self, future: Future[dict[str, Any]]) -> dict[str, Any]:
        while True:
            try:
                return future.result(timeout=_LOOK_EVERY)
            except NotYet:
                self._teller.tell("measuring")


def _line(row: _Row, found: Mapping[str, Any]) -> dict[str, Any]:
    start = {"id": row.id, "at": row.at}
    if "error" in found:
        return start | {"error": found["error"]}
    return start | {"key": row.key, "seconds": found["seconds"], "values": found["values"]}


def _plan(run: Run) -> pa.Table:
    """The run's input in the order of the disk."""
    try:
        table = pq.read_table(run.input, columns=["id", "row", "path", "offset", "duration"])
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"The run's input {run.input} cannot be read ({error}); start a new run.") from error
    sources, starts = table["path"], pa.array(np.zeros(table.num_rows, np.int64))
    if pc.any(pc.starts_with(sources, "part:")).as_py():  # members of archives, in the order they have there
        sounds = [Sound.parse(path) for path in sources.to_pylist()]
        sources, starts = pa.array([sound.source for sound in sounds]), pa.array([sound.start for sound in sounds])
    table = table.append_column("source", sources).append_column("start", starts)
    return table.sort_by([(name, "ascending") for name in ("source", "start", "offset", "row")])


def _seconds(table: pa.Table) -> float:
    return float(np.nansum(table["duration"].to_numpy(zero_copy_only=False).astype(np.float64)))


def _rows(
    table: pa.Table,
    settled: set[str],
    known: KnownResults,
    options: MeasureOptions,
    pairings: Mapping[str, Pairing],
) -> Iterator[_Row]:
    """The rows that are not settled, in order, with what is known of them."""
    at = 0
    source, version = None, b""
    for batch in table.to_batches(max_chunksize=_LISTED):
        fresh: list[tuple[int, str, tuple[str, float, float | None], str, Pairing | None]] = []
        columns = [batch.column(name).to_pylist() for name in ("id", "path", "source", "offset", "duration")]
        for id, written, file, offset, duration in zip(*columns, strict=True):
            if id not in settled:
                if file != source:  # cuts and members of one file stand side by side
                    source, version = file, _version(file)
                sound = (written, offset or 0.0, duration)
                pairing = pairings.get(id)
                fresh.append((at, id, sound, _key(sound, version, options, pairing), pairing))
            at += 1
        results = known.results([key for _, _, _, key, _ in fresh])
        for (place, id, sound, key, pairing), result in zip(fresh, results, strict=True):
            yield _Row(place, id, sound, key, result, pairing)


def _version(source: str) -> bytes:
    """Changes when the file, or the object in a store, does; empty when there is none."""
    try:
        return str(Sound(source).version).encode()
    except (SpeechDataError, OSError, ValueError):
        return b""


def _key(
    sound: tuple[str, float, float | None], version: bytes, options: MeasureOptions, pairing: Pairing | None
) -> str:
    path, offset, duration = sound
    told = [path.encode(errors="surrogatepass"), version, repr((offset, duration)).encode(), options.token]
    if pairing is not None:
        recorded = b"" if pairing.reference is None else _version(Sound.parse(pairing.reference[0]).source)
        told += [repr((pairing.text, pairing.reference)).encode(errors="surrogatepass"), recorded]
    return blake2b(b"\0".join(told), digest_size=16).hexdigest()


def _batches(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """The rows in order, cut so that no batch has too much to measure."""
    batch: list[_Row] = []
    unknown, seconds = 0, 0.0
    for row in rows:
        batch.append(row)
        if row.known is None:
            unknown += 1
            seconds += row.sound[2] or 0.0
        if unknown >= BATCH or seconds >= BATCH_SECONDS or len(batch) >= _LISTED:
            yield batch
            batch, unknown, seconds = [], 0, 0.0
    if batch:
        yield batch


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
