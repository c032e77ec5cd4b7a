"""The vote of several systems against the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.alignment_edits import find_edits
from evaluator.suspicion.evidence import Facts, Pooled
from evaluator.suspicion.vote import DOUBT, EVIDENCE, PRIOR, SAME, SHARED, TRUST, alike, contested, strengths, weights
from tests.evaluator.suspected import clean, reasons, suspected
from tests.evaluator.suspected import strengths as found_strengths


def facts(*rates: tuple[float, float, float], words: int = 99_998) -> Facts:
    """Systems with these rates of substitutions, deletions and insertions."""
    systems = {}
    for number, (substitutions, deletions, insertions) in enumerate(rates):
        wrong = [round(rate * words) for rate in (substitutions, deletions, insertions)]
        systems[f"s{number}"] = Pooled(
            hits=words - wrong[0] - wrong[1],
            substitutions=wrong[0],
            deletions=wrong[1],
            insertions=wrong[2],
            character_errors=0,
            reference_characters=1,
        )
    columns = frozenset(f"hypothesis_{name}" for name in systems)
    return Facts(size=1, references=1, normalizer={}, systems=systems, columns=columns, alphabet={})


def strength(reference: str, *hypotheses: str, rate: float = 0.04) -> float:
    edits = find_edits(pa.array([reference]), [pa.array([text]) for text in hypotheses], at_least=2)
    found = contested(edits, weights(facts(*[(rate / 2, rate / 4, rate / 4)] * len(hypotheses))))
    return float(strengths(found, 1)[0])


def test_the_formula_by_hand() -> None:
    """Two systems that substitute 2 %, delete 1 % and insert 1 % of the words hear "seven" for "eleven"."""
    right = 1 - (2000 + 1000 + 1) / 100_000
    vote = np.log(right / (2001 / 100_000 * SAME))
    p = 1 / (1 + np.exp(-(np.log(PRIOR / (1 - PRIOR)) + EVIDENCE * 2 * vote)))
    assert strength("at eleven", "at seven", "at seven") == pytest.approx(TRUST * SHARED * p, rel=1e-3)
    # A third system agrees with the reference: one vote is left, of two voices in three.
    p = 1 / (1 + np.exp(-(np.log(PRIOR / (1 - PRIOR)) + EVIDENCE * vote)))
    expected = TRUST * SHARED * p * 2 / 3
    assert strength("at eleven", "at seven", "at seven", "at eleven") == pytest.approx(expected, rel=1e-3)


def test_how_often_mistakes_are_the_same_is_counted() -> None:
    """Three systems at one word: x, x, y are three pairs, one of them alike; a deletion is no word."""
    references = pa.array(["a b", "a b"])
    heard = [pa.array(texts) for texts in (["x b", "a"], ["x b", "a"], ["y b", "a b"])]
    assert alike(find_edits(references, heard)) == pytest.approx((1 + SAME * DOUBT) / (3 + DOUBT))
    assert alike(find_edits(references, [references, references])) == pytest.approx(SAME)


def test_systems_that_make_the_same_mistakes_count_less(tmp_path: Path) -> None:
    wrong = {"text": "at eleven", "pred_text_a": "at seven", "pred_text_b": "at seven"}
    others = [clean(n, "a", "b") for n in range(30)]
    alike_rows = [row | {f"pred_text_{s}": f"{row['text']} zz"[3:] for s in "ab"} for row in others]
    own_rows = [row | {f"pred_text_{s}": f"{s}{s} {row['text']}"[:-3] for s in "ab"} for row in others]
    found = [
        found_strengths(suspected(tmp_path / name, [*rows, clean(30, "a", "b", **wrong)]), "vote")[-1]
        for name, rows in (("alike", alike_rows), ("own", own_rows))
    ]
    assert found[0] < found[1]


def test_one_voice_is_no_vote() -> None:
    assert strength("at eleven", "at seven", "at eleven") == 0
    assert strength("at eleven", "at seven", "at twelve") == 0


def test_words_left_out_and_words_added_are_voted_on_too() -> None:
    assert strength("at eleven", "eleven", "eleven") > 0.1
    assert strength("at eleven", "at half eleven", "at half eleven") > 0.1


@given(st.integers(2, 12))
def test_it_grows_with_the_number_of_systems(systems: int) -> None:
    fewer = strength("at eleven", *["at seven"] * systems)
    assert strength("at eleven", *["at seven"] * (systems + 1)) >= fewer > 0


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_it_grows_with_their_usual_accuracy(one: float, other: float) -> None:
    better, worse = sorted((one, other))
    heard = ("at seven", "at seven")
    assert strength("at eleven", *heard, rate=better) >= strength("at eleven", *heard, rate=worse)


def test_it_grows_with_the_words_in_dispute() -> None:
    one = strength("a b c d", "a x c d", "a x c d")
    assert strength("a b c d", "a x c y", "a x c y") > one


@pytest.mark.parametrize(
    ("reference", "heard", "told"),
    [
        ("at eleven", "at seven", "3 of 3 systems say “seven” where the reference says “eleven”"),
        ("at ten eleven", "at two seven", "3 of 3 systems say “two seven” where the reference says “ten eleven”"),
        ("come at eleven", "come eleven", "3 of 3 systems hear nothing where the reference says “at”"),
        ("at eleven", "at half past eleven", "3 of 3 systems hear “half past” after “at”, which the reference lacks"),
        ("eleven", "at eleven", "3 of 3 systems hear “at” at the beginning, which the reference lacks"),
    ],
)
def test_it_says_why(reference: str, heard: str, told: str, tmp_path: Path) -> None:
    heard_by = {f"pred_text_{system}": heard for system in "abc"}
    corpus = suspected(tmp_path, [clean(n, *"abc") for n in range(9)] + [clean(9, *"abc", text=reference, **heard_by)])
    assert told in reasons(corpus)[9]
    assert found_strengths(corpus, "vote")[:9] == [0.0] * 9


def test_many_words_are_counted(tmp_path: Path) -> None:
    heard = {"pred_text_a": "one x two y three z", "pred_text_b": "one x two y three z"}
    corpus = suspected(
        tmp_path, [clean(n, "a", "b") for n in range(9)] + [clean(9, text="one a two b three c", **heard)]
    )
    assert "2 of 2 systems say “x” where the reference says “a”, 2 of 2 systems" in reasons(corpus)[9]
    assert "and 1 more word in dispute" in reasons(corpus)[9]


def test_right_to_left_and_unspaced_scripts(tmp_path: Path) -> None:
    rows = [
        clean(0, text="مرحبا بكم", pred_text_a="مرحبا لكم", pred_text_b="مرحبا لكم"),
        clean(1, text="你 好", pred_text_a="你 们", pred_text_b="你 们"),
    ]
    told = reasons(suspected(tmp_path, rows))
    assert "“لكم” where the reference says “بكم”" in told[0]
    assert "“们” where the reference says “好”" in told[1]
