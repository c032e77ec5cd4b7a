"""Sheets: everything a reviewer needs about one utterance, as one JSON value, so that the next can be fetched ahead.

id, row, place       who it is, and its place in the order (null: not in it)
reference, systems   the manifest's text; ``missing`` names the systems that heard nothing of it
player               the attributes of its player (explorer/components/player.py)
events, history      the newest event of every field, and all events, oldest first (evaluator/ledger)
overlap              null, or whose two opinions count, how far they are, and what each says (overlap.py)
changed              by event id: what the row said when the event was made, and what it says now
seen                 the fingerprint of the row as it is now
alignment            the text as it is now against every hypothesis (live_alignment.py); ``alignmentOf`` is that text
why                  why it is suspicious: title, words, strength
facts                what the manifest says about it, as names and words
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evaluator.ledger import Event, Ledger, SeenRow, review_space
from evaluator.normalizers.registry import Normalizer
from evaluator.review.assignments import plan_lately
from evaluator.review.live_alignment import drawing
from evaluator.review.overlap import overlaps
from explorer.corpora.corpus import Corpus, Utterance
from explorer.errors import LedgerUnavailable
from explorer.formatting import seconds
from explorer.lanes.lane import Lane
from explorer.segments import Segment

FIELDS = ("reference", "decision", "comment", "tags")
"""What can be said about an utterance."""

LONGEST_FACT = 500


def sheet(
    corpus: Corpus, utterance: Utterance, ledger: Ledger, chosen: Normalizer, lanes: Sequence[Lane], *, who: str
) -> dict[str, Any]:
    """The parts of a sheet that come from the corpus and the ledger, as ``who`` is shown them.

    A ledger that cannot be read leaves the sheet without events; ``unread`` then says why.
    """
    try:
        history, newest, overlap = _said(corpus, utterance, ledger, who)
        changed, unread = changed_below(newest, utterance, ledger), ""
    except LedgerUnavailable as error:
        history, newest, overlap, changed, unread = [], {}, None, {}, str(error)
    text = text_of(newest, utterance)
    return {
        "id": utterance.id,
        "row": utterance.row,
        "reference": utterance.reference,
        "missing": [system for system in corpus.systems if system not in utterance.hypotheses],
        "events": {field: newest[field].plain() for field in FIELDS if field in newest},
        "history": [event.plain() for event in history if event.field in FIELDS],
        "overlap": overlap,
        "changed": changed,
        "unread": unread,
        "seen": SeenRow.of(utterance).fingerprint,
        "alignment": drawing(text or "", utterance.hypotheses, chosen, said=said_words(lanes, utterance)),
        "alignmentOf": text or "",
        "facts": facts(utterance),
    }


def _said(
    corpus: Corpus, utterance: Utterance, ledger: Ledger, who: str
) -> tuple[list[Event], dict[str, Event], dict[str, Any] | None]:
    """The events, the newest of each field, and how far two people are who decide about it."""
    shared = overlaps(ledger, corpus.name, plan_lately(ledger, corpus.name), {utterance.id: utterance.reference})
    if utterance.id not in shared:
        history = ledger.events(review_space(corpus.name), utterance.id)
        return history, {event.field: event for event in history}, None
    overlap = shared[utterance.id]
    blind = overlap.is_blind(who)
    return overlap.shown(who), overlap.newest(who), {
        "people": overlap.people,
        "state": overlap.state,
        "blind": blind,
        "apart": overlap.works_apart(who),
        "opened": overlap.opened,
        "before": overlap.before if overlap.holds else "",
        "opinions": [] if blind else [asdict(overlap.opinion(name)) for name in overlap.people],
    }  # fmt: skip


def text_of(newest: Mapping[str, Event], utterance: Utterance) -> str | None:
    """The text as it stands: the newest correction, else the manifest's."""
    return newest["reference"].new if "reference" in newest else utterance.reference


def said_words(lanes: Sequence[Lane], utterance: Utterance) -> dict[str, Sequence[Segment]]:
    """The timed words of every system, and under "" those of the row itself."""
    found: dict[str, Sequence[Segment]] = {}
    for lane in lanes:
        if lane.kind == "words" and lane.segments:
            found.setdefault(lane.name if lane.name in utterance.hypotheses else "", lane.segments)
    return found


def changed_below(newest: Mapping[str, Event], utterance: Utterance, ledger: Ledger) -> dict[str, dict[str, Any]]:
    """By id the newest events that were made over a row which is another one now."""
    now = SeenRow.of(utterance)
    stale = {str(e.id): e.seen for e in newest.values() if e.seen is not None and e.seen != now.fingerprint}
    rows = ledger.seen_rows(stale.values()) if stale else {}
    return {
        event: {"was": rows[seen].reference, "now": now.reference, "what": _what(rows[seen], now)}
        for event, seen in stale.items()
        if seen in rows
    }


def _what(was: SeenRow, now: SeenRow) -> str:
    """Which fields are other ones, in words."""
    names = {"reference": "text", "audio": "audio", "offset": "offset", "duration": "duration"}
    return ", ".join(word for name, word in names.items() if getattr(was, name) != getattr(now, name))


def facts(utterance: Utterance) -> list[tuple[str, str]]:
    """What the manifest says besides the texts."""
    known: dict[str, Any] = {"audio": utterance.audio, "duration": seconds(utterance.duration)}
    if utterance.offset:
        known["offset"] = seconds(utterance.offset)
    known |= {name: value for name in ("speaker", "language") if (value := getattr(utterance, name)) is not None}
    known |= {name: value for name, value in utterance.extra.items() if not isinstance(value, Mapping | list)}
    known["source"] = f"{utterance.source}:{utterance.line}"
    return [(name, _short(str(value))) for name, value in known.items()]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_FACT else f"{text[: LONGEST_FACT - 1]}…"
