"""The commands ``stats`` and ``score``: the promised JSON, the tables, and the exit codes."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from evaluator.commands.score import print_score, print_stats, score_report, stats_report
from evaluator.scoring.metrics import METRICS
from evaluator.scoring.scores import ScoreStore, pooled
from evaluator.selection import selected
from explorer.errors import ConfigError, ExpressionError
from explorer.querying.query import Query
from tests.evaluator.scored import ROWS, scored_corpus
from tests.explorer.manifests import opened, row

PROMISED = {
    "utterances",
    "scored",
    "excluded",
    "words",
    "hits",
    "substitutions",
    "deletions",
    "insertions",
    "wer",
    "characters",
    "character_errors",
    "cer",
}


def test_score_report_by_hand(tmp_path: Path) -> None:
    report = score_report(scored_corpus(tmp_path), "basic")
    assert report["normalizer"] == {"name": "basic", "version": 1}
    assert list(report["systems"]) == ["tiny", "large"]
    tiny = report["systems"]["tiny"]
    assert set(tiny) >= PROMISED
    assert {name: tiny[name] for name in PROMISED} == {
        "utterances": 6,
        "scored": 3,
        "excluded": {"missing reference": 2, "missing hypothesis": 1},
        "words": 7,
        "hits": 5,
        "substitutions": 1,
        "deletions": 1,
        "insertions": 2,
        "wer": 4 / 7,
        "characters": 24,
        "character_errors": 13,
        "cer": 13 / 24,
    }
    assert (tiny["wmr"], tiny["mwa"], tiny["empty_references"]) == (5 / 7, 5 / 7, 1)
    assert set(METRICS) - set(tiny) == {"rtfx"}


def test_the_report_says_what_the_pages_say(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path)
    laid = ScoreStore(tmp_path / "scores").lay(corpus, "none")
    for system, told in score_report(corpus, "none")["systems"].items():
        score = pooled(laid, Query(), system)
        assert score is not None
        assert told["wer"] == score.counts.words.rate
        assert told["hits"] == score.counts.words.hits


def test_plain_pred_text_keeps_its_name(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav", pred_text="one two", pred_text_x="one")])
    assert set(score_report(corpus, "none")["systems"]) == {"pred_text", "x"}


def test_rates_without_words_are_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav", text="", pred_text="noise")])
    assert print_score(corpus, normalizer="basic", as_json=True) == 0
    system = orjson.loads(capsys.readouterr().out)["systems"]["pred_text"]
    assert (system["wer"], system["cer"], system["mwa"]) == (None, None, None)
    assert (system["words"], system["insertions"], system["scored"], system["excluded"]) == (0, 1, 1, {})


def test_the_score_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_score(scored_corpus(tmp_path), normalizer="basic", as_json=False) == 0
    printed = capsys.readouterr().out.replace("\u00a0", " ")
    assert 'normalizer "basic" version 1' in printed
    [tiny] = [line for line in printed.splitlines() if line.startswith("tiny")]
    assert tiny.split()[1:3] == ["57.14", "%"]
    assert tiny.endswith("  2 missing reference, 1 missing hypothesis, 1 scored without a rate (empty reference)")
    assert "word error rate" in printed


def test_a_system_that_heard_nothing_anywhere_is_counted_and_shown(tmp_path: Path) -> None:
    rows = [row(f"{name}.wav", text="one", pred_text_a="one", pred_text_z=None) for name in "abc"]
    systems = score_report(scored_corpus(tmp_path, rows), "basic")["systems"]
    assert list(systems) == ["a", "z"]
    assert systems["z"]["excluded"] == {"missing hypothesis": 3}
    assert (systems["z"]["scored"], systems["z"]["wer"]) == (0, None)


def test_what_one_system_has_no_base_for_is_null_and_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row("a.wav", text="Hello, world.", pred_text_a="hello world"), row("b.wav", text="hi", pred_text_b="hi")]
    corpus = scored_corpus(tmp_path, rows)
    systems = score_report(corpus, "basic")["systems"]
    assert systems["a"]["punctuation_error_rate"] == 1.0
    assert systems["b"]["punctuation_error_rate"] is None
    assert print_score(corpus, normalizer="basic", as_json=False) == 0
    [told] = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("b ")]
    assert "–" in told


def test_nothing_to_score_is_a_failure_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav")])
    assert print_score(corpus, normalizer="basic", as_json=True) == 1
    printed = capsys.readouterr()
    assert orjson.loads(printed.out)["systems"] == {}
    assert "no hypotheses to score" in printed.err


def test_an_unknown_normalizer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known are"):
        print_score(scored_corpus(tmp_path), normalizer="nemo", as_json=True)


def test_stats_report(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, [*ROWS, {"duration": 1, "text": "no audio"}])
    report = stats_report(corpus)
    assert (report["utterances"], report["words"], report["vocabulary"]) == (6, 10, 10)
    assert report["hours"] == pytest.approx(6 * 1.5 / 3600)
    assert report["alphabet"]["T"] == 1
    assert report["systems"] == ["tiny", "large"]
    [problem] = report["problems"]
    assert set(problem) == {"source", "line", "field", "message"}
    assert (problem["line"], problem["field"]) == (7, "audio_filepath")


def test_stats_are_printed_with_problems_and_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, [*ROWS, *[f"broken {number}" for number in range(30)]])
    assert print_stats(corpus, as_json=True) == 0
    assert len(orjson.loads(capsys.readouterr().out)["problems"]) == 30
    assert print_stats(corpus, as_json=False) == 0
    printed = capsys.readouterr().out
    assert "manifest.json:7:" in printed
    assert "and 10 more" in printed
    assert "space 7" in printed


def test_where_narrows_every_number_of_the_score_report(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path)
    whole = score_report(corpus, "basic")["systems"]["tiny"]
    for where in ("{wer_tiny} > 0", "!({wer_tiny} > 0%)", "{text} contains a", "{WER tiny} is empty"):
        report = score_report(corpus, "basic", where=where)
        laid, _ = selected(corpus, "{wer_tiny} is empty", "basic")
        query = Query(where=where)
        assert report["rows"] == query.sentence(laid)
        narrowed = report["systems"]["tiny"]
        rows = laid.page(query, 0, corpus.size, ("hits_tiny", "insertions_tiny", "reference_words_tiny"))
        assert narrowed["utterances"] == len(rows) < corpus.size
        assert narrowed["hits"] == sum(values["hits_tiny"] or 0 for values in rows)
        assert narrowed["insertions"] == sum(values["insertions_tiny"] or 0 for values in rows)
        assert narrowed["words"] == sum(values["reference_words_tiny"] or 0 for values in rows)
    halves = [score_report(corpus, "basic", where=w)["systems"]["tiny"] for w in ("{wer_tiny} > 0", "!{wer_tiny} > 0")]
    assert sum(half["hits"] for half in halves) == whole["hits"]


def test_where_narrows_the_statistics(tmp_path: Path) -> None:
    rows = [row(f"{n}.wav", duration=n + 1.0, text=text) for n, text in enumerate(["a b", "b ä b", None, "c"])]
    corpus = opened(tmp_path, rows)
    whole, (_, query) = stats_report(corpus), selected(corpus, "{duration} <= 2 || {text} is empty", "basic")
    report = stats_report(corpus, query=query)
    assert (report["utterances"], report["hours"] * 3600) == (3, pytest.approx(6))
    assert (report["words"], report["vocabulary"], report["without_reference"]) == (5, 3, 1)
    assert report["alphabet"] == {" ": 3, "b": 3, "a": 1, "ä": 1}
    assert report["characters"] == 8
    everything = stats_report(corpus, query=selected(corpus, "{duration} > 0", "basic")[1])
    assert {**everything, "rows": ""} == {**whole, "rows": ""}


def test_where_that_cannot_be_understood_is_told_with_its_place(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path)
    with pytest.raises(ExpressionError, match='at character 1 of the filter: there is no column "wer_tony"; did you m'):
        selected(corpus, "{wer_tony} > 0", "basic")
    with pytest.raises(ExpressionError, match="at character 13 of the filter"):
        score_report(corpus, "basic", where="{wer_tiny} >")


def test_rows_can_be_chosen_by_suspicion_without_a_server(tmp_path: Path) -> None:
    rows = [row(f"{n}.wav", text=f"turn number {n} on", pred_text_a=f"turn number {n} on") for n in range(30)]
    rows[7] |= {"text": ""}
    corpus, query = selected(opened(tmp_path, rows), "{suspicion} > 0.5", "basic")
    assert [one["row"] for one in corpus.page(query, 0, 9, ["suspicion"])] == [7]
