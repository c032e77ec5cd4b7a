"""Spoken: an utterance as formats of speech data want it, with the absolute path of its sound and names without spaces.

Recordings are named by the corpus's own ``recording_id``, else by the file's name; sounds that share a name are told
apart by a hash of their path. Utterances are named by ``utterance_id`` (or ``cut_id``),
else by their identity, with the speaker before it as Kaldi wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.exporting import Wanted
from explorer.exporting.rows import ROWS_AT_ONCE, sound_places
from explorer.places.sounds import Sound
from explorer.segments import Segment
from explorer.vocabulary.word_times import FIELDS, timed_words

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

OWN_NAMES = ("utterance_id", "cut_id", "supervision_id")
TIMES = ("offset", "duration")
PLAIN = ("audio", *TIMES, "source", "speaker", "language", "gender", "channel", "recording_id", *OWN_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One utterance; ``path`` is absolute or a URL, ``channel`` counts from 0, ``words`` from the utterance's start."""

    id: str
    path: str
    offset: float
    duration: float | None
    text: str | None
    speaker: str | None
    language: str | None
    gender: str | None
    channel: int | None
    recording: str | None
    name: str | None
    words: tuple[Segment, ...]
    extra: dict[str, Any]

    @property
    def is_file(self) -> bool:
        """Whether the path names a sound to other tools: no member of a tar, and all on one line."""
        return Sound.parse(self.path).size is None and not re.search(r"[\r\n\0]", self.path)


def spoken(corpus: Corpus, rows: np.ndarray, wanted: Wanted) -> Iterator[Spoken]:
    """The utterances of these rows, in this order."""
    text = "reference" if wanted.system is None else f"hypothesis_{wanted.system}"
    own = [column for column in corpus.columns if column.origin == "manifest"]
    extra = [c.name for c in own if c.name not in (*PLAIN, "reference") and c.field not in FIELDS]
    timed = [c.name for c in own if c.field in FIELDS] if wanted.system is None else []
    known = {column.name for column in corpus.columns}
    plain = [name for name in PLAIN if name in known]
    for start in range(0, rows.size, ROWS_AT_ONCE):
        wanted_rows = rows[start : start + ROWS_AT_ONCE]
        listed = corpus.listed(wanted_rows, [text, *plain, *timed, *extra])
        places = sound_places(corpus, wanted_rows)
        for (id, values), place in zip(listed, places, strict=True):
            of = dict(zip((text, *plain, *timed, *extra), values, strict=True))
            channel = of.get("channel")
            yield Spoken(
                id=id,
                path=place,
                offset=of["offset"],
                duration=of["duration"],
                text=of[text],
                speaker=_text(of.get("speaker")),
                language=_text(of.get("language")),
                gender=_text(of.get("gender")),
                channel=channel if type(channel) is int and channel >= 0 else None,
                recording=_text(of.get("recording_id")),
                name=next((name for own in OWN_NAMES if (name := _text(of.get(own)))), None),
                words=next(filter(None, (timed_words(of[name]) for name in timed)), ()),
                extra={name: of[name] for name in extra if of[name] is not None},
            )


class Names:
    """Names for recordings and utterances: unique, without white space, the same for the same rows in any order."""

    def __init__(self, everything: Iterator[Spoken]) -> None:
        paths: dict[str, set[str]] = {}
        utterances: dict[str, int] = {}
        for one in everything:
            paths.setdefault(recording_name(one), set()).add(one.path)
            utterances[_utterance_name(one)] = utterances.get(_utterance_name(one), 0) + 1
        self._shared = {name for name, found in paths.items() if len(found) > 1}
        self._repeated = {name for name, count in utterances.items() if count > 1}

    def recording(self, one: Spoken) -> str:
        """The recording of an utterance."""
        name = recording_name(one)
        path = one.path.encode(errors="surrogateescape")
        return f"{name}-{blake2b(path, digest_size=4).hexdigest()}" if name in self._shared else name

    def utterance(self, one: Spoken) -> str:
        """The utterance."""
        name = _utterance_name(one)
        return f"{name}-{one.id}" if name in self._repeated else name


def recording_name(one: Spoken) -> str:
    """What a recording is called, perhaps like another one."""
    return joined(one.recording or Sound.parse(one.path).stem or "recording")


def _utterance_name(one: Spoken) -> str:
    made = f"{one.speaker}-{one.id}" if one.speaker else one.id
    return joined(one.name or made)


def joined(text: str) -> str:
    """A name without white space."""
    return "_".join(text.split()) or "_"


def one_line(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())


def seconds(value: float) -> str:
    """A time to the microsecond, at least with hundredths."""
    written = f"{value:.6f}".rstrip("0")
    return written + "0" * max(0, 2 - len(written.partition(".")[2]))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
