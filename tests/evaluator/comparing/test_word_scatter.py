"""Words of two systems: accuracies and what is won by hand; bubbles hold every word once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from evaluator.comparing.table_store import TableStore
from evaluator.comparing.word_scatter import BUBBLES, accuracies_on, places, words_listing
from evaluator.scoring.scores import ScoreStore
from evaluator.scoring.word_accuracy import word_accuracies
from explorer.querying.query import Query
from explorer.vocabulary.word_listing import WordAccuracy
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row


def accuracy(system: str, counted: dict[str, tuple[int, int]]) -> WordAccuracy:
    """A system's words as word -> (occurrences, hits)."""
    numbers = list(zip(*counted.values(), strict=True)) or [(), ()]
    table = pa.table(
        {
            "word": pa.array(counted, pa.string()),
            "count": pa.array(numbers[0], pa.int64()),
            "hits": pa.array(numbers[1], pa.int64()),
        }
    )
    return WordAccuracy(system=system, words=table, version="1")


def rows(listing: Any) -> list[dict[str, Any]]:
    return list(listing.values(listing.rows(Query())))


def test_by_hand() -> None:
    first = accuracy("a", {"the": (10, 5), "cat": (4, 4), "dog": (2, 0), "gone": (0, 0), "alone": (1, 1)})
    second = accuracy("b", {"the": (10, 9), "cat": (4, 2), "dog": (2, 0), "gone": (3, 3)})
    listing = words_listing(first, second, known=frozenset({"the", "cat"}))
    assert rows(listing) == [
        {"word": "the", "oov": False, "count_a": 10, "accuracy_a": 0.5, "accuracy_b": 0.9, "won": 4},
        {"word": "cat", "oov": False, "count_a": 4, "accuracy_a": 1.0, "accuracy_b": 0.5, "won": -2},
        {"word": "dog", "oov": True, "count_a": 2, "accuracy_a": 0.0, "accuracy_b": 0.0, "won": 0},
    ]
    found, number = places(listing, "a", "b")
    assert number == 3
    assert [(place.words, place.first, place.second, place.occurrences, place.oov) for place in found] == [
        (("the",), 0.5, 0.9, 10, False),
        (("cat",), 1.0, 0.5, 4, False),
        (("dog",), 0.0, 0.0, 2, True),
    ]


def test_other_bases_are_told() -> None:
    listing = words_listing(accuracy("a", {"x": (4, 2)}), accuracy("b", {"x": (3, 3)}))
    assert rows(listing) == [{"word": "x", "count_a": 4, "count_b": 3, "accuracy_a": 0.5, "accuracy_b": 1.0, "won": 1}]
    assert [column.label for column in listing.columns] == ["Word", "Count a", "Count b", "a", "b", "Won"]


def test_the_words_of_a_scored_corpus(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "scores")
    known = {one.system: one for one in word_accuracies(store.lay(scored_corpus(tmp_path), "basic"))}
    listing = words_listing(known["tiny"], known["large"])
    lost = {row["word"]: row["won"] for row in rows(listing) if row["won"]}
    assert lost == {"dog": 1, "off": 1}
    store.close()


counted = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 3), st.integers(0, 3)))


@given(counted, counted)
def test_every_word_is_in_one_bubble(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> None:
    first, second = (
        accuracy(name, {word: (count, min(count, hits)) for word, (count, hits) in found.items()})
        for name, found in (("a", one), ("b", other))
    )
    listing = words_listing(first, second)
    found, number = places(listing, "a", "b")
    assert len(found) == number <= BUBBLES
    assert sum(place.number for place in found) == listing.size
    assert {word for place in found for word in place.words} <= set(one) & set(other)
    assert sum(place.occurrences for place in found) == sum(row["count_a"] for row in rows(listing))


def counted(accuracy: WordAccuracy) -> dict[str, tuple[int, int]]:
    """The other way round: word -> (occurrences, hits)."""
    return {entry["word"]: (entry["count"], entry["hits"]) for entry in accuracy.words.to_pylist()}


SAID = [
    ("the cat sat", "the cat sat", "a cat"),
    ("the the dog", "the dog", "the the dog um"),
    ("", "um", ""),
    ("cat", None, "cat"),
]


def test_the_words_of_a_filter_are_counted_from_the_places_of_errors(tmp_path: Path) -> None:
    manifest = [
        row(f"{n}.wav", text=said, duration=1.0 + n, pred_text_a=a, pred_text_b=b)
        for n, (said, a, b) in enumerate(SAID)
    ]
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, manifest), "basic")
    first, second = accuracies_on(corpus, Query(where="{duration} > 1.5"), ("a", "b"), TableStore())
    told = [
        {entry["word"]: (entry["count"], entry["hits"]) for entry in one.words.to_pylist()} for one in (first, second)
    ]
    assert told == [{"the": (2, 1), "dog": (1, 1)}, {"the": (2, 2), "dog": (1, 1), "cat": (1, 1)}]
    assert first.version != accuracies_on(corpus, Query(), ("a",), TableStore())[0].version


def test_of_all_rows_they_are_those_of_the_scores(tmp_path: Path) -> None:
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path), "basic")
    for one in word_accuracies(corpus):
        [again] = accuracies_on(corpus, Query(), (one.system,), TableStore())
        assert counted(again) == {word: numbers for word, numbers in counted(one).items() if numbers[0]}
