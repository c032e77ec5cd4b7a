"""Files of times: CTM, RTTM and Praat's TextGrid, each read into tracks; a fault is a sentence with its line.

    CTM        recording channel start duration word [confidence]     NIST SCTK, one word a line, ``;;`` a comment
    RTTM       SPEAKER recording channel start duration <NA> <NA> name ...   NIST RT-09, one turn a line
    TextGrid   tiers of intervals and points, the long or the short text format
               (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html)

Times are seconds from the start of the recording. Of a TextGrid, Praat itself reads only what stands free: numbers,
texts in quotes and flags in angle brackets; everything else (``xmin =``, ``intervals [1]:``) is decoration. So both
text formats are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from explorer.errors import SpeechDataError
from explorer.segments import Segment

POINT = 0.02
"""How long (s) a point of a TextGrid is drawn."""

_TOKEN = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?<![^\s])(?P<number>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![^\s])|(?P<flag><[a-z]+>)'
)


@dataclass(frozen=True, slots=True)
class Track:
    """Segments of one kind in time order; ``recording`` and ``name`` are empty when the file names none."""

    recording: str
    name: str
    kind: Literal["words", "speakers", "speech", "labels"]
    segments: tuple[Segment, ...]


def read_ctm(content: bytes, name: str) -> tuple[Track, ...]:
    """The words of each recording and channel.

    Raises:
        SpeechDataError: a line cannot be understood.
    """
    found: dict[tuple[str, str], list[Segment]] = {}
    for number, parts in _lines(content, name):
        if len(parts) < 5:
            raise SpeechDataError(f"{name}:{number}: expected recording, channel, start, duration and word")
        start, length = _times(parts[2], parts[3], name, number)
        found.setdefault((parts[0], parts[1]), []).append(Segment(start, start + length, parts[4]))
    several = len({channel for _, channel in found}) > 1
    return tuple(
        Track(recording, f"channel {channel}" if several else "", "words", tuple(sorted(words)))
        for (recording, channel), words in found.items()
    )


def read_rttm(content: bytes, name: str) -> tuple[Track, ...]:
    """The turns of each recording; of one whose only label is "speech" the speech regions. Other types are left out.

    Raises:
        SpeechDataError: a line cannot be understood.
    """
    found: dict[str, list[Segment]] = {}
    for number, parts in _lines(content, name):
        if parts[0] != "SPEAKER":
            continue
        if len(parts) < 8:
            raise SpeechDataError(f"{name}:{number}: expected SPEAKER, recording, channel, start, duration, ..., name")
        start, length = _times(parts[3], parts[4], name, number)
        found.setdefault(parts[1], []).append(Segment(start, start + length, parts[7]))
    return tuple(
        Track(
            recording,
            "",
            "speech" if {turn.label for turn in turns} == {"speech"} else "speakers",
            tuple(sorted(turns)),
        )
        for recording, turns in found.items()
    )


def read_textgrid(content: bytes, name: str) -> tuple[Track, ...]:
    """The tiers; intervals without a text are left out, a point lasts 20 ms.

    Raises:
        SpeechDataError: it is no TextGrid, or it ends too early.
    """
    tokens = list(_tokens(_decoded(content, name)))
    texts = [value for _, value in tokens[:2]]
    if texts != ["ooTextFile", "TextGrid"]:
        raise SpeechDataError(f'{name} is no TextGrid in a text format: it must begin with "ooTextFile" and "TextGrid"')
    rest = iter(tokens[2:])

    def number() -> float:
        line, value = next(rest)
        if isinstance(value, str):
            raise SpeechDataError(f'{name}:{line}: expected a number, found "{value}"')
        return value

    def text() -> str:
        line, value = next(rest)
        if not isinstance(value, str):
            raise SpeechDataError(f"{name}:{line}: expected a text in quotes, found {value:g}")
        return value

    tracks = []
    try:
        number(), number()  # the whole duration
        for _ in range(int(number())):
            tier, title = text(), text()
            number(), number()
            segments = []
            for _ in range(int(number())):
                start = number()
                end = start + POINT if tier == "TextTier" else number()
                label = text().strip()
                if label:
                    segments.append(Segment(start, end, label))
            kind: Literal["words", "labels"] = "words" if "word" in title.lower() else "labels"
            tracks.append(Track("", title, kind, tuple(sorted(segments))))
    except StopIteration:
        raise SpeechDataError(f"{name} ends in the middle of a tier; save it again") from None
    return tuple(tracks)


READERS: dict[str, Callable[[bytes, str], tuple[Track, ...]]] = {
    "ctm": read_ctm,
    "rttm": read_rttm,
    "textgrid": read_textgrid,
}
"""The formats of lane files."""


def _lines(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, with their numbers, split at white space."""
    for number, line in enumerate(_decoded(content, name).splitlines(), 1):
        parts = line.split()
        if parts and not line.lstrip().startswith((";;", "#")):
            yield number, parts


def _times(start: str, length: str, name: str, number: int) -> tuple[float, float]:
    try:
        times = float(start), float(length)
    except ValueError:
        raise SpeechDataError(
            f'{name}:{number}: "{start}" and "{length}" should be start and duration in seconds'
        ) from None
    if not (0 <= times[0] < float("inf") and 0 <= times[1] < float("inf")):
        raise SpeechDataError(f"{name}:{number}: a start of {start} s and a duration of {length} s cannot be")
    return times


def _tokens(text: str) -> Iterator[tuple[int, str | float]]:
    """Free-standing texts and numbers with their lines; the flag <exists> says nothing more."""
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if match["text"] is not None:
            yield line, match["text"].replace('""', '"')
        elif match["number"] is not None:
            yield line, float(match["number"])


def _decoded(content: bytes, name: str) -> str:
    """Praat writes UTF-8, or UTF-16 with a mark, where a text is not plain ASCII."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SpeechDataError(f"{name} is not valid {encoding.upper()[:6]}: {error.reason}") from error
