"""Overlaps: who is shown what, whose state an edit is made over, agreement, dispute and its end, drawn as timelines."""

from __future__ import annotations

import json
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
from evaluator.review.splitting import decided_ids, outlook
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


@pytest.fixture
def late(desk: Desk) -> Desk:
    """Zoe corrected one, corrected and accepted one, and rejected one; then they became ann's and bo's."""
    keep_plan(desk.ledger, "tones", None, who="cy")
    desk.say("zoe", "reference", "only corrected", place=0)
    desk.say("zoe", "reference", "corrected", place=1)
    desk.say("zoe", "decision", "accept", place=1)
    desk.say("zoe", "decision", "reject", place=2, comment="noise")
    keep_plan(desk.ledger, "tones", Plan(people=("ann", "bo"), overlap=1.0), who="cy")
    return desk


def written(desk: Desk, folder: Path) -> tuple[list[tuple[str, Any]], str]:
    """Text and rejection of every line of the corrected manifest, and what the export says."""
    told = export_review(desk.corpus, desk.ledger, Query(), folder / "out.json", kind="manifest", rejected="flag")
    lines = [json.loads(line) for line in (folder / "out.json").read_text().splitlines()]
    return [(line["text"], line.get("rejected")) for line in lines], told.sentence


def test_a_split_withdraws_nothing_that_was_decided_before(late: Desk, tmp_path: Path):
    rows, sentence = written(late, tmp_path)
    third = late.references()[late.ids[2]]
    assert rows == [("only corrected", None), ("corrected", None), (third, "noise")]
    assert (
        sentence == "3 utterances written, 3 of them changed, 3 as decided before, until two people have decided again"
    )
    found = counted(late)
    assert (found.decided, found.corrected, found.waiting) == (2, 2, 3)
    assert late.row(1) == late.row(1) | {
        "decision": "accept",
        "corrected": "corrected",
        "reviewer": "zoe",
        "decided_by": "zoe",
    }
    assert late.undecided("ann") == late.undecided("bo") == 0
    assert late.seen("ann", 1) == {"reference": "corrected", "decision": "accept"}  # where both start from


def test_what_was_decided_before_stands_until_both_have_decided_otherwise(late: Desk, tmp_path: Path):
    late.say("ann", "reference", "by ann", place=1)
    late.say("ann", "decision", "accept", place=1)
    assert "by ann" not in late.seen("bo", 1).values()
    assert late.seen("ann", 1)["reference"] == "by ann"
    assert late.undecided("ann") == 0
    assert written(late, tmp_path)[0][1] == ("corrected", None)
    late.say("bo", "reference", "by ann", place=1)
    late.say("bo", "decision", "accept", place=1)
    assert late.overlap(1).state == "agreed"
    assert written(late, tmp_path)[0][1] == ("by ann", None)
    found = counted(late)
    assert (found.agreement.pairs, found.agreement.same, found.agreement.text_pairs) == (1, 1, 1)


def test_two_who_accept_what_stands_accept_its_text(late: Desk, tmp_path: Path):
    for who in ("ann", "bo"):
        late.say(who, "decision", "accept", place=1)
    assert late.overlap(1).state == "agreed"
    assert written(late, tmp_path)[0][1] == ("corrected", None)


def test_in_a_dispute_what_one_of_the_two_upholds_stands(late: Desk, tmp_path: Path):
    late.say("ann", "decision", "accept", place=1)
    late.say("bo", "decision", "reject", place=1)
    assert late.overlap(1).state == "disputed"
    rows, sentence = written(late, tmp_path)
    assert rows[1] == ("corrected", None)
    assert "1 as decided before, because two people do not agree" in sentence
    late.say("ann", "reference", "another", place=0)
    late.say("ann", "decision", "accept", place=0)
    late.say("bo", "decision", "reject", place=0)  # neither says what zoe said
    rows, sentence = written(late, tmp_path)
    assert rows[0] == (late.references()[late.ids[0]], None)
    assert "1 left as they were" in sentence


def test_whoever_decided_before_can_take_it_back(late: Desk, tmp_path: Path):
    earlier = late.ledger.events(review_space("tones"), late.ids[2], "decision")[0]
    edit = {
        "key": "back",
        "subject": late.ids[2],
        "field": "decision",
        "new": None,
        "base": NEWEST,
        "undoes": earlier.id,
    }
    late.ledger.append(drafts([edit], late.corpus, late.ledger, space=review_space("tones"), who="zoe"))
    assert written(late, tmp_path)[0][2] == (late.references()[late.ids[2]], None)


def test_what_somebody_decides_to_whom_it_is_not_assigned_stands_too(desk: Desk, tmp_path: Path):
    desk.say("ann", "reference", "by ann")
    desk.say("zoe", "decision", "accept")  # of ann's text, which zoe is shown
    desk.say("ann", "reference", "by ann, again")
    assert written(desk, tmp_path)[0][0] == ("by ann", None)
    assert desk.seen("bo") == {}  # who works apart
    for who in ("ann", "bo"):
        desk.say(who, "reference", "by both")
        desk.say(who, "decision", "accept")
    desk.say("zoe", "comment", "fine")
    assert written(desk, tmp_path)[0][0] == ("by both", None)


def test_those_who_agree_do_not_take_the_text_of_somebody_else(desk: Desk, tmp_path: Path):
    desk.say("ann", "decision", "accept")
    desk.say("zoe", "reference", "by zoe")  # stands meanwhile
    assert written(desk, tmp_path)[0][0] == ("by zoe", None)
    desk.say("bo", "decision", "accept")
    assert desk.overlap().state == "agreed"
    assert written(desk, tmp_path)[0][0] == (desk.references()[desk.ids[0]], None)


def test_a_new_plan_opens_nothing_that_stays_with_the_same_two(desk: Desk, tmp_path: Path):
    desk.say("ann", "decision", "accept")
    keep_plan(desk.ledger, "tones", Plan(people=("bo", "ann"), overlap=0.999), who="cy")
    keep_plan(desk.ledger, "tones", Plan(people=("bo", "ann"), overlap=0.999), who="cy")
    assert desk.seen("bo") == {}
    assert counted(desk).decided == 0
    desk.say("bo", "decision", "accept")
    assert desk.overlap().state == "agreed"


def test_texts_of_people_who_saw_each_other_are_no_agreement(desk: Desk):
    keep_plan(desk.ledger, "tones", None, who="cy")
    desk.say("ann", "reference", "the first edit")
    desk.say("bo", "reference", "the second edit")
    found = counted(desk).agreement
    assert (found.pairs, found.text_pairs, found.between_texts.length) == (0, 0, 0)


def test_splitting_says_what_becomes_of_what_is_decided(late: Desk):
    ids = decided_ids(late.corpus, late.ledger)
    assert ids == late.ids
    assert outlook([], None) == ""
    assert outlook(ids[:1], None) == "1 utterance is decided or corrected already and stays so."
    assert outlook(ids, Plan(people=("ann", "bo"), overlap=1.0)) == (
        "3 utterances are decided or corrected already and stay so. 3 of them become two people's to decide again, "
        "each for themselves: what was said stands until both have decided otherwise."
    )
