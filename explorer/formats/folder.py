"""A folder of sound files, searched with all folders inside it; each file is an utterance.

Its reference is the text beside it, if there is one: ``a.txt`` or ``a.lab`` for ``a.wav``, or the line ``a words...``
of a ``*.trans.txt`` in the same folder (as in LibriSpeech). Files come in the order of their paths; links to folders
and hidden files are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.rows import Fault, Row, batches
from explorer.formats.texts import SOUND_SUFFIXES, Line, decoded, lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "file", "offset": "offset", "duration": "duration", "reference": "text"}
TEXT_SUFFIXES = (".txt", ".lab")
TRANSCRIPTS = ".trans.txt"
LONGEST_TEXT = 1 << 20


def recognizes(path: Path, start: bytes) -> bool:
    """Whether there is a sound file somewhere in the folder."""
    return path.is_dir() and any(name.lower().endswith(SOUND_SUFFIXES) for _, names in _walk(path) for name in names)


def files(path: Path) -> tuple[Path, ...]:
    """The sounds and the texts beside them: a folder has nothing else that says what it holds."""
    wanted = (*SOUND_SUFFIXES, *TEXT_SUFFIXES)
    return tuple(folder / name for folder, names in _walk(path) for name in names if name.lower().endswith(wanted))


def role(field: str) -> Role:
    """What a field is inside."""
    return Role(name=field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The sounds as utterances, their number as the line.

    Raises:
        ManifestError: the folder cannot be read.
    """
    if not os.access(path, os.R_OK | os.X_OK):
        raise ManifestError(f"the folder {path} cannot be read: permission denied")
    yield from batches(_found(path, reading), reading, fixed=tuple(FIXED_FIELDS.values()))


def _found(root: Path, reading: Reading) -> Iterator[tuple[Row | Problem, int]]:
    number = position = 0
    for folder, names in _walk(root):
        there = set(names)
        transcripts: dict[str, str] = {}
        for name in names:
            if name.lower().endswith(TRANSCRIPTS):
                for line in lines_of(folder / name, reading, source=f"{reading.source}/{name}"):
                    if isinstance(line, Line):
                        key, _, words = line.text.partition(" ")
                        transcripts[key] = words.strip()
                    else:
                        yield line, position
        for name in names:
            if name.lower().endswith(SOUND_SUFFIXES):
                number += 1
                position += _size(folder / name)
                written = (folder / name).relative_to(root)
                if not _is_text(str(written)):
                    shown = str(written).encode("utf-8", "replace").decode()
                    yield Problem(reading.source, number, None, f"the name {shown} is not UTF-8", "not UTF-8"), position
                    continue
                text = transcripts.get(Path(name).stem)
                try:
                    reference = _text_beside(folder, Path(name).stem, there) if text is None else text
                except Fault as fault:
                    yield fault.problem(reading.source, number), position
                    reference = None
                yield Row(line=number, audio=str(written), reference=reference), position


def _text_beside(folder: Path, stem: str, there: set[str]) -> str | None:
    """The reference in the file of the same name."""
    name = next((stem + ending for ending in TEXT_SUFFIXES if stem + ending in there), None)
    if name is None:
        return None
    try:
        with (folder / name).open("rb") as stream:
            content = stream.read(LONGEST_TEXT + 1)
    except OSError as error:
        raise Fault(None, f"{name} cannot be read: {(error.strerror or str(error)).lower()}", "text file") from None
    if len(content) > LONGEST_TEXT:
        raise Fault(None, f"{name} is longer than {LONGEST_TEXT:,} bytes", "text file")
    try:
        return decoded(content.removeprefix(b"\xef\xbb\xbf")).strip()
    except Fault as fault:
        raise Fault(None, f"{name} is no UTF-8 text", "text file") from fault


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with the names of its files, in order, without what is hidden."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
