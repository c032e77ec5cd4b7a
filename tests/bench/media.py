"""How long the server takes from a click on a row to waveform, spectrogram and playable sound.

For whole utterances of 30 s, and for cuts of 30 s anywhere in a file of one hour: the three answers (peaks, picture,
first bytes of the sound), one after the other, with nothing of the row in the cache; then the same once more, as when
a row is looked at again. In process, without a network.

    python -m tests.bench.media [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from flask import Flask

from explorer import media
from explorer.corpus import open_corpus
from explorer.media_cache import MediaCache
from explorer.query import Query
from tests.explorer.sounds import manifest, voice

RATE = 16_000
HOUR = 3_600
FORMATS = (("wav", "PCM_16"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III"))
ROWS = 20


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
    for extension, _ in FORMATS:
        rows = [{"audio_filepath": f"hour.{extension}", "duration": float(HOUR), "text": ""}]
        _report(folder, f"1 h {extension}, whole", rows, say)


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
    with tempfile.TemporaryDirectory() as fresh:
        server = Flask("bench")
        media.add_routes(server, lambda name: corpus, MediaCache(Path(fresh), limit=2**30))
        client = server.test_client()
        client.get(f"{media.address('bench', ids[0])}/none")  # the first request of a server starts it
        looks: list[list[float]] = [[], []]
        processor = time.process_time()
        sizes = {"spectrogram.png": 0, "audio": 0}
        for look in looks:
            for id in ids:
                began = time.perf_counter()
                for kind in ("peaks", "spectrogram.png", "audio"):
                    headers = {"Range": "bytes=0-"} if kind == "audio" else {}
                    answer = client.get(
                        f"{media.address('bench', id)}/{kind}", headers=headers, buffered=kind != "audio"
                    )
                    if answer.status_code not in (200, 206):
                        raise RuntimeError(f"{kind} of {title}: {answer.get_data(as_text=True)}")
                    if kind in sizes:
                        sizes[kind] = int(answer.headers["Content-Length"])
                    answer.close()
                look.append((time.perf_counter() - began) * 1000)
        processor = (time.process_time() - processor) * 1000 / len(ids)
    figures = "".join(f"{np.median(look):>8.0f} / {np.percentile(look, 95):>4.0f} " for look in looks)
    picture, sound = sizes["spectrogram.png"] // 1000, sizes["audio"] / 1e6
    say(f"  {title:22}{figures}{processor:>8.0f}{picture:>7} kB{sound:>7.1f} MB")


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
