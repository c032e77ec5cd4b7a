"""WrittenStore: punctuation and capitalization of every system, counted once for a corpus, as columns beside it.

Corpora whose references have neither marks nor mixed case are left alone. The counts of one (corpus content, system)
are one Parquet file (evaluator/scoring/written.py): made at once for small corpora, in a child process for big ones,
whose columns then come by themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from weakref import WeakKeyDictionary

from evaluator.arrow_process import ArrowProcess
from evaluator.comparison_store import ComparisonStore, Making, Tell
from evaluator.scoring.scores import text_versions
from evaluator.scoring.written import NUMBERS, RATES, carries_case, carries_marks, write_written
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import SpeechDataError

VERSION = 1
"""Goes up when the same texts would give other files."""

AT_ONCE = 20_000
"""Rows times systems that are counted while a page waits (0.7 s at most)."""

_HELP = {
    "mark_hits": "Punctuation marks that {system} wrote as the reference has them.",
    "mark_substitutions": "Punctuation marks for which {system} wrote another one.",
    "mark_deletions": "Punctuation marks that {system} left out.",
    "mark_insertions": "Punctuation marks that {system} added.",
    "cased_words": "Words that {system} recognized and that have letters with case.",
    "case_errors": "Words that {system} recognized but wrote with other capitals.",
    "punctuation_error_rate": (
        "Punctuation marks that {system} substituted, left out or added, divided by all marks that were matched, "
        "substituted, left out or added. Undefined where the reference has none. Lower is better."
    ),
    "capitalization_error_rate": (
        "Recognized words that {system} wrote with other capitals, divided by recognized words. Lower is better."
    ),
}


class WrittenStore:
    """Lays the counts beside corpora; safe from several threads. Call ``close`` at the end."""

    def __init__(
        self, folder: Path, *, at_once: int = AT_ONCE, changed: Callable[[str], None] = lambda name: None
    ) -> None:
        self._folder = folder
        self._at_once = at_once
        self._changed = changed
        self._works = ComparisonStore(wait_seconds=0)
        self._failed: set[tuple[str, ...]] = set()
        self._laying = threading.Lock()  # so that two visitors do not do the same work
        self._laid: WeakKeyDictionary[Corpus, dict[tuple[str, ...], Corpus]] = WeakKeyDictionary()

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the counts that there are; those that are missing are made, or begun."""
        if not _carries(corpus):
            return corpus
        with self._laying:
            missing = self._missing(corpus)
            if missing and corpus.size * len(missing) <= self._at_once:
                self._make(corpus, missing, None)
            elif missing:
                self._begin(corpus, missing)
            ready = tuple(system for system in corpus.systems if self._path(corpus, system).exists())
            remembered = self._laid.setdefault(corpus, {})
            if ready not in remembered:
                laid = corpus
                for system in ready:
                    laid = laid.laid(overlay(system, self._path(corpus, system)))
                remembered.clear()
                remembered[ready] = laid
            return remembered[ready]

    def pending(self, corpus: Corpus) -> bool:
        """Whether counts are being made."""
        if not _carries(corpus):
            return False
        missing = self._missing(corpus)
        return bool(missing) and self._key(corpus, missing) not in self._failed

    def revision(self, corpus: Corpus) -> str:
        """Changes when counts are there that were not."""
        return str(len(corpus.systems) - len(self._missing(corpus))) if _carries(corpus) else ""

    def close(self) -> None:
        """Give up what is being made."""
        self._works.close()

    def _missing(self, corpus: Corpus) -> list[str]:
        return [system for system in corpus.systems if not self._path(corpus, system).exists()]

    def _key(self, corpus: Corpus, systems: Sequence[str]) -> tuple[str, ...]:
        return tuple(str(self._path(corpus, system)) for system in systems)

    def _begin(self, corpus: Corpus, systems: Sequence[str]) -> None:
        key = self._key(corpus, systems)
        if key in self._failed:
            return
        try:
            found = self._works.get(key, partial(self._make, corpus, systems))
        except (SpeechDataError, OSError):
            self._failed.add(key)
            return
        if not isinstance(found, Making):  # made once, and swept away since
            self._works.cancel(key)

    def _make(self, corpus: Corpus, systems: Sequence[str], tell: Tell | None) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        files = {system: self._path(corpus, system) for system in systems}
        batches = corpus.batches(["reference", *(f"hypothesis_{system}" for system in systems)])
        case = carries_case(corpus.alphabet)
        if tell is None:
            write_written(batches, files, case=case)
            return
        order = {"files": {system: str(path) for system, path in files.items()}, "case": case}
        process = ArrowProcess("evaluator.scoring.written", order, work="Counting punctuation and capitals")

        def told(done: int) -> None:
            try:
                tell(done, corpus.size)
            except SpeechDataError:  # cancelled
                process.kill()
                raise

        failure = process.feed(batches, metadata={}, progress=told)
        if failure:
            raise SpeechDataError(failure)
        self._changed(corpus.name)

    def _path(self, corpus: Corpus, system: str) -> Path:
        """Where the counts are kept: named after everything they depend on."""
        depends = [str(VERSION), corpus.content_key, system, *text_versions(corpus, system)]
        return self._folder / f"{blake2b(chr(0).join(depends).encode(), digest_size=16).hexdigest()}.parquet"


def overlay(system: str, path: Path) -> Overlay:
    """The counts of a system as hidden columns beside a corpus."""
    return Overlay(f"written:{system}", path, tuple(_column(kind, system) for kind in (*NUMBERS, *RATES)))


def _column(kind: str, system: str) -> Column:
    rate = kind in RATES
    return Column(
        name=f"{kind}_{system}",
        label=f"{kind.replace('_', ' ').capitalize()} {system}",
        kind="number",
        help=_HELP[kind].format(system=system) + " On texts as they are written, whatever the normalizer.",
        style="percent" if rate else "integer",
        unit="%" if rate else "",
        origin="score",
        better="higher" if kind == "mark_hits" else None if kind == "cased_words" else "lower",
        system=system,
        hidden=True,
    )


def _carries(corpus: Corpus) -> bool:
    """Whether there is anything to count."""
    if not corpus.complete or not corpus.systems:
        return False
    alphabet = corpus.alphabet
    return carries_case(alphabet) or carries_marks(alphabet)
