"""Recordings: the utterances that are cut from the same sound file as a given one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.errors import SpeechDataError
from explorer.querying.conditions import LONGEST_VALUE
from explorer.querying.query import Filter, Query, Sort, Test
from explorer.sound import audio

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus
    from explorer.records import Utterance

MOST = 2_000
"""Neighbours that are told, the nearest in order: more would be closer than pixels."""

LONGEST_TEXT = 60


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An utterance of the recording: its start and end in seconds from the file's start, and how it begins."""

    id: str
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """An utterance among the others of its file: in the order of their starts it is number ``place`` of ``count``.

    ``duration`` is the file's, seconds; ``before`` and ``after`` are the ids of the next in order, None at the ends.
    """

    id: str
    start: float
    end: float
    duration: float
    place: int
    count: int
    before: str | None
    after: str | None
    others: tuple[Neighbour, ...]

    def as_json(self) -> dict[str, Any]:
        """As ``assets/player-overview.js`` takes it."""
        return {
            "id": self.id,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "duration": round(self.duration, 3),
            "place": self.place,
            "count": self.count,
            "before": self.before,
            "after": self.after,
            "others": [[n.id, round(n.start, 3), round(n.end, 3), n.text] for n in self.others],
        }


def recording_of(corpus: Corpus, utterance: Utterance, *, through: audio.Opener = audio.opened) -> Recording | None:
    """The utterance among those whose rows name the same sound file in the same words; None when it is the only one."""
    if len(utterance.audio) > LONGEST_VALUE:  # no filter takes it, and no file has such a name
        return None
    same = Filter("audio", (Test("eq", utterance.audio),)), Filter("source", (Test("eq", utterance.source),))
    rows = corpus.rows(Query(filters=same, sort=(Sort("offset"),)))
    if len(rows) < 2:
        return None
    at = next((place for place, row in enumerate(rows.tolist()) if row == utterance.row), None)
    if at is None:
        return None
    first = max(0, min(at - MOST // 2, len(rows) - MOST))
    told = corpus.listed(rows[first : first + MOST], ("offset", "duration", "reference"))
    ends = {id: (start or 0.0) + (duration or 0.0) for id, (start, duration, _) in told}
    try:
        whole = audio.info(corpus.audio_path(utterance), through=through).duration
    except SpeechDataError:  # the player says what is wrong with the file
        whole = max(ends.values())
    # What a row promises beyond the end of the file is no part of the recording; the player says so.
    neighbours = [
        Neighbour(id, min(start or 0.0, whole), min(ends[id], whole), (text or "")[:LONGEST_TEXT])
        for id, (start, _, text) in told
    ]
    here = neighbours[at - first]
    place = at - first
    return Recording(
        id=utterance.id,
        start=here.start,
        end=here.end,
        duration=whole,
        place=at + 1,
        count=len(rows),
        before=neighbours[place - 1].id if place else None,
        after=neighbours[place + 1].id if place + 1 < len(neighbours) else None,
        others=tuple(neighbours),
    )
