"""What annotators wait for: a save, on disk, of eight people at once; questions to a ledger of a million events; and
the columns and the progress of a corpus of a million rows that are all decided."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

from evaluator.ledger import Draft, Ledger
from evaluator.ledger.chunks import chunks
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.review.overlays import PAUSE_SECONDS, ReviewOverlays
from evaluator.review.progress_counting import ProgressCount
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query
from tests.bench import editor
from tests.bench.serving import server

CLIENTS, SAVES = 8, 150
SIGNS = 5  # saves between two signs of presence: more often than the page gives them
THINKING = 0.05  # s between an answer and the next save: faster than anybody types


def measure(folder: Path, *, rows: int) -> None:
    """Print the times of saves, of questions to a big ledger, and of the page."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        saves(Path(made))
        questions(Path(made), rows)
        decided(Path(made), rows)
    editor.measure(folder)


def saves(folder: Path) -> None:
    """Eight clients save against the product in its own process, each edit over the one before it."""
    manifest = folder / "talks.json"
    lines = [{"audio_filepath": f"{n}.wav", "duration": 1.0, "text": f"row {n}"} for n in range(CLIENTS)]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    corpus = open_corpus("talks", [manifest], cache=folder / "cache")
    ids = [id for id, _ in corpus.listed(corpus.rows(Query()), ("audio",))]
    with server(folder, manifest) as (address, _process, _started):
        for label, pause in (("thinking 50 ms", THINKING), ("without a pause", 0.0)):
            took: list[float] = []
            signed: list[float] = []
            started = time.perf_counter()
            clients = [threading.Thread(target=_save, args=(address, id, took, signed, pause)) for id in ids]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            wall = time.perf_counter() - started
            p95 = statistics.quantiles(took, n=20)[-1]
            print(
                f"save, {CLIENTS} clients {label}: median {statistics.median(took) * 1000:.1f} ms, "
                f"p95 {p95 * 1000:.1f} ms, largest {max(took) * 1000:.0f} ms; {len(took) / wall:,.0f} saves/s; "
                f"presence, every {SIGNS}th time: p95 {statistics.quantiles(signed, n=20)[-1] * 1000:.1f} ms"
            )


def _save(address: str, subject: str, took: list[float], signed: list[float], pause: float) -> None:
    host, port = address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    for number in range(SAVES):
        edit = {"key": str(uuid4()), "who": subject, "subject": subject, "field": "reference", "base": -1}
        edit["new"] = f"a sentence of a usual length, as annotators correct it, for the {number}th time"
        took.append(_asked(connection, "events", {"edits": [edit]}))
        if number % SIGNS == 0:
            here = {"subject": subject, "who": subject, "editing": True, "after": 0}
            signed.append(_asked(connection, "presence", here))
        time.sleep(pause)


def _asked(connection: http.client.HTTPConnection, door: str, body: object) -> float:
    """How long the server takes to answer, in seconds."""
    started = time.perf_counter()
    connection.request("POST", f"/api/review/talks/{door}", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(content.decode())
    return time.perf_counter() - started


def questions(folder: Path, rows: int) -> None:
    """A ledger with a decision about every row of a big corpus, and some corrections."""
    ledger = Ledger(folder / "ledger.sqlite")
    started = time.process_time()
    for first in range(0, rows, 20_000):
        numbers = range(first, min(rows, first + 20_000))
        ledger.append(
            Draft(key=f"d{n}", who="ann", space="review:big", subject=f"{n:016x}", field="decision", new="accept")
            for n in numbers
        )
    print(f"importing {rows:,} decisions: {time.process_time() - started:.1f} s CPU")
    asked = {
        "state of 100 utterances": lambda: ledger.state(
            "review:big", [f"{n * (rows // 100):016x}" for n in range(100)]
        ),
        "history of one utterance": lambda: ledger.events("review:big", f"{rows // 2:016x}"),
        "what is new": lambda: ledger.events("review:big", after=rows - 10),
        "revision": lambda: ledger.revision("review:big"),
        "one more event": lambda: ledger.append(
            [Draft(key=str(uuid4()), who="b", space="review:big", subject="x", field="decision", new=None, base=-1)]
        ),
    }
    for label, ask in asked.items():
        times = []
        for _ in range(20):
            before = time.perf_counter()
            ask()
            times.append(time.perf_counter() - before)
        print(f"{label}, among {rows:,}: p95 {statistics.quantiles(times, n=20)[-1] * 1000:.1f} ms")
    before = time.process_time()
    table = ledger.latest("review:big", "decision")
    print(f"all {table.num_rows:,} current decisions as columns: {time.process_time() - before:.1f} s CPU")
    ledger.close()


def decided(folder: Path, rows: int) -> None:
    """A corpus of which every row is decided: its columns and numbers, at first and after 200 more edits."""
    manifest = folder / "all.json"
    line = '{{"audio_filepath": "{0}.wav", "duration": 2.0, "text": "utterance number {0} of many"}}\n'
    manifest.write_text("".join(line.format(number) for number in range(rows)))
    corpus = open_corpus("all", [manifest], cache=folder / "cache")
    ids = [id for id, _ in corpus.listed(corpus.rows(Query()), ())]
    ledger = Ledger(folder / "all.sqlite")
    for some in chunks(ids, 20_000):
        ledger.append(_decision(id, "ann", "accept") for id in some)
    overlays = ReviewOverlays(ledger, folder / "columns")
    count = ProgressCount(corpus, None, NORMALIZERS["basic"])
    for label in ("at first", "after 200 more edits"):
        started = time.process_time()
        laid = overlays.lay(corpus)
        while overlays.laid("all") < ledger.revision("review:all"):  # long ones are made in the background
            time.sleep(0.1)
            laid = overlays.lay(corpus)
        laid = overlays.lay(corpus)
        columns, started = time.process_time() - started, time.process_time()
        number = laid.extent(Query(where="{decision} = reject")).utterances
        filtered, started = time.process_time() - started, time.process_time()
        count.update(ledger)
        found = count.progress()
        counted = time.process_time() - started
        print(
            f"{found.decided:,} decided rows, {label}: columns {columns:.2f} s CPU, filter ({number:,} rows) "
            f"{filtered:.2f} s, progress {counted:.2f} s CPU"
        )
        ledger.append(_decision(id, "bo", "reject") for id in ids[:200])
        time.sleep(PAUSE_SECONDS)
    ledger.close()


def _decision(id: str, who: str, new: str) -> Draft:
    return Draft(key=f"{who}{id}", who=who, space="review:all", subject=id, field="decision", new=new, base=-1)
