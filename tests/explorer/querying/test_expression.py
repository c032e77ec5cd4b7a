"""The language of the filter box: what is an expression, its canonical text, and what is said where it goes wrong."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import ExpressionError
from explorer.querying.expression import (
    DEEPEST,
    LISTS,
    LONGEST,
    MOST_VALUES,
    SPELLINGS,
    VALUELESS,
    WORD,
    And,
    Condition,
    Expression,
    Literal,
    Not,
    Or,
    Other,
    conditions,
    parse,
)

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
PIECES = st.sampled_from(
    [
        "{",
        "}",
        "{{",
        "}}",
        '"',
        "'",
        "''",
        "\\",
        " ",
        "\n",
        "and",
        "or",
        "not",
        "!",
        "&&",
        "||",
        "(",
        ")",
        ",",
        "%",
        "30%",
    ]
)
texts = ANYTHING | st.lists(PIECES | ANYTHING, max_size=4).map("".join)
bare = texts.filter(lambda text: re.fullmatch(f"{WORD}%?", text) is not None).map(lambda text: Literal(text, False))
literals = (
    texts.map(Literal)
    | bare
    | st.sampled_from(["in", "AND", "is", "3", "-1.5", "30%", "2024-05-01"]).map(lambda text: Literal(text, False))
)
names = texts.filter(bool)
others = names.map(Other)
simple = st.one_of(
    st.builds(Condition, names, st.sampled_from(sorted(VALUELESS))),
    st.builds(Condition, names, st.sampled_from(sorted(LISTS)), st.lists(literals, min_size=1, max_size=3).map(tuple)),
    st.builds(Condition, names, st.sampled_from(sorted(SPELLINGS.keys() - LISTS - VALUELESS)), st.tuples(literals)),
    st.builds(Condition, names, st.sampled_from(sorted(SPELLINGS.keys() - LISTS - VALUELESS)), st.tuples(others)),
)
expressions: st.SearchStrategy[Expression] = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(expressions)
def test_an_expression_comes_back_from_its_canonical_text(expression: Expression):
    assert parse(str(expression)) == expression


@settings(max_examples=500, deadline=None)
@given(texts | st.lists(PIECES | st.sampled_from(["{a}", "=", ">", "in", "contains", "3"]) | ANYTHING).map(" ".join))
def test_any_text_is_an_expression_or_an_error_with_its_place(text: str):
    fault = None
    try:
        expression = parse(text)
    except ExpressionError as error:
        fault = error
    if fault is None:
        assert parse(str(expression)) == expression
    else:
        assert 0 <= fault.start < fault.end <= len(text) + 1
        assert str(fault).startswith(f"at character {fault.start + 1} of the filter: {fault.reason}")


A, B, C = (Condition(name, "eq", (Literal("1", False),)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("{a} = 1", A),
        ("a = 1", A),
        ("  {a}=1\n", A),
        ("{a} == 1", A),
        ("{a} EQ 1", A),
        ("{a} = 1 && {b} = 1 || {c} = 1", Or((And((A, B)), C))),
        ("{a} = 1 || {b} = 1 && {c} = 1", Or((A, And((B, C))))),
        ("({a} = 1 or {b} = 1) AND {c} = 1", And((Or((A, B)), C))),
        ("!{a} = 1 && {b} = 1", And((Not(A), B))),
        ("not ({a} = 1 && {b} = 1)", Not(And((A, B)))),
        ("!!{a} = 1", Not(Not(A))),
        ("{a} <> 1", Condition("a", "ne", (Literal("1", False),))),
        ("{a}>=1", Condition("a", "ge", (Literal("1", False),))),
        ("{a} > 30 %", Condition("a", "gt", (Literal("30%", False),))),
        ("{a} contains seven", Condition("a", "contains", (Literal("seven", False),))),
        ("{a} CONTAINS 'seven eight'", Condition("a", "contains", (Literal("seven eight"),))),
        ("{a} does not contain x", Condition("a", "excludes", (Literal("x", False),))),
        ("{a} not  contains x", Condition("a", "excludes", (Literal("x", False),))),
        ("{a} starts with x", Condition("a", "starts", (Literal("x", False),))),
        ("{a} endswith x", Condition("a", "ends", (Literal("x", False),))),
        ("{a} datestartswith 2024-05", Condition("a", "starts", (Literal("2024-05", False),))),
        (r'{a} matches "^\d+ (a|b)$"', Condition("a", "matches", (Literal(r"^\d+ (a|b)$"),))),
        ("{a} in (x, 'y z',3)", Condition("a", "in", (Literal("x", False), Literal("y z"), Literal("3", False)))),
        ("{a} not in (x)", Condition("a", "outside", (Literal("x", False),))),
        ("{a} < {b}", Condition("a", "lt", (Other("b"),))),
        ("{a}!={{{b}}} && {b} = 1", And((Condition("a", "ne", (Other("{b}"),)), B))),
        ("{a} is empty", Condition("a", "empty")),
        ("{a} IS NOT EMPTY", Condition("a", "filled")),
        ("{a} is nil", Condition("a", "empty")),
        ("{a} = and", Condition("a", "eq", (Literal("and", False),))),
        ("{a} = don't", Condition("a", "eq", (Literal("don't", False),))),
        ("{a} = 'it''s'", Condition("a", "eq", (Literal("it's"),))),
        ('{a} = "say ""hi"""', Condition("a", "eq", (Literal('say "hi"'),))),
        ("{{{a}} b} is empty", Condition("{a} b", "empty")),
        ("notes is empty", Condition("notes", "empty")),
        ("order = 1 or index = 1", Or((Condition("order", "eq", A.values), Condition("index", "eq", A.values)))),
    ],
)
def test_what_can_be_written(text: str, expression: Expression):
    assert parse(text) == expression


def test_places_of_conditions_and_values_are_those_in_the_text():
    text = "{a} = 1 && !({bee} in (x, 'y z') || {c} > 30 %)"
    found = conditions(parse(text))
    assert [text[c.start : c.end] for c in found] == ["{a} = 1", "{bee} in (x, 'y z'", "{c} > 30 %"]
    assert [text[v.start : v.end] for c in found for v in c.values] == ["1", "x", "'y z'", "30 %"]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", 1, "expected a column such as {duration}, ! or a bracket"),
        ("{a}", 4, "expected an operator (=, !=, <, >, contains, starts with, in, is empty ...) after {a}"),
        ("{wer_small} > && {a} = 1", 15, "expected a value after >; a value with & in it needs quotes"),
        ("{wer_small} >", 14, "expected a value after >"),
        ("{a} > 3 &", 9, "expected && or || after 3; write &&"),
        ("{a} > 3 | {b} > 3", 9, "expected && or || after 3; write ||"),
        ("{a} contains turn on", 19, "expected && or || after turn; a value of several words needs quotes"),
        ("{a} in 3", 8, "expected a bracket, as in: in (a, b) after in"),
        ("{a} in (3", 10, "expected a comma or ) after 3"),
        ("({a} = 3", 9, "expected &&, || or ) after 3"),
        ("{a} matches ^(a|b)$", 14, "expected && or || after ^; a value with ( in it needs quotes"),
        ("{a", 1, "this column has no closing brace }"),
        ("{a} < {b", 7, "this column has no closing brace }"),
        ("{a} in ({b})", 9, "expected a value after (; a value with { in it needs quotes"),
        ("{} = 3", 1, "there is no name between the braces"),
        ("{a} = 'x", 7, "this text has no closing ' (a ' inside a text is written twice)"),
        ("{a} = 3 {b} = 4", 9, "expected && or || after 3"),
        ("3 > 4", 1, "expected a column such as {duration}, ! or a bracket"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, place: int, reason: str):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == f"at character {place} of the filter: {reason}"


@pytest.mark.parametrize(
    "text",
    [
        "!" * LONGEST,
        "(" * LONGEST,
        "(" * 2000 + "{a} = 1" + ")" * 2000,
        "!(" * 500 + "{a} = 1" + ")" * 500,
        "({a}=1 && " * 480 + "{a}=1",
        "{a}=1||" * 700,
        "{a} in (" + "1," * 2000 + "1)",
        "a" * (LONGEST + 1),
        "{" * LONGEST,
        '"' * LONGEST,
        "}" * LONGEST,
    ],
)
def test_no_text_takes_long_or_runs_out_of_stack(text: str):
    parse("{a} = 1")  # the first use makes the parser
    start = time.process_time()
    with contextlib.suppress(ExpressionError):
        parse(text)
    assert time.process_time() - start < 1


def test_limits_are_said_with_their_number():
    with pytest.raises(ExpressionError, match="5,000 characters, this one has 5,001"):
        parse("a" * (LONGEST + 1))
    values = ",".join("1" * (MOST_VALUES + 1))
    with pytest.raises(ExpressionError, match="500 values, this one has 501"):
        parse("{a} in (" + values + ")")
    with pytest.raises(ExpressionError, match=f"more than {DEEPEST} brackets"):
        parse("!(" * DEEPEST + "{a} = 1" + ")" * DEEPEST)
