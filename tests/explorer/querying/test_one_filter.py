"""A whole selection as one text of the filter box: it selects the same rows, whatever the query is made of."""

from __future__ import annotations

import pytest

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import QueryError
from explorer.querying.one_filter import one_filter
from explorer.querying.query import Filter, Query, Sort, Test
from tests.corpora import write_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("filters")
    return open_corpus("tones", [write_manifest(folder, utterances=60)], cache=folder / "cache")


def test_it_is_written_as_people_would(corpus: Corpus):
    several = (Test("gt", 8), Test("lt", 2.5), Test("empty"))
    query = Query(filters=(Filter("words", several),), sort=(Sort("words"),), where="duration > 1 or duration < 0.1")
    text = "({words} > 8 || {words} < 2.5 || {words} is empty) && ({duration} > 1 || {duration} < 0.1)"
    assert one_filter(query, corpus.columns) == text
    assert one_filter(Query(sort=(Sort("words"),)), corpus.columns) == ""
    said = Query(filters=(Filter("reference", (Test("starts", 'a "b"'),)),))
    assert one_filter(said, corpus.columns) == '{reference} starts with "a ""b"""'


@pytest.mark.parametrize(
    "query",
    [
        Query(filters=(Filter("words", (Test("gt", 8),)), Filter("duration", (Test("le", 2.0),)))),
        Query(filters=(Filter("words", (Test("eq", 3), Test("eq", 4))),), search="two"),
        Query(search="seven", where="{words} > 4"),
        Query(filters=(Filter("reference", (Test("matches", "^one"), Test("excludes", "two"))),)),
        Query(filters=(Filter("words", (Test("gt", 1e-7),)),)),
        Query(where="words > 5 or words < 2", filters=(Filter("reference", (Test("filled"),)),)),
        Query(),
    ],
)
def test_it_selects_the_same(corpus: Corpus, query: Query):
    text = one_filter(query, corpus.columns)
    assert corpus.rows(Query(where=text)).tolist() == corpus.rows(query).tolist()


def test_a_column_that_is_not_there_is_told(corpus: Corpus):
    with pytest.raises(QueryError, match='there is no column "wrds"; did you mean "words"'):
        one_filter(Query(filters=(Filter("wrds", (Test("gt", 8),)),)), corpus.columns)
