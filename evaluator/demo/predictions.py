"""Real predictions for the demo's manifests: every recognizer transcribes through the product's own driver.

``python -m evaluator.demo FOLDER ENGINE`` does it in a process of its own, so that torch and the models leave memory
again. Results are kept in a run folder per manifest and system, whose journal survives an interruption, and are written
into the manifest as ``pred_text_<system>`` when complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.demo.corpora import Row, write_manifest
from evaluator.jobs.job_table import Progress
from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import Run, RunStore

CHECKPOINTS = Path(__file__).resolve().parents[2] / "configs" / "demo"
RUNS = "predictions"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSystem:
    """A recognizer of the demo, and of which manifests (by stem) it transcribes every how-manieth row.

    Longer audio is cut at pauses into chunks of ``chunk_seconds``.
    """

    name: str
    engine: str
    model: str | None
    manifests: Mapping[str, int]
    chunk_seconds: float = 20.0

    @property
    def field(self) -> str:
        """The manifest field of its predictions."""
        return f"pred_text_{self.name}"


NEMO_MANIFESTS = {"commands": 1, "sentences": 1, "long": 1}
# Whisper works 30 s at a time, however short the row is: every tenth command and every second sentence keep the demo
# within its five minutes.
WHISPER_MANIFESTS = {"commands": 10, "sentences": 2, "long": 1, "tts": 1}
SYSTEMS = (
    DemoSystem(name="tiny-e1", engine="nemo", model="tiny-e1.nemo", manifests=NEMO_MANIFESTS),
    DemoSystem(name="tiny-e2", engine="nemo", model="tiny-e2.nemo", manifests=NEMO_MANIFESTS),
    DemoSystem(name="tiny-e4", engine="nemo", model="tiny-e4.nemo", manifests=NEMO_MANIFESTS),
    DemoSystem(name="whisper", engine="whisper", model=None, manifests=WHISPER_MANIFESTS, chunk_seconds=30.0),
)


def missing(folder: Path, engine: str) -> list[tuple[DemoSystem, Path]]:
    """The systems of an engine with the manifests that lack their predictions."""
    return [
        (system, path)
        for system in SYSTEMS
        if system.engine == engine
        for path in (folder / f"{stem}.json" for stem in system.manifests)
        if path.exists() and not any(system.field in row for row in read_rows(path))
    ]


def predict(folder: Path, engine: str, say: Callable[[str], None]) -> None:
    """Add the predictions of an engine's systems to the manifests in the demo's folder, as far as they lack them.

    Raises:
        SpeechDataError: a recognizer cannot be loaded, or fails whatever it is given.
    """
    from evaluator.detectors import load_detector
    from evaluator.engines import load_recognizer
    from evaluator.transcribing.transcription import Options, transcribe

    store = RunStore(folder / RUNS)
    detector = load_detector("silero")
    work = missing(folder, engine)
    for system in {system.name: system for system, _ in work}.values():
        model = str(CHECKPOINTS / system.model) if system.model else None
        recognizer = load_recognizer(engine, model, device="cpu", timestamps=False)
        for path in (path for other, path in work if other == system):
            run = _run(store, system, path)
            outcome = transcribe(
                run,
                recognizer,
                detector=detector,
                options=Options(vad="chunk", chunk_seconds=system.chunk_seconds),
                monitor=Lines(f"{system.name} transcribes {path.stem}", say),
                retry="failures",
            )
            if not outcome.stopped:
                _lay_down(run, system, path)
        recognizer.close()


class Lines:
    """A monitor that says how far the run is, at most once for every tenth of it."""

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        self._what = what
        self._say = say
        self._said = -1

    def report(self, progress: Progress) -> bool:
        """Say it; never stop."""
        tenth = 10 * progress.done // max(1, progress.total)
        if tenth > self._said:
            self._said = tenth
            self._say(f"{self._what}: {progress.done} of {progress.total}")
        return False


def read_rows(path: Path) -> list[Row]:
    """The rows of a manifest of ours."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _run(store: RunStore, system: DemoSystem, manifest: Path) -> Run:
    """The run of a system over a manifest, as it was left or new; utterances are numbered by their row."""
    for run in store.of([manifest], kind="transcribe"):
        if run.system == system.name:
            return run
    rows = read_rows(manifest)
    numbers = list(range(0, len(rows), system.manifests[manifest.stem]))
    table = pa.table(
        {
            "id": [str(number) for number in numbers],
            "row": pa.array(numbers, pa.int32()),
            "path": [str(manifest.parent / rows[number]["audio_filepath"]) for number in numbers],
            "offset": pa.array([rows[number].get("offset", 0.0) for number in numbers], pa.float64()),
            "duration": pa.array([rows[number]["duration"] for number in numbers], pa.float64()),
        }
    )
    settings: dict[str, Any] = {"engine": system.engine, "model": system.model}
    run = store.create(
        kind="transcribe",
        system=system.name,
        corpus=manifest.stem,
        sources=[manifest],
        roots=[manifest.parent.resolve()],
        settings=settings,
    )
    pq.write_table(table, run.input)
    return run


def _lay_down(run: Run, system: DemoSystem, manifest: Path) -> None:
    texts = {int(line["id"]): line["text"] for line in read_journal(run.journal) if "text" in line}
    rows = read_rows(manifest)
    write_manifest(
        manifest,
        [{**row, system.field: texts[number]} if number in texts else row for number, row in enumerate(rows)],
    )
