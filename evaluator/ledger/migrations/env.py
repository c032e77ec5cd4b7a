"""Alembic's environment: runs the migrations on the connection that ``database.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from evaluator.ledger.schema import METADATA

# DDL is transactional in both databases; the caller holds the transaction, and with it the lock.
context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
