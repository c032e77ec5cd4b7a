"""NeMo manifests: one JSON object per line; the only place that knows the outside world's field names.

    audio_filepath (or audio_filename)   required text            -> audio
    offset, duration                     seconds, null = unknown  -> offset (0 when missing), duration
    text, else text_filepath (a file), else normalized_text       -> reference
    pred_text, pred_text_<name>          text or null             -> hypothesis of system "pred_text", "<name>"
    speaker, lang                        any                      -> speaker, language
    anything else                        any                      -> a column of its own name

Conventions: of a key that occurs twice in one object the last value counts (as in Python's json). ``null`` is the same
as a missing field. NaN and Infinity are accepted as values of other fields.

Source: the reference reader is nemo/collections/common/parts/preprocessing/manifest.py in NVIDIA NeMo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from math import inf
from pathlib import Path
from types import NoneType
from typing import Any

import orjson

from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import Block, blocks, expect_objects, sniff
from explorer.formats.rows import SHORTEST_SECONDS, Fault, Rows, assembled, kind_name, plain_seconds, seconds, shown
from explorer.records import Problem

FIXED_FIELDS = {"audio": "audio_filepath", "offset": "offset", "duration": "duration", "reference": "text"}
CORE = frozenset(FIXED_FIELDS.values())
PREDICTION = "pred_text"
LONGEST_LINE = 64 << 20
LONGEST_TEXT_FILE = 1 << 20
EXACT_INTEGERS = 2.0**63


def role(field: str) -> Role:
    """What a manifest field is inside."""
    if field == PREDICTION:
        return Role(name=f"hypothesis_{PREDICTION}", system=PREDICTION)
    if field.startswith(PREDICTION + "_") and len(field) > len(PREDICTION) + 1:
        system = field.removeprefix(PREDICTION + "_")
        return Role(name=f"hypothesis_{system}", system=system)
    return Role(name="language" if field == "lang" else field)


def prediction_field(system: str) -> str:
    """The manifest field of a system's hypothesis: the inverse of ``role``."""
    return PREDICTION if system == PREDICTION else f"{PREDICTION}_{system}"


def recognizes(path: Path, start: bytes) -> bool:
    """Whether one of the first lines is an object that names a sound."""
    return any(
        line.lstrip().startswith(b"{") and (b'"audio_filepath"' in line or b'"audio_filename"' in line)
        for line in start.split(b"\n")
    )


def files(path: Path) -> tuple[Path, ...]:
    """The manifest itself."""
    return (path,)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows of a manifest, block by block.

    Raises:
        ManifestError: the file cannot be read or is not one JSON object per line at all.
    """
    expect_objects(path, sniff(path))
    order: dict[str, None] = {}
    for block in blocks(path, size=reading.block_bytes):
        yield _batch(block, path.parent, reading, order)


def _batch(block: Block, folder: Path, reading: Reading, order: dict[str, None]) -> Batch:
    """The rows of a block; ``order`` grows with the fields that appear.

    Nearly all blocks are faultless: a block is tried at once, column by column, which takes a third of the time, and
    only when something is wrong with it line by line, to find out what.
    """
    problems: list[Problem] = []
    rows = _at_once(block, order) or _one_by_one(block, folder, reading, order, problems)
    if block.failure:
        problems.append(Problem(reading.source, block.first + len(block.lines), None, block.failure, "truncated"))
    batch = assembled(rows, reading, problems, order=order, fixed=CORE, position=block.position)
    for field, values in batch.fields.items():
        _restore_integers(field, values, batch.lines, block)
    return batch


def _at_once(block: Block, order: dict[str, None]) -> Rows | None:
    """All lines of a block as rows, None unless every line is plainly faultless."""
    if max(map(len, block.lines), default=0) > LONGEST_LINE:
        return None
    try:
        entries = list(map(orjson.loads, block.lines))
    except orjson.JSONDecodeError:
        return None
    if set(map(type, entries)) != {dict}:
        return None
    order.update(dict.fromkeys(chain.from_iterable(entries)))
    audio = [entry.get("audio_filepath") for entry in entries]
    texts = [entry.get("text") for entry in entries]
    other_texts = "text_filepath" in order or "normalized_text" in order
    predictions = ([entry.get(field) for entry in entries] for field in order if role(field).system)
    plain = (
        set(map(type, audio)) == {str}
        and all(audio)
        and not any(map(str.isspace, audio))
        and set(map(type, texts)) <= ({str} if other_texts else {str, NoneType})
        and all(set(map(type, said)) <= {str, NoneType} for said in predictions)
    )
    offset = plain_seconds([entry.get("offset") for entry in entries], at_least=0.0) if "offset" in order else ()
    duration = plain_seconds([entry.get("duration") for entry in entries], at_least=SHORTEST_SECONDS)
    if not plain or offset is None or duration is None:
        return None
    numbers = list(range(block.first, block.first + len(entries)))
    starts = [value or 0.0 for value in offset] or [0.0] * len(entries)
    return Rows(numbers, entries, audio, starts, duration, texts)


def _one_by_one(block: Block, folder: Path, reading: Reading, order: dict[str, None], problems: list[Problem]) -> Rows:
    """The faultless lines of a block as rows; the others as problems."""
    rows = Rows()
    for number, line in enumerate(block.lines, block.first):
        if not line.strip():
            continue
        try:
            entry = parsed(line, last=block.failure is None and not line.endswith(b"\n"))
            order.update(dict.fromkeys(entry))
            audio, offset, duration, reference = _checked(entry, folder, reading.roots)
        except Fault as fault:
            problems.append(fault.problem(reading.source, number))
            continue
        rows.numbers.append(number)
        rows.entries.append(entry)
        rows.audio.append(audio)
        rows.offset.append(offset)
        rows.duration.append(duration)
        rows.reference.append(reference)
    return rows


def parsed(line: bytes, *, last: bool) -> dict[str, Any]:
    """The JSON object of a line, or a Fault; ``last``: the file ends with it, without a line feed."""
    if len(line) > LONGEST_LINE:
        raise Fault(None, f"the line has {len(line):,} bytes, at most {LONGEST_LINE:,} are read", "too long")
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        entry = _second_look(line, last=last)
    if not isinstance(entry, dict):
        raise Fault(None, f"the line is {kind_name(entry)}, expected a JSON object", "not an object")
    return entry


def _checked(
    entry: dict[str, Any], folder: Path, roots: tuple[Path, ...]
) -> tuple[str, float, float | None, str | None]:
    """Audio, offset, duration and reference of an object, or the first fault it has."""
    audio = _audio(entry)
    offset = seconds("offset", entry.get("offset"), expected="seconds >= 0", at_least=0.0)
    duration = seconds("duration", entry.get("duration"), expected="seconds > 0", at_least=SHORTEST_SECONDS)
    for field, said in entry.items():
        if said is not None and not isinstance(said, str) and role(field).system:
            raise Fault(field, f"is {shown(said)}, expected text", "wrong type")
    return audio, offset or 0.0, duration, _reference(entry, folder, roots)


def _second_look(line: bytes, *, last: bool) -> Any:
    """Parse what orjson refused: NaN and Infinity are values, everything else is a fault with its place."""
    try:
        entry = json.loads(line.decode("utf-8"))
        json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise Fault(
            None, f"the line is not valid UTF-8 (byte 0x{byte:02x} at {error.start + 1})", "not UTF-8"
        ) from None
    except UnicodeEncodeError:
        raise Fault(None, "the line holds half of a surrogate pair, which is no character", "not UTF-8") from None
    except json.JSONDecodeError as error:
        if last and line.lstrip().startswith(b"{"):
            raise Fault(None, "the line is cut off: the file ends inside a JSON object", "truncated") from None
        reason = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
        raise Fault(None, f"broken JSON at character {error.colno}: {reason}", "broken JSON") from None
    except RecursionError:
        raise Fault(None, "broken JSON: nested too deeply", "broken JSON") from None
    except ValueError:  # Python refuses to read integers of thousands of digits
        raise Fault(None, "the line has a number of too many digits", "broken JSON") from None
    return entry


def _audio(entry: dict[str, Any]) -> str:
    """The path of the sound, from the second name it goes by."""
    field = "audio_filepath" if entry.get("audio_filepath") is not None else "audio_filename"
    audio = entry.get(field)
    if audio is None:
        raise Fault("audio_filepath", "is missing, expected the path of a sound file", "no audio path")
    if not isinstance(audio, str):
        raise Fault(field, f"is {shown(audio)}, expected the path of a sound file", "wrong type")
    if not audio.strip():
        raise Fault(field, "is empty, expected the path of a sound file", "no audio path")
    return audio


def _reference(entry: dict[str, Any], folder: Path, roots: tuple[Path, ...]) -> str | None:
    """The transcript when "text" is not a text: from a file, else the normalized one, else unknown."""
    for field in ("text", "text_filepath", "normalized_text"):
        value = entry.get(field)
        if value is None:
            continue
        if not isinstance(value, str):
            raise Fault(field, f"is {shown(value)}, expected text", "wrong type")
        return _file_text(folder, value, roots) if field == "text_filepath" else value
    return None


def _file_text(folder: Path, name: str, roots: tuple[Path, ...]) -> str:
    """The content of a text file inside the roots, without the line end that closes it."""
    try:
        path = (folder / Path(name).expanduser()).resolve()
        if not any(path.is_relative_to(root) for root in roots):
            raise Fault("text_filepath", f"{path} lies outside the corpus's folders; add its folder to roots", "text")
        with path.open("rb") as stream:
            content = stream.read(LONGEST_TEXT_FILE + 1)
        if len(content) > LONGEST_TEXT_FILE:
            raise Fault("text_filepath", f"{path} is longer than {LONGEST_TEXT_FILE:,} bytes", "text file")
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Fault("text_filepath", f"{path} is not valid UTF-8", "text file") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Fault("text_filepath", f"{name} cannot be read: {reason.lower()}", "text file") from None


def _restore_integers(field: str, values: list[Any], numbers: list[int], block: Block) -> None:
    """Read integers of more than 64 bits again, exactly: the fast parser makes floats of them."""
    if float not in set(map(type, values)):
        return
    for index, value in enumerate(values):
        if value.__class__ is float and abs(value) >= EXACT_INTEGERS and value != inf and value != -inf:
            values[index] = json.loads(block.lines[numbers[index] - block.first])[field]
