"""Tables of any columns: which of them is what, and checked batches of their rows.

A table needs a column with the path of the sound; what it and the others are called is found by the usual names, in
this order and whatever the case, or said by the corpus's option ``columns``:

    audio       audio_filepath audio_filename audio_path audio_file audio path file filename file_name filepath
                file_path wav wav_path wav_filename wav_filepath wav_file clip sound recording
    offset      offset start start_time begin start_s          (seconds)
    end         end end_time stop end_s                        (seconds; the duration where no column has that)
    duration    duration duration_s duration_seconds length dur seconds
    reference   text sentence transcript transcription reference normalized_text normalized_transcription
                raw_transcription

An empty cell is a missing value; an empty text in quotation marks is the empty text. ``pred_text`` and
``pred_text_<name>`` are hypotheses, as in a NeMo manifest. Identities are made as for every format (see rows.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role, nemo
from explorer.formats.rows import (
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    Fault,
    digest,
    first_of_each,
    plain_seconds,
    seconds,
    shown,
    written_seconds,
)
from explorer.records import Problem

FIXED_FIELDS = {"audio": "audio", "offset": "offset", "duration": "duration", "reference": "reference"}
USUAL_NAMES = {
    "audio": [
        "audio_filepath",
        "audio_filename",
        "audio_path",
        "audio_file",
        "audio",
        "path",
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "wav",
        "wav_path",
        "wav_filename",
        "wav_filepath",
        "wav_file",
        "clip",
        "sound",
        "recording",
    ],
    "offset": ["offset", "start", "start_time", "begin", "start_s"],
    "end": ["end", "end_time", "stop", "end_s"],
    "duration": ["duration", "duration_s", "duration_seconds", "length", "dur", "seconds"],
    "reference": [
        "text",
        "sentence",
        "transcript",
        "transcription",
        "reference",
        "normalized_text",
        "normalized_transcription",
        "raw_transcription",
    ],
}
SPEAKERS = ("speaker", "speaker_id", "client_id", "spk")
LANGUAGES = ("language", "lang", "locale")
MOST_NAMED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The names of the columns that mean something; ``end`` counts only where there is no duration column."""

    audio: str
    offset: str | None = None
    end: str | None = None
    duration: str | None = None
    reference: str | None = None

    outside: Mapping[str, str] = field(default_factory=lambda: FIXED_FIELDS)

    @property
    def fixed(self) -> dict[str, str]:
        """The table's names of these columns -> what they are called ``outside``: in every table of the format."""
        named = {"audio": self.audio, "offset": self.offset, "duration": self.duration, "reference": self.reference}
        return {name: self.outside[what] for what, name in named.items() if name is not None}


def role(field: str) -> Role:
    """What a column is inside."""
    name = field.lower()
    if name in SPEAKERS or name in LANGUAGES:
        return Role(name="speaker" if name in SPEAKERS else "language")
    return nemo.role(field)


def layout(names: Sequence[str], chosen: Mapping[str, str], path: Path) -> Layout:
    """Which columns are audio, offset, duration and reference; ``chosen`` says it for some.

    Raises:
        ManifestError: there is no audio column, or a chosen one is not there; the sentence lists the columns.
    """
    listed = ", ".join(f'"{name[:60]}"' for name in names[:MOST_NAMED]) + (" ..." if len(names) > MOST_NAMED else "")
    for what, name in chosen.items():
        if name not in names:
            raise ManifestError(f'{path} has no column "{name}" for the {what}; its columns are {listed}')
    by_lower: dict[str, str] = {}
    for name in names:
        by_lower.setdefault(name.lower().strip(), name)
    taken = set(chosen.values())
    found = dict(chosen)
    for what, usual in USUAL_NAMES.items():
        if what not in found:
            there = (by_lower[name] for name in usual if name in by_lower and by_lower[name] not in taken)
            first = next(there, None)
            if first is not None:
                found[what] = first
                taken.add(first)
    if "audio" not in found:
        raise ManifestError(
            f"{path} has no column that is known to hold the sound's path; its columns are {listed}. "
            "Name it in a configuration file: columns: {audio: NAME}"
        )
    return Layout(
        audio=found["audio"],
        offset=found.get("offset"),
        end=found.get("end"),
        duration=found.get("duration"),
        reference=found.get("reference"),
    )


def table_batch(
    numbers: Sequence[int],
    columns: dict[str, list[Any]],
    place: Layout,
    reading: Reading,
    problems: list[Problem],
    *,
    position: int,
) -> Batch:
    """The checked batch of some rows; ``columns`` has all values by the table's names, ``numbers`` their lines."""
    size = len(numbers)
    faults: dict[int, Fault] = {}
    audio = columns[place.audio]
    if set(map(type, audio)) != {str} or not all(audio) or any(map(str.isspace, audio)):
        _check_audio(place.audio, audio, faults)
    unknown: list[Any] = [None] * size
    offset = _times(place.offset, columns, faults, at_least=0.0) if place.offset else unknown
    starts = [0.0 if value is None else value for value in offset]
    if place.duration:
        duration = _times(place.duration, columns, faults, at_least=SHORTEST_SECONDS)
    elif place.end:
        ends = _times(place.end, columns, faults, at_least=0.0)
        duration = _lengths(place.end, starts, ends, faults)
    else:
        duration = unknown
    reference = columns[place.reference] if place.reference else unknown
    if not set(map(type, reference)) <= {str, type(None)}:
        reference = [None if value is None else value if isinstance(value, str) else str(value) for value in reference]
    for name, said in columns.items():
        if role(name).system and not set(map(type, said)) <= {str, type(None)}:
            columns[name] = [None if value is None else str(value) for value in said]
    good = [index for index in range(size) if index not in faults] if faults else list(range(size))
    problems += [fault.problem(reading.source, numbers[index]) for index, fault in faults.items()]
    channels = columns.get("channel", unknown)
    digests = [digest(audio[i], starts[i], duration[i], channels[i]) for i in good]
    sounds, lines = [audio[i] for i in good], [numbers[i] for i in good]
    kept = [good[i] for i in first_of_each(digests, sounds, lines, reading, problems)]
    by_index = dict(zip(good, digests, strict=True))
    fixed = place.fixed

    def only(values: list[Any]) -> list[Any]:
        return values if len(kept) == size else [values[index] for index in kept]

    return Batch(
        lines=only(list(numbers)),
        ids=[by_index[index].hex() for index in kept],
        audio=only(audio),
        offset=only(starts),
        duration=only(duration),
        reference=only(reference),
        fields={name: only(values) for name, values in columns.items() if name not in fixed},
        order=tuple(fixed.get(name, name) for name in columns),
        problems=sorted(problems, key=lambda problem: problem.line or 0),
        position=position,
    )


def _check_audio(field: str, audio: list[Any], faults: dict[int, Fault]) -> None:
    for index, value in enumerate(audio):
        if value is None or (isinstance(value, str) and not value.strip()):
            faults[index] = Fault(field, "is empty, expected the path of a sound file", "no audio path")
        elif not isinstance(value, str):
            faults[index] = Fault(field, f"is {shown(value)}, expected the path of a sound file", "wrong type")


def _times(field: str, columns: dict[str, list[Any]], faults: dict[int, Fault], *, at_least: float) -> list[Any]:
    """The column as seconds; at once when every value is a plain time, else one by one."""
    values = columns[field]
    if set(map(type, values)) <= {str, type(None)}:
        try:
            values = pc.utf8_trim_whitespace(pa.array(values, pa.string())).cast(pa.float64()).to_pylist()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            values = columns[field]
    plain = plain_seconds(values, at_least=at_least)
    if plain is not None:
        return plain
    expected = "seconds > 0" if at_least else "seconds >= 0"
    checked: list[float | None] = []
    for index, value in enumerate(columns[field]):
        read = written_seconds if isinstance(value, str) else seconds
        try:
            checked.append(read(field, value, expected=expected, at_least=at_least))
        except Fault as fault:
            faults.setdefault(index, fault)
            checked.append(None)
    return checked


def _lengths(field: str, starts: list[float], ends: list[float | None], faults: dict[int, Fault]) -> list[float | None]:
    """Durations from ends, to the nanosecond: 1.3 - 1.2 is 0.1."""
    lengths: list[float | None] = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        length = None if end is None else round(end - start, 9)
        if length is not None and not 0 < length <= LONGEST_SECONDS:
            message = f"is {shown(end)}, expected seconds after the start at {shown(start)}"
            faults.setdefault(index, Fault(field, message, "bad duration"))
            length = None
        lengths.append(length)
    return lengths
