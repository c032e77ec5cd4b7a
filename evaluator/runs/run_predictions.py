"""Run folders as files of predictions: what a run of this or another workspace heard, joined like any other file.

A run folder has the sound, offset and duration of every utterance and, in its journal, what was heard. Together they
are a NeMo manifest with ``pred_text`` and ``time``, the seconds it took, written to a cache folder under the version of
the run, so that it is joined by sound and time with any corpus that has the same recordings.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet

from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import read_run
from explorer.errors import PredictionError

WRITTEN = "with times"
"""What is written: another word when that changes, so that nothing from before is taken for it."""


def as_predictions(path: Path, cache: Path) -> Path:
    """The file of predictions that a path means: the manifest made of a run folder, or the path itself.

    Raises:
        PredictionError: it is a run, but not one that transcribed, or it has heard nothing.
        RunError: its run.yaml is damaged.
    """
    if not (path / "run.yaml").is_file():
        return path
    run = read_run(path)
    if run.kind != "transcribe":
        raise PredictionError(f"{path} is a run that did not transcribe ({run.kind}); it has no predictions")
    versions = [str(path), WRITTEN]
    for file in (run.input, run.journal):
        if not file.is_file():
            raise PredictionError(f"{path} is a run that has heard nothing: {file.name} is not there")
        versions.append(f"{file.stat().st_size} {file.stat().st_mtime_ns}")
    made = cache / f"{blake2b(chr(0).join(versions).encode(), digest_size=12).hexdigest()}-{run.system}.jsonl"
    if not made.exists():
        _write(made, _rows(run.input), {line["id"]: line for line in read_journal(run.journal) if "text" in line})
    return made


def _rows(path: Path) -> list[dict[str, object]]:
    return list(pyarrow.parquet.read_table(path, columns=["id", "path", "offset", "duration"]).to_pylist())


def _write(made: Path, rows: list[dict[str, object]], heard: Mapping[str, Mapping[str, Any]]) -> None:
    made.parent.mkdir(parents=True, exist_ok=True)
    building = made.with_name(f"{made.name}.{uuid.uuid4().hex[:8]}")
    with building.open("wb") as stream:
        for row in rows:
            line = {"audio_filepath": row["path"], "offset": row["offset"] or 0.0}
            line |= {} if row["duration"] is None else {"duration": row["duration"]}
            found = heard.get(str(row["id"]))
            line |= {} if found is None else {"pred_text": found["text"]}
            line |= {"time": found["wall"]} if found is not None and "wall" in found else {}
            stream.write(orjson.dumps(line) + b"\n")
    building.replace(made)
