"""ContributionStore: what each rule of a normalizer did for every system, measured when asked for, kept beside scores.

What is measured of one (corpus content, system, normalizer version) is one Parquet file
(evaluator/comparing/contributions.py): made in the background, for big corpora in a child process that tells how
far it is and can be cancelled. Its column ``rules_<system>`` is laid beside the corpus; an address that names a
column that has not been measured has it measured. What the rules did on the rows of a filter is measured and kept
likewise, for that filter, and is no column.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from weakref import WeakKeyDictionary

from evaluator.comparing.contributions import (
    Contributions,
    column_name,
    read_contributions,
    rules_path,
    write_contributions,
)
from evaluator.comparison_store import CancelledComparison, ComparisonStore, Making, Tell
from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.counting_process import ScoringProcess
from evaluator.scoring.score_columns import normalizer_of, score_overlay, scored_systems
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import SpeechDataError
from explorer.querying.query import Query

AT_ONCE = 5_000
"""Rows times systems that are measured in this process: about a second under a slow normalizer."""


class ContributionStore:
    """Measures rules and remembers; safe from several threads. Call ``close`` at the end."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._works = ComparisonStore()
        self._laying = threading.Lock()  # so that two visitors do not lay the same
        self._laid: WeakKeyDictionary[Corpus, dict[tuple[str, ...], Corpus]] = WeakKeyDictionary()
        self._failed: set[tuple[str, ...]] = set()

    def get(
        self, corpus: Corpus, query: Query | None = None, *, lay: Callable[[Tell], Corpus] | None = None
    ) -> tuple[Contributions, ...] | Making:
        """What the rules of the corpus's normalizer did for each of its scored systems, or how far the measuring is.

        With a ``query`` that selects, on its rows alone; ``lay`` gives the corpus with the columns that the query needs
        and this one lacks.

        Raises:
            SpeechDataError: it failed or was cancelled; it is tried again the next time.
        """
        chosen = normalizer_of(corpus)
        if chosen is None:
            return ()
        files = {system: _path(corpus, system, query) for system in scored_systems(corpus)}
        missing = {system: path for system, path in files.items() if not path.exists()}

        def make(tell: Tell) -> None:
            self._make(corpus if lay is None else lay(tell), missing, chosen, tell, query)

        if missing:
            making = self._works.get(tuple(map(str, missing.values())), make)
            if isinstance(making, Making):
                return making
        return tuple(read_contributions(system, path, chosen) for system, path in files.items())

    def cancel(self, corpus: Corpus, query: Query | None = None) -> None:
        """Give up what is being measured of a corpus, or of a query's rows."""
        paths = [_path(corpus, system, query) for system in scored_systems(corpus)]
        self._works.cancel(tuple(str(path) for path in paths if not path.exists()))

    def lay(self, corpus: Corpus, parameters: Mapping[str, str]) -> Corpus:
        """The corpus with the columns that have been measured; those that the address names are begun."""
        if any(_named(corpus, system, parameters) for system in scored_systems(corpus)):
            self._begin(corpus)
        chosen = normalizer_of(corpus)
        ready = tuple(system for system in scored_systems(corpus) if _path(corpus, system).exists())
        if chosen is None or not ready:
            return corpus
        with self._laying:
            remembered = self._laid.setdefault(corpus, {})
            if ready not in remembered:
                laid = corpus
                for system in ready:
                    laid = laid.laid(overlay(chosen, system, _path(corpus, system)))
                remembered.clear()
                remembered[ready] = laid
            return remembered[ready]

    def pending(self, corpus: Corpus, parameters: Mapping[str, str]) -> bool:
        """Whether a column that the address names is being measured."""
        named = [s for s in scored_systems(corpus) if _named(corpus, s, parameters)]
        return (
            any(not _path(corpus, s).exists() for s in named)
            and _key(corpus, scored_systems(corpus)) not in self._failed
        )

    def revision(self, corpus: Corpus) -> str:
        """Changes when something has been measured."""
        return str(sum(_path(corpus, system).exists() for system in scored_systems(corpus)))

    def close(self) -> None:
        """Give up what is being measured."""
        self._works.close()

    def _begin(self, corpus: Corpus) -> None:
        key = _key(corpus, scored_systems(corpus))
        if key in self._failed:
            return
        try:
            self.get(corpus)
        except (SpeechDataError, OSError):
            self._failed.add(key)  # the page about normalizers says why

    def _make(
        self, corpus: Corpus, files: Mapping[str, Path], chosen: Normalizer, tell: Tell, query: Query | None
    ) -> None:
        size = corpus.size if query is None else len(corpus.rows(query))
        batches = corpus.batches(["reference", *(f"hypothesis_{system}" for system in files)], query)
        tell(0, size)
        if size * len(files) <= self._at_once:
            write_contributions(batches, chosen, files)
            return
        process = ScoringProcess(chosen, files, program="evaluator.comparing.contributions")

        def told(done: int) -> None:
            try:
                tell(done, size)
            except CancelledComparison:
                process.kill()  # it would finish its batch first
                raise

        failure = process.feed(batches, progress=told)
        if failure:
            raise SpeechDataError(f"The rules of {chosen.name} cannot be measured. {failure}")


def overlay(chosen: Normalizer, system: str, path: Path) -> Overlay:
    """The rules that changed something for a system, as a column beside a corpus."""
    told = (
        f"The rules of the normalizer {chosen.printed}, that changed the reference or what {system} heard. "
        'Filter with has, such as has "lower case".'
    )
    name = column_name(system)
    column = Column(
        name=name, label=f"Rules {system}", kind="text", help=told, origin="score", system=system, hidden=True
    )
    return Overlay(f"rules:{chosen.tag}:{system}", path, (column,))


def _key(corpus: Corpus, systems: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(_path(corpus, system)) for system in systems)


def _path(corpus: Corpus, system: str, query: Query | None = None) -> Path:
    scores = score_overlay(corpus, system)
    assert scores is not None  # only systems with scores are asked for
    whole = rules_path(scores.path)
    if query is None or not query.selects:
        return whole
    asked = f"{corpus.key} {replace(query, sort=()).pairs()}"  # a filter may ask for anything that is laid
    return whole.with_name(f"{whole.name}-{blake2b(asked.encode(), digest_size=12).hexdigest()}")


def _named(corpus: Corpus, system: str, parameters: Mapping[str, str]) -> bool:
    """Whether an address says the name of a system's column anywhere: in a filter, the filter box, the order..."""
    pairs = getattr(parameters, "pairs", None) or tuple(parameters.items())
    return any(column_name(system) in value for _, value in pairs)
