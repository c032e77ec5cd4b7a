"""Kaldi data folders: text files with a key and its value a line, joined on the key.

    wav.scp      recording path              the sound; a command (ending in |) is never run, it is a Problem
    segments     utterance recording start end [channel]       seconds; an end of -1 is the recording's end; optional:
                                             without it every recording is one utterance
    text         utterance words...          the reference
    utt2spk, utt2lang, utt2gender            speaker, language, gender; also spk2gender
    utt2dur, reco2dur                        durations in seconds where segments has none

Fields: utterance_id, recording_id, speaker, language, gender, channel (counted from 0). Relative paths in wav.scp count
from the data folder or from the audio root (recipes often count them from the folder they run in: name that one).

The files are read side by side. Kaldi wants them sorted by their key, and then nothing is held in memory but the
recordings; what is out of order is remembered until it is asked for.

Source: https://kaldi-asr.org/doc/data_prep.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import sniff
from explorer.formats.rows import SHORTEST_SECONDS, Fault, Row, batches, shown, written_seconds
from explorer.formats.texts import Line, lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "wav.scp", "offset": "segments", "duration": "utt2dur", "reference": "text"}
RECORDINGS = "wav.scp"
SEGMENTS = "segments"
BY_UTTERANCE = {"utt2spk": "speaker", "utt2lang": "language", "utt2gender": "gender"}
NAMES = (RECORDINGS, SEGMENTS, "text", *BY_UTTERANCE, "spk2gender", "utt2dur", "reco2dur")


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the folder has a wav.scp, or the file is it."""
    return (path / RECORDINGS).is_file() if path.is_dir() else path.name == RECORDINGS


def files(path: Path) -> tuple[Path, ...]:
    """The files of the data folder that are known here."""
    folder = path if path.is_dir() else path.parent
    return tuple(folder / name for name in NAMES if (folder / name).is_file())


def role(field: str) -> Role:
    """What a field is inside."""
    return Role(name=field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The utterances of a data folder, in the order of segments or wav.scp.

    Raises:
        ManifestError: a file cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    there = {file.name for file in files(path)}
    if RECORDINGS not in there:
        raise ManifestError(f"{folder} has no {RECORDINGS}, the list of its sounds")
    for name in there:
        sniff(folder / name, expected="text")
    yield from batches(_found(folder, there, reading), reading, fixed=tuple(FIXED_FIELDS.values()))


class _Side:
    """One of the files, asked for its keys in about their order; values have their line numbers."""

    def __init__(self, folder: Path, name: str, reading: Reading, problems: list[Problem]) -> None:
        self.name, self.source, self.position = name, f"{reading.source}/{name}", 0
        self._problems = problems
        self._held: dict[str, tuple[str, int]] = {}
        self._rest = self._entries(folder / name, reading) if (folder / name).is_file() else iter(())

    def take(self, key: str) -> tuple[str, int] | None:
        """The value of a key and its line, once."""
        if key in self._held:
            return self._held.pop(key)
        for found, value, number in self._rest:
            if found == key:
                return value, number
            self._hold(found, value, number)
        return None

    def all(self) -> dict[str, tuple[str, int]]:
        """Everything that has not been taken."""
        for found, value, number in self._rest:
            self._hold(found, value, number)
        return self._held

    def _hold(self, key: str, value: str, number: int) -> None:
        if key in self._held:
            message = f"repeats line {self._held[key][1]}: {shown(key)}"
            self._problems.append(Problem(self.source, number, None, message, "duplicate"))
        else:
            self._held[key] = value, number

    def _entries(self, path: Path, reading: Reading) -> Iterator[tuple[str, str, int]]:
        for line in lines_of(path, reading, source=self.source):
            if isinstance(line, Problem):
                self._problems.append(line)
                continue
            self.position = line.position
            parts = line.text.split(maxsplit=1)
            yield parts[0], parts[1].rstrip() if len(parts) > 1 else "", line.number


def _found(folder: Path, there: set[str], reading: Reading) -> Iterator[tuple[Row | Problem | None, int]]:
    """The rows and problems, with the bytes read of all files."""
    problems: list[Problem] = []
    sides = {name: _Side(folder, name, reading, problems) for name in NAMES}
    gender = sides["spk2gender"].all()
    recordings = sides[RECORDINGS].all() if SEGMENTS in there else {}
    lengths = sides["reco2dur"].all() if SEGMENTS in there else {}
    main = SEGMENTS if SEGMENTS in there else RECORDINGS
    source = f"{reading.source}/{main}"
    before = sum((folder / name).stat().st_size for name in there if name in (RECORDINGS, "reco2dur") and name != main)
    for line in lines_of(folder / main, reading, source=source):
        here = before + sum(side.position for side in sides.values() if side.name not in (RECORDINGS, "reco2dur"))
        if isinstance(line, Problem):
            yield line, here
            continue
        here += line.position
        try:
            segmented = main == SEGMENTS
            row = _segment(line, recordings, lengths) if segmented else _recording(line, sides["reco2dur"])
            yield _completed(row, sides, gender), here
        except Fault as fault:
            sides["text"].take(line.text.split(maxsplit=1)[0])  # the reference of a faulty line is no second problem
            yield fault.problem(source, line.number), here
        while problems:
            yield problems.pop(), here
    end = sum((folder / name).stat().st_size for name in there)
    for key, (_, number) in sides["text"].all().items():
        message = f"has no entry in {main}: {shown(key)}"
        yield Problem(sides["text"].source, number, None, message, "no audio path"), end
    while problems:
        yield problems.pop(), end


def _recording(line: Line, lengths: _Side) -> Row:
    """A whole recording as an utterance."""
    key, path = _pair(line, "recording and path")
    fields = {"utterance_id": key, "recording_id": key}
    length = lengths.take(key)
    duration = None if length is None else _seconds("reco2dur", length[0])
    return Row(line=line.number, audio=_plain_path(path), duration=duration, fields=fields)


def _segment(line: Line, recordings: dict[str, tuple[str, int]], lengths: dict[str, tuple[str, int]]) -> Row:
    """A part of a recording as an utterance."""
    parts = line.text.split()
    if len(parts) not in (4, 5):
        message = f"the line has {len(parts)} words, expected utterance, recording, start and end"
        raise Fault(None, message, "wrong number of cells")
    key, recording, start_text, end_text = parts[:4]
    if recording not in recordings:
        raise Fault(SEGMENTS, f"names the recording {shown(recording)}, which {RECORDINGS} lacks", "no audio path")
    start = written_seconds("start", start_text, expected="seconds >= 0", at_least=0.0) or 0.0
    end = _end(recording, end_text, lengths)
    if end is not None and end <= start:
        raise Fault("end", f"is {shown(end)}, expected seconds after the start at {shown(start)}", "bad duration")
    fields: dict[str, object] = {"utterance_id": key, "recording_id": recording}
    if len(parts) == 5:
        fields["channel"] = _channel(parts[4])
    return Row(
        line=line.number,
        audio=_plain_path(recordings[recording][0]),
        offset=start,
        duration=None if end is None else round(end - start, 9),
        fields=fields,
    )


def _end(recording: str, text: str, lengths: dict[str, tuple[str, int]]) -> float | None:
    """The end of a segment; that of the recording when it is -1, None when that is unknown."""
    if text.startswith("-") and written_seconds("end", text, expected="seconds, or -1", at_least=-1.0) == -1.0:
        return _seconds("reco2dur", lengths[recording][0]) if recording in lengths else None
    return written_seconds(
        "end", text, expected="seconds > 0, or -1 for the recording's end", at_least=SHORTEST_SECONDS
    )


def _channel(text: str) -> int:
    """Kaldi's channels are 0, 1... or the letters A, B."""
    if text in ("A", "B"):
        return "AB".index(text)
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Fault("channel", f"is {shown(text)}, expected a number from 0, A or B", "wrong type")
    return int(text)


def _completed(row: Row, sides: dict[str, _Side], gender: dict[str, tuple[str, int]]) -> Row:
    """The utterance with what the other files say about it."""
    key = row.fields["utterance_id"]
    text, length = sides["text"].take(key), sides["utt2dur"].take(key)
    duration = row.duration
    if duration is None and length is not None:
        duration = _seconds("utt2dur", length[0])
    for name, field in BY_UTTERANCE.items():
        value = sides[name].take(key)
        if value is not None and value[0]:
            row.fields[field] = value[0]
    speaker = row.fields.get("speaker")
    if speaker in gender and "gender" not in row.fields:
        row.fields["gender"] = gender[speaker][0]
    return replace(row, duration=duration, reference=None if text is None else text[0])


def _pair(line: Line, expected: str) -> tuple[str, str]:
    parts = line.text.split(maxsplit=1)
    if len(parts) < 2:
        raise Fault(None, f"the line has one word, expected {expected}", "wrong number of cells")
    return parts[0], parts[1].strip()


def _plain_path(written: str) -> str:
    """The path of a sound file, not a command and not a place inside an archive."""
    if written.endswith("|") or written.startswith("|"):
        raise Fault(RECORDINGS, f"is the command {shown(written)}, which is never run; name a sound file", "command")
    if written == "-":
        raise Fault(RECORDINGS, "is standard input; name a sound file", "command")
    head, colon, place = written.rpartition(":")
    if colon and place.isdigit() and head.endswith(".ark"):
        raise Fault(RECORDINGS, f"is a place in the archive {shown(head)}; name a sound file", "archive")
    return written


def _seconds(field: str, text: str) -> float | None:
    return written_seconds(field, text, expected="seconds > 0", at_least=SHORTEST_SECONDS)
