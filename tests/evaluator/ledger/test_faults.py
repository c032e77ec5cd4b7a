"""What goes wrong with a database, each as one clear sentence, and nothing lost or half written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from evaluator.ledger import Draft, Ledger, database
from explorer.errors import ConfigError, LedgerReadOnly, LedgerUnavailable
from tests.postgres import Server


def draft(new: str = "hello") -> Draft:
    return Draft(key=str(uuid4()), who="ann", space="s", subject=str(uuid4()), field="reference", new=new)


def with_pragma(file: Path, pragma: str) -> Ledger:
    """A ledger whose connections are given a pragma."""
    ledger = Ledger(file)
    ledger.append([draft()])
    engine = ledger._engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA {pragma}"))
    return ledger


def test_a_locked_file_is_told_and_works_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.append([draft()])
    other = sqlite3.connect(tmp_path / "l.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match=r"l\.sqlite is locked by another program; nothing was saved"):
        ledger.append([draft()])
    assert len(ledger.events("s")) == 1  # readers do not wait for writers
    other.execute("ROLLBACK")
    other.close()
    ledger.append([draft()])
    assert len(ledger.events("s")) == 2
    ledger.close()


def test_a_full_disk_is_told_and_keeps_what_was_there(tmp_path: Path):
    ledger = with_pragma(tmp_path / "l.sqlite", "max_page_count=40")
    with pytest.raises(LedgerUnavailable, match="has no room left on its disk"):
        ledger.append([draft("x" * 200_000)])
    assert len(ledger.events("s")) == 1
    ledger.append([draft("short")])
    assert [one.new for one in ledger.events("s")] == ["hello", "short"]
    ledger.close()


def test_a_file_that_may_not_be_written_is_told(tmp_path: Path):
    ledger = with_pragma(tmp_path / "l.sqlite", "query_only=ON")
    with pytest.raises(LedgerUnavailable, match="cannot be written to; nothing was saved"):
        ledger.append([draft()])
    assert len(ledger.events("s")) == 1
    ledger.close()


def test_a_ledger_on_storage_that_can_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "l.sqlite"
    owner = Ledger(file)
    owner.append([draft()])
    owner.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert list(before) == ["l.sqlite"]  # the log is written back
    monkeypatch.setattr(database, "can_be_written", lambda _file: False)
    ledger = Ledger(file)
    assert [one.new for one in ledger.events("s")] == ["hello"]
    assert ledger.revision("s") == 1
    assert ledger.read_only
    with pytest.raises(LedgerReadOnly, match=r"l\.sqlite lies where nothing can be written: it can be read"):
        ledger.append([draft()])
    ledger.close()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_the_right_to_write_can_be_read(tmp_path: Path):
    file = tmp_path / "kept" / "l.sqlite"
    owner = Ledger(file)
    owner.append([draft()])
    owner.close()
    file.parent.chmod(0o555)
    try:
        assert len(Ledger(file).events("s")) == 1
    finally:
        file.parent.chmod(0o755)


def test_a_log_that_was_not_written_back_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Edits in the log would be missing: nobody is shown less than there is."""
    owner = Ledger(tmp_path / "l.sqlite")
    owner.append([draft()])
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("l.sqlite", "l.sqlite-wal"):
        (kept / name).write_bytes((tmp_path / name).read_bytes())
    owner.close()
    monkeypatch.setattr(database, "can_be_written", lambda _file: False)
    assert len(Ledger(kept / "l.sqlite").events("s")) == 1


def test_where_no_ledger_can_be_made_nothing_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "can_be_written", lambda _file: False)
    ledger = Ledger(tmp_path / "none.sqlite")
    assert (ledger.events("s"), ledger.revision("s"), ledger.begun) == ([], 0, False)
    with pytest.raises(LedgerReadOnly, match="nothing can be saved"):
        ledger.append([draft()])
    assert list(tmp_path.iterdir()) == []


def test_reading_only_by_configuration_leaves_the_file_alone(tmp_path: Path):
    file = tmp_path / "l.sqlite"
    owner = Ledger(file)
    owner.append([draft()])
    reader = Ledger(file, read_only=True)
    assert len(reader.events("s")) == 1
    owner.append([draft("later")])  # by another server, which may write
    assert [one.new for one in reader.events("s")] == ["hello", "later"]
    with pytest.raises(LedgerReadOnly, match=r"review\.read_only"):
        reader.append([draft()])
    reader.close()
    owner.close()


def test_what_is_no_database_is_told(tmp_path: Path):
    (tmp_path / "l.sqlite").write_text("these are my notes, not a database at all. " * 100)
    with pytest.raises(LedgerUnavailable, match="is no SQLite database"):
        Ledger(tmp_path / "l.sqlite").append([draft()])
    assert (tmp_path / "l.sqlite").read_text().startswith("these are my notes")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        Ledger(tmp_path / "folder").append([draft()])
    with pytest.raises(LedgerUnavailable, match="cannot be made: Not a directory"):
        Ledger(tmp_path / "l.sqlite" / "below" / "l.sqlite").append([draft()])


def test_a_ledger_that_could_not_be_opened_opens_later(tmp_path: Path):
    (tmp_path / "l.sqlite").mkdir()
    ledger = Ledger(tmp_path / "l.sqlite")
    with pytest.raises(LedgerUnavailable):
        ledger.append([draft()])
    (tmp_path / "l.sqlite").rmdir()
    assert ledger.append([draft()])[0].id == 1
    ledger.close()


def test_a_server_that_is_away_is_told_without_its_password():
    ledger = Ledger("postgresql://ann:s3cret@127.0.0.1:1/earmark")
    with pytest.raises(LedgerUnavailable, match="cannot be reached; nothing was saved") as told:
        ledger.append([draft()])
    assert "s3cret" not in str(told.value)
    assert "ann:***@127.0.0.1" in str(told.value)


def test_a_missing_database_is_told(postgres: Server):
    with pytest.raises(LedgerUnavailable, match="does not exist"):
        Ledger(postgres.database() + "x").append([draft()])


def test_a_server_that_cut_the_line_is_dialled_again(postgres: Server):
    import psycopg

    url = postgres.database()
    ledger = Ledger(url)
    ledger.append([draft()])
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'earmark'")
    ledger.append([draft()])
    assert len(ledger.events("s")) == 2
    ledger.close()


def test_a_server_whose_turn_never_comes_is_told(postgres: Server, monkeypatch: pytest.MonkeyPatch):
    import psycopg

    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    url = postgres.database()
    ledger = Ledger(url)
    ledger.append([draft()])
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [database.WRITER_LOCK])
        with pytest.raises(LedgerUnavailable, match="is locked by another program"):
            ledger.append([draft()])
    ledger.append([draft()])
    ledger.close()


def test_a_user_who_may_only_read_is_told(postgres: Server):
    url = postgres.database()
    ledger = Ledger(url)
    ledger.append([draft()])
    engine = ledger._engine
    with engine.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{engine.url.database}" SET default_transaction_read_only = on'))
        connection.commit()
    engine.dispose()
    with pytest.raises(LedgerUnavailable, match="cannot be written to"):
        ledger.append([draft()])
    assert len(ledger.events("s")) == 1
    ledger.close()


def test_a_user_who_may_select_and_insert_is_enough(postgres: Server):
    url = postgres.database()
    owner = Ledger(url)
    owner.append([draft()])
    with owner._engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS clerk"))
        connection.execute(text("CREATE ROLE clerk LOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk"))
        connection.execute(text("GRANT INSERT ON events, seen_rows TO clerk"))
    clerk = Ledger(url.replace("earmark@", "clerk@"))
    assert clerk.append([draft()])[0].id == 2
    for ledger in (owner, clerk):
        ledger.close()


def test_a_missing_driver_has_its_pip_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install -r requirements-postgres\.txt"):
        database.database_url("postgresql://host/db")
