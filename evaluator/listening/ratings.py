"""Ratings as rows: what a rater answered about which system, from the events of a test's ledger space.

A test's space is ``tts:<test id>``. A rater is a subject there whose ``plan`` says what they are asked; a rating is an
event of the subject ``<rater>/<screen>``. Its key is made of test, rater and screen: however often a browser sends an
answer, it counts once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evaluator.ledger.events import Draft, Event
from evaluator.listening.plans import Form, Purpose, Screen, Slot

if TYPE_CHECKING:
    from evaluator.listening.design import ListeningTest

PLAN, RATING = "plan", "rating"
_KEYS = uuid.UUID("6f0c6bb1-6f5e-4b4e-9f47-2d2a7f5f3f10")


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who rates: ``id`` is in their link, ``number`` tells how many came before."""

    id: str
    name: str
    number: int
    joined: datetime
    screens: tuple[Screen, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A screen that was answered. ``values`` are the kind's numbers; ``seconds`` from shown to sent, as the page told.

    ``least`` seconds are what its recordings last together, None where that is not known.
    """

    rater: str
    name: str
    screen: Screen
    values: tuple[int, ...]
    seconds: float | None
    at: datetime
    least: float | None = None


def space_of(test_id: str) -> str:
    """The ledger's space of a test."""
    return f"tts:{test_id}"


def plan_draft(test: ListeningTest, rater: str, name: str, number: int, screens: Sequence[Screen]) -> Draft:
    """What is written when somebody begins."""
    return Draft(
        key=str(uuid.uuid5(_KEYS, f"{test.id}/{rater}/plan")),
        who=name,
        space=space_of(test.id),
        subject=rater,
        field=PLAN,
        new={"number": number, "screens": [_screen_json(screen) for screen in screens]},
    )


def rating_draft(
    test: ListeningTest,
    rater: Rater,
    screen: Screen,
    values: Sequence[int],
    seconds: float | None,
    least: float | None = None,
) -> Draft:
    """What is written when a screen is answered."""
    return Draft(
        key=str(uuid.uuid5(_KEYS, f"{test.id}/{rater.id}/{screen.id}")),
        who=rater.name,
        space=space_of(test.id),
        subject=f"{rater.id}/{screen.id}",
        field=RATING,
        new={"values": list(values), "seconds": seconds, "least": least},
    )


def answer_of(event: Event, screens: Mapping[tuple[str, str], Screen]) -> Answer:
    """The answer that a RATING event is, with ``screens`` by rater and id."""
    rater, _, screen = event.subject.partition("/")
    values, told = tuple(event.new["values"]), (event.new.get("seconds"), event.at, event.new.get("least"))
    return Answer(rater, event.who, screens[rater, screen], values, *told)


def rater_of(event: Event) -> Rater:
    """The rater that a PLAN event tells of."""
    screens = tuple(_screen(content) for content in event.new["screens"])
    return Rater(event.subject, event.who, int(event.new["number"]), event.at, screens)


def _screen_json(screen: Screen) -> dict[str, Any]:
    slots = [{"system": slot.system, "form": slot.form} for slot in screen.slots]
    return {"id": screen.id, "sentence": screen.sentence, "purpose": screen.purpose, "slots": slots}


def _screen(content: Mapping[str, Any]) -> Screen:
    purpose: Purpose = content["purpose"]
    slots = []
    for slot in content["slots"]:
        form: Form = slot["form"]
        slots.append(Slot(slot["system"], form))
    return Screen(content["id"], content["sentence"], tuple(slots), purpose)
