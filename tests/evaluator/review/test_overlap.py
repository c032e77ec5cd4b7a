"""Overlaps: who is shown what, whose state an edit is made over, agreement, dispute and its end, drawn as timelines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evaluator.ledger import NEWEST, Draft, Ledger, review_space
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.review.assignments import Plan, keep_plan, plan_of
from evaluator.review.edits import drafts
from evaluator.review.exporting import export_review
from evaluator.review.overlap import Overlap
from evaluator.review.overlays import said
from evaluator.review.progress import ReviewProgress
from evaluator.review.progress_counting import review_progress
from evaluator.review.shown import first_undecided, news, shown
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import StaleEdit
from explorer.querying.query import Query
from tests.corpora import write_manifest


@dataclass
class Desk:
    corpus: Corpus
    ledger: Ledger
    ids: list[str]
    made: list[str] = field(default_factory=list)

    def say(
        self, who: str, name: str, new: Any, *, place: int = 0, base: int | None = NEWEST, comment: str = ""
    ) -> int:
        """One edit as the door takes it; its number."""
        self.made.append(name)
        edit = {"key": f"k{len(self.made)}", "subject": self.ids[place], "field": name, "new": new, "base": base}
        made = drafts([edit | {"comment": comment}], self.corpus, self.ledger, space=review_space("tones"), who=who)
        return self.ledger.append(made)[0].id

    def overlap(self, place: int = 0) -> Overlap:
        found = shown(self.ledger, "tones", self.references(), "")[self.ids[place]].overlap
        assert found is not None
        return found

    def references(self) -> dict[str, str | None]:
        return {id: self.corpus.utterance(id).reference for id in self.ids}

    def seen(self, who: str, place: int = 0) -> dict[str, Any]:
        events = shown(self.ledger, "tones", self.references(), who)[self.ids[place]].events
        return {name: event.new for name, event in events.items()}

    def undecided(self, who: str) -> int | None:
        return first_undecided(self.ledger, self.corpus, np.arange(len(self.ids), dtype=np.int32), who, start=0)

    def row(self, place: int = 0) -> dict[str, Any]:
        table: pa.Table = said(self.corpus, self.ledger)
        return next((row for row in table.to_pylist() if row["row"] == place), {})


def counted(desk: Desk) -> ReviewProgress:
    plan = plan_of(desk.ledger, "tones")
    return review_progress(desk.corpus, desk.ledger, plan, NORMALIZERS["none"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Three utterances, all of them ann's and bo's."""
    corpus = open_corpus("tones", [write_manifest(tmp_path / "tones", utterances=3)], cache=tmp_path / "cache")
    ledger = Ledger(tmp_path / "ledger.sqlite")
    keep_plan(ledger, "tones", Plan(people=("ann", "bo"), overlap=1.0), who="cy")
    yield Desk(corpus, ledger, [id for id, _ in corpus.listed(corpus.rows(Query()), ())])
    ledger.close()


def test_nobody_is_shown_the_other_before_they_have_decided(desk: Desk):
    #  ann   text "won"  accept
    #  bo                          reject
    desk.say("ann", "reference", "won")
    desk.say("ann", "decision", "accept")
    assert desk.seen("bo") == desk.seen("") == {}
    assert desk.seen("ann") == {"reference": "won", "decision": "accept"}
    assert desk.seen("cy") == {"reference": "won", "decision": "accept"}  # has no part in it
    assert desk.overlap().state == "apart"
    everything = desk.ledger.events(review_space("tones"))
    assert [event.new for event in news(desk.ledger, everything, desk.corpus, "bo")] == []
    desk.say("bo", "decision", "reject", comment="noise")
    assert desk.overlap().state == "disputed"
    everything = desk.ledger.events(review_space("tones"))
    assert [event.new for event in news(desk.ledger, everything, desk.corpus, "bo")] == ["won", "accept", "reject"]


def test_both_texts_are_kept_and_neither_is_over_the_other(desk: Desk):
    reference = desk.references()[desk.ids[0]]
    first = desk.say("ann", "reference", "won", base=None)
    desk.say("bo", "reference", "one", base=None)  # nothing newer that bo could know of
    second = desk.say("ann", "reference", "wun", base=first)
    assert desk.seen("ann")["reference"] == "wun"
    assert desk.seen("bo")["reference"] == "one"
    told = [(event.who, event.old, event.new) for event in desk.overlap().events]
    assert told == [("ann", reference, "won"), ("bo", reference, "one"), ("ann", "won", "wun")]
    with pytest.raises(StaleEdit, match="You have changed"):  # in another window
        desk.say("ann", "reference", "wan", base=first)
    assert desk.ledger.events(review_space("tones"))[-1].id == second


def test_an_edit_that_is_sent_again_is_known(desk: Desk):
    edit = {"key": "once", "subject": desk.ids[0], "field": "reference", "new": "won", "base": None}
    space = review_space("tones")
    for _ in range(2):
        (draft,) = drafts([edit], desk.corpus, desk.ledger, space=space, who="ann")
        assert desk.ledger.append([draft])[0].key == "once"
    assert len(desk.ledger.events(space)) == 1


def test_those_who_agree_have_decided(desk: Desk):
    desk.say("ann", "reference", "won")
    desk.say("ann", "decision", "accept")
    desk.say("bo", "reference", "won")
    assert desk.row() == desk.row() | {"decision": None, "corrected": None, "reviewer": None, "decided_by": "ann"}
    assert counted(desk).decided == 0
    desk.say("bo", "decision", "accept")
    assert desk.overlap().state == "agreed"
    assert desk.row() == desk.row() | {"decision": "accept", "corrected": "won", "decided_by": "ann, bo"}
    found = counted(desk)
    assert (found.decided, found.agreement.same, found.agreement.pairs) == (1, 1, 1)


def test_a_dispute_applies_to_nothing_until_somebody_who_saw_both_decides(desk: Desk, tmp_path: Path):
    desk.say("ann", "reference", "won")
    desk.say("ann", "decision", "accept")
    desk.say("bo", "decision", "accept")
    assert desk.overlap().state == "disputed"
    assert desk.row() == desk.row() | {"decision": None, "corrected": None, "edit_conflict": "two opinions"}
    assert desk.row()["decided_by"] is None
    written = export_review(desk.corpus, desk.ledger, Query(), tmp_path / "out.json", kind="manifest")
    assert written.not_applied == 1
    assert "1 left as they were, because two people do not agree" in written.sentence
    assert "won" not in (tmp_path / "out.json").read_text()

    desk.say("cy", "decision", "accept")  # the text as it was saved last is ann's
    assert desk.overlap().state == "settled"
    assert desk.row() == desk.row() | {"decision": "accept", "corrected": "won", "edit_conflict": None}
    found = counted(desk)
    assert found.decided == 1
    assert found.agreement.text_pairs == 1  # still of what the two said at first
    assert found.agreement.between_texts.errors > 0


def test_agreement_is_of_what_was_said_apart(desk: Desk):
    desk.say("ann", "decision", "accept")
    desk.say("bo", "decision", "reject")
    desk.say("bo", "decision", "accept")  # having seen ann's
    agreed = counted(desk).agreement
    assert (agreed.pairs, agreed.same) == (1, 0)


def test_whoever_takes_a_decision_back_is_apart_again(desk: Desk):
    desk.say("ann", "decision", "accept")
    taken = desk.say("bo", "decision", "reject")
    desk.say("bo", "decision", None, base=taken)
    assert desk.overlap().state == "apart"
    assert "ann" not in {event.who for event in desk.overlap().shown("bo")}


def test_what_is_left_to_do_is_ones_own(desk: Desk):
    desk.say("ann", "decision", "accept")
    assert desk.undecided("ann") == 1
    assert desk.undecided("bo") == 0
    desk.say("bo", "decision", "reject")
    assert desk.undecided("ann") == desk.undecided("bo") == 0  # a dispute comes up again
    desk.say("bo", "decision", "accept")
    assert desk.undecided("ann") == desk.undecided("bo") == 1
    for place in (1, 2):
        desk.say("ann", "decision", "accept", place=place)
        desk.say("bo", "decision", "accept", place=place)
    assert desk.undecided("ann") is None


def test_an_acceptance_of_an_earlier_text_is_to_be_made_again(desk: Desk):
    keep_plan(desk.ledger, "tones", None, who="cy")  # nobody works apart
    desk.say("ann", "decision", "accept")
    desk.say("bo", "decision", "reject", place=1)
    assert desk.undecided("bo") == 2
    desk.say("bo", "reference", "won")
    assert desk.undecided("ann") == desk.undecided("bo") == 0
    row = desk.row()
    assert (row["decision"], row["changed_since"], row["decided_by"]) == (None, "bo", None)
    assert counted(desk).decided == 1
    desk.say("cy", "decision", "accept")
    assert desk.row()["decision"] == "accept"
    assert desk.undecided("ann") == 2


def test_ones_own_text_outdates_ones_own_acceptance_only(desk: Desk):
    desk.say("ann", "decision", "accept")
    desk.say("bo", "reference", "one")  # apart: nothing to ann's
    assert desk.undecided("ann") == 1
    desk.say("ann", "reference", "won")
    assert desk.undecided("ann") == 0
    assert desk.row()["decided_by"] is None


def test_edits_by_people_who_have_no_part_are_over_what_is_newest(desk: Desk):
    first = desk.say("cy", "comment", "hm", base=None)
    with pytest.raises(StaleEdit):
        desk.ledger.append(
            [Draft(key="x", who="cy", space=review_space("tones"), subject=desk.ids[0], field="comment", new="y")]
        )
    assert desk.say("cy", "comment", "aha", base=first) == first + 1
