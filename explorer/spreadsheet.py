"""Spreadsheet: how cells of CSV are written, the same in every table that leaves the house, and read again.

UTF-8, RFC 4180. A missing value is an empty cell, the empty text a pair of quotation marks; nested values are JSON.

Spreadsheets run a text that begins with ``=``, ``+``, ``-`` or ``@`` (after a tab or line end, too) as a formula, and
texts come from anywhere. So such a text gets an apostrophe before it, which spreadsheets take for "this is text";
one that begins so after apostrophes gets another, so that nothing is ambiguous, and reading a table takes one away. A
text that is a number stays as it is. Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Formulas: TypeAlias = Literal["guarded", "plain"]
"""Whether texts that a spreadsheet would run get an apostrophe before them."""

LINES_AT_ONCE = 2_000

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


def lines(names: Sequence[str], records: Iterable[Sequence[Any]], *, formulas: Formulas = "guarded") -> Iterator[bytes]:
    """A table with these names in its first line, some thousand lines at a time."""
    waiting = [line(names, formulas=formulas)]
    for record in records:
        waiting.append(line(record, formulas=formulas))
        if len(waiting) > LINES_AT_ONCE:
            yield "".join(waiting).encode("utf-8", "surrogatepass")
            waiting = []
    yield "".join(waiting).encode("utf-8", "surrogatepass")


def line(values: Iterable[Any], *, formulas: Formulas = "guarded") -> str:
    """One line of a table."""
    return ",".join(cell(value, formulas=formulas) for value in values) + "\r\n"


def cell(value: Any, *, formulas: Formulas = "guarded") -> str:
    """A value in CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = guarded(value) if formulas == "guarded" else value
    else:
        text = exact_json(value) if isinstance(value, list | dict) else str(value)
    return '"' + text.replace('"', '""') + '"' if not text or _NEEDS_QUOTES.search(text) else text


def exact_json(value: Any) -> str:
    """A value as JSON text, whatever the size of its numbers."""
    return json.dumps(value, ensure_ascii=False)


def guarded(text: str) -> str:
    """The text as no spreadsheet runs it."""
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def all_unguarded(texts: pa.Array) -> pa.Array:
    """The texts of a column that were guarded."""
    return pc.replace_substring_regex(texts, "^'('*[=+@\\t\\r-])", "\\1")
