"""Suspicious hypotheses: every rule at its threshold, and the columns that come of them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from evaluator.scoring.flag_store import FlagStore
from evaluator.scoring.hallucination import RULES, flags_of, foreign, loops
from explorer.config import Hallucination
from explorer.querying.query import Query
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

LIMITS = Hallucination()
TEN = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("hypothesis", "reference", "duration", "ratio", "flags"),
    [
        ("", "", 1.0, 1.0, []),
        (None, "a", 1.0, 0.0, []),
        ("no no no no", "no", 3.0, None, ["loop"]),
        ("no no no", "no", 3.0, None, []),
        ("no no no no", "no no no no", 3.0, None, []),  # that is what was said
        ("Thank you. thank you. Thank you. Thank you.", "thanks", 9.0, None, ["loop", "long"]),
        (TEN, "one two three", 5.0, None, ["long"]),
        (TEN, "one two three four five", 5.0, None, []),
        ("one two three four", "one", 3.0, None, []),  # fewer than five words more
        ("one two", TEN, 5.0, None, ["short"]),
        ("one two three", TEN, 5.0, None, []),
        ("a" * 31, "a" * 31, 1.0, None, ["fast"]),
        ("a" * 30, "a" * 30, 1.0, None, []),
        ("oh", "b" * 20, 4.0, None, ["slow"]),
        ("oh", "b", 4.0, None, []),  # there was nothing to write
        ("hello", "", 2.0, 0.01, ["silence"]),
        ("", "", 2.0, 0.0, []),
        ("hello", "", 2.0, 0.02, []),
        ("привет дом", "hello home", 2.0, None, ["script"]),
        ("hello home", "привет дом", 2.0, None, ["script"]),
        ("привет home", "привет дом", 2.0, None, ["script"]),
        ("привет мой дом ok", "привет мой дом окей", 2.0, None, []),
        ("café", "cafe", 2.0, None, []),
        ("123", "привет", 2.0, None, []),
    ],
)  # fmt: skip
def test_rules_at_their_thresholds(
    hypothesis: str | None, reference: str, duration: float, ratio: float | None, flags: list[str]
) -> None:
    assert flags_of(hypothesis, reference, duration, ratio, LIMITS) == flags


def test_loops_of_phrases() -> None:
    assert loops(["a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c"], 4)
    assert not loops(["a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b"], 4)
    assert loops(["well", "x", "y", "x", "y", "x", "y", "x", "y", "then"], 4)
    assert not loops([], 4)
    assert not loops(["a", "b", "a", "b", "c", "a", "b", "a", "b"], 4)


def test_foreign_letters_are_a_share() -> None:
    assert foreign("abд", "ab") == pytest.approx(1 / 3)
    assert foreign("...", "ab") == 0
    assert foreign("ab", "123") == 0  # a reference without letters tells no script


def test_flags_are_columns_that_can_be_filtered(tmp_path: Path) -> None:
    rows = [
        row("a.wav", text="no", duration=3.0, pred_text_x="no no no no", pred_text_y="no"),
        row("b.wav", text="yes", duration=3.0, pred_text_x="yes", pred_text_y="да"),
        row("c.wav", text="yes", duration=3.0, pred_text_x="yes"),
    ]
    laid = FlagStore(tmp_path / "flags", LIMITS).lay(scored_corpus(tmp_path, rows))
    assert laid.rows(Query(where="{flags_x} has loop")).tolist() == [0]
    assert laid.rows(Query(where="{flags_y} has script")).tolist() == [1]
    assert laid.rows(Query(where="{flags_x} is not empty || {flags_y} is not empty")).tolist() == [0, 1]
    assert all(name in laid.column("flags_x").help for name in RULES)


def test_big_corpora_are_looked_through_by_a_child(tmp_path: Path) -> None:
    rows = [row("a.wav", text="no", duration=3.0, pred_text_x="no no no no")]
    corpus = scored_corpus(tmp_path, rows)
    store = FlagStore(tmp_path / "flags", LIMITS, at_once=0)
    assert "flags_x" not in {column.name for column in store.lay(corpus).columns}
    before = store.revision(corpus)
    for thread in threading.enumerate():
        if thread.name == "flags":
            thread.join(60)
    assert store.revision(corpus) != before
    assert store.lay(corpus).rows(Query(where="{flags_x} has loop")).tolist() == [0]
    store.close()
