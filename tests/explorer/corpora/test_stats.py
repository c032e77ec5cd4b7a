"""Statistics against numbers counted by hand, and the laws of histograms."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explorer.corpora import ingest
from explorer.corpora.corpus import Corpus
from explorer.corpora.stats import histogram, round_edges, statistics, top_values
from explorer.errors import QueryError
from explorer.querying.query import Filter, Query, Test
from tests.explorer.manifests import opened, row

ALL = Query()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    rows = [
        row("0", duration=1.0, text="a cat", n=1, accent="us", flag=True, pair=[1]),
        row("1", duration=1.5, text="a  dog", n=2, accent="uk", flag=False, pair=[1]),
        row("2", duration=2.0, text="", n=2, accent="us", pair=None),
        row("3", duration=2.5, text=None, n=7, accent=None),
        '{"audio_filepath": "4", "duration": 9, "text": "Ä\\u00a0cat", "n": NaN, "accent": "us"}',
        row("5", duration=-1),
    ]
    return opened(tmp_path_factory.mktemp("stats"), rows)


def test_statistics_by_hand(corpus: Corpus):
    found = statistics(corpus)
    assert (found.utterances, found.unknown_durations, found.problem_count) == (5, 0, 1)
    assert found.hours == pytest.approx(16 / 3600)
    assert (found.words, found.vocabulary, found.without_reference) == (6, 4, 1)
    assert found.characters == 5 + 6 + 0 + 5
    assert found.alphabet == {"a": 4, " ": 3, "c": 2, "t": 2, "d": 1, "g": 1, "o": 1, "Ä": 1, "\u00a0": 1}
    assert found.problem_kinds == {"bad duration": 1}
    assert corpus.words(2) == [("a", 2), ("cat", 2)]


def test_the_mean_duration_is_that_of_the_known_ones(tmp_path: Path):
    rows = [row("a.wav", duration=1.0), row("b.wav", duration=3.0), row("gone.wav", duration=None)]
    found = statistics(opened(tmp_path, rows))
    assert found.unknown_durations == 1
    assert found.mean_duration == pytest.approx(2 / 3600)
    assert statistics(opened(tmp_path / "b", [row("gone.wav", duration=None)])).mean_duration is None


def test_a_histogram_by_hand(corpus: Corpus):
    found = histogram(corpus, ALL, "n", bins=10)
    assert found.edges == (1, 2, 3, 4, 5, 6, 7, 8)
    assert found.counts == (1, 2, 0, 0, 0, 0, 1)
    assert (found.missing, found.minimum, found.maximum, found.mean, found.median) == (1, 1, 7, 3, 2)
    some = histogram(corpus, Query((Filter("accent", (Test("eq", "us"),)),)), "n", bins=10)
    assert (sum(some.counts), some.missing) == (2, 1)


def test_a_histogram_of_nothing_has_no_bins(corpus: Corpus):
    found = histogram(corpus, Query(search="not there"), "n")
    assert (found.edges, found.counts, found.missing, found.mean) == ((), (), 0, None)
    with pytest.raises(QueryError, match="no numbers"):
        histogram(corpus, ALL, "accent")


def test_the_bars_of_a_histogram_filter_to_what_they_count(corpus: Corpus):
    found = histogram(corpus, ALL, "duration", bins=7)
    for index, (start, end, count) in enumerate(zip(found.edges[:-1], found.edges[1:], found.counts, strict=True)):
        upper = Test("le" if index == len(found.counts) - 1 else "lt", end)
        query = Query((Filter("duration", (Test("ge", start),)), Filter("duration", (upper,))))
        assert corpus.rows(query).size == count


def test_top_values_by_hand(corpus: Corpus):
    found = top_values(corpus, ALL, "accent", limit=1)
    assert found.values == (("us", 3),)
    assert (found.distinct, found.missing, found.other) == (2, 1, 1)
    assert top_values(corpus, ALL, "flag").values == ((False, 1), (True, 1))
    assert top_values(corpus, ALL, "pair").values == (("[1]", 2),)
    nothing = top_values(corpus, Query(search="not there"), "accent")
    assert (nothing.values, nothing.distinct, nothing.missing, nothing.other) == ((), 0, 0, 0)


numbers = st.floats(-1e12, 1e12, allow_nan=False) | st.integers(-(2**40), 2**40).map(float)


@settings(deadline=None)
@given(numbers, numbers, st.integers(1, 60), st.booleans())
@example(0.0, 1.0, 40, False)
@example(0.1, 0.7, 3, False)
@example(5.0, 5.0, 10, True)
@example(1e12, 1e12 + 1e-3, 10, False)
@example(0.0, 5e-324, 1, False)
@example(0.0, 3e-308, 7, False)
def test_edges_rise_and_cover_the_numbers(low: float, high: float, bins: int, whole: bool):
    low, high = min(low, high), max(low, high)
    whole = whole and low.is_integer() and high.is_integer()
    edges = round_edges(low, high, bins, whole=whole)
    assert np.all(np.diff(edges) > 0)
    assert edges[0] <= low
    assert edges[-1] >= high
    assert len(edges) - 1 <= max(bins, 2)


def test_edges_are_round_numbers():
    assert round_edges(0.03, 0.97, 11).tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert round_edges(1, 4, 40, whole=True).tolist() == [1, 2, 3, 4, 5]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(st.sampled_from("ab \t\n\u00a0\u3000\x1cé")), max_size=8))
def test_words_and_alphabet_are_those_of_python(texts: list[str | None]):
    """The quick way of counting (Arrow's) against str.split and a plain count of characters."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(":memory:")
    connection.execute("ATTACH ':memory:' AS corpus")
    sink = ingest.Ingest(connection)
    counted = sink._words(texts, pa.array(texts, pa.string()))
    assert counted.to_pylist() == [None if text is None else len(text.split()) for text in texts]
    known = [text for text in texts if text is not None]
    words = sink._counted_words()
    vocabulary = dict(zip(words["word"].to_pylist(), words["count"].to_pylist(), strict=True))
    assert vocabulary == Counter(word for text in known for word in text.split())
    assert ingest.alphabet(words, sink.tally.whitespace) == Counter("".join(known))


def test_statistics_are_the_same_however_the_vocabulary_is_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = [row(f"{n}.wav", text=f"w{n % 7} w{n % 11}") for n in range(200)]
    whole = statistics(opened(tmp_path / "a", rows))
    monkeypatch.setattr(ingest, "MOST_LOOSE_WORDS", 5)
    pieces = statistics(opened(tmp_path / "b", rows))
    assert whole == pieces
    assert (whole.words, whole.vocabulary) == (400, 11)
    json.dumps(whole.alphabet)
