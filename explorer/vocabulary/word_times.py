"""Word times: when each word of an utterance is said, from the forms in which manifests carry them.

NeMo's transcribe with timestamps writes ``word`` (or ``words``): a list of ``{"word", "start", "end", ...}``; other
tools write ``{"text", "start_time", "end_time"}`` or ``[word, start, end]``. Times are seconds from the utterance's
start, as a Segment has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from explorer.segments import Segment

FIELDS = ("words", "word", "word_timestamps", "alignment")
"""The manifest fields that are looked into."""

WORD = ("word", "text", "label", "segment")
START = ("start", "start_time", "begin")
END = ("end", "end_time", "stop")


def timed_words(value: Any) -> tuple[Segment, ...]:
    """The words of a nested value in one of the forms above; empty when it is anything else."""
    return tuple(_segments(value))


def time_of(words: Iterable[Segment], word: str, fold: Callable[[str], Sequence[str]]) -> float | None:
    """The start of the first timed word that counts as ``word`` under a folding; None when none does."""
    return next((segment.start for segment in words if word in fold(segment.label)), None)


def _segments(value: Any) -> Iterator[Segment]:
    """The timed words at the beginning of a list."""
    for entry in value if isinstance(value, list) else ():
        word, start, end = _parts(entry)
        times = _seconds(start), _seconds(end)
        if not isinstance(word, str) or times[0] is None or times[1] is None or times[1] < times[0]:
            return
        yield Segment(times[0], times[1], word)


def _parts(entry: Any) -> tuple[Any, Any, Any]:
    if isinstance(entry, Mapping):
        word, start, end = (next((entry[key] for key in keys if key in entry), None) for keys in (WORD, START, END))
        return word, start, end
    return tuple(entry[:3]) if isinstance(entry, list) and len(entry) >= 3 else (None, None, None)


def _seconds(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        return None
    return float(value)
