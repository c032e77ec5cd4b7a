"""The language of the filter box: text to frozen tree to text; what its names and values mean is filtering.py's.

    {wer_small} > 30% && {text} contains seven
    !({speaker} in (anna, "van der Berg") || {noise} is empty) and {date} >= 2024-05-01
    {errors_large} < {errors_small}

A condition is a column, an operator and a value. A column stands in braces (``{{`` and ``}}`` are braces inside a
name); one that is a plain word needs none. Operators: ``= != < <= > >=`` (also ``eq ne lt le gt ge ==``),
``contains``, ``not contains``, ``starts with``, ``ends with``, ``matches`` (a regular expression), ``has`` and
``lacks`` (an entry of a list such as "noise; music"), ``in (a, b)``, ``not in (a, b)``, ``is empty``,
``is not empty``. Behind ``= != < <= > >=`` another column in braces may stand for the value: the two are compared row
by row. A value of one word needs no quotes; in quotes, single or double, the quote itself is written twice
and nothing else has a special meaning, so that patterns stay as they are. Conditions are joined by ``&&``, ``||``,
``!`` or the words ``and``, ``or``, ``not``; "not" binds closer than "and", "and" closer than "or". Operators and
joining words may be written in either case.

Sources: the filter syntax of Dash's DataTable, which NeMo's Speech Data Explorer uses
(https://dash.plotly.com/datatable/filtering); the parser is LALR(1) by https://lark-parser.readthedocs.io.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from explorer.errors import ExpressionError

if TYPE_CHECKING:
    from lark import Lark

LONGEST = 5_000
"""Characters of an expression."""
DEEPEST = 30
"""Brackets inside brackets, and "not" before "not"."""
MOST_VALUES = 500
"""Values (and tests for emptiness) of one expression."""

WORD = r"[^\s\"'(){},&|!<>=][^\s\"(){},&|!<>=]*"

SPELLINGS = {
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "contains": "contains",
    "excludes": "not contains",
    "starts": "starts with",
    "ends": "ends with",
    "matches": "matches",
    "has": "has",
    "lacks": "lacks",
    "in": "in",
    "outside": "not in",
    "empty": "is empty",
    "filled": "is not empty",
}
"""Operator -> how it is written; the operators are those of conditions.py, and ``in`` and ``outside``."""

LISTS = frozenset({"in", "outside"})
VALUELESS = frozenset({"empty", "filled"})

GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: factor (_AND factor)*
?factor: NOT factor                                          -> negation
       | "(" either ")"                                      -> group
       | column OPERATOR (value | other)                     -> condition
       | column LIST_OPERATOR "(" value ("," value)* ")"     -> condition
       | column WITHOUT_VALUE                                -> condition
column: FIELD | NAME
value: QUOTED | BARE PERCENT?
other: FIELD
_OR: "||" | /or\b/i
_AND: "&&" | /and\b/i
NOT.2: "!" | /not\b/i
FIELD: /\{(?:[^{}]|\{\{|\}\})+\}/
NAME: /[^\W\d]\w*/
QUOTED: /"(?:[^"]|"")*"/ | /'(?:[^']|'')*'/
BARE: /@WORD@/
PERCENT: "%"
OPERATOR: /==?|!=|<>|<=?|>=?|(?:eq|ne|lt|le|gt|ge|excludes|matches|has|lacks)\b/i
        | /(?:(?:does\s+)?not\s+contains?|contains|starts\s*with|datestartswith|ends\s*with)\b/i
LIST_OPERATOR: /(?:not\s+)?in\b/i
WITHOUT_VALUE: /is\s+(?:not\s+)?(?:empty|blank|nil|null)\b/i
%ignore /\s+/
""".replace("@WORD@", WORD)

SYNONYMS = {
    **{written: name for name, written in SPELLINGS.items()},
    **{name: name for name in ("eq", "ne", "lt", "le", "gt", "ge", "excludes")},
    **{"==": "eq", "<>": "ne", "not contain": "excludes", "does not contain": "excludes"},
    **{"does not contains": "excludes", "startswith": "starts", "endswith": "ends", "datestartswith": "starts"},
    **{f"is {word}": "empty" for word in ("blank", "nil", "null")},
    **{f"is not {word}": "filled" for word in ("blank", "nil", "null")},
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written, without its quotes; ``start`` is its place in the text, no part of what it is."""

    text: str
    quoted: bool = True
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return '"' + self.text.replace('"', '""') + '"' if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Other:
    """Another column in the place of a value."""

    column: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return field_text(self.column)


@dataclass(frozen=True, slots=True)
class Condition:
    """A column, an operator of SPELLINGS, and as many values as it takes, or one other column."""

    column: str
    operator: str
    values: tuple[Literal | Other, ...] = ()
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        values = ", ".join(map(str, self.values))
        listed = f" ({values})" if self.operator in LISTS else f" {values}" if values else ""
        return f"{field_text(self.column)} {SPELLINGS[self.operator]}{listed}"


@dataclass(frozen=True, slots=True)
class Not:
    """What holds when the other does not."""

    of: Expression

    def __str__(self) -> str:
        return f"!({self.of})"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more that must all hold."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " && ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more of which one must hold."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " || ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


Expression: TypeAlias = Condition | Not | And | Or
"""``str`` of one is its canonical text: ``parse(str(expression)) == expression``."""


def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises:
        ExpressionError: it is no expression, or too long, too deep or of too many values; and where.
    """
    from lark import exceptions

    if len(text) > LONGEST:
        reason = f"a filter can have {LONGEST:,} characters, this one has {len(text):,}"
        raise ExpressionError(reason, start=LONGEST, end=len(text))
    try:
        tree: Expression = parser().parse(text)  # type: ignore[assignment]
    except exceptions.UnexpectedInput as error:
        raise _unexpected(text, error) from None
    found = values(tree)
    if len(found) > MOST_VALUES:
        reason = f"a filter can have {MOST_VALUES} values, this one has {len(found):,}"
        raise ExpressionError(reason, start=found[MOST_VALUES][0], end=len(text))
    return tree


def conditions(expression: Expression) -> list[Condition]:
    """All conditions from left to right."""
    if isinstance(expression, Condition):
        return [expression]
    parts = (expression.of,) if isinstance(expression, Not) else expression.parts
    return [condition for part in parts for condition in conditions(part)]


def values(expression: Expression) -> list[tuple[int, int]]:
    """The places of all values from left to right; a condition without a value counts as one."""
    return [
        (place.start, place.end) for condition in conditions(expression) for place in (condition.values or (condition,))
    ]


def field_text(name: str) -> str:
    """A column's name as it is written in an expression."""
    return "{" + name.replace("{", "{{").replace("}", "}}") + "}"


@cache
def parser() -> Lark:
    """The parser, made when it is first needed: importing it costs what ``--help`` should not wait for."""
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=_builder(), propagate_positions=False)


def _builder() -> Any:
    """What lark calls while it parses, from the leaves up."""
    from lark import Token, Transformer

    class Builder(Transformer[Token, Any]):
        def column(self, parts: list[Token]) -> Token:
            [token] = parts
            return token.update(value=_name(token))

        def value(self, parts: list[Token]) -> Literal:
            start, end = parts[0].start_pos or 0, parts[-1].end_pos or 0
            if parts[0].type == "QUOTED":
                quote, inner = parts[0][0], parts[0][1:-1]
                return Literal(inner.replace(quote * 2, quote), True, start, end)
            return Literal("".join(parts), False, start, end)

        def other(self, parts: list[Token]) -> Other:
            [token] = parts
            return Other(_name(token), token.start_pos or 0, token.end_pos or 0)

        def condition(self, parts: list[Any]) -> Condition:
            column, operator, *listed = parts
            name = SYNONYMS.get(" ".join(operator.lower().split()))
            if name is None:  # "starts  with" and its like
                name = SYNONYMS["".join(operator.lower().split())]
            end = operator.end_pos if not listed else listed[-1].end
            return Condition(str(column), name, tuple(listed), column.start_pos, end)

        def negation(self, parts: list[Any]) -> Expression:
            return _not_too_deep(Not(parts[1]), parts[0].start_pos)

        def group(self, parts: list[Any]) -> Expression:
            [inner] = parts
            return _not_too_deep(inner, conditions(inner)[0].start)

        def both(self, parts: list[Any]) -> And:
            return And(tuple(parts))

        def either(self, parts: list[Any]) -> Or:
            return Or(tuple(parts))

    return Builder()


def _not_too_deep(expression: Expression, start: int) -> Expression:
    if _depth(expression) > DEEPEST:
        raise ExpressionError(f"more than {DEEPEST} brackets inside each other", start=start, end=start + 1)
    return expression


def _depth(expression: Expression) -> int:
    if isinstance(expression, Condition):
        return 1
    parts = (expression.of,) if isinstance(expression, Not) else expression.parts
    return 1 + max(map(_depth, parts))


LAST_TOKEN = re.compile(
    rf"""\{{(?:[^{{}}]|\{{\{{|\}}\}})+\}}$|"[^"]*"$|'[^']*'$|[<>=!]=$|<>$|&&$|\|\|$|{WORD}$|.$""", re.DOTALL
)
WHOLE_TOKEN = re.compile(r"""\{(?:[^{}]|\{\{|\}\})+\}|"(?:[^"]|"")*"|'(?:[^']|'')*'""")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What may follow the beginning of an expression, as the grammar names it, and the column it names last."""

    follows: frozenset[str]
    column: str | None


def beginning(text: str) -> Beginning | None:
    """How a text goes on that is the beginning of an expression; None when it is the beginning of none."""
    from lark import exceptions

    state = parser().parse_interactive(text)
    column = None
    try:
        for token in state.iter_parse():
            if token.type in ("FIELD", "NAME"):
                column = _name(token)
    except (exceptions.UnexpectedInput, ExpressionError):
        return None
    return Beginning(frozenset(state.accepts()), column)


def _name(token: str) -> str:
    """The name in a token: as it stands, or without its braces."""
    return token[1:-1].replace("{{", "{").replace("}}", "}") if token.startswith("{") else str(token)


def _unexpected(text: str, error: Any) -> ExpressionError:
    """What the parser stumbled over, in the words of a person: what was expected there, and after what."""
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    start = len(text.rstrip()) if at_end else error.pos_in_stream
    if not at_end and (broken := _unclosed(text, start)):
        return ExpressionError(broken, start=start, end=len(text))
    begun = beginning(text[:start])
    allowed = begun.follows if begun else frozenset()
    before = LAST_TOKEN.search(text[max(0, start - 80) : start].rstrip())
    after = f" after {before[0]}" if before else ""
    end = start + (1 if at_end else max(1, len(token or "")))
    return ExpressionError(f"expected {_expected(allowed)}{after}{_hint(text, start, allowed)}", start=start, end=end)


def _unclosed(text: str, start: int) -> str:
    """What is wrong with a name or text that begins here and never ends; nothing when it ends."""
    first = text[start]
    if WHOLE_TOKEN.match(text, start):
        return ""
    if first in "\"'":
        return f"this text has no closing {first} (a {first} inside a text is written twice)"
    if first == "{":
        empty = text[start : start + 2] == "{}"
        return "there is no name between the braces" if empty else "this column has no closing brace }"
    return ""


def _expected(allowed: frozenset[str]) -> str:
    if "BARE" in allowed:
        return "a value"
    if "FIELD" in allowed:
        return "a column such as {duration}, ! or a bracket"
    if "OPERATOR" in allowed:
        return "an operator (=, !=, <, >, contains, starts with, in, is empty ...)"
    if "COMMA" in allowed:
        return "a comma or )"
    if "LPAR" in allowed:
        return "a bracket, as in: in (a, b)"
    return "&&, || or )" if "RPAR" in allowed else "&& or ||"


def _hint(text: str, start: int, allowed: frozenset[str]) -> str:
    """A way out of a common mistake."""
    here, before = text[start : start + 1], text[start - 1 : start]
    if "BARE" in allowed:
        return f"; a value with {here} in it needs quotes" if here and here in "(){},&|!<>=" else ""
    if "_AND" not in allowed or not here:
        return ""
    if here in "&|":
        return f"; write {here * 2}"
    if here in "(){},!<>=" and not before.isspace() and before not in ")}\"'":
        return f"; a value with {here} in it needs quotes"
    return "" if here in "){" else "; a value of several words needs quotes"
