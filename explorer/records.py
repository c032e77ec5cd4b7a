"""What a corpus is made of: Utterance, one row, and Problem, what is wrong with a line that could not become one.

Times are seconds; ``None`` means unknown, the empty text means known silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a source, with its address.

    ``line`` counts from 1 (None: the whole source), ``field`` is the name in the source (None: the whole line),
    ``kind`` groups problems of the same cause ("duplicate", "broken JSON", ...).
    """

    source: str
    line: int | None
    field: str | None
    message: str
    kind: str = ""

    def __str__(self) -> str:
        address = self.source if self.line is None else f"{self.source}:{self.line}"
        return f'{address}: "{self.field}" {self.message}' if self.field else f"{address}: {self.message}"


SOUND_PROBLEMS = ("missing audio", "unreadable audio", "forbidden audio", "offset beyond the end")
"""The kinds of problems that cost an utterance its duration and nothing else: the row stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One row of a corpus.

    ``id`` is 16 hexadecimal digits and survives reloading and reordering; ``row`` is the place in this version of the
    corpus. ``audio`` is as written in the source, ``path`` where that is; ``offset`` counts from the file's start,
    ``duration`` None means unknown. ``hypotheses`` has the systems that said something about this utterance, in the
    corpus's order. ``extra`` are all other fields of the source that have a value.
    """

    id: str
    row: int
    audio: str
    path: Path
    offset: float
    duration: float | None
    reference: str | None
    hypotheses: Mapping[str, str]
    speaker: str | None
    language: str | None
    extra: Mapping[str, Any]
    source: str
    line: int
