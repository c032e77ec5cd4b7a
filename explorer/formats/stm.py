"""STM, segment time marks: reference texts with the time they are said at, as NIST's scoring tools read them.

    file channel speaker begin end [<labels>] text          begin and end in seconds; ;; begins a comment

A line is an utterance: ``file`` is looked for beside the STM and in the corpus's folders, with the usual endings of
sound files. Fields: speaker, labels, channel (counted from 0: channel 1 or A is 0), recording_id. The text
IGNORE_TIME_SEGMENT_IN_SCORING marks a stretch that is not scored: its reference is unknown and its field
``ignored`` true. Alternatives in braces are kept as they are written.

Source: https://github.com/usnistgov/SCTK, doc/infmts.htm
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import sniff
from explorer.formats.rows import Fault, Row, batches, shown, written_seconds
from explorer.formats.texts import Line, Sounds, lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "file", "offset": "begin", "duration": "end", "reference": "text"}
COMMENT = ";;"
IGNORED = "IGNORE_TIME_SEGMENT_IN_SCORING"
LOOKED_AT = 20
LOOKED_AT_CHARACTERS = 500
NUMBER = re.compile(r"[-+]?[0-9]{0,15}\.?[0-9]{0,15}(?:[eE][-+]?[0-9]{1,3})?")


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the first lines that are no comments have numbers in the fourth and fifth place."""
    return path.name.lower().endswith((".stm", ".stm.gz")) and has_times(start, 3)


def has_times(start: bytes, place: int) -> bool:
    """Whether most of the first lines that are no comments have two numbers from this place on, counted from 0."""
    lines = [line[:LOOKED_AT_CHARACTERS] for line in start.decode("utf-8", "replace").split("\n")]
    words = [line.split() for line in lines if line.strip() and not line.startswith(COMMENT)][:LOOKED_AT]
    timed = [len(of) > place + 1 and all(NUMBER.fullmatch(word) for word in of[place : place + 2]) for of in words]
    return sum(timed) * 2 > len(timed)


def files(path: Path) -> tuple[Path, ...]:
    """The STM itself."""
    return (path,)


def role(field: str) -> Role:
    """What a field is inside."""
    return Role(name=field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The utterances.

    Raises:
        ManifestError: the file cannot be read.
    """
    sniff(path, expected="text")
    yield from batches(_found(path, reading), reading, fixed=tuple(FIXED_FIELDS.values()))


def _found(path: Path, reading: Reading) -> Iterator[tuple[Row | Problem, int]]:
    sounds = Sounds(path.parent, reading.roots)
    for line in lines_of(path, reading, source=reading.source):
        if isinstance(line, Problem):
            yield line, 0
        elif not line.text.startswith(COMMENT):
            try:
                row = _row(line)
            except Fault as fault:
                yield fault.problem(reading.source, line.number), line.position
                continue
            yield from located(row, sounds, reading.source, line.position)


def located(row: Row, sounds: Sounds, source: str, position: int) -> Iterator[tuple[Row | Problem, int]]:
    """The row with the path of its sound, and once for each name a problem when there is none."""
    new = sounds.is_new(row.audio)
    path = sounds.path(row.audio)
    if path is None and new:
        message = f"names {shown(row.audio)}: there is no such sound beside the file or in the corpus's folders"
        yield Problem(source, row.line, "file", message, "no sound found"), position
    yield replace(row, audio=path or row.audio), position


def _row(line: Line) -> Row:
    parts = line.text.split(maxsplit=5)
    if len(parts) < 5:
        message = f"the line has {len(parts)} words, expected file, channel, speaker, begin, end and text"
        raise Fault(None, message, "wrong number of cells")
    name, channel, speaker, begin_text, end_text = parts[:5]
    begin = written_seconds("begin", begin_text, expected="seconds >= 0", at_least=0.0) or 0.0
    end = written_seconds("end", end_text, expected="seconds >= 0", at_least=0.0) or 0.0
    if end <= begin:
        raise Fault("end", f"is {shown(end)}, expected seconds after the begin at {shown(begin)}", "bad duration")
    text = parts[5].strip() if len(parts) > 5 else ""
    fields: dict[str, object] = {"speaker": speaker, "recording_id": name, "channel": channel_of(channel)}
    labels = re.match(r"<([^<>]*)>(?:\s+|$)", text)
    if labels:
        fields["labels"], text = labels[1], text[labels.end() :]
    ignored = text.upper() == IGNORED
    if ignored:
        fields["ignored"] = True
    return Row(
        line=line.number,
        audio=name,
        offset=begin,
        duration=round(end - begin, 9),
        reference=None if ignored else text,
        fields=fields,
    )


def channel_of(text: str) -> int:
    """The channel counted from 0: the outside world counts 1, 2... or A, B..."""
    if len(text) == 1 and text.isascii() and text.isalpha():
        return ord(text.upper()) - ord("A")
    if text.isascii() and text.isdigit() and len(text) < 4:
        return max(0, int(text) - 1)
    raise Fault("channel", f"is {shown(text)}, expected 1, 2... or A, B...", "wrong type")
