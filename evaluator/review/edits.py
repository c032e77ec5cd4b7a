"""Edits as a browser sends them, checked and made drafts for the ledger.

An edit is an object with ``key``, ``subject`` (the utterance's id), ``field``, ``new``, ``base`` (the id of the newest
event of that field that its author had seen, null for none, -1 to save over whatever there is), and if need be
``comment``, ``seen`` (the row's fingerprint when it was shown) and ``undoes`` (the id of an event it takes back). What
the field was before is known here; an ``old`` that is sent is not believed.

    reference   a text, or null for the manifest's own; one of nothing but white space becomes the empty text, and line
                breaks become spaces, unless the manifest's text has them
    decision    "accept", "reject" (the comment is the reason), or null for undecided
    comment     a text
    tags        a list of texts
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluator.ledger import NEWEST, Draft, Event, Ledger, SeenRow
from evaluator.review.assignments import plan_lately
from evaluator.review.overlap import Overlap, overlaps
from explorer.errors import BadEdit, RowChanged, StaleEdit

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus, Utterance

LONGEST_TEXT = 200_000
MOST_EDITS = 1_000
MOST_TAGS = 50
LONGEST_TAG = 100
DECISIONS = ("accept", "reject")
_BREAK = re.compile(r"[ \t]*[\r\n\u2028\u2029]\s*")
_NEEDED = ("key", "subject", "field", "new")
_KNOWN = (*_NEEDED, "base", "comment", "seen", "undoes", "old", "who")


@dataclass(frozen=True, slots=True)
class Field:
    """A field that people may edit: what to call it, and the check of a value, which gives what is wrong or ""."""

    name: str
    label: str
    check: Callable[[Any], str]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return "is not a text"
    if len(value) > LONGEST_TEXT:
        return f"has {len(value):,} characters; at most {LONGEST_TEXT:,} can be saved"
    for place, letter in enumerate(value):
        kind = unicodedata.category(letter)
        if kind == "Cs" or (kind == "Cc" and letter not in "\t\n\r"):
            what = "half a character" if kind == "Cs" else "a control character"
            return f"has {what} (U+{ord(letter):04X}) at place {place + 1:,}; take it out, then it can be saved"
    return ""


def _decision(value: Any) -> str:
    return "" if value is None or value in DECISIONS else f"is none of {', '.join(DECISIONS)}"


def _tags(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        return "are not a list of words"
    if len(value) > MOST_TAGS:
        return f"are {len(value)}; at most {MOST_TAGS} can be saved"
    if any(len(tag) > LONGEST_TAG for tag in value):
        return f"have more than {LONGEST_TAG} characters"
    return next((wrong for tag in value if (wrong := _text(tag))), "")


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("reference", "text", _text),
        Field("decision", "decision", _decision),
        Field("comment", "comment", _text),
        Field("tags", "tags", _tags),
    )
}


def drafts(edits: Any, corpus: Corpus, ledger: Ledger, *, space: str, who: str) -> list[Draft]:
    """The edits of a request as drafts.

    Raises:
        BadEdit: an edit is not shaped as it must be, or its value cannot be kept.
        RowChanged: the row is another one than its author saw.
        StaleEdit: its author has a newer one, where two people decide for themselves.
        UnknownUtterance: the corpus has no such utterance (any more).
    """
    if not isinstance(edits, list) or not edits:
        raise BadEdit('Edits are sent as {"edits": [...]}.')
    if len(edits) > MOST_EDITS:
        raise BadEdit(f"{len(edits):,} edits were sent at once; at most {MOST_EDITS:,} are taken.")
    for edit in edits:
        _check_shape(edit)
    rows = {edit["subject"]: corpus.utterance(edit["subject"]) for edit in edits}
    plan = plan_lately(ledger, corpus.name) if ledger.begun else None
    shared = overlaps(ledger, corpus.name, plan, {id: row.reference for id, row in rows.items()})
    return [_draft(e, rows[e["subject"]], ledger, shared.get(e["subject"]), space=space, who=who) for e in edits]


def _draft(edit: Any, utterance: Utterance, ledger: Ledger, overlap: Overlap | None, *, space: str, who: str) -> Draft:
    row = SeenRow.of(utterance)
    base, seen, new = edit.get("base"), edit.get("seen"), _text_kept(edit, row, ledger, space)
    if seen is not None and seen != row.fingerprint and base != NEWEST:
        raise RowChanged(
            "The manifest's row has changed since you opened it; nothing was saved. Look at it again.",
            row={"audio": row.audio, "offset": row.offset, "duration": row.duration, "reference": row.reference},
            fingerprint=row.fingerprint,
        )
    field = edit["field"]
    undoes = edit.get("undoes")
    wrong = FIELDS[field].check(new)
    if undoes is not None or wrong:
        chain = ledger.events(space, edit["subject"], field)
        if undoes is not None and undoes not in {event.id for event in chain}:
            raise BadEdit(f"There is no event {undoes} of this {FIELDS[field].label} to take back.")
        if wrong and not _was_there(new, chain, row):
            raise BadEdit(f"The {FIELDS[field].label} {wrong}.")
    if overlap is not None and overlap.works_apart(who) and base != NEWEST:
        base = _apart(edit, overlap, who)
    return Draft(
        key=edit["key"],
        who=who,
        space=space,
        subject=utterance.id,
        field=field,
        new=new,
        old=utterance.reference if field == "reference" else None,
        comment=edit.get("comment") or "",
        base=base,
        seen=row,
        undoes=undoes,
    )


def _apart(edit: Mapping[str, Any], overlap: Overlap, who: str) -> int:
    """The base of an edit by one of two people who decide for themselves: only their own edits can be newer.

    Raises:
        StaleEdit: there is a newer one.
    """
    own = [event for event in overlap.shown(who) if event.who == who]
    newest = overlap.newest(who).get(edit["field"])
    again = any(event.key == edit["key"] for event in own)
    if not again and edit.get("base") != (newest.id if newest is not None else None):
        raise StaleEdit(f'You have changed "{edit["field"]}" elsewhere; nothing was saved.', newer=newest)
    return NEWEST


def _text_kept(edit: Mapping[str, Any], row: SeenRow, ledger: Ledger, space: str) -> Any:
    """The new value; white space alone is no text, and a text is one line, unless it was there before."""
    new = edit["new"]
    if edit["field"] != "reference" or not isinstance(new, str) or new == row.reference:
        return new
    if not new.strip():
        return ""
    if not _BREAK.search(new) or _was_there(new, ledger.events(space, edit["subject"], "reference"), row):
        return new
    return _BREAK.sub(" ", new).strip()


def _was_there(value: Any, chain: Sequence[Event], row: SeenRow) -> bool:
    """Whether undo leads back to the value: what was there once may be there again, however odd."""
    return value == row.reference or any(value in (event.old, event.new) for event in chain)


def _check_shape(edit: Any) -> None:
    if not isinstance(edit, dict):
        raise BadEdit("An edit must be an object.")
    lacking = [name for name in _NEEDED if name not in edit]
    unknown = [name for name in edit if name not in _KNOWN]
    if lacking or unknown:
        raise BadEdit(f"An edit lacks {', '.join(lacking)}." if lacking else f'An edit has no "{unknown[0]}".')
    for name, kinds in (("key", str), ("subject", str), ("field", str), ("comment", str | None), ("seen", str | None)):
        if not isinstance(edit.get(name), kinds):
            raise BadEdit(f'"{name}" of an edit must be a text.')
    for name in ("base", "undoes"):
        value = edit.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise BadEdit(f'"{name}" of an edit must be the number of an event, or null.')
    if edit["field"] not in FIELDS:
        raise BadEdit(f'There is no field "{edit["field"][:40]}" to edit; there are {", ".join(FIELDS)}.')
