"""Presence in the database: two servers over one ledger see each other, signs are forgotten, edits stay durable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from evaluator.ledger import Draft, Ledger, database, signs
from evaluator.review.presence import AWAY_SECONDS, Present, SharedBoard
from explorer.errors import LedgerReadOnly
from tests.postgres import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'l.sqlite'}"
    else:
        server: Server = request.getfixturevalue("postgres")
        yield server.database()


def begun(url: str) -> Ledger:
    ledger = Ledger(url)
    ledger.append([Draft(key="k", who="ann", space="s", subject="1", field="f", new=1)])
    return ledger


def test_people_of_two_servers_see_each_other(url: str):
    one, other = begun(url), Ledger(url)
    first, second = SharedBoard(one), SharedBoard(other)
    first.sign("s", "1", "ann", editing=True)
    second.sign("s", "1", "bo", editing=False)
    assert [(p.who, p.editing) for p in second.at("s", "1", but="bo")] == [("ann", True)]
    assert [(p.who, p.editing) for p in first.at("s", "1", but="ann")] == [("bo", False)]
    assert 0 <= first.at("s", "1")[0].seconds < 5
    second.sign("s", "2", "bo", editing=True)  # nowhere else any more
    assert [p.who for p in first.at("s", "1")] == ["ann"]
    assert first.names() == second.names() == ["ann", "bo"]
    assert first.at("other", "1") == []
    for ledger in (one, other):
        ledger.close()


def test_signs_are_forgotten(url: str, monkeypatch: pytest.MonkeyPatch):
    ledger = begun(url)
    board = SharedBoard(ledger)
    board.sign("s", "1", "ann", editing=True)
    with ledger._engine.begin() as connection:
        connection.execute(text("UPDATE presence SET at = at - 20"))
    assert board.at("s", "1") == []  # gone, but known by name
    assert board.names() == ["ann"]
    monkeypatch.setattr(signs, "FORGOTTEN_SECONDS", 10.0)
    board.sign("s", "2", "bo", editing=False)
    with ledger._engine.connect() as connection:
        assert connection.execute(text("SELECT who FROM presence")).scalars().all() == ["bo"]
    ledger.close()


def test_a_sign_leaves_edits_as_durable_as_they_were(tmp_path: Path):
    ledger = begun(f"sqlite:///{tmp_path / 'l.sqlite'}")
    ledger.sign("s", "1", "ann", editing=True)
    with ledger._engine.connect() as connection:  # the pool gives the same one
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    assert [one.new for one in ledger.events("s")] == [1]
    ledger.close()


def test_where_nothing_can_be_written_people_of_one_server_see_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ledger, now = begun(f"sqlite:///{tmp_path / 'l.sqlite'}"), [0.0]
    board = SharedBoard(ledger, clock=lambda: now[0])
    monkeypatch.setattr(database, "can_be_written", lambda _file: False)
    with pytest.raises(LedgerReadOnly):
        ledger.sign("s", "1", "ann", editing=True)
    board.sign("s", "1", "ann", editing=True)
    assert board.at("s", "1") == [Present("ann", True, 0.0)]
    monkeypatch.undo()
    now[0] += AWAY_SECONDS + 1
    board.sign("s", "1", "bo", editing=False)
    assert [p.who for p in board.at("s", "1")] == ["bo"]
    ledger.close()
