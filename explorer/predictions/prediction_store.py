"""Which prediction files belong to which corpus, and their hypotheses as columns beside it.

Files are named by the configuration (``corpora.NAME.predictions``) or were sent by a browser; those are kept, with a
list of what they are, in the workspace and belong to the sources of the corpus, whatever it is called next time. A file
is joined in the background when its corpus, or the file, is new or has changed; until then its column is not there.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from explorer.errors import ConfigError, PredictionError, SpeechDataError
from explorer.predictions.join_report import JoinReport, renamed
from explorer.predictions.joining import join, overlay, report_path

if TYPE_CHECKING:
    from explorer.config import CorpusSource
    from explorer.corpora.corpus import Corpus

INDEX = "index.json"
WRITTEN = "with times"
"""What joined files hold: another word when that changes, so that none from before is taken for one."""
PATIENCE = 1.0
"""Seconds that an upload waits for its join before it goes on in the background."""
SYSTEM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
UPLOADED = (".jsonl", ".json", ".csv", ".tsv", ".stm", ".ctm", ".trn", ".txt", ".text")
"""Endings of files a browser may send: plain text, nothing that grows when it is unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file of predictions of a corpus: ``shown`` is its name for people, ``join_on`` None is sound and time."""

    system: str
    file: Path
    shown: str
    join_on: str | None
    origin: Literal["configuration", "upload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far an attached file is: joined with a report, failed with a sentence, or neither yet, with progress."""

    attached: Attached
    report: JoinReport | None = None
    failure: str = ""
    progress: str = ""


class _Stopped(Exception):
    """Nobody wants this join any more."""


@dataclass(slots=True)
class _Work:
    """A join that goes on: how far it is in words, whether it is to end, and whether it has."""

    told: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def tell(self, words: str) -> None:
        """Hear how far the join is."""
        self.told = words
        if self.stopped.is_set():
            raise _Stopped


class PredictionStore:
    """The prediction files of all corpora; may be called from any thread."""

    def __init__(self, corpora: Mapping[str, CorpusSource], *, folder: Path, cache: Path) -> None:
        self._corpora = corpora
        self._folder = folder
        self._cache = cache
        self._lock = threading.RLock()
        self._done: dict[Path, JoinReport | str] = {}
        self._going: dict[Path, _Work] = {}
        self._laid: dict[str, tuple[str, Corpus]] = {}

    def attached(self, corpus: Corpus) -> tuple[Attached, ...]:
        """The files of a corpus: first those of the configuration, then those that were sent."""
        source = self._corpora.get(corpus.name)
        configured: Mapping[str, Path] = {} if source is None else source.predictions
        join_on = None if source is None else source.join_on
        named = [
            Attached(system=name, file=path, shown=path.name, join_on=join_on, origin="configuration")
            for name, path in configured.items()
        ]
        sources = [str(path) for path in corpus.sources]
        sent = [
            Attached(
                system=entry["system"],
                file=self._folder / entry["file"],
                shown=entry["shown"],
                join_on=entry["join_on"],
                origin="upload",
            )
            for entry in self._index()
            if entry["sources"] == sources
        ]
        return (*named, *sent)

    def lay(self, corpus: Corpus) -> Corpus:
        """The corpus with the hypotheses of all its files that are joined by now; the others are begun."""
        if not corpus.complete or not (attached := self.attached(corpus)):
            return corpus
        outputs = [self._output(corpus, one) for one in attached]
        ready: list[tuple[Path, JoinReport]] = []
        for one, output in zip(attached, outputs, strict=True):
            outcome = self._outcome(output)
            if outcome is None:
                self._begin(corpus, one, output)
            elif isinstance(outcome, JoinReport):
                ready.append((output, outcome))
        key = corpus.key + "".join(map(str, (output for output, _ in ready)))
        with self._lock:
            remembered = self._laid.get(corpus.name)
            if remembered is not None and remembered[0] == key:
                return remembered[1]
            laid = corpus
            for output, report in ready:
                laid = laid.laid(overlay(corpus, output, report))
            self._laid[corpus.name] = key, laid
        return laid

    def states(self, corpus: Corpus) -> tuple[State, ...]:
        """How far each file of the corpus is."""
        found = []
        for one in self.attached(corpus):
            outcome = self._outcome(self._output(corpus, one))
            if isinstance(outcome, JoinReport):
                found.append(State(attached=one, report=renamed(outcome, one.shown)))
            else:
                with self._lock:
                    work = self._going.get(self._output(corpus, one))
                found.append(State(attached=one, failure=outcome or "", progress=work.told if work else ""))
        return tuple(found)

    def pending(self, corpus: Corpus) -> bool:
        """Whether files of the corpus are still being joined."""
        return corpus.complete and any(s.report is None and not s.failure for s in self.states(corpus))

    def revision(self, corpus: Corpus) -> str:
        """Changes whenever a file is added, removed, changed or joined."""
        if not corpus.complete:
            return ""
        outputs = [self._output(corpus, one) for one in self.attached(corpus)]
        return _hash("\0".join(f"{output} {self._outcome(output) is None}" for output in outputs))

    def add(self, corpus: Corpus, *, system: str, name: str, content: bytes, join_on: str | None) -> JoinReport | None:
        """Join what a browser sent with the corpus as it is now, and keep it.

        What takes longer than PATIENCE goes on in the background, with progress in ``states``: then there is no
        report yet. ``remove`` ends it.

        Raises:
            PredictionError: the name cannot name a system or is taken, the file cannot be read, or nothing fits.
        """
        shown = Path(name.replace("\\", "/")).name[:200]
        ending = Path(shown).suffix.lower()
        if not SYSTEM_NAME.fullmatch(system):
            raise PredictionError(f'"{system[:80]}" cannot name a system: use up to 64 letters, digits, "_", "-", "."')
        if ending not in UPLOADED:
            raise PredictionError(f'"{shown}" does not end in one of {", ".join(UPLOADED)}')
        kept = f"{uuid.uuid4().hex}{ending}"
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / kept
        one = Attached(system=system, file=file, shown=shown, join_on=join_on, origin="upload")
        file.write_bytes(content)
        output = self._output(corpus, one)
        self._begin(corpus, one, output).ended.wait(PATIENCE)
        outcome = self._outcome(output)
        entry = {"sources": [str(path) for path in corpus.sources], "system": system, "file": kept}
        with self._lock:
            if any(other.system == system for other in self.attached(corpus)):
                outcome = f'there are predictions of "{system}" already; remove them first'
            if not isinstance(outcome, str):
                self._write_index([*self._index(), {**entry, "shown": shown, "join_on": join_on}])
                return None if outcome is None else renamed(outcome, shown)
            self._stop(output)
        file.unlink(missing_ok=True)
        raise PredictionError(outcome)

    def remove(self, corpus: Corpus, system: str) -> None:
        """Forget a file that a browser sent, and delete it.

        Raises:
            PredictionError: the corpus has no such file, or the configuration names it.
        """
        sources = [str(path) for path in corpus.sources]
        with self._lock:
            index = self._index()
            gone = [entry for entry in index if entry["sources"] == sources and entry["system"] == system]
            if not gone:
                raise PredictionError(f'no predictions of "{system}" were added here; the configuration may name them')
            for one in self.attached(corpus):
                if one.system == system and one.origin == "upload":
                    self._stop(self._output(corpus, one))
            self._write_index([entry for entry in index if entry not in gone])
        for entry in gone:
            (self._folder / entry["file"]).unlink(missing_ok=True)

    def _begin(self, corpus: Corpus, one: Attached, output: Path) -> _Work:
        """Join in a thread of its own, unless that goes on already."""
        with self._lock:
            work = self._going.get(output)
            if work is None:
                work = self._going[output] = _Work()
                threading.Thread(target=self._join, args=(corpus, one, output, work), daemon=True).start()
        return work

    def _stop(self, output: Path) -> None:
        """End a join that goes on, and forget how one has ended."""
        self._done.pop(output, None)
        work = self._going.pop(output, None)
        if work is not None:
            work.stopped.set()

    def _join(self, corpus: Corpus, one: Attached, output: Path, work: _Work) -> None:
        outcome: JoinReport | str = ""
        try:
            outcome = join(corpus, one.file, system=one.system, join_on=one.join_on, output=output, tell=work.tell)
        except _Stopped:
            pass
        except (SpeechDataError, OSError) as error:
            outcome = str(error).replace(str(one.file), one.shown).replace(one.file.name, one.shown)
        finally:
            with self._lock:
                if self._going.get(output) is work:
                    self._done[output] = outcome or "the join ended without a result; look at the server's log"
                    del self._going[output]
            work.ended.set()

    def _outcome(self, output: Path) -> JoinReport | str | None:
        """The report or the failure of a join; None while there is neither."""
        with self._lock:
            if output in self._done:
                return self._done[output]
        if not (output.exists() and report_path(output).exists()):
            return None
        report = JoinReport.read(report_path(output).read_text(encoding="utf-8", errors="surrogatepass"))
        with self._lock:
            return self._done.setdefault(output, report)

    def _output(self, corpus: Corpus, one: Attached) -> Path:
        return output_path(self._cache, corpus, one)

    def _index(self) -> list[dict[str, Any]]:
        try:
            return list(json.loads((self._folder / INDEX).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self._folder / INDEX} cannot be read: {error}; move it away to start anew") from error

    def _write_index(self, entries: list[dict[str, Any]]) -> None:
        building = self._folder / f"{INDEX}.{uuid.uuid4().hex[:8]}"
        building.write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
        building.replace(self._folder / INDEX)


def output_path(cache: Path, corpus: Corpus, one: Attached) -> Path:
    """Where the overlay of a file is: another place for another version of the file or the corpus."""
    try:
        status = one.file.stat()
        version = f"{status.st_size} {status.st_mtime_ns}"
    except OSError:
        version = "gone"
    return cache / f"{_hash(f'{WRITTEN} {corpus.content_key} {corpus.tables.measured} {one} {version}')}.parquet"


def named_files(words: list[str]) -> dict[str, Path]:
    """The files of ``--predictions NAME=FILE`` words by the names of their systems.

    Raises:
        ConfigError: a word is not of that form, or a name is given twice.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, separator, file = word.partition("=")
        if not separator or not file or not SYSTEM_NAME.fullmatch(name):
            raise ConfigError(f'--predictions "{word}" is not of the form NAME=FILE, such as large=large.jsonl')
        if name in found:
            raise ConfigError(f'--predictions names "{name}" twice')
        found[name] = Path(file).expanduser().absolute()
    return found


def with_predictions(
    corpus: Corpus, files: Mapping[str, Path], *, join_on: str | None, cache: Path
) -> tuple[Corpus, tuple[JoinReport, ...]]:
    """The corpus with the hypotheses of these files, joined now, and what became of them; for the command line.

    Raises:
        PredictionError, ManifestError: a file cannot be joined.
    """
    laid, reports = corpus, []
    for system, path in files.items():
        one = Attached(system=system, file=path, shown=path.name, join_on=join_on, origin="configuration")
        output = output_path(cache, corpus, one)
        report = join(laid, path, system=system, join_on=join_on, output=output)
        laid = laid.laid(overlay(corpus, output, report))
        reports.append(report)
    return laid, tuple(reports)


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
