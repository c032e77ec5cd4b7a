"""What an expression of the filter box means: names, rates, days, patterns, and the same rows as plain Python."""

from __future__ import annotations

import contextlib
import operator
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.columns import Column
from explorer.corpora.corpus import Corpus
from explorer.corpora.sound_list import write_audio_list
from explorer.corpora.tables import Place
from explorer.errors import ExpressionError, QueryError
from explorer.exporting import export_beside
from explorer.querying.conditions import COMPARISONS
from explorer.querying.expression import And, Condition, Expression, Literal, Not, Or, Other
from explorer.querying.filtering import resolved, where_columns, where_sentence, where_sql
from explorer.querying.query import Filter, Query, Test
from tests.explorer.manifests import opened, row

COLUMNS = {
    column.name: column
    for column in (
        Column(name="reference", label="Reference", kind="text", field="text", help="."),
        Column(name="when {it}", label="Recorded", kind="text", help="."),
        Column(name="duration", label="Duration", kind="number", style="seconds", help="."),
        Column(name="noisy", label="noisy", kind="flag", help="."),
        Column(name="wer_small", label="WER small", kind="number", style="percent", system="small", help="."),
        Column(name="hypothesis_small", label="small", kind="text", system="small", help="."),
        Column(name="words", label="Words", kind="number", style="integer", help="."),
    )
}
STORED = {"text": pa.string(), "number": pa.float64(), "flag": pa.bool_()}


def selected(rows: list[dict[str, Any]], text: str) -> list[int]:
    """The numbers of the rows that pass, by the SQL that is made of the expression."""
    table = pa.table(
        {f"c{n}": pa.array([r.get(c) for r in rows], STORED[COLUMNS[c].kind]) for n, c in enumerate(COLUMNS)}
        | {"row": list(range(len(rows)))}
    )
    located = {name: Place(column, "t", f"t.c{n}") for n, (name, column) in enumerate(COLUMNS.items())}
    condition, parameters, tables = where_sql(text, located)
    assert tables == {"t"}
    with duckdb.connect(":memory:") as database:
        database.register("t", table)
        found = database.execute(f"SELECT row FROM t WHERE {condition} ORDER BY row", list(parameters))  # noqa: S608
        return [number for (number,) in found.fetchall()]


words = st.sampled_from(["", "a", "b", "Ab", "a b", "it's", "%", "_", "12", "true", "2024-05-01", 'x"y'])
days = st.sampled_from(["2024-05-01", "2024-05-01T10:00", "2024-05-02 00:00", "2024-04-30", "unknown", "2024", ""])
numbers = st.sampled_from([-1.0, 0.0, 0.3, 0.5, 1.5, 2.0, 30.0])
tables = st.lists(
    st.fixed_dictionaries(
        {
            "reference": st.none() | words,
            "when {it}": st.none() | days,
            "duration": st.none() | numbers,
            "noisy": st.none() | st.booleans(),
            "wer_small": st.none() | st.sampled_from([0.0, 0.02, 0.3, 0.5, 1.0, 1.5, 2.0]),
        }
    ),
    max_size=8,
)
COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
as_text = words.map(Literal)
as_number = numbers.map(lambda number: Literal(f"{number:g}", False))
as_rate = st.sampled_from(["0.3", "30%", "30", "2%", "2", "0", "150%", "50 %"]).map(
    lambda text: Literal(text.replace(" ", ""), False)
)
as_day = st.sampled_from(["2024-05-01", "2024-04-30", "2024-02-29"]).map(lambda text: Literal(text, False))
as_flag = st.sampled_from(["true", "FALSE"]).map(lambda text: Literal(text, False))


def compared(column: str, operators: tuple[str, ...], literals: st.SearchStrategy[Literal]) -> st.SearchStrategy[Any]:
    single = st.builds(Condition, st.just(column), st.sampled_from(operators), st.tuples(literals))
    some = st.lists(literals, min_size=1, max_size=3).map(tuple)
    listed = st.builds(Condition, st.just(column), st.sampled_from(["in", "outside"]), some)
    bare = st.builds(Condition, st.just(column), st.sampled_from(["empty", "filled"]))
    return st.one_of(single, listed, bare)


condition = st.one_of(
    compared("reference", (*COMPARED, "contains", "excludes", "starts", "ends"), as_text),
    st.builds(
        Condition,
        st.just("reference"),
        st.just("matches"),
        st.sampled_from(["^a", "b$", "^.b", "[0-9]+", "(a|x)", "^$"]).map(Literal).map(lambda literal: (literal,)),
    ),
    st.builds(Condition, st.just("when {it}"), st.sampled_from(COMPARED), st.tuples(as_day)),
    compared("duration", COMPARED, as_number),
    compared("wer_small", COMPARED, as_rate),
    compared("noisy", ("eq", "ne"), as_flag),
    st.builds(Condition, st.just("duration"), st.sampled_from(COMPARED), st.just((Other("wer_small"),))),
    st.builds(Condition, st.just("when {it}"), st.sampled_from(COMPARED), st.just((Other("reference"),))),
)
expressions: st.SearchStrategy[Expression] = st.recursive(
    condition,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.tuples(inner, inner).map(And),
        st.tuples(inner, inner).map(Or),
    ),
    max_leaves=6,
)

ORDER = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq}


def holds(node: Expression, values: dict[str, Any]) -> bool:
    """The documented meaning, written down a second time in plain Python."""
    if isinstance(node, Not):
        return not holds(node.of, values)
    if isinstance(node, And):
        return all(holds(part, values) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, values) for part in node.parts)
    value, name = values.get(node.column), node.operator
    if name in ("empty", "filled"):
        return (value is None or value == "") == (name == "empty")
    if name in ("in", "outside"):
        return any(holds(replace(node, operator="eq", values=(v,)), values) for v in node.values) == (name == "in")
    if name in ("ne", "excludes"):
        return not holds(replace(node, operator="eq" if name == "ne" else "contains"), values)
    [literal] = node.values
    if isinstance(literal, Other):
        second = values.get(literal.column)
        return None not in (value, second) and bool(ORDER[name](value, second))
    if value is None:
        return False
    given: Any = literal.text
    if node.column == "when {it}":
        return re.match(r"\d{4}-\d\d-\d\d", value) is not None and ORDER[name](value[:10], given)
    if node.column == "noisy":
        given = given.lower() == "true"
    elif node.column == "duration":
        given = float(given)
    elif node.column == "wer_small":
        number = float(given.rstrip("%"))
        given = number / 100 if given.endswith("%") or number >= 2 else number
    if name in ORDER:
        return bool(ORDER[name](value, given))
    if name == "matches":
        return re.search(given, value) is not None
    value, given = value.lower(), given.lower()
    return {"contains": given in value, "starts": value.startswith(given), "ends": value.endswith(given)}[name]


@settings(max_examples=200, deadline=None)
@given(tables, expressions)
def test_the_rows_are_those_that_plain_python_finds(rows: list[dict[str, Any]], expression: Expression):
    assert selected(rows, str(expression)) == [n for n, values in enumerate(rows) if holds(expression, values)]


@settings(max_examples=200, deadline=None)
@given(tables, expressions)
def test_not_is_the_rest(rows: list[dict[str, Any]], expression: Expression):
    both = selected(rows, str(expression)) + selected(rows, str(Not(expression)))
    assert sorted(both) == list(range(len(rows)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{wer_small} > 30%", "WER small is greater than 30.00\u00a0%"),
        ("{wer_small} > 0.3", "WER small is greater than 30.00\u00a0%"),
        ("{wer_small} > 30", "WER small is greater than 30.00\u00a0%"),
        ("{WER} > 30 && {text} contains 7", "WER small is greater than 30.00\u00a0% and Reference contains “7”"),
        ("{wer_small} >= 150%", "WER small is at least 150.00\u00a0%"),
        ("{duration} > 1.5", "Duration is greater than 1.50\u00a0s"),
        ("{text} = 30%", "Reference is “30%”"),
        ("{text} = 12", "Reference is “12”"),
        ("{noisy} = TRUE", "noisy is yes"),
        ("{speaker} is empty", None),
        ("{text} in (a, 'b c')", "Reference is one of “a”, “b c”"),
        ("{text} not in (a)", "Reference is none of “a”"),
        ("{recorded} < 2024-05-01", "Recorded is before 2024-05-01"),
        ("{recorded} = 2024-05-01", "Recorded is on 2024-05-01"),
        ('{recorded} < "2024-05-01"', "Recorded is less than “2024-05-01”"),
        ("!({text} = a || {words} = 1) && {noisy} = true", "not (Reference is “a” or Words is 1) and noisy is yes"),
        ("({text} = a || {words} = 1) && {noisy} = true", "(Reference is “a” or Words is 1) and noisy is yes"),
        ("{words} >= {duration}", "Words is at least Duration"),
        ("{pred_text} != {text}", "small is not Reference"),
        ("{text} = a || {text} = b", "Reference is “a” or Reference is “b”"),
    ],
)  # fmt: skip
def test_an_expression_tells_itself(text: str, sentence: str | None):
    if sentence is None:
        with pytest.raises(ExpressionError, match='there is no column "speaker"'):
            where_sentence(text, tuple(COLUMNS.values()))
    else:
        assert where_sentence(text, tuple(COLUMNS.values())) == sentence


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("reference", "reference"),
        ("text", "reference"),
        ("TEXT", "reference"),
        ("Reference", "reference"),
        ("WER small", "wer_small"),
        ("wer SMALL", "wer_small"),
        ("WER_small", "wer_small"),
        ("WER", "wer_small"),
        ("pred_text_small", "hypothesis_small"),
        ("small", "hypothesis_small"),
        ("pred_text", "hypothesis_small"),
        ("num_words", "words"),
        ("when {it}", "when {it}"),
        ("recorded", "when {it}"),
    ],
)
def test_a_column_is_found_by_any_of_its_names(name: str, column: str):
    assert resolved(Condition(name, "empty"), COLUMNS.values()).name == column


def test_a_name_of_several_columns_is_never_guessed():
    second = Column(name="wer_big", label="WER big", kind="number", style="percent", system="big", help=".")
    twice = Column(name="Words", label="n", kind="number", help=".")
    known = (*COLUMNS.values(), second, twice)
    with pytest.raises(ExpressionError, match=re.escape('"WER" could be {wer_small}, {wer_big}; write which')):
        resolved(Condition("WER", "empty"), known)
    with pytest.raises(ExpressionError, match=re.escape('"WORDS" could be {words}, {Words}')):
        resolved(Condition("WORDS", "empty"), known)
    assert resolved(Condition("Words", "empty"), known) is twice
    with pytest.raises(ExpressionError, match='there is no column "durration"; did you mean "duration"'):
        resolved(Condition("durration", "empty"), known)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("{wer_small} > 1", 15, "1 on a rate could mean 1% or 100%; write which"),
        ("{wer_small} > 1.5", 15, "1.5 on a rate could mean 1.5% or 150%; write which"),
        ("{duration} > 30%", 14, "Duration is no rate and takes no %; write 30"),
        ("{duration} > long", 14, "Duration holds numbers, and long is none"),
        ('{duration} > "3"', 14, 'Duration holds numbers, and "3" is none'),
        ("{duration} contains 3", 1, '"contains" does not fit Duration, which holds numbers; use =, !=, <'),
        ("{duration} > 1e999", 14, "1e999 is none"),
        ("{duration} < {text}", 14, "Duration holds numbers, Reference holds text; these cannot be compared"),
        ("{text} contains {pred_text}", 17, '"contains" needs a value, not a column; put a text in quotes'),
        ("{duration} < {durration}", 14, 'there is no column "durration"; did you mean "duration"?'),
        ("{noisy} = 1", 11, "noisy is true or false, not 1"),
        ("{noisy} > true", 1, '">" does not fit noisy'),
        ('{text} matches "a("', 16, 'the pattern "a(" is no regular expression: missing )'),
        (r'{text} matches "(a)\1"', 16, "invalid escape sequence"),
        ('{text} matches "((a{99}){99}){99}"', 16, "invalid repetition size"),
        ("{recorded} > 2024-02-30", 14, "there is no day 2024-02-30"),
        ("{recorded} > 9999-12-31", 14, "there is no day 9999-12-31"),
        ("{nothing like it} = 3", 1, 'there is no column "nothing like it"'),
        ("{words} > 3 && {durration} > 3", 16, 'did you mean "duration"?'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(text: str, place: int, reason: str):
    with pytest.raises(ExpressionError) as caught:
        selected([], text)
    assert str(caught.value).startswith(f"at character {place} of the filter: ")
    assert reason in str(caught.value)


def test_a_pattern_that_ruins_other_engines_is_nothing_to_re2():
    rows = [{"reference": "a" * 5_000 + "!"}]
    assert selected(rows, '{text} matches "^(a+)+$"') == []


def test_columns_that_an_expression_needs():
    known = tuple(COLUMNS.values())
    assert where_columns("{WER} > 30 && !({text} = a || {WER} < 50)", known) == ("wer_small", "reference")
    assert where_columns("{words} < {duration}", known) == ("words", "duration")
    assert where_columns("", known) == where_columns("{a} >", known) == where_columns("{a} > 3", known) == ()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    rows = [row(f"{n}.wav", duration=float(n + 1), text=text, pred_text_small=text[::-1], tag=str(n), own=n % 2 == 0,
                nested={"k": n}) for n, text in enumerate(["seven cats", "a dog", "", "seven"])]  # fmt: skip
    return opened(tmp_path_factory.mktemp("where"), rows)


def test_box_and_column_filters_agree_test_by_test(corpus: Corpus):
    for name, spelling in {**{o: o for o in ("contains", "matches")}, "eq": "=", "ne": "!=", **COMPARISONS}.items():
        for column, written, value in (("reference", '"seven"', "seven"), ("tag", '"1"', "1"), ("duration", "2", 2)):
            if column == "duration" and name in ("contains", "matches"):
                continue
            boxed = corpus.rows(Query(where=f"{{{column}}} {spelling} {written}")).tolist()
            assert boxed == corpus.rows(Query((Filter(column, (Test(name, value),)),))).tolist()


def test_every_consumer_of_a_query_obeys_where(corpus: Corpus, tmp_path: Path):
    query = Query((Filter("duration", (Test("gt", 0.5),)),), where="{text} contains seven || {own} = false")
    assert corpus.rows(query).tolist() == [0, 1, 3]
    assert corpus.extent(query).utterances == 3
    assert corpus.extent(Query(where="{duration} > 3")).utterances == 1
    assert corpus.totals(query, ["duration"]) == {"duration": 1 + 2 + 4}
    assert corpus.counted(query, "own", 5)[0] == [(False, 2), (True, 1)]
    assert sum(batch.num_rows for batch in corpus.batches(("reference",), query)) == 3
    assert [values["row"] for values in corpus.page(query, 0, 9, ())] == [0, 1, 3]
    export_beside(corpus, query, tmp_path / "out.jsonl", format="nemo")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    write_audio_list(corpus, query, tmp_path / "list.parquet")
    assert pa.parquet.read_table(tmp_path / "list.parquet").num_rows == 3
    assert query.sentence(corpus) == (
        "Utterances where Duration is greater than 0.50\u00a0s and (Reference contains “seven” or own is no)"
    )


def test_where_travels_in_the_address():
    query = Query(where="{a} > 30% && {b} = 'x'")
    assert query.pairs() == [("where", "{a} > 30% && {b} = 'x'")]
    assert Query.from_pairs([("where", "  {a} > 30% && {b} = 'x' ")]) == query
    assert query.selects
    assert Query.from_pairs([("where", " ")]) == Query()


PAYLOADS = (
    '"; DROP TABLE corpus.utterances; --',
    "' OR 1=1 --",
    "x' UNION SELECT * FROM corpus.meta --",
    'duration" > 0 OR "duration',
    "$1; ATTACH '/etc/passwd' AS x",
    "read_text('/etc/passwd')",
    "?::INT",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_sql_from_outside_is_only_ever_a_value(corpus: Corpus, payload: str):
    value, name = str(Literal(payload)), "{" + payload.replace("{", "{{").replace("}", "}}") + "}"
    for spelling in ("=", "contains", "starts with", "ends with", ">"):
        condition, parameters, _ = where_sql(f"{{text}} {spelling} {value}", corpus._places)
        assert payload not in condition
        assert any(payload in str(parameter) for parameter in parameters)
        corpus.rows(Query(where=f"{{text}} {spelling} {value}"))
    assert corpus.rows(Query(where=f"{{text}} in ({value}, {value})")).tolist() == []
    with pytest.raises(ExpressionError, match="there is no column"):
        corpus.rows(Query(where=f"{name} is empty"))
    for text in (payload, f"{{text}} = {payload}"):
        with contextlib.suppress(QueryError):
            corpus.rows(Query(where=text))
    assert corpus.rows(Query()).size == 4
