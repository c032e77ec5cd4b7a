"""What the commands that work through a run share: the check of their output, progress lines, the list of failures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from evaluator.jobs.job_table import Progress
from evaluator.runs.run_store import Run, RunStore
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError
from explorer.formatting import hours

_LISTED = 20  # failures printed; all are in the run folder
_EVERY = 0.5  # s between progress lines


def check_output(output: Path, corpus: Corpus) -> None:
    """Say before hours of work that the output cannot be written."""
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it, or write {output.name} elsewhere.")
    if output.resolve() in {source.resolve() for source in corpus.sources}:
        raise ConfigError(f"{output} is the manifest that is read; give another name with -o.")


class OnlyRun(RunStore):
    """A view of a workspace that holds one command's runs: its output has their texts, not those of earlier ones."""

    def __init__(self, folder: Path, *runs: Run) -> None:
        super().__init__(folder)
        self._runs = runs

    def all(self) -> list[Run]:
        """The runs of this command."""
        return list(self._runs)


class Lines:
    """A Monitor that writes progress to a terminal, one line that changes, or now and then a line to a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._last = 0.0

    def report(self, progress: Progress) -> bool:
        """Write how far it is; never asks to stop."""
        now = time.monotonic()
        if now - self._last >= (_EVERY if self._terminal else 20 * _EVERY):
            self._last = now
            self._write(_sentence(progress), end="\r" if self._terminal else "\n")
        return False

    def finish(self, sentence: str) -> None:
        """Write the last line."""
        self._write(sentence, end="\n")

    def _write(self, text: str, *, end: str) -> None:
        print(f"\x1b[2K{text}" if self._terminal else text, end=end, file=self._stream, flush=True)


def _sentence(progress: Progress) -> str:
    parts = [f"{progress.done:,}/{progress.total:,} utterances", hours(progress.audio_done / 3600)]
    if progress.rtfx is not None:
        parts.append(f"RTFx {progress.rtfx:.1f}")
    if progress.left_seconds is not None:
        parts.append(f"{progress.left_seconds:,.0f} s left")
    if progress.failures:
        parts.append(f"{progress.failures:,} failed")
    return ", ".join(parts)


def list_failures(corpus: Corpus, failed: Mapping[str, str], run: Run) -> None:
    """Print the first failures with the lines of the manifest, and where all of them are."""
    for utterance, sentence in list(failed.items())[:_LISTED]:
        place = corpus.utterance(utterance)
        print(f"failed: {place.source}:{place.line}: {sentence}", file=sys.stderr)
    if len(failed) > _LISTED:
        print(f"... and {len(failed) - _LISTED:,} more; all are in {run.journal}", file=sys.stderr)
