"""What each rule contributed: by hand, adding up exactly, the scores' own numbers, and the utterances behind them."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import jiwer
import pytest

from evaluator.comparing.contribution_store import ContributionStore
from evaluator.comparing.contributions import Contributions, difference
from evaluator.comparison_store import Making
from evaluator.normalizers.registry import ABSENT, NORMALIZERS, registry
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.scores import ScoreStore, pooled
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

INSTALLED = [name for name, known in NORMALIZERS.items() if known.version != ABSENT]
ROWS = [
    row("a.wav", text="The cat, sat.", pred_text_tiny="the cat sat", pred_text_large="The cat, sat."),
    row("b.wav", text="Twenty one colours", pred_text_tiny="21 colors", pred_text_large="twenty one colors"),
    row("c.wav", text="I can't", pred_text_tiny="i can not", pred_text_large="I can’t"),
    row("d.wav", text="", pred_text_tiny="Um,", pred_text_large=""),
    row("e.wav", text="only Tiny", pred_text_tiny="only tiny"),
    row("f.wav", text=None, pred_text_tiny="No Reference", pred_text_large="No Reference"),
]


def measured(folder: Path, name: str, rows: list[dict[str, object]] = ROWS) -> tuple[Corpus, dict[str, Contributions]]:
    corpus = ScoreStore(folder / "scores").lay(scored_corpus(folder, rows), name)
    store = ContributionStore()
    found = waited_for(store, corpus)
    return store.lay(corpus, {}), {one.system: one for one in found}


def waited_for(store: ContributionStore, corpus: Corpus, query: Query | None = None) -> tuple[Contributions, ...]:
    deadline = time.monotonic() + 60
    while isinstance(found := store.get(corpus, query), Making):
        assert time.monotonic() < deadline
    return found


def test_basic_by_hand(tmp_path: Path) -> None:
    _, found = measured(tmp_path, "basic")
    tiny = {stage.rule: (stage.changed, stage.words) for stage in found["tiny"].stages}
    # Raw: "The cat, sat." all wrong (3 S); three words of b are two others (2 S, 1 D); "I can't" against "i can not"
    # (2 S, 1 I); "Um," is inserted; "Tiny" is wrong.
    assert tiny[""] == (0, ErrorCounts(hits=1, substitutions=8, deletions=1, insertions=2))
    # Lower case: a, b, c, d (its hypothesis), e. "the", "i" and "tiny" are hits now.
    assert tiny["lower case"] == (5, ErrorCounts(hits=4, substitutions=5, deletions=1, insertions=2))
    # Punctuation: a and d. "cat," and "sat." are hits now.
    assert tiny["punctuation"] == (2, ErrorCounts(hits=6, substitutions=3, deletions=1, insertions=2))
    assert [tiny[rule][0] for rule in ("invisible", "composed", "apostrophes")] == [0, 0, 0]
    large = found["large"]
    assert large.scored == 4  # e was not heard
    assert [stage.changed for stage in large.stages if stage.rule == "apostrophes"] == [1]
    place = [stage.rule for stage in found["tiny"].stages].index("lower case")
    assert found["tiny"].points(place) == pytest.approx(8 / 10 - 11 / 10)


@pytest.mark.parametrize("name", INSTALLED)
def test_contributions_add_up_to_the_whole_difference(tmp_path: Path, name: str) -> None:
    corpus, found = measured(tmp_path, name)
    for system, one in found.items():
        score = pooled(corpus, Query(), system)
        assert score is not None
        assert one.scored == score.scored
        last = one.normalized
        assert (last.words, last.characters, last.character_errors) == (
            score.counts.words,
            score.counts.characters,
            score.counts.character_errors,
        )
        errors = [stage.words.errors for stage in one.stages]
        assert errors[0] + sum(b - a for a, b in pairwise(errors)) == errors[-1]
        points = [one.points(place) for place in range(1, len(one.stages))]
        assert sum(point for point in points if point is not None) == pytest.approx(difference(one.raw, last))


@pytest.mark.parametrize("name", INSTALLED)
def test_the_raw_stage_is_the_normalizer_none(tmp_path: Path, name: str) -> None:
    _, found = measured(tmp_path, name)
    plain = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), "none")
    for system, one in found.items():
        score = pooled(plain, Query(), system)
        assert score is not None
        assert (one.raw.words, one.raw.character_errors) == (score.counts.words, score.counts.character_errors)


@pytest.mark.parametrize("name", INSTALLED)
def test_jiwer_finds_the_same_errors_after_every_rule(tmp_path: Path, name: str) -> None:
    _, found = measured(tmp_path, name)
    chosen = NORMALIZERS[name]
    references, hypotheses = (
        [str(entry[key]) for entry in ROWS if entry.get("text") and entry.get("pred_text_tiny")]
        for key in ("text", "pred_text_tiny")
    )
    for place, stage in enumerate(found["tiny"].stages):
        for step in chosen.steps[place - 1 : place] if place else ():
            references, hypotheses = list(step.texts(references)), list(step.texts(hypotheses))
        told = jiwer.process_words(references, hypotheses)
        inserted = len(("Um," if place == 0 else "um").split())  # jiwer takes no empty reference
        if stage.words.insertions - told.insertions != inserted:
            assert stage.words.insertions == told.insertions  # a rule took "um" out
        assert (stage.words.hits, stage.words.substitutions, stage.words.deletions) == (
            told.hits,
            told.substitutions,
            told.deletions,
        )


def test_the_utterances_of_a_rule_are_a_filter(tmp_path: Path) -> None:
    corpus, found = measured(tmp_path, "whisper_english")
    for system, one in found.items():
        for stage in one.stages[1:]:
            rows = corpus.extent(Query(filters=(Filter(f"rules_{system}", (Test("has", stage.rule),)),)))
            assert rows.utterances == stage.changed, stage.rule
    numbers = Query(filters=(Filter("rules_tiny", (Test("has", "numbers"),)),))
    assert [one["audio"] for one in corpus.page(numbers, 0, 9, ("audio",))] == ["b.wav"]


def test_own_rules_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("rules: [{name: dots, pattern: '[.,]'}, {name: fold, use: lower}]")
    known = registry({"mine": tmp_path / "r.yaml"})
    corpus = ScoreStore(tmp_path / "scores", normalizers=known).lay(scored_corpus(tmp_path, ROWS), "mine")
    store = ContributionStore(at_once=0)
    [tiny] = [one for one in waited_for(store, corpus) if one.system == "tiny"]
    assert [(stage.rule, stage.changed) for stage in tiny.stages] == [("", 0), ("dots", 2), ("fold", 5)]
    store.close()


def test_none_has_no_rules(tmp_path: Path) -> None:
    _, found = measured(tmp_path, "none")
    assert [len(one.stages) for one in found.values()] == [1, 1]
    assert found["tiny"].raw is found["tiny"].normalized


def test_an_address_that_names_a_column_has_it_made(tmp_path: Path) -> None:
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), "basic")
    store = ContributionStore()
    assert store.lay(corpus, {}) is corpus
    address = {"f": "rules_tiny:has:punctuation"}
    deadline = time.monotonic() + 60
    while (laid := store.lay(corpus, address)) is corpus:
        assert store.pending(corpus, address)
        assert time.monotonic() < deadline
    assert laid.column("rules_tiny").hidden
    assert not store.pending(corpus, address)


def test_a_failure_is_a_sentence_and_not_tried_by_every_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), "basic")
    store = ContributionStore()

    def broken(*_: object, **__: object) -> None:
        raise SpeechDataError("no space left")

    monkeypatch.setattr("evaluator.comparing.contribution_store.write_contributions", broken)
    with pytest.raises(SpeechDataError, match="no space left"):
        waited_for(store, corpus)
    address = {"f": "rules_tiny:has:punctuation"}
    assert store.lay(corpus, address) is corpus
    assert not store.pending(corpus, address)


def test_nothing_to_measure(tmp_path: Path) -> None:
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, [row("a.wav")]), "basic")
    assert ContributionStore().get(corpus) == ()
    empty = [row("a.wav", text="", pred_text_tiny="")]
    _, found = measured(tmp_path / "empty", "whisper_english", empty)
    assert found["tiny"].points(1) is None
    assert found["tiny"].scored == 1


@pytest.mark.parametrize("at_once", [0, 1_000])
def test_of_a_filter_they_are_those_of_a_corpus_of_its_rows(tmp_path: Path, at_once: int) -> None:
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, ROWS), "whisper_english")
    some = Query(where="{audio} != a.wav")
    store = ContributionStore(at_once=at_once)
    found = waited_for(store, corpus, some)
    (tmp_path / "few").mkdir()
    _, alone = measured(tmp_path / "few", "whisper_english", [one for one in ROWS if one["audio_filepath"] != "a.wav"])
    assert {one.system: one for one in found} == alone
    assert waited_for(store, corpus) != found
    assert waited_for(store, corpus, Query(where="{audio} = nothing.wav"))[0].scored == 0
    with pytest.raises(SpeechDataError, match="gone"):
        waited_for(store, corpus, Query(where="{gone} = 1"))
    store.close()
