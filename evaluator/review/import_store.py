"""Imports that a page began: one at a time for each corpus, in the background, with how far it is and what it found."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evaluator.ledger import Ledger
from evaluator.review.importing import Imported, ImportStopped, import_review
from explorer.corpora.corpus import Corpus
from explorer.errors import LedgerError, SpeechDataError

State = Literal["running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Import:
    """One import: the file's name, how far it is, and what became of its edits; ``failure`` says why it ended."""

    name: str
    state: State = "running"
    failure: str = ""
    told: Imported = field(default_factory=Imported)
    stopping: threading.Event = field(default_factory=threading.Event)


class ImportStore:
    """The last import of each corpus; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._imports: dict[str, Import] = {}
        self._threads: list[threading.Thread] = []

    def begin(self, corpus: Corpus, ledger: Ledger, *, name: str, content: bytes, who: str) -> Import:
        """Import a file's content; returns at once.

        Raises:
            LedgerError: another file is being imported into this corpus, or it is not loaded yet.
        """
        if not corpus.complete:
            raise LedgerError("The corpus is still being loaded; import the file when all its rows are there.")
        with self._lock:
            if (now := self._imports.get(corpus.name)) is not None and now.state == "running":
                raise LedgerError(f"{now.name} is being imported; wait for it, or cancel it.")
            made = self._imports[corpus.name] = Import(name)
            thread = threading.Thread(
                target=self._work, args=(made, corpus, ledger, content, who), name="review-import", daemon=True
            )
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        return made

    def get(self, corpus: str) -> Import | None:
        """The import that runs, or ran last."""
        with self._lock:
            return self._imports.get(corpus)

    def cancel(self, corpus: str) -> None:
        """End the import that runs; what it wrote stays, and is known when the file comes again."""
        if (now := self.get(corpus)) is not None:
            now.stopping.set()

    def close(self) -> None:
        """End what runs, and wait for it."""
        with self._lock:
            for one in self._imports.values():
                one.stopping.set()
            threads = list(self._threads)
        for thread in threads:
            thread.join(10)

    def _work(self, made: Import, corpus: Corpus, ledger: Ledger, content: bytes, who: str) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="earmark-import-") as folder:
                path = Path(folder) / _file_name(made.name)
                path.write_bytes(content)
                stop = made.stopping.is_set
                import_review(corpus, ledger, path, who=who, cache=Path(folder) / "cache", told=made.told, stop=stop)
            made.state = "done"
        except ImportStopped:
            made.state = "cancelled"
        except SpeechDataError as error:
            made.failure = str(error).replace(f"{path.parent}/", "")
            made.state = "failed"
        except OSError as error:  # no room for the copy, for one
            made.failure = f"The file could not be kept while it is read: {error.strerror or error}."
            made.state = "failed"


def _file_name(name: str) -> str:
    """The file's own name as far as it can be one here: its ending tells the format."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in Path(name).name).lstrip(".")
    return safe[-100:] or "import.jsonl"
