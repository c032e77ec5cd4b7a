"""Progress: counted by hand, and the page and downloads over a real ledger."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

import app as door
from evaluator.components.progress_parts import hours_panel
from evaluator.ledger import NEWEST, Draft, Ledger, SeenRow, review_space
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.review import progress_store
from evaluator.review.assignments import Plan, keep_plan, plan_of
from evaluator.review.progress_counting import ProgressCount, review_progress
from evaluator.review.progress_store import Counting, ProgressStore
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.querying.query import Query
from tests.corpora import loaded

MORNING = datetime(2026, 11, 27, 9, 59, 0, tzinfo=UTC)


class Desk:
    """The whole app's stores over one corpus of five utterances; edits are said to have been made after MORNING."""

    def __init__(self, stores: EvaluatorStores) -> None:
        self.stores, self.corpus = stores, loaded(stores.library, "talks")
        self.ids = [id for id, _ in self.corpus.listed(self.corpus.rows(Query()), ("audio",))]
        self._keys = 0

    def say(self, who: str, place: int, seconds: float, new: Any, field: str = "decision", **more: Any) -> None:
        self._keys += 1
        utterance = self.corpus.utterance(self.ids[place])
        self.stores.ledger.append(
            [
                Draft(
                    key=str(self._keys), who=who, space=review_space("talks"), subject=utterance.id, field=field,
                    new=new, old=utterance.reference if field == "reference" else None, base=NEWEST,
                    at=MORNING + timedelta(seconds=seconds), **{"seen": SeenRow.of(utterance), **more},
                )
            ]
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    rows = [{"audio_filepath": f"{n}.wav", "duration": 1.0, "text": f"one two {n}"} for n in range(5)]
    manifest = tmp_path / "talks.json"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    config = load([door.DEFAULTS], [*places, f"corpora.talks.manifests=[{manifest}]"])
    stores = door.open_stores(config)
    yield Desk(stores)
    stores.close()


def counted(desk: Desk) -> Any:
    return review_progress(desk.corpus, desk.stores.ledger, plan_of(desk.stores.ledger, "talks"), NORMALIZERS["basic"])


def test_nothing_is_counted_when_nothing_was_said(desk: Desk):
    found = counted(desk)
    assert (found.decided, found.share, found.per_hour, found.hours_left) == (0, 0.0, None, None)
    assert (found.people, found.hours, found.agreement.percent) == ((), (), None)


def test_everything_by_hand(desk: Desk):
    desk.say("ann", 0, 0, "accept")
    desk.say("ann", 1, 30, "one to 1", "reference")
    desk.say("ann", 1, 40, "accept")
    desk.say("ann", 2, 70, "reject")  # in the next hour
    desk.say("ann", 3, 3000, "accept")  # after a break
    desk.say("bo", 1, 100, "reject")
    desk.say("bo", 4, 160, "accept")
    desk.say("bo", 4, 170, None)  # and changed their mind
    found = counted(desk)
    # The newest decision counts: 0 accept (ann), 1 reject (bo), 2 reject (ann), 3 accept (ann), 4 none.
    assert (found.total, found.accepted, found.rejected, found.corrected) == (5, 2, 2, 1)
    assert found.share == 0.8
    ann, bo = found.people
    assert (ann.name, ann.decided, ann.accepted, ann.rejected, ann.corrected) == ("ann", 4, 3, 1, 1)
    # Pauses of 30, 10 and 30 s count, the one of 2930 s does not; two decisions ended pauses that count.
    assert (ann.working, ann.paced, ann.per_hour) == (70.0, 2, pytest.approx(2 * 3600 / 70))
    assert (bo.decided, bo.working, bo.paced) == (1, 70.0, 1)  # 60 s + 10 s; taking a decision back is none
    assert found.per_hour == pytest.approx(3 * 3600 / 140)
    assert found.hours_left == pytest.approx(140 / 3600 / 3)
    nine = MORNING.replace(minute=0)
    # What bo took back is none.
    assert found.hours == ((nine, {"ann": 2}), (nine + timedelta(hours=1), {"ann": 2, "bo": 1}))
    # Both decided about 1, but bo saw what ann had said.
    assert (found.agreement.subjects, found.agreement.percent) == (0, None)
    assert ann.last == MORNING + timedelta(seconds=3000)


def test_the_hours_count_what_the_tile_counts(desk: Desk):
    desk.say("ann", 0, 0, "accept")
    desk.say("ann", 1, 10, "accept")
    desk.say("ann", 1, 20, None, undoes=2)  # undo...
    desk.say("ann", 2, 30, "accept")
    desk.say("ann", 2, 100, "reject")  # ...and another decision, in the hour after
    found = counted(desk)
    assert sum(sum(people.values()) for _, people in found.hours) == found.decided == 2
    assert found.hours[-1] == (MORNING.replace(minute=0) + timedelta(hours=1), {"ann": 1})
    assert "2 decisions that stand (2 utterances decided), made in 2 different hours" in str(hours_panel(found))


def test_a_decision_about_another_row_is_not_done(desk: Desk):
    desk.say("ann", 0, 0, "accept", seen=SeenRow(audio="0.wav", offset=0.0, duration=1.0, reference="other"))
    found = counted(desk)
    assert (found.decided, found.problems) == (0, 1)


def test_a_plan_says_how_much_of_whose_is_done(desk: Desk):
    plan = Plan(people=("ann", "bo"))
    keep_plan(desk.stores.ledger, "talks", plan, who="ann")
    own = [place for place, id in enumerate(desk.ids) if plan.people_of(id) == ("ann",)]
    others = [place for place in range(5) if place not in own]
    desk.say("ann", own[0], 0, "accept")
    desk.say("ann", others[0], 1, "accept")
    people = {person.name: person for person in counted(desk).people}
    assert (people["ann"].assigned, people["ann"].assigned_decided, people["ann"].decided) == (len(own), 1, 2)
    assert (people["bo"].assigned, people["bo"].assigned_decided, people["bo"].last) == (len(others), 0, None)


def test_a_count_is_made_anew_only_when_something_was_said(desk: Desk):
    store, chosen = ProgressStore(), NORMALIZERS["basic"]
    first = store.get(desk.corpus, desk.stores.ledger, chosen)
    assert store.get(desk.corpus, desk.stores.ledger, chosen) is first
    keep_plan(desk.stores.ledger, "talks", Plan(people=("ann",)), who="ann")
    assert store.get(desk.corpus, desk.stores.ledger, chosen) is not first


def test_numbers_that_are_brought_up_to_date_are_those_counted_anew(desk: Desk):
    keep_plan(desk.stores.ledger, "talks", Plan(people=("ann", "bo", "cy"), overlap=1.0), who="ann")
    random, ledger = Random(3), desk.stores.ledger
    count = ProgressCount(desk.corpus, plan_of(ledger, "talks"), NORMALIZERS["basic"])
    other = SeenRow(audio="0.wav", offset=0.0, duration=1.0, reference="another")
    seconds = 0.0
    for _step in range(25):
        for _number in range(random.randint(1, 5)):
            field, new = random.choice(
                [("decision", "accept"), ("decision", "reject"), ("decision", None), ("reference", "one two"),
                 ("reference", "won"), ("reference", None), ("comment", "hm")]
            )  # fmt: skip
            seconds += random.choice((5, 200, 4000))
            more = {"seen": other} if random.random() < 0.1 else {}
            desk.say(random.choice(("ann", "bo", "cy")), random.randrange(5), seconds, new, field, **more)
        count.update(ledger)
        assert count.progress() == counted(desk)
    found = count.progress()
    assert found.agreement.pairs
    assert found.problems
    assert found.agreement.text_pairs


def test_many_edits_are_counted_in_the_background_first(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    from evaluator.pages import progress

    for place in range(5):
        desk.say("ann", place, place, "accept")
    monkeypatch.setattr(progress_store, "AT_ONCE", 4)
    going, held = threading.Event(), threading.Event()
    walked = Ledger.walked

    def slow(self: Ledger, space: str) -> Any:
        if threading.current_thread().name == "review-progress":  # the columns are made on another
            going.set()
            assert held.wait(30)
        return walked(self, space)

    monkeypatch.setattr(Ledger, "walked", slow)
    store, chosen = desk.stores.progresses, NORMALIZERS["basic"]
    assert store.get(desk.corpus, desk.stores.ledger, chosen) == Counting(0, 5)
    assert going.wait(10)
    assert "Counting what was said" in str(progress.layout(desk.stores, _query("corpus=talks")))
    held.set()
    for _ in range(500):
        found = store.get(desk.corpus, desk.stores.ledger, chosen)
        if not isinstance(found, Counting):
            break
        time.sleep(0.01)
    assert found.decided == 5
    desk.say("bo", 0, 100, "reject")  # one more is counted at once
    assert store.get(desk.corpus, desk.stores.ledger, chosen).rejected == 1


def test_the_page_and_its_downloads(desk: Desk):
    from evaluator.pages import progress

    desk.say("ann", 0, 0, "one two three", "reference")
    desk.say("ann", 1, 10, "reject", comment="noise <b>")
    client = door.create_app(desk.stores).server.test_client()
    drawn = str(progress.layout(desk.stores, _query("corpus=talks")))
    assert "1 of 5 utterances" in drawn
    manifest = client.get("/export/review-manifest.jsonl?corpus=talks")
    assert [json.loads(line)["text"] for line in manifest.data.splitlines()][:1] == ["one two three"]
    assert len(manifest.data.splitlines()) == 4
    assert manifest.headers["Content-Disposition"].endswith("talks-manifest.jsonl")
    flagged = client.get("/export/review-manifest.jsonl?corpus=talks&rejected=flag&where={text}+ends+with+1")
    assert [json.loads(line)["rejected"] for line in flagged.data.splitlines()] == ["noise <b>"]
    assert len(client.get("/export/review-differences.jsonl?corpus=talks").data.splitlines()) == 2
    assert "noise <b>" in client.get("/export/review-decisions.csv?corpus=talks").text
    assert len(client.get("/export/review-audit.jsonl?corpus=talks").data.splitlines()) == 2
    table = client.get("/export/progress.csv?corpus=talks").text.splitlines()
    assert table[0].startswith("person,assigned,")
    assert table[1].startswith("ann,,,1,0,1,1,")
    assert client.get("/export/review-manifest.jsonl?corpus=nothing").status_code == 404
    assert client.get("/export/review-manifest.jsonl?corpus=talks&rejected=maybe").status_code == 400
    assert client.get("/export/review-manifest.jsonl?corpus=talks&where={durr}>1").status_code == 400


def test_the_page_says_when_the_ledger_cannot_be_read(desk: Desk):
    from evaluator.pages import progress

    (desk.stores.workspace / "ledger.sqlite").mkdir()
    drawn = str(progress.layout(desk.stores, _query("corpus=talks")))
    assert "The ledger cannot be read" in drawn
    client = door.create_app(desk.stores).server.test_client()
    assert client.get("/export/review-audit.jsonl?corpus=talks").status_code == 503


def _query(search: str) -> Any:
    from explorer.querying.parameters import Parameters

    return Parameters.of(search)
