"""CSV and TSV: a header line with names, then a row a line; comma, tab, semicolon or bar, plain or gzip.

Conventions: cells in double quotation marks may hold the delimiter, line ends and doubled quotation marks (RFC 4180);
outside CSV's commas, tab-separated lines whose quotation marks do not pair are taken literally. A line with more or
fewer cells than the header is a Problem. A quotation mark that is never closed costs its own line alone: the next lines
are read as rows of their own when they look like it. What columns mean is in tables.py.

Types: a column is numbers (or true and false) when every value of the file is, otherwise text; whole numbers with
leading zeros or more than 15 digits are names, not numbers. To know, the file is gone through twice.

Nearly all blocks are faultless and are read at once by Arrow; a block in which anything is wrong, or a cell has a line
end, is read line by line. What spreadsheet.py does to texts that begin as formulas is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading
from explorer.formats.lines import Block, blocks, sniff
from explorer.formats.rows import Fault
from explorer.formats.tables import FIXED_FIELDS, Layout, layout, role, table_batch
from explorer.records import Problem
from explorer.spreadsheet import all_unguarded, unguarded

__all__ = ["FIXED_FIELDS", "files", "read", "recognizes", "role"]

DELIMITERS = "\t,;|"
QUOTE = '"'
LONGEST_LINE = 64 << 20
MOST_JOINED = 200
MOST_COLUMNS = 2_000
SOUND_LIKE = r"\.[A-Za-z0-9]{2,5}$"
NAMES_NOT_NUMBERS = r"^\s*[-+]?(?:0[0-9]|[0-9]{16})"
FLAGS = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table is written: ``names`` are its columns, ``first`` is the first row's line.

    A sound's path is its cell between ``prefix`` and ``suffix``; a cell with the suffix already keeps it.
    """

    delimiter: str
    quoted: bool
    names: tuple[str, ...]
    first: int
    layout: Layout
    prefix: str = ""
    suffix: str = ""


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the first line names several columns, one of them the sound's."""
    try:
        dialect_of(path, start, {})
    except ManifestError:
        return False
    return not start.lstrip().startswith((b"{", b"["))


def files(path: Path) -> tuple[Path, ...]:
    """The table itself."""
    return (path,)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The rows of a table.

    Raises:
        ManifestError: the file cannot be read, is no text, or has no column for the sound.
    """
    start = sniff(path, expected="a table as text")
    yield from read_as(path, reading, dialect_of(path, start, reading.columns))


def dialect_of(path: Path, start: bytes, chosen: dict[str, str] | Any) -> Dialect:
    """How the table is written, from its first bytes.

    Raises:
        ManifestError: there is no header line, or no column for the sound.
    """
    lines = start.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise ManifestError(f"{path} is empty, expected a header line with the names of columns")
    header = lines[first].decode("utf-8", "replace").rstrip("\r")
    delimiter = max(DELIMITERS, key=lambda mark: (header.count(mark), -DELIMITERS.index(mark)))
    try:
        cells = split(header, delimiter, quoted=True, strict=False)
    except _Open:
        cells = list(header.split(delimiter))
    if len(cells) > MOST_COLUMNS:
        raise ManifestError(f"{path} has {len(cells):,} columns, at most {MOST_COLUMNS:,} are read")
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = unguarded((cell or "").strip()) or f"column_{number}"
        while name in names:
            name += "_2"
        names.append(name)
    place = layout(names, chosen, path)
    return Dialect(delimiter=delimiter, quoted=True, names=tuple(names), first=first + 2, layout=place)


def read_as(path: Path, reading: Reading, dialect: Dialect) -> Iterator[Batch]:
    """The rows of a table that is written this way."""
    types = _types(path, reading, dialect)
    for part in _parts(path, reading.block_bytes, dialect, reading.source):
        texts = (
            part.columns
            if dialect.delimiter != ","
            else {name: column if name in types else all_unguarded(column) for name, column in part.columns.items()}
        )
        columns = {name: _typed(texts[name], types.get(name)) for name in dialect.names}
        if dialect.prefix or dialect.suffix:
            columns[dialect.layout.audio] = [_placed(cell, dialect) for cell in columns[dialect.layout.audio]]
        yield table_batch(part.numbers, columns, dialect.layout, reading, part.problems, position=part.position)


def _placed(cell: str | None, dialect: Dialect) -> str | None:
    """The path of the sound that the cell names."""
    if cell is None or not cell.strip():
        return None
    return dialect.prefix + (cell if cell.endswith(dialect.suffix) else cell + dialect.suffix)


@dataclass(slots=True)
class _Part:
    """Some rows as columns of texts, with their line numbers and what was wrong between them."""

    numbers: list[int]
    columns: dict[str, pa.Array]
    problems: list[Problem]
    position: int


def _parts(path: Path, size: int, dialect: Dialect, source: str) -> Iterator[_Part]:
    """The table block by block; lines of a record that goes on in the next block wait for it."""
    waiting: list[bytes] = []
    held: Block | None = None
    for block in chain(blocks(path, size=size), (None,)):
        if held is not None:
            part, waiting = _part(held, dialect, source, last=block is None)
            yield part
        if block is not None:
            lines, first = waiting + block.lines, block.first - len(waiting)
            skipped = max(0, min(len(lines), dialect.first - first))
            held = Block(lines[skipped:], first + skipped, block.position, block.failure)


def _part(block: Block, dialect: Dialect, source: str, *, last: bool) -> tuple[_Part, list[bytes]]:
    columns = _at_once(block, dialect)
    problems: list[Problem] = []
    rest: list[bytes] = []
    if columns is not None:
        numbers = [block.first + index for index, line in enumerate(block.lines) if line.strip()]
    else:
        numbers, rows, rest = _one_by_one(block, dialect, source, problems, last=last or block.failure is not None)
        cells = list(zip(*rows, strict=True)) or [()] * len(dialect.names)
        columns = {name: pa.array(values, pa.string()) for name, values in zip(dialect.names, cells, strict=True)}
    if block.failure:
        problems.append(Problem(source, block.first + len(block.lines), None, block.failure, "truncated"))
    return _Part(numbers, columns, problems, block.position), rest


def _at_once(block: Block, dialect: Dialect) -> dict[str, pa.Array] | None:
    """The block's columns, None unless every line is plainly one faultless row."""
    lines = block.lines
    content = b"".join(lines)
    if not content.strip():
        return {name: pa.array([], pa.string()) for name in dialect.names}
    quotes = dialect.quoted and b'"' in content
    if b"\0" in content or max(map(len, lines)) > LONGEST_LINE or (quotes and any(n.count(b'"') & 1 for n in lines)):
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            pyarrow.csv.ReadOptions(
                column_names=list(dialect.names), use_threads=False, block_size=max(len(content) + 1, 1 << 16)
            ),
            pyarrow.csv.ParseOptions(delimiter=dialect.delimiter, quote_char=QUOTE if quotes else False),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(dialect.names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != sum(1 for line in lines if line.strip()):
        return None
    return {name: table.column(name).combine_chunks() for name in dialect.names}


def _one_by_one(
    block: Block, dialect: Dialect, source: str, problems: list[Problem], *, last: bool
) -> tuple[list[int], list[list[str | None]], list[bytes]]:
    """Line numbers and cells of the faultless rows, and the lines at the end that need more to be told."""
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    lines, index = block.lines, 0
    while index < len(lines):
        used, here = 1, block.first + index
        if lines[index].strip():
            try:
                cells, used = _record(lines[index : index + MOST_JOINED], dialect)
                numbers.append(here)
                rows.append(cells)
            except _Open:
                if not last and len(lines) - index < MOST_JOINED:
                    return numbers, rows, lines[index:]
                fault = Fault(None, "the line opens a quotation mark that is not closed", "broken quotation")
                problems.append(fault.problem(source, here))
            except Fault as fault:
                problems.append(fault.problem(source, here))
        index += used
    return numbers, rows, []


class _Open(Exception):
    """The text ends inside quotation marks."""


def _record(lines: Sequence[bytes], dialect: Dialect) -> tuple[list[str | None], int]:
    """The cells of the record that begins with the first of these lines, and how many lines it has."""
    text = _text(lines[0])
    try:
        return _counted(split(text, dialect.delimiter, quoted=dialect.quoted, strict=False), dialect), 1
    except _Open:
        literal = text.split(dialect.delimiter)
        if dialect.delimiter == "\t" and len(literal) == len(dialect.names):
            return [cell or None for cell in literal], 1
    joined = lines[0]
    for number, line in enumerate(lines[1:], 2):
        if len(joined) > LONGEST_LINE or _looks_like_a_row(line, dialect):
            raise Fault(None, "the line opens a quotation mark that is not closed", "broken quotation")
        joined += line
        if line.count(b'"') & 1:
            return _counted(split(_text(joined), dialect.delimiter, quoted=True, strict=True), dialect), number
    if len(lines) >= MOST_JOINED:
        raise Fault(None, "the line opens a quotation mark that is not closed", "broken quotation")
    raise _Open


def _text(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise Fault(None, f"the line has {len(line):,} bytes, at most {LONGEST_LINE:,} are read", "too long")
    if b"\0" in line:
        raise Fault(None, "the line has a null character, which is no text", "not text")
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} at {error.start + 1}"
        raise Fault(None, f"the line is not valid UTF-8 ({byte})", "not UTF-8") from None


def _counted(cells: list[str | None], dialect: Dialect) -> list[str | None]:
    if len(cells) != len(dialect.names):
        expected = f"{len(dialect.names)} as in the header"
        raise Fault(None, f"the line has {len(cells)} cells, expected {expected}", "wrong number of cells")
    return cells


def _looks_like_a_row(line: bytes, dialect: Dialect) -> bool:
    """Whether a line inside an open quotation is a whole row by itself, so that the quotation must be broken."""
    try:
        cells = _counted(split(_text(line), dialect.delimiter, quoted=True, strict=False), dialect)
    except (Fault, _Open):
        return False
    audio = cells[dialect.names.index(dialect.layout.audio)]
    return audio is not None and pc.match_substring_regex(pa.scalar(audio), SOUND_LIKE).as_py()


def split(text: str, delimiter: str, *, quoted: bool, strict: bool) -> list[str | None]:
    """The cells of a record; None is an empty one without quotation marks.

    Raises:
        _Open: the text ends inside quotation marks.
        Fault: ``strict``, and something other than a delimiter follows a closing quotation mark.
    """
    if not quoted or QUOTE not in text:
        return [cell or None for cell in text.split(delimiter)]
    cells: list[str | None] = []
    place = 0
    while True:
        if text.startswith(QUOTE, place):
            end = place + 1
            while (end := text.find(QUOTE, end)) >= 0 and text.startswith(QUOTE, end + 1):
                end += 2
            if end < 0:
                raise _Open
            behind = text.find(delimiter, end + 1)
            behind = len(text) if behind < 0 else behind
            if strict and behind > end + 1:
                raise Fault(None, "text follows a closing quotation mark", "broken quotation")
            cells.append(text[place + 1 : end].replace(QUOTE * 2, QUOTE) + text[end + 1 : behind])
        else:
            behind = text.find(delimiter, place)
            behind = len(text) if behind < 0 else behind
            cells.append(text[place:behind] or None)
        if behind >= len(text):
            return cells
        place = behind + 1


def _types(path: Path, reading: Reading, dialect: Dialect) -> dict[str, pa.DataType]:
    """The types of the columns that are not text, known when every value has been seen."""
    place = dialect.layout
    texts = {place.audio, place.reference} | {name for name in dialect.names if role(name).system}
    open_names = {name for name in dialect.names if name not in texts}
    found: dict[str, pa.DataType] = {}
    for part in _parts(path, reading.block_bytes, dialect, reading.source):
        for name in sorted(open_names):
            kind = _type(part.columns[name])
            if kind is None:
                continue
            before = found.get(name, kind)
            numbers = {before, kind} <= {pa.int64(), pa.float64()}
            found[name] = kind if kind == before else pa.float64() if numbers else pa.string()
            if found[name] == pa.string():
                open_names.discard(name)
        if not open_names or part.position >= reading.sampled_bytes:
            break
    return {name: kind for name, kind in found.items() if kind != pa.string()}


def _type(values: pa.Array) -> pa.DataType | None:
    """What the values can be without loss, None when there are none."""
    if values.null_count == len(values):
        return None
    if pc.all(pc.is_in(values, pa.array(FLAGS), skip_nulls=False).filter(pc.is_valid(values))).as_py():
        return pa.bool_()
    if pc.any(pc.match_substring_regex(values, NAMES_NOT_NUMBERS)).as_py():
        return pa.string()
    for kind in (pa.int64(), pa.float64()):
        try:
            values.cast(kind)
            return kind
        except pa.ArrowInvalid:
            continue
    return pa.string()


def _typed(values: pa.Array, kind: pa.DataType | None) -> list[Any]:
    if kind is None:
        return values.to_pylist()
    try:
        return values.cast(kind).to_pylist()
    except pa.ArrowInvalid:  # only a part of the file was looked at: a preview
        return values.to_pylist()
