"""Suspicion as columns beside a corpus: the score and its reasons under a choice, and what each signal found.

suspicion              the score, from 0 to 1 (ranking.py)
suspicion_reasons      why, in words, the signals in the order of their table, "; " between them; missing at 0
suspicion_<signal>     the strength of a signal before its weight, hidden at first
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import LACKING
from evaluator.suspicion.evidence import SEPARATOR
from evaluator.suspicion.ranking import Choice, combined
from explorer.columns import Column

SCORE = "suspicion"
REASONS = "suspicion_reasons"
OVERLAY = "suspicion"


def told_lacking(evidence: Path) -> Mapping[str, str]:
    """The signals that a corpus does not allow, with the reasons."""
    metadata = pq.read_schema(evidence).metadata or {}
    told: dict[str, str] = json.loads(metadata.get(LACKING, b"{}"))
    return told


def columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns of a corpus that allows these signals, as they explain themselves."""
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
        *(
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
        ),
    )


def strength_column(signal: str) -> str:
    """The column with the strength of a signal."""
    return f"{SCORE}_{signal}"


def signals_of(overlay: Path) -> tuple[str, ...]:
    """The signals whose strengths are in a file that ``write_choice`` wrote."""
    return tuple(name for name in SIGNALS if strength_column(name) in pq.read_schema(overlay).names)


def write_choice(evidence: Path, choice: Choice, path: Path) -> None:
    """Write the overlay of a choice from a file of signals."""
    names = tuple(name for name in SIGNALS if f"strength_{name}" in pq.read_schema(evidence).names)
    used = choice.switched_on(names)
    wanted = ["row", *(f"strength_{name}" for name in names), *(f"reason_{name}" for name in used)]
    table = pq.read_table(evidence, columns=wanted)
    strengths = {name: table[f"strength_{name}"].to_numpy() for name in names}
    score = combined(strengths, choice, table.num_rows)
    laid = {
        "row": table["row"],
        SCORE: pa.array(score),
        REASONS: _joined([table[f"reason_{name}"] for name in used], score),
        **{strength_column(name): pa.array(strengths[name]) for name in names},
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
