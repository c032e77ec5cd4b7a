"""Corpora for tests of the pages: real sound, known numbers, planted oddities; and the explorer's app over them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from dash import Dash

import explorer.pages
from explorer import vendor
from explorer.components import shell
from explorer.config_files import load
from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.doors import exports, media, palette
from explorer.errors import UnknownCorpus
from explorer.stores import Stores

ROOT = Path(__file__).resolve().parent.parent
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
MARKUP = "<b>bold</b> <img src=x onerror=alert(1)>"


def write_manifest(folder: Path, *, utterances: int = 250) -> Path:
    """A manifest whose row i lasts 1 + (i % 8) / 4 seconds and says 1 + i % 10 words; row 7 says markup.

    Rows share eight sound files: tones of 200, 300, ... Hz. ``pred_text`` repeats the reference, ``pred_text_b`` says
    its first word twice. The last row alone has the field ``late``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind in range(8):
        seconds = 1 + kind / 4
        time_s = np.arange(int(16_000 * seconds)) / 16_000
        soundfile.write(folder / f"{kind}.wav", 0.3 * np.sin(2 * np.pi * (200 + 100 * kind) * time_s), 16_000)
    lines = []
    for i in range(utterances):
        text = MARKUP if i == 7 else " ".join(WORDS[: 1 + i % 10])
        row = {
            "audio_filepath": f"{i % 8}.wav",
            "offset": round(0.0001 * (i // 8), 4),
            "duration": 0.9 + (i % 8) / 4,
            "text": text,
            "pred_text": text,
            "pred_text_b": f"{text.split()[0]} {text}",
            "speaker": f"s{i % 5}",
            "snr": 10 + i % 20,
            "noisy": i % 3 == 0,
            "room": {"size": [i % 4, 2.5]},
        }
        lines.append(json.dumps(row | ({"late": "yes"} if i == utterances - 1 else {})))
    path = folder / "tones.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_faulty(folder: Path) -> Path:
    """Three good lines and four faulty ones; the good ones name sound that is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    good = [json.dumps({"audio_filepath": f"gone{i}.wav", "duration": 1.5, "text": "\u200bodd"}) for i in range(3)]
    bad = ["{broken", '{"duration": 1}', '{"audio_filepath": "a.wav", "duration": -1}', good[0]]
    path = folder / "faulty.jsonl"
    path.write_text("\n".join(good + bad) + "\n", encoding="utf-8")
    return path


def write_empty(folder: Path) -> Path:
    """No line at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "empty.jsonl"
    path.write_text("", encoding="utf-8")
    return path


@contextmanager
def opened(folder: Path, *, utterances: int = 250) -> Iterator[Stores]:
    """The explorer's stores over the corpora "tones", "faulty" and "empty", all of them loaded."""
    sources = {
        "tones": write_manifest(folder / "tones", utterances=utterances),
        "faulty": write_faulty(folder / "faulty"),
        "empty": write_empty(folder / "empty"),
    }
    library = Library(folder / "cache")
    try:
        for name, source in sources.items():
            library.open(name, [source])
        for name in sources:
            loaded(library, name)
        config = load([], [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"])
        yield Stores(config=config, library=library)
    finally:
        library.close()


def loaded(library: Library, name: str, *, seconds: float = 60) -> Corpus:
    """The corpus once it is complete and nothing goes on with it."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with contextlib.suppress(UnknownCorpus):  # a busy machine may not even have a preview yet
            corpus = library.get(name)
            if corpus.complete and library.progress(name) is None:
                return corpus
        time.sleep(0.05)
    raise AssertionError(f"{name} was not loaded in {seconds} s: {library.progress(name)}")


def explorer_app(stores: Stores) -> Dash:
    """The explorer room alone in its shell."""
    app = Dash(
        "explorer",
        title="Earmark",
        update_title=None,
        assets_folder=str(ROOT / "assets"),
        index_string=shell.INDEX,
        suppress_callback_exceptions=True,
        on_error=shell.report,
        **vendor.dash_options(),
    )
    media.register(app.server, stores)
    exports.register(app.server, stores)
    pages = explorer.pages.PAGES
    palette.register(app.server, stores, pages)
    app.layout = shell.shell(pages, stores)
    shell.register(app, pages, stores)
    for page in pages:
        page.register(app, stores)
    return app
