"""Query: the URL and back, its meaning row by row, its sentence, and that no text from outside becomes SQL."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.conditions import OPERATORS, TEXT_ONLY, WITHOUT_VALUE, caseless
from explorer.querying.query import Filter, Query, Sort, Test, nearest
from tests.explorer.manifests import opened, row

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "'",
        "'a",
        "12",
        "-3.5",
        "1e5",
        "true",
        "false",
        "",
        "%7C",
        "a|b:c",
        "-x",
        "+1",
        ".5",
        "5.",
        "%",
        "%2",
        "0x1",
        "nan",
    ]
)
values = texts | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
tests = st.one_of(
    st.builds(Test, st.sampled_from(sorted(WITHOUT_VALUE))),
    st.builds(Test, st.sampled_from(sorted(TEXT_ONLY)), texts),
    st.builds(Test, st.sampled_from(sorted(OPERATORS.keys() - TEXT_ONLY - WITHOUT_VALUE)), values),
)
names = texts.filter(bool)
queries = st.builds(
    Query,
    st.lists(st.builds(Filter, names, st.lists(tests, min_size=1, max_size=3).map(tuple)), max_size=3).map(tuple),
    st.lists(st.builds(Sort, names, st.booleans()), max_size=3).map(tuple),
    texts,
)


def typed(query: Query) -> list[object]:
    """The query with the types of its values, because True == 1 == 1.0 in Python."""
    return [query, [(type(t.value).__name__, t.value) for f in query.filters for t in f.tests]]


@settings(deadline=None)
@given(queries)
def test_a_query_comes_back_from_its_url(query: Query):
    assert typed(Query.from_pairs(query.pairs())) == typed(query)
    assert typed(Query.from_pairs(parse_qsl(urlencode(query.pairs()), keep_blank_values=True))) == typed(query)


def test_the_url_is_one_a_person_can_write():
    query = Query(
        (Filter("duration", (Test("gt", 3.5),)), Filter("accent", (Test("eq", "us"), Test("eq", "uk"), Test("empty")))),
        (Sort("wer", descending=True), Sort("duration")),
        "cat",
    )
    assert query.pairs() == [
        ("f", "duration:gt:3.5"),
        ("f", "accent:eq:us|eq:uk|empty"),
        ("sort", "-wer"),
        ("sort", "duration"),
        ("search", "cat"),
    ]
    assert Query.from_pairs([("corpus", "x"), *query.pairs(), ("u", "1")]) == query
    assert Query().pairs() == []


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        (("f", "duration"), "not of the form"),
        (("f", ""), "not of the form"),
        (("f", ":gt:3"), "not of the form"),
        (("f", "duration:"), 'there is no filter ""'),
        (("f", "duration:gtt:3"), 'there is no filter "gtt"; did you mean "gt"?'),
        (("f", "duration:gt"), '"gt" needs a value'),
        (("f", "duration:empty:3"), '"empty" takes no value'),
        (("f", "text:contains:3"), "needs a text, not 3"),
        (("f", "text:eq:" + "x" * 20_000), "10,000 characters"),
        (("sort", ""), "names no column"),
        (("sort", "-"), "names no column"),
    ],
)
def test_nonsense_is_a_query_error(pair: tuple[str, str], sentence: str):
    with pytest.raises(QueryError, match=re.escape(sentence)):
        Query.from_pairs([pair])


def test_a_filter_without_tests_and_numbers_that_are_none_are_refused():
    with pytest.raises(QueryError):
        Filter("duration", ())
    for number in (float("nan"), float("inf")):
        with pytest.raises(QueryError, match="finite"):
            Test("gt", number)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Seven rows, numbered 0 to 6: every kind of column, and rows without a value in each."""
    return opened(
        tmp_path_factory.mktemp("query"),
        [
            row("0", duration=1.0, text="The cat", snr=10, flag=True, tag="a", any=1, pred_text="the CAT"),
            row("1", duration=2.0, text="a dog", snr=20.5, flag=False, tag="b", any="one"),
            row("2", duration=3.0, text="", snr=None, flag=None, tag="", any=[1, {"k": "Deep"}]),
            row("3", duration=None, text=None, tag=None),
            row("4", duration=4.0, text="100% _real_ cat|dog: 'x'", snr=-3, tag="it's; DROP TABLE utterances; --"),
            row("5", duration=5.0, text="ÄRGER über", snr=2**40, tag="12", pred_text="hidden Dog"),
            row("6", duration=6.0, text="line\nbreak", snr=0.0, flag=True, tag="a", any=True),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "test", "rows"),
    [
        ("duration", Test("eq", 2), [1]),
        ("duration", Test("ne", 2), [0, 2, 3, 4, 5, 6]),
        ("duration", Test("lt", 2.5), [0, 1]),
        ("duration", Test("le", 2), [0, 1]),
        ("duration", Test("gt", 5), [6]),
        ("duration", Test("ge", 5), [5, 6]),
        ("duration", Test("empty"), [3]),
        ("duration", Test("filled"), [0, 1, 2, 4, 5, 6]),
        ("snr", Test("gt", 2**39), [5]),
        ("snr", Test("lt", 10**30), [0, 1, 4, 5, 6]),
        ("snr", Test("eq", 0), [6]),
        ("words", Test("eq", 0), [2]),
        ("words", Test("empty"), [3]),
        ("word_rate", Test("eq", 2.0), [0]),
        ("reference", Test("contains", "CAT"), [0, 4]),
        ("reference", Test("contains", "ärger Ü"), [5]),
        ("reference", Test("contains", "100% _"), [4]),
        ("reference", Test("contains", "%"), [4]),
        ("reference", Test("contains", ""), [0, 1, 2, 4, 5, 6]),
        ("reference", Test("excludes", "cat"), [1, 2, 3, 5, 6]),
        ("reference", Test("starts", "the"), [0]),
        ("reference", Test("starts", "_"), []),
        ("reference", Test("ends", "DOG"), [1]),
        ("reference", Test("ends", "BREAK"), [6]),
        ("reference", Test("starts", "LINE\nb"), [6]),
        ("reference", Test("contains", "\\"), []),
        ("reference", Test("starts", "100%"), [4]),
        ("reference", Test("ends", "%"), []),
        ("reference", Test("matches", "^.{5}$"), [1]),
        ("reference", Test("matches", "cat"), [0, 4]),
        ("reference", Test("matches", "CAT"), []),
        ("reference", Test("matches", "(?i)CAT"), [0, 4]),
        ("reference", Test("eq", "The cat"), [0]),
        ("reference", Test("eq", "the cat"), []),
        ("reference", Test("eq", ""), [2]),
        ("reference", Test("empty"), [2, 3]),
        ("reference", Test("filled"), [0, 1, 4, 5, 6]),
        ("tag", Test("eq", "12"), [5]),
        ("tag", Test("ge", "b"), [1, 4]),
        ("tag", Test("ne", "a"), [1, 2, 3, 4, 5]),
        ("tag", Test("contains", "DROP TABLE"), [4]),
        ("flag", Test("eq", True), [0, 6]),
        ("flag", Test("ne", True), [1, 2, 3, 4, 5]),
        ("flag", Test("empty"), [2, 3, 4, 5]),
        ("any", Test("contains", "deep"), [2]),
        ("any", Test("eq", '"one"'), [1]),
        ("any", Test("filled"), [0, 1, 2, 6]),
    ],
)
def test_each_test_means_what_the_module_says(corpus: Corpus, column: str, test: Test, rows: list[int]):
    assert corpus.rows(Query((Filter(column, (test,)),))).tolist() == rows


def test_tests_of_a_filter_are_alternatives_and_filters_all_hold(corpus: Corpus):
    either = Filter("duration", (Test("lt", 2), Test("gt", 4)))
    assert corpus.rows(Query((either,))).tolist() == [0, 5, 6]
    assert corpus.rows(Query((either, Filter("tag", (Test("eq", "a"),))))).tolist() == [0, 6]


def test_search_looks_into_the_reference_and_every_hypothesis(corpus: Corpus):
    assert corpus.rows(Query(search="dog")).tolist() == [1, 4, 5]
    assert corpus.rows(Query(search="hidden")).tolist() == [5]
    assert corpus.rows(Query(search="über")).tolist() == [5]
    assert corpus.rows(Query(search="zebra")).tolist() == []
    assert corpus.rows(Query((Filter("duration", (Test("lt", 4.5),)),), search="dog")).tolist() == [1, 4]


def test_rows_without_a_value_come_last_either_way_and_ties_stay_in_source_order(corpus: Corpus):
    assert corpus.rows(Query(sort=(Sort("snr"),))).tolist() == [4, 6, 0, 1, 5, 2, 3]
    assert corpus.rows(Query(sort=(Sort("snr", True),))).tolist() == [5, 1, 0, 6, 4, 2, 3]
    assert corpus.rows(Query(sort=(Sort("tag"), Sort("duration", True)))).tolist() == [2, 5, 6, 0, 1, 4, 3]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (Query((Filter("durration", (Test("gt", 1),)),)), 'there is no column "durration"; did you mean "duration"?'),
        (Query(sort=(Sort("nothing like it at all"),)), 'there is no column "nothing like it at all"'),
        (
            Query((Filter("duration", (Test("contains", "1"),)),)),
            '"contains" does not fit "duration", which holds numbers',
        ),
        (
            Query((Filter("duration", (Test("eq", "1"),)),)),
            "\"duration\" holds numbers and cannot be compared with '1'",
        ),
        (Query((Filter("tag", (Test("eq", 12),)),)), '"tag" holds text and cannot be compared with 12 (write \'12'),
        (Query((Filter("duration", (Test("eq", True),)),)), "cannot be compared with True"),
        (Query((Filter("flag", (Test("gt", 1),)),)), '"gt" does not fit "flag", which holds true or false'),
        (Query((Filter("flag", (Test("eq", 1),)),)), "cannot be compared with 1"),
        (Query((Filter("reference", (Test("matches", "a("),)),)), "the filter cannot be evaluated: missing )"),
        (Query((Filter("reference", (Test("matches", r"(a)\1"),)),)), "the filter cannot be evaluated: invalid escape"),
    ],
)
def test_a_query_that_does_not_fit_is_a_query_error(corpus: Corpus, query: Query, sentence: str):
    with pytest.raises(QueryError) as caught:
        corpus.rows(query)
    assert sentence in str(caught.value)


PAYLOADS = (
    '"; DROP TABLE corpus.utterances; --',
    "' OR 1=1 --",
    "x' UNION SELECT * FROM corpus.meta --",
    'duration" > 0 OR "duration',
    "$1; ATTACH '/etc/passwd' AS x",
    "read_text('/etc/passwd')",
    "\0'; --",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_sql_from_outside_is_only_ever_a_value(corpus: Corpus, payload: str):
    for column in (payload, f"duration{payload}"):
        for query in (Query((Filter(column, (Test("gt", 1),)),)), Query(sort=(Sort(column),))):
            with pytest.raises(QueryError, match="there is no column"):
                corpus.rows(query)
    with pytest.raises(QueryError):
        corpus.page(Query(), 0, 1, [payload])
    for operator in ("eq", "contains", "starts", "ends"):
        assert corpus.rows(Query((Filter("reference", (Test(operator, payload),)),))).tolist() == []
    assert corpus.rows(Query(search=payload)).tolist() == []
    assert corpus.rows(Query()).size == 7


def test_a_query_tells_itself_in_a_sentence(corpus: Corpus):
    query = Query(
        (Filter("duration", (Test("gt", 3.5),)), Filter("tag", (Test("eq", "a"), Test("empty")))),
        (Sort("snr", True), Sort("reference")),
        "cat",
    )
    assert query.sentence(corpus) == (
        "Utterances where Duration is greater than 3.50\u00a0s and tag is “a” or is empty and a text contains “cat”, "
        "sorted by snr (descending), then Reference"
    )
    assert Query().sentence(corpus) == "All utterances"
    with pytest.raises(QueryError):
        Query(sort=(Sort("none"),)).sentence(corpus)


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("aAbBäÄßſİiıΣςσ\\?*.[ \n'")),
    st.text(st.sampled_from("aAbBäÄßſİiıΣςσ\\?*.[ \n'"), max_size=3),
)
def test_the_quick_and_the_plain_way_to_disregard_case_agree(content: str, sought: str):
    import duckdb

    for operator, plain in (("contains", "contains"), ("starts", "starts_with"), ("ends", "ends_with")):
        quick, parameter = caseless(operator, "?::VARCHAR", sought)
        expected = f"{plain}(lower(?::VARCHAR), lower(?))"
        row = duckdb.execute(f"SELECT {quick}, {expected}", [content, parameter, content, sought]).fetchone()
        assert row is not None
        assert row[0] == row[1], (operator, content, sought)


@pytest.mark.parametrize(
    ("name", "offered"),
    [("wre", "wer"), ("durration", "duration"), ("dur", "duration"), ("WER", "wer"), ("nope", ""), ("systems", "")],
)
def test_only_close_names_are_offered(name: str, offered: str):
    assert nearest(name, ["line", "wer", "duration", "words"]) == (f'; did you mean "{offered}"?' if offered else "")
