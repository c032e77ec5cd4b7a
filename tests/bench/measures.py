"""How fast sound is measured: one process on one core, WAV and FLAC, by detector; then the whole job on all cores.

Files of 2 to 15 s at 16 kHz with speech-like envelopes; times are processor seconds of the measuring itself, the
imports of its processes not counted, and wall seconds of a job from its start to its end, everything counted.

    python -m tests.bench.measures [FOLDER]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from evaluator.detectors import load_detector
from evaluator.measuring.measurement import MeasureOptions, measure
from evaluator.measuring.measuring_process import measure_sound
from evaluator.runs.run_store import RunStore
from tests.bench.transcription import Silent
from tests.evaluator.tones import write_input
from tests.explorer.sounds import voice

RATE = 16_000
FORMATS = (("wav", "PCM_16"), ("flac", "PCM_16"))
DETECTORS = (None, "energy", "silero")
AIM = 300


def measure_all(folder: Path, say: Callable[[str], None] = print, *, utterances: int = 200) -> None:
    """Print seconds of sound for each second of processor, by format and detector; then a job, then an hour."""
    say(f"Sound measured in one second of one core (aim: {AIM} x real time for 16 kHz wav and flac)")
    for extension, subtype in FORMATS:
        files = _files(folder, extension, subtype, utterances)
        sound = sum(seconds for _, seconds in files)
        for name in DETECTORS:
            detector = None if name is None else load_detector(name)
            measure_sound(files[0][0], detector=detector)  # imports and memory
            before = time.process_time()
            for path, seconds in files:
                measure_sound(path, duration=seconds, detector=detector)
            spent = time.process_time() - before
            say(f"  {extension:5} speech by {name or 'nobody':7} {sound / spent:8,.0f} x")
    files = _files(folder, "flac", "PCM_16", utterances)
    _job(folder, files, say)
    _hour(folder, say)


def _files(folder: Path, extension: str, subtype: str, count: int) -> list[tuple[Path, float]]:
    random = np.random.default_rng(7)
    files = []
    for number, seconds in enumerate(np.clip(random.gamma(3.0, 2.0, count), 2.0, 15.0).round(2)):
        path = folder / f"measured-{number:04}.{extension}"
        if not path.exists():
            sound = voice(float(seconds), seed=number) + 0.001 * random.standard_normal(round(seconds * RATE))
            soundfile.write(path, sound, RATE, subtype=subtype)
        files.append((path, float(seconds)))
    return files


def _job(folder: Path, files: list[tuple[Path, float]], say: Callable[[str], None]) -> None:
    """A run over the files ten times, as cuts that differ by a millisecond, so that nothing is known before."""
    rows = [(f"u{turn}-{path.stem}", path, seconds - turn / 1000) for turn in range(10) for path, seconds in files]
    sound = sum(seconds for *_, seconds in rows)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        runs = RunStore(Path(work))
        for known in (False, True):
            run = runs.create(
                kind="measure", system="signal", corpus="b", sources=(), roots=(folder.resolve(),), settings={}
            )
            write_input(run, rows)
            earlier = runs.measured(run)
            before = time.perf_counter()
            outcome = measure(run, options=MeasureOptions(), monitor=Silent(), earlier=earlier)
            spent = time.perf_counter() - before
            run.describe({"ended": "now"})
            if outcome.totals.failures:
                raise RuntimeError(f"{outcome.totals.failures} sounds could not be measured")
            kind = "again, nothing changed" if known else f"{os.cpu_count()} processes"
            say(f"  job: {len(rows):,} flac, {sound / 3600:.1f} h, {kind:24} {spent:6.1f} s {sound / spent:8,.0f} x")


def _hour(folder: Path, say: Callable[[str], None]) -> None:
    path = folder / "hour.flac"
    if not path.exists():
        with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as out:
            for _ in range(120):
                out.write(voice(30.0, seed=0))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = time.perf_counter()
    measure_sound(path, detector=load_detector("energy"))
    spent = time.perf_counter() - before
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    say(f"  one hour in one flac: {spent:.1f} s, at most {more:.0f} MB more memory")


def main() -> None:
    """Measure in the folder of the command line, or in a temporary one."""
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else fresh)
        folder.mkdir(parents=True, exist_ok=True)
        measure_all(folder)


if __name__ == "__main__":
    main()
