"""VocabularyStore: counted words and characters of corpora, cached by content, and the counting of what is missing.

What is counted of one (corpus content, text column, folding) is one Parquet file, made by
explorer/vocabulary/words.py: at once for small corpora, in a child process with progress for big ones. A counting can
be cancelled; it then rests until it is asked for again. Everything in the folder can be made again at any time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet

from explorer.child import environment
from explorer.kept_files import file_state, sweep
from explorer.vocabulary.words import ORDER, Folding, count, order_for

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus
    from explorer.querying.listing import Listing

VERSION = 1
"""Goes up when the same texts would give other files."""

AT_ONCE = 20_000
"""Corpora of fewer utterances are counted while a page waits for them (0.2 s at most)."""

REMEMBERED_TABLES = 12
REMEMBERED_LISTINGS = 6


@dataclass(frozen=True, slots=True)
class Counting:
    """How far a counting is, in rows; ``failure`` is the sentence it ended with, ``resting`` that it was cancelled."""

    done: int
    total: int
    failure: str = ""
    resting: bool = False


class VocabularyStore:
    """The counts in ``folder``; safe from several threads. Call ``close`` at the end."""

    def __init__(self, folder: Path, *, at_once: int = AT_ONCE) -> None:
        self._folder = folder
        self._at_once = at_once
        self._lock = threading.Lock()
        self._at_work = threading.Lock()  # so that two visitors do not count the same
        self._tables: OrderedDict[Path, pa.Table] = OrderedDict()
        self._listings: OrderedDict[Hashable, Listing] = OrderedDict()
        self._counting: dict[tuple[Path, ...], Counting] = {}
        self._children: dict[tuple[Path, ...], subprocess.Popen[bytes]] = {}
        self._one_at_a_time = threading.Semaphore()
        self._closed = False

    def words(self, corpus: Corpus, column: str, folding: Folding) -> pa.Table | None:
        """The words of a text column, in the schema WORDS; None before ``prepare`` has had them counted."""
        return self._table(self._path(corpus, column, folding))

    def characters(self, corpus: Corpus, folding: Folding) -> pa.Table | None:
        """In how many utterances each character is, in the schema CHARACTERS; counted with the references' words."""
        return self._table(_beside(self._path(corpus, "reference", folding)))

    def prepare(self, corpus: Corpus, columns: Sequence[str], folding: Folding) -> Counting | None:
        """See that these columns are counted: None when they are, else how far that is.

        A failed or cancelled counting is not begun again; ``again`` does that.
        """
        ordered = sorted(columns, key=lambda column: column != "reference")
        files = {column: self._path(corpus, column, folding) for column in ordered}
        missing = {column: path for column, path in files.items() if not path.exists()}
        if not missing:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        if corpus.size < self._at_once:
            with self._at_work:
                wanted = {column: path for column, path in missing.items() if not path.exists()}
                if wanted:
                    alphabet, characters = _letters(corpus, wanted)
                    count(corpus.batches(list(wanted)), folding, wanted, alphabet=alphabet, characters=characters)
            return None
        key = tuple(missing.values())
        with self._lock:
            known = next((now for paths, now in self._counting.items() if set(key) <= set(paths)), None)
            if known is not None or self._closed:
                return known or Counting(0, corpus.size, resting=True)
            self._counting[key] = begun = Counting(0, corpus.size)
        work = threading.Thread(target=self._work, args=(key, corpus, missing, folding), daemon=True)
        work.name = f"count-{corpus.name}"
        work.start()
        return begun

    def again(self, corpus: Corpus, columns: Sequence[str], folding: Folding) -> None:
        """Forget that the counting of these columns failed or was cancelled."""
        wanted = {self._path(corpus, column, folding) for column in columns}
        with self._lock:
            for key, now in list(self._counting.items()):
                if wanted & set(key) and (now.failure or now.resting):
                    del self._counting[key]

    def cancel(self, corpus: Corpus, columns: Sequence[str], folding: Folding) -> None:
        """End the counting of these columns; what was half counted is thrown away."""
        wanted = {self._path(corpus, column, folding) for column in columns}
        with self._lock:
            for key, now in self._counting.items():
                if wanted & set(key) and not now.failure:
                    self._counting[key] = replace(now, resting=True)
                    if key in self._children:
                        self._children[key].kill()

    def listing(self, key: Hashable, make: Callable[[], Listing]) -> Listing:
        """The listing of that key, made now if it is not remembered."""
        with self._lock:
            if key in self._listings:
                self._listings.move_to_end(key)
                return self._listings[key]
        made = make()
        with self._lock:
            self._listings[key] = made
            while len(self._listings) > REMEMBERED_LISTINGS:
                self._listings.popitem(last=False)
        return made

    def version(self, corpus: Corpus, column: str, folding: Folding) -> str:
        """What the counts of a column depend on, in one word: for keys of ``listing``."""
        return self._path(corpus, column, folding).stem

    def close(self) -> None:
        """End what is going on."""
        with self._lock:
            self._closed = True
            for child in self._children.values():
                child.kill()

    def _path(self, corpus: Corpus, column: str, folding: Folding) -> Path:
        """Where a column's words are kept: named after everything they depend on."""
        depends = [str(VERSION), corpus.content_key, column, folding.tag, folding.function or ""]
        for laid in corpus.overlays:
            if any(one.name == column for one in laid.columns):
                depends.append(file_state(laid.path))
        return self._folder / f"{blake2b(chr(0).join(depends).encode(), digest_size=16).hexdigest()}.parquet"

    def _table(self, path: Path) -> pa.Table | None:
        with self._lock:
            if path in self._tables:
                self._tables.move_to_end(path)
                return self._tables[path]
        if not path.exists():
            return None
        table = pyarrow.parquet.read_table(path)
        os.utime(path)
        with self._lock:
            self._tables[path] = table
            while len(self._tables) > REMEMBERED_TABLES:
                self._tables.popitem(last=False)
        return table

    def _work(self, key: tuple[Path, ...], corpus: Corpus, files: dict[str, Path], folding: Folding) -> None:
        """A counting in its own thread; one child process at a time."""
        failure = ""
        with self._one_at_a_time:
            sweep(self._folder)
            try:
                if not self._counting[key].resting:
                    failure = self._feed(key, corpus, files, folding)
            # The edge of a thread: whatever it is, the page must say it instead of waiting for ever.
            except Exception as error:  # noqa: BLE001
                failure = f"The words cannot be counted: {error}"
        with self._lock:
            if self._counting[key].resting:
                return
            if failure:
                self._counting[key] = Counting(0, corpus.size, failure)
            else:
                del self._counting[key]

    def _feed(self, key: tuple[Path, ...], corpus: Corpus, files: dict[str, Path], folding: Folding) -> str:
        """Have a child process count; the sentence it failed with, "" when the files are there or it was cancelled."""
        alphabet, characters = _letters(corpus, files)
        metadata = {ORDER: order_for(folding, files, alphabet=alphabet, characters=characters)}
        with tempfile.TemporaryFile() as complaints:
            child = subprocess.Popen(
                [sys.executable, "-m", "explorer.vocabulary.words"],
                stdin=subprocess.PIPE,
                stderr=complaints,
                env=environment(),
            )
            with self._lock:
                self._children[key] = child
                if self._closed or self._counting[key].resting:
                    child.kill()
            try:
                with child:
                    assert child.stdin is not None
                    try:
                        self._send(key, child, corpus.batches(list(files)), metadata)
                        child.stdin.close()
                    except OSError:  # it has ended before it had read everything; its own words follow
                        pass
                    code = child.wait()
            finally:
                with self._lock:
                    del self._children[key]
            if code == 0 or self._counting[key].resting:
                return ""
            complaints.seek(0)
            last = (complaints.read().decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            return f"Counting words ended with code {code}: {last}"

    def _send(
        self,
        key: tuple[Path, ...],
        child: subprocess.Popen[bytes],
        batches: Iterable[pa.RecordBatch],
        metadata: Mapping[bytes, str],
    ) -> None:
        writer = None
        for batch in batches:
            told = batch.replace_schema_metadata(metadata)
            writer = writer or pa.ipc.new_stream(child.stdin, told.schema)
            writer.write_batch(told)
            with self._lock:
                now = self._counting[key]
                if now.resting:
                    return
                self._counting[key] = replace(now, done=now.done + batch.num_rows)
        if writer is not None:
            writer.close()


def _letters(corpus: Corpus, files: dict[str, Path]) -> tuple[list[str], Path | None]:
    """The alphabet and the file of its counts, when the references are counted, which come first then."""
    if next(iter(files)) != "reference":
        return [], None
    return list(corpus.alphabet), _beside(files["reference"])


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-characters.parquet")
