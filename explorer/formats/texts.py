"""What formats of text lines and folders share: decoded lines with their numbers, and looking for sound files.

A sound is only ever looked for inside the folders the corpus may play from.
"""

from __future__ import annotations

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
        has_ending = name.lower().endswith(SOUND_SUFFIXES)
        for place in self._places:
            for inner in SOUND_FOLDERS:
                for ending in ("",) if has_ending else SOUND_SUFFIXES:
                    path = place / inner / (name + ending)
                    if _is_file(path):
                        near = self._places[0]
                        return str(path.relative_to(near)) if path.is_relative_to(near) else str(path)
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long or has a null character
        return False
