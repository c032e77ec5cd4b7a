"""NeMo manifests: one JSON object per line; the only place that knows the outside world's field names.

    audio_filepath (or audio_filename)   required text            -> audio
    offset, duration                     seconds, null = unknown  -> offset (0 when missing), duration
    text, else text_filepath (a file), else normalized_text       -> reference
    pred_text, pred_text_<name>          text or null             -> hypothesis of system "pred_text", "<name>"
    speaker, lang                        any                      -> speaker, language
    anything else                        any                      -> a column of its own name

Conventions: of a key that occurs twice in one object the last value counts (as in Python's json). ``null`` is the same
as a missing field. NaN and Infinity are accepted as values of other fields. A row's identity is the hash of audio path
as written, offset, duration and ``channel``; the second row with an identity is a duplicate.

Source: the reference reader is nemo/collections/common/parts/preprocessing/manifest.py in NVIDIA NeMo.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, repeat
from math import inf
from pathlib import Path
from struct import Struct
from types import NoneType
from typing import Any

import orjson

from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import Block, blocks, expect_objects, sniff
from explorer.records import Problem

FIXED_FIELDS = {"audio": "audio_filepath", "offset": "offset", "duration": "duration", "reference": "text"}
CORE = frozenset(FIXED_FIELDS.values())
PREDICTION = "pred_text"
LONGEST_LINE = 64 << 20
LONGEST_TEXT_FILE = 1 << 20
LONGEST_SECONDS = 1e9
SHORTEST_SECONDS = 5e-324
EXACT_INTEGERS = 2.0**63
LINE_BITS = 40
TIMES = Struct("<dd")


class _Fault(Exception):
    """Why a line cannot become a row."""

    def __init__(self, field: str | None, message: str, kind: str) -> None:
        super().__init__(message)
        self.field, self.kind = field, kind


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


def identity(audio: str, offset: float, duration: float | None, channel: Any = None) -> str:
    """The 16 hexadecimal digits that name a row, the same on every load."""
    return _digest(audio, offset, duration, channel).hex()


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
    digests = _digests(rows, with_channel="channel" in order)
    kept = _first_of_each(digests, rows.numbers, reading, problems)
    if len(kept) < len(digests):
        rows, digests = rows.only(kept), [digests[index] for index in kept]
    if block.failure:
        problems.append(Problem(reading.source, block.first + len(block.lines), None, block.failure, "truncated"))
    fields = {field: [entry.get(field) for entry in rows.entries] for field in order if field not in CORE}
    for field, values in fields.items():
        _restore_integers(field, values, rows.numbers, block)
    return Batch(
        lines=rows.numbers,
        ids=[digest.hex() for digest in digests],
        audio=rows.audio,
        offset=rows.offset,
        duration=rows.duration,
        reference=rows.reference,
        fields=fields,
        order=tuple(order),
        problems=sorted(problems, key=lambda problem: problem.line or 0),
        position=block.position,
    )


@dataclass(slots=True)
class _Rows:
    """Lines that became rows: their numbers and objects, and the checked fixed columns."""

    numbers: list[int] = dataclasses.field(default_factory=list)
    entries: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    audio: list[str] = dataclasses.field(default_factory=list)
    offset: list[float] = dataclasses.field(default_factory=list)
    duration: list[float | None] = dataclasses.field(default_factory=list)
    reference: list[str | None] = dataclasses.field(default_factory=list)

    def only(self, kept: list[int]) -> _Rows:
        """The rows at these places."""
        columns = (self.numbers, self.entries, self.audio, self.offset, self.duration, self.reference)
        return _Rows(*([column[index] for index in kept] for column in columns))  # type: ignore[arg-type]


def _at_once(block: Block, order: dict[str, None]) -> _Rows | None:
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
    offset = _plain_seconds([entry.get("offset") for entry in entries], at_least=0.0) if "offset" in order else ()
    duration = _plain_seconds([entry.get("duration") for entry in entries], at_least=SHORTEST_SECONDS)
    if not plain or offset is None or duration is None:
        return None
    numbers = list(range(block.first, block.first + len(entries)))
    starts = [value or 0.0 for value in offset] or [0.0] * len(entries)
    return _Rows(numbers, entries, audio, starts, duration, texts)


def _plain_seconds(values: list[Any], *, at_least: float) -> list[float | None] | None:
    """The times as floats, None when one of them is not plainly a time."""
    if not set(map(type, values)) <= {int, float, NoneType}:
        return None
    known = [value for value in values if value is not None]
    if any(not at_least <= value <= LONGEST_SECONDS for value in known):
        return None
    return [None if value is None else float(value) for value in values]


def _one_by_one(block: Block, folder: Path, reading: Reading, order: dict[str, None], problems: list[Problem]) -> _Rows:
    """The faultless lines of a block as rows; the others as problems."""
    rows = _Rows()
    for number, line in enumerate(block.lines, block.first):
        if not line.strip():
            continue
        try:
            entry = _parsed(line, last=block.failure is None and not line.endswith(b"\n"))
            order.update(dict.fromkeys(entry))
            audio, offset, duration, reference = _checked(entry, folder, reading.roots)
        except _Fault as fault:
            problems.append(Problem(reading.source, number, fault.field, str(fault), fault.kind))
            continue
        rows.numbers.append(number)
        rows.entries.append(entry)
        rows.audio.append(audio)
        rows.offset.append(offset)
        rows.duration.append(duration)
        rows.reference.append(reference)
    return rows


def _parsed(line: bytes, *, last: bool) -> dict[str, Any]:
    """The JSON object of a line, or a fault."""
    if len(line) > LONGEST_LINE:
        raise _Fault(None, f"the line has {len(line):,} bytes, at most {LONGEST_LINE:,} are read", "too long")
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        entry = _second_look(line, last=last)
    if not isinstance(entry, dict):
        raise _Fault(None, f"the line is {_name(entry)}, expected a JSON object", "not an object")
    return entry


def _checked(
    entry: dict[str, Any], folder: Path, roots: tuple[Path, ...]
) -> tuple[str, float, float | None, str | None]:
    """Audio, offset, duration and reference of an object, or the first fault it has."""
    audio = _audio(entry)
    offset = _seconds("offset", entry.get("offset"), expected="seconds >= 0", at_least=0.0)
    duration = _seconds("duration", entry.get("duration"), expected="seconds > 0", at_least=SHORTEST_SECONDS)
    for field, said in entry.items():
        if said is not None and not isinstance(said, str) and role(field).system:
            raise _Fault(field, f"is {_shown(said)}, expected text", "wrong type")
    return audio, offset or 0.0, duration, _reference(entry, folder, roots)


def _digests(rows: _Rows, *, with_channel: bool) -> list[bytes]:
    channels = (entry.get("channel") for entry in rows.entries) if with_channel else repeat(None)
    return list(map(_digest, rows.audio, rows.offset, rows.duration, channels))


def _digest(audio: str, offset: float, duration: float | None, channel: Any) -> bytes:
    times = TIMES.pack(offset, -1.0 if duration is None else duration)
    place = b"" if channel is None else json.dumps(channel).encode()
    return blake2b(times + place + b"\0" + audio.encode(), digest_size=8).digest()


def _first_of_each(digests: list[bytes], numbers: list[int], reading: Reading, problems: list[Problem]) -> list[int]:
    """The places of the rows whose identity is new; the others are problems."""
    kept: list[int] = []
    first_line = reading.index << LINE_BITS
    remember = reading.identities.setdefault
    for index, (digest, number) in enumerate(zip(digests, numbers, strict=True)):
        here = first_line + number
        first = remember(digest, here)
        if first == here:
            kept.append(index)
        else:
            source, line = reading.names[first >> LINE_BITS], first & ((1 << LINE_BITS) - 1)
            place = f"line {line}" if source == reading.source else f"{source}:{line}"
            message = f"the line repeats {place}: same audio, offset and duration"
            problems.append(Problem(reading.source, number, None, message, "duplicate"))
    return kept


def _second_look(line: bytes, *, last: bool) -> Any:
    """Parse what orjson refused: NaN and Infinity are values, everything else is a fault with its place."""
    try:
        entry = json.loads(line.decode("utf-8"))
        json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise _Fault(
            None, f"the line is not valid UTF-8 (byte 0x{byte:02x} at {error.start + 1})", "not UTF-8"
        ) from None
    except UnicodeEncodeError:
        raise _Fault(None, "the line holds half of a surrogate pair, which is no character", "not UTF-8") from None
    except json.JSONDecodeError as error:
        if last and line.lstrip().startswith(b"{"):
            raise _Fault(None, "the line is cut off: the file ends inside a JSON object", "truncated") from None
        reason = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
        raise _Fault(None, f"broken JSON at character {error.colno}: {reason}", "broken JSON") from None
    except RecursionError:
        raise _Fault(None, "broken JSON: nested too deeply", "broken JSON") from None
    return entry


def _audio(entry: dict[str, Any]) -> str:
    """The path of the sound, from the second name it goes by."""
    field = "audio_filepath" if entry.get("audio_filepath") is not None else "audio_filename"
    audio = entry.get(field)
    if audio is None:
        raise _Fault("audio_filepath", "is missing, expected the path of a sound file", "no audio path")
    if not isinstance(audio, str):
        raise _Fault(field, f"is {_shown(audio)}, expected the path of a sound file", "wrong type")
    if not audio.strip():
        raise _Fault(field, "is empty, expected the path of a sound file", "no audio path")
    return audio


def _seconds(field: str, value: Any, *, expected: str, at_least: float) -> float | None:
    """A time in seconds, None when unknown."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault(field, f"is {_shown(value)}, expected {expected}", "wrong type")
    if not at_least <= value < inf:
        raise _Fault(field, f"is {_shown(value)}, expected {expected}", f"bad {field}")
    if value > LONGEST_SECONDS:
        raise _Fault(field, f"is {_shown(value)}, expected {expected} and less than 30 years", f"bad {field}")
    return float(value)


def _reference(entry: dict[str, Any], folder: Path, roots: tuple[Path, ...]) -> str | None:
    """The transcript when "text" is not a text: from a file, else the normalized one, else unknown."""
    for field in ("text", "text_filepath", "normalized_text"):
        value = entry.get(field)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _Fault(field, f"is {_shown(value)}, expected text", "wrong type")
        return _file_text(folder, value, roots) if field == "text_filepath" else value
    return None


def _file_text(folder: Path, name: str, roots: tuple[Path, ...]) -> str:
    """The content of a text file inside the roots, without the line end that closes it."""
    try:
        path = (folder / Path(name).expanduser()).resolve()
        if not any(path.is_relative_to(root) for root in roots):
            raise _Fault("text_filepath", f"{path} lies outside the corpus's folders; add its folder to roots", "text")
        with path.open("rb") as stream:
            content = stream.read(LONGEST_TEXT_FILE + 1)
        if len(content) > LONGEST_TEXT_FILE:
            raise _Fault("text_filepath", f"{path} is longer than {LONGEST_TEXT_FILE:,} bytes", "text file")
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _Fault("text_filepath", f"{path} is not valid UTF-8", "text file") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _Fault("text_filepath", f"{name} cannot be read: {reason.lower()}", "text file") from None


def _restore_integers(field: str, values: list[Any], numbers: list[int], block: Block) -> None:
    """Read integers of more than 64 bits again, exactly: the fast parser makes floats of them."""
    if float not in set(map(type, values)):
        return
    for index, value in enumerate(values):
        if value.__class__ is float and abs(value) >= EXACT_INTEGERS and value != inf and value != -inf:
            values[index] = json.loads(block.lines[numbers[index] - block.first])[field]


def _name(value: Any) -> str:
    names = {"NoneType": "null", "bool": "true or false", "str": "a text", "list": "a list", "dict": "an object"}
    return names.get(type(value).__name__, "a number")


def _shown(value: Any) -> str:
    """A value as it stands in the manifest, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
