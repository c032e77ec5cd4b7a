"""The ledger: what people said about utterances and trials, append-only, in SQLite or PostgreSQL."""

from __future__ import annotations

from evaluator.ledger.events import NEWEST, Draft, Event, SeenRow
from evaluator.ledger.ledger import Ledger, open_ledger, review_space

__all__ = ["NEWEST", "Draft", "Event", "Ledger", "SeenRow", "open_ledger", "review_space"]
