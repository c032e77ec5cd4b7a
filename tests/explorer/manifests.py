"""Manifests written by tests, and corpora opened from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus


def write_manifest(path: Path, rows: Iterable[dict[str, Any] | str | bytes]) -> Path:
    """One line per row; texts and bytes are written as they are."""
    lines = [
        row if isinstance(row, bytes) else row.encode() if isinstance(row, str) else json.dumps(row).encode()
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(lines) + (b"\n" if lines else b""))
    return path


def opened(folder: Path, rows: Iterable[dict[str, Any] | str | bytes], **options: Any) -> Corpus:
    """The corpus of a manifest with these rows."""
    return open_corpus("test", [write_manifest(folder / "manifest.jsonl", rows)], cache=folder / "cache", **options)


def row(name: str = "a.wav", **fields: Any) -> dict[str, Any]:
    """A faultless row."""
    return {"audio_filepath": name, "duration": 1.5, "text": "one two"} | fields


def write_sound(path: Path, *, seconds: float = 1.0, rate: int = 8000) -> Path:
    """A quiet tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * rate)) / rate
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 440 * time), rate)
    return path


def said(corpus: Corpus) -> list[str]:
    """The problems as sentences."""
    return [str(problem) for problem in corpus.problems]


def ids(corpus: Corpus) -> Sequence[str]:
    """All ids in row order."""
    from explorer.querying.query import Query

    return [values["id"] for values in corpus.page(Query(), 0, corpus.size, ())]
