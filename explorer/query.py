"""Query: which utterances and in which order; as URL parameters, as a sentence, and as SQL with parameters.

    f=duration:gt:3.5          a filter: column, operator, value
    f=accent:eq:us|eq:uk       any of several tests (``%``, ``:`` and ``|`` inside are percent-escaped)
    sort=-wer                  descending; several ``sort`` are keys in their order
    search=cat                 case-insensitive substring of the reference or any hypothesis

In a URL a value that looks like a number is one; text that looks like a number, ``true`` or ``false``, is empty, or
begins with ``'`` has a ``'`` in front (``f=speaker:eq:'12``).

Conventions: all filters must hold. ``ne`` and ``excludes`` hold for rows without a value, all other tests but ``empty``
do not. ``eq``, ``ne`` and ``matches`` see case, the other text tests do not. ``empty`` is a missing value or an empty
text. ``matches`` is a regular expression of RE2 (https://github.com/google/re2/wiki/Syntax) found anywhere in the text.
Rows without a value come last in every sort. Nested fields are searched as JSON text.

No text from outside is ever part of the SQL: column names are looked up, values are parameters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol, TypeVar

from explorer.columns import Column
from explorer.errors import QueryError

if TYPE_CHECKING:
    from explorer.corpus import Corpus

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
    "empty": "is empty",
    "filled": "is not empty",
}
WITHOUT_VALUE = frozenset({"empty", "filled"})
TEXT_ONLY = frozenset({"contains", "excludes", "starts", "ends", "matches"})
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
KIND_OPERATORS = {
    "text": frozenset(OPERATORS),
    "json": frozenset(OPERATORS) - COMPARISONS.keys(),
    "number": frozenset(OPERATORS) - TEXT_ONLY,
    "flag": frozenset({"eq", "ne"}) | WITHOUT_VALUE,
}
KIND_NAMES = {"text": "text", "json": "nested values, searched as text", "number": "numbers", "flag": "true or false"}
LONGEST_VALUE = 10_000
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


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of the order."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A selection of utterances in an order; the empty query is all of them in the source's order."""

    filters: tuple[Filter, ...] = ()
    sort: tuple[Sort, ...] = ()
    search: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """The URL parameters, not yet percent-encoded; ``from_pairs`` is the inverse."""
        filters = [("f", f"{_escaped(f.column)}:" + "|".join(map(_written, f.tests))) for f in self.filters]
        order = [("sort", ("-" if key.descending else "") + _escaped(key.column)) for key in self.sort]
        return filters + order + ([("search", self.search)] if self.search else [])

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]]) -> Query:
        """The query of URL parameters; parameters of other names are not its business.

        Raises:
            QueryError: a filter or sort cannot be understood.
        """
        filters: list[Filter] = []
        order: list[Sort] = []
        search = ""
        for name, text in pairs:
            if name == "f":
                filters.append(_filter(text))
            elif name == "sort":
                column = _unescaped(text.removeprefix("-"))
                if not column:
                    raise QueryError("the order names no column; write sort=column or sort=-column")
                order.append(Sort(column, text.startswith("-")))
            elif name == "search":
                search = text
        return cls(tuple(filters), tuple(order), search)

    def sentence(self, corpus: Corpus) -> str:
        """The query in words, for people.

        Raises:
            QueryError: it names a column that the corpus does not have.
        """
        conditions = [_condition(corpus.column(f.column), f) for f in self.filters]
        if self.search:
            conditions.append(f"a text contains “{self.search}”")
        selection = f"Utterances where {' and '.join(conditions)}" if conditions else "All utterances"
        keys = [corpus.column(key.column).label + (" (descending)" if key.descending else "") for key in self.sort]
        return selection + (f", sorted by {', then '.join(keys)}" if keys else "")


class Located(Protocol):
    """Where compiled SQL finds a column."""

    @property
    def column(self) -> Column:
        """What it is."""

    @property
    def table(self) -> str:
        """The key of the table it is stored in."""

    @property
    def sql(self) -> str:
        """The SQL expression of its value, made by us."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL fragments of a query: a condition ("" = none) with its parameters, sort keys, and the tables they read."""

    where: str
    parameters: tuple[Value, ...]
    order: tuple[str, ...]
    tables: frozenset[str]


def compiled(query: Query, located: Mapping[str, Located], texts: Sequence[str]) -> Compiled:
    """The SQL of a query over the columns of ``located``; ``texts`` are the columns that ``search`` looks into.

    Raises:
        QueryError: a column does not exist, or a test does not fit its column.
    """
    conditions: list[str] = []
    parameters: list[Value] = []
    tables: set[str] = set()
    for entry in query.filters:
        place = find(entry.column, located)
        tests = [_sql(place.column, place.sql, test) for test in entry.tests]
        conditions.append("(" + " OR ".join(sql for sql, _ in tests) + ")")
        parameters.extend(value for _, values in tests for value in values)
        tables.add(place.table)
    if query.search:
        found = [_caseless("contains", located[name].sql, query.search) for name in texts]
        conditions.append("(" + " OR ".join([sql for sql, _ in found] or ["false"]) + ")")
        parameters.extend(value for _, value in found)
        tables.update(located[name].table for name in texts)
    order: list[str] = []
    for key in query.sort:
        place = find(key.column, located)
        order.append(f"{place.sql} {'DESC' if key.descending else 'ASC'} NULLS LAST")
        tables.add(place.table)
    return Compiled(" AND ".join(conditions), tuple(parameters), tuple(order), frozenset(tables))


def find(name: str, named: Mapping[str, T]) -> T:
    """The entry of that name; QueryError with the nearest name when there is none."""
    if name not in named:
        raise QueryError(f'there is no column "{name}"{nearest(name, named)}')
    return named[name]


def nearest(name: str, names: Iterable[str]) -> str:
    """A clause that offers the most similar name, empty when none is similar."""
    close = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


def _sql(column: Column, value: str, test: Test) -> tuple[str, tuple[Value, ...]]:
    """The condition of one test on the SQL expression ``value``, and its parameters."""
    operator = test.operator
    if operator not in KIND_OPERATORS[column.kind]:
        raise QueryError(f'the filter "{operator}" does not fit "{column.name}", which holds {KIND_NAMES[column.kind]}')
    if operator in WITHOUT_VALUE:
        empty = f"{value} IS NULL" + (f" OR {value} = ''" if column.kind == "text" else "")
        return (f"({empty})" if operator == "empty" else f"(NOT ({empty}))"), ()
    _expect(column, test)
    number = isinstance(test.value, int | float) and not isinstance(test.value, bool)
    given = "?::DOUBLE" if number and not _fits(test.value) else "?"
    if operator == "eq":
        return f"coalesce({value} = {given}, false)", (test.value,)
    if operator == "ne":
        return f"({value} IS DISTINCT FROM {given})", (test.value,)
    if operator in COMPARISONS:
        return f"coalesce({value} {COMPARISONS[operator]} {given}, false)", (test.value,)
    if operator == "matches":
        return f"coalesce(regexp_matches({value}, ?), false)", (test.value,)
    condition, text = _caseless("contains" if operator == "excludes" else operator, value, str(test.value))
    return (f"(NOT {condition})" if operator == "excludes" else condition), (text,)


def _caseless(operator: str, value: str, text: str) -> tuple[str, str]:
    """The condition that a value contains, starts or ends with the text, case aside, and its parameter.

    ILIKE takes three fifths of the time of comparing lower-case copies (a million rows, three columns: 444 to 730 ms of
    processor time) but has its own meaning for ``%`` and ``_``, and escaping those costs more than it saves.
    """
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


def _condition(column: Column, entry: Filter) -> str:
    tests = [OPERATORS[test.operator] + _value_words(column, test) for test in entry.tests]
    return f"{column.label} {' or '.join(tests)}"


def _value_words(column: Column, test: Test) -> str:
    from explorer.formatting import value  # formatting knows columns, not queries; this is the one way back

    if test.value is None:
        return ""
    return f" “{test.value}”" if isinstance(test.value, str) else f" {value(column, test.value)}"


def _filter(text: str) -> Filter:
    column, separator, tests = text.partition(":")
    if not separator or not column:
        raise QueryError(f'the filter "{text[:100]}" is not of the form column:operator:value')
    return Filter(_unescaped(column), tuple(map(_test, tests.split("|"))))


def _test(text: str) -> Test:
    operator, separator, value = text.partition(":")
    return Test(_unescaped(operator), _value(value) if separator else None)


def _written(test: Test) -> str:
    if test.value is None:
        return test.operator
    if isinstance(test.value, bool):
        return f"{test.operator}:{str(test.value).lower()}"
    if isinstance(test.value, str):
        quote = "'" if test.value.startswith("'") or not isinstance(_value(test.value), str) or not test.value else ""
        return f"{test.operator}:{quote}{_escaped(test.value)}"
    return f"{test.operator}:{test.value!r}"


def _value(text: str) -> Value:
    """The value of its written form, percent-escapes included."""
    if text in ("true", "false"):
        return text == "true"
    if INTEGER.fullmatch(text) and len(text) < 300:
        return int(text)
    if NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return _unescaped(text.removeprefix("'"))


def _escaped(text: str) -> str:
    text = text.replace("%", "%25").replace(":", "%3A").replace("|", "%7C")
    return "%2D" + text[1:] if text.startswith("-") else text


def _unescaped(text: str) -> str:
    return re.sub("%(25|3A|7C|2D)", lambda match: chr(int(match[1], 16)), text)
