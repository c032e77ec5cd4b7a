"""What all formats share: the identity of a row, duplicates, faults and checked times.

A row's identity is the hash of audio path as written, offset, duration and channel; the second row with an identity is
a duplicate. Times are seconds.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from math import inf
from struct import Struct
from typing import Any

import numpy as np

from explorer.formats import Batch, Reading
from explorer.formats.identities import NEW
from explorer.records import Problem

LONGEST_SECONDS = 1e9
SHORTEST_SECONDS = 5e-324
LINE_BITS = 40
TIMES = Struct("<dd")
ROWS_AT_ONCE = 20_000
ROWS_AT_FIRST = 2_000


class Fault(Exception):
    """Why a line cannot become a row."""

    def __init__(self, field: str | None, message: str, kind: str) -> None:
        super().__init__(message)
        self.field, self.kind = field, kind

    def problem(self, source: str, line: int | None) -> Problem:
        """The fault with its address."""
        return Problem(source, line, self.field, str(self), self.kind)


@dataclass(slots=True)
class Rows:
    """Lines that became rows: their numbers and objects, and the checked fixed columns."""

    numbers: list[int] = dataclasses.field(default_factory=list)
    entries: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    audio: list[str] = dataclasses.field(default_factory=list)
    offset: list[float] = dataclasses.field(default_factory=list)
    duration: list[float | None] = dataclasses.field(default_factory=list)
    reference: list[str | None] = dataclasses.field(default_factory=list)

    def only(self, kept: list[int]) -> Rows:
        """The rows at these places."""
        columns = (self.numbers, self.entries, self.audio, self.offset, self.duration, self.reference)
        return Rows(*([column[index] for index in kept] for column in columns))  # type: ignore[arg-type]

    def digests(self, *, with_channel: bool) -> list[bytes]:
        """The identities, with the objects' ``channel`` where there is one."""
        channels = (entry.get("channel") for entry in self.entries) if with_channel else repeat(None)
        return list(map(digest, self.audio, self.offset, self.duration, channels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One utterance as a format found it; ``fields`` are all others, by their outside names."""

    line: int
    audio: str
    offset: float = 0.0
    duration: float | None = None
    reference: str | None = None
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)


def identity(audio: str, offset: float, duration: float | None, channel: Any = None) -> str:
    """The 16 hexadecimal digits that name a row, the same on every load."""
    return digest(audio, offset, duration, channel).hex()


def digest(audio: str, offset: float, duration: float | None, channel: Any) -> bytes:
    """The identity as 8 bytes."""
    times = TIMES.pack(offset, -1.0 if duration is None else duration)
    place = b"" if channel is None else json.dumps(channel).encode()
    return blake2b(times + place + b"\0" + audio.encode(), digest_size=8).digest()


def first_of_each(
    digests: list[bytes], audio: Sequence[str], numbers: Sequence[int], reading: Reading, problems: list[Problem]
) -> list[int]:
    """The places of the rows whose identity is new; the others are problems.

    ``wav/1.wav`` of two folders are two sounds: where sources lie in different folders, such a row gets an identity
    of its own, which is put into ``digests``.
    """
    places = np.asarray(numbers, dtype=np.int64) + (reading.index << LINE_BITS)
    seen = reading.identities.add(digests, places)
    alike = [i for i in np.flatnonzero(seen != NEW).tolist() if _is_elsewhere(audio[i], int(seen[i]), reading)]
    if alike:
        folder = reading.folders[reading.index].encode(errors="surrogateescape")
        apart = [blake2b(digests[i] + folder, digest_size=8).digest() for i in alike]
        seen[alike] = reading.identities.add(apart, places[alike])
        for index, own in zip(alike, apart, strict=True):
            digests[index] = own
    for index in np.flatnonzero(seen != NEW).tolist():
        first = int(seen[index])
        source, line = reading.names[first >> LINE_BITS], first & ((1 << LINE_BITS) - 1)
        place = f"line {line}" if source == reading.source else f"{source}:{line}"
        message = f"the line repeats {place}: same audio, offset and duration"
        problems.append(Problem(reading.source, numbers[index], None, message, "duplicate"))
    return list(np.flatnonzero(seen == NEW).tolist())


def _is_elsewhere(audio: str, place: int, reading: Reading) -> bool:
    """Whether a row that is written like the one at ``place`` names another file, because its source lies elsewhere."""
    first = place >> LINE_BITS
    if not reading.folders or reading.folders[first] == reading.folders[reading.index]:
        return False
    return not audio.startswith(("/", "~")) and "://" not in audio


def batches(
    found: Iterable[tuple[Row | Problem | None, int]], reading: Reading, *, fixed: Sequence[str]
) -> Iterator[Batch]:
    """Batches of the rows and problems that a format finds one by one, each with the bytes read by then.

    ``fixed`` are the outside names of the columns every corpus has. The first batch is small, for the preview. Rows of
    equal line and identity cannot be told apart as duplicates, so a line of several rows counts each of them once.
    """
    order: dict[str, None] = dict.fromkeys(fixed)
    rows, problems, position, limit = Rows(), [], 0, ROWS_AT_FIRST
    for one, position in found:
        if isinstance(one, Problem):
            problems.append(one)
        elif one is not None:
            rows.numbers.append(one.line)
            rows.entries.append(one.fields)
            rows.audio.append(one.audio)
            rows.offset.append(one.offset)
            rows.duration.append(one.duration)
            rows.reference.append(one.reference)
            order.update(dict.fromkeys(one.fields))
        if len(rows.numbers) + len(problems) >= limit:
            yield assembled(rows, reading, problems, order=order, fixed=fixed, position=position)
            rows, problems, limit = Rows(), [], ROWS_AT_ONCE
    yield assembled(rows, reading, problems, order=order, fixed=fixed, position=position)


def assembled(
    rows: Rows,
    reading: Reading,
    problems: list[Problem],
    *,
    order: dict[str, None],
    fixed: Iterable[str],
    position: int,
) -> Batch:
    """The batch of these rows without duplicates, which are added to the problems."""
    digests = rows.digests(with_channel="channel" in order)
    kept = first_of_each(digests, rows.audio, rows.numbers, reading, problems)
    if len(kept) < len(digests):
        rows, digests = rows.only(kept), [digests[index] for index in kept]
    left_out = frozenset(fixed)
    return Batch(
        lines=rows.numbers,
        ids=[digest.hex() for digest in digests],
        audio=rows.audio,
        offset=rows.offset,
        duration=rows.duration,
        reference=rows.reference,
        fields={field: [entry.get(field) for entry in rows.entries] for field in order if field not in left_out},
        order=tuple(order),
        problems=sorted(problems, key=lambda problem: problem.line or 0),
        position=position,
    )


def seconds(field: str, value: Any, *, expected: str, at_least: float) -> float | None:
    """A time in seconds, None when unknown; a Fault when it is no such time."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(field, f"is {shown(value)}, expected {expected}", "wrong type")
    if not at_least <= value < inf:
        raise Fault(field, f"is {shown(value)}, expected {expected}", f"bad {field}")
    if value > LONGEST_SECONDS:
        raise Fault(field, f"is {shown(value)}, expected {expected} and less than 30 years", f"bad {field}")
    return float(value)


def written_seconds(field: str, text: str, *, expected: str, at_least: float) -> float | None:
    """A time in seconds written as a text, None when the text is empty; a Fault when it is no such time."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        raise Fault(field, f"is {shown(text)}, expected {expected}", "wrong type") from None
    return seconds(field, value, expected=expected, at_least=at_least)


def plain_seconds(values: list[Any], *, at_least: float) -> list[float | None] | None:
    """The times as floats, None when one of them is not plainly a time."""
    if not set(map(type, values)) <= {int, float, type(None)}:
        return None
    known = [value for value in values if value is not None]
    if any(not at_least <= value <= LONGEST_SECONDS for value in known):
        return None
    return [None if value is None else float(value) for value in values]


def kind_name(value: Any) -> str:
    """What sort of JSON value it is, in words."""
    names = {"NoneType": "null", "bool": "true or false", "str": "a text", "list": "a list", "dict": "an object"}
    return names.get(type(value).__name__, "a number")


def shown(value: Any) -> str:
    """A value as it stands in the source, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
