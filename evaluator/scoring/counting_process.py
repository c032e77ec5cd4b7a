"""The child process that scores a big corpus, or writes its edits, fed with texts from here (arrow_process.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from evaluator.arrow_process import ArrowProcess
from evaluator.normalizers.registry import Normalizer, order_of
from evaluator.scoring.counting import VOCABULARY


class ScoringProcess:
    """``python -m evaluator.scoring.counting`` or another ``program`` that reads the same; ``feed`` it once."""

    def __init__(
        self,
        chosen: Normalizer,
        files: Mapping[str, Path],
        *,
        texts: Path | None = None,
        program: str = "evaluator.scoring.counting",
    ) -> None:
        order = {
            "normalizer": order_of(chosen),
            "files": {system: str(path) for system, path in files.items()},
            "texts": str(texts) if texts else None,
        }
        self._process = ArrowProcess(program, order, work="Scoring")

    def feed(
        self,
        batches: Iterable[pa.RecordBatch],
        *,
        progress: Callable[[int], None],
        vocabulary: Mapping[str, int] = MappingProxyType({}),
    ) -> str:
        """Send all texts and wait for the end; the sentence it failed with, "" when the files are there."""
        metadata = {VOCABULARY: json.dumps(dict(vocabulary))}
        return self._process.feed(batches, metadata=metadata, progress=progress)

    def kill(self) -> None:
        """End it now; ``feed`` returns."""
        self._process.kill()
