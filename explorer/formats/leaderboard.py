"""Results of the Open ASR Leaderboard: JSON lines with audio_filepath (often just ``sample_12``), duration, time, text
and pred_text, in files called ``MODEL_<organisation-model>_DATASET_<path>_<name>_<split>.jsonl``.

Read as a NeMo manifest, which it is, with the hypothesis named after the model of the file's name; ``time`` is the
seconds that transcribing took, so the speed (RTFx) is the sum of duration over the sum of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from explorer.formats import Batch, Reading, nemo
from explorer.formats.nemo import FIXED_FIELDS, PREDICTION, files, prediction_field, role

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

NAME = re.compile(r"MODEL_(?P<model>.+?)_DATASET_.+\.jsonl?(\.gz)?", re.DOTALL)


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the file is called as such results are, and has a manifest's lines."""
    return NAME.fullmatch(path.name) is not None and nemo.recognizes(path, start)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows, the hypothesis as that of the model.

    Raises:
        ManifestError: the file cannot be read or is not one JSON object per line at all.
    """
    named = NAME.fullmatch(path.name)
    system = prediction_field(named["model"]) if named else PREDICTION
    for batch in nemo.read(path, reading):
        fields = {system if name == PREDICTION else name: values for name, values in batch.fields.items()}
        order = tuple(system if name == PREDICTION else name for name in batch.order)
        yield replace(batch, fields=fields, order=order)
