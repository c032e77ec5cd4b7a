"""Tests, raters and answers over a real ledger: nothing is lost, nothing counts twice, plans make up for who left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.ledger import Ledger
from evaluator.listening import store
from evaluator.listening.store import Kept, ListeningTests, UnknownTest, following
from explorer.errors import ConfigError, LedgerReadOnly, QueryError
from tests.evaluator.listening.designs import LINK, complete, designed


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def tests(tmp_path: Path, ledger: Ledger) -> ListeningTests:
    return ListeningTests(tmp_path / "listening", ledger)


def test_a_created_test_is_found_by_id_and_link_and_never_overwritten(tests: ListeningTests) -> None:
    assert tests.all() == ([], [])
    test = designed()
    tests.create(test)
    assert tests.get("round-1") == tests.by_link(LINK) == test
    with pytest.raises(ConfigError, match="already"):
        tests.create(designed(title="Other"))
    for look in (tests.get, tests.by_link):
        with pytest.raises(UnknownTest):
            look("nothing-of-that-name")


def test_a_file_that_is_no_test_is_told_and_hides_no_other(tests: ListeningTests, tmp_path: Path) -> None:
    tests.create(designed())
    (tmp_path / "listening" / "broken.yaml").write_text("titel: x")
    found, faults = tests.all()
    assert [test.id for test in found] == ["round-1"]
    assert len(faults) == 1
    assert "broken.yaml" in faults[0]


def test_a_rater_goes_on_where_they_stopped_also_after_a_restart(tests: ListeningTests, tmp_path: Path) -> None:
    test = designed()
    rater = tests.join(test, "  Ann   Lee ", complete(test))
    assert rater.name == "Ann Lee"
    assert following(rater, {}) == rater.screens[0]
    assert tests.submit(test, rater.id, rater.screens[0].id, [4], 2.5) == Kept(rater.screens[1])
    reopened = ListeningTests(tmp_path / "listening", Ledger(tmp_path / "ledger.sqlite"))
    again, answered = reopened.rater(test, rater.id)
    assert again == rater
    assert answered == {rater.screens[0].id: (4,)}
    assert reopened.join(test, "ann lee", complete(test)) == rater


def test_an_answer_that_is_sent_again_counts_once_and_the_first_stays(tests: ListeningTests) -> None:
    test = designed()
    rater = tests.join(test, "Ann", complete(test))
    first, second = rater.screens[:2]
    for values, instead in (([4], None), ([4], None), ([2], (4,))):
        assert tests.submit(test, rater.id, first.id, values, None) == Kept(second, instead)
    assert [(answer.screen.id, answer.values) for answer in tests.answers(test)] == [(first.id, (4,))]


def test_answers_sent_at_once_from_several_windows_count_once(tests: ListeningTests) -> None:
    test = designed()
    rater = tests.join(test, "Ann", complete(test))
    with ThreadPoolExecutor(6) as windows:
        sent = [
            windows.submit(tests.submit, test, rater.id, rater.screens[0].id, [value], None)
            for value in (1, 2, 3, 4, 5, 5)
        ]
    (counts,) = tests.answers(test)
    for value, one in zip((1, 2, 3, 4, 5, 5), sent, strict=True):
        assert one.result() == Kept(rater.screens[1], None if (value,) == counts.values else counts.values)


def test_raters_who_join_at_once_get_plans_of_their_own(tests: ListeningTests) -> None:
    test = designed(per_rater=3, checks=0, training=0)
    with ThreadPoolExecutor(12) as doors:
        list(doors.map(lambda number: tests.join(test, f"r{number}", complete(test)), range(12)))
    raters = [rater for rater, _ in tests.raters(test)]
    assert sorted(rater.number for rater in raters) == list(range(12))
    times = Counter((screen.sentence, screen.slots) for rater in raters for screen in rater.screens)
    assert set(times.values()) == {2}
    assert len(times) == 18


def test_what_a_rater_who_left_did_not_hear_is_given_to_others(tmp_path: Path, ledger: Ledger) -> None:
    now = [datetime.now(UTC)]
    tests = ListeningTests(tmp_path / "listening", ledger, clock=lambda: now[0])
    test = designed(per_rater=17, checks=0, training=0)
    gone = tests.join(test, "gone", complete(test))
    first = gone.screens[0]
    tests.submit(test, gone.id, first.id, [3], None)
    now[0] += timedelta(hours=30)
    other = tests.join(test, "other", complete(test))
    heard = {(screen.sentence, screen.slots) for screen in other.screens}
    # Of eighteen stimuli all but the one that was answered; had "gone" stayed, the one they lacked would be first.
    assert len(heard) == 17
    assert (first.sentence, first.slots) not in heard


@pytest.mark.parametrize(
    ("name", "told"), [("", "1 to 60"), (" \n ", "1 to 60"), ("x" * 61, "1 to 60"), ("Eve", "not among those")]
)
def test_names_that_cannot_rate_are_told_why(tests: ListeningTests, name: str, told: str) -> None:
    test = designed(raters=("Ann", "Bo"))
    with pytest.raises(QueryError, match=told):
        tests.join(test, name, complete(test))
    assert tests.join(test, "ann", complete(test)).name == "Ann"


def test_answers_off_the_scale_and_to_screens_of_others_are_refused(tests: ListeningTests) -> None:
    test = designed()
    rater = tests.join(test, "Ann", complete(test))
    with pytest.raises(QueryError, match="whole number from 1 to 5"):
        tests.submit(test, rater.id, rater.screens[0].id, [6], None)
    with pytest.raises(QueryError, match="no screen"):
        tests.submit(test, rater.id, "999", [3], None)
    with pytest.raises(UnknownTest):
        tests.submit(test, "0" * 16, rater.screens[0].id, [3], None)
    assert tests.answers(test) == []


def test_a_read_only_earmark_takes_no_ratings(tmp_path: Path) -> None:
    closed = ListeningTests(tmp_path / "listening", Ledger(tmp_path / "ledger.sqlite", read_only=True))
    with pytest.raises(LedgerReadOnly):
        closed.join(designed(), "Ann", complete(designed()))


def test_a_retired_test_opens_nothing_and_keeps_its_ratings(tests: ListeningTests) -> None:
    test = designed()
    tests.create(test)
    rater = tests.join(test, "Ann", complete(test))
    tests.submit(test, rater.id, rater.screens[0].id, [4], 2.5, lasts=lambda _screen: 3.25)
    kept = tests.retire(test)
    assert tests.all() == ([], [])
    with pytest.raises(UnknownTest):
        tests.by_link(LINK)
    (left,) = tests.answers(test)
    assert (left.values, left.least) == ((4,), 3.25)
    tests.create(designed())  # the name is free again
    assert kept.exists()


def test_a_file_is_read_again_only_when_it_has_changed(
    tests: ListeningTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        tests.create(designed(id=f"round-{number}", link=f"{LINK}-{number}"))
    assert len(tests.all()[0]) == 3
    read: list[Path] = []
    original = store.read
    monkeypatch.setattr(store, "read", lambda path: (read.append(path), original(path))[1])
    assert tests.by_link(f"{LINK}-2").id == "round-2"
    assert read == []
    path = tmp_path / "listening" / "round-1.yaml"
    path.write_text(path.read_text().replace("title: Round 1", "title: Second look"))
    assert tests.get("round-1").title == "Second look"
    assert read == [path]
    path.unlink()
    assert [test.id for test in tests.all()[0]] == ["round-0", "round-2"]


def test_of_the_ledger_only_what_is_new_is_read_and_nothing_that_another_server_wrote_is_missed(
    tests: ListeningTests, tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    test, other = designed(), ListeningTests(tmp_path / "listening", Ledger(tmp_path / "ledger.sqlite"))
    ann, bob = tests.join(test, "Ann", complete(test)), other.join(test, "Bob", complete(test))
    seen: list[int] = []
    original = ledger.events
    monkeypatch.setattr(
        ledger, "events", lambda *place, **after: (found := original(*place, **after), seen.append(len(found)))[0]
    )
    for number, (server, rater) in enumerate([(tests, ann), (other, bob), (tests, bob), (other, ann)]):
        server.submit(test, rater.id, rater.screens[number].id, [1 + number], None)
        assert tests.rater(test, rater.id)[1][rater.screens[number].id] == (1 + number,)
    assert [answer.values for answer in tests.answers(test)] == [(1,), (2,), (3,), (4,)]
    assert tests.answers(test) == other.answers(test)
    assert max(seen) <= 2
    assert tests.revision(test) == other.revision(test) == 6
