"""Comparisons: hand-counted rows, the same numbers as the scores of other pages, documents, and the gate."""

from __future__ import annotations

import csv
import io
import json
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

import app
from evaluator.commands.compare import print_comparison
from evaluator.comparing import own_report
from evaluator.comparing.comparison import Comparison, Means, Standing, compare, own_standings
from evaluator.comparing.comparison_columns import few, shown_columns
from evaluator.comparing.comparison_report import as_csv, as_junit, as_latex, as_markdown, report, sentence
from evaluator.comparing.gate import judged, parsed
from evaluator.comparing.own_report import OwnRates
from evaluator.comparing.significance import Interval
from evaluator.comparing.table_store import TableStore
from evaluator.comparison_store import CancelledComparison, ComparisonStore, Making
from evaluator.components.compare_table import common_scale
from evaluator.normalizers.registry import normalizer
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.scores import ScoreStore, pooled
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, QueryError
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row, write_manifest

# Of the words of a to d: good 1 error (b), bad 4 errors (a 1, b 1, c 1, d 1), late 0 errors but it skipped d.
ROWS = [
    row("a.wav", text="one two three", speaker="x", pred_text_good="one two three", pred_text_bad="one two free",
        pred_text_late="one two three"),
    row("b.wav", text="four five", speaker="x", pred_text_good="four", pred_text_bad="four nine",
        pred_text_late="four five"),
    row("c.wav", text="six seven eight nine", speaker="y", pred_text_good="six seven eight nine",
        pred_text_bad="six seven eight", pred_text_late="six seven eight nine"),
    row("d.wav", text="ten", speaker="z", pred_text_good="ten", pred_text_bad="ten eleven"),
    row("e.wav", text="", pred_text_good="", pred_text_bad="", pred_text_late=""),
    row("f.wav", text="nobody", pred_text_good="nobody"),
]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("compared")
    return ScoreStore(folder / "scores").lay(scored_corpus(folder, ROWS), "basic")


def two(corpus: Corpus, **options: object) -> Comparison:
    return compare(corpus, Query(), systems=["good", "bad"], baseline="bad", **options)  # type: ignore[arg-type]


def test_two_systems_by_hand(corpus: Corpus):
    found = two(corpus)
    assert (found.selected, found.common, found.lacking) == (6, 5, {"good": 0, "bad": 1})
    good, bad = found.standings
    assert (good.system, bad.system, found.baseline) == ("good", "bad", "bad")
    assert (good.counts.words.errors, good.counts.words.length) == (1, 10)
    assert (bad.counts.words.errors, bad.counts.words.length) == (4, 10)
    assert good.difference.delta == pytest.approx(-0.3)
    assert (good.wins, good.ties, good.losses) == (3, 2, 0)
    assert bad.difference is bad.pairs is bad.wins is None
    # Segments, bad minus good: a "three" 1, b 1 - 1 = 0, c 1, d 1.
    assert (good.pairs.segments, good.pairs.mean) == (4, 0.75)
    assert good.p_holm == good.p_mapsswe


def test_all_are_counted_on_the_same_utterances(corpus: Corpus):
    found = compare(corpus, Query())
    assert found.common == 4  # a, b, c, e: late has no d, bad and late no f
    assert {row.system: row.counts.words.length for row in found.standings} == {"late": 9, "good": 9, "bad": 9}
    assert [row.system for row in found.standings] == ["late", "good", "bad"]
    assert found.lacking == {"good": 0, "bad": 1, "late": 2}
    own = {row.system: row.counts.words.length for row in own_standings(corpus, Query(), ["good", "bad", "late"])}
    assert own == {"good": 11, "bad": 10, "late": 9}


def test_the_counts_are_those_of_every_other_page(corpus: Corpus):
    for standing in own_standings(corpus, Query(), ["good", "bad", "late"]):
        score = pooled(corpus, Query(), standing.system)
        assert standing.counts.words == score.counts.words
        assert standing.counts.characters == score.counts.characters
        assert standing.counts.character_errors == score.counts.character_errors
        assert standing.utterances == score.scored


def test_what_is_kept_in_folders_gives_the_same_numbers_again(corpus: Corpus, tmp_path: Path):
    def means() -> Means:
        return Means(TableStore(folder=tmp_path / "words"), tmp_path / "drawn")

    for query in (Query(), Query(where="{words} > 1")):
        systems = ["good", "bad", "late"]
        first = compare(corpus, query), own_standings(corpus, query, systems)
        for _ in range(2):  # kept, then taken
            assert (
                compare(corpus, query, means=means()),
                own_standings(corpus, query, systems, means=means()),
            ) == first
    assert len(list((tmp_path / "words").iterdir())) == 1  # those of the whole corpus alone


def test_on_the_same_rows_an_interval_is_that_of_the_leaderboard(corpus: Corpus):
    same = Query(where="{speaker} = x")
    compared = {row.system: row.interval for row in compare(corpus, same).standings}
    assert {row.system: row.interval for row in own_standings(corpus, same, list(compared))} == compared
    assert compared["bad"] is not None


def test_a_filter_selects_what_is_compared(corpus: Corpus):
    only_x = Query(filters=(Filter("speaker", (Test("eq", "x"),)),))
    found = compare(corpus, only_x, systems=["good", "bad"])
    assert (found.selected, found.common) == (2, 2)
    assert found.standing("bad").counts.words.errors == 2


def test_blocks_are_speakers_and_each_unknown_one_alone(corpus: Corpus):
    assert two(corpus, blocks="speaker").block_count == 4  # x, y, z, and e without a speaker
    with pytest.raises(QueryError, match='did you mean "speaker"'):
        two(corpus, blocks="speakers")


def test_nothing_in_common_is_undefined_not_a_crash(corpus: Corpus):
    nothing = Query(search="no such word")
    found = compare(corpus, nothing)
    assert (found.selected, found.common) == (0, 0)
    assert all(row.wer is row.interval is row.difference is row.p_mapsswe is None for row in found.standings)
    assert "NaN" not in json.dumps(report(found))
    assert "cannot be compared" in sentence(found.standing("bad"), found)
    for write in (as_csv, as_markdown, as_latex):
        assert "nan" not in write(found)


def test_an_unknown_system_is_named_with_the_nearest(corpus: Corpus):
    with pytest.raises(QueryError, match='"goood" is scored here; did you mean "good"'):
        compare(corpus, Query(), baseline="goood")
    with pytest.raises(QueryError, match='"nobody" is scored here; there are good, bad, late'):
        compare(corpus, Query(), baseline="nobody")


def test_sentences_say_it_plainly(corpus: Corpus):
    found = two(corpus)
    assert sentence(found.standing("good"), found).startswith("good makes 30.00 points fewer errors than bad (95 %: ")
    assert sentence(found.standing("bad"), found) == "bad is the baseline."


def test_documents_have_the_numbers_of_the_report(corpus: Corpus):
    found = two(corpus)
    told = report(found)["systems"]
    lines = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [line["system"] for line in lines] == ["good", "bad"]
    assert float(lines[0]["delta"]) == told["good"]["delta"]
    assert [float(lines[0][f"delta_{end}"]) for end in ("low", "high")] == told["good"]["delta_ci"]
    assert [float(lines[1][f"wer_{end}"]) for end in ("low", "high")] == told["bad"]["wer_ci"]
    assert lines[1]["delta"] == lines[1]["delta_low"] == ""
    assert "'" not in as_csv(found)  # negative numbers are numbers, no formulas to guard
    markdown = as_markdown(found, judged([parsed("wer > 5%")], found, spared="bad"))
    assert "| good | 10.00" in markdown
    assert "basic version 1" in markdown
    assert "**failed** `wer > 5%`" in markdown
    assert as_latex(found).count(r"\\") == 3
    assert r"10.00~\%" in as_latex(found)
    assert "$-$30.00" in as_latex(found)
    heading, _, first = as_markdown(found).splitlines()[:3]
    assert heading.count("|") == first.count("|")


def test_documents_of_each_system_alone_have_its_own_rows(corpus: Corpus):
    own = OwnRates(normalizer=normalizer("basic"), standings=own_standings(corpus, Query(), ["good", "bad", "late"]))
    lines = {line["system"]: line for line in csv.DictReader(io.StringIO(own_report.as_csv(own)))}
    assert {name: (int(line["words"]), float(line["wer"])) for name, line in lines.items()} == {
        "good": (11, 1 / 11),
        "bad": (10, 0.4),
        "late": (9, 0.0),
    }
    told = json.loads(own_report.as_json(own))
    assert (told["rows"], told["normalizer"]["name"]) == ("own", "basic")
    assert told["systems"]["good"]["wer_ci"] == [float(lines["good"][f"wer_{end}"]) for end in ("low", "high")]
    assert not [name for name in told["systems"]["good"] if name.startswith(("delta", "p_", "wins"))]
    assert "| bad | 40.00" in own_report.as_markdown(own)
    assert "good: 6 utterances" in own_report.as_latex(own)
    assert "Delta" not in own_report.as_markdown(own) + own_report.as_latex(own)


def holds(corpus: Corpus, condition: str, spared: str | None = "bad") -> dict[str, bool | None]:
    return {one.system: one.holds for one in judged([parsed(condition)], two(corpus), spared=spared)}


def test_conditions(corpus: Corpus):
    assert holds(corpus, "wer > 0.075") == {"good": True}
    assert holds(corpus, "WER >= 10%") == {"good": True}
    assert holds(corpus, "mwa < 50%") == {"good": False}
    assert holds(corpus, "wer>0.1") == {"good": False}
    assert holds(corpus, "wer > 0.2", spared=None) == {"good": False, "bad": True}
    assert holds(corpus, "delta < -20%") == {"good": True}
    assert holds(corpus, "worse") == {"good": False}
    assert holds(corpus, "worse(p < 0.05)") == {"good": False}
    assert holds(corpus, "worse", spared=None) == {"good": False}  # the baseline is not compared with itself


def test_punctuation_and_capitals_can_fail_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = [
        row("a.wav", text="Yes, she said.", pred_text_good="Yes, she said.", pred_text_bad="yes she said."),
        row("b.wav", text="He did.", pred_text_good="He did.", pred_text_bad="he did."),
    ]
    write_manifest(tmp_path / "m.json", rows)
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    asked = ["compare", str(tmp_path / "m.json"), "--baseline", "good", "--json", *places, "--fail-if"]
    # bad leaves out one of three marks, and writes two of five words in another case.
    assert app.main([*asked, "punctuation_error_rate > 33%", "--fail-if", "capitalization_error_rate > 40%"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [one["holds"] for one in said["conditions"]] == [True, False]
    bad = said["systems"]["bad"]
    assert (bad["punctuation_error_rate"], bad["punctuation_marks"]) == (pytest.approx(1 / 3), 3)
    assert (bad["capitalization_error_rate"], bad["cased_words"]) == (0.4, 5)
    assert app.main([*asked, "punctuation_error_rate > 34%"]) == 0


def test_a_rate_that_texts_do_not_carry_passes_no_gate(corpus: Corpus):
    [(_, verdict)] = [
        (one.system, one) for one in judged([parsed("punctuation_error_rate > 10%")], two(corpus), spared="bad")
    ]
    assert verdict.holds is None
    assert verdict.told == "punctuation_error_rate of good is undefined: the references carry no punctuation marks"


def test_a_number_of_a_condition_means_what_it_means_in_a_filter(corpus: Corpus):
    for number in ("7.5", "7.5%", "0.075"):
        assert holds(corpus, f"wer > {number}") == {"good": True}  # 10 %
    for number in ("-20", "-20%", "-.2"):
        assert holds(corpus, f"delta < {number}") == {"good": True}  # -30 points
    assert holds(corpus, "wer > 1%") == {"good": True}
    for text in ("wer > 1", "delta > 1.5", "worse(p < 1)"):
        with pytest.raises(ConfigError, match=r"could mean 1.*%; write which"):
            parsed(text)


def test_from_no_words_nothing_follows(tmp_path: Path):
    rows = [row(f"{name}.wav", text="", pred_text_A="", pred_text_B="one") for name in "ab"]
    corpus = ScoreStore(tmp_path / "scores").lay(scored_corpus(tmp_path, rows), "basic")
    found = compare(corpus, Query())
    other = found.standing("B")
    assert other.difference is other.pairs is other.p_mapsswe is other.p_holm is other.p_wilcoxon is None
    assert report(found)["systems"]["B"]["p_mapsswe_holm"] is None
    assert sentence(other, found) == "B and A cannot be compared: there are no words in the references."
    for text in ("worse", "worse(p < 0.05)", "delta > 0"):
        (only,) = judged([parsed(text)], found, spared=None)  # A is the baseline, named or not
        assert (only.system, only.holds) == ("B", None)
        assert only.told.endswith("of B is undefined: the references have no words")
    alone = compare(corpus, Query(), systems=["A"])
    (verdict,) = judged([parsed("worse")], alone, spared=None)
    assert (verdict.holds, verdict.told) == (None, "A: no other system is compared with it")


@pytest.mark.parametrize(
    ("delta", "interval", "told"),
    [
        (-0.0111, Interval(-0.0346, 0.0131), "1.11 points fewer errors than bad (95 %: from 1.31 more to 3.46 fewer)"),
        (0.0111, Interval(-0.0131, 0.0346), "1.11 points more errors than bad (95 %: from 1.31 fewer to 3.46 more)"),
        (-0.02, Interval(-0.03, -0.01), "2.00 points fewer errors than bad (95 %: 1.00 to 3.00)"),
        (0.02, Interval(0.0, 0.03), "2.00 points more errors than bad (95 %: 0.00 to 3.00)"),
    ],
)
def test_an_interval_says_what_each_end_means(corpus: Corpus, delta: float, interval: Interval, told: str):
    found = two(corpus)
    changed = replace(found.standing("good").difference, delta=delta, interval=interval)
    assert told in sentence(replace(found.standing("good"), difference=changed), found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("werr > 0.1", 'did you mean "wer"'),
        ("wer = 0.1", '"wer = 0.1" is no condition'),
        ("worse(p < )", "is no condition"),
        ("", "is no condition"),
        ("loss > 0.1", "names no number"),
        ("__import__('os')", "is no condition"),
    ],
)
def test_what_is_no_condition_is_named(text: str, told: str):
    with pytest.raises(ConfigError, match=told):
        parsed(text)


def test_junit_counts_failures(corpus: Corpus):
    found = two(corpus)
    verdicts = judged([parsed("wer > 5%"), parsed("worse")], found, spared="bad")
    suite = ElementTree.fromstring(as_junit(found, verdicts))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")


def test_the_command_fails_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest = scored_corpus(tmp_path, ROWS).sources[0]
    asked = ["compare", str(manifest), "--system", "good", "--system", "bad", f"cache.folder={tmp_path / 'cache'}"]
    assert app.main([*asked, "--baseline", "bad", "--json", "--fail-if", "wer > 50%"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["normalizer"] == {"name": "basic", "version": 1}
    assert (told["utterances"], told["baseline"]) == (5, "bad")
    good = told["systems"]["good"]
    assert (good["wer"], good["delta"], good["wins"], good["ties"], good["losses"]) == (0.1, -0.3, 3, 2, 0)
    assert good["wer_ci"][0] <= 0.1 <= good["wer_ci"][1]
    assert app.main([*asked, "--baseline", "good", "--fail-if", "worse"]) == 1
    assert "failed: worse: bad differs by +30.00 points" in capsys.readouterr().out
    assert app.main([*asked, "--fail-if", "wor"]) == 2
    assert '"wor" is no condition' in capsys.readouterr().err
    assert app.main([*asked, "--baseline", "goood"]) == 2
    assert app.main([*asked, "--where", "{speaker} = nobody"]) == 2
    assert "The filter matches no utterance." in capsys.readouterr().err


def test_a_corpus_without_systems_is_told(tmp_path: Path):
    corpus = scored_corpus(tmp_path, [row("a.wav", text="one")])
    with pytest.raises(ConfigError, match="has no hypotheses to compare"):
        print_comparison(
            corpus, "", normalizer_name="basic", systems=[], baseline=None, blocks=None, conditions=[], form="text"
        )


def test_long_work_is_told_about_and_can_be_cancelled(corpus: Corpus):
    store = ComparisonStore(wait_seconds=0.05)
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    outcome: list[str] = []

    def slow(tell):
        try:
            tell(1, 3)
            begun.set()
            go_on.wait(10)
            tell(2, 3)
            outcome.append("went on")
        except CancelledComparison:
            outcome.append("cancelled")
            raise
        finally:
            ended.set()
        return two(corpus)

    assert isinstance(store.get("key", slow), Making)
    assert begun.wait(10)
    assert store.get("key", slow) == Making(1, 3)
    store.cancel("key")
    go_on.set()
    assert ended.wait(10)
    assert outcome == ["cancelled"]
    store.close()


def test_large_results_make_the_oldest_go():
    store, made = ComparisonStore(wait_seconds=9, most_bytes=250), []

    def result(name: str, size: int) -> object:
        def make(_tell: object) -> object:
            made.append(name)
            return SimpleNamespace(nbytes=size)

        return store.get(name, make)

    for name, size in (("a", 100), ("small", 0), ("b", 100), ("a", 100), ("c", 100)):
        result(name, size)
    assert made == ["a", "small", "b", "c"]  # a was looked at again, so b is the oldest that is large
    result("a", 100), result("small", 0), result("b", 100)
    assert made == ["a", "small", "b", "c", "b"]
    result("huge", 900), result("huge", 900)  # the last one stays, whatever it weighs
    assert made[5:] == ["huge"]
    store.close()


def test_what_is_begun_is_there_when_it_is_asked_for():
    store, made = ComparisonStore(wait_seconds=9), []
    for _ in range(2):
        store.begin("key", lambda tell: made.append("once") or "result")
    assert store.get("key", lambda tell: "another") == "result"
    assert made == ["once"]
    store.close()


def test_a_comparison_is_made_once_and_a_failed_one_again(corpus: Corpus):
    store = ComparisonStore(wait_seconds=30)
    made: list[str] = []

    def make(tell):
        made.append("made")
        return two(corpus)

    def fail(tell):
        made.append("failed")
        raise QueryError("no such thing")

    assert store.get("key", make) is store.get("key", make)
    for _ in range(2):
        with pytest.raises(QueryError):
            store.get("other", fail)
    assert made == ["made", "failed", "failed"]
    store.close()


def test_the_scale_of_the_bars_is_that_of_all_but_the_far_ones(corpus: Corpus):
    bad = two(corpus).standing("bad")

    def standing(errors: int, low: float, high: float) -> Standing:
        counts = replace(bad.counts, words=ErrorCounts(100 - errors, errors, 0, 0))
        return replace(bad, counts=counts, interval=Interval(low, high))

    near = [standing(4, 0.03, 0.05), standing(5, 0.04, 0.06), standing(7, 0.06, 0.08)]
    assert common_scale(near) == (0.03, 0.08)
    assert common_scale([*near, standing(95, 0.94, 0.96)]) == (0.03, 0.08)
    assert common_scale([near[0], standing(95, 0.94, 0.96)]) == (0.03, 0.96)  # of two neither is the far one
    assert common_scale([replace(bad, interval=None)]) == (0.0, 1.0)


def test_the_page_shows_the_columns_that_fit_and_the_one_that_sorts(corpus: Corpus):
    columns = shown_columns(two(corpus).standings)
    assert {"wmr", "mwa", "words", "improvement"} <= {one.name for one in columns}
    shown = [one.name for one in few(columns, kept="mwa")]
    assert "mwa" in shown
    assert not {"wmr", "words", "improvement"} & set(shown)
    assert shown[-3:] == ["wins", "ties", "losses"]
