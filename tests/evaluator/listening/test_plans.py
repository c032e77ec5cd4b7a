"""Who hears what: balanced, blind to nothing but chance, and the same when made again."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.listening.plans import PlanCounts, Screen, plan, units
from explorer.errors import QueryError
from tests.evaluator.listening.designs import complete, designed


def plans(test, raters: int, cells=None) -> list[tuple[Screen, ...]]:
    made: list[tuple[Screen, ...]] = []
    for number in range(raters):
        made.append(plan(test, cells or complete(test), rater=number, counts=PlanCounts.of(made)))
    return made


def rated(screens: tuple[Screen, ...]) -> list[Screen]:
    return [screen for screen in screens if screen.purpose == "rated"]


@given(
    kind=st.sampled_from(["acr", "ab", "cmos", "mushra"]),
    raters=st.integers(1, 12),
    per_rater=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_stimulus_is_planned_more_than_once_oftener_than_another(
    kind: str, raters: int, per_rater: int, seed: int
) -> None:
    test = designed(kind, per_rater=per_rater, seed=seed)
    made = plans(test, raters)
    times: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for screens in made:
        for screen in rated(screens):
            times[screen.sentence, tuple(sorted(slot.system for slot in screen.slots))] += 1
    every = [(sentence, systems) for sentence, found in units(test, complete(test)).items() for systems in found]
    counts = [times[sentence, tuple(sorted(systems))] for sentence, systems in every]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == raters * per_rater


@pytest.mark.parametrize("kind", ["ab", "cmos"])
def test_both_orders_of_a_pair_are_heard_equally_often(kind: str) -> None:
    test = designed(kind)
    orders = Counter(
        (screen.sentence, *(slot.system for slot in screen.slots))
        for screens in plans(test, 18)
        for screen in rated(screens)
    )
    assert max(orders.values()) - min(orders.values()) <= 1
    assert len(orders) == 6 * 6


def test_a_rater_hears_no_sentence_twice_before_all_and_never_the_same_screen() -> None:
    test = designed("acr", per_rater=500)
    (screens,) = plans(test, 1)
    heard = rated(screens)
    assert len(heard) == 18  # three systems on six sentences: there is no more
    assert len({(screen.sentence, screen.slots) for screen in heard}) == 18
    few = rated(plans(designed("acr", per_rater=6), 1)[0])
    assert len({screen.sentence for screen in few}) == 6


def test_each_system_is_heard_equally_often_by_each_rater() -> None:
    for screens in plans(designed("acr"), 5):
        assert set(Counter(screen.slots[0].system for screen in rated(screens)).values()) == {2}


def test_training_comes_first_and_checks_are_among_the_rest() -> None:
    test = designed("acr", per_rater=4, training=3, checks=2)
    for screens in plans(test, 10):
        purposes = [screen.purpose for screen in screens]
        assert purposes[:4] == ["training", "training", "training", "rated"]
        assert Counter(purposes[3:]) == {"rated": 4, "check": 2}
        assert [screen.id for screen in screens] == [f"{number:03d}" for number in range(1, 10)]


def test_a_plan_is_the_same_when_it_is_made_again_and_orders_differ_between_raters() -> None:
    test = designed("mushra")
    assert plans(test, 4) == plans(test, 4)
    orders = {tuple(slot.system for slot in screen.slots) for screens in plans(test, 8) for screen in rated(screens)}
    assert len(orders) == 6


def test_checks_have_a_degraded_recording_and_mushra_its_reference_and_anchor() -> None:
    test = designed("mushra", reference="mira", anchor=True, checks=1)
    for screens in plans(test, 3):
        for screen in screens:
            forms = Counter(slot.form for slot in screen.slots)
            assert forms["anchor"] == 1
            assert forms["degraded"] == (screen.purpose == "check")
            assert {slot.system for slot in screen.slots if slot.form == "plain"} == set(test.systems)


def test_a_check_of_a_pair_is_one_recording_as_it_is_and_degraded_in_either_place() -> None:
    test = designed("ab", checks=4)
    places = set()
    for screens in plans(test, 6):
        for screen in screens:
            if screen.purpose == "check":
                assert screen.slots[0].system == screen.slots[1].system
                places.add(tuple(slot.form for slot in screen.slots))
    assert places == {("plain", "degraded"), ("degraded", "plain")}


def test_what_was_not_made_is_never_asked_for() -> None:
    test = designed("ab", sentences=("s0", "s1", "s2"), checks=0, training=0)
    cells = {"s0": frozenset(("kalos", "lento")), "s1": frozenset(("mira",)), "s2": frozenset(test.systems)}
    for screens in plans(test, 6, cells):
        for screen in screens:
            assert {slot.system for slot in screen.slots} <= cells[screen.sentence]
            assert screen.sentence != "s1"
    with pytest.raises(QueryError, match="no sentence"):
        plan(test, {"s1": frozenset(("mira",))}, rater=0, counts=PlanCounts())


def test_plans_of_raters_who_left_are_made_up_for() -> None:
    test = designed("acr", per_rater=3, checks=0, training=0)
    made = plans(test, 6)
    stayed = [screens for number, screens in enumerate(made) if number % 2]
    for number in range(6, 9):
        stayed.append(plan(test, complete(test), rater=number, counts=PlanCounts.of(stayed)))
    times = Counter((screen.sentence, screen.slots[0].system) for screens in stayed for screen in screens)
    assert len(times) == 18
    assert set(times.values()) == {1}
