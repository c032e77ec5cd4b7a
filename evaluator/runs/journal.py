"""Journals: what one system said about each utterance, line by line, never rewritten.

A journal only grows. Each batch is written and synced before it counts as done, so after a crash at most the line
that was being written is torn; opening the journal again cuts that line off, and its utterance is done again.
``seconds`` is the length of the audio, ``wall`` the utterance's share of the time that passed: their sums give RTFx.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from evaluator.jobs.locks import exclusively
from explorer.errors import RunError


@dataclass(frozen=True, slots=True)
class Totals:
    """What a journal holds: utterances done, those of them that failed, and seconds of audio and of work."""

    utterances: int
    failures: int
    audio_seconds: float
    wall_seconds: float

    @property
    def rtfx(self) -> float | None:
        """Seconds of audio per second of work; None before anything was done."""
        return self.audio_seconds / self.wall_seconds if self.wall_seconds > 0 else None


class Journal:
    """The journal of a run, opened for appending by the one process that works on it.

    ``done`` are the utterances with a result, ``failed`` those whose last line is an error; a failed one may get a
    result later, a done one never gets a second.

    Raises:
        RunError: another process works on this run.
    """

    def __init__(self, path: Path) -> None:
        self.done: set[str] = set()
        self.failed: set[str] = set()
        self._audio_seconds = 0.0
        self._wall_seconds = 0.0
        self._file = path.open("ab")
        if not exclusively(self._file):
            self._file.close()
            raise RunError(f"Another process is working on the run in {path.parent}; wait for it or cancel it.")
        _cut_torn_line(path)
        for line in read_journal(path):
            self._count(line)

    @property
    def totals(self) -> Totals:
        """All it holds, added up: the last line about an utterance says whether it failed, the work of all counts."""
        utterances = len(self.done) + len(self.failed)
        return Totals(utterances, len(self.failed), self._audio_seconds, self._wall_seconds)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let another process work on the run."""
        self._file.close()

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write results so that they survive a crash from now on; one about a done utterance is left out."""
        fresh = [line for line in lines if line["id"] not in self.done]
        if not fresh:
            return
        self._file.write(b"".join(orjson.dumps(dict(line)) + b"\n" for line in fresh))
        self._file.flush()
        os.fsync(self._file.fileno())
        for line in fresh:
            self._count(line)

    def _count(self, line: Mapping[str, Any]) -> None:
        if "error" in line:
            self.failed.add(line["id"])
        else:
            self.done.add(line["id"])
            self.failed.discard(line["id"])
        self._audio_seconds += float(line.get("seconds", 0.0))
        self._wall_seconds += float(line.get("wall", 0.0))


def _cut_torn_line(path: Path) -> None:
    """Cut off what follows the last line feed: a line that a crash left unfinished."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        keep = end
        while keep > 0:
            start = max(0, keep - 65536)
            file.seek(start)
            feed = file.read(keep - start).rfind(b"\n")
            keep = start + feed + 1 if feed >= 0 else start
            if feed >= 0:
                break
        if keep < end:
            file.truncate(keep)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; one that is torn or damaged is left out (its utterance counts as not done)."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                line = orjson.loads(raw)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict) and isinstance(line.get("id"), str):
                yield line


def failures(path: Path) -> dict[str, str]:
    """The utterances of a journal that failed and got no result later: {id: sentence}."""
    left: dict[str, str] = {}
    for line in read_journal(path):
        if "error" in line:
            left[line["id"]] = str(line["error"])
        else:
            left.pop(line["id"], None)
    return left


def line_of(path: Path, utterance_id: str) -> dict[str, Any] | None:
    """The last line of a journal about one utterance, found without reading the others as JSON."""
    if not path.exists():
        return None
    data = path.read_bytes()
    at = data.rfind(b'{"id":' + orjson.dumps(utterance_id) + b",")
    if at < 0:
        return None
    try:
        line = orjson.loads(data[at : data.find(b"\n", at) + 1])
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None
