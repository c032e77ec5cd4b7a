"""Corpora for the tests of suspicion: plain rows, and the signals found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluator.normalizers.registry import normalizer
from evaluator.scoring.scores import ScoreStore
from evaluator.suspicion.ranking import Choice
from evaluator.suspicion.store import SuspicionStore
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query, Sort
from tests.explorer.manifests import opened, row

TEXT = "the cat sat on a mat and the dog ran off with one of my two red hats while we sang songs at home"
WORDS = TEXT.split()


def sentence(number: int, length: int = 8) -> str:
    """A sentence that differs from its neighbours."""
    known = len(WORDS)
    places = [number, number // known, *((number * 7 + step * step) for step in range(length - 2))]
    return " ".join(WORDS[place % known] for place in places)


def clean(number: int, *systems: str, **fields: Any) -> dict[str, Any]:
    """A row in which nothing is wrong: every system hears the reference, at the usual pace."""
    text = sentence(number)
    heard = {f"pred_text_{system}": text for system in systems}
    return row(f"{number:04d}.wav", text=text, duration=round(len(text) / 14, 3), **heard) | fields


def scored(folder: Path, rows: Sequence[dict[str, Any]], normalizer: str = "basic") -> Corpus:
    """The corpus of these rows with its scores."""
    return ScoreStore(folder / "scores").lay(opened(folder, rows), normalizer)


def store(folder: Path, **options: Any) -> SuspicionStore:
    """A store of its own."""
    return SuspicionStore(folder / "suspicion", fallback=normalizer("basic"), **options)


def suspected(folder: Path, rows: Sequence[dict[str, Any]], choice: str = "") -> Corpus:
    """The corpus of these rows with its scores and its suspicion."""
    return store(folder).lay(scored(folder, rows), Choice.of(choice))


def strengths(corpus: Corpus, signal: str) -> list[float]:
    """What a signal found in every row, in row order."""
    return [float(value) for value in corpus.numbers(f"suspicion_{signal}")]


def reasons(corpus: Corpus) -> list[str]:
    """Why each row is suspected, in row order."""
    return [one["suspicion_reasons"] or "" for one in corpus.page(Query(), 0, corpus.size, ["suspicion_reasons"])]


def ranked(corpus: Corpus) -> list[int]:
    """The row numbers, most suspicious first."""
    return [int(one) for one in corpus.rows(Query(sort=(Sort("suspicion", descending=True),)))]


def lacking(folder: Path, rows: Sequence[dict[str, Any]]) -> Mapping[str, str]:
    """The signals that a corpus of these rows does not allow, with the reasons."""
    return store(folder).lacking(scored(folder, rows))
