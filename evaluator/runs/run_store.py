"""Runs: one folder for everything one system said about one corpus, kept for good and never rewritten.

    <id>/run.yaml             what was run: system, model and its hash, versions, device, options, corpus
    <id>/utterances.parquet   the input: id, row, path, offset, duration
    <id>/hypotheses.jsonl     transcribe: {"id", "text", "words": [[word, start, end]], "seconds", "wall"}
    <id>/segments.jsonl       detect: {"id", "segments": [[start, end, label]], "seconds", "wall"}
    <id>/measures.jsonl       measure: see measurement.py
    <id>/syntheses.jsonl      synthesize: see synthesis.py, which has another input, too
                              all: {"id", "error"} for an utterance that failed

The journals, the files that only grow, are in journal.py.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from evaluator.jobs.locks import exclusively
from evaluator.runs.journal import line_of
from explorer.errors import RunError
from explorer.segments import Segment

JOURNALS: Mapping[str, str] = {
    "transcribe": "hypotheses.jsonl",
    "detect": "segments.jsonl",
    "measure": "measures.jsonl",
    "synthesize": "syntheses.jsonl",
}
SYSTEM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run folder. ``settings`` is the whole run.yaml; ``sources`` say which corpus it belongs to."""

    id: str
    folder: Path
    kind: str
    system: str
    corpus: str
    sources: tuple[str, ...]
    created: str
    settings: Mapping[str, Any]

    @property
    def journal(self) -> Path:
        """The append-only file of results."""
        return self.folder / JOURNALS[self.kind]

    @property
    def input(self) -> Path:
        """The utterances it is about."""
        return self.folder / "utterances.parquet"

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders its audio may be read from."""
        return tuple(Path(root) for root in self.settings["corpus"].get("roots", ()))

    @property
    def ended(self) -> bool:
        """Whether it was worked through to the end."""
        return "ended" in self.settings

    def describe(self, more: Mapping[str, Any]) -> Run:
        """The run with more said about it in run.yaml (written beside and moved, so never half there)."""
        _write_yaml(self.folder / "run.yaml", {**self.settings, **more})
        return read_run(self.folder)


class RunStore:
    """The runs of a workspace, one folder each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._place = folder.absolute()

    def create(
        self,
        *,
        kind: str,
        system: str,
        corpus: str,
        sources: Sequence[Path],
        roots: Sequence[Path],
        settings: Mapping[str, Any],
    ) -> Run:
        """A new run folder without input and results.

        Raises:
            RunError: the kind is unknown, or the system's name cannot name a column and a folder.
        """
        if kind not in JOURNALS:
            raise RunError(f'There is no kind of run "{kind}"; known are: {", ".join(JOURNALS)}.')
        if not SYSTEM_NAME.fullmatch(system):
            raise RunError(
                f'"{system}" cannot name a system: use up to 64 letters, digits, "_", "-" or ".", beginning with a'
                " letter or digit."
            )
        now = datetime.now(UTC)
        folder = self.folder / f"{now:%Y%m%d-%H%M%S}-{system}-{secrets.token_hex(3)}"
        folder.mkdir()
        facts = {
            "kind": kind,
            "system": system,
            "corpus": {
                "name": corpus,
                "sources": [str(source) for source in sources],
                "roots": [str(root) for root in roots],
            },
            "created": now.isoformat(timespec="milliseconds"),
        }
        _write_yaml(folder / "run.yaml", {**facts, **settings})
        return read_run(folder)

    def discard(self, run_id: str) -> Path:
        """Move a run to the folder ``trash`` beside the runs, and return where it is now: nothing is erased.

        Raises:
            RunError: there is no such run, somebody works on it, or it cannot be moved.
        """
        if not _RUN_ID.fullmatch(run_id) or not (self.folder / run_id).is_dir():
            raise RunError(f'There is no run "{run_id}"; it may have been deleted already.')
        run = self.folder / run_id
        trash = self.folder.parent / "trash"
        try:
            trash.mkdir(exist_ok=True)
            for name in JOURNALS.values():
                if (run / name).exists():
                    with (run / name).open("ab") as journal:
                        if not exclusively(journal):
                            raise RunError(f"Somebody is working on the run {run_id}; cancel its job first.")
            return run.rename(trash / run_id)
        except OSError as error:
            raise RunError(f"The run {run_id} cannot be moved to {trash} ({error.strerror or error}).") from error

    def all(self) -> list[Run]:
        """All readable runs, oldest first; a damaged folder is left out (``get`` says what is wrong with it)."""
        runs = []
        for folder in sorted(self.folder.iterdir()):
            if not _RUN_ID.fullmatch(folder.name):
                continue
            try:
                runs.append(read_run(folder))
            except RunError:
                continue
        return sorted(runs, key=lambda run: (run.created, run.id))

    def get(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            RunError: there is none, or its run.yaml is damaged.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise RunError(f'"{run_id}" is not the id of a run.')
        return read_run(self.folder / run_id)

    def of(self, sources: Sequence[Path], *, kind: str) -> list[Run]:
        """The runs of one kind that belong to the corpus made of these sources, oldest first.

        Sources that are runs' own results (synthesized sounds) come and go, and change no utterance of the others.
        """
        wanted = tuple(map(str, self.without_runs(sources)))
        return [r for r in self.all() if r.kind == kind and tuple(map(str, self.without_runs(r.sources))) == wanted]

    def without_runs(self, sources: Sequence[Path | str]) -> tuple[Path, ...]:
        """The sources that are no results of runs of this workspace."""
        return tuple(path for path in map(Path, sources) if not path.is_relative_to(self._place))

    def words(self, sources: Sequence[Path], utterance_id: str) -> dict[str, tuple[Segment, ...]]:
        """The words with their times that each system last heard in one utterance, of systems that told times."""
        found: dict[str, tuple[Segment, ...]] = {}
        seen: set[str] = set()
        for run in reversed(self.of(sources, kind="transcribe")):
            if run.system in seen:
                continue
            if not run.settings.get("recognizer", {}).get("word_times", True):  # its journal need not be read
                seen.add(run.system)
                continue
            line = line_of(run.journal, utterance_id)
            if line is None or "text" not in line:
                continue
            seen.add(run.system)
            if line.get("words"):
                found[run.system] = tuple(sorted(Segment(start, end, word) for word, start, end in line["words"]))
        return found

    def measured(self, apart: Run) -> list[Run]:
        """All other runs that measured sound to the end, oldest first: what they know of a file holds in any corpus."""
        return [run for run in self.all() if run.kind == "measure" and run.ended and run.id != apart.id]

    def segments(self, sources: Sequence[Path], utterance_id: str) -> tuple[Segment, ...] | None:
        """Speech in one utterance as the newest detection saw it; None when nobody looked yet."""
        for run in reversed(self.of(sources, kind="detect")):
            line = line_of(run.journal, utterance_id)
            if line is not None and "segments" in line:
                return tuple(Segment(start, end, label) for start, end, label in line["segments"])
        return None


def read_run(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: there is no readable run.yaml in it.
    """
    path = folder / "run.yaml"
    try:
        status = path.stat()
    except OSError as error:
        raise RunError(f"There is no run in {folder}: {path.name} is missing.") from error
    return _read_run(folder, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _read_run(folder: Path, _mtime_ns: int, _size: int) -> Run:
    path = folder / "run.yaml"
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Run(
            id=folder.name,
            folder=folder,
            kind=_known(settings["kind"]),
            system=str(settings["system"]),
            corpus=str(settings["corpus"]["name"]),
            sources=tuple(str(source) for source in settings["corpus"]["sources"]),
            created=str(settings["created"]),
            settings=settings,
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise RunError(
            f"{path} is damaged ({type(error).__name__}: {error}); delete the folder to forget the run."
        ) from error


def _known(kind: Any) -> str:
    if kind not in JOURNALS:
        raise KeyError(f"kind {kind!r}")
    return str(kind)


def _write_yaml(path: Path, settings: Mapping[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        yaml.safe_dump(dict(settings), file, sort_keys=False, allow_unicode=True)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
