"""Word times: when each word of an utterance is said, from the forms in which manifests carry them.

NeMo's transcribe with timestamps writes ``word`` (or ``words``): a list of ``{"word", "start", "end", ...}``; other
tools write ``{"text", "start_time", "end_time"}`` or ``[word, start, end]``. Times are seconds from the utterance's
start, as a Segment has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from explorer.records import Utterance
from explorer.segments import Segment

FIELDS = ("words", "word", "words_field", "word_timestamps", "alignment")
WORD = ("word", "text", "label")
START = ("start", "start_time", "begin")
END = ("end", "end_time", "stop")


def word_times(utterance: Utterance) -> tuple[Segment, ...]:
    """The timed words that the utterance's own fields carry; empty when they carry none."""
    for name in FIELDS:
        found = tuple(_segments(utterance.extra.get(name)))
        if found:
            return found
    return ()


def time_of(words: Iterable[Segment], said: Sequence[str]) -> float | None:
    """The start of the first timed word that is one of ``said`` (as written, or by lower case); None when none is."""
    wanted = {word.lower() for word in said}
    return next((segment.start for segment in words if segment.label.lower() in wanted), None)


def _segments(value: Any) -> Iterator[Segment]:
    if not isinstance(value, list):
        return
    for entry in value:
        if isinstance(entry, Mapping):
            word, start, end = (next((entry[k] for k in keys if k in entry), None) for keys in (WORD, START, END))
        elif isinstance(entry, list | tuple) and len(entry) >= 3:
            word, start, end = entry[:3]
        else:
            return
        if not isinstance(word, str) or not _is_time(start) or not _is_time(end) or end < start:
            return
        yield Segment(float(start), float(end), word)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
