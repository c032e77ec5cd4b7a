"""Throughput of our job path against NeMo's own ``transcribe`` on the same files, model, machine and batch size.

    python -m tests.bench.transcription [--model X.nemo] [--utterances 300] [--rounds 5] [--device cpu]

Both read FLAC files of 1 to 15 s; ours also resamples, journals every batch with a sync, and reports progress. Each is
warmed up once, then they take turns; the medians of the rounds are compared. On a busy machine the processor's seconds
say more than the wall's.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile

from evaluator.engines import Recognizer, load_recognizer
from evaluator.jobs.job_table import Progress
from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import RunStore
from evaluator.transcribing.transcription import Options, transcribe
from tests.evaluator.tones import write_input

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = 16000
Sound: TypeAlias = tuple[str, Path, float]


class Silent:
    """A Monitor that never stops anything."""

    def report(self, progress: Progress) -> bool:
        return False


def write_files(folder: Path, count: int) -> list[Sound]:
    """Noise with the loudness of speech, as FLAC; lengths as in read speech, in no order."""
    random = np.random.default_rng(20261121)
    files = []
    for number, seconds in enumerate(np.clip(random.gamma(3.0, 2.0, count), 1.0, 15.0)):
        envelope = np.repeat(random.uniform(0.0, 0.2, int(seconds * 5) + 1), RATE // 5)[: int(seconds * RATE)]
        path = folder / f"{number:04}.flac"
        soundfile.write(path, envelope * random.normal(0, 1, len(envelope)), RATE)
        files.append((f"u{number:04}", path, len(envelope) / RATE))
    return files


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(
    folder: Path,
    say: Callable[[str], None] = print,
    *,
    model: Path | None = None,
    utterances: int = 300,
    rounds: int = 5,
    batch_size: int = 32,
    device: str = "auto",
) -> None:
    """Print both throughputs and their ratio, without and with word times; files are made below ``folder``.

    ``model`` is the best checkpoint of the demo unless another is named.
    """
    chosen = model or sorted((ROOT / "configs" / "demo").glob("*.nemo"))[-1]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        files = write_files(work, utterances)
        audio = sum(seconds for _, _, seconds in files)
        say(f"{len(files)} files, {audio / 60:.1f} min, {chosen.name}, batch of {batch_size}, {device}")
        for timestamps in (False, True):
            recognizer = load_recognizer("nemo", str(chosen), device=device, timestamps=timestamps)
            theirs = load_recognizer("nemo", str(chosen), device=device, timestamps=False)._model  # type: ignore[attr-defined]
            ours_once = partial(_ours, recognizer, work, files, batch_size)
            theirs_once = partial(_theirs, theirs, files, batch_size, timestamps=timestamps)
            ours_once()
            theirs_once()
            turns = [(timed(theirs_once), timed(ours_once)) for _ in range(rounds)]
            for number, unit in enumerate(("wall", "processor")):
                nemo = statistics.median(theirs_took[number] for theirs_took, _ in turns)
                earmark = statistics.median(ours_took[number] for _, ours_took in turns)
                say(
                    f"  word times {'on ' if timestamps else 'off'}, {unit:>9}: NeMo {nemo:6.2f} s "
                    f"(RTFx {audio / nemo:7.1f}), Earmark {earmark:6.2f} s (RTFx {audio / earmark:7.1f}), "
                    f"ratio {nemo / earmark:.2f}"
                )


def _ours(recognizer: Recognizer, folder: Path, files: Sequence[Sound], batch_size: int) -> None:
    runs = RunStore(folder / "runs")
    run = runs.create(kind="transcribe", system="b", corpus="b", sources=(), roots=(folder,), settings={})
    write_input(run, files)
    options = Options(batch_size=batch_size, batch_seconds=36000)
    transcribe(run, recognizer, options=options, monitor=Silent())
    assert sum("text" in line for line in read_journal(run.journal)) == len(files)


def _theirs(model: Any, files: Sequence[Sound], batch_size: int, *, timestamps: bool) -> None:
    paths = [str(path) for _, path, _ in files]
    said = model.transcribe(paths, batch_size=batch_size, verbose=False, timestamps=timestamps or None)
    assert len(said) == len(files)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--utterances", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--device", default="auto")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), **vars(parser.parse_args()))


if __name__ == "__main__":
    main()
