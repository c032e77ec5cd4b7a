"""Time as values: Segment, a half-open stretch of an utterance, and the algebra of lists of them.

Times are float seconds from the start of the utterance (not of the file). A segment is empty, and falsy, when
its end is not after its start. Words, speech regions and speaker turns are all segments with a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A labelled stretch of time, ``start`` <= t < ``end`` (seconds)."""

    start: float
    end: float
    label: str = ""

    @property
    def duration(self) -> float:
        """Length in seconds; an empty segment has length 0."""
        return max(0.0, self.end - self.start)

    def __bool__(self) -> bool:
        return self.end > self.start

    def __and__(self, other: Segment) -> Segment:
        """The intersection; it keeps this segment's label."""
        return replace(self, start=max(self.start, other.start), end=min(self.end, other.end))

    def shifted(self, seconds: float) -> Segment:
        """The same segment, ``seconds`` later."""
        return replace(self, start=self.start + seconds, end=self.end + seconds)


def total(segments: Iterable[Segment]) -> float:
    """Seconds covered by at least one of the segments: overlaps count once."""
    return sum(segment.duration for segment in merged(segments))


def merged(segments: Iterable[Segment], *, gap: float = 0.0) -> list[Segment]:
    """The segments in time order, joined where they overlap or are at most ``gap`` seconds apart.

    A joined segment keeps the label of its first part; empty segments are dropped.
    """
    joined: list[Segment] = []
    for segment in sorted(s for s in segments if s):
        if joined and segment.start <= joined[-1].end + gap:
            joined[-1] = replace(joined[-1], end=max(joined[-1].end, segment.end))
        else:
            joined.append(segment)
    return joined


def gaps(segments: Sequence[Segment], span: Segment) -> list[Segment]:
    """The parts of ``span`` that no segment covers, in time order."""
    silent: list[Segment] = []
    cursor = span.start
    for segment in merged(s & span for s in segments):
        silent.append(Segment(cursor, segment.start))
        cursor = segment.end
    silent.append(Segment(cursor, span.end))
    return [s for s in silent if s]
