"""Suspicion as columns beside a corpus: the score and its reasons under a choice, and what each signal found.

suspicion              the score, from 0 to 1 (ranking.py)
suspicion_reasons      why, in words, the signals in the order of their table, "; " between them; missing at 0
suspicion_<signal>     the strength of a signal before its weight, hidden at first
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import LACKING, reason_column, strength_column
from evaluator.suspicion.evidence import SEPARATOR
from evaluator.suspicion.ranking import Choice, combined
from explorer.columns import Column

SCORE = "suspicion"
REASONS = "suspicion_reasons"
OVERLAY = "suspicion"
SIGNALS_OVERLAY = "suspicion:signals"


def told_lacking(evidence: Path) -> Mapping[str, str]:
    """The signals that a corpus does not allow, with the reasons."""
    metadata = pq.read_schema(evidence).metadata or {}
    told: dict[str, str] = json.loads(metadata.get(LACKING, b"{}"))
    return told


def score_columns() -> tuple[Column, ...]:
    """The columns of a choice, as they explain themselves."""
    return (
        Column(
            name=SCORE,
            label="Suspicion",
            kind="number",
            style="decimal",
            origin="score",
            better="lower",
            help="How likely something is wrong with the utterance, from 0 to 1: several signals put together, each "
            "with its weight (the page Review lists them).",
        ),
        Column(
            name=REASONS,
            label="Suspicious because",
            kind="text",
            origin="score",
            help="Why the utterance is suspected, in words, with the numbers behind it.",
            hidden=True,
        ),
    )


def strength_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these signals, whatever the choice."""
    return tuple(
        Column(
            name=strength_column(name),
            label=f"Suspicion: {SIGNALS[name].title[:1].lower()}{SIGNALS[name].title[1:]}",
            kind="number",
            style="decimal",
            origin="score",
            better="lower",
            help=f"{SIGNALS[name].help} From 0 to {SIGNALS[name].trust:g}, before its weight.",
            hidden=True,
        )
        for name in names
    )


def signals_of(evidence: Path) -> tuple[str, ...]:
    """The signals that a file of them has."""
    there = frozenset(pq.read_schema(evidence).names)
    return tuple(name for name in SIGNALS if strength_column(name) in there)


def write_choice(evidence: Path, choice: Choice, path: Path) -> None:
    """Write the overlay of a choice from a file of signals."""
    used = choice.switched_on(signals_of(evidence))
    wanted = ["row", *map(strength_column, used), *map(reason_column, used)]
    table = pq.read_table(evidence, columns=wanted)
    strengths = {name: table[strength_column(name)].to_numpy() for name in used}
    score = combined(strengths, choice, table.num_rows)
    laid = {
        "row": table["row"],
        SCORE: pa.array(score),
        REASONS: _joined([table[reason_column(name)] for name in used], score),
    }
    building = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:8]}.building")
    try:
        pq.write_table(pa.table(laid), building, compression="zstd")
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def _joined(reasons: list[pa.ChunkedArray], score: np.ndarray) -> pa.Array:
    """The reasons of each row as one text; null where there are none."""
    if not reasons:
        return pa.nulls(len(score), pa.string())
    # The first text is there in every row, because rows without any would be left out of the result altogether.
    first = pa.array([""]).take(pa.array(np.zeros(len(score), np.int64)))
    parts = (one.combine_chunks() for one in reasons)
    whole = pc.binary_join_element_wise(first, *parts, SEPARATOR, null_handling="skip")
    whole = pc.utf8_slice_codeunits(whole, len(SEPARATOR))
    return pc.if_else(pa.array(score > 0), whole, pa.scalar(None, pa.string()))
