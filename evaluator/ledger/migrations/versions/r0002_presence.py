"""Signs of presence: who looks at or edits which subject just now, the one table that forgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; in PostgreSQL without a log of its own, because nothing in it outlives a minute."""
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "presence",
        sa.Column("space", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("editing", sa.Boolean, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        prefixes=unlogged,
    )
