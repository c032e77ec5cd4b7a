"""FlagStore: what is suspicious about every hypothesis, as a column for each system, made once for each version.

Small corpora are looked through while a page waits, big ones in a child process; until it is done their columns are not
there. What is measured about the sound is used when it is there, so the flags are made again when it comes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from weakref import WeakKeyDictionary

import pyarrow as pa

from evaluator.arrow_process import ArrowProcess
from evaluator.scoring.hallucination import RATIO, RULES, column_name, order_of, write_flags
from explorer.columns import Column
from explorer.config import Hallucination as Limits
from explorer.corpora.corpus import Corpus, Overlay
from explorer.kept_files import sweep

VERSION = 1
"""Goes up when the same texts would give other files."""
AT_ONCE = 20_000
"""Rows times systems that are looked through while a page waits (0.3 s at most)."""


class FlagStore:
    """The flags in ``folder``; safe from several threads. Corpora come with measures and hypotheses beside them."""

    def __init__(self, folder: Path, limits: Limits, *, at_once: int = AT_ONCE) -> None:
        self._folder = folder
        self._limits = limits
        self._at_once = at_once
        self._lock = threading.Lock()
        self._laid: WeakKeyDictionary[Corpus, tuple[tuple[str, ...], Corpus]] = WeakKeyDictionary()
        self._going: dict[Path, ArrowProcess | None] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the flags that are made; the others are begun."""
        if not corpus.complete or not corpus.systems:
            return corpus
        with self._lock:
            paths = {system: self._path(corpus, system) for system in corpus.systems}
            missing = {system: path for system, path in paths.items() if not path.exists()}
            if missing and corpus.size * len(missing) <= self._at_once:
                write_flags(_batches(corpus, list(missing)), self._limits, missing)
                missing = {}
            begin = {system: path for system, path in missing.items() if path not in self._going}
            if begin and not self._closed:
                self._going |= dict.fromkeys(begin.values())
                thread = threading.Thread(target=self._make, args=(corpus, begin), name="flags", daemon=True)
                self._threads = [one for one in self._threads if one.is_alive()] + [thread]
                thread.start()
            ready = tuple(system for system in paths if system not in missing)
            remembered = self._laid.get(corpus)
            if remembered is None or remembered[0] != ready:
                laid = corpus
                for system in ready:
                    laid = laid.laid(overlay(system, paths[system]))
                remembered = self._laid[corpus] = ready, laid
            return remembered[1]

    def revision(self, corpus: Corpus) -> str:
        """Changes when flags are there that were not."""
        return str(sum(self._path(corpus, system).exists() for system in corpus.systems))

    def close(self) -> None:
        """End the child processes, and wait until nobody reads the corpora for them."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            for process in self._going.values():
                if process is not None:
                    process.kill()
        for thread in threads:
            thread.join(timeout=10)

    def _make(self, corpus: Corpus, files: dict[str, Path]) -> None:
        process = ArrowProcess(
            "evaluator.scoring.hallucination", order_of(self._limits, files), work="Looking at hypotheses"
        )
        with self._lock:
            self._going |= dict.fromkeys(files.values(), process)
            if self._closed:
                process.kill()
        failure = process.feed(_batches(corpus, list(files)), metadata={}, progress=lambda done: None)
        if failure and not self._closed:
            print(f"earmark: {failure}", file=sys.stderr, flush=True)
        if not failure:
            with self._lock:
                for path in files.values():
                    self._going.pop(path, None)

    def _path(self, corpus: Corpus, system: str) -> Path:
        """Where the flags of a system are: named after everything they depend on."""
        depends = [str(VERSION), corpus.content_key, system, repr(self._limits)]
        names = {f"hypothesis_{system}", "reference", "duration", ratio_column(corpus)}
        for laid in corpus.overlays:
            if names & {column.name for column in laid.columns}:
                depends.append(str(laid.path))
        return self._folder / f"{blake2b(chr(0).join(depends).encode(), digest_size=16).hexdigest()}.parquet"


def ratio_column(corpus: Corpus) -> str | None:
    """The column with the share of speech, of whatever detector measured it; None when nobody has."""
    found = (column.name for column in corpus.columns if column.name.startswith("signal_speech_ratio_"))
    return next(found, None)


def overlay(system: str, path: Path) -> Overlay:
    """The flags of a system as a column beside a corpus."""
    rules = "; ".join(f"{name}: {told}" for name, told in RULES.items())
    column = Column(
        name=column_name(system),
        label=f"Flags {system}",
        kind="text",
        help=f"What is suspicious about what {system} heard, as written. Filter with has, such as has loop. {rules}.",
        origin="score",
        system=system,
        hidden=True,
    )
    return Overlay(f"flags:{system}", path, (column,))


def _batches(corpus: Corpus, systems: Sequence[str]) -> Iterator[pa.RecordBatch]:
    ratio = ratio_column(corpus)
    names = ["reference", "duration", *(f"hypothesis_{system}" for system in systems), *([ratio] if ratio else [])]
    renamed = ["row", *(RATIO if name == ratio else name for name in names)]
    return (batch.rename_columns(renamed) for batch in corpus.batches(names))
