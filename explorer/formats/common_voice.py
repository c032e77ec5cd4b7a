"""Mozilla Common Voice: a TSV whose columns begin with client_id, path and sentence; the sound lies in ``clips/``.

    client_id -> speaker     path -> audio, as clips/<path>     sentence -> reference     locale -> language

Every other column (up_votes, down_votes, age, gender, accents...) keeps its name. Quotation marks are text: these
tables are written without quoting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from explorer.formats import Batch, Reading, Role
from explorer.formats.delimited import dialect_of, files, read_as
from explorer.formats.lines import sniff
from explorer.formats.tables import role as table_role

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

FIXED_FIELDS = {"audio": "path", "offset": "offset", "duration": "duration", "reference": "sentence"}
CLIPS = "clips"
ALWAYS = {b"client_id", b"path", b"sentence"}


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the header names client_id, path and sentence between tabs."""
    return set(start.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].rstrip(b"\r").split(b"\t")) >= ALWAYS


def role(field: str) -> Role:
    """What a column is inside."""
    return table_role(field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows of a table.

    Raises:
        ManifestError: the file cannot be read, or is no such table.
    """
    start = sniff(path, expected="a table as text")
    dialect = dialect_of(path, start, {"audio": "path", "reference": "sentence"} | dict(reading.columns))
    layout = replace(dialect.layout, outside=FIXED_FIELDS)
    dialect = replace(dialect, quoted=False, prefix=f"{CLIPS}/", layout=layout)
    yield from read_as(path, reading, dialect)
