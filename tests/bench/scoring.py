"""How long scoring a million utterances with two predictions takes, and how that compares with jiwer.

The texts of the benchmark manifest go through the very process that scores big corpora; its CPU time is what counts,
start-up included. jiwer counts the same pairs one by one, on a sample, in the same minute of the same machine.

    python -m tests.bench.scoring [ROWS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import jiwer
import orjson
import pyarrow as pa

from evaluator.normalizers.registry import NORMALIZERS
from evaluator.scoring.counting_process import ScoringProcess
from tests.bench.manifest import ERRORS, lines

BATCH = 50_000
SAMPLE = 4_000
BUDGET_S = 10


def measure(rows: int = 1_000_000, say: Callable[[str], None] = print) -> None:
    """Print CPU seconds under each normalizer, scaled to nothing: what was measured for ``rows`` utterances."""
    say(f"Scoring {rows:,} utterances x {len(ERRORS)} systems: words and characters; {_budget(rows)}")
    batches = list(_batches(rows))
    vocabulary = Counter(
        word for batch in batches for text in batch.column("reference").to_pylist() for word in text.split()
    )
    for chosen in (one for one in NORMALIZERS.values() if one.by_word):
        with tempfile.TemporaryDirectory() as folder:
            before, start = _children(), time.perf_counter()
            process = ScoringProcess(chosen, {system: Path(folder) / f"{system}.parquet" for system in ERRORS})
            failure = process.feed(batches, vocabulary=vocabulary, progress=lambda done: None)
            spent, wall = _children() - before, time.perf_counter() - start
        if failure:
            raise RuntimeError(failure)
        pair_us = 1e6 * spent / rows / len(ERRORS)
        say(f"  {chosen.name:6} {spent:6.1f} s CPU {wall:6.1f} s in all {pair_us:6.2f} us a pair")
    first = batches[0].slice(0, min(SAMPLE, rows))
    references = first.column("reference").to_pylist()
    start = time.process_time()
    for system in ERRORS:
        for reference, hypothesis in zip(references, first.column(f"hypothesis_{system}").to_pylist(), strict=True):
            jiwer.process_words(reference, hypothesis)
    jiwer_us = 1e6 * (time.process_time() - start) / len(references) / len(ERRORS)
    say(f"  jiwer  {jiwer_us:29.2f} us a pair, words alone: {jiwer_us / pair_us:.1f} times as long")


def _budget(rows: int) -> str:
    return f"budget {BUDGET_S} s CPU" if rows == 1_000_000 else f"the budget of {BUDGET_S} s CPU is for 1,000,000"


def _batches(rows: int) -> Iterator[pa.RecordBatch]:
    """The texts of the benchmark manifest as the corpus would give them."""
    held: list[dict[str, str]] = []
    start = 0
    for line in lines(rows):
        held.append(orjson.loads(line))
        if len(held) == BATCH or start + len(held) == rows:
            columns = {"reference": "text", **{f"hypothesis_{system}": f"pred_text_{system}" for system in ERRORS}}
            fields = {name: pa.array([row[field] for row in held]) for name, field in columns.items()}
            places = pa.array(range(start, start + len(held)), pa.int32())
            yield pa.record_batch({"row": places, **fields})
            start += len(held)
            held = []


def _children() -> float:
    """CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
