"""The vocabulary as a listing: OOV, accuracies, spellings, words only in hypotheses, and the way from words to rows."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import spreadsheet
from explorer.errors import ManifestError, QueryError
from explorer.querying.query import Filter, Query, Sort, Test
from explorer.segments import Segment
from explorer.vocabulary.vocabulary_store import VocabularyStore
from explorer.vocabulary.word_list import out_of_vocabulary, read_word_list
from explorer.vocabulary.word_listing import WordAccuracy, facts, heard_listing, ranks, sample, saying, words_listing
from explorer.vocabulary.word_times import time_of, timed_words
from explorer.vocabulary.words import AS_WRITTEN, Folding, WordCounter
from tests.explorer.manifests import opened, row, write_manifest

BASIC = Folding(name="basic", version=1, help="Folded.", function="evaluator.normalizers.plain:simplify")


def counts(folding: Folding, *texts: str) -> pa.Table:
    counter = WordCounter(folding)
    counter.add(np.arange(len(texts), dtype=np.int64), pa.array(texts, pa.string()))
    return counter.table()


SAID = ("The cat, the CAT.", "a cat ran", "a dog")
#        the 2 cat 2          a 1 cat 1 ran 1  a 1 dog 1


def test_the_listing_of_folded_words() -> None:
    heard = pa.table({"word": ["cat", "the", "a"], "count": [3, 0, 2], "hits": [2, 0, 2]})
    listing = words_listing(
        counts(BASIC, *SAID),
        BASIC,
        known=frozenset({"the", "a", "cat"}),
        accuracies=[WordAccuracy(system="tiny", words=heard, version="1")],
    )
    rows = {row["word"]: row for row in listing.values(listing.rows(Query()))}
    assert list(rows) == ["cat", "a", "the", "dog", "ran"]
    cat = rows["cat"]
    assert (cat["count"], cat["utterances"], cat["first"], cat["last"], cat["spelled_ways"]) == (3, 2, 0, 1, 3)
    assert cat["variants"] == "CAT. 1, cat 1, cat, 1"
    assert cat["accuracy_tiny"] == pytest.approx(2 / 3)
    assert rows["the"]["accuracy_tiny"] is None  # not once in a scored row: no rate
    assert rows["dog"]["accuracy_tiny"] is None
    assert [word for word, row in rows.items() if row["oov"]] == ["dog", "ran"]


def test_a_query_filters_sorts_and_searches_words() -> None:
    listing = words_listing(counts(BASIC, *SAID), BASIC, known=frozenset({"cat"}))

    def words(query: Query) -> list[str]:
        return [row["word"] for row in listing.values(listing.rows(query), ["word"])]

    assert words(Query(filters=(Filter("oov", (Test("eq", True),)),))) == ["a", "the", "dog", "ran"]
    assert words(Query(sort=(Sort("word", descending=True),))) == ["the", "ran", "dog", "cat", "a"]
    assert words(Query(search="A")) == ["cat", "a", "ran"]
    with pytest.raises(QueryError, match="no column"):
        listing.rows(Query(sort=(Sort("wrod"),)))
    with pytest.raises(QueryError, match="cannot be evaluated"):
        listing.rows(Query(filters=(Filter("word", (Test("matches", "("),)),)))


def test_facts_ranks_and_sample() -> None:
    known = facts(counts(AS_WRITTEN, "a a a b b c"))
    assert (known.tokens, known.types, known.once) == (6, 3, 1)
    places, numbers = ranks(counts(AS_WRITTEN, "a a a b b c"))
    assert (places.tolist(), numbers.tolist()) == ([1, 2, 3], [3, 2, 1])
    assert ranks(counts(AS_WRITTEN))[0].size == 0
    assert sample(5).tolist() == [0, 1, 2, 3, 4]
    drawn = sample(100_000, points=100)
    assert drawn[:50].tolist() == list(range(50))
    assert drawn[-1] == 99_999
    assert len(drawn) <= 100


def test_words_only_in_hypotheses() -> None:
    reference = counts(BASIC, "a cat")
    tiny, large = counts(BASIC, "a bat", "bat", "hat"), counts(BASIC, "a cat", "the hat")
    listing = heard_listing(reference, {"tiny": tiny, "large": large}, BASIC)
    rows = {row["word"]: row for row in listing.values(listing.rows(Query()), [*listing.content.column_names])}
    assert list(rows) == ["bat", "hat", "the"]
    assert rows["bat"] == {
        "word": "bat", "count": 2, "systems": 1, "count_tiny": 2, "count_large": 0, "first": 0, "loudest": "tiny"
    }  # fmt: skip
    assert (rows["hat"]["count"], rows["hat"]["systems"], rows["hat"]["first"]) == (2, 2, 1)
    assert heard_listing(reference, {}, BASIC).size == 0


ODD_TEXTS = st.text(alphabet="ab.*\\(|é\u00a0\u200b'- \t\x1c\x85\u3000", max_size=8)


@settings(max_examples=30)
@given(st.lists(ODD_TEXTS, min_size=1, max_size=6), st.data())
def test_a_word_leads_to_exactly_its_rows(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("saying")
    corpus = opened(folder, [row(f"{i}.wav", text=text) for i, text in enumerate(texts)])
    words = sorted({word for text in texts for word in text.split()})
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    expected = [i for i, text in enumerate(texts) if word in text.split()]
    for query in (saying([word], corpus.alphabet), saying([word])):
        assert corpus.rows(Query.from_pairs(query.pairs())).tolist() == expected


def test_very_many_spellings_are_cut() -> None:
    query = saying([f"word{number}" for number in range(5000)], "abc ")
    assert len(str(query.filters[0].tests[0].value)) < 7000


def test_oov_rates_are_of_types_and_tokens() -> None:
    found = out_of_vocabulary({"a": 6, "b": 3, "c": 1}, {"a", "x"})
    assert (found.types, found.tokens, found.all_types, found.all_tokens) == (2, 4, 3, 10)
    assert found.token_rate == pytest.approx(0.4)
    assert found.type_rate == pytest.approx(2 / 3)
    assert out_of_vocabulary({}, set()).token_rate is None


def test_word_lists(tmp_path: Path) -> None:
    plain = tmp_path / "words.txt"
    plain.write_text("\ufeffThe\ncat 7\n\ndog\tD AO G\n", encoding="utf-8")
    assert read_word_list(plain, cache=tmp_path).words == {"The", "cat", "dog"}
    assert read_word_list(plain, cache=tmp_path).folded(BASIC) == {"the", "cat", "dog"}
    zipped = tmp_path / "words.gz"
    zipped.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert read_word_list(zipped, cache=tmp_path).words == {"one", "two"}
    manifest = write_manifest(tmp_path / "m.json", [row(text="one three"), row("b.wav", text="three")])
    assert read_word_list(manifest, cache=tmp_path / "cache").words == {"one", "three"}


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00w", b"\x1f\x8bnot gzip"])
def test_a_word_list_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=r"bad\.txt"):
        read_word_list(path, cache=tmp_path)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_word_list(tmp_path / "gone.txt", cache=tmp_path)


def test_word_times_in_all_their_forms() -> None:
    expected = (Segment(0.5, 0.75, "The"), Segment(1, 1.5, "cat,"))
    nemo = [{"word": "The", "start": 0.5, "end": 0.75, "start_offset": 3}, {"word": "cat,", "start": 1, "end": 1.5}]
    other = [{"text": "The", "start_time": 0.5, "end_time": 0.75}, {"text": "cat,", "start_time": 1, "end_time": 1.5}]
    for value in (nemo, other, [["The", 0.5, 0.75], ["cat,", 1, 1.5]]):
        assert timed_words(value) == expected
    assert time_of(expected, "cat", BASIC.apply()) == 1
    assert time_of(expected, "cat", AS_WRITTEN.apply()) is None
    assert time_of(expected, "cat,", AS_WRITTEN.apply()) == 1
    assert time_of(expected, "dog", BASIC.apply()) is None


@pytest.mark.parametrize("value", [None, 3, "a b", [1, 2], [["a", 2, 1]], [{"word": "a"}], [["a", "x", 2]]])
def test_what_is_no_word_time_is_left_alone(value: object) -> None:
    assert timed_words(value) == ()


def test_the_store_counts_in_a_child_process_what_it_counts_here(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row(f"{i}.wav", text=f"Word{i % 7} the, é {i}") for i in range(200)])
    here = VocabularyStore(tmp_path / "here")
    assert here.prepare(corpus, ["reference"], BASIC) is None
    there = VocabularyStore(tmp_path / "there", at_once=0)
    begun = there.prepare(corpus, ["reference"], BASIC)
    assert begun is not None
    assert begun.total == 200
    limit = time.monotonic() + 60
    while (now := there.prepare(corpus, ["reference"], BASIC)) is not None and time.monotonic() < limit:
        assert not now.failure
        time.sleep(0.05)
    words = there.words(corpus, "reference", BASIC)
    assert words is not None
    assert words.equals(here.words(corpus, "reference", BASIC))
    characters = there.characters(corpus, BASIC)
    assert characters is not None
    assert dict(zip(*characters.to_pydict().values(), strict=True))["é"] == 200
    there.close()


def test_a_counting_can_be_cancelled_and_taken_up_again(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row(f"{i}.wav") for i in range(10)])
    store = VocabularyStore(tmp_path / "counts", at_once=0)
    store.prepare(corpus, ["reference"], AS_WRITTEN)
    store.cancel(corpus, ["reference"], AS_WRITTEN)
    now = store.prepare(corpus, ["reference"], AS_WRITTEN)
    assert now is None or now.resting
    store.again(corpus, ["reference"], AS_WRITTEN)
    limit = time.monotonic() + 60
    while store.prepare(corpus, ["reference"], AS_WRITTEN) is not None and time.monotonic() < limit:
        store.again(corpus, ["reference"], AS_WRITTEN)
        time.sleep(0.05)
    assert store.words(corpus, "reference", AS_WRITTEN) is not None
    store.close()


def test_csv() -> None:
    lines = b"".join(spreadsheet.lines(["word", "oov"], iter([["a,b", True], ["é", None]])))
    assert lines.decode() == 'word,oov\r\n"a,b",true\r\né,\r\n'
