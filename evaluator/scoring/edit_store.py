"""EditStore: the edits of every system beside its scores, made when somebody asks for them, as columns of the corpus.

The edits of one (corpus content, system, normalizer version) are one Parquet file beside the scores
(evaluator/scoring/edits.py writes it): at once for small corpora, for big ones in a child process that tells how far
it is and can be cancelled. What has been made is laid beside the corpus; an address that names edits which have not
been made has them made.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from evaluator.comparison_store import ComparisonStore, Making, Tell
from evaluator.normalizers.registry import NORMALIZERS, Normalizer
from evaluator.scoring.counting import NORMALIZED
from evaluator.scoring.counting_process import ScoringProcess
from evaluator.scoring.edits import column_name, edits_path, write_edits
from evaluator.scoring.score_columns import normalizer_of, score_overlay, scored_systems
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import SpeechDataError

AT_ONCE = 20_000
"""Rows times systems that are aligned while a page waits (0.2 s at most)."""


class EditStore:
    """Lays edits beside corpora that have scores; safe from several threads. Call ``close`` at the end."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._works = ComparisonStore(wait_seconds=0)
        self._failed: set[tuple[str, ...]] = set()
        self._laying = threading.Lock()  # so that two visitors do not do the same work
        self._laid: WeakKeyDictionary[Corpus, dict[tuple[str, ...], Corpus]] = WeakKeyDictionary()

    def lay(self, corpus: Corpus, parameters: Mapping[str, str]) -> Corpus:
        """The corpus with the edits that have been made; those that the address names are begun where they are not."""
        with self._laying:
            missing = [s for s in scored_systems(corpus) if not _path(corpus, s).exists()]
            if missing and corpus.size * len(missing) <= self._at_once:
                self.make(corpus, missing, None)
            named = [s for s in missing if not _path(corpus, s).exists() and _named(column_name(s), parameters)]
            if named:
                self._begin(corpus, named)
            return self._with(corpus)

    def with_edits(self, corpus: Corpus, systems: Sequence[str], tell: Tell) -> Corpus:
        """The corpus with the edits of these systems, made here and now where they are missing.

        Raises:
            SpeechDataError: they cannot be made.
        """
        missing = [s for s in systems if not _path(corpus, s).exists()]
        if missing:
            self.make(corpus, missing, tell)
        with self._laying:
            return self._with(corpus)

    def make(self, corpus: Corpus, systems: Sequence[str], tell: Tell | None) -> None:
        """Write the edits of these systems; without ``tell`` in this process, which suits small corpora.

        Raises:
            SpeechDataError: the child process failed.
        """
        chosen = normalizer_of(corpus)
        assert chosen is not None  # there are scores, so there is their normalizer
        files = {system: _path(corpus, system) for system in systems}
        names = ["reference", *(f"hypothesis_{system}" for system in systems)]
        made, known = [f"{NORMALIZED}{name}" for name in names], {column.name for column in corpus.columns}
        batches = corpus.batches(names)
        if known.issuperset(made):  # by a normalizer that takes long: what it made of the texts has been kept
            chosen = NORMALIZERS["none"]
            batches = (batch.rename_columns(["row", *names]) for batch in corpus.batches(made))
        if tell is None or corpus.size * len(systems) <= self._at_once:
            write_edits(batches, chosen, files)
            return
        process = ScoringProcess(chosen, files, program="evaluator.scoring.edits")
        failure = process.feed(batches, progress=lambda done: tell(done, corpus.size))
        if failure:
            raise SpeechDataError(f"The texts of {corpus.name} cannot be aligned. {failure}")

    def pending(self, corpus: Corpus, parameters: Mapping[str, str]) -> bool:
        """Whether edits that the address names are being made."""
        missing = [s for s in scored_systems(corpus) if not _path(corpus, s).exists()]
        named = tuple(str(_path(corpus, s)) for s in missing if _named(column_name(s), parameters))
        return bool(named) and named not in self._failed

    def revision(self, corpus: Corpus) -> str:
        """Changes when edits are there that were not."""
        return str(sum(_path(corpus, system).exists() for system in scored_systems(corpus)))

    def close(self) -> None:
        """Give up what is being made."""
        self._works.close()

    def _begin(self, corpus: Corpus, systems: Sequence[str]) -> None:
        def work(tell: Tell) -> None:
            self.make(corpus, systems, tell)

        key = tuple(str(_path(corpus, system)) for system in systems)
        if key in self._failed:
            return
        try:
            found = self._works.get(key, work)
        except (SpeechDataError, OSError):
            self._failed.add(key)
            return
        if not isinstance(found, Making):  # it was made once, and its files have been swept away since
            self._works.cancel(key)

    def _with(self, corpus: Corpus) -> Corpus:
        chosen = normalizer_of(corpus)
        ready = tuple(s for s in scored_systems(corpus) if _path(corpus, s).exists())
        if chosen is None or not ready:
            return corpus
        remembered = self._laid.setdefault(corpus, {})
        if ready not in remembered:
            laid = corpus
            for system in ready:
                path = _path(corpus, system)
                try:
                    laid = laid.laid(overlay(chosen, system, path))
                except SpeechDataError:  # a damaged file is made again by whoever asks next
                    path.unlink(missing_ok=True)
            remembered.clear()
            remembered[ready] = laid
        return remembered[ready]


def overlay(chosen: Normalizer, system: str, path: Path) -> Overlay:
    """The edits of a system as columns beside a corpus."""
    told = (
        f"What {system} made of the reference: said → heard is a substitution, − a word left out, + a word added. "
        f'Filter with has, such as has "a → the". Texts go through the normalizer '
        f"{chosen.printed} first."
    )
    name = column_name(system)
    column = Column(
        name=name, label=f"Edits {system}", kind="text", help=told, origin="score", system=system, hidden=True
    )
    return Overlay(f"edits:{chosen.tag}:{system}", path, (column,))


def _path(corpus: Corpus, system: str) -> Path:
    scores = score_overlay(corpus, system)
    assert scores is not None  # only systems with scores are asked for
    return edits_path(scores.path)


def _named(column: str, parameters: Mapping[str, str]) -> bool:
    """Whether an address says the name of a column anywhere: in a filter, the filter box, the order, the columns."""
    pairs = getattr(parameters, "pairs", None) or tuple(parameters.items())
    return any(column in value for _, value in pairs)
