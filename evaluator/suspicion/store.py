"""The store of suspicion: the signals of every corpus, made once, and laid beside it under a choice of weights.

Two kinds of files in one folder: the signals of one (corpus content, scores, normalizer, measured sound), which take
long to make, and for each choice of weights the overlay made from them, which does not. Small corpora are done while a
page waits; big ones in a child process when somebody asks (``begin``), with progress, and can be cancelled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.counting import NORMALIZED
from evaluator.scoring.score_columns import PREFIX, normalizer_of
from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import FACTS, allowed, build, columns_for, facts_of, written
from evaluator.suspicion.columns import (
    OVERLAY,
    SCORE,
    SIGNALS_OVERLAY,
    score_columns,
    signals_of,
    strength_columns,
    told_lacking,
    write_choice,
)
from evaluator.suspicion.ranking import PARAMETER, Choice
from explorer.corpora.corpus import Corpus, Overlay
from explorer.kept_files import file_state, sweep
from explorer.querying.parameters import VIEW, Parameters

if TYPE_CHECKING:
    from evaluator.arrow_process import ArrowProcess

VERSION = 3
"""Goes up when the same corpus would give other files."""

AT_ONCE = 20_000
"""Corpora of fewer utterances are done while a page waits for them."""

RETRY_SECONDS = 60
KEPT_CHOICES = 4
CANCELLED = "Ranking was cancelled."


@dataclass(frozen=True, slots=True)
class SuspicionProgress:
    """How far the signals of a corpus are; ``failure`` is the sentence it ended with, ``when`` by a steady clock."""

    done: int
    total: int
    failure: str = ""
    when: float = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether somebody gave it up."""
        return self.failure == CANCELLED


class SuspicionStore:
    """The signals in ``folder``, and the work of making them. Safe from several threads.

    Corpora are given with their scores and measures laid beside them; what else is laid there does not matter.
    ``fallback`` normalizes texts where there are no scores.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fallback: Normalizer,
        at_once: int = AT_ONCE,
        changed: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._folder = folder
        self._fallback = fallback
        self._at_once = at_once
        self._changed = changed
        self._lock = threading.Lock()  # of the fields below
        self._laying = threading.Lock()  # so that two visitors do not do the same work
        self._laid: WeakKeyDictionary[Corpus, dict[str, Corpus]] = WeakKeyDictionary()
        self._found: WeakKeyDictionary[Corpus, Corpus] = WeakKeyDictionary()
        self._keys: WeakKeyDictionary[Corpus, str] = WeakKeyDictionary()
        self._working: dict[str, SuspicionProgress] = {}
        self._processes: dict[str, ArrowProcess] = {}
        self._given_up: set[str] = set()
        self._revisions: dict[str, int] = {}
        self._one_at_a_time = threading.Semaphore()
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)

    def lay_for(self, corpus: Corpus, parameters: Mapping[str, str]) -> Corpus:
        """``lay`` under the choice of an address; signals that it names are begun where they are missing.

        Raises:
            QueryError: the choice cannot be understood.
        """
        laid = self.lay(corpus, Choice.of(parameters.get(PARAMETER)))
        if laid is corpus and named(parameters):
            self.begin(corpus)
        return laid

    def lay(self, corpus: Corpus, choice: Choice) -> Corpus:
        """The corpus with the columns of suspicion under ``choice``, if its signals have been made.

        Those of small corpora are made at once. A corpus that allows no signal, and a preview, stay as they are.
        """
        if not corpus.complete:
            return corpus
        with self._laying:
            try:
                return self._lay(corpus, choice)
            except OSError as error:  # a full disk: the pages do without, and the page of the queue says so
                failure = f"The ranking cannot be kept: {error.strerror or error}."
                self._tell(corpus, self._key(corpus), SuspicionProgress(0, corpus.size, failure, time.monotonic()))
                return corpus

    def _lay(self, corpus: Corpus, choice: Choice) -> Corpus:
        evidence = self._path(corpus)
        if not evidence.exists() and (corpus.size >= self._at_once or not self._made(corpus, evidence)):
            return corpus
        remembered = self._laid.setdefault(corpus, {})
        if str(choice) not in remembered:
            while len(remembered) >= KEPT_CHOICES:
                remembered.pop(next(iter(remembered)))
            remembered[str(choice)] = self._laid_anew(corpus, evidence, choice)
        return remembered[str(choice)]

    def lacking(self, corpus: Corpus) -> Mapping[str, str]:
        """The signals that the corpus does not allow, with the reasons; before they are made, those known by then."""
        evidence = self._path(corpus)
        if evidence.exists():
            return told_lacking(evidence)
        facts = facts_of(corpus, self._fallback)
        return {name: signal.lacking(facts) for name, signal in SIGNALS.items() if signal.lacking(facts)}

    def ready(self, corpus: Corpus) -> bool:
        """Whether the signals have been made."""
        return self._path(corpus).exists()

    def begin(self, corpus: Corpus) -> None:
        """Have the signals made in the background, unless that is going on, is done, was cancelled, or just failed."""
        key = self._key(corpus)
        if not corpus.complete or self.ready(corpus):
            return
        with self._lock:
            known = self._working.get(key)
            retry = known is not None and known.failure and time.monotonic() - known.when > RETRY_SECONDS
            if self._closed or (known is not None and (known.cancelled or not retry)):
                return
            self._working[key] = SuspicionProgress(0, corpus.size)
            self._given_up.discard(key)
        threading.Thread(target=self._work, args=(key, corpus), name=f"suspect-{corpus.name}", daemon=True).start()

    def again(self, corpus: Corpus) -> None:
        """``begin`` after a failure or a cancellation, without waiting."""
        key = self._key(corpus)
        with self._lock:
            known = self._working.get(key)
            if known is not None and known.failure:
                del self._working[key]
        self.begin(corpus)

    def cancel(self, corpus: Corpus) -> None:
        """Give up making the signals of this corpus."""
        key = self._key(corpus)
        with self._lock:
            if key in self._working and not self._working[key].failure:
                self._given_up.add(key)
                if key in self._processes:
                    self._processes[key].kill()

    def progress(self, corpus: Corpus) -> SuspicionProgress | None:
        """How far they are, or how they ended badly; None when they are ready or nobody has asked for them."""
        key = self._key(corpus)
        with self._lock:
            return self._working.get(key)

    def working(self, corpus: Corpus) -> bool:
        """Whether they are being made."""
        now = self.progress(corpus)
        return now is not None and not now.failure

    def revision(self, name: str) -> int:
        """A number that goes up whenever there is something new about the corpus of that name."""
        with self._lock:
            return self._revisions.get(name, 0)

    def close(self) -> None:
        """End the work that is going on; what is half made is thrown away."""
        with self._lock:
            self._closed = True
            for process in self._processes.values():
                process.kill()

    def _key(self, corpus: Corpus) -> str:
        """A name for everything that the signals depend on: sources, and the files of the columns that they read."""
        with self._lock:
            if corpus not in self._keys:
                read = filter(_is_read, corpus.overlays)
                states = [f"{overlay.name} {file_state(overlay.path)}" for overlay in read]
                depends = [str(VERSION), corpus.content_key, *states]
                if normalizer_of(corpus) is None:
                    depends.append(self._fallback.tag)
                self._keys[corpus] = _digest("\0".join(depends))
            return self._keys[corpus]

    def _path(self, corpus: Corpus) -> Path:
        return self._folder / f"{self._key(corpus)}.parquet"

    def _made(self, corpus: Corpus, path: Path) -> bool:
        """Make the signals here and now; whether the corpus allows any."""
        facts = facts_of(corpus, self._fallback)
        if not allowed(facts):
            return False
        build(corpus.batches(columns_for(facts)), facts, path)
        return True

    def _laid_anew(self, corpus: Corpus, evidence: Path, choice: Choice) -> Corpus:
        names = signals_of(evidence)
        if not names:
            return corpus
        path = evidence.with_name(f"{evidence.stem}.{_digest(str(choice))}.choice.parquet")
        if not path.exists():
            write_choice(evidence, choice, path)
        # What signals found is laid once, and shared by all choices.
        if corpus not in self._found:
            self._found[corpus] = corpus.laid(Overlay(SIGNALS_OVERLAY, evidence, strength_columns(names)))
        return self._found[corpus].laid(Overlay(OVERLAY, path, score_columns()))

    def _work(self, key: str, corpus: Corpus) -> None:
        """The work of ``begin``, in its own thread; one child process at a time."""

        def tell(done: int) -> None:
            self._tell(corpus, key, SuspicionProgress(done, corpus.size))

        with self._one_at_a_time:
            try:
                failure = self._feed(key, corpus, tell)
                if not failure:
                    with self._laying:
                        self._laid_anew(corpus, self._path(corpus), Choice())
            # The edge of a thread: whatever it is, the page must say it instead of waiting for ever.
            except Exception as error:  # noqa: BLE001
                failure = f"The utterances cannot be ranked: {error}"
        with self._lock:
            failure = CANCELLED if key in self._given_up else failure
        self._tell(corpus, key, SuspicionProgress(0, corpus.size, failure, time.monotonic()) if failure else None)

    def _feed(self, key: str, corpus: Corpus, tell: Callable[[int], None]) -> str:
        from evaluator.arrow_process import ArrowProcess

        facts = facts_of(corpus, self._fallback)
        if not allowed(facts):
            return "The corpus allows no signal."
        process = ArrowProcess("evaluator.suspicion.building", {"path": str(self._path(corpus))}, work="Ranking")
        with self._lock:
            self._processes[key] = process
            if self._closed or key in self._given_up:
                process.kill()
        try:
            return process.feed(corpus.batches(columns_for(facts)), metadata={FACTS: written(facts)}, progress=tell)
        finally:
            with self._lock:
                del self._processes[key]

    def _tell(self, corpus: Corpus, key: str, progress: SuspicionProgress | None) -> None:
        with self._lock:
            if progress is None:
                self._working.pop(key, None)
            else:
                self._working[key] = progress
            self._revisions[corpus.name] = self._revisions.get(corpus.name, 0) + 1
        self._changed(corpus.name)


def named(parameters: Mapping[str, str]) -> bool:
    """Whether an address filters, sorts or shows by suspicion."""
    pairs = parameters.pairs if isinstance(parameters, Parameters) else tuple(parameters.items())
    return any(name in (*VIEW, "cols") and SCORE in value for name, value in pairs)


def _is_read(overlay: Overlay) -> bool:
    """Whether signals read columns of this overlay: scores, hypotheses, references, measures of the sound."""
    read = ("hypothesis_", "reference", NORMALIZED, "signal_")
    return overlay.name.startswith(PREFIX) or any(column.name.startswith(read) for column in overlay.columns)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
