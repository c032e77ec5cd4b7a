"""What reviewers said as columns: values, filters, how often they are laid anew, and a ledger that is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evaluator.ledger import NEWEST, Draft, Ledger, review_space
from evaluator.review import overlays as module
from evaluator.review.assignments import Plan, keep_plan
from evaluator.review.overlays import AWAY_SECONDS, COLUMNS, ReviewOverlays, said
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import LedgerUnavailable
from explorer.querying.query import Query
from tests.corpora import write_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("reviewed")
    return open_corpus("tones", [write_manifest(folder, utterances=20)], cache=folder / "cache")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


NAMES = [column.name for column in COLUMNS]


class Counted:
    """A method that counts how often it is called."""

    def __init__(self, method: Any) -> None:
        self.method, self.times = method, 0

    def __get__(self, ledger: Any, _kind: Any) -> Any:
        def call(*given: Any) -> Any:
            self.times += 1
            return self.method(ledger, *given)

        return call


class Clock:
    """A clock that stands until it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def say(
    ledger: Ledger, corpus: Corpus, row: int, field: str, new: Any, *, who: str = "Anna", comment: str = ""
) -> None:
    [(id, _)] = corpus.listed(corpus.rows(Query())[row : row + 1], ())
    said = {"space": review_space("tones"), "subject": id, "field": field, "new": new, "comment": comment}
    ledger.append([Draft(key=f"{row}{field}{new}{comment}", who=who, base=NEWEST, **said)])


def test_nothing_is_laid_and_no_ledger_made_where_nobody_said_anything(corpus: Corpus, tmp_path: Path) -> None:
    untouched = Ledger(tmp_path / "nothing.sqlite")
    assert ReviewOverlays(untouched, tmp_path / "cache").lay(corpus) is corpus
    assert not (tmp_path / "nothing.sqlite").exists()


def test_what_was_said_is_columns_to_filter_by(corpus: Corpus, ledger: Ledger, tmp_path: Path) -> None:
    say(ledger, corpus, 0, "reference", "won")
    say(ledger, corpus, 0, "decision", "accept", who="Bo")
    say(ledger, corpus, 1, "decision", "reject", comment="bad audio")
    say(ledger, corpus, 2, "reference", "one two three")  # what the manifest says
    say(ledger, corpus, 3, "tags", ["noise", "unsure"])
    say(ledger, corpus, 3, "comment", "twice")
    say(ledger, corpus, 4, "decision", "accept")
    say(ledger, corpus, 4, "decision", None)
    laid = ReviewOverlays(ledger, tmp_path / "cache").lay(corpus)
    names = [column.name for column in COLUMNS]
    rows = [tuple(row[name] for name in names) for row in laid.page(Query(), 0, 6, names)]
    assert rows == [
        ("accept", "Bo", "Bo", "won", None, None, None, None, None),
        ("reject", "Anna", "Anna", None, "bad audio", None, None, None, None),
        (None, "Anna", None, None, None, None, None, None, None),
        (None, None, None, None, None, "noise, unsure", "twice", None, None),
        (None, "Anna", None, None, None, None, None, None, None),
        (None, None, None, None, None, None, None, None, None),
    ]
    assert laid.extent(Query(where="{decision} = reject")).utterances == 1
    assert laid.content_key == corpus.content_key


def test_a_text_changed_after_it_was_accepted_tells_by_whom(corpus: Corpus, ledger: Ledger, tmp_path: Path) -> None:
    for row in range(5):
        say(ledger, corpus, row, "decision", "reject" if row == 3 else "accept")
        say(ledger, corpus, row, "reference", f"other {row}", who="Bo")
    say(ledger, corpus, 1, "decision", "accept", who="Cy", comment="again")  # which is said about the new text
    say(ledger, corpus, 2, "reference", "one two three", who="Bo")  # the manifest's, which was accepted
    laid = ReviewOverlays(ledger, tmp_path / "cache").lay(corpus)
    names = ("decision", "changed_since")
    found = [tuple(row[name] for name in names) for row in laid.page(Query(), 0, 5, names)]
    assert found == [(None, "Bo"), ("accept", None), ("accept", None), ("reject", None), (None, "Bo")]
    assert laid.extent(Query(where="{changed_since} is not empty")).utterances == 2


def test_a_plan_that_has_two_decide_hides_what_one_of_them_says_from_then_on(
    corpus: Corpus, ledger: Ledger, tmp_path: Path
) -> None:
    clock = Clock()
    overlays = ReviewOverlays(ledger, tmp_path / "cache", clock)
    say(ledger, corpus, 0, "decision", "accept")
    assert overlays.lay(corpus).extent(Query(where="{decision} is not empty")).utterances == 1
    keep_plan(ledger, "tones", Plan(people=("Anna", "Bo"), overlap=1.0), who="Cy")
    say(ledger, corpus, 1, "decision", "accept")
    clock.now += 60
    laid = overlays.lay(corpus)
    found = [
        (row["decision"], row["reviewer"], row["decided_by"])
        for row in laid.page(Query(), 0, 2, [c.name for c in COLUMNS])
    ]
    assert found == [("accept", "Anna", None), (None, None, "Anna")]  # the first stands, and is to be done again


def test_it_is_laid_anew_for_news_but_not_at_every_look(corpus: Corpus, ledger: Ledger, tmp_path: Path) -> None:
    clock = Clock()
    overlays = ReviewOverlays(ledger, tmp_path / "cache", clock)
    say(ledger, corpus, 0, "decision", "accept")
    first = overlays.lay(corpus)
    revision = overlays.revision("tones")
    assert overlays.lay(corpus) is first
    say(ledger, corpus, 1, "decision", "accept")
    assert overlays.lay(corpus) is first
    clock.now += 60
    second = overlays.lay(corpus)
    assert second is not first
    assert overlays.revision("tones") > revision
    assert second.extent(Query(where="{decision} = accept")).utterances == 2


def test_a_ledger_that_is_away_costs_the_table_nothing(
    corpus: Corpus, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    overlays = ReviewOverlays(ledger, tmp_path / "cache", clock)
    say(ledger, corpus, 0, "decision", "accept")
    first = overlays.lay(corpus)
    asked = []

    def away(_ledger: Ledger, space: str) -> int:
        asked.append(space)
        raise LedgerUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "revision", away)
        clock.now += 60
        assert overlays.lay(corpus) is first
        clock.now += AWAY_SECONDS / 2
        assert overlays.lay(corpus) is first
        assert len(asked) == 1
    clock.now += AWAY_SECONDS
    say(ledger, corpus, 1, "decision", "accept")
    assert overlays.lay(corpus) is not first


def test_columns_that_take_long_are_made_anew_while_the_old_ones_are_shown(
    corpus: Corpus, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)  # nothing is quick enough
    clock = Clock()
    overlays = ReviewOverlays(ledger, tmp_path / "cache", clock)
    say(ledger, corpus, 0, "decision", "accept")
    first = overlays.lay(corpus)
    say(ledger, corpus, 1, "decision", "accept")
    clock.now += 60
    assert overlays.lay(corpus) is first
    limit = time.monotonic() + 30
    while overlays.lay(corpus) is first:
        assert time.monotonic() < limit
        time.sleep(0.01)
    assert overlays.lay(corpus).extent(Query(where="{decision} = accept")).utterances == 2


def test_columns_that_are_brought_up_to_date_are_those_made_anew(
    corpus: Corpus, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_plan(ledger, "tones", Plan(people=("Anna", "Bo", "Cy"), overlap=0.5), who="Cy")
    random, clock = Random(7), Clock()
    overlays = ReviewOverlays(ledger, tmp_path / "cache", clock)
    monkeypatch.setattr(Ledger, "walked", counted := Counted(Ledger.walked))
    for step in range(12):
        for number in range(random.randint(1, 6)):
            who, row = random.choice(("Anna", "Bo", "Cy")), random.randrange(20)
            field, new = random.choice(
                [("decision", "accept"), ("decision", "reject"), ("decision", None), ("reference", "won"),
                 ("reference", None), ("tags", ["noise"]), ("comment", "hm")]
            )  # fmt: skip
            say(ledger, corpus, row, field, new, who=who, comment=f"{step} {number}")
        clock.now += 100
        laid = overlays.lay(corpus)
        rows = [tuple(row[name] for name in ("row", *NAMES)) for row in laid.page(Query(), 0, 20, NAMES)]
        anew = {row["row"]: tuple(row[name] for name in NAMES) for row in said(corpus, ledger).to_pylist()}
        assert rows == [(number, *anew.get(number, (None,) * len(NAMES))) for number in range(20)]
    assert counted.times == 1 + 12  # the first time, and those of this test
    assert said(corpus, ledger).num_rows > 10


def test_many_events_are_read_in_the_background_at_first(
    corpus: Corpus, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in range(6):
        say(ledger, corpus, row, "decision", "accept")
    monkeypatch.setattr(module, "AT_ONCE", 5)
    going, held = threading.Event(), threading.Event()
    walked = Ledger.walked

    def slow(self: Ledger, space: str) -> Any:
        going.set()
        assert held.wait(10)
        return walked(self, space)

    monkeypatch.setattr(Ledger, "walked", slow)
    overlays = ReviewOverlays(ledger, tmp_path / "cache")
    assert overlays.lay(corpus) is corpus
    assert going.wait(10)
    assert overlays.progress("tones") == (0, 6)
    assert overlays.lay(corpus) is corpus
    held.set()
    for _ in range(500):
        if overlays.laid("tones"):
            break
        time.sleep(0.01)
    assert overlays.lay(corpus).extent(Query(where="{decision} = accept")).utterances == 6
    assert overlays.progress("tones") is None
