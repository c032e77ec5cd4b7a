"""Slices: parts that add up to the whole, whose queries select exactly their rows; every odd column is a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.commands.slices import print_slices
from evaluator.comparing.comparison import compare
from evaluator.comparing.slices import LEAST_WORDS, sliced
from evaluator.comparing.slicing import MOST_VALUES
from evaluator.comparing.slots import Slot, configured, parsed
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, QueryError
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

# reference words: 2 each; good makes no error, bad one (a substitution) in every second row
ROWS: list[dict[str, Any]] = [
    row(
        f"{n}.wav",
        duration=1.0 + n,
        text="one two",
        pred_text_good="one two",
        pred_text_bad="one two" if n % 2 else "one too",
        **({"accent": ["us", "uk", ""][n % 3]} if n < 9 else {}),
        noisy=n % 4 == 0,
        same="always",
        room={"size": n},
    )
    for n in range(12)
]
ROWS.append(row("x.wav", duration=50.0, text="one two", pred_text_good="one two"))  # bad has not heard it


@contextmanager
def corpus_of(folder: Path, rows: list[dict[str, Any]] | None = None) -> Iterator[Corpus]:
    with scored(scored_corpus(folder, ROWS if rows is None else rows), "basic") as laid:
        yield laid


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with corpus_of(tmp_path_factory.mktemp("slices")) as laid:
        yield laid


def table(corpus: Corpus, slot: str, query: Query | None = None, **options: Any) -> list[tuple[str, int, int, str]]:
    """Label, utterances, errors of "bad", and the rows its query selects."""
    found = sliced(corpus, query or Query(), parsed(slot), resamples=50, **options)
    told = []
    for part in found.slices:
        assert corpus.extent(part.query).utterances == part.utterances
        told.append(
            (part.label, part.utterances, part.cells["bad"].counts.errors, str(corpus.rows(part.query).tolist()))
        )
    assert sum(part.utterances for part in found.slices) == found.whole.utterances
    return told


def test_values_by_hand_and_no_value_is_a_slice(corpus: Corpus) -> None:
    assert table(corpus, "accent") == [
        ("us", 3, 2, "[0, 3, 6]"),
        ("uk", 3, 1, "[1, 4, 7]"),
        ("no value", 6, 3, "[2, 5, 8, 9, 10, 11]"),
    ]


def test_intervals_by_hand(corpus: Corpus) -> None:
    assert table(corpus, "duration:3,5") == [
        ("< 3\u00a0s", 2, 1, "[0, 1]"),
        ("3 – 5\u00a0s", 2, 1, "[2, 3]"),
        ("≥ 5\u00a0s", 8, 4, "[4, 5, 6, 7, 8, 9, 10, 11]"),
    ]
    assert [part[1] for part in table(corpus, "duration")] == [3, 2, 2, 2, 3]  # quintiles of 1 to 12


def test_flags_and_groups(corpus: Corpus) -> None:
    assert [(label, number) for label, number, _, _ in table(corpus, "noisy")] == [("no", 9), ("yes", 3)]
    found = sliced(corpus, Query(), Slot("accent", groups=(("us", "nz"),)), resamples=50)
    assert [(part.label, part.utterances) for part in found.slices] == [("us, nz", 3), ("others", 3), ("no value", 6)]
    for part in found.slices:
        assert corpus.extent(part.query).utterances == part.utterances
    assert "is none of “us”" in found.slices[1].query.sentence(corpus)


def test_all_systems_on_the_same_rows_and_differences(corpus: Corpus) -> None:
    found = sliced(corpus, Query(), parsed("accent"), baseline="bad")
    whole = found.whole
    assert (found.systems, whole.utterances, whole.words) == (("good", "bad"), 12, 24)
    assert whole.cells["bad"].counts == ErrorCounts(18, 6, 0, 0)
    difference = whole.cells["good"].difference
    assert difference is not None
    assert difference.delta == -0.25
    assert whole.cells["bad"].difference is None
    assert {part.small for part in found.slices} == {"fewer than 10 utterances"}
    assert whole.small == f"fewer than {LEAST_WORDS} words"
    # The rate of the whole is that of the comparison.
    assert compare(corpus, Query(), resamples=20).standing("bad").wer == whole.cells["bad"].counts.rate


@pytest.mark.parametrize("blocks", [None, "speaker"])
def test_intervals_are_those_of_the_leaderboard_and_depend_on_nothing_else_shown(
    tmp_path: Path, blocks: str | None
) -> None:
    said = {"A": "one two three", "B": "one two", "C": "one too three four"}
    rows = [
        row(
            f"{n}.wav",
            text="one two three",
            speaker=f"s{n % 5}",
            half=n % 2 == 0,
            **{f"pred_text_{s}": text if (n * n + len(s + text)) % 3 else "one two three" for s, text in said.items()},
        )
        for n in range(40)
    ]
    with corpus_of(tmp_path, rows) as corpus:
        found = sliced(corpus, Query(), parsed("half"), baseline="A", blocks=blocks)
        for systems in ((), ("A", "B")):
            standings = compare(corpus, Query(), systems=systems, baseline="A", blocks=blocks)
            for standing in standings.standings:
                cell = found.whole.cells[standing.system]
                assert (cell.interval, cell.difference) == (standing.interval, standing.difference)
        fewer = sliced(corpus, Query(), parsed("half"), systems=["B"], baseline="A", blocks=blocks)
        other = sliced(corpus, Query(), parsed("speaker"), baseline="A", blocks=blocks, whole=found.whole)
        assert other.whole is found.whole
        for part, again in zip((*found.slices, found.whole), (*fewer.slices, fewer.whole), strict=True):
            assert part.cells["B"] == again.cells["B"]
            assert part.cells["B"].interval is not None
        only = Query(filters=(Filter("half", (Test("eq", True),)),))
        alone = sliced(corpus, only, parsed("half"), baseline="A", blocks=blocks)
        assert alone.slices[0].cells == next(one for one in found.slices if one.label == alone.slices[0].label).cells


def test_a_filter_and_an_expression_stay_in_force(corpus: Corpus) -> None:
    query = Query((Filter("noisy", (Test("eq", False),)),), where="{duration} < 9 || {duration} > 10")
    told = table(corpus, "accent", query)
    assert sum(part[1] for part in told) == 8


def test_odd_columns_are_sentences(corpus: Corpus) -> None:
    with pytest.raises(QueryError, match='no column "accnt"; did you mean "accent"'):
        sliced(corpus, Query(), parsed("accnt"))
    with pytest.raises(QueryError, match="nested values"):
        sliced(corpus, Query(), parsed("room"))
    with pytest.raises(QueryError, match="accent has no numbers"):
        sliced(corpus, Query(), parsed("accent:1,2"))
    with pytest.raises(QueryError, match='no system "goood" is scored here; did you mean "good"'):
        sliced(corpus, Query(), parsed("accent"), systems=["goood"])
    with pytest.raises(QueryError, match="must rise: 5, 2"):
        parsed("duration:5,2")
    with pytest.raises(QueryError, match="are not numbers"):
        parsed("duration:5,x")
    constant = sliced(corpus, Query(), parsed("same"), resamples=20)
    assert [part.label for part in constant.slices] == ["always"]
    assert constant.note == "Every utterance has the same value: same divides nothing."
    nothing = sliced(corpus, Query(search="nobody says this"), parsed("accent"), resamples=20)
    assert (nothing.slices, nothing.whole.utterances) == ((), 0)
    assert nothing.whole.cells["bad"].counts.rate is None
    assert nothing.whole.cells["bad"].interval is None


def test_one_utterance_and_empty_references_have_no_interval(tmp_path: Path) -> None:
    rows = [
        row("a.wav", text="", pred_text_bad="um", speaker="x"),
        row("b.wav", text="", pred_text_bad="", speaker="y"),
    ]
    with corpus_of(tmp_path, rows) as corpus:
        found = sliced(corpus, Query(), parsed("speaker"), resamples=20)
        assert [part.cells["bad"].counts.insertions for part in found.slices] == [1, 0]
        assert {part.cells["bad"].counts.rate for part in found.slices} == {None}
        assert {part.cells["bad"].interval for part in (*found.slices, found.whole)} == {None}


def test_of_very_many_values_the_biggest_have_slices_and_the_rest_is_others(tmp_path: Path) -> None:
    rows = [
        row(f"{n}.wav", text="a b c" if n == 77 else "a", pred_text_bad="a", key=f'k{n} "quoted", \\ (x)')
        for n in range(120)
    ]
    with corpus_of(tmp_path, rows) as corpus:
        found = sliced(corpus, Query(), parsed("key"), resamples=20)
        assert len(found.slices) == MOST_VALUES + 1
        assert found.slices[0].label.startswith("k77 ")
        assert (found.slices[-1].label, found.slices[-1].utterances) == ("others", 70)
        assert found.note.startswith("120 different values: the 50 with most words have a slice")
        for part in found.slices:
            assert corpus.extent(part.query).utterances == part.utterances


def test_slots_of_a_configuration() -> None:
    given = {"a": [], "b": None, "c": [1, 2.5], "d": [[0, 2], [2, 5]], "e": [["us", "uk"], ["in"]]}
    assert configured(given) == (
        Slot("a"),
        Slot("b"),
        Slot("c", (1.0, 2.5)),
        Slot("d", (0.0, 2.0, 5.0)),
        Slot("e", groups=(("us", "uk"), ("in",))),
    )
    for wrong, message in (
        ({"a": [[0, 2], [3, 5]]}, "must follow each other"),
        ({"a": "text"}, r"expected \[\]"),
        ({"a": [2, 1]}, "must rise"),
        ({"a": [1, "x"]}, r"expected \[\]"),
    ):
        with pytest.raises(ConfigError, match=message):
            configured(wrong)
    assert str(parsed("duration:2,5.5")) == "duration:2,5.5"
    assert parsed("a:b") == Slot("a:b")


values = st.none() | st.sampled_from([-1.5, 0.0, 0.1, 0.3, 2.0, 7.0, 7.5, 1e-7, 1e9, 12.0, 13.0, 14.0])
words = st.none() | st.sampled_from(["", "a", "b", "it's", "a,b", 'q"', "true", "12", "%7C|", "2024-01-01", "x" * 300])
rows_of = st.lists(st.tuples(values, words, st.none() | st.booleans(), st.sampled_from(["a", "a b", ""])), min_size=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows_of, st.lists(st.sampled_from([0.0, 0.1, 0.3, 5.0, 7.0]), unique=True, max_size=4).map(sorted))
def test_slices_add_up_and_select_their_rows(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[tuple[Any, Any, Any, str]], edges: list[float]
) -> None:
    rows = [
        row(
            f"{n}.wav",
            text=text,
            pred_text_bad="a",
            **{k: v for k, v in zip("pqr", rest, strict=True) if v is not None},
        )
        for n, (*rest, text) in enumerate(given_rows)
    ]
    with corpus_of(tmp_path_factory.mktemp("parts"), rows) as corpus:
        for name in {column.name for column in corpus.columns} & {"p", "q", "r"}:
            slot = Slot(name, tuple(edges) if name == "p" else ())
            found = sliced(corpus, Query(), slot, resamples=10, whole_resamples=10)
            total = ErrorCounts.zero()
            for part in found.slices:
                assert corpus.extent(part.query).utterances == part.utterances > 0
                assert Query.from_pairs(part.query.pairs()) == part.query
                assert part.query.sentence(corpus)
                total += part.cells["bad"].counts
            assert total == found.whole.cells["bad"].counts
            assert sum(part.utterances for part in found.slices) == len(rows)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, ROWS)
    options: dict[str, Any] = {"normalizer_name": "basic", "systems": (), "baseline": "bad", "blocks": None}
    assert print_slices(corpus, "", by=["accent", "duration:3"], slots={}, form="json", **options) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["utterances"], printed["baseline"], len(printed["slices"])) == (12, "bad", 2)
    us = printed["slices"][0]["parts"][0]
    assert (us["slice"], us["words"], us["too_small"]) == ("us", 6, "fewer than 10 utterances")
    assert us["systems"]["bad"]["wer"] == 2 / 6
    assert us["systems"]["good"]["delta"] == -2 / 6
    assert us["systems"]["bad"]["delta"] is None

    assert print_slices(corpus, "{noisy} = true", by=[], slots={"accent": []}, form="text", **options) == 0
    text = capsys.readouterr().out
    assert "us *" in text
    assert "3 utterances that all systems were scored on" in text
    assert print_slices(corpus, "", by=["same"], slots={}, form="csv", **options | {"blocks": "accent"}) == 0
    assert "same,always,12,24" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="nothing to slice by"):
        print_slices(corpus, "", by=[], slots={}, form="text", **options)
