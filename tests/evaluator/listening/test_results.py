"""Results from answers: hand-worked cases, planted orders, screening, and numbers that scipy finds, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import binomtest, wilcoxon

from evaluator.components.listening_words import told
from evaluator.listening.design import ListeningTest
from evaluator.listening.plans import PlanCounts, Screen, Slot, plan
from evaluator.listening.ratings import Answer
from evaluator.listening.results import TESTABLE, hasty, passed, results, scores, screening
from tests.evaluator.listening.designs import complete, designed

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def answer(rater: str, sentence: str, slots: list[str | Slot], values: list[int], purpose: str = "rated") -> Answer:
    placed = tuple(slot if isinstance(slot, Slot) else Slot(slot) for slot in slots)
    screen = Screen(f"{sentence}-{purpose}", sentence, placed, purpose)  # type: ignore[arg-type]
    return Answer(rater, rater.title(), screen, tuple(values), 3.0, NOW)


def simulated(
    test: ListeningTest, raters: int, says: Callable[[np.random.Generator, Screen], list[int]], seed: int = 1
) -> list[Answer]:
    """Raters with plans of their own who answer as ``says``."""
    generator = np.random.default_rng(seed)
    made: list[tuple[Screen, ...]] = []
    answers = []
    for number in range(raters):
        made.append(plan(test, complete(test), rater=number, counts=PlanCounts.of(made)))
        answers += [
            Answer(f"r{number}", f"Rater {number}", screen, tuple(says(generator, screen)), 2.0, NOW)
            for screen in made[-1]
        ]
    return answers


QUALITY = {"kalos": 4.2, "lento": 3.0, "mira": 2.1}


def rate(generator: np.random.Generator, screen: Screen) -> list[int]:
    slot = screen.slots[0]
    quality = 1.0 if slot.form == "degraded" else QUALITY[slot.system]
    return [int(np.clip(round(generator.normal(quality, 0.8)), 1, 5))]


def prefer(generator: np.random.Generator, screen: Screen) -> list[int]:
    first, second = (0.0 if slot.form == "degraded" else QUALITY[slot.system] for slot in screen.slots)
    felt = generator.normal(second - first, 1.0)
    return [0 if abs(felt) < 0.2 else int(np.sign(felt))]


def test_a_mean_opinion_score_is_the_mean_and_training_does_not_count() -> None:
    test = designed("acr", checks=0)
    found = results(
        test,
        [
            answer("a", "s0", ["kalos"], [5]),
            answer("a", "s1", ["kalos"], [4]),
            answer("b", "s0", ["kalos"], [3]),
            answer("b", "s1", ["lento"], [1]),
            answer("b", "s2", ["kalos"], [1], "training"),
        ],
    )
    by_system = {result.system: result.mean for result in found.systems}
    assert (by_system["kalos"].value, by_system["kalos"].ratings) == (4.0, 3)
    assert by_system["lento"].value == 1.0
    assert by_system["lento"].interval is None
    assert (found.raters, found.answers) == (2, 4)
    assert [result.system for result in found.systems] == ["kalos", "lento"]
    assert any("Too few raters: 2" in sentence for sentence in found.warnings)
    assert any("kalos (3), lento (1)" in sentence for sentence in found.warnings)
    assert any("Not rated yet: mira" in sentence for sentence in found.warnings)


def test_preferences_are_turned_to_one_direction_whatever_was_heard_first() -> None:
    test = designed("ab", checks=0)
    answers = [
        answer("a", "s0", ["lento", "kalos"], [1]),  # the second, kalos
        answer("b", "s0", ["kalos", "lento"], [-1]),  # the first, kalos
        answer("c", "s0", ["kalos", "lento"], [0]),
        answer("d", "s0", ["kalos", "lento"], [1]),  # the second, lento
    ]
    assert [(score.system, score.other, score.value) for score in scores(test, answers)] == [
        ("kalos", "lento", 1.0),
        ("kalos", "lento", 1.0),
        ("kalos", "lento", 0.0),
        ("kalos", "lento", -1.0),
    ]
    (pair,) = results(test, answers).pairs
    assert pair.preference is not None
    assert (pair.preference.wins, pair.preference.none, pair.preference.losses) == (2, 1, 1)
    assert pair.preference.share == pytest.approx(2 / 3)


def test_a_planted_order_of_means_is_recovered_with_the_truth_in_the_intervals() -> None:
    test = designed("acr", sentences=tuple(f"s{number}" for number in range(40)), per_rater=40)
    found = results(test, simulated(test, 24, rate))
    assert [result.system for result in found.systems] == ["kalos", "lento", "mira"]
    generator = np.random.default_rng(9)
    for result in found.systems:
        # What such raters say on average: the planted quality, rounded and kept within the scale.
        drawn = np.clip(np.round(generator.normal(QUALITY[result.system], 0.8, 400_000)), 1, 5)
        assert result.mean.interval is not None
        assert result.mean.interval.low <= drawn.mean() <= result.mean.interval.high
    assert all(pair.p is not None and pair.p < 0.001 for pair in found.pairs)
    assert all(pair.mean is not None and pair.mean.interval and pair.mean.interval.low > 0 for pair in found.pairs)
    assert found.agreement is not None
    assert 0.3 < found.agreement < 0.9
    assert found.warnings == ()


def test_a_planted_preference_is_recovered_and_its_p_is_that_of_scipy() -> None:
    test = designed("ab", per_rater=18)
    found = results(test, simulated(test, 20, prefer))
    assert [(pair.a, pair.b) for pair in found.pairs] == [("kalos", "lento"), ("kalos", "mira"), ("lento", "mira")]
    for pair in found.pairs:
        told = pair.preference
        assert told is not None
        assert told.interval is not None
        assert told.interval.low > 0.5
        decided = told.wins + told.losses
        assert pair.p_raw == pytest.approx(float(binomtest(told.wins, decided).pvalue))
    raw = sorted(pair.p_raw for pair in found.pairs if pair.p_raw is not None)
    corrected = sorted(pair.p for pair in found.pairs if pair.p is not None)
    assert corrected[0] == pytest.approx(min(1.0, 3 * raw[0]))


def test_equally_good_systems_are_not_told_apart() -> None:
    test = designed("ab", systems=("a", "b"), per_rater=6)
    found = results(test, simulated(test, 20, lambda generator, _: [int(generator.integers(-1, 2))]), screened=False)
    (pair,) = found.pairs
    assert pair.p is not None
    assert pair.p > 0.05


def test_comparison_ratings_use_the_signed_rank_test() -> None:
    test = designed("cmos", systems=("a", "b"), checks=0, training=0)
    answers = [answer(f"r{n}", f"s{n % 3}", ["b", "a"], [value]) for n, value in enumerate([3, 2, 2, 1, 1, 0, -1, 3])]
    (pair,) = results(test, answers).pairs
    values = np.array([3, 2, 2, 1, 1, -1, 3])
    assert pair.mean is not None
    assert pair.mean.value == pytest.approx(11 / 8)
    assert pair.p_raw == pytest.approx(float(wilcoxon(values).pvalue))


def test_sliders_compare_what_a_rater_said_about_the_same_sentence() -> None:
    test = designed("mushra", systems=("a", "b"), checks=0, training=0)
    answers = [
        answer("x", "s0", ["b", "a"], [40, 80]),
        answer("x", "s1", ["a", "b"], [60, 50]),
        answer("y", "s0", ["a", "b"], [70, 70]),
        answer("y", "s2", ["a", "b"], [90, 20]),
    ]
    found = results(test, answers)
    assert {result.system: result.mean.value for result in found.systems} == {"a": 75.0, "b": 45.0}
    (pair,) = found.pairs
    assert pair.mean is not None
    assert (pair.mean.value, pair.mean.ratings) == (30.0, 4)
    assert (pair.basis.over, pair.basis.differing, pair.basis.mean) == (4, 3, 30.0)
    assert pair.p_raw is None  # three that differ cannot reach 0.05: their p is 2 / 8 at least
    more = [answer("z", f"s{n}", ["a", "b"], [50 + 10 * n, 45 + n]) for n in range(1, 4)]
    (pair,) = results(test, [*answers, *more]).pairs
    assert (pair.basis.over, pair.basis.differing) == (7, 6)
    assert pair.p_raw == pytest.approx(2 / 64)  # six differences, all positive


def test_raters_who_miss_their_checks_are_left_out_and_named() -> None:
    test = designed("acr")
    degraded = [Slot("mira", "degraded")]
    answers = [
        answer("a", "s0", ["kalos"], [5]),
        answer("a", "s5", degraded, [5], "check"),
        answer("b", "s0", ["kalos"], [3]),
        answer("b", "s5", degraded, [2], "check"),
    ]
    found = results(test, answers)
    assert [(one.rater, one.why) for one in found.left_out] == [("a", "missed 1 of 1 attention check")]
    assert found.systems[0].mean.value == 3
    assert results(test, answers, screened=False).systems[0].mean.value == 4


@pytest.mark.parametrize(
    ("kind", "slots", "values", "heard"),
    [
        ("ab", [Slot("a"), Slot("a", "degraded")], [-1], True),
        ("ab", [Slot("a"), Slot("a", "degraded")], [0], False),
        ("ab", [Slot("a", "degraded"), Slot("a")], [1], True),
        ("cmos", [Slot("a", "degraded"), Slot("a")], [-2], False),
        ("mushra", [Slot("a"), Slot("b"), Slot("a", "degraded")], [70, 40, 50], True),
        ("mushra", [Slot("a"), Slot("b"), Slot("a", "degraded")], [70, 40, 70], False),
    ],
)
def test_a_check_is_passed_by_hearing_what_is_degraded(
    kind: str, slots: list[Slot], values: list[int], heard: bool
) -> None:
    assert passed(designed(kind, systems=("a", "b")), answer("x", "s0", list(slots), values, "check")) is heard


def test_post_screening_follows_its_rule() -> None:
    test = designed("mushra", reference="kalos", anchor=True)
    slots: list[str | Slot] = ["kalos", "lento", "mira", Slot("kalos", "anchor")]
    attentive = [answer("good", f"s{n}", slots, [95, 60, 50, 20]) for n in range(6)]
    # One screen of six is 16.7 %, above 15 %.
    deaf = [answer("deaf", f"s{n}", slots, [89 if n == 0 else 100, 60, 50, 20]) for n in range(6)]
    odd = [answer("odd", f"s{n}", slots, [100, 60, 50, 91 if n == 0 else 5]) for n in range(6)]
    found = {one.rater: one.why for one in screening(test, [*attentive, *deaf, *odd])}
    assert set(found) == {"deaf", "odd"}
    assert "hidden reference below 90 on 1 of 6" in found["deaf"]
    assert "anchor above 90 on 1 of 6" in found["odd"]
    means = {result.system: result.mean.value for result in results(test, attentive).systems}
    assert means == {"kalos": 95, "lento": 60, "mira": 50, "anchor": 20}


def test_nobody_has_rated_yet() -> None:
    found = results(designed("ab"), [])
    assert (found.systems, found.pairs, found.spread, found.agreement) == ((), (), (), None)
    assert found.warnings == ("Nobody has rated anything yet.",)


def test_that_everybody_was_left_out_is_not_called_no_ratings() -> None:
    test = designed("acr", checks=1)
    answers = simulated(test, 3, lambda _, screen: [5])
    assert [one.why for one in screening(test, answers)] == ["missed 1 of 1 attention check"] * 3
    (warning,) = results(test, answers).warnings
    assert warning.startswith("Nothing counts yet: everybody who has rated so far is left out")


def test_the_spread_of_a_sentence_is_over_its_raters() -> None:
    test = designed("acr", checks=0)
    found = results(test, [answer("a", "s0", ["kalos"], [5]), answer("b", "s0", ["kalos"], [2])])
    (spread,) = found.spread
    assert (spread.sentence, spread.system, spread.ratings, spread.mean) == ("s0", "kalos", 2, 3.5)
    assert spread.deviation == pytest.approx(np.sqrt(4.5))
    assert (spread.low, spread.high) == (2, 5)


def test_answers_that_came_faster_than_their_sound_lasts_are_counted_by_the_servers_clock() -> None:
    def at(rater: str, second: float, least: float | None) -> Answer:
        screen = Screen(f"{second}", "s0", (Slot("kalos"),), "rated")
        return Answer(rater, rater, screen, (3,), 9.0, NOW + timedelta(seconds=second), least)

    quick = [at("quick", second, 4) for second in (0, 1, 3)]
    answers = [*quick, at("slow", 0, 4), at("slow", 5, 4), at("old", 0, None)]
    assert hasty(answers) == {"quick": 2}


def test_means_of_opinion_are_compared_as_means_whether_or_not_sentences_were_shared() -> None:
    test = designed("acr", systems=("a", "b"), checks=0, training=0)
    answers = [
        answer("x", "s0", ["a"], [5]),
        answer("x", "s0", ["b"], [3]),
        answer("y", "s1", ["a"], [4]),
        answer("y", "s2", ["b"], [1]),
    ]
    (pair,) = results(test, answers).pairs
    assert pair.mean is not None
    assert (pair.mean.value, pair.mean.ratings) == (2.5, 4)
    assert (pair.basis.over, pair.basis.differing, pair.basis.mean, pair.p_raw) == (1, 1, 2.0, None)
    assert told(test, pair) == ("a was rated 2.50 MOS above b; too few sentences were rated for both (1) to test that.")


def test_a_p_of_means_is_of_the_sentences_that_both_were_rated_on_and_says_so() -> None:
    test = designed("acr", systems=("a", "b"), checks=0, training=0, sentences=tuple(f"s{n}" for n in range(20)))
    better = [5, 4, 5, 4, 3, 5, 4]
    shared = [answer("x", f"s{n}", ["a"], [value]) for n, value in enumerate(better)]
    shared += [answer("y", f"s{n}", ["b"], [value]) for n, value in enumerate([1, 3, 2, 2, 2, 1, 4])]
    (pair,) = results(test, shared).pairs
    assert (pair.basis.over, pair.basis.differing) == (7, 6)
    assert pair.p_raw == pytest.approx(float(wilcoxon([4, 1, 3, 2, 1, 4]).pvalue))
    assert told(test, pair) == (
        "a was rated 2.14 MOS above b; a difference this large would be rare if they were equally good "
        "(p = 0.031; 6 of 7 sentences rated for both differ)."
    )
    # Ten more sentences that only b was rated on change the difference of all, and not what is tested.
    (again,) = results(test, [*shared, *(answer("z", f"s{n}", ["b"], [5]) for n in range(10, 20))]).pairs
    assert (again.basis, again.p_raw) == (pair.basis, pair.p_raw)
    assert again.mean is not None
    assert again.mean.value == pytest.approx(30 / 7 - 65 / 17)
    assert told(test, again) == (
        "a was rated 0.46 MOS above b by all ratings, 2.14 above on the 7 sentences rated for both; the latter would "
        "be rare if they were equally good (p = 0.031; 6 of 7 sentences rated for both differ)."
    )
    worse = [answer(rater, f"s{n}", ["a"], [1]) for n in range(10, 20) for rater in ("z", "w")]
    (turned,) = results(test, [*shared, *worse]).pairs  # a has 50 / 27, b 15 / 7
    assert told(test, turned).startswith("b was rated 0.29 MOS above a by all ratings, 2.14 below on the 7 sentences")


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        ("cmos", [2, 1], "a was rated 1.50 CMOS above b; too few ratings (2) to test that."),
        ("cmos", [0] * 7, "a and b were rated alike; none of the 7 ratings differs, so there is nothing to test."),
        (
            "cmos",
            [3, 3, 1, *[0] * 4],
            "a was rated 1.00 CMOS above b; too few differ (3 of 7 ratings differ) to test that.",
        ),
        ("ab", [0, 0], "Nobody preferred a or b."),
        (
            "ab",
            [1, 1, 0],
            "100\u00a0% of those who decided were for a, the others for b; "
            "too few decided (2 of 3 ratings decided) to test that.",
        ),
        ("ab", [1] * 6, "a was preferred to b by 100\u00a0% of those who decided (p = 0.031; 6 of 6 ratings decided)."),
    ],
)
def test_what_cannot_be_tested_is_not_and_the_sentence_says_why(kind: str, values: list[int], sentence: str) -> None:
    test = designed(kind, systems=("a", "b"), checks=0, training=0)
    answers = [answer(f"r{n}", f"s{n % 3}", ["b", "a"], [value]) for n, value in enumerate(values)]
    (pair,) = results(test, answers).pairs
    assert told(test, pair) == sentence
    assert (pair.p is None) == ("p = " not in sentence)


def test_fewer_than_are_needed_could_not_pass_and_six_can() -> None:
    best = {n: float(wilcoxon(np.arange(1.0, n + 1)).pvalue) for n in (TESTABLE - 1, TESTABLE)}
    assert best[TESTABLE - 1] > 0.05 > best[TESTABLE]
    assert binomtest(TESTABLE - 1, TESTABLE - 1).pvalue > 0.05 > binomtest(TESTABLE, TESTABLE).pvalue
