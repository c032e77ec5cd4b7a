"""The tables of the ledger, as SQLAlchemy sees them; migrations/ makes them in a database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, Table, Text

METADATA = MetaData()
HEAD = "0002"
"""The newest migration; a test compares it with Alembic's."""

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

EVENTS = Table(
    "events",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("who", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", Text, nullable=False),  # JSON
    Column("new", Text, nullable=False),  # JSON
    Column("comment", Text, nullable=False),
    Column("base", _NUMBER, nullable=False),  # 0: the first of its chain
    Column("seen", Text),
    Column("undoes", _NUMBER),
)

SEEN_ROWS = Table(
    "seen_rows",
    METADATA,
    Column("fingerprint", Text, primary_key=True),
    Column("audio", Text, nullable=False),
    Column("offset_s", Double, nullable=False),
    Column("duration_s", Double),
    Column("reference", Text),  # JSON, because PostgreSQL keeps no NUL in a text
)

PRESENCE = Table(
    "presence",
    METADATA,
    Column("space", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("editing", Boolean, nullable=False),
    Column("at", Double, nullable=False),  # seconds since the epoch, by the database's clock
)
