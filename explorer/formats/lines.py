"""Text files read line by line, plain or gzip, in blocks of a few megabytes with exact line numbers.

A line ends with a line feed; a carriage return before it, blank lines and a byte order mark are no part of the text.
What is no text at all (UTF-16, binary data) is a ManifestError, found in the first bytes.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from explorer.errors import ManifestError

BLOCK_BYTES = 8 << 20
SNIFFED_BYTES = 1 << 16
SNIFFED_LINES = 20
MOST_SNIFFED_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines: ``first`` is the number of the first one, ``position`` the bytes of the file read so far.

    ``failure`` says why nothing follows although the file has more (a damaged gzip stream), else None.
    """

    lines: list[bytes]
    first: int
    position: int
    failure: str | None = None


def peek(path: Path) -> bytes:
    """The first bytes of the (uncompressed) file, whatever it is; none when a gzip stream is damaged there.

    There are more of them when a huge line is among the first, so that it does not stand for all.

    Raises:
        ManifestError: the file cannot be opened or read.
    """
    try:
        with path.open("rb") as file, _text(file) as stream:
            start = stream.read(SNIFFED_BYTES)
            while start.count(b"\n") < SNIFFED_LINES and len(start) < MOST_SNIFFED_BYTES:
                more = stream.read(SNIFFED_BYTES)
                if not more:
                    break
                start += more
            return start
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {_reason(error)}") from error


def sniff(path: Path, *, expected: str = "one JSON object per line") -> bytes:
    """The first bytes of the (uncompressed) text, ``expected`` to be that.

    Raises:
        ManifestError: the file cannot be opened or is no UTF-8 text.
    """
    start = peek(path)
    lines = start.split(b"\n")
    if sum(b"\0" in line for line in lines) * 2 > len(lines):  # one such line is that line's fault alone
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ManifestError(f"{path} is UTF-16 text; save it as UTF-8 (for example with iconv -f UTF-16 -t UTF-8)")
        raise ManifestError(f"{path} is a binary file, expected {expected}")
    return start.removeprefix(BYTE_ORDER_MARK)


def blocks(path: Path, *, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The lines of the file in blocks of about ``size`` bytes, ends of line included.

    Raises:
        ManifestError: the file cannot be opened or read; a gzip stream that breaks off ends the blocks instead.
    """
    try:
        with path.open("rb") as file, _text(file) as stream:
            first = 1
            while True:
                lines, failure = _read(stream, size)
                if first == 1 and lines:
                    lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
                if lines or failure:
                    yield Block(lines, first, file.tell(), failure)
                if failure or not lines:
                    return
                first += len(lines)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {_reason(error)}") from error


def expect_objects(path: Path, start: bytes) -> None:
    """Refuse what is clearly not one JSON object per line, so that a million lines do not become a million Problems.

    Raises:
        ManifestError: ``start``, the first bytes of the file, is an array, a pretty-printed object or no JSON at all.
    """
    lines = [line for line in start.split(b"\n") if line.strip()]
    first = lines[0].strip() if lines else b""
    if sum(_is_whole(line, dict) for line in lines[:SNIFFED_LINES]) * 2 > len(lines[:SNIFFED_LINES]):
        return
    objects = any(line.lstrip().startswith(b"{") and len(line.strip()) > 1 for line in lines[:SNIFFED_LINES])
    if not lines or (objects and not first.startswith(b"[")):
        return
    if (
        len(start) >= MOST_SNIFFED_BYTES and len(lines) == 1
    ):  # a part of one line: the reader will say what is wrong with it
        return
    if first.startswith(b"[") and not _is_whole(first, list):
        found = "it looks like one JSON array over several lines"
    elif first.startswith(b"[") and len(lines) == 1:
        found = "it is one JSON array"
    elif first == b"{":
        found = "it looks like one pretty-printed JSON object"
    elif len(lines) < SNIFFED_LINES or first.startswith(b"["):
        return
    else:
        found = f"none of its first {SNIFFED_LINES} lines begins with an opening brace"
    raise ManifestError(f"{path} does not have one JSON object per line: {found}")


def _is_whole(line: bytes, kind: type) -> bool:
    """Whether a line is a whole JSON value of this kind."""
    try:
        return isinstance(orjson.loads(line), kind)
    except orjson.JSONDecodeError:
        return False


def _read(stream: io.BufferedIOBase | BinaryIO, size: int) -> tuple[list[bytes], str | None]:
    """Lines of about ``size`` bytes together; what came before a damaged place is kept."""
    if not isinstance(stream, gzip.GzipFile):
        return stream.readlines(size), None
    lines: list[bytes] = []
    read = 0
    try:
        while read < size and (line := stream.readline()):
            lines.append(line)
            read += len(line)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return lines, f"the gzip data is damaged or cut off: {_reason(error)}"
    return lines, None


def _text(file: BinaryIO) -> BinaryIO | gzip.GzipFile:
    """The uncompressed stream: gzip is recognized by its first bytes, whatever the file is called."""
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == GZIP_MAGIC else file


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).rstrip(".").lower()
