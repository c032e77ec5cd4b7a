"""What was synthesized for open corpora: the manifests of runs join the corpus as further sources, without a restart.

A run belongs to the corpus that it was started on. Texts that were typed where no stimulus set is open become the
corpus TYPED, made of such runs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evaluator.runs.run_store import RunStore
from evaluator.tts.synthesis import MANIFEST
from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library

TYPED = "synthesized"


class Synthesized:
    """Joins runs to the corpora of a library."""

    def __init__(self, runs: RunStore, library: Library) -> None:
        self._runs, self._library = runs, library

    def manifests(self, sources: Sequence[Path], corpus: str) -> tuple[Path, ...]:
        """The manifests of the runs for a corpus made of these sources, those of runs not counted; oldest first."""
        base = [] if corpus == TYPED else list(sources)
        found = self._runs.of(base, kind="synthesize")
        made = (run.folder / MANIFEST for run in found if run.corpus == corpus)
        return tuple(path for path in made if path.exists() and path.stat().st_size)

    def join(self, corpus: Corpus) -> bool:
        """Give a corpus the sounds of all its runs, and of no deleted one; whether it is read again now."""
        if not corpus.complete or self._library.progress(corpus.name) is not None:
            return False
        own = self._runs.without_runs(corpus.sources)
        wanted = (*own, *self.manifests(own, corpus.name))
        changed = bool(set(self._library.changed(corpus.name)) - set(own))
        if not wanted or (wanted == corpus.sources and not changed):
            return False
        self._library.resource(corpus.name, wanted)
        return True

    def open_typed(self) -> None:
        """Open the corpus of typed texts if there is one and it is not open."""
        manifests = self.manifests((), TYPED)
        if manifests and TYPED not in self._library.names():
            self._library.open(TYPED, manifests)
