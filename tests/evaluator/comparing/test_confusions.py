"""Confusions: counts, what is new and what is gone by hand; every number is that of the rows it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.comparing.comparison import compare
from evaluator.comparing.confusions import TABS, Confusions, confusions, utterances_with
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.scoring.edit_store import EditStore
from evaluator.scoring.edit_times import time_of_edit
from evaluator.scoring.edits import written
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.lanes.lane import Lane
from explorer.querying.query import Filter, Query, Test
from explorer.segments import Segment
from tests.evaluator.scored import scored_corpus
from tests.evaluator.strategies import tokens
from tests.explorer.manifests import row

# said               a heard              b heard
# the cat sat        a cat sat            the cat sat        a: the → a
# the dog and the    a dog and a          the dog and a      a: the → a twice; b: the → a once
# one                one                  the                b: one → the
# (empty)            um                   (empty)            a: + um
# two words          two                  (missing)          a: − words, on a row that b lacks
ROWS: list[dict[str, Any]] = [
    row("a.wav", text="the cat sat", pred_text_a="a cat sat", pred_text_b="the cat sat", speaker="x"),
    row("b.wav", text="the dog and the", pred_text_a="a dog and a", pred_text_b="the dog and a", speaker="y"),
    row("c.wav", text="one", pred_text_a="one", pred_text_b="the", speaker="x"),
    row("d.wav", text="", pred_text_a="um", pred_text_b="", speaker="y"),
    row("e.wav", text="two words", pred_text_a="two", speaker="x"),
]


def lines(found: Confusions, tab: str) -> list[dict[str, Any]]:
    listing = found.lists[tab]
    return listing.values(listing.rows(Query()))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with ExitStack() as stack:
        yield with_edits(tmp_path_factory.mktemp("confusions"), ROWS, stack)


def with_edits(folder: Path, rows: list[dict[str, Any]], stack: ExitStack) -> Corpus:
    laid = stack.enter_context(scored(scored_corpus(folder, rows), "basic"))
    store = EditStore()
    stack.callback(store.close)
    return store.with_edits(laid, laid.systems, lambda done, total: None)


def test_one_system_by_hand(corpus: Corpus) -> None:
    found = confusions(corpus, Query(), ["a"])
    assert found.utterances == 5
    assert lines(found, "confusions") == [{"word": "the", "heard": "a", "count_a": 3, "utterances_a": 2}]
    assert lines(found, "deletions") == [{"word": "words", "count_a": 1, "utterances_a": 1}]
    assert lines(found, "insertions") == [{"heard": "um", "count_a": 1, "utterances_a": 1}]
    assert found.counts["a"].errors == 5


def test_two_systems_by_hand_on_the_rows_both_were_scored_on(corpus: Corpus) -> None:
    found = confusions(corpus, Query(), ["a", "b"])
    assert found.utterances == 4
    assert found.counts["a"].errors == 4  # the row that b lacks is left out
    the_a, one_the = lines(found, "confusions")
    assert the_a == {
        "word": "the", "heard": "a", "count_a": 3, "utterances_a": 2, "count_b": 1, "utterances_b": 1,
        "change": -2, "gained": 0, "lost": 1,
    }  # fmt: skip
    assert (one_the["change"], one_the["gained"], one_the["lost"]) == (1, 1, 0)
    assert lines(found, "deletions") == []
    assert lines(found, "insertions")[0]["lost"] == 1
    assert found.rows.sentence(corpus).startswith("Utterances where Scoring b is")


def test_a_filter_narrows_what_is_counted(corpus: Corpus) -> None:
    query = Query((Filter("speaker", (Test("eq", "x"),)),), where="{reference} contains cat")
    found = confusions(corpus, query, ["a", "b"])
    assert (found.utterances, [line["count_a"] for line in lines(found, "confusions")]) == (1, [1])
    nothing = confusions(corpus, Query(search="nobody says this"), ["a", "b"])
    assert nothing.utterances == 0
    assert [lines(nothing, tab) for tab in TABS] == [[], [], []]
    assert nothing.counts["a"].rate is None


def test_an_unknown_system_is_a_sentence(corpus: Corpus) -> None:
    with pytest.raises(QueryError, match="scoring_c"):
        confusions(corpus, Query(), ["a", "c"])


pairs = st.tuples(tokens, st.none() | tokens, st.none() | tokens)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(pairs, min_size=1, max_size=7))
def test_sums_are_the_counts_and_every_number_that_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, said_heard: list[tuple[list[str], list[str] | None, list[str] | None]]
) -> None:
    rows = [
        row(
            f"{number}.wav",
            text=" ".join(said),
            **{f"pred_text_{s}": " ".join(heard) for s, heard in zip("ab", heards, strict=True) if heard is not None},
        )
        for number, (said, *heards) in enumerate(said_heard)
    ]
    rows += [row("a.wav", text="a", pred_text_a="a", pred_text_b="a")]  # both systems are there
    with ExitStack() as stack:
        corpus = with_edits(tmp_path_factory.mktemp("laws"), rows, stack)
        found = confusions(corpus, Query(), ["a", "b"])
        for name, counts in found.counts.items():
            assert counts == compare(corpus, Query(), resamples=2).standing(name).counts.words  # of the leaderboard
            sums = [sum(line[f"count_{name}"] for line in lines(found, tab)) for tab in TABS]
            assert sums == [counts.substitutions, counts.deletions, counts.insertions]
        for tab in TABS:
            for line in lines(found, tab):
                edit = written(line.get("word"), line.get("heard"))
                assert line["change"] == line["count_b"] - line["count_a"]
                for key, system, without in (
                    ("utterances_a", "a", ""),
                    ("utterances_b", "b", ""),
                    ("gained", "b", "a"),
                    ("lost", "a", "b"),
                ):
                    query = utterances_with(edit, system=system, without=without)
                    both = Query((*found.rows.filters, *query.filters))
                    assert corpus.extent(both).utterances == line[key]


def test_the_time_of_an_edit(tmp_path: Path) -> None:
    rows = [row("a.wav", text="so the the cat", pred_text_a="so the a cat um")]
    with ExitStack() as stack:
        corpus = with_edits(tmp_path, rows, stack)
        utterance = corpus.utterance(corpus.page(Query(), 0, 1, ())[0]["id"])
        basic = NORMALIZERS["basic"]
        heard = [Segment(n / 2, n / 2 + 0.4, word) for n, word in enumerate(["So", "the", "a", "cat,", "um"])]
        said = [Segment(n, n + 0.9, word) for n, word in enumerate(["so", "the", "the", "cat"])]
        own, manifest = Lane("a", "words", tuple(heard)), Lane("words", "words", tuple(said))

        def time(edit: str, *lanes: Lane) -> float | None:
            return time_of_edit(utterance, "a", edit, lanes, basic)

        assert time(written("the", "a"), own) == 1.0
        assert time(written("the", "a"), own, manifest) == 2.0  # when it was said
        assert time(written(None, "um"), own, manifest) == 2.0
        assert time(written("the", "a")) is None
        assert time(written("cat", None), own) is None  # no such edit here
        # Other words than the hypothesis has: the first that sounds like it.
        other = Lane("a", "words", (Segment(0.7, 0.8, "um"),))
        assert time(written(None, "um"), other) == 0.7


def test_a_word_left_out_is_where_the_word_before_it_ends(tmp_path: Path) -> None:
    rows = [row("a.wav", text="one two three", pred_text_a="one three")]
    with ExitStack() as stack:
        corpus = with_edits(tmp_path, rows, stack)
        utterance = corpus.utterance(corpus.page(Query(), 0, 1, ())[0]["id"])
        own = Lane("a", "words", (Segment(0.0, 0.3, "one"), Segment(0.8, 1.0, "three")))
        assert time_of_edit(utterance, "a", written("two", None), [own], NORMALIZERS["basic"]) == 0.3
