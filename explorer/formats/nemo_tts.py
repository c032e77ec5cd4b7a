"""Results of speech synthesis as NeMo writes them: a line names a reading, its recording and the voice it follows.

    pred_audio_filepath      a reading by the system                 -> an utterance
    gt_audio_filepath        the same text by the human speaker      -> an utterance, stimulus_role "reference"
    context_audio_filepath   the recording whose voice is imitated   -> an utterance, stimulus_role "context"
    gt_text, else text       what is read                            -> reference
    pred_text                what a recognizer heard of the reading  -> hypothesis of "pred_text"
    gt_audio_text            what it heard of the recording          -> hypothesis of "pred_text", of that utterance
    cer, wer, utmosv2, ...   anything else                           -> a column, with a value for the reading

The column ``system`` is the line's own ``system``, else its ``model``, else the name of the file, or of its folder when
the file has a general name. A null ``pred_audio_filepath`` is a reading that is missing. A recording that several lines
or manifests name is one utterance, under the text of the first line; ``context_audio_filepath`` stays a column.

Source of the fields: the script ``evaluate_generated_audio.py`` in NVIDIA NeMo.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, nemo
from explorer.formats.lines import blocks, expect_objects, sniff
from explorer.formats.nemo import files, role
from explorer.formats.rows import Fault, Rows, assembled, shown
from explorer.records import Problem

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

FIXED_FIELDS = {"audio": "pred_audio_filepath", "offset": "offset", "duration": "duration", "reference": "gt_text"}
READING, RECORDING, VOICE = "pred_audio_filepath", "gt_audio_filepath", "context_audio_filepath"
ROLES = {RECORDING: "reference", VOICE: "context"}
GENERAL_NAMES = frozenset(
    ("manifest", "results", "metrics", "predictions", "output", "outputs", "generated", "filewise_metrics")
)
"""Names of files that say nothing about the system: its folder's name does."""

KEYS = ("sentence_id", "utterance_id", "utt_id", "id")


def recognizes(path: Path, start: bytes) -> bool:
    """Whether one of the first lines is an object that names a reading."""
    return any(line.lstrip().startswith(b"{") and b'"pred_audio_filepath"' in line for line in start.split(b"\n"))


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The readings of a manifest block by block, the recordings and voices of a block after them.

    Raises:
        ManifestError: the file cannot be read or is not one JSON object per line at all.
    """
    try:
        expect_objects(path, sniff(path))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror or error}") from error
    order: dict[str, None] = dict.fromkeys(FIXED_FIELDS.values())
    fixed = tuple(FIXED_FIELDS.values())
    system = system_named(path)
    for block in blocks(path, size=reading.block_bytes):
        problems: list[Problem] = []
        readings, recordings = Rows(), Rows()
        for number, line in enumerate(block.lines, block.first):
            if not line.strip():
                continue
            try:
                entry = nemo.parsed(line, last=block.failure is None and not line.endswith(b"\n"))
                said = _checked(entry)
            except Fault as fault:
                problems.append(fault.problem(reading.source, number))
                continue
            for field in (READING, RECORDING, VOICE):
                if entry.get(field) is not None:
                    kept = _fields(entry, field, system)
                    order.update(dict.fromkeys(kept))
                    _append(readings if field == READING else recordings, number, kept, entry[field], said[field])
        if block.failure:
            problems.append(Problem(reading.source, block.first + len(block.lines), None, block.failure, "truncated"))
        yield assembled(readings, reading, problems, order=order, fixed=fixed, position=block.position)
        # The same recording stands in many lines; that is no fault, so what this list would say is dropped.
        yield assembled(recordings, reading, [], order=order, fixed=fixed, position=block.position).without_problems()


def _append(rows: Rows, number: int, fields: dict[str, Any], audio: str, text: str | None) -> None:
    rows.numbers.append(number)
    rows.entries.append(fields)
    rows.audio.append(audio)
    rows.offset.append(0.0)
    rows.duration.append(None)
    rows.reference.append(text)


def _checked(entry: dict[str, Any]) -> dict[str, str | None]:
    """The text of each of the three sounds; a Fault when the line names no sound or has something of a wrong type."""
    for field in (READING, RECORDING, VOICE):
        value = entry.get(field)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise Fault(field, f"is {shown(value)}, expected the path of a sound file", "wrong type")
    if READING not in entry and entry.get(RECORDING) is None:
        raise Fault(READING, "is missing, expected the path of a sound file or null", "no audio path")
    text = entry.get("gt_text")
    text = entry.get("text") if text is None else text
    spoken = entry.get("context_text")
    for field, value in (
        ("gt_text", text),
        ("context_text", spoken),
        *((field, value) for field, value in entry.items() if role(field).system or field == "gt_audio_text"),
    ):
        if value is not None and not isinstance(value, str):
            raise Fault(field, f"is {shown(value)}, expected text", "wrong type")
    return {READING: text, RECORDING: text, VOICE: spoken}


def _fields(entry: dict[str, Any], field: str, system: str) -> dict[str, Any]:
    """The other fields of the utterance that one of a line's sounds becomes."""
    key = next((str(entry[name]) for name in KEYS if isinstance(entry.get(name), str | int)), None)
    if field == READING:
        own = str(entry.get("system") or entry.get("model") or system)
        left_out = {RECORDING, "gt_audio_text", "text", *FIXED_FIELDS.values()}
        kept = {name: value for name, value in entry.items() if name not in left_out}
        return {**kept, "system": own} | ({"sentence_id": key} if key is not None else {})
    kept = {"system": ROLES[field], "stimulus_role": ROLES[field]}
    if field == RECORDING:
        kept |= {"sentence_id": key} if key is not None else {}
        kept |= {nemo.PREDICTION: entry["gt_audio_text"]} if entry.get("gt_audio_text") is not None else {}
    return kept


def system_named(path: Path) -> str:
    """What a manifest's system is called when its lines do not say it: by its name, or its folder's."""
    if path.suffix == "":
        return path.name
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return path.absolute().parent.name or stem if stem.lower() in GENERAL_NAMES else stem
