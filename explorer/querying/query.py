"""Query: which utterances and in which order; as URL parameters, as a sentence, and as SQL with parameters.

    f=duration:gt:3.5          a filter: column, operator, value
    f=accent:eq:us|eq:uk       any of several tests (``%``, ``:`` and ``|`` inside are percent-escaped)
    sort=-wer                  descending; several ``sort`` are keys in their order
    search=cat                 case-insensitive substring of the reference or any hypothesis
    where={duration} > 3       an expression of the filter box

In a URL a value that looks like a number is one; text that looks like a number, ``true`` or ``false``, is empty, or
begins with ``'`` has a ``'`` in front (``f=speaker:eq:'12``).

``where`` is the filter box, see expression.py (``where={wer_small} > 30% && {text} contains seven``).

Conventions: all filters, the search and ``where`` must hold; what each test means is in conditions.py. Rows without a
value come last in every sort. No text from outside is ever part of the SQL: column names are looked up, values are
parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.errors import QueryError
from explorer.querying.conditions import Filter, Test, Value, caseless, find, nearest, number, sql, words
from explorer.querying.filtering import Located, where_sentence, where_sql

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

__all__ = ["Compiled", "Filter", "Query", "Sort", "Test", "Value", "compiled", "find", "nearest"]


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
    where: str = ""

    @property
    def selects(self) -> bool:
        """Whether it leaves any utterance out (or might)."""
        return bool(self.filters or self.search or self.where)

    def selection(self) -> Query:
        """The same utterances in the source's order."""
        return replace(self, sort=())

    def pairs(self) -> list[tuple[str, str]]:
        """The URL parameters, not yet percent-encoded; ``from_pairs`` is the inverse."""
        filters = [("f", f"{_escaped(f.column)}:" + "|".join(map(_written, f.tests))) for f in self.filters]
        order = [("sort", ("-" if key.descending else "") + _escaped(key.column)) for key in self.sort]
        texts = [("search", self.search), ("where", self.where)]
        return filters + order + [(name, text) for name, text in texts if text]

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]]) -> Query:
        """The query of URL parameters; parameters of other names are not its business.

        Whether ``where`` can be understood shows when it is used, because only a corpus knows its columns.

        Raises:
            QueryError: a filter or sort cannot be understood.
        """
        filters: list[Filter] = []
        order: list[Sort] = []
        search = where = ""
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
            elif name == "where":
                where = text.strip()
        return cls(tuple(filters), tuple(order), search, where)

    def sentence(self, corpus: Corpus) -> str:
        """The query in words, for people.

        Raises:
            QueryError: it names a column that the corpus does not have, or ``where`` cannot be understood.
        """
        conditions = [words(corpus.column(f.column), f) for f in self.filters]
        if self.search:
            conditions.append(f"a text contains “{self.search}”")
        if self.where:
            conditions.append(where_sentence(self.where, corpus.columns, alone=not conditions))
        selection = f"Utterances where {' and '.join(conditions)}" if conditions else "All utterances"
        keys = [corpus.column(key.column).label + (" (descending)" if key.descending else "") for key in self.sort]
        return selection + (f", sorted by {', then '.join(keys)}" if keys else "")


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
        QueryError: a column does not exist, a test does not fit its column, or ``where`` cannot be understood.
    """
    conditions: list[str] = []
    parameters: list[Value] = []
    tables: set[str] = set()
    for entry in query.filters:
        place = find(entry.column, located)
        tests = [sql(place.column, place.sql, test, case=place.case) for test in entry.tests]
        conditions.append("(" + " OR ".join(sql for sql, _ in tests) + ")")
        parameters.extend(value for _, values in tests for value in values)
        tables.add(place.table)
    if query.search:
        found = [caseless("contains", located[name].sql, query.search, case=located[name].case) for name in texts]
        conditions.append("(" + " OR ".join([sql for sql, _ in found] or ["false"]) + ")")
        parameters.extend(value for _, value in found)
        tables.update(located[name].table for name in texts)
    if query.where:
        condition, values, used = where_sql(query.where, located)
        conditions.append(condition)
        parameters.extend(values)
        tables.update(used)
    order: list[str] = []
    for key in query.sort:
        place = find(key.column, located)
        order.append(f"{place.sql} {'DESC' if key.descending else 'ASC'} NULLS LAST")
        tables.add(place.table)
    return Compiled(" AND ".join(conditions), tuple(parameters), tuple(order), frozenset(tables))


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
    if (spelt := number(text)) is not None:
        return spelt
    return _unescaped(text.removeprefix("'"))


def _escaped(text: str) -> str:
    text = text.replace("%", "%25").replace(":", "%3A").replace("|", "%7C")
    return "%2D" + text[1:] if text.startswith("-") else text


def _unescaped(text: str) -> str:
    return re.sub("%(25|3A|7C|2D)", lambda match: chr(int(match[1], 16)), text)
