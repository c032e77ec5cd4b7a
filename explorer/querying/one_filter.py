"""A whole selection as one text of the filter box: column filters, search and filter box joined, to be kept elsewhere.

    f=words:gt:8|empty, search=seven, where={speaker} = anna
    ({words} > 8 || {words} is empty) && ({reference} contains "seven" || ...) && {speaker} = "anna"

Conventions: what the text selects is what the query selects, sorted or not; "" selects everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from explorer.columns import Column
from explorer.querying.conditions import Filter, Test, find
from explorer.querying.expression import And, Condition, Expression, Literal, Or, parse
from explorer.querying.query import Query


def one_filter(query: Query, columns: Sequence[Column]) -> str:
    """The text of the filter box that selects what the query does, in a corpus of these columns.

    Raises:
        QueryError: the query names a column that is not there, or its expression cannot be understood.
    """
    named = {column.name: column for column in columns}
    parts: list[Expression] = [_any(_tested(find(entry.column, named), entry)) for entry in query.filters]
    if query.search:
        texts = [name for name in named if name == "reference" or name.startswith("hypothesis_")]
        parts.append(_any([Condition(name, "contains", (Literal(query.search),)) for name in texts]))
    if query.where:
        parts.append(parse(query.where))
    if not parts:
        return ""
    return str(parts[0] if len(parts) == 1 else And(tuple(parts)))


def _any(conditions: Sequence[Expression]) -> Expression:
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))


def _tested(column: Column, entry: Filter) -> list[Expression]:
    return [Condition(column.name, test.operator, _values(column, test)) for test in entry.tests]


def _values(column: Column, test: Test) -> tuple[Literal, ...]:
    value = test.value
    if value is None:
        return ()
    if isinstance(value, bool):
        return (Literal("true" if value else "false", quoted=False),)
    if isinstance(value, str):
        return (Literal(value),)
    if column.style == "percent":  # written as a percentage, a rate can mean nothing else
        return (Literal(f"{Decimal(repr(value)) * 100:f}%", quoted=False),)
    return (Literal(f"{Decimal(repr(value)):f}", quoted=False),)
