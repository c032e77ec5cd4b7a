"""Conditions: what one test of a value is, which tests fit a column, and their SQL with parameters and their words.

The one place that gives a test its meaning: the grid's column filters (query.py) and the filter box (filtering.py) both
end here, so that they cannot disagree.

Conventions: ``ne``, ``excludes`` and ``lacks`` hold for rows without a value, all other tests but ``empty`` do not.
``eq``, ``ne``, ``matches``, ``has`` and ``lacks`` see case, the other text tests do not. ``empty`` is a missing value
or an empty text. ``matches`` is a regular expression of RE2 (https://github.com/google/re2/wiki/Syntax) found anywhere
in the text. ``has`` takes the text for a list, "noise; music", and holds when one of its entries is exactly the value
(a no-break space is a space); ``lacks`` is its opposite. Nested fields are tested as JSON text. Every condition is true
or false, never SQL's NULL, so that "not" and "or" mean what they say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias, TypeVar

from explorer import formatting
from explorer.columns import Column
from explorer.errors import QueryError

Case: TypeAlias = Literal["lower", "upper"]
"""The case of all texts of a column."""

Value = str | float | bool | None
T = TypeVar("T")

OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is greater than",
    "ge": "is at least",
    "contains": "contains",
    "excludes": "does not contain",
    "starts": "starts with",
    "ends": "ends with",
    "matches": "matches the pattern",
    "has": "has",
    "lacks": "does not have",
    "empty": "is empty",
    "filled": "is not empty",
}
WITHOUT_VALUE = frozenset({"empty", "filled"})
TEXT_ONLY = frozenset({"contains", "excludes", "starts", "ends", "matches", "has", "lacks"})
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
KIND_OPERATORS = {
    "text": frozenset(OPERATORS),
    "json": frozenset(OPERATORS) - COMPARISONS.keys() - {"has", "lacks"},
    "number": frozenset(OPERATORS) - TEXT_ONLY,
    "flag": frozenset({"eq", "ne"}) | WITHOUT_VALUE,
}
KIND_NAMES = {"text": "text", "json": "nested values, searched as text", "number": "numbers", "flag": "true or false"}
LONGEST_VALUE = 10_000
SEPARATOR = "; "
"""Between the entries of a list that is written as a text."""
NO_BREAK = "\u00a0"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INTEGER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a value; ``value`` is None only for ``empty`` and ``filled``.

    Raises:
        QueryError: the operator does not exist or the value does not fit it.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    operator: str
    value: Value = None

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise QueryError(f'there is no filter "{self.operator}"{nearest(self.operator, OPERATORS)}')
        if (self.value is None) != (self.operator in WITHOUT_VALUE):
            needs = "takes no value" if self.operator in WITHOUT_VALUE else "needs a value"
            raise QueryError(f'the filter "{self.operator}" {needs}')
        if self.operator in TEXT_ONLY and not isinstance(self.value, str):
            raise QueryError(f'the filter "{self.operator}" needs a text, not {self.value!r}')
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise QueryError(f'the filter "{self.operator}" needs a finite number, not {self.value!r}')
        if isinstance(self.value, str) and len(self.value) > LONGEST_VALUE:
            raise QueryError(f"a filter's text can have {LONGEST_VALUE:,} characters, this one has {len(self.value):,}")


@dataclass(frozen=True, slots=True)
class Filter:
    """A row passes when any of the tests holds for its value in ``column``."""

    column: str
    tests: tuple[Test, ...]

    def __post_init__(self) -> None:
        if not self.tests:
            raise QueryError(f'the filter of "{self.column}" has no test')


def find(name: str, named: Mapping[str, T]) -> T:
    """The entry of that name; QueryError with the nearest name when there is none."""
    if name not in named:
        raise QueryError(f'there is no column "{name}"{nearest(name, named)}')
    return named[name]


def nearest(name: str, names: Iterable[str]) -> str:
    """A clause that offers the most similar name, empty when none is similar: a slip of the fingers apart, with the
    same letters in another order, or with this beginning."""
    asked = name.casefold()
    known = {one.casefold(): one for one in reversed(list(names))}  # of the same letters the first
    close = get_close_matches(asked, known, n=1, cutoff=0.7)
    close = close or [one for one in known if sorted(one) == sorted(asked)]
    close = close or [one for one in reversed(known) if len(asked) >= 3 and one.startswith(asked)]
    return f'; did you mean "{known[close[0]]}"?' if close else ""


def fraction(text: str) -> float | None:
    """The fraction that a rate written by a person means: ``30%`` and 30 are 0.3, and so is 0.3.

    A bare number below 1 is a fraction, one of 2 or more is read as percent.

    Raises:
        QueryError: it lies between and could mean both.
    """
    found = number(text.removesuffix("%"))
    if found is None or text.endswith("%"):
        return None if found is None else found / 100
    if 1 <= abs(found) < 2:
        raise QueryError(f"{text} on a rate could mean {found:g}% or {100 * found:g}%; write which")
    return found / 100 if abs(found) >= 2 else found


def number(text: str) -> int | float | None:
    """The finite number that a text spells, whole when it is written so; None when it spells none."""
    if INTEGER.fullmatch(text) and len(text) < 300:
        return int(text)
    if NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return None


def sql(column: Column, value: str, test: Test, *, case: Case | None = None) -> tuple[str, tuple[Value, ...]]:
    """The condition of one test on the SQL expression ``value``, whose texts are all in ``case``, and its parameters.

    Raises:
        QueryError: the operator or the value does not fit the column.
    """
    operator = test.operator
    if operator not in KIND_OPERATORS[column.kind]:
        raise QueryError(f'the filter "{operator}" does not fit "{column.name}", which holds {KIND_NAMES[column.kind]}')
    if operator in WITHOUT_VALUE:
        empty = f"{value} IS NULL" + (f" OR {value} = ''" if column.kind == "text" else "")
        return (f"({empty})" if operator == "empty" else f"(NOT ({empty}))"), ()
    _expect(column, test)
    is_number = isinstance(test.value, int | float) and not isinstance(test.value, bool)
    given = "?::DOUBLE" if is_number and not _fits(test.value) else "?"
    if operator == "eq":
        return f"coalesce({value} = {given}, false)", (test.value,)
    if operator == "ne":
        return f"({value} IS DISTINCT FROM {given})", (test.value,)
    if operator in COMPARISONS:
        return f"coalesce({value} {COMPARISONS[operator]} {given}, false)", (test.value,)
    if operator in ("has", "lacks"):
        entry = f"{SEPARATOR}{test.value}{SEPARATOR}".replace(NO_BREAK, " ")
        listed = f"replace('{SEPARATOR}' || {value} || '{SEPARATOR}', '{NO_BREAK}', ' ')"
        # Few rows have the longest word at all; only theirs are looked at as lists.
        longest = max(str(test.value).split(), key=len, default="")
        found = f"(CASE WHEN contains({value}, ?) THEN contains({listed}, ?) ELSE false END)"
        return (found if operator == "has" else f"(NOT {found})"), (longest, entry)
    if operator == "matches":
        return f"coalesce(regexp_matches({value}, ?), false)", (test.value,)
    wanted = "contains" if operator == "excludes" else operator
    condition, text = caseless(wanted, value, str(test.value), case=case)
    return (f"(NOT {condition})" if operator == "excludes" else condition), (text,)


def compared_sql(operator: str, left: str, right: str) -> str:
    """The condition that compares two SQL expressions row by row; without a value on a side only ``ne`` holds."""
    if operator == "ne":
        return f"(NOT {compared_sql('eq', left, right)})"
    return f"coalesce({left} {'=' if operator == 'eq' else COMPARISONS[operator]} {right}, false)"


def caseless(operator: str, value: str, text: str, *, case: Case | None = None) -> tuple[str, str]:
    """The condition that a value contains, starts or ends with the text, case aside, and its parameter.

    ILIKE takes three fifths of the time of comparing lower-case copies (a million rows, three columns: 444 to 730 ms of
    processor time) but has its own meaning for ``%`` and ``_``, and escaping those costs more than it saves. Where all
    values are known to be in one case, the text is put into that, too, and compared as it is (224 to 150 ms).
    """
    if case == "lower" or (case == "upper" and text.isascii()):
        function = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}[operator]
        return f"coalesce({function}({value}, {case}(?)), false)", text
    if "%" not in text and "_" not in text:
        pattern = {"contains": f"%{text}%", "starts": f"{text}%", "ends": f"%{text}"}[operator]
        return f"coalesce({value} ILIKE ?, false)", pattern
    function = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}[operator]
    return f"coalesce({function}(lower({value}), lower(?)), false)", text


def _expect(column: Column, test: Test) -> None:
    """QueryError when the value's type does not fit the column's."""
    given = test.value
    fits = {
        "text": isinstance(given, str),
        "json": isinstance(given, str),
        "number": isinstance(given, int | float) and not isinstance(given, bool),
        "flag": isinstance(given, bool),
    }[column.kind]
    if not fits:
        hint = f" (write '{given} for the text)" if column.kind in ("text", "json") else ""
        raise QueryError(f'"{column.name}" holds {KIND_NAMES[column.kind]} and cannot be compared with {given!r}{hint}')


def _fits(value: Value) -> bool:
    """Whether a number fits 64 bits as it is; larger integers are compared as floating point numbers."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 63)


def words(column: Column, entry: Filter) -> str:
    """A filter as people say it, after the column's label."""
    tests = [OPERATORS[test.operator] + value_words(column, test) for test in entry.tests]
    return f"{column.label} {' or '.join(tests)}"


def value_words(column: Column, test: Test) -> str:
    """A test's value as people read it, with a space before it; nothing where there is none."""
    if test.value is None:
        return ""
    return f" “{test.value}”" if isinstance(test.value, str) else f" {formatting.value(column, test.value)}"
