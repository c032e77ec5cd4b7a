"""The database under the ledger: its engine, its one writer at a time, its migrations, and its faults as sentences.

SQLite: write-ahead log, every commit synced to disk (synchronous=FULL), writers wait BUSY_SECONDS for each other.
One that is only read is opened with mode=ro, and with immutable=1 where nothing can be written beside it (SQLite would
make its index of the log there), which is true as long as the storage stays as it is.
PostgreSQL: psycopg 3; an advisory lock makes writers take turns, so that numbers become visible in their order and a
page that asks for what is new after n never misses an event.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool

from evaluator.ledger.schema import HEAD, METADATA
from explorer.errors import ConfigError, LedgerError, LedgerUnavailable

BUSY_SECONDS = 5.0
CONNECT_SECONDS = 5
WRITER_LOCK = 0x6561726D61726B  # "earmark"
_MIGRATIONS = Path(__file__).parent / "migrations"


def database_url(written: str) -> URL:
    """The address of a database, with the driver that is used.

    Raises:
        ConfigError: it is none, of another kind, or needs a package that is not installed.
    """
    try:
        url = make_url(written)
    except ArgumentError as error:
        raise ConfigError(
            "ledger.url is not an address such as postgresql://user@host/database or sqlite:////folder/ledger.sqlite."
        ) from error
    kind = url.get_backend_name()
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigError("ledger.url names no file; a ledger in memory would lose every edit.")
        return url.set(drivername="sqlite+pysqlite")
    if kind != "postgresql":
        raise ConfigError(f'ledger.url begins with "{url.drivername}"; known are postgresql and sqlite.')
    if find_spec("psycopg") is None:
        raise ConfigError("A ledger in PostgreSQL needs psycopg: pip install -r requirements-postgres.txt")
    return url.set(drivername="postgresql+psycopg")


def connected(url: URL, *, reading_only: bool = False) -> Engine:
    """An engine for the database, migrated to the newest schema; safe when several processes do it at once.

    A file that is only read is left exactly as it is, and may have an older schema.

    Raises:
        LedgerUnavailable: the database cannot be reached, read or migrated.
    """
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and reading_only:
        return _sqlite_to_read(url)
    engine = _sqlite(url) if sqlite else _postgresql(url)
    try:
        with told(engine):
            migrate(engine)
    except LedgerError:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for queries."""
    with told(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other writer is in; committed, and on disk, when the block ends."""
    with told(engine), engine.connect().execution_options(earmark_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
        yield connection


def migrate(engine: Engine) -> None:
    """Bring the schema to HEAD, if it is not there already."""
    with reading(engine) as connection:
        if _version(connection) == HEAD:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        version = _version(connection)
        known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
        if version is not None and version not in known:
            raise LedgerUnavailable(
                f"The ledger {shown(engine.url)} has the schema {version}, which a newer Earmark made; update this one."
            )
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def shown(url: URL) -> str:
    """The database as people may see it: a file, or an address without its password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Turn what a database says into one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise LedgerUnavailable(_sentence(engine.url, error.orig or error)) from error
    except sqlite3.Error as error:  # from a connection that is only being made
        raise LedgerUnavailable(_sentence(engine.url, error)) from error
    except PoolTimeout as error:
        raise LedgerUnavailable(f"The ledger {shown(engine.url)} is too busy; nothing was saved. Try again.") from error
    except SQLAlchemyError as error:
        raise LedgerUnavailable(f"The ledger {shown(engine.url)} failed: {_first_line(error)}.") from error


def _sentence(url: URL, error: BaseException) -> str:
    name = f"The ledger {shown(url)}"
    reason = _SQLITE.get(getattr(error, "sqlite_errorcode", -1) & 0xFF) or _POSTGRESQL.get(
        str(getattr(error, "sqlstate", None))
    )
    if reason is None and url.get_backend_name() == "postgresql" and getattr(error, "sqlstate", None) is None:
        reason = "cannot be reached; nothing was saved. See that the database runs, and try again"
    detail = _first_line(error)
    return f"{name} {reason} ({detail})." if reason else f"{name} refused: {detail}; nothing was saved."


_READ_ONLY = "cannot be written to; nothing was saved. Give this user the right to write"
_FULL = "has no room left on its disk; nothing was saved. Make room, and try again"
_LOCKED = "is locked by another program; nothing was saved. Try again in a moment"

_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; nothing was saved. See that its folder exists and can be written to",
    sqlite3.SQLITE_IOERR: "cannot be read or written by the disk; nothing was saved",
    sqlite3.SQLITE_CORRUPT: "is damaged; nothing was saved. Restore it from a copy",
    sqlite3.SQLITE_NOTADB: "is no SQLite database; nothing was saved. Move that file away, or name another one",
}
"""Primary result codes, https://www.sqlite.org/rescode.html."""

_POSTGRESQL = {
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "53100": _FULL,
    "55P03": _LOCKED,
    "57014": _LOCKED,
    "28P01": "refuses the password",
    "28000": "refuses the user",
    "3D000": "does not exist; create the database",
    "53300": "has too many connections; nothing was saved. Try again in a moment",
}
"""SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html."""


def _sqlite(url: URL) -> Engine:
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(f"The ledger {file} cannot be made: {error.strerror or error}.") from error
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=8)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where ``begin`` below says, not where sqlite3 guesses
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("earmark_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def empty() -> Engine:
    """A ledger that nobody has written to, in memory: what there is to read where no file can be made."""
    engine = create_engine("sqlite+pysqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    METADATA.create_all(engine)
    return engine


def can_be_written(file: Path) -> bool:
    """Whether a SQLite file can be written, or made: its log is written beside it, so its folder counts, too."""
    folder = next(folder for folder in file.absolute().parents if folder.exists())
    return os.access(folder, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))


def _sqlite_to_read(url: URL) -> Engine:
    file = Path(str(url.database))
    log = file.with_name(f"{file.name}-wal")
    plain = f"file:{quote(str(file.absolute()))}?mode=ro"
    still = not can_be_written(file) and not (log.exists() and log.stat().st_size)
    engine = create_engine(
        "sqlite+pysqlite://", pool_size=8, max_overflow=8, poolclass=QueuePool,
        creator=lambda: sqlite3.connect(
            f"{plain}&immutable=1" if still else plain, uri=True, timeout=BUSY_SECONDS, check_same_thread=False
        ),
    )  # fmt: skip
    engine.url = url
    try:
        with reading(engine) as connection:
            if _version(connection) is None:
                raise LedgerUnavailable(f"{file} is no ledger, and can only be read here.")
    except LedgerError as error:
        engine.dispose()
        if log.exists() and log.stat().st_size and not can_be_written(file):
            raise LedgerUnavailable(
                f"The ledger {file} lies where nothing can be written, beside a log that was not written back "
                f"({log.name}); open it once where it can be written, and copy it then."
            ) from error
        raise
    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log once; SQLite does not wait for others by itself here."""
    limit = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > limit:
                raise
            time.sleep(0.02)


def _postgresql(url: URL) -> Engine:
    options = f"-c lock_timeout={int(BUSY_SECONDS * 1000)} -c synchronous_commit=on"
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": options, "application_name": "earmark"}
    # A writer must see what the one before it committed, so no snapshot may be older than its turn.
    level = "READ COMMITTED"
    return create_engine(
        url, connect_args=arguments, isolation_level=level, pool_pre_ping=True, pool_size=8, max_overflow=8
    )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
