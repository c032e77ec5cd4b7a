"""Punctuation and capitals by hand, against NeMo's own count, and undefined where texts carry none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.comparing.comparison import compare, own_standings
from evaluator.comparing.comparison_columns import shown_columns
from evaluator.scoring.metrics import METRICS
from evaluator.scoring.scores import ScoreStore, pooled
from evaluator.scoring.written import carries_case, carries_marks, count, pieces, punctuation_rate
from evaluator.scoring.written_store import WrittenStore
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

ROWS = [
    row("a.wav", text="Hi, dear! Nice to see you. What's", pred_text_tiny="Hi dear! Nice to see you! What's?"),
    row("b.wav", text="I saw Anna.", pred_text_tiny="i saw anna"),
    row("c.wav", text="no marks here", pred_text_tiny="No marks, here"),
    row("d.wav", text="Not heard."),
]


def named(text: str) -> list[str]:
    return [written for token in text.split() for _, written in pieces(token)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "Hello , world !"),
        ("e-mail isn't 3.5 or 1,000...", "e mail isn't 3 5 or 1 000 . . ."),
        ("“Quoted” (yes) — so", "“ Quoted ” ( yes ) — so"),
        ("rock 'n' roll’s", "rock ' n ' roll's"),
        ("मैं हूँ। $5 + 2", "मैं हूँ । 5 2"),
        ("", ""),
    ],
)
def test_words_and_marks(text: str, expected: str) -> None:
    assert named(text) == expected.split()


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        # hits, substitutions, deletions, insertions of marks; matched words with case; those in another case
        ("Hi, dear! Nice to see you. What's", "Hi dear! Nice to see you! What's?", (1, 1, 1, 1, 7, 0)),
        ("I saw Anna.", "i saw anna", (0, 0, 1, 0, 3, 2)),
        ("The cat.", "the dog", (0, 0, 1, 0, 1, 1)),
        ("yes", "yes.", (0, 0, 0, 1, 1, 0)),
        ("iPhone 5", "Iphone 5", (0, 0, 0, 0, 1, 1)),
        ("", "Um,", (0, 0, 0, 1, 0, 0)),
        ("A, b.", "", (0, 0, 2, 0, 0, 0)),
        ("", "", (0, 0, 0, 0, 0, 0)),
    ],
)
def test_counts_by_hand(reference: str, hypothesis: str, expected: tuple[int, ...]) -> None:
    assert count(reference, hypothesis) == expected


def test_nemo_counts_the_same_marks() -> None:
    from nemo.collections.common.metrics.punct_er import OccurancePunctuationErrorRate

    theirs = OccurancePunctuationErrorRate([".", ",", "!", "?"])
    for reference, hypothesis in [
        ("hi, dear! nice to see you. what's", "hi dear! nice to see you! what's?"),
        ("one, two, three.", "one two, three!"),
        ("is it? yes, it is.", "is it yes it is."),
        ("nothing here", "nothing, here."),
        ("a b c d.", "a b c d."),
    ]:
        operations, _, rates = theirs.compute(reference, hypothesis)
        sums = [
            sum(marks[kind] for marks in operations.values())
            for kind in ("Correct", "Substitutions", "Deletions", "Insertions")
        ]
        ours = count(reference, hypothesis)[:4]
        assert list(ours) == sums
        assert punctuation_rate(*ours) is None or punctuation_rate(*ours) == pytest.approx(rates.punct_er)


texts = st.text(st.sampled_from("aAbB ,.!'-É5"), max_size=20)


@given(texts)
def test_a_text_against_itself_has_no_error(text: str) -> None:
    hits, substitutions, deletions, insertions, _, wrong = count(text, text)
    assert (substitutions, deletions, insertions, wrong) == (0, 0, 0, 0)
    assert hits == sum(key == "\0" for token in text.split() for key, _ in pieces(token))


@given(texts, texts)
def test_every_mark_is_counted_once(reference: str, hypothesis: str) -> None:
    hits, substitutions, deletions, insertions, cased, wrong = count(reference, hypothesis)
    said, heard = (sum(k == "\0" for t in text.split() for k, _ in pieces(t)) for text in (reference, hypothesis))
    assert (hits + substitutions + deletions, hits + substitutions + insertions) == (said, heard)
    assert 0 <= wrong <= cased


def test_pooled_whatever_the_normalizer(tmp_path: Path) -> None:
    for name in ("none", "basic", "whisper_english"):
        corpus = WrittenStore(tmp_path / "written").lay(
            ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), name)
        )
        found = pooled(corpus, Query(), "tiny")
        assert found is not None
        # Marks: 1 hit, 1 S, 2 D, 2 I. Words: "no marks here" adds three matches and one error.
        assert METRICS["punctuation_error_rate"].value(found.counts) == pytest.approx(5 / 6)
        assert METRICS["capitalization_error_rate"].value(found.counts) == pytest.approx(3 / 13)
        assert METRICS["capitalization_error_rate"].base(found.counts) == 13


def test_columns_filter_and_are_undefined_without_marks(tmp_path: Path) -> None:
    corpus = WrittenStore(tmp_path / "written").lay(scored_corpus(tmp_path, ROWS))
    rates = [one["punctuation_error_rate_tiny"] for one in corpus.page(Query(), 0, 9, ("punctuation_error_rate_tiny",))]
    assert rates == [0.75, 1.0, None, None]
    wrong = Query(filters=(Filter("case_errors_tiny", (Test("gt", 0),)),))
    assert [one["audio"] for one in corpus.page(wrong, 0, 9, ("audio",))] == ["b.wav", "c.wav"]
    part = Query(filters=(Filter("audio", (Test("eq", "c.wav"),)),))
    found = pooled(ScoreStore(tmp_path / "scores").lay(corpus, "basic"), part, "tiny")
    assert found is not None
    assert METRICS["punctuation_error_rate"].value(found.counts) is None  # no mark in these references
    assert METRICS["capitalization_error_rate"].value(found.counts) == pytest.approx(1 / 3)


@pytest.mark.parametrize("text", ["plain words", "don't e-mail", "ALL UPPER"])
def test_texts_that_carry_none(tmp_path: Path, text: str) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav", text=text, pred_text_tiny="Plain, words!")])
    store = WrittenStore(tmp_path / "written")
    assert store.lay(corpus) is corpus
    assert not store.pending(corpus)
    assert store.revision(corpus) == ""
    found = pooled(ScoreStore(tmp_path / "scores").lay(corpus, "basic"), Query(), "tiny")
    assert found is not None
    assert METRICS["punctuation_error_rate"].base(found.counts) is None
    assert METRICS["capitalization_error_rate"].base(found.counts) is None


def test_what_carries() -> None:
    assert (carries_case("aB"), carries_case("ab"), carries_case("AB"), carries_case("नम")) == (
        True,
        False,
        False,
        False,
    )
    assert (carries_marks("a."), carries_marks("a'-’"), carries_marks("न।")) == (True, False, True)


def test_big_corpora_are_counted_in_a_child_process(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, ROWS)
    told: list[str] = []
    store = WrittenStore(tmp_path / "written", at_once=0, changed=told.append)
    deadline = time.monotonic() + 60
    laid: Corpus = store.lay(corpus)
    while laid is corpus or laid.overlays == corpus.overlays:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        laid = store.lay(corpus)
    here = WrittenStore(tmp_path / "here").lay(corpus)
    names = ("mark_hits_tiny", "mark_insertions_tiny", "case_errors_tiny", "punctuation_error_rate_tiny")
    assert laid.page(Query(), 0, 9, names) == here.page(Query(), 0, 9, names)
    store.close()


def test_the_leaderboard_has_them_on_the_utterances_it_is_about(tmp_path: Path) -> None:
    corpus = WrittenStore(tmp_path / "written").lay(
        ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), "basic")
    )
    part = Query(filters=(Filter("audio", (Test("ne", "a.wav"),)),))
    [whole], [some] = (compare(corpus, query, resamples=10).standings for query in (Query(), part))
    for standing, punctuation, case in ((whole, 5 / 6, 3 / 13), (some, 2 / 2, 3 / 6)):
        assert METRICS["punctuation_error_rate"].value(standing.counts) == pytest.approx(punctuation)
        assert METRICS["capitalization_error_rate"].value(standing.counts) == pytest.approx(case)
    assert {"Punct", "Case"} <= {column.title for column in shown_columns([whole], against=True)}
    [own] = own_standings(corpus, part, ["tiny"], resamples=10)
    assert (own.counts.punctuation, own.counts.cased_words) == (some.counts.punctuation, some.counts.cased_words)
