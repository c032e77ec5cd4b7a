"""Who hears what: balanced random subsets of the stimuli, in an order of their own for every rater.

A rater's plan prefers what was planned least so far: first the sentence, then the systems on it, then the order of a
pair. With nothing missing, no stimulus is ever planned more than once oftener than another, and so it stays when
raters stop early, because plans that were left are not counted (``PlanCounts`` is made from what still counts).
Everything random comes from the test's seed and the rater's number, so that a plan can be made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np

from evaluator.listening.design import ListeningTest
from explorer.errors import QueryError

Form = Literal["plain", "degraded", "anchor"]
Purpose = Literal["training", "rated", "check"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a screen: which system is heard there, and whether as it is, degraded, or as MUSHRA's anchor."""

    system: str
    form: Form = "plain"


@dataclass(frozen=True, slots=True)
class Screen:
    """What a rater is shown at once: ``slots`` of one sentence, in their order."""

    id: str
    sentence: str
    slots: tuple[Slot, ...]
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How often each (sentence, systems) has been planned, systems in the order they are heard in."""

    planned: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    @classmethod
    def of(cls, plans: Iterable[Sequence[Screen]]) -> PlanCounts:
        """Of these plans, without training and checks."""
        return cls(Counter(_unit(screen) for plan in plans for screen in plan if screen.purpose == "rated"))


def units(test: ListeningTest, cells: Mapping[str, frozenset[str]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """What can be heard of each sentence: the systems of one screen each, in any one order; only what was made.

    ``cells`` says which systems have a recording of a sentence.
    """
    made: dict[str, tuple[tuple[str, ...], ...]] = {}
    for sentence in test.sentences:
        there = [system for system in test.systems if system in cells.get(sentence, frozenset())]
        match test.scale.holds:
            case "one":
                found: tuple[tuple[str, ...], ...] = tuple((system,) for system in there)
            case "pair":
                found = tuple(combinations(there, 2))
            case "all":
                found = (tuple(there),) if len(there) == len(test.systems) else ()
        if found:
            made[sentence] = found
    return made


def plan(
    test: ListeningTest, cells: Mapping[str, frozenset[str]], *, rater: int, counts: PlanCounts
) -> tuple[Screen, ...]:
    """The screens of the rater with that number: training first, then what counts with the checks among it.

    Raises:
        QueryError: no sentence was read by the systems that a screen needs.
    """
    generator = np.random.default_rng([test.seed, rater])
    possible = units(test, cells)
    if not possible:
        raise QueryError("no sentence of this test was read by the systems it compares")
    chosen = _chosen(test, possible, counts, generator)
    rated = [_screen(test, sentence, systems, "rated", generator) for sentence, systems in chosen]
    rated = [rated[place] for place in generator.permutation(len(rated))]
    used = {screen.sentence for screen in rated}
    spare = [sentence for sentence in possible if sentence not in used] or list(possible)
    training = [_any(test, possible, spare, "training", generator) for _ in range(test.training)]
    for _ in range(test.checks):
        check = _any(test, possible, spare, "check", generator)
        # Never the first of those that count: a check is recognized less easily among others.
        rated.insert(int(generator.integers(1, len(rated) + 1)), check)
    return tuple(
        Screen(f"{number:03d}", screen.sentence, screen.slots, screen.purpose)
        for number, screen in enumerate([*training, *rated], start=1)
    )


def _chosen(
    test: ListeningTest,
    possible: Mapping[str, Sequence[tuple[str, ...]]],
    counts: PlanCounts,
    generator: np.random.Generator,
) -> list[tuple[str, tuple[str, ...]]]:
    """Pairs of sentence and systems in the order they are heard in, the least planned first; none twice."""
    planned, paired = counts.planned.copy(), test.scale.holds == "pair"
    total: Counter[str] = Counter()
    each: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for (sentence, systems), times in planned.items():
        total[sentence] += times
        each[sentence, _unordered(systems)] += times
    own: Counter[tuple[str, ...]] = Counter()
    heard: Counter[str] = Counter()
    left = {sentence: list(found) for sentence, found in possible.items()}
    chosen: list[tuple[str, tuple[str, ...]]] = []
    while left and len(chosen) < test.per_rater:
        luck = dict(zip(left, generator.permutation(len(left)), strict=True))
        sentence = min(left, key=lambda name: (heard[name], total[name] / len(possible[name]), luck[name]))
        chances = generator.permutation(len(left[sentence]))
        place = min(
            range(len(left[sentence])),
            key=lambda at: (
                each[sentence, _unordered(left[sentence][at])],
                own[_unordered(left[sentence][at])],
                chances[at],
            ),
        )
        systems = left[sentence].pop(place)
        if not left[sentence]:
            del left[sentence]
        if paired:
            turned = systems[::-1]
            first = (planned[sentence, systems], _firsts(chosen, systems[0]), generator.random())
            second = (planned[sentence, turned], _firsts(chosen, turned[0]), generator.random())
            systems = systems if first <= second else turned
        heard[sentence] += 1
        total[sentence] += 1
        own[_unordered(systems)] += 1
        chosen.append((sentence, systems))
    return chosen


def _firsts(chosen: Sequence[tuple[str, tuple[str, ...]]], system: str) -> int:
    return sum(systems[0] == system for _, systems in chosen)


def _any(
    test: ListeningTest,
    possible: Mapping[str, Sequence[tuple[str, ...]]],
    sentences: Sequence[str],
    purpose: Purpose,
    generator: np.random.Generator,
) -> Screen:
    sentence = sentences[int(generator.integers(len(sentences)))]
    found = possible[sentence]
    return _screen(test, sentence, found[int(generator.integers(len(found)))], purpose, generator)


def _screen(
    test: ListeningTest,
    sentence: str,
    systems: Sequence[str],
    purpose: Purpose,
    generator: np.random.Generator,
) -> Screen:
    """A screen with its slots in order: pairs keep theirs, MUSHRA's are shuffled; a check has a degraded recording."""
    slots = [Slot(system) for system in systems]
    match test.scale.holds:
        case "one":
            slots = [Slot(systems[0], "degraded" if purpose == "check" else "plain")]
        case "pair" if purpose == "check":
            slots = [Slot(systems[0]), Slot(systems[0], "degraded")]
            slots = slots if generator.random() < 0.5 else slots[::-1]
        case "all":
            if test.anchor and test.reference is not None:
                slots.append(Slot(test.reference, "anchor"))
            if purpose == "check":
                slots.append(Slot(systems[int(generator.integers(len(systems)))], "degraded"))
            slots = [slots[place] for place in generator.permutation(len(slots))]
    return Screen("", sentence, tuple(slots), purpose)


def _unit(screen: Screen) -> tuple[str, tuple[str, ...]]:
    systems = tuple(slot.system for slot in screen.slots if slot.form == "plain")
    return screen.sentence, systems if len(systems) <= 2 else tuple(sorted(systems))


def _unordered(systems: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(systems))
