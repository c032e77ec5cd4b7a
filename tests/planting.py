"""Errors planted in a manifest's rows, and how well a ranking finds them: for tests and the benchmark of the queue.

A row is a manifest line as a dict with ``text``, ``duration`` and ``pred_text_<system>``. Every kind of fault is what
annotators meet: one wrong word, words lost or added, the text of another row, sound that was cut (so no system hears
the end), an empty text, a strange character.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]
Fault = Callable[[Row, Sequence[Row], np.random.Generator], None]


def _wrong_word(row: Row, rows: Sequence[Row], random: np.random.Generator) -> None:
    words = row["text"].split()
    place = int(random.integers(len(words)))
    others = [w for w in rows[int(random.integers(len(rows)))]["text"].split() if w != words[place]] or ["planted"]
    words[place] = others[int(random.integers(len(others)))]
    row["text"] = " ".join(words)


def _lost_words(row: Row, _rows: Sequence[Row], random: np.random.Generator) -> None:
    words = row["text"].split()
    number = min(2, len(words) - 1)
    place = int(random.integers(len(words) - number + 1))
    row["text"] = " ".join(words[:place] + words[place + number :])


def _added_words(row: Row, rows: Sequence[Row], random: np.random.Generator) -> None:
    words, other = row["text"].split(), rows[int(random.integers(len(rows)))]["text"].split()
    place = int(random.integers(len(words) + 1))
    row["text"] = " ".join(words[:place] + other[:2] + words[place:])


def _another_text(row: Row, rows: Sequence[Row], random: np.random.Generator) -> None:
    texts = [one["text"] for one in rows if one["text"] != row["text"]]
    row["text"] = texts[int(random.integers(len(texts)))]


def _cut_sound(row: Row, _rows: Sequence[Row], random: np.random.Generator) -> None:
    kept = float(random.uniform(0.5, 0.8))
    row["duration"] = round(row["duration"] * kept, 3)
    for name in [name for name in row if name.startswith("pred_text_")]:
        words = row[name].split()
        row[name] = " ".join(words[: round(len(words) * kept)])


def _empty_text(row: Row, _rows: Sequence[Row], _random: np.random.Generator) -> None:
    row["text"] = ""


def _strange_character(row: Row, _rows: Sequence[Row], random: np.random.Generator) -> None:
    words = row["text"].split()
    place = int(random.integers(len(words)))
    words[place] += ("#", "\u200b", "é", "7")[int(random.integers(4))]
    row["text"] = " ".join(words)


FAULTS: dict[str, Fault] = {
    "wrong word": _wrong_word,
    "lost words": _lost_words,
    "added words": _added_words,
    "another text": _another_text,
    "cut sound": _cut_sound,
    "empty text": _empty_text,
    "strange character": _strange_character,
}


def planted(rows: Sequence[Row], *, share: float = 0.1, seed: int = 0) -> tuple[list[Row], dict[int, str]]:
    """Copies of the rows with faults in a share of them, all kinds in turn; and which row has which."""
    random = np.random.default_rng(seed)
    copies = [dict(row) for row in rows]
    candidates = [number for number, row in enumerate(rows) if len(row["text"].split()) > 2]
    chosen = random.permutation(candidates)[: max(1, round(share * len(rows)))].tolist()
    names = list(FAULTS)
    faults = {number: names[place % len(names)] for place, number in enumerate(chosen)}
    for number, name in faults.items():
        FAULTS[name](copies[number], rows, random)
    return copies, faults


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How well a ranking finds n planted rows: precision among its first n/2 and n, recall among its first 2n, and the
    average precision (the mean over planted rows of the precision down to each)."""

    precision_half: float
    precision: float
    recall_double: float
    average: float


def retrieval(ranking: Sequence[int], wanted: set[int]) -> Retrieval:
    """The figures of a ranking of all rows, first suspects first."""
    hits = np.array([row in wanted for row in ranking], float)
    n = len(wanted)
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return Retrieval(
        precision_half=float(precisions[max(0, n // 2 - 1)]),
        precision=float(precisions[n - 1]),
        recall_double=float(hits[: 2 * n].sum() / n),
        average=float((precisions * hits).sum() / n),
    )
