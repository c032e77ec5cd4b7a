"""Mutations: ways to damage the lines of a source, and which lines were touched. All chance comes from one Random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from tests.fuzz.sources import Source

Line: TypeAlias = bytes
HUGE = 200_000
DEEP = 50_000
JUNK = (
    b"", b" ", b"\t\t", b"null", b"[]", b"{}", b'{"a":1}', b"0", b'"', b"|", b",,,,", b"\r", b"\xff\xfe",
    b"\xef\xbb\xbf", b";;", b"<html>", b"audio_filepath", b"NaN", b'{"audio_filepath": 5}',
    b'{"id": 1, "start": 0, "recording": {}}',
    "ünïcödé \u2028 \u0000".encode(), b"a 1 b 0 1", b"-1", b"1e999", b"x\x1f\x8b\x08", b"PAR1",
)  # fmt: skip


def flip(line: Line, chance: Random) -> Line:
    """Some bits of some bytes."""
    content = bytearray(line or b" ")
    for _ in range(chance.randint(1, 8)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def cut(line: Line, chance: Random) -> Line:
    """Only the beginning."""
    return line[: chance.randrange(len(line) + 1)]


def drop(line: Line, chance: Random) -> Line:
    """Without some of its middle."""
    start = chance.randrange(len(line) + 1)
    return line[:start] + line[start + chance.randint(1, 20) :]


def repeat(line: Line, chance: Random) -> Line:
    """A part twice."""
    start = chance.randrange(len(line) + 1)
    end = chance.randint(start, len(line))
    return line[:end] + line[start:end] + line[end:]


def insert(line: Line, chance: Random) -> Line:
    """Junk somewhere inside."""
    place = chance.randrange(len(line) + 1)
    return line[:place] + chance.choice(JUNK) + line[place:]


def nul(line: Line, chance: Random) -> Line:
    """Null characters somewhere inside."""
    place = chance.randrange(len(line) + 1)
    return line[:place] + b"\0" * chance.randint(1, 3) + line[place:]


def huge(line: Line, chance: Random) -> Line:
    """A very long value somewhere inside."""
    place = chance.randrange(len(line) + 1)
    return line[:place] + chance.choice((b"a", b"9", b'"', b"\\", b",", b" ", b"[")) * HUGE + line[place:]


def encoding(line: Line, chance: Random) -> Line:
    """In another encoding."""
    text = line.decode("utf-8", "replace") + chance.choice(("", "é", "漢字"))
    return text.encode(chance.choice(("latin-1", "utf-16", "utf-32", "shift-jis", "utf-7", "cp1252")), "replace")


def deep(line: Line, chance: Random) -> Line:
    """Very deep nesting, as a line or as a value."""
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'"', b'"'), (b"(", b")")))
    nest = opened * DEEP + b"1" + closed * (DEEP if chance.random() < 0.5 else 0)
    return nest if chance.random() < 0.5 else line[:-1] + b', "x": ' + nest + line[-1:]


LINES: tuple[Callable[[Line, Random], Line], ...] = (flip, cut, drop, repeat, insert, nul, huge, encoding, deep)
WEIGHTS = (10, 6, 6, 4, 6, 4, 1, 3, 1)


def mutated(source: Source, chance: Random) -> set[tuple[str, int]]:
    """Damage the source in place; returns the touched lines by their first numbers; -1 is what comes before all.

    Lines are damaged, put in, repeated, taken out, joined, or the file ends early; untouched ones stay whole.
    """
    touched: set[tuple[str, int]] = set()
    numbered = {name: list(enumerate(lines)) for name, lines in source.files.items()}
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        name = chance.choice(sorted(numbered))
        lines = numbered[name]
        if lines:
            _damage(name, lines, touched, source.joined, chance)
    for name, pairs in numbered.items():
        source.files[name] = [line for _, line in pairs]
    return touched


def _damage(
    name: str,
    lines: list[tuple[int, Line]],
    touched: set[tuple[str, int]],
    joined: set[tuple[str, int]],
    chance: Random,
) -> None:
    place = chance.randrange(len(lines))
    number, line = lines[place]
    way = chance.random()
    if way < 0.7:
        how = chance.choices(LINES, WEIGHTS)[0]
        lines[place] = number, how(line, chance)
        touched.add((name, number))
    elif way < 0.8:
        _put_in(name, lines, place, chance.choice(JUNK), touched, joined)
    elif way < 0.88:
        _put_in(name, lines, chance.randrange(len(lines) + 1), line, touched, joined)
    elif way < 0.93:
        del lines[place]
        touched.add((name, number))
    elif way < 0.97 and place + 1 < len(lines):
        after, more = lines.pop(place + 1)
        lines[place] = number, line + more
        touched.update({(name, number), (name, after)})
    else:
        touched.update((name, n) for n, _ in lines[place:])
        rest = cut(line, chance)
        del lines[place:]
        lines.append((number, rest))


def _put_in(
    name: str,
    lines: list[tuple[int, Line]],
    place: int,
    line: Line,
    touched: set[tuple[str, int]],
    joined: set[tuple[str, int]],
) -> None:
    """Insert a line; a row that goes on behind it is torn apart."""
    if place == 0:
        touched.add((name, -1))
    elif place < len(lines) and (name, lines[place][0]) in joined:
        touched.add((name, lines[place][0]))
    lines.insert(place, (-1, line))
