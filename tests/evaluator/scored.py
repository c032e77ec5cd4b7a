"""A small corpus whose scores were counted by hand, for the tests of scores, commands and panels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from tests.explorer.manifests import row, write_manifest

# Under "basic". tiny: 3 + 2 + 0 + 0 = 5 hits, 1 substitution, 1 deletion, 2 insertions in 7 reference words.
ROWS: list[dict[str, Any]] = [
    row("a.wav", text="The cat sat.", pred_text_tiny="the cat sat", pred_text_large="the cat sat"),
    row("b.wav", text="a dog ran off", pred_text_tiny="a dug ran", pred_text_large="a dog ran off"),
    row("c.wav", text="", pred_text_tiny="um hello", pred_text_large=""),
    row("d.wav", text="nobody heard this", pred_text_large="nobody"),
    row("e.wav", text=None, pred_text_tiny="no reference", pred_text_large="no reference"),
    row("f.wav", text=None, speaker="x"),
]


def scored_corpus(folder: Path, rows: list[dict[str, Any]] | None = None) -> Corpus:
    """The corpus of these rows, with no scores yet."""
    manifest = write_manifest(folder / "manifest.json", ROWS if rows is None else rows)
    return open_corpus("birds", [manifest], cache=folder / "cache")
