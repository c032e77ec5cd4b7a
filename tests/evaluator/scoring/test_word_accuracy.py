"""Word accuracies on the vocabulary page are those of the scores, and their mean is the MWA shown elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator.normalizers.registry import ABSENT, NORMALIZERS
from evaluator.scoring.metrics import METRICS
from evaluator.scoring.scores import ScoreStore, pooled
from evaluator.scoring.word_accuracy import folding, word_accuracies
from explorer.querying.query import Query
from explorer.vocabulary.vocabulary_store import VocabularyStore
from explorer.vocabulary.word_listing import words_listing
from tests.evaluator.scored import scored_corpus

INSTALLED = [name for name, known in NORMALIZERS.items() if known.version != ABSENT]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ScoreStore]:
    made = ScoreStore(tmp_path / "scores")
    yield made
    made.close()


@pytest.mark.parametrize("name", INSTALLED)
def test_the_mean_of_the_listed_accuracies_is_the_mwa(tmp_path: Path, store: ScoreStore, name: str) -> None:
    corpus = store.lay(scored_corpus(tmp_path), name)
    chosen = folding(NORMALIZERS[name])
    counted, column = VocabularyStore(tmp_path / "words"), f"{chosen.prefix}reference"
    counted.prepare(corpus, [column], chosen.counting())
    counts = counted.words(corpus, column, chosen.counting())
    assert counts is not None
    listing = words_listing(counts, chosen.counting(), accuracies=word_accuracies(corpus))
    for system in ("tiny", "large"):
        rows = listing.values(listing.rows(Query()), ["accuracy_" + system, "scored_" + system])
        known = [row[f"accuracy_{system}"] for row in rows if row[f"accuracy_{system}"] is not None]
        found = pooled(corpus, Query(), system)
        assert found is not None
        assert len(known) == found.counts.vocabulary
        assert sum(known) / len(known) == pytest.approx(METRICS["mwa"].value(found.counts))
        assert sum(row[f"scored_{system}"] or 0 for row in rows) == found.counts.words.length


def test_accuracies_by_hand(tmp_path: Path, store: ScoreStore) -> None:
    corpus = store.lay(scored_corpus(tmp_path), "basic")
    tiny = next(one for one in word_accuracies(corpus) if one.system == "tiny")
    table = {row["word"]: (row["count"], row["hits"]) for row in tiny.words.to_pylist()}
    # "the cat sat" is heard; of "a dog ran off" dog became dug and off is gone; "nobody heard this" was not scored.
    assert table == {
        "the": (1, 1),
        "cat": (1, 1),
        "sat": (1, 1),
        "a": (1, 1),
        "dog": (1, 0),
        "ran": (1, 1),
        "off": (1, 0),
    }


def test_every_normalizer_can_be_found_by_its_name_in_another_process() -> None:
    for chosen in map(NORMALIZERS.__getitem__, INSTALLED):
        fold = folding(chosen).apply()
        for text in ("The cat's  twenty-one, e\u0301t\u00a0E\u0301!", "", "  "):
            assert list(fold(text)) == chosen.words(text)


def test_a_corpus_without_scores_has_no_accuracies(tmp_path: Path) -> None:
    assert word_accuracies(scored_corpus(tmp_path)) == ()
