"""Folders of voices: a folder for each system that reads the same sentences, and beside them a file of the texts.

    texts.txt            s01|Dr. Smith paid $5.        or  s01<tab>Dr. Smith paid $5.   or  s01 Dr. Smith paid $5.
    fastpitch/s01.wav
    vits/s01.wav
    reference/s01.flac   a folder of this name has the recordings of a human speaker

A text file is one of TEXTS. A third cell is the text as it is to be spoken (``normalized_text``). The folder's name is
the column ``system``, the name of the sound without its ending ``sentence_id``. Sentences come in the order of the
texts. A sound without a text is an utterance without a reference, and a problem; a text that nobody read is a problem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import peek
from explorer.formats.rows import Row, batches
from explorer.formats.texts import SOUND_SUFFIXES, Line, lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "file", "offset": "offset", "duration": "duration", "reference": "text"}
TEXTS = (
    "texts.txt", "text.txt", "sentences.txt", "prompts.txt", "transcripts.txt", "texts.tsv", "sentences.tsv",
    "texts.csv", "sentences.csv", "metadata.csv", "text",
)  # fmt: skip
LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Text:
    """A line of the texts."""

    line: int
    written: str
    spoken: str | None


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the folder has texts, and folders of sounds whose names occur in them."""
    if not path.is_dir():
        return False
    texts = _texts_of(path)
    if texts is None or _sounds(path):
        return False
    separator = _separator(peek(texts))
    lines = (line.split(separator, 1) for line in peek(texts).decode("utf-8", "replace").splitlines())
    keys = {cells[0].strip() for cells in lines if cells}
    return any(Path(name).stem in keys for folder in _systems(path) for name in _sounds(folder))


def files(path: Path) -> tuple[Path, ...]:
    """The texts and the sounds: which there are is what the folder says."""
    texts = _texts_of(path)
    sounds = tuple(folder / name for folder in _systems(path) for name in _sounds(folder))
    return (*sounds, *((texts,) if texts is not None else ()))


def role(field: str) -> Role:
    """What a field is inside."""
    return Role(name=field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The readings, system by system, each in the order of the texts.

    Raises:
        ManifestError: the folder or its texts cannot be read.
    """
    texts = _texts_of(path)
    if texts is None:
        raise ManifestError(f"the folder {path} has no file of texts; name it {TEXTS[0]}, with lines id|text")
    yield from batches(_found(path, texts, reading), reading, fixed=tuple(FIXED_FIELDS.values()))


def _found(root: Path, texts: Path, reading: Reading) -> Iterator[tuple[Row | Problem, int]]:
    source = f"{reading.source}/{texts.name}"
    known: dict[str, Text] = {}
    for key, text in _lines(texts, reading, source):
        if isinstance(text, Problem):
            yield text, 0
        elif key in known:
            message = f'"{key}" has a text in line {known[key].line} already, which counts'
            yield Problem(source, text.line, None, message, "duplicate"), 0
        else:
            known[key] = text
    read = Counter[str]()
    position = 0
    for folder in _systems(root):
        places = {key: place for place, key in enumerate(known)}
        names = sorted(_sounds(folder), key=lambda name: (places.get(Path(name).stem, len(places)), name))
        for name in names:
            key = Path(name).stem
            found = known.get(key)
            read[key] += 1
            position += (folder / name).stat().st_size
            if found is None:
                message = f"{folder.name}/{name} has no line in {texts.name}"
                yield Problem(reading.source, None, None, message, "no text"), position
            fields = {"system": folder.name, "sentence_id": key}
            if found is not None and found.spoken is not None:
                fields["normalized_text"] = found.spoken
            yield (
                Row(
                    line=found.line if found is not None else 0,
                    audio=f"{folder.name}/{name}",
                    reference=found.written if found is not None else None,
                    fields=fields,
                ),
                position,
            )
    for key, text in known.items():
        if not read[key]:
            yield Problem(source, text.line, None, f'no system has a sound called "{key}"', "no sound"), position


def _lines(path: Path, reading: Reading, source: str) -> Iterator[tuple[str, Text | Problem]]:
    separator = _separator(peek(path))
    for line in lines_of(path, reading, source=source):
        if not isinstance(line, Line):
            yield "", line
            continue
        cells = [cell.strip() for cell in line.text.split(separator, 1 if separator is None else -1)]
        if line.number == 1 and cells and cells[0].lower() in ("id", "sentence_id", "file", "name"):
            continue
        if len(cells) < 2 or not cells[0]:
            yield "", Problem(source, line.number, None, "the line is not of the form id|text", "no text")
            continue
        yield (
            Path(cells[0]).stem if cells[0].lower().endswith(SOUND_SUFFIXES) else cells[0],
            Text(line.number, cells[1], cells[2] if len(cells) > 2 else None),
        )


def _separator(start: bytes) -> str | None:
    """What stands between the cells of most of the first lines: a bar, a tab, or white space."""
    lines = [line for line in start.split(b"\n")[:LOOKED_AT] if line.strip()]
    for separator in ("|", "\t"):
        if lines and 2 * sum(separator.encode() in line for line in lines) > len(lines):
            return separator
    return None


def _texts_of(folder: Path) -> Path | None:
    return next((folder / name for name in TEXTS if (folder / name).is_file()), None)


def _systems(root: Path) -> tuple[Path, ...]:
    """The folders that have sounds, in order; hidden ones and links are left out."""
    try:
        inner = sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError as error:
        raise ManifestError(f"the folder {root} cannot be read: {(error.strerror or str(error)).lower()}") from error
    return tuple(path for path in inner if not path.name.startswith(".") and _sounds(path))


def _sounds(folder: Path) -> list[str]:
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
    return sorted(n for n in names if n.lower().endswith(SOUND_SUFFIXES) and not n.startswith(".") and n.isprintable())
