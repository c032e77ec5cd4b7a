"""Signs of presence in the database, so that the people of several servers see each other.

One row for each person in a space, overwritten by the next sign and forgotten after a while: the one table that is no
history. Nothing waits for the disk here (PostgreSQL: synchronous_commit=off; SQLite: synchronous=NORMAL, where only
the log's checkpoints are synced), and times are the database's, so clocks that differ do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, delete, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite

from evaluator.ledger.database import reading, told
from evaluator.ledger.schema import PRESENCE

FORGOTTEN_SECONDS = 60.0
_NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())::double precision",
}


def put_sign(engine: Engine, space: str, subject: str, who: str, *, editing: bool) -> None:
    """Somebody is at a subject, and nowhere else in this space.

    Raises:
        LedgerUnavailable: the database cannot be reached or written.
    """
    now = _now(engine)
    made: Any = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(PRESENCE)
    made = made.values(space=space, subject=subject, who=who, editing=editing, at=now)
    news = {name: made.excluded[name] for name in ("subject", "editing", "at")}
    with _hurried(engine) as connection:
        connection.execute(made.on_conflict_do_update(index_elements=["space", "who"], set_=news))
        connection.execute(delete(PRESENCE).where(PRESENCE.c.at < now - FORGOTTEN_SECONDS))


def signs_at(engine: Engine, space: str, subject: str) -> list[tuple[str, bool, float]]:
    """Who gave a sign at a subject, whether they edit, and how many seconds ago; the latest first."""
    age = (_now(engine) - PRESENCE.c.at).label("age")
    chosen = select(PRESENCE.c.who, PRESENCE.c.editing, age)
    chosen = chosen.where(PRESENCE.c.space == space, PRESENCE.c.subject == subject).order_by(age)
    with reading(engine) as connection:
        return [(who, bool(editing), float(seconds)) for who, editing, seconds in connection.execute(chosen)]


def signers(engine: Engine) -> list[str]:
    """Everybody who gave a sign anywhere, of late."""
    chosen = select(PRESENCE.c.who).where(PRESENCE.c.at >= _now(engine) - FORGOTTEN_SECONDS).distinct()
    with reading(engine) as connection:
        return sorted(connection.execute(chosen).scalars())


def _now(engine: Engine) -> Any:
    return literal_column(_NOW[engine.dialect.name])


@contextmanager
def _hurried(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction whose commit does not wait for the disk."""
    with told(engine), engine.connect().execution_options(earmark_writes=True) as connection:
        if engine.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text("SET LOCAL synchronous_commit TO off"))
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute("PRAGMA synchronous=FULL")  # edits on this connection wait for it again
