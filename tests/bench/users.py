"""One user and ten users at once on a million utterances: browse, filter, sort, listen, with real HTTP.

Every user has filters and an order of their own, new ones at every step, and looks at a page for about a second before
the next step, as people do. Each answer is checked: rows that do not fit the user's own filter or order, a count
that another user's filter would give, or an error end the measurement. Times are those of the answers, waiting for a
free thread of the server included.

    python -m tests.bench users [--rows N] [--folder FOLDER]
"""

from __future__ import annotations

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

import numpy as np
import orjson
import soundfile

from tests.bench.manifest import write
from tests.bench.serving import server
from tests.visitor import Visitor

USERS = 10
STEPS = 15
PAUSE_S = 1.0
HEARD = 200
RATE = 16_000
COLUMNS = ("reference", "hypothesis_small", "hypothesis_large", "duration", "speaker", "accent", "snr", "words")
LOADED_WITHIN_S = 900


def measure(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print median and p95 of one and of ten users, and their quotient, for each kind of step."""
    manifest = write(folder / f"big-{rows}.json", rows=rows)
    durations = _sounds(manifest, min(rows, HEARD))
    with server(folder, manifest) as (address, process, _):
        host, port = address.removeprefix("http://").split(":")
        with closing(Visitor(host, int(port), manifest.stem)) as visitor:
            ids = _loaded(visitor, rows, len(durations))
        alone = _together(1, host, int(port), manifest.stem, rows, ids)
        many = _together(USERS, host, int(port), manifest.stem, rows, ids)
        memory = process.memory_info().rss / 2**20
    say(f"{rows:,} utterances; {STEPS} rounds each, {PAUSE_S:g} s between steps; every answer checked; ms p50 / p95")
    say(f"  {'':28}{'one user':>16}{f'{USERS} users at once':>20}{'p95, times as long':>20}")
    alone["all"], many["all"] = [*chain(*alone.values())], [*chain(*many.values())]
    for kind, one in alone.items():
        ten = many[kind]
        quotient = _p95(ten) / _p95(one)
        say(f"  {kind:28}{_shown(one):>16}{_shown(ten):>20}{quotient:>20.1f}{'  (budget 3)' if kind == 'all' else ''}")
    say(f"  memory of the server {memory:,.0f} MiB; no error, no foreign row")


def _together(users: int, host: str, port: int, corpus: str, rows: int, ids: list[str]) -> dict[str, list[float]]:
    """Milliseconds of all steps of so many users, by kind."""
    with ThreadPoolExecutor(users) as pool:
        parts = [pool.submit(_use, host, port, corpus, rows, ids, users * 1000 + number) for number in range(users)]
        told = [part.result() for part in parts]
    return {kind: [time for one in told for time in one[kind]] for kind in told[0]}


def _use(host: str, port: int, corpus: str, rows: int, ids: list[str], seed: int) -> dict[str, list[float]]:
    """One user's rounds; RuntimeError when an answer is wrong."""
    source = random.Random(seed)
    times: dict[str, list[float]] = defaultdict(list)

    def timed(kind: str, step: Callable[[], dict[str, object] | bytes]) -> dict:  # type: ignore[type-arg]
        time.sleep(source.expovariate(1 / PAUSE_S))
        start = time.perf_counter()
        answered = step()
        times[kind].append(1000 * (time.perf_counter() - start))
        return answered if isinstance(answered, dict) else {}

    with closing(Visitor(host, port, corpus)) as visitor:
        for _ in range(STEPS):
            place = source.randrange(max(1, rows - 100))
            seen = timed("browse: a page anywhere", lambda at=place: visitor.rows(at, columns=COLUMNS))
            _expect(seen["rowCount"] == rows, f"all rows are {rows}, told {seen['rowCount']}")
            least = round(source.uniform(5, 25) + source.random() / 100, 4)
            model = {"snr": {"filterType": "number", "type": "greaterThan", "filter": least}}
            seen = timed("filter by a number", lambda m=model: visitor.rows(0, filters=m, columns=COLUMNS))
            count = seen["rowCount"]
            _expect(all(row["snr"] > least for row in seen["rowData"]), f"a row has no snr over {least}")
            order = [{"colId": "duration", "sort": source.choice(["asc", "desc"])}]
            seen = timed("sort that", lambda m=model, o=order: visitor.rows(0, filters=m, sort=o, columns=COLUMNS))
            lasting = [row["duration"] for row in seen["rowData"]]
            _expect(seen["rowCount"] == count, f"{count} rows became {seen['rowCount']} when sorted")
            _expect(lasting == sorted(lasting, reverse=order[0]["sort"] == "desc"), "the rows are not in order")
            told = timed("count and hours", visitor.described)
            _expect(f"{count:,}" in str(told), f"the count above the table is not {count:,}")
            chosen = source.choice(ids)
            timed("listen: first 64 kB of sound", lambda id=chosen: visitor.media(id, "audio", first_bytes=1 << 16))
            timed("listen: waveform", lambda id=chosen: visitor.media(id, "peaks"))
    return times


def _loaded(visitor: Visitor, rows: int, heard: int) -> list[str]:
    """Wait until all rows are there; the ids of the first ones, which have sound."""
    deadline = time.perf_counter() + LOADED_WITHIN_S
    while (seen := visitor.rows(0, columns=("line",)))["rowCount"] < rows:
        _expect(time.perf_counter() < deadline, f"{rows:,} rows were not loaded within {LOADED_WITHIN_S} s")
        time.sleep(1)
    time.sleep(1)
    found = [*seen["rowData"], *visitor.rows(100, columns=("line",))["rowData"]]
    return [row["id"] for row in found][:heard]


def _sounds(manifest: Path, count: int) -> list[float]:
    """Make the sound of the first utterances, noise; their durations."""
    durations = []
    with manifest.open("rb") as stream:
        rows = [orjson.loads(line) for line in islice(stream, count)]
    for number, row in enumerate(rows):
        path = manifest.parent / row["audio_filepath"]
        durations.append(row["duration"])
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = 0.1 * np.random.default_rng(number).standard_normal(int(RATE * (row["duration"] + 0.1)))
            soundfile.write(path, samples.clip(-1, 1), RATE)
    return durations


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(f"wrong answer: {otherwise}")


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _shown(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} / {_p95(times):.0f}"
