"""The first schema: events, the rows they were made over, and triggers that refuse to change either.

The unique index over (space, subject, field, base) lets an event have one successor only, whatever the program does:
of two people who save over the same state, the database itself refuses the second.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_REFUSAL = "the ledger is append-only"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "events",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("space", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("old", sa.Text, nullable=False),
        sa.Column("new", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("base", _NUMBER, nullable=False),
        sa.Column("seen", sa.Text),
        sa.Column("undoes", _NUMBER),
    )
    op.create_index("events_chain", "events", ["space", "subject", "field", "base"], unique=True)
    op.create_index("events_space", "events", ["space", "id"])
    op.create_table(
        "seen_rows",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("audio", sa.Text, nullable=False),
        sa.Column("offset_s", sa.Double, nullable=False),
        sa.Column("duration_s", sa.Double),
        sa.Column("reference", sa.Text),
    )
    refuse = _refuse_in_postgresql if op.get_bind().dialect.name == "postgresql" else _refuse_in_sqlite
    for table in ("events", "seen_rows"):
        refuse(table)


def _refuse_in_sqlite(table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _refuse_in_postgresql(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION earmark_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION earmark_append_only()"
    )
