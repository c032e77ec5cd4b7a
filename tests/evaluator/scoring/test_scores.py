"""Scores: counted once, by hand here, and the same in columns, sums and files; cached by content."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jiwer
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.normalizers.registry import NORMALIZERS, registry
from evaluator.scoring.counting import COUNTS, LENGTHS, RATES, columns_of, score, words_path
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.metrics import METRICS
from evaluator.scoring.score_columns import columns, normalizer_of, scored_systems
from evaluator.scoring.scores import ScoreStore, pooled
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import ConfigError
from explorer.querying.query import Filter, Query, Sort, Test
from tests.evaluator.scored import ROWS, scored_corpus
from tests.explorer.manifests import row

BASIC = NORMALIZERS["basic"]
EVERYTHING = Query()


@pytest.fixture
def store(tmp_path: Path) -> ScoreStore:
    return ScoreStore(tmp_path / "scores")


@pytest.fixture
def corpus(tmp_path: Path, store: ScoreStore) -> Corpus:
    return store.lay(scored_corpus(tmp_path), "basic")


def values(corpus: Corpus, *names: str) -> list[tuple[object, ...]]:
    return [tuple(one[name] for name in names) for one in corpus.page(EVERYTHING, 0, corpus.size, names)]


def test_columns_by_hand(corpus: Corpus) -> None:
    assert values(corpus, "scoring_tiny", "wer_tiny", "hits_tiny", "substitutions_tiny", "deletions_tiny") == [
        ("scored", 0.0, 3, 0, 0),
        ("scored", 0.5, 2, 1, 1),
        ("empty reference", None, 0, 0, 0),
        ("missing hypothesis", None, None, None, None),
        ("missing reference", None, None, None, None),
        ("missing reference", None, None, None, None),
    ]
    assert values(corpus, "insertions_tiny", "reference_words_tiny", "reference_characters_tiny")[:3] == [
        (0, 3, 11),
        (0, 4, 13),
        (2, 0, 0),
    ]
    # "a dog ran off" and "a dug ran": one letter, and " off" with its space.
    assert values(corpus, "character_errors_tiny", "cer_tiny")[1] == (5, 5 / 13)


def test_pooled_by_hand(corpus: Corpus) -> None:
    tiny = pooled(corpus, EVERYTHING, "tiny")
    assert tiny is not None
    assert (tiny.utterances, tiny.scored, tiny.empty_references) == (6, 3, 1)
    assert tiny.excluded == {"missing reference": 2, "missing hypothesis": 1}
    assert tiny.counts.words == ErrorCounts(hits=5, substitutions=1, deletions=1, insertions=2)
    assert tiny.counts.words.rate == 4 / 7
    assert (tiny.counts.characters, tiny.counts.character_errors) == (24, 0 + 5 + 8)
    # the cat sat a ran: always right; dog off: never. "nobody heard this" is not scored for tiny.
    assert (tiny.counts.vocabulary, tiny.counts.word_accuracies) == (7, 5.0)
    large = pooled(corpus, EVERYTHING, "large")
    assert large is not None
    assert large.excluded == {"missing reference": 2}
    assert large.counts.words == ErrorCounts(hits=8, substitutions=0, deletions=2, insertions=0)
    assert METRICS["mwa"].value(large.counts) == pytest.approx(8 / 10)


def test_pooled_counts_belong_to_the_query(corpus: Corpus) -> None:
    wrong = Query(filters=(Filter("wer_tiny", (Test("gt", 0),)),))
    found = pooled(corpus, wrong, "tiny")
    assert found is not None
    assert (found.utterances, found.scored, found.excluded) == (1, 1, {})
    assert found.counts.words == ErrorCounts(2, 1, 1, 0)
    assert found.counts.vocabulary is None  # words are counted for the whole corpus only
    nothing = pooled(corpus, Query(search="no such words"), "tiny")
    assert nothing is not None
    assert (nothing.utterances, nothing.counts.words) == (0, ErrorCounts.zero())


def test_parts_of_the_corpus_add_up(corpus: Corpus) -> None:
    parts = [Query(filters=(Filter("audio", (Test(operator, "b.wav"),)),)) for operator in ("eq", "ne")]
    found = [pooled(corpus, part, "tiny") for part in parts]
    whole = pooled(corpus, EVERYTHING, "tiny")
    assert whole is not None
    assert sum((one.counts.words for one in found if one), ErrorCounts.zero()) == whole.counts.words
    assert sum(one.scored for one in found if one) == whole.scored


def test_scores_filter_and_sort_the_table(corpus: Corpus) -> None:
    worst_first = Query(sort=(Sort("wer_tiny", True),))
    assert [one["audio"] for one in corpus.page(worst_first, 0, 2, ("audio",))] == ["b.wav", "a.wav"]
    missing = Query(filters=(Filter("scoring_tiny", (Test("eq", "missing hypothesis"),)),))
    assert [one["audio"] for one in corpus.page(missing, 0, 9, ("audio",))] == ["d.wav"]


def test_another_normalizer_gives_other_scores(tmp_path: Path, store: ScoreStore) -> None:
    plain = store.lay(scored_corpus(tmp_path), "none")
    assert normalizer_of(plain) is NORMALIZERS["none"]
    found = pooled(plain, EVERYTHING, "tiny")
    assert found is not None
    assert found.counts.words.substitutions == 3  # "The" and "sat." as well as "dug"


def test_an_unknown_normalizer_is_an_error(tmp_path: Path, store: ScoreStore) -> None:
    with pytest.raises(ConfigError, match="known are: none, basic"):
        store.lay(scored_corpus(tmp_path), "whisper")


def test_a_corpus_without_systems_has_nothing_to_lay(tmp_path: Path, store: ScoreStore) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav")])
    assert store.lay(corpus, "basic") is corpus
    assert normalizer_of(corpus) is None
    assert pooled(corpus, EVERYTHING, "tiny") is None


def test_a_corpus_without_rows_has_empty_sums(tmp_path: Path, store: ScoreStore) -> None:
    corpus = store.lay(scored_corpus(tmp_path, []), "basic")
    assert corpus.size == 0
    assert scored_systems(corpus) == ()


def test_scores_are_made_once_and_found_again(tmp_path: Path, store: ScoreStore) -> None:
    corpus = scored_corpus(tmp_path)
    assert store.overlay(corpus, "tiny", BASIC) is None
    first = store.lay(corpus, "basic")
    assert store.lay(corpus, "basic") is first
    overlay = store.overlay(corpus, "tiny", BASIC)
    assert overlay is not None
    made = overlay.path.stat().st_mtime_ns
    again = ScoreStore(tmp_path / "scores").lay(corpus, "basic")
    assert values(again, "wer_tiny") == values(first, "wer_tiny")
    assert overlay.path.stat().st_mtime_ns == made


def test_a_changed_manifest_is_scored_anew(tmp_path: Path, store: ScoreStore) -> None:
    before = store.lay(scored_corpus(tmp_path), "basic")
    changed = [*ROWS[:1], {**ROWS[1], "pred_text_tiny": "a dog ran off"}, *ROWS[2:], row("g.wav", text="one")]
    after = store.lay(scored_corpus(tmp_path, changed), "basic")
    assert values(before, "wer_tiny")[1] == (0.5,)
    assert values(after, "wer_tiny")[1] == (0.0,)


def test_a_system_that_a_run_adds_is_scored_without_touching_the_others(tmp_path: Path, store: ScoreStore) -> None:
    corpus = scored_corpus(tmp_path)
    store.lay(corpus, "basic")
    known = {path: path.stat().st_mtime_ns for path in (tmp_path / "scores").iterdir()}
    for heard, wer in (("the cat", 1 / 3), ("the cat sat", 0.0)):
        table = pa.table({"row": pa.array([0], pa.int32()), "hypothesis_fresh": [heard]})
        path = tmp_path / "run.parquet"
        pyarrow.parquet.write_table(table, path)
        column = corpus.column("hypothesis_tiny")
        fresh = replace(column, name="hypothesis_fresh", system="fresh", origin="run")
        laid = store.lay(corpus.laid(Overlay("run:fresh", path, (fresh,))), "basic")
        assert values(laid, "wer_fresh")[0] == (wer,)
        found = pooled(laid, EVERYTHING, "fresh")
        assert found is not None
        assert found.excluded == {"missing reference": 2, "missing hypothesis": 3}
        assert {path: path.stat().st_mtime_ns for path in known} == known


def test_nothing_half_made_is_left_or_used(tmp_path: Path) -> None:
    def batches() -> object:
        yield pa.record_batch({"row": pa.array([0], pa.int32()), "reference": ["a"], "hypothesis_x": ["a"]})
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        score(batches(), BASIC, {"x": tmp_path / "x.parquet"}, vocabulary={})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_old_files_are_swept(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old.parquet", tmp_path / "fresh.parquet"
    for path, age in ((old, 40 * 24 * 3600), (fresh, 3600)):
        path.write_bytes(b"")
        os.utime(path, (time.time() - age,) * 2)
    ScoreStore(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fresh.parquet"]


def wait(store: ScoreStore, corpus: Corpus) -> None:
    deadline = time.monotonic() + 60
    while store.progress(corpus, BASIC) is not None and time.monotonic() < deadline:
        time.sleep(0.05)


def test_big_corpora_are_scored_in_a_child_process(tmp_path: Path) -> None:
    news: list[str] = []
    store = ScoreStore(tmp_path / "scores", at_once=3, changed=news.append)
    corpus = scored_corpus(tmp_path)
    first = store.lay(corpus, "basic")
    assert scored_systems(first) == ()
    wait(store, corpus)
    assert store.progress(corpus, BASIC) is None
    laid = store.lay(corpus, "basic")
    assert scored_systems(laid) == corpus.systems
    here = ScoreStore(tmp_path / "here").lay(corpus, "basic")
    for system in corpus.systems:
        assert pooled(laid, EVERYTHING, system) == pooled(here, EVERYTHING, system)
        assert values(laid, *columns_of(system)) == values(here, *columns_of(system))
    assert set(news) == {"birds"}
    assert store.revision("birds") == len(news) > 0
    assert store.revision("other") == 0


def test_a_failed_child_says_why_and_is_not_started_again_at_once(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "scores", at_once=0)
    corpus = scored_corpus(tmp_path)
    (tmp_path / "scores").rmdir()  # nowhere to write
    store.lay(corpus, "basic")
    deadline = time.monotonic() + 60
    while not (told := store.progress(corpus, BASIC)) or not told.failure:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert told.failure.startswith("Scoring ended with code 1: FileNotFoundError")
    revision = store.revision("birds")
    store.lay(corpus, "basic")
    assert store.progress(corpus, BASIC) == told
    assert store.revision("birds") == revision


def test_closing_ends_the_work(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "scores", at_once=0)
    corpus = scored_corpus(tmp_path)
    store.lay(corpus, "basic")
    store.close()
    deadline = time.monotonic() + 60
    while store._processes and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not store._processes
    assert scored_systems(store.lay(corpus, "none")) == ()


def test_every_score_column_explains_itself() -> None:
    found = {column.name: column for column in columns("tiny", BASIC)}
    assert set(found) == set(columns_of("tiny"))
    assert [name for name, column in found.items() if not column.hidden] == ["wer_tiny", "cer_tiny"]
    for column in found.values():
        assert column.help.endswith(".")
        assert column.system == "tiny"
        assert column.origin == "score"
        if column.kind == "number":
            assert '"basic" (version 1)' in column.help
    assert found["wer_tiny"].style == "percent"
    assert found["wer_tiny"].better == "lower"


texts = st.one_of(st.none(), st.lists(st.sampled_from(["A", "b", "c.", "dé"]), max_size=6).map(" ".join))


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_file_agrees_with_jiwer_and_its_words_with_its_hits(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str | None, str | None]]
) -> None:
    path = tmp_path_factory.mktemp("scores") / "x.parquet"
    references, hypotheses = zip(*pairs, strict=True)
    fields = {
        "row": pa.array(range(len(pairs)), pa.int32()),
        "reference": pa.array(references, pa.string()),
        "hypothesis_x": pa.array(hypotheses, pa.string()),
    }
    half = len(pairs) // 2
    whole = pa.record_batch(fields)
    written = Counter(word for reference in references if reference for word in reference.split())
    score([whole.slice(0, half), whole.slice(half)], BASIC, {"x": path}, vocabulary=written)
    found = pyarrow.parquet.read_table(path).to_pylist()
    both = [(BASIC.apply(r), BASIC.apply(h)) for r, h in pairs if r is not None and h is not None]
    sums = {name: sum(one[f"{name}_x"] or 0 for one in found) for name in (*COUNTS, *LENGTHS)}
    if both:
        words = jiwer.process_words([r for r, _ in both], [h for _, h in both])
        assert [sums[name] for name in COUNTS[:4]] == [
            words.hits,
            words.substitutions,
            words.deletions,
            words.insertions,
        ]
    assert sums["reference_characters"] == sum(len(r) for r, _ in both)
    for one, (reference, hypothesis) in zip(found, pairs, strict=True):
        scored = reference is not None and hypothesis is not None
        assert (one["hits_x"] is not None) == scored
        undefined = not scored or not BASIC.apply(reference or "")
        assert all((one[f"{rate}_x"] is None) == undefined for rate in RATES)
    vocabulary = pyarrow.parquet.read_table(words_path(path)).to_pylist()
    assert sum(one["count"] for one in vocabulary) == sums["reference_words"]
    assert sum(one["hits"] for one in vocabulary) == sums["hits"]
    assert all(0 <= one["hits"] <= one["count"] for one in vocabulary)


NUMBERS_HEARD = [
    row("a.wav", text="Twenty one colours, can't they?", pred_text_tiny="21 colors cannot they"),
    row("b.wav", text="I saw two", pred_text_tiny="i saw two"),
    row("c.wav", text="only a reference"),
    row("d.wav", text=None, pred_text_tiny="only a hypothesis"),
]


@pytest.mark.parametrize("at_once", [0, 100], ids=["another process", "here"])
def test_a_normalizer_of_whole_texts_keeps_what_it_made(tmp_path: Path, at_once: int) -> None:
    store = ScoreStore(tmp_path / "scores", at_once=at_once)
    plain = scored_corpus(tmp_path, NUMBERS_HEARD)
    laid = waited_for(store, plain, "whisper_english")
    assert values(laid, "normalized_reference", "normalized_hypothesis_tiny", "hits_tiny", "substitutions_tiny") == [
        ("21 colors can not they", "21 colors cannot they", 3, 1),
        ("i saw 2", "i saw 2", 3, 0),
        ("only a reference", None, None, None),
        (None, "only a hypothesis", None, None),
    ]
    assert values(laid, "deletions_tiny")[:2] == [(1,), (0,)]
    found = pooled(laid, EVERYTHING, "tiny")
    assert found is not None
    # 21 colors they i saw 2 were always right; can, not never: the words that were counted are the normalised ones.
    assert (found.counts.vocabulary, found.counts.word_accuracies) == (8, 6.0)
    assert normalizer_of(laid) is NORMALIZERS["whisper_english"]
    store.close()


def test_its_texts_are_there_without_any_system(tmp_path: Path, store: ScoreStore) -> None:
    laid = store.lay(scored_corpus(tmp_path, [row("a.wav", text="Two dogs")]), "whisper_english")
    assert values(laid, "normalized_reference") == [("2 dogs",)]


@pytest.mark.parametrize("at_once", [0, 100], ids=["another process", "here"])
def test_a_users_own_rules_score_everywhere(tmp_path: Path, at_once: int) -> None:
    (tmp_path / "rules.yaml").write_text("rules: [{name: all, use: basic}, {name: dog, pattern: d.g, replace: cat}]")
    known = registry({"mine": tmp_path / "rules.yaml"})
    store = ScoreStore(tmp_path / "scores", at_once=at_once, normalizers=known)
    laid = waited_for(store, scored_corpus(tmp_path), "mine")
    found = pooled(laid, EVERYTHING, "tiny")
    assert found is not None
    assert found.counts.words == ErrorCounts(hits=6, substitutions=0, deletions=1, insertions=2)  # dug and dog are cats
    store.close()


def test_other_rules_under_the_same_name_are_other_scores(tmp_path: Path) -> None:
    corpus, tags = scored_corpus(tmp_path), set()
    for replaced in ("cat", "dog"):
        (tmp_path / "rules.yaml").write_text(f"rules: [{{name: d, pattern: d.g, replace: {replaced}}}]")
        known = registry({"mine": tmp_path / "rules.yaml"})
        store = ScoreStore(tmp_path / "scores", normalizers=known)
        laid = store.lay(corpus, "mine")
        tags |= {overlay.path for overlay in laid.overlays if overlay.name.startswith("score:")}
    assert len(tags) == 2 * len(corpus.systems)


def waited_for(store: ScoreStore, corpus: Corpus, name: str) -> Corpus:
    """The corpus with all its scores, however long that takes."""
    deadline = time.monotonic() + 60
    while len(scored_systems(laid := store.lay(corpus, name))) < len(corpus.systems):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return laid
