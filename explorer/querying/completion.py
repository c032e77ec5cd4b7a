"""What can come next in the filter box: columns, operators that fit, frequent values, and words that join conditions.

The grammar itself says what may follow the text before the cursor (``expression.beginning``), so the list can never
offer what the box would refuse. A completion replaces the half-typed token, or a half-typed operator of two words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.columns import Column
from explorer.errors import ExpressionError
from explorer.querying.conditions import KIND_NAMES, KIND_OPERATORS, OPERATORS, number
from explorer.querying.expression import LISTS, SPELLINGS, WORD, Beginning, Condition, Literal, beginning, field_text
from explorer.querying.filtering import DAY, names_of, resolved
from explorer.querying.query import Filter, Query, Test

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

MOST = 60
"""Options that are offered at once."""
MOST_VALUES = 12
"""Values among them."""
LONGEST_VALUE = 80
"""Characters of a value that is offered."""

Values = Callable[[Column, str], Sequence[tuple[str, int]]]
"""The frequent values of a text column that start with a text, and how many rows have each."""

TOKEN = re.compile(
    rf"""\{{(?:[^{{}}]|\{{\{{|\}}\}})*\}}?|"(?:[^"]|"")*"?|'(?:[^']|'')*'?|&&?|\|\|?|[<>=!]=?|{WORD}|[(),]""", re.DOTALL
)
ORDERS = {
    "number": ("gt", "ge", "lt", "le", "eq", "ne", "in", "outside", "empty", "filled"),
    "flag": ("eq", "ne", "empty", "filled"),
    "text": ("contains", "excludes", "eq", "ne", "in", "outside", "starts", "ends", "matches", "has", "lacks",
             "empty", "filled", "lt", "le", "gt", "ge"),
}  # fmt: skip
"""Operators in the order of how likely they are wanted; ``json`` has those of ``text`` that fit it."""
TOLD = {**OPERATORS, "in": "is one of", "outside": "is none of"}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on: ``text`` is inserted, ``label`` and ``detail`` are shown."""

    text: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """The options, and the part of the text (half-open, from 0) that the chosen one replaces."""

    start: int
    end: int
    options: tuple[Option, ...] = ()


def complete(text: str, caret: int, columns: Sequence[Column], values: Values) -> Completion:
    """What can be written at ``caret``; no options where nothing can, or where the text before is faulty."""
    before = text[:caret]
    tokens = [match.span() for match in TOKEN.finditer(before)]
    starts = [caret, *(start for start, _ in reversed(tokens[-3:]))]
    if tokens and tokens[-1][1] == caret and re.match(r"[\w{\"']", before[tokens[-1][0]]):
        starts.remove(caret)  # the cursor touches a word: that is what is being typed
    for start in dict.fromkeys(starts):
        begun = beginning(before[:start])
        if begun is None:
            continue
        partial = before[start:]
        found = [option for option in _options(begun, partial, columns, values) if option.text.strip() != partial]
        if found or not partial.strip():
            return Completion(start, _end(text, start, caret), tuple(found[:MOST]))
    return Completion(caret, caret)


def _end(text: str, start: int, caret: int) -> int:
    """Where the token ends that the cursor stands in."""
    if start == caret:
        return caret
    rest = re.match(r"[^{}]*\}" if text[start] == "{" else r"[\w.%-]*", text[caret:])
    return caret + (rest.end() if rest else 0)


def _options(begun: Beginning, partial: str, columns: Sequence[Column], values: Values) -> Iterable[Option]:
    follows = begun.follows
    if "BARE" in follows:
        column = _column(begun, columns)
        if column is not None and partial.startswith("{") and "FIELD" in follows:
            yield from _columns(partial, [one for one in columns if one.kind == column.kind and one != column])
        elif column is not None:
            yield from _values(column, partial, values)
    elif "FIELD" in follows:
        yield from _columns(partial, columns)
    elif "OPERATOR" in follows:
        column = _column(begun, columns)
        for name in _operators(column):
            if SPELLINGS[name].startswith(" ".join(partial.lower().split())):
                ending = " (" if name in LISTS else " "
                yield Option(SPELLINGS[name] + ending, SPELLINGS[name], TOLD[name])
    else:
        joining = [("&&", "and", "_AND"), ("||", "or", "_OR"), (")", "close the bracket", "RPAR")]
        for written, told, token in joining:
            if token in follows and (written.startswith(partial) or told.startswith(partial.lower())):
                yield Option(f"{written} " if token != "RPAR" else written, written, told)
        if "COMMA" in follows and not partial:
            yield Option(", ", ",", "another value")
        if "LPAR" in follows and not partial:
            yield Option("(", "(", "the list of values")


def _columns(partial: str, columns: Sequence[Column]) -> Iterable[Option]:
    """Columns by any of their names: first those that begin with what is typed, then those that have it inside."""
    typed = partial.removeprefix("{").removesuffix("}").casefold()

    def rank(column: Column) -> int:
        names = [name.casefold() for name in names_of(column)]
        if any(name.startswith(typed) for name in names):
            return 0
        return 1 if any(typed in name for name in names) else 2

    fitting = [column for column in columns if rank(column) < 2 and not (column.hidden and not typed)]
    for column in sorted(fitting, key=rank):
        unit = "fractions; write 30% or 0.3" if column.style == "percent" else KIND_NAMES[column.kind]
        yield Option(f"{field_text(column.name)} ", field_text(column.name), f"{column.label}: {unit}")


def _column(begun: Beginning, columns: Sequence[Column]) -> Column | None:
    try:
        return resolved(Condition(begun.column or "", "empty"), columns)
    except ExpressionError:
        return None


def _operators(column: Column | None) -> Sequence[str]:
    if column is None:
        return tuple(SPELLINGS)
    fitting = KIND_OPERATORS[column.kind] | (LISTS if column.kind != "flag" else frozenset())
    return [name for name in ORDERS.get(column.kind, ORDERS["text"]) if name in fitting]


def _values(column: Column, partial: str, values: Values) -> Iterable[Option]:
    if column.kind == "flag":
        for written in ("true", "false"):
            if written.startswith(partial.lower()):
                yield Option(f"{written} ", written)
    elif column.kind == "text":
        typed = partial.strip("\"'")
        for value, rows in values(column, typed):
            yield Option(f"{written_value(value)} ", value, f"{rows:,} rows")
    elif column.style == "percent" and number(partial) is not None:
        share = float(partial)
        yield Option(f"{partial}% ", f"{partial}%", "percent")
        if share >= 1:
            yield Option(f"{share / 100:g} ", f"{share / 100:g}", "the same as a fraction")


def written_value(value: str) -> str:
    """A text as a value of an expression: bare where that means the same, else in quotes."""
    bare = re.fullmatch(WORD, value) is not None and not DAY.fullmatch(value)
    return str(Literal(value, quoted=not bare))


def frequent_values(corpus: Corpus) -> Values:
    """The values of a corpus's columns, the most frequent first; none of columns that hold whole sentences or paths."""
    told = {"reference", "audio", *(f"hypothesis_{system}" for system in corpus.systems)}

    def found(column: Column, start: str) -> Sequence[tuple[str, int]]:
        if column.name in told:
            return ()
        narrowed = Query((Filter(column.name, (Test("starts", start),)),)) if start else Query()
        values, _distinct, _without, _rows = corpus.counted(narrowed, column.name, MOST_VALUES)
        return [(value, rows) for value, rows in values if value and len(value) <= LONGEST_VALUE]

    return found
