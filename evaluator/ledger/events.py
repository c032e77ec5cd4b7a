"""Events: what somebody said about one field of a subject, and the rows they saw when they said it.

A ``Draft`` is what somebody wants to be written, an ``Event`` what was written; nothing changes an event. Events of one
(space, subject, field) form a chain: each names as its ``base`` the one before it, so a draft that was made over an
older state is noticed (``StaleEdit``). Undo and redo are events, too, that name in ``undoes`` what they take back.

Spaces keep subjects of different kinds apart: "review:<corpus>" has utterances, "tts:<test>" has trials.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from explorer.errors import LedgerError

if TYPE_CHECKING:
    from explorer.records import Utterance

NEWEST = -1
"""As the base of a draft: whatever is newest when it is written. For imports, rules, and people who were asked."""

LONGEST_NAME = 500
LONGEST_VALUE = 1_000_000
"""Bytes of a value as JSON."""
LONGEST_COMMENT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRow:
    """What an utterance's row said when somebody looked at it; times in seconds."""

    audio: str
    offset: float
    duration: float | None
    reference: str | None

    @classmethod
    def of(cls, utterance: Utterance) -> SeenRow:
        """The row of an utterance as it is now."""
        return cls(
            audio=utterance.audio,
            offset=utterance.offset,
            duration=utterance.duration,
            reference=utterance.reference,
        )

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with the audio, the offset and the reference.

        Not with the duration: one the source does not say is measured later, and one that it does say is part of the
        utterance's id already.
        """
        content = orjson.dumps([_whole(self.audio), self.offset, _whole(self.reference)])
        return blake2b(content, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to be written.

    ``key`` is made by the client and makes writing safe to repeat. ``base`` is the id of the newest event of (space,
    subject, field) that the author had seen, None when there was none, NEWEST to write over whatever there is.
    ``old`` is what the field was before the first event; later ones know it from their base. ``seen`` is the row.
    ``at`` is when it was said, for what is imported; None is now.

    Raises:
        LedgerError: a name is missing or too long, or a value cannot be kept as JSON.
    """

    key: str
    who: str
    space: str
    subject: str
    field: str
    new: Any
    old: Any = None
    comment: str = ""
    base: int | None = None
    seen: SeenRow | None = None
    undoes: int | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("key", "who", "space", "subject", "field"):
            text = getattr(self, name)
            if not text or len(text) > LONGEST_NAME:
                raise LedgerError(f'"{name}" must have 1 to {LONGEST_NAME} characters; it has {len(text):,}.')
            _refuse_unprintable(name, text)
        if len(self.comment) > LONGEST_COMMENT:
            raise LedgerError(
                f"The comment has {len(self.comment):,} characters; at most {LONGEST_COMMENT:,} are kept."
            )
        _refuse_unprintable("comment", self.comment, allowed="\n\t\r")
        for value in (self.new, self.old):
            if len(as_json(value)) > LONGEST_VALUE:
                raise LedgerError(
                    f'The new value of "{self.field}" takes {len(as_json(value)):,} bytes; at most {LONGEST_VALUE:,} '
                    "are kept."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What was written: a draft with its number and time. Numbers have no gaps; ``seen`` is a row's fingerprint."""

    id: int
    key: str
    at: datetime
    who: str
    space: str
    subject: str
    field: str
    old: Any
    new: Any
    comment: str
    base: int | None
    seen: str | None
    undoes: int | None

    def repeats(self, draft: Draft) -> bool:
        """Whether the draft asks for what this event already is."""
        same = (self.space, self.subject, self.field, self.who) == (
            draft.space, draft.subject, draft.field, draft.who,
        )  # fmt: skip
        return same and as_json(self.new) == as_json(draft.new)

    def plain(self) -> dict[str, Any]:
        """The event as JSON knows it; the time as ISO 8601 in UTC."""
        names = ("id", "key", "who", "space", "subject", "field", "old", "new", "comment", "base", "seen", "undoes")
        return {"at": written_time(self.at), **{name: getattr(self, name) for name in names}}


def written_time(at: datetime) -> str:
    """A time as ISO 8601 in UTC, to the microsecond: 2026-11-27T20:22:41.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_json(value: Any) -> str:
    """A value as JSON text.

    Raises:
        LedgerError: it cannot be JSON.
    """
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError) as error:
        raise LedgerError(f"A value cannot be kept, because it is not JSON: {error}.") from error


def _refuse_unprintable(name: str, text: str, *, allowed: str = "") -> None:
    for place, letter in enumerate(text):
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in allowed:
            raise LedgerError(f'"{name}" has the control character U+{ord(letter):04X} at character {place + 1}.')


def _whole(text: str | None) -> str | None:
    """The text with undecodable bytes of a file name written out, so that it can be JSON."""
    return None if text is None else text.encode(errors="backslashreplace").decode()
