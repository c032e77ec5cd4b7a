"""Library: the open corpora by name; the one mutable thing of explorer.

Opening returns at once. A corpus whose cache file exists is served from it within a second; otherwise a preview of the
first rows is served while a child process builds the cache, and again a better snapshot takes its place when missing
durations have been read. Readers take a snapshot with ``get`` and keep it for as long as they like.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from explorer.child import environment
from explorer.corpora.build import cached, forget, order_for
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.loading import sentence
from explorer.corpora.opening import is_last, opened, preview
from explorer.corpora.recipe import Recipe
from explorer.errors import ManifestError, SpeechDataError, UnknownCorpus
from explorer.places.paths import absolute
from explorer.querying.query import nearest

CLOSE_WAIT_SECONDS = 5.0
PREVIEW_WAIT_SECONDS = 5.0

Listener: TypeAlias = Callable[[str, Corpus], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done to a corpus: ``done`` of ``total`` (bytes while reading, files for durations).

    ``stage`` is "opening", "reading", "finishing", "tars", "durations" or "failed"; ``message`` says it in words.
    """

    stage: str
    done: int
    total: int
    message: str


@dataclass(slots=True)
class _Entry:
    """An open corpus: how it was asked for, its latest snapshot, and the loading that is going on."""

    name: str
    sources: tuple[Path, ...]
    audio_root: Path | None
    roots: tuple[Path, ...]
    options: Mapping[str, Any]
    recipe: Recipe | None = None
    corpus: Corpus | None = None
    overlays: tuple[Overlay, ...] = ()
    progress: Progress | None = None
    revision: int = 0
    turn: int = 0
    child: subprocess.Popen[str] | None = None
    thread: threading.Thread | None = None
    arrived: threading.Event = field(default_factory=threading.Event)


class Library:
    """The open corpora. All methods may be called from any thread; call ``close`` at the end."""

    def __init__(self, cache: Path, *, memory_mb: int = 1024, listeners: Sequence[Listener] = ()) -> None:
        self._cache = Path(cache)
        self._memory_mb = memory_mb
        self._listeners = tuple(listeners)
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.RLock()
        self._closed = False

    def open(
        self,
        name: str,
        sources: Sequence[Path | str],
        *,
        audio_root: Path | str | None = None,
        roots: Sequence[Path | str] = (),
        columns: Mapping[str, str] | None = None,
        tars: str | None = None,
        dali: str | None = None,
    ) -> None:
        """Start opening a corpus; a corpus of that name that is open already is opened again from these sources.

        ``columns`` says which columns of a table are audio, offset, duration or reference; ``tars`` and ``dali`` where
        the tar files are that rows are members of.
        """
        paths = tuple(absolute(Path(source)) for source in sources)
        root = None if audio_root is None else Path(audio_root)
        further = {"columns": dict(columns or {}), "tars": tars, "dali": dali}
        entry = _Entry(name, paths, root, tuple(Path(folder) for folder in roots), further)
        with self._lock:
            before = self._entries.get(name)
            if before is not None:
                self._stop(before)
                entry.revision = before.revision + 1
            self._entries[name] = entry
        self._start(entry)

    def names(self) -> tuple[str, ...]:
        """The names of the open corpora in the order they were opened, those still loading or failed too."""
        with self._lock:
            return tuple(self._entries)

    def first(self) -> str:
        """The name of the first open corpus; UnknownCorpus when none is."""
        names = self.names()
        if not names:
            raise UnknownCorpus("no corpus is open; start with app.py MANIFEST, or name corpora in the configuration")
        return names[0]

    def get(self, name: str) -> Corpus:
        """The latest snapshot, a preview while loading goes on.

        Raises:
            UnknownCorpus: no corpus has that name, or nothing of it can be shown yet.
            ManifestError: its sources cannot be read.
        """
        entry = self._entry(name)
        if entry.corpus is None:
            entry.arrived.wait(PREVIEW_WAIT_SECONDS)
        corpus, progress = entry.corpus, entry.progress
        if corpus is not None:
            return corpus
        if progress is not None and progress.stage == "failed":
            raise ManifestError(progress.message)
        raise UnknownCorpus(f'corpus "{name}" is still being opened; try again in a moment')

    def progress(self, name: str) -> Progress | None:
        """What is going on, None when nothing is; a failure stays until the corpus is reloaded."""
        return self._entry(name).progress

    def revision(self, name: str) -> int:
        """A number that goes up whenever ``get`` gives something new or loading ends."""
        return self._entry(name).revision

    def changed(self, name: str) -> tuple[Path, ...]:
        """The sources that have changed on disk since they were read; a reload would show them."""
        entry = self._entry(name)
        idle = entry.progress is None or entry.progress.stage == "failed"
        return entry.recipe.changed() if entry.recipe is not None and idle else ()

    def reload(self, name: str) -> None:
        """Read the sources again, in the background; the present snapshot is served until then.

        Sources that have not changed are read again too: sound files may have appeared that were missing.
        """
        entry = self._entry(name)
        with self._lock:
            self._stop(entry)
        self._start(entry, afresh=True)

    def resource(self, name: str, sources: Sequence[Path | str]) -> None:
        """Read the corpus from these sources from now on, in the background; the snapshot is served until then."""
        entry = self._entry(name)
        with self._lock:
            self._stop(entry)
            entry.sources = tuple(absolute(Path(source)) for source in sources)
        self._start(entry)

    def attach(self, name: str, overlay: Overlay) -> None:
        """Lay an overlay beside the corpus, in place of one of the same name; it stays until the sources change.

        Raises:
            UnknownCorpus, ManifestError: as ``get``.
            SpeechDataError: the overlay is damaged or of another version of the corpus.
        """
        entry = self._entry(name)
        corpus = self.get(name)
        if overlay in corpus.overlays and corpus.laid(overlay).key == corpus.key:
            return
        laid = corpus.laid(overlay)
        with self._lock:
            if entry.corpus is not corpus:
                raise SpeechDataError(f'corpus "{name}" has changed meanwhile; attach the overlay again')
            entry.corpus, entry.overlays = laid, laid.overlays
            entry.revision += 1
        self._announce(entry, laid)

    def close(self) -> None:
        """Stop all loading; snapshots that were taken stay usable."""
        with self._lock:
            self._closed = True
            entries = list(self._entries.values())
            for entry in entries:
                self._stop(entry)
        for entry in entries:
            if entry.thread is not None and entry.thread is not threading.current_thread():
                entry.thread.join(CLOSE_WAIT_SECONDS)

    def _entry(self, name: str) -> _Entry:
        with self._lock:
            if name not in self._entries:
                raise UnknownCorpus(f'no corpus is called "{name}"{nearest(name, self._entries)}')
            return self._entries[name]

    def _start(self, entry: _Entry, *, afresh: bool = False) -> None:
        with self._lock:
            if self._closed:
                return
            entry.turn += 1
            turn = entry.turn
            entry.progress = Progress("opening", 0, 0, f"Opening {entry.name}")
            entry.thread = threading.Thread(target=self._load, args=(entry, turn, afresh), daemon=True)
            entry.thread.start()

    def _stop(self, entry: _Entry) -> None:
        """End the loading that is going on; what it still reports is ignored."""
        entry.turn += 1
        if entry.child is not None:
            entry.child.kill()
            entry.child = None
        entry.progress = None

    def _load(self, entry: _Entry, turn: int, afresh: bool) -> None:
        """The work of one opening, in its own thread."""
        try:
            recipe = Recipe.of(entry.sources, audio_root=entry.audio_root, roots=entry.roots, **entry.options)
            if afresh:
                forget(recipe, self._cache)
            finished = False
            if cached(recipe, self._cache) is not None:
                with contextlib.suppress(ManifestError):  # a damaged cache file: the child makes it again
                    finished = self._show_built(entry, turn, recipe)
            if not finished:
                if entry.corpus is None:
                    self._show(entry, turn, preview(entry.name, recipe, cache=self._cache), recipe)
                self._build(entry, turn, recipe)
            self._settle(entry, turn, None)
        except (SpeechDataError, OSError) as error:
            self._settle(entry, turn, Progress("failed", 0, 0, str(error)))
        if entry.turn == turn and entry.corpus is not None:
            with contextlib.suppress(SpeechDataError):  # whoever asks for such a page is told
                entry.corpus.warm()

    def _build(self, entry: _Entry, turn: int, recipe: Recipe) -> None:
        """Have a child process build the cache file and show what it has built.

        A process, not a thread, because reading takes all of an interpreter's time and the server needs its own.
        """
        with tempfile.TemporaryFile("w+") as complaints:
            child = subprocess.Popen(
                [sys.executable, "-m", "explorer.corpora.build"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env=environment(),
            )
            with self._lock:
                if entry.turn != turn:
                    child.kill()
                entry.child = child
            with child:
                assert child.stdin is not None
                assert child.stdout is not None
                with contextlib.suppress(BrokenPipeError):
                    child.stdin.write(order_for(recipe, self._cache))
                    child.stdin.close()
                for line in child.stdout:
                    self._hear(entry, turn, recipe, json.loads(line))
            with self._lock:
                if entry.turn != turn:
                    return
                entry.child = None
            if child.returncode != 0:
                complaints.seek(0)
                last = (complaints.read().strip().splitlines() or ["no message"])[-1]
                raise ManifestError(f'building corpus "{entry.name}" ended with code {child.returncode}: {last}')

    def _hear(self, entry: _Entry, turn: int, recipe: Recipe, said: dict[str, Any]) -> None:
        """One line of the child."""
        if "progress" in said:
            stage, done, total = said["progress"]
            with self._lock:
                if entry.turn == turn:
                    entry.progress = Progress(stage, done, total, sentence(stage, done, total))
        elif "built" in said:
            self._show_built(entry, turn, recipe)
        else:
            raise ManifestError(said["error"])

    def _show_built(self, entry: _Entry, turn: int, recipe: Recipe) -> bool:
        """Show the cache file there is; whether it is the last one to come."""
        corpus = opened(entry.name, recipe, self._cache, memory_mb=self._memory_mb)
        self._show(entry, turn, corpus, recipe)
        return is_last(corpus)

    def _show(self, entry: _Entry, turn: int, corpus: Corpus, recipe: Recipe | None) -> None:
        """Make the corpus the latest snapshot, with the overlays that still fit, unless a later opening has begun."""
        with self._lock:
            if entry.turn != turn:
                return
            same = entry.recipe is not None and recipe is not None and entry.recipe.key == recipe.key
            for overlay in entry.overlays if same and corpus.complete else ():
                corpus = corpus.laid(overlay)
            entry.overlays, entry.recipe, entry.corpus = corpus.overlays, recipe or entry.recipe, corpus
            entry.revision += 1
            entry.arrived.set()
        self._announce(entry, corpus)

    def _announce(self, entry: _Entry, corpus: Corpus) -> None:
        for listener in self._listeners:
            listener(entry.name, corpus)

    def _settle(self, entry: _Entry, turn: int, outcome: Progress | None) -> None:
        """Loading has ended: well (None) or not."""
        with self._lock:
            if entry.turn == turn:
                entry.progress = outcome
                entry.revision += 1
                entry.arrived.set()
