"""Results in the background: once for each state of the ratings, the last ones shown while newer ones are made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluator.comparison_store import CancelledComparison, ComparisonStore, Making
from evaluator.ledger import Ledger
from evaluator.listening import result_store
from evaluator.listening.result_store import Found, ResultStore
from evaluator.listening.results import results
from evaluator.listening.store import ListeningTests
from tests.evaluator.listening.designs import complete, designed


@pytest.fixture
def tests(tmp_path: Path) -> Iterator[ListeningTests]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ListeningTests(tmp_path / "listening", ledger)
    ledger.close()


def rate(tests: ListeningTests, name: str, value: int, *, screens: int = 6) -> None:
    test = designed()
    rater = tests.join(test, name, complete(test))
    for screen in [screen for screen in rater.screens if screen.purpose == "rated"][:screens]:
        tests.submit(test, rater.id, screen.id, [value], 2.0)


def until(find: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 30
    while not wanted(found := find()):
        assert time.monotonic() < deadline
    return found


def current(found: Any) -> bool:
    return isinstance(found, Found) and found.making is None


def test_results_are_made_once_for_a_state_of_the_ratings(
    tests: ListeningTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(test: Any, answers: Any, **options: Any) -> Any:
        made.append(len(answers))
        return results(test, answers, **options)

    monkeypatch.setattr(result_store, "results", counted)
    store, test = ResultStore(tests), designed()
    rate(tests, "Ann", 4)
    first = until(lambda: store.of(test), current)
    assert first.results == results(test, tests.answers(test))
    assert [store.of(test) for _ in range(3)] == [first] * 3
    tests.join(test, "Eve", complete(test))  # who has not rated yet changes nothing
    assert store.of(test) == first
    assert made == [6]
    rate(tests, "Bob", 2)
    until(lambda: store.of(test), lambda found: current(found) and len(found.answers) == 12)
    until(lambda: store.of(test, screened=False), current)
    assert made == [6, 12, 12]
    store.close()


def test_the_last_results_are_shown_while_newer_ones_are_made_and_none_are_begun_meanwhile(
    tests: ListeningTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, made = threading.Event(), list[int]()
    go.set()

    def slow(test: Any, answers: Any, *, tell: Callable[[int, int], None], **options: Any) -> Any:
        made.append(len(answers))
        tell(1, 3)
        assert go.wait(30)
        tell(2, 3)
        return results(test, answers, tell=tell, **options)

    monkeypatch.setattr(result_store, "results", slow)
    store, test = ResultStore(tests, ComparisonStore(wait_seconds=0.01)), designed()
    rate(tests, "Ann", 4)
    until(lambda: store.of(test), current)
    go.clear()
    rate(tests, "Bob", 2)
    older = until(lambda: store.of(test), lambda found: isinstance(found, Found) and found.making == Making(1, 3))
    assert len(older.answers) == 6
    for name in ("Cy", "Di"):  # they come while Bob's are counted
        rate(tests, name, 3)
        found = store.of(test)
        assert isinstance(found, Found)
        assert (len(found.answers), found.making) == (6, Making(1, 3))
    go.set()
    newest = until(lambda: store.of(test), lambda found: current(found) and len(found.answers) == 24)
    assert newest.results.raters == 4
    assert made == [6, 12, 24]
    store.close()


def test_what_is_given_up_begins_anew_and_a_fault_is_told(
    tests: ListeningTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def stuck(test: Any, answers: Any, *, tell: Callable[[int, int], None], **options: Any) -> Any:
        assert go.wait(30)
        tell(1, 3)
        return results(test, answers, **options)

    monkeypatch.setattr(result_store, "results", stuck)
    store, test = ResultStore(tests, ComparisonStore(wait_seconds=0.01)), designed()
    rate(tests, "Ann", 4)
    assert isinstance(store.of(test), Making)
    store.cancel(test)
    go.set()
    assert until(lambda: store.of(test), current).results.answers == 6
    store.close()
    with pytest.raises((CancelledComparison, RuntimeError)):
        until(lambda: store.of(test, screened=False), current)
