"""Putting signals together: the laws of the score, and how a choice of weights is written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.suspicion import SIGNALS
from evaluator.suspicion.ranking import MOST, Choice, combined
from explorer.errors import QueryError

NAMES = list(SIGNALS)
STRENGTHS = st.fixed_dictionaries({name: st.floats(0, 0.99) for name in NAMES})
WEIGHTS = st.fixed_dictionaries({}, optional={name: st.floats(0, MOST) for name in NAMES})


def score(strengths: dict[str, float], choice: Choice) -> float:
    return float(combined({name: np.array([value]) for name, value in strengths.items()}, choice, 1)[0])


def test_by_hand() -> None:
    assert score({"vote": 0.5, "cer": 0.2}, Choice()) == pytest.approx(1 - 0.5 * 0.8)
    assert score({"vote": 0.5, "cer": 0.2}, Choice({"vote": 2.0})) == pytest.approx(1 - 0.25 * 0.8)
    assert str(score({}, Choice())) == "0.0"  # and not -0.0


@given(STRENGTHS, WEIGHTS)
def test_it_lies_between_0_and_1(strengths: dict[str, float], weights: dict[str, float]) -> None:
    assert 0 <= score(strengths, Choice.weighing(weights)) <= 1


@given(STRENGTHS, WEIGHTS, st.sampled_from(NAMES), st.floats(0, 0.99))
def test_more_evidence_never_makes_it_smaller(
    strengths: dict[str, float], weights: dict[str, float], name: str, other: float
) -> None:
    choice = Choice.weighing(weights)
    low, high = sorted((strengths[name], other))
    assert score({**strengths, name: low}, choice) <= score({**strengths, name: high}, choice)


@given(STRENGTHS, WEIGHTS, st.sampled_from(NAMES), st.floats(0, MOST))
def test_a_higher_weight_never_makes_it_smaller(
    strengths: dict[str, float], weights: dict[str, float], name: str, other: float
) -> None:
    low, high = sorted((weights.get(name, 1.0), other))
    choices = [Choice.weighing({**weights, name: weight}) for weight in (low, high)]
    assert score(strengths, choices[0]) <= score(strengths, choices[1])


@given(STRENGTHS, st.sampled_from(NAMES))
def test_weight_0_is_as_if_the_signal_were_not_there(strengths: dict[str, float], name: str) -> None:
    rest = {key: value for key, value in strengths.items() if key != name}
    assert score(strengths, Choice({name: 0.0})) == score(rest, Choice())


@given(WEIGHTS)
def test_a_choice_is_read_as_it_was_written(weights: dict[str, float]) -> None:
    rounded = {name: round(weight, 2) for name, weight in weights.items()}
    choice = Choice.weighing(rounded)
    assert Choice.of(str(choice)) == choice


def test_usual_weights_are_not_written() -> None:
    assert str(Choice()) == ""
    assert str(Choice.of("pace:0,vote:1,cer:0.5")) == "cer:0.5,pace:0"
    assert str(Choice.of("cer:0.5").replaced("cer", 1)) == ""
    assert str(Choice().replaced("vote", 99)) == "vote:5"


@pytest.mark.parametrize("written", ["vot:1", "vote", "vote:x", "vote:-1", "vote:6", "vote:nan"])
def test_nonsense_is_refused(written: str) -> None:
    with pytest.raises(QueryError):
        Choice.of(written)


def test_a_misspelt_signal_is_told_the_nearest() -> None:
    with pytest.raises(QueryError, match='did you mean "vote"'):
        Choice.of("vots:1")


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda one: one.name)
def test_every_signal_explains_itself(signal: object) -> None:
    told = SIGNALS[signal.name]  # type: ignore[attr-defined]
    assert told.title
    assert told.help.endswith(".")
    assert told.unit
    assert told.needs
    assert 0 < told.trust < 1
