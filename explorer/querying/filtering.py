"""What an expression of the filter box means over a corpus's columns: names resolved, values read, SQL and a sentence.

Conventions
- A name is a column's name, its field in the source (``{text}``, ``{pred_text_small}``), or its label; failing these,
  the same without regard to case; failing these, a name of NeMo's Speech Data Explorer (``{WER}`` when there is one
  system). Two columns of one name are an error, never a guess.
- Rate columns hold fractions. ``30%`` is 0.3. A bare number below 1 is a fraction, one of 2 or more is read as percent
  (so ``{WER} > 30`` means what Speech Data Explorer means, and no rate is compared with 3,000 %), and one between is
  refused, because 1.5 could be 1.5 % or 150 %. The sentence under the box says what was understood.
- A bare date (``2024-05-01``) on a text column is a day: values that begin with a date of that form are compared by
  their first ten characters, all others are left out (``!=`` holds for them). In quotes it is a text like any other.
- Of two columns (``{errors_b} < {errors_a}``) both hold numbers, texts, or flags; without a value on a side only
  ``!=`` holds.
- The meaning of every test is that of conditions.py; ``in`` is "is" for any of its values, ``not in`` its opposite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NoReturn, Protocol

from explorer.columns import Column
from explorer.errors import ExpressionError, QueryError
from explorer.formats.nemo import prediction_field
from explorer.querying import conditions as meaning
from explorer.querying.conditions import (
    COMPARISONS,
    KIND_NAMES,
    KIND_OPERATORS,
    OPERATORS,
    TEXT_ONLY,
    Case,
    Filter,
    Test,
    Value,
)
from explorer.querying.expression import (
    LISTS,
    SPELLINGS,
    And,
    Condition,
    Expression,
    Literal,
    Not,
    Or,
    Other,
    field_text,
    parse,
)
from explorer.querying.expression import conditions as conditions_of

SPOKEN = {"num_words": "words", "num_chars": "characters", "char_rate": "character_rate"}
"""Names of Speech Data Explorer -> ours."""
SPOKEN_OF_A_SYSTEM = {"wer": "wer", "cer": "cer", "i": "insertions", "d": "deletions", "pred_text": "hypothesis"}
"""Names of Speech Data Explorer that say no system -> the beginning of ours, which do."""

DAY = re.compile(r"\d{4}-\d\d-\d\d")
A_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
LISTED_COLUMNS = 4


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

    @property
    def case(self) -> Case | None:
        """The case of all its texts, if they agree."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a condition means: all of ``filters`` hold (or, ``negated``, not all), in ``words`` after the label.

    With an ``other`` column there are no filters: both columns are compared by ``operator``.
    """

    column: Column
    filters: tuple[Filter, ...]
    words: str
    negated: bool = False
    operator: str = ""
    other: Column | None = None


def where_sql(text: str, located: Mapping[str, Located]) -> tuple[str, tuple[Value, ...], frozenset[str]]:
    """An expression as an SQL condition, its parameters, and the tables it reads.

    Raises:
        ExpressionError: it cannot be understood, or does not fit the columns.
    """
    parameters: list[Value] = []
    tables: set[str] = set()
    columns = [place.column for place in located.values()]

    def written(node: Expression) -> str:
        if isinstance(node, Not):
            return f"(NOT {written(node.of)})"
        if isinstance(node, And | Or):
            return "(" + (" AND " if isinstance(node, And) else " OR ").join(map(written, node.parts)) + ")"
        clause = understood(node, columns)
        place = located[clause.column.name]
        tables.add(place.table)
        if clause.other is not None:
            tables.add(located[clause.other.name].table)
            return meaning.compared_sql(clause.operator, place.sql, located[clause.other.name].sql)
        parts = []
        for entry in clause.filters:
            tests = [meaning.sql(place.column, place.sql, test, case=place.case) for test in entry.tests]
            parameters.extend(value for _, given in tests for value in given)
            parts.append("(" + " OR ".join(sql for sql, _ in tests) + ")")
        joined = "(" + " AND ".join(parts) + ")"
        return f"(NOT {joined})" if clause.negated else joined

    condition = written(parse(text))
    return condition, tuple(parameters), frozenset(tables)


def where_sentence(text: str, columns: Sequence[Column], *, alone: bool = True) -> str:
    """An expression in words, after "Utterances where"; in brackets when it is an "or" and does not stand ``alone``.

    Raises:
        ExpressionError: it cannot be understood, or does not fit the columns.
    """

    def told(node: Expression, *, inside: bool) -> str:
        if isinstance(node, Condition):
            clause = understood(node, columns)
            return f"{clause.column.label} {clause.words}"
        if isinstance(node, Not):
            return f"not ({told(node.of, inside=False)})"
        word = " and " if isinstance(node, And) else " or "
        joined = word.join(told(part, inside=True) for part in node.parts)
        return f"({joined})" if inside else joined

    tree = parse(text)
    return told(tree, inside=isinstance(tree, Or) and not alone)


def where_columns(text: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """The names of the columns that an expression tests; none when it cannot be understood."""
    try:
        named = conditions_of(parse(text)) if text else []
        clauses = [understood(node, columns) for node in named]
        found = [column for clause in clauses for column in (clause.column, clause.other) if column is not None]
        return tuple(dict.fromkeys(column.name for column in found))
    except ExpressionError:
        return ()


def understood(node: Condition, columns: Iterable[Column]) -> Clause:
    """What one condition means.

    Raises:
        ExpressionError: there is no such column, or operator or value do not fit it.
    """
    column = resolved(node, columns)
    operator = {"in": "eq", "outside": "ne"}.get(node.operator, node.operator)
    if operator not in KIND_OPERATORS[column.kind]:
        fitting = ", ".join(SPELLINGS[name] for name in OPERATORS if name in KIND_OPERATORS[column.kind])
        reason = f'"{SPELLINGS[node.operator]}" does not fit {column.label}, which holds {KIND_NAMES[column.kind]}'
        raise ExpressionError(f"{reason}; use {fitting} or in", start=node.start, end=node.end)
    if node.values and isinstance(node.values[0], Other):
        return _compared(column, operator, node.values[0], columns)
    literals = tuple(one for one in node.values if isinstance(one, Literal))
    if column.kind == "text" and not literals[1:] and operator in ("eq", "ne", *COMPARISONS):
        [literal] = literals
        if not literal.quoted and DAY.fullmatch(literal.text):
            return _on_a_day(column, operator, literal)
    given = [_value(column, operator, literal) for literal in literals]
    try:
        tests = tuple(Test(operator, value) for value in given) or (Test(operator),)
    except QueryError as error:
        raise ExpressionError(str(error), start=node.start, end=node.end) from None
    if operator == "matches" and (fault := pattern_fault(str(given[0]))):
        [literal] = literals
        reason = f"the pattern {literal} is no regular expression: {fault}"
        raise ExpressionError(reason, start=literal.start, end=literal.end)
    if node.operator in LISTS:
        word = "is none of" if node.operator == "outside" else "is one of"
        words = f"{word}{','.join(meaning.value_words(column, test) for test in tests)}"
        alternatives = tuple(Test("eq", test.value) for test in tests)
        return Clause(column, (Filter(column.name, alternatives),), words, negated=node.operator == "outside")
    return Clause(column, (Filter(column.name, tests),), OPERATORS[operator] + meaning.value_words(column, tests[0]))


def _compared(column: Column, operator: str, other: Other, columns: Iterable[Column]) -> Clause:
    """What a comparison of two columns means."""
    place = {"start": other.start, "end": other.end}
    if operator not in ("eq", "ne", *COMPARISONS):
        raise ExpressionError(f'"{SPELLINGS[operator]}" needs a value, not a column; put a text in quotes', **place)
    second = resolved(Condition(other.column, "empty", start=other.start), columns)
    if second.kind != column.kind or column.kind == "json":
        kinds = f"{column.label} holds {KIND_NAMES[column.kind]}, {second.label} holds {KIND_NAMES[second.kind]}"
        raise ExpressionError(f"{kinds}; these cannot be compared", **place)
    words = f"{OPERATORS[operator]} {second.label}"
    return Clause(column, (), words, operator=operator, other=second)


def resolved(node: Condition, columns: Iterable[Column]) -> Column:
    """The column that a condition names.

    Raises:
        ExpressionError: none has that name, or several.
    """
    name, known = node.column, list(columns)
    end = node.start + len(field_text(name))
    exact = [
        [column for column in known if column.name == name],
        [column for column in known if column.field == name],
        [column for column in known if _prediction(column) == name],
        [column for column in known if column.label == name],
    ]
    low = name.casefold()
    loose = [column for column in known if low in {spelt.casefold() for spelt in names_of(column)}]
    for found in (*exact, loose, _spoken(low, known)):
        if len(found) == 1:
            return found[0]
        if found:
            named = ", ".join(field_text(column.name) for column in found[:LISTED_COLUMNS])
            raise ExpressionError(f'"{name}" could be {named}; write which', start=node.start, end=end)
    said = [word for word in (*SPOKEN, *SPOKEN_OF_A_SYSTEM) if _spoken(word, known)]
    hint = meaning.nearest(name, [*(spelt for column in known for spelt in names_of(column)), *said])
    raise ExpressionError(f'there is no column "{name}"{hint}', start=node.start, end=end)


def names_of(column: Column) -> tuple[str, ...]:
    """Everything a column may be called in an expression, the best first."""
    found = (column.name, column.field, _prediction(column), column.label)
    return tuple(dict.fromkeys(name for name in found if name))


def _prediction(column: Column) -> str | None:
    """The manifest's name of a hypothesis, also of a system that only runs know."""
    if column.system is None or column.name != f"hypothesis_{column.system}":
        return None
    return prediction_field(column.system)


def _spoken(low: str, columns: Sequence[Column]) -> list[Column]:
    if low in SPOKEN:
        return [column for column in columns if column.name == SPOKEN[low]]
    if low in SPOKEN_OF_A_SYSTEM:
        start = SPOKEN_OF_A_SYSTEM[low]
        return [column for column in columns if column.system and column.name == f"{start}_{column.system}"]
    return []


def _value(column: Column, operator: str, literal: Literal) -> Value:
    """A literal as the column's values are."""
    if operator in TEXT_ONLY or column.kind in ("text", "json"):
        return literal.text
    if column.kind == "flag":
        if literal.text.lower() not in ("true", "false"):
            _refuse(literal, f"{column.label} is true or false, not {literal}")
        return literal.text.lower() == "true"
    in_percent = literal.text.endswith("%")
    number = None if literal.quoted else meaning.number(literal.text.removesuffix("%"))
    if number is None:
        example = ", for example 30%" if column.style == "percent" else ""
        _refuse(literal, f"{column.label} holds numbers, and {literal} is none{example}")
    if column.style != "percent":
        if in_percent:
            _refuse(literal, f"{column.label} is no rate and takes no %; write {number:g}")
        return number
    try:
        return meaning.fraction(literal.text)
    except QueryError as error:
        _refuse(literal, str(error))


def _refuse(literal: Literal, reason: str) -> NoReturn:
    raise ExpressionError(reason, start=literal.start, end=literal.end)


def _on_a_day(column: Column, operator: str, literal: Literal) -> Clause:
    """A comparison with a whole day, of texts that begin with a date."""
    try:
        day = date.fromisoformat(literal.text)
        after = (day + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        _refuse(literal, f'there is no day {literal}; in quotes ("{literal}") it is a text like any other')
    tests = {
        "eq": ("is on", Test("starts", literal.text)),
        "ne": ("is not on", Test("starts", literal.text)),
        "lt": ("is before", Test("lt", literal.text)),
        "le": ("is not after", Test("lt", after)),
        "gt": ("is after", Test("ge", after)),
        "ge": ("is not before", Test("ge", literal.text)),
    }
    words, test = tests[operator]
    filters = (Filter(column.name, (test,)), Filter(column.name, (Test("matches", A_DATE),)))
    return Clause(column, filters, f"{words} {literal.text}", negated=operator == "ne")


@lru_cache(maxsize=64)
def pattern_fault(pattern: str) -> str:
    """Why a pattern is no regular expression of RE2, in RE2's words; empty when it is one."""
    import duckdb

    try:
        with duckdb.connect(":memory:") as database:
            database.execute("SELECT regexp_matches('', ?)", [pattern])
    except duckdb.Error as error:
        return str(error).split(": ", 1)[-1].split("\n")[0]
    return ""
