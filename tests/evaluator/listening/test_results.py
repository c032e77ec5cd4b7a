"""Results from answers: hand-worked cases, planted orders, screening, and numbers that scipy finds, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp
from scipy.stats import t as student

from evaluator.components.listening_words import told
from evaluator.listening.design import ListeningTest
from evaluator.listening.plans import PlanCounts, Screen, Slot, plan
from evaluator.listening.ratings import Answer
from evaluator.listening.reports import COLUMNS, records
from evaluator.listening.results import results
from evaluator.listening.scores import scores
from evaluator.listening.screening import hasty, passed, screening
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
        assert told.p == pytest.approx(float(binomtest(told.wins, decided).pvalue))
        assert (pair.tested.ratings, pair.tested.raters, pair.tested.sentences) == (decided, 20, 6)
    raw = sorted(pair.tested.p for pair in found.pairs if pair.tested.p is not None)
    corrected = sorted(pair.p for pair in found.pairs if pair.p is not None)
    assert corrected[0] == pytest.approx(min(1.0, 3 * raw[0]))


def test_equally_good_systems_are_not_told_apart() -> None:
    test = designed("ab", systems=("a", "b"), per_rater=6)
    found = results(test, simulated(test, 20, lambda generator, _: [int(generator.integers(-1, 2))]), screened=False)
    (pair,) = found.pairs
    assert pair.p is not None
    assert pair.p > 0.05


def test_comparison_ratings_of_raters_who_rate_once_have_the_p_of_a_t_test() -> None:
    test = designed("cmos", systems=("a", "b"), checks=0, training=0)
    values = [3, 2, 2, 1, 1, 0, -1, 3]
    answers = [answer(f"r{n}", f"s{n}", ["b", "a"], [value]) for n, value in enumerate(values)]
    (pair,) = results(test, answers).pairs
    assert pair.mean is not None
    assert pair.mean.value == pytest.approx(11 / 8)
    assert pair.tested.p == pair.p == pytest.approx(float(ttest_1samp(values, 0).pvalue))


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
    assert (pair.tested.ratings, pair.tested.raters, pair.tested.sentences) == (4, 2, 3)
    assert pair.tested.p is None  # two raters cannot stand for all
    more = [answer("z", f"s{n}", ["a", "b"], [50 + 10 * n, 45 + n]) for n in range(3)]
    (pair,) = results(test, [*answers, *more]).pairs
    # Differences x: 40, 10; y: 0, 70; z: 5, 14, 23; mean 162 / 7. Sums of deviations: raters 26/7, 166/7, -192/7,
    # sentences -171/7, -156/7, 327/7; 40-d etc. squared in all 1744 + 6/7.
    assert pair.mean is not None
    assert pair.mean.value == pytest.approx(162 / 7)
    of_raters = 1.5 * (26**2 + 166**2 + 192**2) / 49
    of_sentences = 1.5 * (171**2 + 156**2 + 327**2) / 49
    cells = np.array([40, 10, 0, 70, 5, 14, 23]) - 162 / 7
    variance = max(of_raters, of_sentences, of_raters + of_sentences - 7 / 6 * cells @ cells) / 49
    assert pair.tested.error == pytest.approx(np.sqrt(variance))
    assert pair.tested.freedom == 2


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
    assert (pair.tested.ratings, pair.tested.raters, pair.tested.sentences) == (4, 2, 3)
    assert told(test, pair) == "a was rated 2.50 MOS above b; too few raters (2) to test that."
    (pair,) = results(test, [*answers, answer("z", "s1", ["b"], [2])]).pairs
    assert told(test, pair) == (
        "a was rated 2.50 MOS above b; a difference this large would be rare if they were equally good "
        f"(p = {pair.p:.3f}; 5 ratings by 3 raters about 3 sentences)."
    )


def raters_who_differ(kind: str, seed: int = 4) -> tuple[ListeningTest, list[Answer]]:
    """A test whose raters and sentences have tastes of their own, on plans that leave much unheard."""
    test = designed(kind, systems=("a", "b"), checks=0, training=0, sentences=tuple(f"s{n}" for n in range(9)))
    taste = np.random.default_rng(seed)
    of_rater, of_sentence = taste.normal(0.6, 0.6, 8), taste.normal(0, 0.5, 9)

    def says(generator: np.random.Generator, screen: Screen) -> list[int]:
        number = int(screen.sentence.removeprefix("s"))
        better = of_rater[said[0] // test.per_rater % 8] + of_sentence[number] + generator.normal(0, 0.8)
        said[0] += 1
        if test.scale.holds == "pair":
            towards = better if screen.slots[1].system == "a" else -better
            return [int(np.clip(round(towards), test.scale.low, test.scale.high))]
        of = {"a": 3 + better / 2, "b": 3 - better / 2}
        width = 1 if test.kind == "acr" else 20
        low, high = test.scale.low, test.scale.high
        return [int(np.clip(round(width * of[slot.system]), low, high)) for slot in screen.slots]

    said = [0]
    return test, simulated(test, 8, says)


@pytest.mark.parametrize("kind", ["acr", "ab", "cmos", "mushra"])
def test_every_p_can_be_worked_out_from_the_raw_export(kind: str) -> None:
    """With the formula written out over dictionaries, and scipy's t."""
    test, answers = raters_who_differ(kind)
    (pair,) = results(test, answers).pairs
    lines = [dict(zip(COLUMNS, line, strict=True)) for line in records(test, answers)]
    parts: dict[tuple[str, str], float] = defaultdict(float)
    if kind in ("ab", "cmos"):
        cells = {(o["rater"], o["sentence"]): o["value"] * (1 if o["second_system"] == "a" else -1) for o in lines}
        cells = {cell: value for cell, value in cells.items() if value or kind == "cmos"}
    elif kind == "mushra":
        cells = defaultdict(int)
        for one in lines:
            cells[one["rater"], one["sentence"]] += one["value"] * (1 if one["system"] == "a" else -1)
    if kind == "acr":
        of = {name: [o for o in lines if o["system"] == name] for name in "ab"}
        means = {name: sum(o["value"] for o in own) / len(own) for name, own in of.items()}
        mean = means["a"] - means["b"]
        for name, sign in (("a", 1), ("b", -1)):
            for o in of[name]:
                parts[o["rater"], o["sentence"]] += sign * (o["value"] - means[name]) / len(of[name])
    else:
        mean = sum(cells.values()) / len(cells)
        parts = {cell: (value - mean) / len(cells) for cell, value in cells.items()}

    def variance(of: Callable[[tuple[str, str]], object]) -> float:
        sums: dict[object, float] = defaultdict(float)
        for cell, part in parts.items():
            sums[of(cell)] += part
        return len(sums) / (len(sums) - 1) * sum(one**2 for one in sums.values())

    raters, sentences, both = variance(lambda c: c[0]), variance(lambda c: c[1]), variance(lambda c: c)
    t = mean / np.sqrt(max(raters, sentences, raters + sentences - both))
    freedom = min(len({cell[0] for cell in parts}), len({cell[1] for cell in parts})) - 1
    assert (pair.tested.t, pair.tested.freedom) == (pytest.approx(t), freedom)
    assert pair.tested.p == pytest.approx(2 * student.sf(abs(t), freedom))


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        ("cmos", [2, 1], "a was rated 1.50 CMOS above b; too few raters (2) to test that."),
        ("cmos", [0] * 7, "a and b were rated alike; none of the 7 ratings differs, so there is nothing to test."),
        (
            "cmos",
            [2, 2, 2, 3, 1, 2],
            "a was rated 2.00 CMOS above b; a difference this large would be rare if they were equally good "
            "(p = 0.020; 6 ratings by 6 raters about 3 sentences).",
        ),
        ("ab", [0, 0], "Nobody preferred a or b."),
        (
            "ab",
            [1, 1, 0],
            "100\u00a0% of the decided ratings were for a, the others for b; too few raters (2) to test that.",
        ),
        (
            "ab",
            [1, 0, 0, 1, 0, 0, 1],
            "100\u00a0% of the decided ratings were for a, the others for b; too few sentences (1) to test that.",
        ),
        (
            "ab",
            [1] * 30,
            "a was preferred to b in 100\u00a0% of the decided ratings "
            "(p = 0.008; 30 ratings by 30 raters about 3 sentences decided).",
        ),
    ],
)
def test_the_sentence_says_what_a_p_is_of_or_why_there_is_none(kind: str, values: list[int], sentence: str) -> None:
    test = designed(kind, systems=("a", "b"), checks=0, training=0)
    answers = [answer(f"r{n}", f"s{n % 3}", ["b", "a"], [value]) for n, value in enumerate(values)]
    (pair,) = results(test, answers).pairs
    assert told(test, pair) == sentence
    assert (pair.p is None) == ("p = " not in sentence)
