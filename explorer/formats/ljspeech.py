"""LJSpeech: ``metadata.csv`` without a header, ``id|text|normalized text``, the sound in ``wavs/<id>.wav``.

    LJ001-0002|in being comparatively modern.|in being comparatively modern.

The reference is the normalized text, the text as written is the column ``raw_text``. Many corpora for speech synthesis
are laid out like this; those with two cells have no normalized text, and their reference is the text. Quotation marks
are text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.delimited import Dialect, read_as
from explorer.formats.lines import sniff
from explorer.formats.tables import Layout
from explorer.formats.tables import role as table_role

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

FIXED_FIELDS = {"audio": "id", "offset": "offset", "duration": "duration", "reference": "normalized_text"}
NAMES = {3: ("id", "raw_text", "normalized_text"), 2: ("id", "normalized_text")}
FOLDER = "wavs"
METADATA = "metadata.csv"
LOOKED_AT = 20


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the first lines have two or three cells between bars, and name or sound folder are the usual ones."""
    if path.is_dir():
        return (path / METADATA).is_file() and (path / FOLDER).is_dir()
    return _cells(start) in NAMES and (path.name == METADATA or (path.parent / FOLDER).is_dir())


def role(field: str) -> Role:
    """What a cell is inside."""
    return table_role(field)


def files(path: Path) -> tuple[Path, ...]:
    """The metadata."""
    return (path / METADATA if path.is_dir() else path,)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows of the metadata.

    Raises:
        ManifestError: the file cannot be read, or is not laid out like this.
    """
    table = files(path)[0]
    cells = _cells(sniff(table, expected="text"))
    if cells not in NAMES:
        raise ManifestError(f"{table} does not have lines of the form id|text|normalized text")
    layout = Layout(audio="id", reference="normalized_text", outside=FIXED_FIELDS)
    dialect = Dialect(
        delimiter="|",
        quoted=False,
        names=NAMES[cells],
        first=1,
        layout=layout,
        prefix=f"{FOLDER}/",
        suffix=".wav",
    )
    yield from read_as(table, reading, dialect)


def _cells(start: bytes) -> int:
    """How many cells most of the first lines have."""
    counts = [line.count(b"|") + 1 for line in start.split(b"\n")[:LOOKED_AT] if line.strip()]
    return max(counts, key=lambda cells: (cells in NAMES, counts.count(cells)), default=0)
