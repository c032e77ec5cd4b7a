"""How long the server takes from a click on a row to picture and sound, and for every view after that.

First for whole utterances of 30 s, and for cuts of 30 s anywhere in a file of one hour: the answers that a player of
700 pixels asks for (peaks, tiles, first bytes of the sound), one after the other, with nothing of the row in the cache;
then the same once more, as when a row is looked at again.

Then for recordings of one and of ten hours: how long the first indexing takes, how large the index is, and how long a
view of 1400 pixels takes (its waveform and its tiles, none of them seen before) at random places and widths, from a
twentieth of a second to the whole. Without a network; sound is decoded by children, as a server has it, whose
processor time is not counted here.

    python -m tests.bench.media [FOLDER]
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from flask import Flask

from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.querying.query import Query
from explorer.sound.decoders import Decoders
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import manifest, voice

RATE = 16_000
HOUR = 3_600
FORMATS = (("wav", "PCM_16"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III"))
ROWS = 20
VIEWS = 100


def measure(folder: Path, say: Callable[[str], None] = print) -> None:
    """Print one line of figures a format and kind; sound files are made in ``folder`` unless they are there."""
    say("Click to picture and sound, server part, ms (p50 / p95 of 20 rows; budget p95: 150 whole, 300 cut of 1 h)")
    say(f"  {'':22}{'first look':>16}{'again':>16}{'CPU both':>9}{'picture':>10}{'sound':>10}")
    for extension, subtype in FORMATS:
        rows = []
        for number in range(ROWS):
            name = f"utterance-{number}.{extension}"
            _make(folder / name, subtype, seconds=30, seed=number)
            rows.append({"audio_filepath": name, "duration": 30.0, "text": ""})
        _report(folder, f"30 s {extension}", rows, say)
    for extension, subtype in FORMATS:
        name = f"hour.{extension}"
        _make(folder / name, subtype, seconds=HOUR, seed=0)
        places = np.random.default_rng(1).uniform(0, HOUR - 30, ROWS).round(2)
        rows = [{"audio_filepath": name, "offset": float(place), "duration": 30.0, "text": ""} for place in places]
        _report(folder, f"30 s of 1 h {extension}", rows, say)
    say("\nA view of 1400 pixels anywhere, after the first indexing, ms (budget p95: 300)")
    say(f"  {'':22}{'indexing':>10}{'CPU':>8}{'index':>10}{'p50':>8}{'p95':>8}{'slowest':>9}{'CPU p95':>9}{'tiles':>7}")
    for extension, _ in FORMATS:
        _views(folder, f"1 h {extension}", f"hour.{extension}", HOUR, say)
    for extension, subtype in FORMATS:
        if extension in ("flac", "mp3"):
            _make(folder / f"ten-hours.{extension}", subtype, seconds=10 * HOUR, seed=0)
            _views(folder, f"10 h {extension}", f"ten-hours.{extension}", 10 * HOUR, say)


def _make(path: Path, subtype: str, *, seconds: int, seed: int) -> None:
    """Voice-like sound; an hour is 30 s again and again, written block by block."""
    if path.exists():
        return
    with soundfile.SoundFile(path, "w", RATE, 1, subtype) as out:
        for _ in range(seconds // 30):
            out.write(voice(30.0, seed=seed))


def _report(folder: Path, title: str, rows: list[dict[str, object]], say: Callable[[str], None]) -> None:
    corpus = open_corpus(
        "bench", [manifest(folder, rows, name=f"{title}.json".replace(" ", "-"))], cache=folder / "cache"
    )
    ids = [row["id"] for row in corpus.page(Query(), 0, corpus.size, ["audio"])]
    with tempfile.TemporaryDirectory() as fresh, Decoders() as decoders:
        decoders.start()
        server = Flask("bench")
        media.add_routes(server, lambda name: corpus, MediaCache(Path(fresh), limit=2**30), through=decoders.opened)
        client = server.test_client()
        client.get(f"{media.address('bench', ids[0])}/none")  # the first request of a server starts it
        looks: list[list[float]] = [[], []]
        processor = time.process_time()
        sizes = {"picture": 0, "audio": 0}
        for look in looks:
            for id in ids:
                began = time.perf_counter()
                for kind in ("peaks", *_tiles(0, 30 * RATE, 700), "audio"):
                    headers = {"Range": "bytes=0-"} if kind == "audio" else {}
                    answer = client.get(
                        f"{media.address('bench', id)}/{kind}", headers=headers, buffered=kind != "audio"
                    )
                    if answer.status_code not in (200, 206):
                        raise RuntimeError(f"{kind} of {title}: {answer.get_data(as_text=True)}")
                    if kind == "audio":
                        sizes["audio"] = int(answer.headers["Content-Length"])
                    elif kind.startswith("tile") and look is looks[0] and id == ids[0]:
                        sizes["picture"] += int(answer.headers["Content-Length"])
                    answer.close()
                look.append((time.perf_counter() - began) * 1000)
        processor = (time.process_time() - processor) * 1000 / len(ids)
    figures = "".join(f"{np.median(look):>8.0f} / {np.percentile(look, 95):>4.0f} " for look in looks)
    picture, sound = sizes["picture"] // 1000, sizes["audio"] / 1e6
    say(f"  {title:22}{figures}{processor:>8.0f}{picture:>7} kB{sound:>7.1f} MB")


def _tiles(first: int, last: int, width: int) -> list[str]:
    """The requests of a spectrogram so many pixels wide, as the player makes them."""
    level = max(4, round(math.log2((last - first) / width)))
    frames = 512 << level
    numbers = range(first // frames, -(-last // frames))
    return [f"tile.png?window=32&scale=linear&level={level}&number={number}" for number in numbers]


def _views(folder: Path, title: str, name: str, seconds: int, say: Callable[[str], None]) -> None:
    """One line about a long recording."""
    rows = [{"audio_filepath": name, "duration": float(seconds), "text": ""}]
    corpus = open_corpus("bench", [manifest(folder, rows, name=f"{name}.json")], cache=folder / "cache")
    (row,) = corpus.page(Query(), 0, 1, ["audio"])
    with tempfile.TemporaryDirectory() as fresh, Decoders() as decoders:
        decoders.start()
        server = Flask("bench")
        media.add_routes(server, lambda _name: corpus, MediaCache(Path(fresh), limit=2**30), through=decoders.opened)
        client = server.test_client()

        def get(kind: str) -> int:
            answer = client.get(f"{media.address('bench', row['id'])}/{kind}")
            if answer.status_code not in (200, 202):
                raise RuntimeError(f"{kind} of {title}: {answer.get_data(as_text=True)}")
            answer.get_data()
            return answer.status_code

        began, processor = time.perf_counter(), time.process_time()
        while get("peaks") == 202:
            pass
        indexing, processor = time.perf_counter() - began, time.process_time() - processor
        size = sum(path.stat().st_size for path in Path(fresh).rglob("*.val"))
        random = np.random.default_rng(2)
        times, processors, tiles = [], [], []
        for _ in range(VIEWS):
            span = int(math.exp(random.uniform(math.log(0.05), math.log(seconds))) * RATE)
            first = int(random.uniform(0, seconds * RATE - span))
            wanted = [f"wave?first={first}&last={first + span}&width=1400", *_tiles(first, first + span, 1400)]
            began, busy = time.perf_counter(), time.process_time()
            for kind in wanted:
                get(kind)
            times.append((time.perf_counter() - began) * 1000)
            processors.append((time.process_time() - busy) * 1000)
            tiles.append(len(wanted) - 1)
    p50, p95 = np.percentile(times, [50, 95])
    say(
        f"  {title:22}{indexing:>8.1f} s{processor:>6.1f} s{size / 1e6:>7.1f} MB"
        f"{p50:>8.0f}{p95:>8.0f}{max(times):>9.0f}{np.percentile(processors, 95):>9.0f}{np.mean(tiles):>7.1f}"
    )


def main() -> None:
    """Measure in the folder of the command line, or in a temporary one."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder)
    else:
        with tempfile.TemporaryDirectory() as fresh:
            measure(Path(fresh))


if __name__ == "__main__":
    main()
