"""A million utterances: time to first rows, time to load, memory, and the latency of every kind of query.

    python -m tests.bench.corpus [--rows 1000000] [--folder /tmp/bench]

The loading is the product's own: a Library whose child process builds the cache. Latencies are of the server's part,
every query a new one, so that nothing is remembered. Wall times depend on what else the machine does; the processor's
seconds, printed beside them, less so.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.corpora.stats import histogram, top_values
from explorer.querying.query import Filter, Query, Sort, Test
from tests.bench.manifest import write

REPEATS = 20
SHOWN = ("reference", "hypothesis_small", "hypothesis_large", "duration", "speaker", "accent", "snr", "words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number beside its budget (None: none was set)."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    def __str__(self) -> str:
        verdict = "" if self.budget is None else f"  budget {self.budget:g} {self.unit}"
        return f"{self.name:<52}{self.value:>10.1f} {self.unit}{verdict}"


def loading(manifest: Path, cache: Path, *, repeats: int = REPEATS, texts: bool = True) -> Iterator[Figure]:
    """Cold and warm start, then ``latencies``; the cache folder is emptied first."""
    shutil.rmtree(cache, ignore_errors=True)
    before = psutil.Process().cpu_times()
    start = time.perf_counter()
    library = Library(cache)
    library.open("big", [manifest])
    while not library.get("big").size:
        time.sleep(0.01)
    library.get("big").page(Query(), 0, 100, SHOWN)
    yield Figure(name="first rows, cold", value=time.perf_counter() - start, unit="s", budget=3)
    reading = 0
    while library.progress("big") is not None:
        reading = max(reading, _memory_of_children())
        time.sleep(0.05)
    yield Figure(name="whole corpus, wall", value=time.perf_counter() - start, unit="s")
    library.close()
    after = psutil.Process().cpu_times()
    spent = sum(getattr(after, part) - getattr(before, part) for part in after._fields if part != "iowait")
    yield Figure(name="whole corpus, processor (server and child)", value=spent, unit="s", budget=40)
    yield Figure(name="memory of the process that reads", value=reading / 2**20, unit="MiB")
    start = time.perf_counter()
    library = Library(cache)
    library.open("big", [manifest])
    library.get("big").page(Query(), 0, 100, SHOWN)
    yield Figure(name="first rows, warm", value=time.perf_counter() - start, unit="s", budget=1)
    yield from latencies(library.get("big"), repeats=repeats, texts=texts)
    yield Figure(name="memory of the server", value=psutil.Process().memory_info().rss / 2**20, unit="MiB", budget=1536)
    [file] = cache.glob("*.duckdb")
    yield Figure(name="cache file", value=file.stat().st_size / 1e6, unit="MB")
    library.close()


def _memory_of_children() -> int:
    """Resident bytes of the child processes that run now."""
    held = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            held += child.memory_info().rss
    return held


def latencies(corpus: Corpus, *, repeats: int = REPEATS, texts: bool = True) -> Iterator[Figure]:
    """95th percentiles of the calls a page makes, in ms; ``texts`` says whether to sort by a text too."""
    words = [word for word, _ in corpus.words(2_000)][-repeats:]
    spread = np.linspace(0, max(0, corpus.size - 100), repeats).astype(int).tolist()
    by_snr = Query(sort=(Sort("snr"),))
    corpus.rows(by_snr)
    order = [str(values["id"]) for values in corpus.page(by_snr, 0, repeats, ())]

    def over(column: str, at_least: float) -> tuple[Filter, ...]:
        return (Filter(column, (Test("gt", at_least),)),)

    calls: list[tuple[str, float | None, Callable[[int], object]]] = [
        ("page of 100, source order", 50, lambda n: corpus.page(Query(), spread[n], spread[n] + 100, SHOWN)),
        ("page of 100, sorted (scattered rows)", 50, lambda n: corpus.page(by_snr, spread[n], spread[n] + 100, SHOWN)),
        ("filter a number", 500, lambda n: corpus.rows(Query(over("duration", 5 + n / 10)))),
        ("filter two numbers", 500, lambda n: corpus.rows(Query((*over("duration", 5 + n / 10), *over("words", 9))))),
        ("sort by a number", 500, lambda n: corpus.rows(Query(over("line", n), (Sort("duration", True),)))),
        ("sort by text", None, lambda n: corpus.rows(Query(over("line", n), (Sort("reference"),)))),
        (
            "filter text, contains",
            700,
            lambda n: corpus.rows(Query((Filter("reference", (Test("contains", words[n]),)),))),
        ),
        (
            "filter text, pattern",
            None,
            lambda n: corpus.rows(Query((Filter("reference", (Test("matches", words[n]),)),))),
        ),
        ("search in reference and two predictions", 700, lambda n: corpus.rows(Query(search=words[n]))),
        ("count and hours of a filter", None, lambda n: corpus.extent(Query(over("duration", 5 + n / 10)))),
        ("one utterance", None, lambda n: corpus.utterance(order[n])),
        ("sums over a filter", None, lambda n: corpus.totals(Query(over("duration", n)), ("words", "duration"))),
        ("histogram", None, lambda n: histogram(corpus, Query(), ("snr", "word_rate")[n % 2])),
        ("most frequent values", None, lambda n: top_values(corpus, Query(), ("speaker", "accent")[n % 2])),
    ]
    for name, budget, call in calls:
        if name == "sort by text" and not texts:
            continue
        times = []
        for n in range(repeats):
            start = time.perf_counter()
            call(n)
            times.append(1000 * (time.perf_counter() - start))
        p95 = statistics.quantiles(times, n=20)[-1]
        yield Figure(name=f"{name}, p95 (median {statistics.median(times):.0f})", value=p95, unit="ms", budget=budget)


def measure(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print the figures; the manifest is made in ``folder`` unless it is there."""
    manifest = write(folder / f"big-{rows}.json", rows=rows)
    say(f"{rows:,} utterances, {manifest.stat().st_size / 1e6:.0f} MB")
    for figure in loading(manifest, folder / "cache"):
        say(f"  {figure}")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "earmark-bench")
    arguments = parser.parse_args()
    measure(arguments.folder, rows=arguments.rows)


if __name__ == "__main__":
    main()
