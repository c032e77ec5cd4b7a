"""When an edit of an utterance happens, as far as anybody has told when its words are said.

The words that a system heard have times when it gave them; those of the reference when the manifest or an alignment
has them. A word left out is looked for where the reference has it, else where the system's word before it ends. Where
no list of times has exactly the words of a text, the first that sounds like the one in question is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.alignment import align
from evaluator.scoring.edits import parted
from explorer.lanes.lane import Lane
from explorer.records import Utterance
from explorer.segments import Segment
from explorer.vocabulary.word_times import time_of


def time_of_edit(
    utterance: Utterance, system: str, edit: str, lanes: Sequence[Lane], chosen: Normalizer
) -> float | None:
    """The time of a system's first such edit, in seconds from the utterance's start; None when nobody has told it."""
    if utterance.reference is None or system not in utterance.hypotheses:
        return None
    said, heard = chosen.words(utterance.reference), chosen.words(utterance.hypotheses[system])
    place = _place(said, heard, edit)
    if place is None:
        return None
    here, there = place
    kind, word, other = parted(edit)
    lists = [lane.segments for lane in lanes if lane.kind == "words"]
    own = [lane.segments for lane in lanes if lane.kind == "words" and lane.name == system]
    if kind != "insert" and (time := _start(lists, said, here, chosen)) is not None:
        return time
    own_first = [*own, *lists]
    if kind != "delete" and (time := _start(own_first, heard, there, chosen)) is not None:
        return time
    before = _timed(own_first, heard, chosen)
    if kind == "delete" and before and there:
        return before[there - 1].end
    alike = (time_of(segments, (other or word or ""), chosen.words) for segments in own_first)
    return next((time for time in alike if time is not None), None)


def _place(said: Sequence[str], heard: Sequence[str], edit: str) -> tuple[int, int] | None:
    """Where the first such edit is in both texts; in the text that lacks its word, where that would be."""
    wanted, here, there = parted(edit), 0, 0
    for kind, word, other in align(said, heard).pairs():
        if (kind, word, other) == wanted:
            return here, there
        here, there = here + (word is not None), there + (other is not None)
    return None


def _start(lists: Sequence[Sequence[Segment]], words: Sequence[str], place: int, chosen: Normalizer) -> float | None:
    timed = _timed(lists, words, chosen)
    return timed[place].start if timed else None


def _timed(lists: Sequence[Sequence[Segment]], words: Sequence[str], chosen: Normalizer) -> list[Segment] | None:
    """A segment for each of these words, from the first list that has exactly them."""
    for segments in lists:
        timed = [
            Segment(segment.start, segment.end, word) for segment in segments for word in chosen.words(segment.label)
        ]
        if [segment.label for segment in timed] == list(words):
            return timed
    return None
