"""Laying what runs of one kind found beside corpora: when that is due, and from which file it comes.

A newer run overrides an older one utterance by utterance. While a run goes on what it found is laid anew each time its
journal has doubled, and once more when it has been quiet or has ended: looking is a stat per run, and all the work
together is at most twice the last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator.runs.overlay_files import hashed, overlay_file
from evaluator.runs.run_store import Run, RunStore
from explorer.corpora.corpus import Corpus

_QUIET = 10.0  # s without growth after which a journal counts as complete for now


class LaidRuns:
    """Lays what runs of ``kind`` found, as ``lay`` does it; remembers the last snapshot of each corpus.

    ``lay`` is given a complete corpus and those of its runs that have found something, oldest first.
    """

    def __init__(self, runs: RunStore, kind: str, lay: Callable[[Corpus, Sequence[Run]], Corpus]) -> None:
        self._runs = runs
        self._kind = kind
        self._lay = lay
        self._laid: dict[str, tuple[tuple[str, str], Corpus]] = {}
        self._lock = threading.Lock()

    def beside(self, corpus: Corpus) -> Corpus:
        """The corpus with what its runs found; without any, and while it is a preview, it stays as it is."""
        if not corpus.complete:
            return corpus
        runs = [run for run in self._runs.of(corpus.sources, kind=self._kind) if _extent(run) != "0"]
        if not runs:
            return corpus
        key = corpus.key, token(runs)
        with self._lock:
            remembered = self._laid.get(corpus.name)
            if remembered is not None and remembered[0] == key:
                return remembered[1]
            laid = self._lay(corpus, runs)
            self._laid[corpus.name] = key, laid
            return laid


def runs_file(cache: Path, corpus: Corpus, name: str, runs: Sequence[Run], write: Callable[[Path], None]) -> Path:
    """The file of what these runs found for an overlay of that name, which ``write`` makes if it is not there yet."""
    return overlay_file(cache, hashed(f"{corpus.content_key}\0{name}"), hashed(token(runs)), write)


def token(runs: Sequence[Run]) -> str:
    """Changes when one of the runs has something new that is worth a new overlay."""
    return " ".join(f"{run.id}:{_extent(run)}" for run in runs)


def _extent(run: Run) -> str:
    """How far a journal has come: exactly when it rests, else in powers of two."""
    try:
        status = run.journal.stat()
    except FileNotFoundError:
        return "0"
    if not status.st_size:
        return "0"
    rests = run.ended or time.time() - status.st_mtime > _QUIET
    return str(status.st_size) if rests else f"~{status.st_size.bit_length()}"
