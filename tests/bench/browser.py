"""A million utterances in a real browser: first rows, loading behind them, warm start, pages, filters, memory.

Starts the product itself (``app.py serve``) in its own process on a generated manifest and drives it with Chromium.
Times are wall times seen by the user (request to rows drawn) and, where it says "server", the time of the answer alone.

    python -m tests.bench.browser FOLDER
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.bench.manifest import write
from tests.bench.serving import server, wait_for_port
from tests.browser.conftest import ARGUMENTS

GRID = "dash_ag_grid.getApi('utterances-grid')"
UNSORTED = "defaultState: {sort: null}"
ROWS_DRAWN = "() => document.querySelectorAll('.ag-center-cols-container .ag-row:not(.ag-row-loading)').length > 5"


def measure(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print the figures; the manifest is made in ``folder`` unless it is there."""
    manifest = write(folder / f"big-{rows}.json", rows=rows)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*ARGUMENTS, "--enable-precise-memory-info"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        size = manifest.stat().st_size / 1e6
        say(f"A manifest of {rows:,} utterances, {size:,.0f} MB, two predictions, in Chromium")
        with server(folder, manifest) as (address, process, started):
            page.goto(f"{address}/utterances")
            page.wait_for_function(ROWS_DRAWN)
            say(f"  {'first rows, cold, from the start of the command':52}{time.perf_counter() - started:8.2f} s")
            loaded_at, cpu = until_loaded(page, address, process, rows)
            say(f"  {'everything loaded and scored, wall':52}{loaded_at - started:8.2f} s")
            say(f"  {'everything loaded and scored, CPU of all processes':52}{cpu:8.2f} s  (budget 40)")
            drive(page, say, process)
        with server(folder, manifest) as (address, process, started):
            wait_for_port(address)
            up = time.perf_counter() - started
            page.goto(f"{address}/utterances")
            page.wait_for_function(ROWS_DRAWN)
            say(f"  {'warm start: command to listening':52}{up:8.2f} s")
            say(f"  {'warm start: command to rows in the browser':52}{time.perf_counter() - started:8.2f} s")
        browser.close()


def until_loaded(page: Page, address: str, process: psutil.Process, rows: int) -> tuple[float, float]:
    """Wait until all rows and every system's scores are there: (when, CPU seconds of the server and its children)."""
    cpu: dict[int, float] = {}

    def note() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    cpu[one.pid] = max(cpu.get(one.pid, 0.0), times.user + times.system)

    deadline = time.perf_counter() + 300
    scored = (
        f"() => {GRID} && {GRID}.getColumn('wer_small') && {GRID}.getColumn('wer_large')"
        f" && {GRID}.getDisplayedRowCount() === {rows}"
    )
    while time.perf_counter() < deadline:
        note()
        if page.evaluate(scored):
            return time.perf_counter(), sum(cpu.values())
        time.sleep(0.2)
    raise TimeoutError("The corpus was not loaded and scored within five minutes.")


def drive(page: Page, say: Callable[[str], None], process: psutil.Process) -> None:
    """Pages, sorts, filters and searches; each timed until the grid has the answer, and as the server's answer."""
    answers: list[float] = []
    page.on("requestfinished", lambda request: _note(request, answers))
    actions = {
        "jump to a far page": [
            f"{GRID}.ensureIndexVisible({place}, 'top')" for place in (123_456, 500_000, 900_000, 250_000, 750_000)
        ],
        "sort by a number": [
            f"{GRID}.applyColumnState({{state: [{{colId: '{column}', sort: '{order}'}}], {UNSORTED}}})"
            for column in ("duration", "wer_small", "snr")
            for order in ("asc", "desc")
        ],
        "filter by a number": [
            f"{GRID}.setFilterModel({{{column}: {{filterType: 'number', type: 'greaterThan', filter: {value}}}}})"
            for column, value in (("duration", 5), ("wer_small", 12), ("snr", 20), ("duration", 9), ("wer_large", 3))
        ],
        "search a substring in the texts": [
            f"{GRID}.setFilterModel({{reference: {{filterType: 'text', type: 'contains', filter: '{word}'}}}})"
            for word in ("bada", "keto", "vugi", "zarmen")
        ],
        "no filter again": [f"{GRID}.setFilterModel(null)"],
    }
    for name, scripts in actions.items():
        walls, servers = [], []
        for script in scripts:
            answers.clear()
            started = time.perf_counter()
            with page.expect_request_finished(lambda request: "getRowsRequest" in (request.post_data or "")):
                page.evaluate(script)
            page.wait_for_function(ROWS_DRAWN.replace("> 5", "> 0"))
            walls.append(time.perf_counter() - started)
            servers.append(max(answers, default=float("nan")))
        say(f"  {name:36}{_spread(walls)} in the browser   {_spread(servers)} server")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    say(f"  {'browser: JavaScript heap of the tab':52}{heap:8.0f} MB (budget 200)")
    memory = process.memory_full_info()
    uss, rss = memory.uss / 1e6, memory.rss / 1e6
    say(f"  {'server: private memory (USS) / resident (RSS)':52}{uss:8.0f} / {rss:.0f} MB (budget 1500)")


def _note(request: object, answers: list[float]) -> None:
    if "getRowsRequest" in (request.post_data or ""):  # type: ignore[attr-defined]
        timing = request.timing  # type: ignore[attr-defined]
        answers.append((timing["responseStart"] - timing["requestStart"]) / 1000)


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"p50 {1000 * statistics.median(ordered):5.0f}  max {1000 * ordered[-1]:5.0f} ms"


if __name__ == "__main__":
    measure(Path(sys.argv[1] if len(sys.argv) > 1 else ".bench"))
