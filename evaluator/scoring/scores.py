"""Scores: what every system of a corpus got right and wrong, cached per content, as columns and as pooled numbers.

Scores of one (corpus content, system, normalizer version) are one Parquet file, made by evaluator/scoring/counting.py
and laid beside the corpus as an overlay called ``score:<normalizer>-<version>:<system>``. Its columns can be filtered
and sorted; the table, the overview and the command line all read the same counts from there.

Conventions: an utterance without reference or hypothesis is excluded and counted by reason. An empty reference is
scored: it has no rate of its own, and its insertions enter the pooled rates (as in jiwer and sclite). The empty
hypothesis is known silence: all its reference words are deletions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pyarrow.parquet

from evaluator.normalizers.registry import NORMALIZERS, Normalizer, normalizer
from evaluator.scoring.counting import EMPTY_REFERENCE, EXCLUDED, NUMBERS, SCORED, score, text_path, words_path
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.metrics import SystemCounts
from evaluator.scoring.score_columns import (
    ScoreOverlay,
    columns,
    overlay_name,
    score_overlay,
    scored_systems,
    texts_overlay,
)
from evaluator.scoring.written import NUMBERS as WRITTEN
from evaluator.scoring.written import system_counts
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.stats import statistics, top_values
from explorer.kept_files import file_state, sweep
from explorer.querying.query import Query

if TYPE_CHECKING:
    from evaluator.scoring.counting_process import ScoringProcess

VERSION = 3
"""Goes up when the same texts would give other files."""

AT_ONCE = 20_000
"""Corpora of fewer utterances are scored while a page waits for them (0.3 s a system at most)."""

RETRY_SECONDS = 60
"""Scoring that failed is tried again by a visit after this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemScore:
    """A system on the utterances of a query: how many were scored, why others were not, and what was counted.

    ``scored`` includes ``empty_references``; ``utterances`` is ``scored`` and all ``excluded`` together.
    """

    system: str
    utterances: int
    scored: int
    empty_references: int
    excluded: Mapping[str, int]
    counts: SystemCounts


@dataclass(frozen=True, slots=True)
class ScoringProgress:
    """How far the scoring of a corpus is; ``failure`` is the sentence it ended with, ``when`` by a steady clock."""

    done: int
    total: int
    failure: str = ""
    when: float = 0.0


class ScoreStore:
    """The scores in ``folder``, and the work of making those that are missing. Safe from several threads.

    ``changed`` is called with the name of a corpus when it has news: progress, new scores, or a failure.
    """

    def __init__(
        self,
        folder: Path,
        *,
        at_once: int = AT_ONCE,
        changed: Callable[[str], None] = lambda name: None,
        normalizers: Mapping[str, Normalizer] = NORMALIZERS,
    ) -> None:
        self._normalizers = normalizers
        self._folder = folder
        self._at_once = at_once
        self._changed = changed
        self._lock = threading.Lock()  # of the fields below
        self._laying = threading.Lock()  # so that two visitors do not do the same work
        self._laid: WeakKeyDictionary[Corpus, dict[tuple[str, ...], Corpus]] = WeakKeyDictionary()
        self._working: dict[tuple[str, str], ScoringProgress] = {}
        self._processes: list[ScoringProcess] = []
        self._revisions: dict[str, int] = {}
        self._one_at_a_time = threading.Semaphore()
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)

    def overlay(self, corpus: Corpus, system: str, chosen: Normalizer) -> Overlay | None:
        """The scores of a system if they have been made."""
        found = self._overlay(corpus, system, chosen)
        return found if found.path.exists() else None

    def compute(
        self,
        corpus: Corpus,
        systems: Sequence[str],
        chosen: Normalizer,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Make the scores of these systems here and now; ``progress`` is told the number of rows done."""
        wanted = ["reference", *(f"hypothesis_{system}" for system in systems)]
        files, texts = self._files(corpus, systems, chosen), self._missing_texts(corpus, chosen)
        vocabulary = _vocabulary(corpus, chosen)
        score(corpus.batches(wanted), chosen, files, vocabulary=vocabulary, texts=texts, progress=progress)

    def lay(self, corpus: Corpus, name: str | Normalizer) -> Corpus:
        """The corpus with the scores under the normalizer of that name.

        Small corpora are scored at once. For big ones the scores that are missing are made in a child process, and the
        corpus comes without them for now; ``progress`` tells how far they are. A preview is not scored.

        Raises:
            ConfigError: there is no such normalizer.
        """
        chosen = normalizer(name, self._normalizers)
        if not corpus.complete or not (corpus.systems or not chosen.by_word):
            return corpus
        with self._laying:
            missing = [s for s in corpus.systems if not self._path(corpus, s, chosen).exists()]
            lacking = bool(missing) or self._missing_texts(corpus, chosen) is not None
            if lacking and corpus.size < self._at_once:
                self.compute(corpus, missing, chosen)
                missing, lacking = [], False
            elif lacking:
                self._start(corpus, missing, chosen)
            ready = tuple(system for system in corpus.systems if system not in missing)
            remembered = self._laid.setdefault(corpus, {})
            key = (chosen.tag, *ready) if not lacking or missing else (chosen.tag, *ready, "without texts")
            if key not in remembered:
                laid = corpus
                for overlay in self._overlays(corpus, ready, chosen):
                    laid = laid.laid(overlay)
                while len(remembered) >= len(self._normalizers):
                    remembered.pop(next(iter(remembered)))
                remembered[key] = laid
            return remembered[key]

    def progress(self, corpus: Corpus, chosen: Normalizer) -> ScoringProgress | None:
        """How far the scores that ``lay`` found missing are; None when none are."""
        with self._lock:
            return self._working.get((corpus.content_key, chosen.tag))

    def revision(self, name: str) -> int:
        """A number that goes up whenever ``lay`` or ``progress`` has something new about the corpus of that name."""
        with self._lock:
            return self._revisions.get(name, 0)

    def close(self) -> None:
        """End the work that is going on; scores that are half made are thrown away."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()

    def _overlay(self, corpus: Corpus, system: str, chosen: Normalizer) -> ScoreOverlay:
        path = self._path(corpus, system, chosen)
        return ScoreOverlay(overlay_name(chosen, system), path, columns(system, chosen), chosen)

    def _overlays(self, corpus: Corpus, ready: Sequence[str], chosen: Normalizer) -> Iterator[ScoreOverlay]:
        """The scores of the systems, and the texts as a normalizer that is not by word made them."""
        yield from (self._overlay(corpus, system, chosen) for system in ready)
        if chosen.by_word:
            return
        if self._texts_path(corpus, chosen).exists():
            yield texts_overlay(chosen, "reference", self._texts_path(corpus, chosen))
        for system in ready:
            path = text_path(self._path(corpus, system, chosen))
            if path.exists():
                yield texts_overlay(chosen, f"hypothesis_{system}", path)

    def _texts_path(self, corpus: Corpus, chosen: Normalizer) -> Path:
        return self._path(corpus, "", chosen)

    def _missing_texts(self, corpus: Corpus, chosen: Normalizer) -> Path | None:
        """Where the normalised references belong that are not there yet; None when they are, or nobody needs them."""
        path = self._texts_path(corpus, chosen)
        return None if chosen.by_word or path.exists() else path

    def _path(self, corpus: Corpus, system: str, chosen: Normalizer) -> Path:
        """Where the scores are kept: named after everything they depend on."""
        depends = [str(VERSION), corpus.content_key, system, chosen.tag, *text_versions(corpus, system)]
        return self._folder / f"{blake2b(chr(0).join(depends).encode(), digest_size=16).hexdigest()}.parquet"

    def _files(self, corpus: Corpus, systems: Sequence[str], chosen: Normalizer) -> dict[str, Path]:
        return {system: self._path(corpus, system, chosen) for system in systems}

    def _start(self, corpus: Corpus, systems: Sequence[str], chosen: Normalizer) -> None:
        """Have the scores made in the background unless that is going on, or has failed for this content."""
        key = (corpus.content_key, chosen.tag)
        with self._lock:
            known = self._working.get(key)
            waits = known is not None and not (known.failure and time.monotonic() - known.when > RETRY_SECONDS)
            if waits or self._closed:
                return
            self._working[key] = ScoringProgress(0, corpus.size)
        work = threading.Thread(
            target=self._work, args=(key, corpus, systems, chosen), name=f"score-{corpus.name}", daemon=True
        )
        work.start()

    def _work(self, key: tuple[str, str], corpus: Corpus, systems: Sequence[str], chosen: Normalizer) -> None:
        """The work of ``_start``, in its own thread; one child process at a time."""

        def tell(done: int) -> None:
            self._tell(corpus, key, ScoringProgress(done, corpus.size))

        with self._one_at_a_time:
            try:
                failure = self._feed(corpus, systems, chosen, tell)
            # The edge of a thread: whatever it is, the page must say it instead of waiting for ever.
            except Exception as error:  # noqa: BLE001
                failure = f"The texts cannot be scored: {error}"
        failed = ScoringProgress(0, corpus.size, failure, time.monotonic()) if failure else None
        self._tell(corpus, key, failed)

    def _feed(self, corpus: Corpus, systems: Sequence[str], chosen: Normalizer, tell: Callable[[int], None]) -> str:
        from evaluator.scoring.counting_process import ScoringProcess

        files, texts = self._files(corpus, systems, chosen), self._missing_texts(corpus, chosen)
        process = ScoringProcess(chosen, files, texts=texts)
        with self._lock:
            self._processes.append(process)
            if self._closed:
                process.kill()
        try:
            wanted = ["reference", *(f"hypothesis_{system}" for system in systems)]
            return process.feed(corpus.batches(wanted), vocabulary=_vocabulary(corpus, chosen), progress=tell)
        finally:
            with self._lock:
                self._processes.remove(process)

    def _tell(self, corpus: Corpus, key: tuple[str, str], progress: ScoringProgress | None) -> None:
        with self._lock:
            if progress is None:
                self._working.pop(key, None)
            else:
                self._working[key] = progress
            self._revisions[corpus.name] = self._revisions.get(corpus.name, 0) + 1
        self._changed(corpus.name)


def text_versions(corpus: Corpus, system: str) -> list[str]:
    """The states of the overlays that the texts of a system and the references come from."""
    names = (f"hypothesis_{system}", "reference")
    return [file_state(laid.path) for laid in corpus.overlays if any(one.name in names for one in laid.columns)]


def pooled(corpus: Corpus, query: Query, system: str) -> SystemScore | None:
    """A system's counts summed over the rows of ``query``; None when its scores are not laid beside the corpus."""
    if system not in scored_systems(corpus):
        return None
    sums = corpus.totals(query, [f"{name}_{system}" for name in NUMBERS])
    number = {name: round(sums[f"{name}_{system}"]) for name in NUMBERS}
    states = dict(top_values(corpus, query, f"scoring_{system}").values)
    vocabulary, accuracies = word_accuracies(corpus, query, system) or (None, None)
    return SystemScore(
        system=system,
        utterances=sum(states.values()),
        scored=states.get(SCORED, 0) + states.get(EMPTY_REFERENCE, 0),
        empty_references=states.get(EMPTY_REFERENCE, 0),
        excluded={reason: states[reason] for reason in EXCLUDED if reason in states},
        counts=SystemCounts(
            words=ErrorCounts(number["hits"], number["substitutions"], number["deletions"], number["insertions"]),
            characters=number["reference_characters"],
            character_errors=number["character_errors"],
            vocabulary=vocabulary,
            word_accuracies=accuracies,
            **_written(corpus, query, system),
        ),
    )


def _written(corpus: Corpus, query: Query, system: str) -> dict[str, Any]:
    """What was counted about punctuation and capitals, where references carry any."""
    names = [f"{name}_{system}" for name in WRITTEN]
    if not {column.name for column in corpus.columns}.issuperset(names):
        return {}
    sums = corpus.totals(query, names)
    return system_counts([sums[name] for name in names])


def word_accuracies(corpus: Corpus, query: Query, system: str) -> tuple[int, float] | None:
    """Distinct reference words, and the sum over them of the share of occurrences that were hits.

    They are counted when the whole corpus is scored, so None for any part of it.
    """
    laid = score_overlay(corpus, system)
    if laid is None or query.selects:
        return None
    return _word_accuracies(words_path(laid.path))


@lru_cache(maxsize=256)
def _word_accuracies(path: Path) -> tuple[int, float] | None:
    if not path.exists():  # removed with old scores while this snapshot lives on
        return None
    table = pyarrow.parquet.read_table(path, columns=["count", "hits"])
    return table.num_rows, float((table["hits"].to_numpy() / table["count"].to_numpy()).sum())


def _vocabulary(corpus: Corpus, chosen: Normalizer) -> dict[str, int]:
    """All words of the references as they are written, with their counts, for a normalizer that goes by word."""
    if not chosen.by_word:
        return {}
    return dict(corpus.words(statistics(corpus).vocabulary))
