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

import json
from collections.abc import Iterator
from hashlib import blake2b
from math import inf
from pathlib import Path
from typing import Any

import orjson

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import Block, blocks, sniff
from explorer.records import Problem

FIXED_FIELDS = {"audio": "audio_filepath", "offset": "offset", "duration": "duration", "reference": "text"}
CORE = frozenset(FIXED_FIELDS.values())
PREDICTION = "pred_text"
LONGEST_LINE = 64 << 20
LONGEST_TEXT_FILE = 1 << 20
LONGEST_SECONDS = 1e9
EXACT_INTEGERS = 2.0**63
SNIFFED_LINES = 20


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
    _expect_lines(path, sniff(path))
    order: dict[str, None] = {}
    predictions: list[str] = []
    for block in blocks(path, size=reading.block_bytes):
        yield _batch(block, path.parent, reading, order, predictions)


def _batch(block: Block, folder: Path, reading: Reading, order: dict[str, None], predictions: list[str]) -> Batch:
    """The rows of a block; ``order`` and ``predictions`` grow with the fields that appear."""
    numbers: list[int] = []
    ids: list[str] = []
    audios: list[str] = []
    offsets: list[float] = []
    durations: list[float | None] = []
    references: list[str | None] = []
    objects: list[dict[str, Any]] = []
    problems: list[Problem] = []
    known, identities, source, parse = order.keys(), reading.identities, reading.source, orjson.loads
    for number, line in enumerate(block.lines, block.first):
        try:
            try:
                entry = parse(line)
            except orjson.JSONDecodeError:
                if not line.strip():
                    continue
                entry = _second_look(line, last=block.failure is None and not line.endswith(b"\n"))
            if entry.__class__ is not dict:
                raise _Fault(None, f"is {_name(entry)}, expected a JSON object", "not an object")
            if not entry.keys() <= known:
                order.update(dict.fromkeys(entry))
                predictions[:] = [field for field in order if role(field).system]
            audio = entry.get("audio_filepath")
            if audio.__class__ is not str or not audio:
                audio = _audio(entry)
            duration, offset, text = entry.get("duration"), entry.get("offset"), entry.get("text")
            if duration is not None:
                duration = _seconds("duration", duration, expected="seconds > 0", smallest=0.0)
            offset = 0.0 if not offset and offset.__class__ in (int, float, None.__class__) else _offset(offset)
            if text.__class__ is not str:
                text = _reference(entry, folder, reading.roots)
            for field in predictions:
                said = entry.get(field)
                if said.__class__ is not str and said is not None:
                    raise _Fault(field, f"is {_shown(said)}, expected text", "wrong type")
            if len(line) > LONGEST_LINE:
                raise _Fault(None, f"the line has {len(line):,} bytes, at most {LONGEST_LINE:,} are read", "too long")
            digest = _digest(audio, offset, duration, entry.get("channel"))
            first = identities.setdefault(digest, (source, number))
            if first != (source, number):
                raise _Fault(None, f"repeats {_address(first, source)}: same audio, offset and duration", "duplicate")
        except _Fault as fault:
            problems.append(Problem(source, number, fault.field, str(fault), fault.kind))
            continue
        numbers.append(number)
        ids.append(digest.hex())
        audios.append(audio)
        offsets.append(offset)
        durations.append(duration)
        references.append(text)
        objects.append(entry)
    if block.failure:
        problems.append(Problem(source, block.first + len(block.lines), None, block.failure, "truncated"))
    _restore_integers(objects, block, numbers)
    return Batch(
        lines=numbers,
        ids=ids,
        audio=audios,
        offset=offsets,
        duration=durations,
        reference=references,
        fields={field: [entry.get(field) for entry in objects] for field in order if field not in CORE},
        order=tuple(order),
        problems=problems,
        position=block.position,
    )


def _digest(audio: str, offset: float, duration: float | None, channel: Any) -> bytes:
    parts = f"{audio}\0{offset!r}\0{duration!r}\0{'' if channel is None else json.dumps(channel)}"
    return blake2b(parts.encode(), digest_size=8).digest()


def _second_look(line: bytes, *, last: bool) -> Any:
    """Parse what orjson refused: NaN and Infinity are values, everything else is a fault with its place."""
    try:
        entry = json.loads(line.decode("utf-8"))
        json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise _Fault(None, f"is not valid UTF-8 (byte 0x{byte:02x} at {error.start + 1})", "not UTF-8") from None
    except UnicodeEncodeError:
        raise _Fault(None, "holds half of a surrogate pair, which is no character", "not UTF-8") from None
    except json.JSONDecodeError as error:
        if last and line.lstrip().startswith(b"{"):
            raise _Fault(None, "the line is cut off: the file ends inside a JSON object", "truncated") from None
        reason = error.msg[:1].lower() + error.msg[1:]
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


def _seconds(field: str, value: Any, *, expected: str, smallest: float) -> float:
    if value.__class__ is not float and value.__class__ is not int:
        raise _Fault(field, f"is {_shown(value)}, expected {expected}", "wrong type")
    if not smallest < value < inf:
        raise _Fault(field, f"is {_shown(value)}, expected {expected}", f"bad {field}")
    if value > LONGEST_SECONDS:
        raise _Fault(field, f"is {_shown(value)}, expected {expected} and less than 30 years", f"bad {field}")
    return float(value)


def _offset(value: Any) -> float:
    if value == 0 and value.__class__ in (int, float):
        return 0.0
    return _seconds("offset", value, expected="seconds >= 0", smallest=0.0)


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


def _restore_integers(objects: list[dict[str, Any]], block: Block, numbers: list[int]) -> None:
    """Read lines with integers of more than 64 bits again, exactly: the fast parser makes floats of them."""
    for index, entry in enumerate(objects):
        for value in entry.values():
            if value.__class__ is float and abs(value) >= EXACT_INTEGERS and value not in (inf, -inf):
                objects[index] = json.loads(block.lines[numbers[index] - block.first])
                break


def _expect_lines(path: Path, start: bytes) -> None:
    """Refuse what is clearly something else, so that a million lines do not become a million Problems."""
    lines = [line for line in start.split(b"\n") if line.strip()]
    first = lines[0].strip() if lines else b""
    objects = any(line.lstrip().startswith(b"{") and len(line.strip()) > 1 for line in lines[:SNIFFED_LINES])
    if not lines or (objects and not first.startswith(b"[")):
        return
    if first.startswith(b"[") and not _is_array(first):
        found = "it looks like one JSON array over several lines"
    elif first.startswith(b"[") and len(lines) == 1:
        found = "it is one JSON array"
    elif first == b"{":
        found = "it looks like one pretty-printed JSON object"
    elif len(lines) < SNIFFED_LINES or first.startswith(b"["):
        return
    else:
        found = f"none of its first {SNIFFED_LINES} lines begins with an opening brace"
    raise ManifestError(f"{path} is not a NeMo manifest, which has one JSON object per line: {found}")


def _is_array(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), list)
    except orjson.JSONDecodeError:
        return False


def _address(first: tuple[str, int], source: str) -> str:
    return f"line {first[1]}" if first[0] == source else f"{first[0]}:{first[1]}"


def _name(value: Any) -> str:
    names = {"NoneType": "null", "bool": "true or false", "str": "a text", "list": "a list", "dict": "an object"}
    return names.get(type(value).__name__, "a number")


def _shown(value: Any) -> str:
    """A value as it stands in the manifest, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
