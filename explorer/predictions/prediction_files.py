"""What one system heard, read from any file: manifests, tables, STM, CTM, Kaldi folders, and keyed lines of text.

    utt-1 turn the lights on            keyed text (Kaldi's ``text``): the key first
    turn the lights on (utt-1)          trn (NIST): the key last, in brackets

The hypotheses of a file are those of its one prediction field (``pred_text``, ``pred_text_<name>``), of the one called
like the system when there are several, and else its reference field, because what a recognizer writes as STM, CTM or
Kaldi text is what it heard. Rows keep their line, so that whatever does not fit has an address. The seconds that a
system took for an utterance come along where a field of TIMES has them.

Source of trn: https://github.com/usnistgov/SCTK, doc/infmts.htm
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from explorer.errors import ManifestError, PredictionError
from explorer.formats import FORMATS, Adapter, Batch, Format, Reading, format_of, nemo
from explorer.formats.lines import blocks, peek
from explorer.formats.texts import Line, lines_of
from explorer.records import Problem

KEYED_SUFFIXES = (".trn", ".trn.gz", ".txt", ".txt.gz", ".text")
TABLES = ("csv", "parquet")
OBJECTS = ("nemo", "leaderboard")
TRN = re.compile(r"(?P<text>.*?)\s*\((?P<key>[^()\s]+)\)\s*", re.DOTALL)
TIMES = ("time", "wall", "wall_seconds", "processing_time", "transcription_time", "inference_time", "decoding_time")
"""Fields with the seconds of work on an utterance, the first that a file has; Open ASR Leaderboard: ``time``."""
ROWS_AT_ONCE = 20_000
SHOWN_FIELDS = 20
ABOUT_SOUND = "no sound found"
"""The kind of problem that does not matter here: predictions are about a corpus that knows its sound."""


@dataclass(slots=True, kw_only=True)
class Part:
    """Some rows of a file, as lists of equal length; a ``text`` of None is a row without a hypothesis.

    ``keys`` are filled when rows are joined by a field, the others when they are joined by sound and time (seconds).
    ``seconds`` are how long the system took, filled where the file says so.
    """

    lines: list[int] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)
    offset: list[float] = field(default_factory=list)
    duration: list[float | None] = field(default_factory=list)
    channel: list[Any] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class PredictionFile:
    """A file of predictions of ``system``; ``theirs`` is the field of it that rows are joined by, None for their sound.

    ``title`` says what it is, ``keyed`` that it is lines of text with a key, ``taken_from`` (known once it has been
    read) which field the hypotheses came from.

    Raises:
        PredictionError, ManifestError: it cannot be opened.
    """

    def __init__(self, path: Path, *, system: str, theirs: str | None = None) -> None:
        if not path.exists():
            raise PredictionError(f"the predictions of {system} are not there: {path}")
        self.path, self.system, self.theirs = path, system, theirs
        self._format = _format(path)
        self.keyed = self._format is None
        self.title = "keyed text" if self._format is None else self._format.title
        self.taken_from = "text" if self._format is None else ""

    def parts(self) -> Iterator[Part]:
        """The rows and what is wrong with others, some at a time.

        Raises:
            PredictionError: it has no such field, or the predictions of several systems.
            ManifestError: it cannot be read.
        """
        if self._format is None:
            yield from _keyed(self.path)
        elif self.theirs is not None and self._format.name in OBJECTS:
            yield from self._objects(self.theirs)
        else:
            yield from self._batches(self._format)

    def _batches(self, format: Format) -> Iterator[Part]:
        adapter = format.adapter()
        as_key = self.theirs is not None and format.name in TABLES
        columns = {"audio": self.theirs} if as_key and self.theirs is not None else {}
        reading = Reading(index=0, names=(self.path.name,), columns=columns)
        system_of = lambda name: adapter.role(name).system  # noqa: E731
        fixed = adapter.FIXED_FIELDS
        for batch in self._read(adapter, reading):
            self._choose({name: system_of(name) for name in batch.order}, otherwise=fixed["reference"])
            keys = batch.audio if as_key else self._column(batch, self.theirs, fixed) if self.theirs else []
            yield Part(
                lines=batch.lines,
                texts=[text if isinstance(text, str) else None for text in self._column(batch, self.taken_from, fixed)],
                keys=list(map(as_text, keys)),
                ids=batch.ids,
                audio=batch.audio,
                offset=batch.offset,
                duration=batch.duration,
                channel=batch.fields.get("channel") or [None] * len(batch.lines),
                seconds=next((list(map(as_seconds, batch.fields[name])) for name in TIMES if name in batch.fields), []),
                problems=[problem for problem in batch.problems if problem.kind != ABOUT_SOUND],
            )

    def _read(self, adapter: Adapter, reading: Reading) -> Iterator[Batch]:
        try:
            yield from adapter.read(self.path, reading)
        except ManifestError as error:
            if self.theirs is None:
                raise PredictionError(f"{error}; or join it by a field that it shares with the corpus") from error
            raise

    def _column(self, batch: Batch, name: str, fixed: Mapping[str, str]) -> Sequence[Any]:
        if name in batch.fields:
            return batch.fields[name]
        if name == fixed["reference"]:
            return batch.reference
        if name == fixed["audio"]:
            return batch.audio
        if not batch.lines:
            return []
        known = ", ".join(f'"{name}"' for name in [*batch.order][:SHOWN_FIELDS])
        raise PredictionError(f'{self.path} has no field "{name}"; it has {known}')

    def _objects(self, theirs: str) -> Iterator[Part]:
        """JSON lines that need no sound, because they have a key."""
        for block in blocks(self.path):
            part = Part()
            entries: list[dict[str, Any]] = []
            for number, line in enumerate(block.lines, block.first):
                if not line.strip():
                    continue
                try:
                    entry = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    part.problems.append(_problem(self.path, number, f"the line is not valid JSON: {error}", "broken"))
                    continue
                if not isinstance(entry, dict) or entry.get(theirs) is None:
                    part.problems.append(_problem(self.path, number, f'the line has no "{theirs}"', "no key"))
                    continue
                entries.append(entry)
                part.lines.append(number)
            names = dict.fromkeys(name for entry in entries for name in entry)
            self._choose({name: nemo.role(name).system for name in names}, otherwise="text")
            texts = [entry.get(self.taken_from) for entry in entries]
            part.texts = [text if isinstance(text, str) else None for text in texts]
            part.keys = [as_text(entry[theirs]) for entry in entries]
            timed = next((name for name in TIMES if name in names), None)
            part.seconds = [as_seconds(entry.get(timed)) for entry in entries] if timed else []
            if block.failure:
                number = block.first + len(block.lines)
                part.problems.append(_problem(self.path, number, block.failure, "truncated"))
            yield part

    def _choose(self, systems: Mapping[str, str | None], *, otherwise: str) -> None:
        """Decide once which field has the hypotheses; refuse when a later row shows that it was not the only one."""
        found = [name for name, system in systems.items() if system is not None]
        own = [name for name in found if systems[name] == self.system]
        chosen = own or found
        if len(chosen) > 1:
            listed = ", ".join(str(systems[name]) for name in found[:SHOWN_FIELDS])
            raise PredictionError(f"{self.path} has the predictions of {listed}; name the predictions like one of them")
        name = chosen[0] if chosen else otherwise
        if not self.taken_from or (self.taken_from == otherwise and not chosen):
            self.taken_from = name
        elif chosen and self.taken_from != name:
            raise PredictionError(
                f'{self.path} has no "{name}" in its first rows but in later ones; put it into every row'
            )


def as_text(value: Any) -> str | None:
    """A key as text: whole numbers without a decimal point, missing ones None."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def as_seconds(value: Any) -> float | None:
    """Seconds of work; None for what is no number, or less than nothing."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    return float(value) if known else None


def _format(path: Path) -> Format | None:
    """The format of a file; None for lines of text with a key, which are of none."""
    name = path.name.lower()
    if name.endswith(KEYED_SUFFIXES) or name == "text":
        return None
    if not path.is_dir():
        start = peek(path)
        if name.endswith(FORMATS["csv"].suffixes) and not start.lstrip().startswith(b"{"):
            recognized = format_of(path)
            return recognized if recognized.adapter().recognizes(path, start) else FORMATS["csv"]
        known = any(name.endswith(entry.suffixes) for entry in FORMATS.values() if entry.suffixes)
        if not known and not start.lstrip().startswith(b"{"):
            return None
    return format_of(path)


def _keyed(path: Path) -> Iterator[Part]:
    """Lines of text with a key: in brackets at the end of every line, or else as the first word."""
    start = peek(path).decode("utf-8", "replace").splitlines()
    shown = [line for line in start[:-1] or start if line.strip() and not line.startswith(";;")]
    trn = bool(shown) and all(TRN.fullmatch(line) for line in shown)
    part = Part()
    for line in lines_of(path, Reading(index=0, names=(path.name,)), source=path.name):
        if isinstance(line, Problem):
            part.problems.append(line)
        elif not line.text.startswith(";;"):
            key, text = _split(line, trn=trn)
            if key is None:
                part.problems.append(
                    _problem(path, line.number, "the line has no key in brackets at its end", "no key")
                )
                continue
            part.lines.append(line.number)
            part.keys.append(key)
            part.texts.append(text)
        if len(part.lines) >= ROWS_AT_ONCE:
            yield part
            part = Part()
    yield part


def _split(line: Line, *, trn: bool) -> tuple[str | None, str]:
    if trn:
        found = TRN.fullmatch(line.text)
        return (found["key"], found["text"].strip()) if found else (None, "")
    key, *rest = line.text.split(maxsplit=1)
    return key, rest[0].strip() if rest else ""


def _problem(path: Path, line: int, message: str, kind: str) -> Problem:
    return Problem(path.name, line, None, message, kind)
