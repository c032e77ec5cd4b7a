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
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from evaluator.engines import load_recognizer
from evaluator.jobs import Progress
from evaluator.runs import RunStore, read_journal
from evaluator.transcription import Options, transcribe
from tests.evaluator.tones import write_input

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = 16000


class Silent:
    """A Monitor that never stops anything."""

    def report(self, progress: Progress) -> bool:
        return False


def write_files(folder: Path, count: int) -> list[tuple[str, Path, float]]:
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


def main() -> None:
    demo = sorted((ROOT / "configs" / "demo").glob("*.nemo"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=demo[-1] if demo else None)
    parser.add_argument("--utterances", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--device", default="auto")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = chosen.model
        if model is None:
            from tests.evaluator.nemo_models import ctc_characters

            model = ctc_characters(folder / "random.nemo")
        files = write_files(folder, chosen.utterances)
        audio = sum(seconds for _, _, seconds in files)
        runs = RunStore(folder / "runs")
        options = Options(batch_size=chosen.batch_size, batch_seconds=36000)
        paths = [str(path) for _, path, _ in files]
        print(
            f"{len(files)} files, {audio / 60:.1f} min, {model.name}, batch of {chosen.batch_size}, {chosen.device}",
            flush=True,
        )
        for timestamps in (False, True):
            recognizer = load_recognizer("nemo", str(model), device=chosen.device, timestamps=timestamps)
            theirs = load_recognizer("nemo", str(model), device=chosen.device, timestamps=False)._model  # type: ignore[attr-defined]

            def ours_once(recognizer: object = recognizer) -> None:
                run = runs.create(kind="transcribe", system="b", corpus="b", sources=(), roots=(folder,), settings={})
                write_input(run, files)
                transcribe(run, recognizer, options=options, monitor=Silent())  # type: ignore[arg-type]
                assert sum("text" in line for line in read_journal(run.journal)) == len(files)

            def theirs_once(model: object = theirs, timestamps: bool = timestamps) -> None:
                said = model.transcribe(  # type: ignore[attr-defined]
                    paths, batch_size=chosen.batch_size, verbose=False, timestamps=timestamps or None
                )
                assert len(said) == len(files)

            ours_once()
            theirs_once()
            turns = [(timed(theirs_once), timed(ours_once)) for _ in range(chosen.rounds)]
            for number, unit in enumerate(("wall", "processor")):
                nemo = statistics.median(theirs_took[number] for theirs_took, _ in turns)
                earmark = statistics.median(ours_took[number] for _, ours_took in turns)
                print(
                    f"word times {'on ' if timestamps else 'off'}, {unit:>9}: NeMo {nemo:6.2f} s "
                    f"(RTFx {audio / nemo:7.1f}), Earmark {earmark:6.2f} s (RTFx {audio / earmark:7.1f}), "
                    f"ratio {nemo / earmark:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
