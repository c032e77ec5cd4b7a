"""Whose an utterance is, as a column, and what is left to do for somebody whose name is a part of another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from app import main
from evaluator.ledger import NEWEST, Draft, Ledger, SeenRow, review_space
from evaluator.review.assigned import AssignedOverlays, to_do
from evaluator.review.assignments import Plan, keep_plan, plan_of
from evaluator.review.overlays import ReviewOverlays
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query
from tests.evaluator.doors.test_review_door import write_manifest


def opened(folder: Path) -> Corpus:
    return open_corpus("talks", [write_manifest(folder / "talks.json", "a", "b", "c", "d")], cache=folder / "cache")


def say(ledger: Ledger, corpus: Corpus, place: int, new: Any, who: str = "ann", **more: Any) -> None:
    id = corpus.page(Query(), place, place + 1, ())[0]["id"]
    named: dict[str, Any] = {"key": str(uuid4()), "who": who, "base": NEWEST, "subject": id, "field": "decision"}
    seen = more.pop("seen", SeenRow.of(corpus.utterance(id)))
    ledger.append([Draft(**named, space=review_space("talks"), new=new, seen=seen)])


def shown(corpus: Corpus, where: str) -> list[Any]:
    return [row["reference"] for row in corpus.page(Query(where=where), 0, 10, ("reference",))]


def laid(ledger: Ledger, corpus: Corpus, folder: Path) -> Corpus:
    return ReviewOverlays(ledger, folder / "r").lay(AssignedOverlays(ledger, folder / "r").lay(corpus))


def test_no_plan_is_no_column_and_opens_no_ledger(tmp_path: Path):
    ledger, corpus = Ledger(tmp_path / "l.sqlite"), opened(tmp_path)
    assert AssignedOverlays(ledger, tmp_path / "r").lay(corpus) is corpus
    assert not (tmp_path / "l.sqlite").exists()
    say(ledger, corpus, 0, "accept")
    assert AssignedOverlays(ledger, tmp_path / "r").lay(corpus) is corpus
    ledger.close()


def test_what_is_left_to_do_for_somebody(tmp_path: Path):
    ledger, corpus = Ledger(tmp_path / "l.sqlite"), opened(tmp_path)
    keep_plan(ledger, "talks", Plan(people=("ann", "anna", 'b"o'), overlap=1.0), who="ann")
    plan = plan_of(ledger, "talks")
    assert plan is not None
    ids = [row["id"] for row in corpus.page(Query(), 0, 4, ())]
    mine = {who: ["abcd"[n] for n, id in enumerate(ids) if who in plan.people_of(id)] for who in plan.people}
    say(ledger, corpus, 0, "accept")
    say(ledger, corpus, 1, "reject", who="anna")
    say(ledger, corpus, 0, "accept", who='b"o')  # had they disagreed, it would come up again
    found = laid(ledger, corpus, tmp_path)
    done = {"ann": "a", "anna": "b", 'b"o': "a"}
    for who in plan.people:
        assert shown(found, to_do(who, plan.people)) == [text for text in mine[who] if text not in done[who]], who
    assert shown(found, "{assigned to} is empty") == []
    assert to_do('b"o', plan.people) == '{assigned} contains "b""o" && !{decided_by} contains "b""o"'
    ledger.close()


def test_a_conflict_has_its_column_and_is_no_decision(tmp_path: Path):
    ledger, corpus = Ledger(tmp_path / "l.sqlite"), opened(tmp_path)
    say(ledger, corpus, 0, "accept", seen=SeenRow(audio="0.wav", offset=0, duration=1, reference="z"))
    found = laid(ledger, corpus, tmp_path)
    assert shown(found, "{edit conflict} = decision") == ["a"]
    assert shown(found, "{decision} is not empty") == []
    ledger.close()


def test_a_ledger_that_cannot_be_read_is_not_in_the_way(tmp_path: Path):
    (tmp_path / "l.sqlite").mkdir()
    corpus = opened(tmp_path)
    assert laid(Ledger(tmp_path / "l.sqlite"), corpus, tmp_path) is corpus


def test_the_command_line_filters_by_it_too(tmp_path: Path):
    corpus = opened(tmp_path)
    ledger = Ledger(tmp_path / "ws" / "ledger.sqlite")
    say(ledger, corpus, 2, "accept")
    ledger.close()
    words = ["review", "export", str(tmp_path / "talks.json"), "-o", str(tmp_path / "o.json")]
    words += [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    assert main([*words, "--where", "{decision} = accept"]) == 0
    assert (tmp_path / "o.json").read_bytes() == (tmp_path / "talks.json").read_bytes().splitlines(keepends=True)[2]
