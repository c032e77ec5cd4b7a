"""The queue of suspects: how well it finds planted errors, and what ranking a million utterances costs.

Errors of seven kinds (tests/planting.py) are planted in 2 % of a corpus with two systems. The ranking is compared with
a random order and with sorting by the CER of the better system. Then the signals of the large manifest are made by the
product's own child process, and opened again from disk.

    python -m tests.bench.suspicion [ROWS]
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson

from evaluator.normalizers.registry import normalizer
from evaluator.scoring.scores import ScoreStore
from evaluator.suspicion import SIGNALS
from evaluator.suspicion.queue import columns_read, queued
from evaluator.suspicion.ranking import Choice
from evaluator.suspicion.store import SuspicionStore
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query, Sort
from tests.bench.manifest import lines, write
from tests.planting import planted, retrieval

PLANTED_ROWS = 20_000
SHARE = 0.02
BUILD_BUDGET_S = 30
OPEN_BUDGET_S = 1


def measure(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print the figures; the large manifest and its corpus are kept in ``folder``."""
    quality(say)
    cost(folder, say, rows=rows)


def quality(say: Callable[[str], None] = print, *, size: int = PLANTED_ROWS) -> None:
    """Print precision and recall of the rankings on planted errors."""
    rows, faults = planted([orjson.loads(line) for line in lines(size)], share=SHARE)
    wanted = set(faults)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        manifest = place / "planted.json"
        manifest.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        opened = open_corpus("planted", [manifest], cache=place / "cache")
        corpus = ScoreStore(place / "scores", at_once=size + 1).lay(opened, "basic")
        kept = SuspicionStore(place / "suspicion", fallback=normalizer("basic"), at_once=size + 1)
        laid = kept.lay(corpus, Choice())
        orders: dict[str, Sequence[int]] = {
            "at random": np.random.default_rng(7).permutation(size).tolist(),
            "by CER (large)": laid.rows(Query(sort=(Sort("cer_large", descending=True),))).tolist(),
            "by suspicion": laid.rows(queued(laid, Query())).tolist(),
        }
        n = len(wanted)
        say(f"{n} errors planted in {size:,} utterances with two systems")
        heads = (f"precision at {n // 2}", f"at {n}", f"recall at {2 * n}", "average precision")
        say(f"  {'order':16}" + "".join(f"{head:>20}" for head in heads))
        for name, order in orders.items():
            found = retrieval(order, wanted)
            figures = (found.precision_half, found.precision, found.recall_double, found.average)
            say(f"  {name:16}" + "".join(f"{one:>20.1%}" for one in figures))
        kinds, first = Counter(faults.values()), orders["by suspicion"][: 2 * n]
        got = Counter(faults[row] for row in first if row in faults)
        say(f"  among the first {2 * n}: " + ", ".join(f"{name} {got[name]} of {kinds[name]}" for name in kinds))


def cost(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print what making the signals of a big corpus costs, and opening them."""
    corpus = _scored(folder, rows)
    place = folder / "suspicion"
    shutil.rmtree(place, ignore_errors=True)
    kept = SuspicionStore(place, fallback=normalizer("basic"), at_once=0)
    before, start = _spent(), time.perf_counter()
    kept.begin(corpus)
    while kept.working(corpus):
        time.sleep(0.1)
    now = kept.progress(corpus)
    if now is not None:
        raise RuntimeError(now.failure)
    spent, wall = _spent() - before, time.perf_counter() - start
    size = sum(path.stat().st_size for path in place.iterdir()) / 1e6
    allowed = len(SIGNALS) - len(kept.lacking(corpus))
    say(f"ranking {rows:,} utterances, two systems, {allowed} of {len(SIGNALS)} signals")
    say(f"  making: {spent:.1f} s CPU, {wall:.1f} s in all (aim: {BUILD_BUDGET_S} s CPU for 1,000,000); {size:.0f} MB")
    again = SuspicionStore(place, fallback=normalizer("basic"), at_once=0)
    for what, choice in (
        (f"opening (aim: {OPEN_BUDGET_S} s)", Choice()),
        ("other weights", Choice.of("vote:2,pace:0")),
    ):
        before, start = _spent(), time.perf_counter()
        laid = again.lay(corpus, choice)
        laid.page(queued(laid, Query()), 0, 100, columns_read(laid))
        wall = time.perf_counter() - start
        say(f"  {what}, first 100: {wall:.2f} s, {_spent() - before:.2f} s CPU")


def _scored(folder: Path, rows: int) -> Corpus:
    manifest = write(folder / f"big-{rows}.json", rows=rows)
    store = ScoreStore(folder / "suspicion-scores", at_once=rows + 1)
    return store.lay(open_corpus("big", [manifest], cache=folder / "suspicion-cache"), "basic")


def _spent() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


if __name__ == "__main__":
    measure(Path(tempfile.gettempdir()) / "earmark-bench", rows=int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
