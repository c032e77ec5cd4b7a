"""Where and why at a million rows: making edits, counting confusions, slicing, scattering, and what a click then takes.

The substitutions of the generated manifest are drawn from the whole vocabulary, so that nearly all of them are pairs of
their own: no real corpus has so many different lines. Making is done once, in the background; processor seconds count,
those of child processes included. Latencies are of the server's part, every query a new one, in processor milliseconds
of all its threads (on an idle machine the clock shows fewer), with the clock's beside them.

    python -m tests.bench errors [--rows 1000000] [--folder .bench]
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil

from evaluator.comparing.confusions import TABS, Confusions, confusions, utterances_with
from evaluator.comparing.scatter import Of, cells_query, density
from evaluator.comparing.slices import sliced
from evaluator.comparing.slots import parsed
from evaluator.comparing.word_scatter import places, words_listing
from evaluator.scoring.edit_store import EditStore
from evaluator.scoring.scores import ScoreStore
from evaluator.scoring.word_accuracy import word_accuracies
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Filter, Query, Sort, Test
from tests.bench.corpus import Figure
from tests.bench.manifest import write

REPEATS = 12
SYSTEMS = ("small", "large")
SLOTS = ("speaker", "accent", "duration", "snr:5,10,20")


def measure(folder: Path, *, rows: int = 1_000_000, say: Callable[[str], None] = print) -> None:
    """Print every figure for a generated corpus of so many rows with two systems."""
    manifest = folder / f"manifest-{rows}.json"
    if not manifest.exists():
        write(manifest, rows=rows)
    scores = folder / f"scores-{rows}"
    shutil.rmtree(scores, ignore_errors=True)
    opened = open_corpus("big", [manifest], cache=folder / f"cache-{rows}")
    with closing(ScoreStore(scores, at_once=rows + 1)) as store, closing(EditStore()) as edits:
        say(f"{rows:,} rows, systems {', '.join(SYSTEMS)}")
        scored = store.lay(opened, "basic")
        for figure in figures(scored, edits):
            say(str(figure))


def figures(scored: Corpus, edits: EditStore) -> Iterator[Figure]:
    """Each thing is made once, with its processor time, then used as a page uses it."""
    spent = _Spent()
    corpus = edits.with_edits(scored, SYSTEMS, lambda done, total: None)
    yield Figure(name="edits of both systems, made and laid, processor", value=spent(), unit="s")
    found = confusions(corpus, Query(), SYSTEMS)
    yield Figure(name="confusions counted, processor", value=spent(), unit="s")
    yield Figure(name="different edits", value=sum(found.lists[tab].size for tab in TABS), unit="")
    yield _p95("list of errors: another order, 100 lines", lambda n: _lines(found, n))
    yield _p95(
        "list of errors: a search", lambda n: found.lists["confusions"].rows(Query(search=f"{'badogu'[n % 6]}a"))
    )
    listing = found.lists["confusions"]
    said = [entry["edit"] for entry in listing.values(listing.rows(Query())[: 2 * REPEATS], ["edit"])]
    yield _p95("utterances with an edit", lambda n: corpus.rows(utterances_with(said[n], system="small")))
    yield _p95(
        "utterances with an edit of one system and not of the other",
        lambda n: corpus.rows(utterances_with(said[REPEATS + n], system="small", without="large")),
    )
    spent()
    for slot in SLOTS:
        parts = sliced(corpus, Query(), parsed(slot)).slices
        yield Figure(name=f"{len(parts)} slices by {slot}, processor", value=spent(), unit="s")
    yield _p95("utterances of a slice", lambda n: corpus.rows(Query((*parts[n % len(parts)].query.filters, _odd(n)))))
    for of in ("errors", "wer"):
        yield from _scatter(corpus, of)
    spent()
    known = {one.system: one for one in word_accuracies(corpus)}
    words = words_listing(known["small"], known["large"])
    drawn, number = places(words, *SYSTEMS)
    yield Figure(name=f"{words.size:,} words, {len(drawn):,} of {number:,} bubbles, processor", value=spent(), unit="s")
    yield _p95(
        "list of words: another order", lambda n: words.rows(Query(sort=(Sort("won"),), search="abcdefghijkl"[n]))
    )
    yield Figure(name="memory of the process", value=psutil.Process().memory_info().rss / 2**20, unit="MiB")


def _scatter(corpus: Corpus, of: Of) -> Iterator[Figure]:
    spent = _Spent()
    found = density(corpus, Query(), *SYSTEMS, of)
    yield Figure(name=f"{len(found.counts):,} cells of {of}, processor", value=spent(), unit="s")
    cells = list(zip(found.x.tolist(), found.y.tolist(), strict=True))
    yield _p95(f"utterances of a cell ({of})", lambda n: corpus.extent(cells_query(found, [cells[n]])))
    yield _p95(f"utterances of a lasso ({of})", lambda n: corpus.extent(cells_query(found, cells[n : n + 60])))


def _lines(found: Confusions, number: int) -> object:
    columns = ("change", "gained", "lost", "count_small", "count_large", "word")
    order = Query(sort=(Sort(columns[number % len(columns)], descending=number % 2 == 0),), search="aeiou"[number % 5])
    listing = found.lists["confusions"]
    return listing.values(listing.rows(order)[:100], listing.content.column_names)


def _odd(number: int) -> Filter:
    """A condition that makes a query a new one."""
    return Filter("line", (Test("gt", number),))


def _p95(name: str, call: Callable[[int], object]) -> Figure:
    times, clock = [], []
    for number in range(REPEATS):
        begun, start = time.process_time(), time.perf_counter()
        call(number)
        times.append(1000 * (time.process_time() - begun))
        clock.append(1000 * (time.perf_counter() - start))
    high, passed = (statistics.quantiles(each, n=20)[-1] for each in (times, clock))
    return Figure(name=f"{name}, p95 ({passed:.0f} ms by the clock)", value=high, unit="ms", budget=500)


class _Spent:
    """Processor seconds of this process and its ended children since the last call."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self) -> float:
        before, self._before = self._before, self._now()
        return self._before - before

    @staticmethod
    def _now() -> float:
        times = psutil.Process().cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
