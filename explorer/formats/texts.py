"""What formats of text lines and folders share: decoded lines with their numbers, and looking for sound files.

A sound is only ever looked for inside the folders the corpus may play from.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.formats import Reading
from explorer.formats.lines import blocks
from explorer.formats.rows import Fault
from explorer.records import Problem

LONGEST_LINE = 64 << 20
SOUND_SUFFIXES = (
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".webm", ".mp4", ".mka", ".wma", ".aif", ".aiff", ".aifc",
    ".au", ".snd", ".sph", ".nist", ".caf", ".w64", ".rf64", ".amr",
)  # fmt: skip
SOUND_FOLDERS = ("", "wav", "wavs", "audio", "sph", "flac", "clips")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text file without its end: its number and the bytes of the file read by then."""

    number: int
    text: str
    position: int


def lines_of(path: Path, reading: Reading, *, source: str) -> Iterator[Line | Problem]:
    """The lines that are not blank; one that is no text is a Problem, named after ``source``.

    Raises:
        ManifestError: the file cannot be opened or read.
    """
    for block in blocks(path, size=reading.block_bytes):
        for number, line in enumerate(block.lines, block.first):
            if not line.strip():
                continue
            try:
                yield Line(number, decoded(line), block.position)
            except Fault as fault:
                yield fault.problem(source, number)
        if block.failure:
            yield Problem(source, block.first + len(block.lines), None, block.failure, "truncated")


def decoded(line: bytes) -> str:
    """The text of a line without its end; a Fault when it is none."""
    if len(line) > LONGEST_LINE:
        raise Fault(None, f"the line has {len(line):,} bytes, at most {LONGEST_LINE:,} are read", "too long")
    if b"\0" in line:
        raise Fault(None, "the line has a null character, which is no text", "not text")
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} at {error.start + 1}"
        raise Fault(None, f"the line is not valid UTF-8 ({byte})", "not UTF-8") from None


class Sounds:
    """Finds the sound of a name without its ending, beside a file or in the corpus's other folders; remembers it."""

    def __init__(self, folder: Path, roots: tuple[Path, ...]) -> None:
        self._folder = folder
        self._places = tuple(dict.fromkeys((folder.resolve(), *roots)))
        self._found: dict[str, str | None] = {}
        self._listed: dict[Path, frozenset[str]] = {}

    def path(self, name: str) -> str | None:
        """The path, relative to the folder where it lies in it; None when there is no such sound."""
        if name not in self._found:
            self._found[name] = self._look(name)
        return self._found[name]

    def is_new(self, name: str) -> bool:
        """Whether the name has not been asked for."""
        return name not in self._found

    def _look(self, name: str) -> str | None:
        if not name or name.startswith(("/", "~")) or ".." in Path(name).parts or len(name) > 255:
            return None
        endings = ("",) if name.lower().endswith(SOUND_SUFFIXES) else SOUND_SUFFIXES
        near = self._places[0]
        for place in self._places:
            for inner in SOUND_FOLDERS:
                path = place / inner / name
                there = self._names(path.parent)
                ending = next((ending for ending in endings if path.name + ending in there), None)
                if ending is not None:
                    found = path.with_name(path.name + ending)
                    return str(found.relative_to(near)) if found.is_relative_to(near) else str(found)
        return None

    def _names(self, folder: Path) -> frozenset[str]:
        """The names in a folder, listed once: asking for each name with each ending takes far longer."""
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(entry.name for entry in os.scandir(folder))
            except (OSError, ValueError):  # not there, not ours, a name with a null character
                self._listed[folder] = frozenset()
        return self._listed[folder]
