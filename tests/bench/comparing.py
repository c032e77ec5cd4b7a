"""Ten systems over 100,000 utterances: scoring them, the first comparison, the same from the cache, and clicks.

The corpus is the generated manifest of manifest.py with ten predictions, each a little worse than the one before. CPU
seconds are those of all threads and child processes; a click is the page's layout for an address, as JSON, waited for.

    python -m tests.bench comparing
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import run

import numpy as np
from dash._utils import to_json

import app as door
from evaluator.pages import compare as page
from explorer.config_files import load
from explorer.querying.parameters import Parameters
from tests.bench.manifest import lines
from tests.corpora import loaded

UTTERANCES = 100_000
SYSTEMS = {f"step-{1000 * (10 - n)}": (0.03 + 0.006 * n, 0.01, 0.005 + 0.001 * n) for n in range(10)}
FIRST_S, CACHED_S, CLICK_MS = 60, 2, 500


def measure(folder: Path, say: Callable[[str], None] = print, *, utterances: int = UTTERANCES) -> None:
    """Print processor seconds and milliseconds; what was made before in ``folder`` is made again but the manifest."""
    manifest = folder / f"ten-{utterances}.json"
    if not manifest.exists():
        with manifest.open("wb") as stream:
            stream.writelines(lines(utterances, errors=SYSTEMS))
    places = [f"cache.folder={folder / f'ten-cache-{time.time_ns()}'}", f"workspace={folder / 'ten-workspace'}"]
    say(f"{len(SYSTEMS)} systems x {utterances:,} utterances")
    spent, memory = _command(manifest, places)
    say(f"  first `app.py compare`, scoring and resampling: {spent:.1f} s CPU (budget {FIRST_S} s), {memory} MB")
    start = time.perf_counter()
    spent, memory = _command(manifest, places)
    wall = time.perf_counter() - start
    say(f"  the same from the cache: {wall:.1f} s, {spent:.1f} s CPU, process start included (budget {CACHED_S} s)")
    with closing(door.open_stores(load([door.DEFAULTS], places))) as stores:
        stores.library.open("ten", [manifest])
        loaded(stores.library, "ten")
        _clicks(stores, say)


def _command(manifest: Path, places: list[str]) -> tuple[float, int]:
    """CPU seconds and peak MB of comparing on the command line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([sys.executable, "app.py", "compare", str(manifest), "--json", *places], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss // 1024


def _clicks(stores: object, say: Callable[[str], None]) -> None:
    """Print the times of changing the baseline, leaving systems out, sorting, and showing each on its own."""
    names = list(SYSTEMS)
    kinds = {
        "another baseline": [(("baseline", name),) for name in names],
        "a system left out": [tuple(("system", name) for name in names if name != left) for left in names],
        "another order": [(("order", order),) for order in ("wer", "-cer", "mwa", "-delta", "losses")],
        "each on its own": [(("rows", "own"),)] * 3,
    }
    first = time.process_time()
    _shown(stores, ())
    say(f"  first page after the start of the server: {1000 * (time.process_time() - first):.0f} ms of processor time")
    for kind, asked in kinds.items():
        times = []
        for pairs in asked:
            start = time.process_time()
            _shown(stores, pairs)
            times.append(1000 * (time.process_time() - start))
        middle, high = np.median(times), np.percentile(times, 95)
        say(f"  {kind}: median {middle:.0f} ms, p95 {high:.0f} ms of processor time (budget {CLICK_MS} ms)")


def _shown(stores: object, pairs: tuple[tuple[str, str], ...]) -> None:
    """The page with its standings, waited for."""
    address = Parameters((("corpus", "ten"), *pairs))
    while "compare-standings" not in str(to_json(page.layout(stores, address))):
        time.sleep(0.01)
