"""CTM, conversation time marks: words with their times, as aligners and recognizers write them.

    file channel begin duration word [confidence]          begin and duration in seconds; ;; begins a comment

The lines of one file and channel are one utterance (they may be mixed with those of others, as far as there are not
more than MOST_OPEN of them at once): its reference is the words joined, its sound is looked for
like an STM's, and its times are kept in the field ``words``, a list of ``{"word", "start", "end"}`` (and
"confidence") in seconds from the utterance's start. It is the whole sound: its duration is read from the file.
``<eps>`` and alternatives (``<ALT...>``) are left out. A faulty line loses its word alone.

Source: https://github.com/usnistgov/SCTK, doc/infmts.htm
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import sniff
from explorer.formats.rows import Fault, Row, batches, written_seconds
from explorer.formats.stm import COMMENT, channel_of, has_times, located
from explorer.formats.texts import Line, Sounds, lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "file", "offset": "offset", "duration": "duration", "reference": "text"}
MOST_OPEN = 5_000
NO_WORDS = ("<eps>", "<alt_begin>", "<alt>", "<alt_end>", "@")


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the first lines that are no comments have numbers in the third and fourth place, and then a word."""
    return path.name.lower().endswith((".ctm", ".ctm.gz")) and has_times(start, 2)


def files(path: Path) -> tuple[Path, ...]:
    """The CTM itself."""
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


@dataclass(slots=True)
class _Utterance:
    """A file and channel while its words are being read."""

    name: str
    channel: int
    line: int
    words: list[dict[str, Any]] = field(default_factory=list)

    def row(self) -> Row:
        """The utterance, its words in the order of their times."""
        self.words.sort(key=lambda word: (word["start"], word["end"]))
        text = " ".join(word["word"] for word in self.words)
        fields = {"recording_id": self.name, "channel": self.channel, "words": self.words}
        return Row(line=self.line, audio=self.name, reference=text, fields=fields)


def _found(path: Path, reading: Reading) -> Iterator[tuple[Row | Problem, int]]:
    sounds = Sounds(path.parent, reading.roots)
    open_ones: dict[tuple[str, int], _Utterance] = {}
    position = 0
    for line in lines_of(path, reading, source=reading.source):
        if isinstance(line, Problem):
            yield line, position
            continue
        position = line.position
        if line.text.startswith(COMMENT):
            continue
        try:
            name, channel, word = _word(line)
        except Fault as fault:
            yield fault.problem(reading.source, line.number), position
            continue
        utterance = open_ones.get((name, channel))
        if utterance is None:
            if len(open_ones) >= MOST_OPEN:
                oldest = open_ones.pop(next(iter(open_ones)))
                yield from located(oldest.row(), sounds, reading.source, position)
            utterance = open_ones[name, channel] = _Utterance(name, channel, line.number)
        if word is not None:
            utterance.words.append(word)
    for utterance in open_ones.values():
        yield from located(utterance.row(), sounds, reading.source, position)


def _word(line: Line) -> tuple[str, int, dict[str, Any] | None]:
    """File, channel and the timed word, None when the line has none."""
    parts = line.text.split()
    if not 5 <= len(parts) <= 8:
        message = f"the line has {len(parts)} words, expected file, channel, begin, duration and word"
        raise Fault(None, message, "wrong number of cells")
    name, channel, begin_text, length_text, word = parts[:5]
    place = channel_of(channel)
    if word.lower() in NO_WORDS or begin_text == "*":
        return name, place, None
    begin = written_seconds("begin", begin_text, expected="seconds >= 0", at_least=0.0) or 0.0
    length = written_seconds("duration", length_text, expected="seconds >= 0", at_least=0.0) or 0.0
    timed: dict[str, Any] = {"word": word, "start": begin, "end": round(begin + length, 9)}
    if len(parts) > 5 and parts[5] != "NA":
        timed["confidence"] = written_seconds("confidence", parts[5], expected="a number >= 0", at_least=0.0)
    return name, place, timed
