"""Assignments: whose utterances are whose, told by the utterance's id alone, so that a million need no list.

Each person draws a number for every utterance (a hash of both); the highest has it, and of a fraction of utterances the
second highest as well, whose two opinions are what agreement is measured on. This is rendezvous hashing (Thaler and
Ravishankar, 1998): shares are equal up to chance, rows that are added or sorted move nothing, and a person who comes
or goes moves only their own share.

The plan of a corpus is kept in the ledger, so its changes have a history, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from uuid import uuid4

import numpy as np

from evaluator.ledger import NEWEST, Draft, Event, Ledger
from explorer.errors import BadEdit

MOST_PEOPLE = 100
_OVERLAP = "\0overlap"  # no person is called that
_SUBJECT, _FIELD = "plan", "assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who reviews, and which fraction (0 to 1) of the utterances two of them do independently.

    A plan that was kept knows since which event it is in force, and which one was until then, if any.

    Raises:
        BadEdit: nobody is named, somebody twice, or the fraction is none.
    """

    people: tuple[str, ...]
    overlap: float = 0.0
    since: int = field(default=0, compare=False)
    before: Plan | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.people or len(self.people) > MOST_PEOPLE:
            raise BadEdit(f"A plan has 1 to {MOST_PEOPLE} people; this one has {len(self.people)}.")
        twice = [name for name in self.people if self.people.count(name) > 1]
        if twice or not all(name.strip() for name in self.people):
            raise BadEdit(f"{twice[0]} is named twice." if twice else "A name is empty.")
        if not 0 <= self.overlap <= 1:
            raise BadEdit(f"The overlap is {self.overlap:g}; it must be a fraction from 0 to 1, or 0 % to 100 %.")
        if self.overlap and len(self.people) < 2:
            raise BadEdit("An overlap needs two people.")

    def people_of(self, id: str) -> tuple[str, ...]:
        """Whose utterance it is: one name, or two where opinions are to overlap."""
        first, second = self.owners([id])
        names = [self.people[first[0]]]
        return (*names, self.people[second[0]]) if second[0] >= 0 else tuple(names)

    def owners(self, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The places in ``people`` of each utterance's first and second reviewer, int64; no second is -1."""
        numbers = np.fromiter((int(id, 16) for id in ids), dtype=np.uint64, count=len(ids))
        draws = np.stack([_mixed(numbers ^ _number(name)) for name in self.people])
        order = np.argsort(draws, axis=0, kind="stable")
        first = order[-1].astype(np.int64)
        if len(self.people) == 1 or not self.overlap:
            return first, np.full(len(ids), -1, dtype=np.int64)
        shared = _mixed(numbers ^ _number(_OVERLAP)) < self.overlap * 2.0**64
        return first, np.where(shared, order[-2], -1).astype(np.int64)

    def share(self, who: str, ids: Sequence[str]) -> np.ndarray:
        """Which of the utterances are somebody's, bool; none for whom the plan does not know."""
        if who not in self.people:
            return np.zeros(len(ids), dtype=bool)
        place = self.people.index(who)
        first, second = self.owners(ids)
        return (first == place) | (second == place)

    def plain(self) -> dict[str, Any]:
        """The plan as JSON knows it."""
        return {"people": list(self.people), "overlap": self.overlap}


def plan_space(corpus: str) -> str:
    """The space of the plan of a corpus."""
    return f"plan:{corpus}"


def plan_of(ledger: Ledger, corpus: str) -> Plan | None:
    """The plan of a corpus, None while there is none."""
    return _plan_after(ledger.events(plan_space(corpus), _SUBJECT, _FIELD))


def plan_lately(ledger: Ledger, corpus: str) -> Plan | None:
    """The plan of a corpus, as it is here or was a moment ago elsewhere: for what is asked with every save."""
    return _plan_after(ledger.lately(plan_space(corpus), _SUBJECT))


def keep_plan(ledger: Ledger, corpus: str, plan: Plan | None, *, who: str) -> None:
    """Make this the plan of the corpus; None ends the splitting."""
    new = None if plan is None else plan.plain()
    ledger.append(
        [
            Draft(
                key=str(uuid4()), who=who, space=plan_space(corpus), subject=_SUBJECT, field=_FIELD, new=new,
                base=NEWEST,
            )
        ]
    )  # fmt: skip


def read_people(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(" ".join(name.split()) for name in text.split(",") if name.strip())


def read_fraction(text: str) -> float:
    """``10 %``, ``10%`` or ``0.1`` as a fraction.

    Raises:
        BadEdit: it is no number.
    """
    number = text.strip().removesuffix("%").strip()
    try:
        value = float(number or "0")
    except ValueError:
        raise BadEdit(f'"{text.strip()[:40]}" is no fraction, such as 10% or 0.1.') from None
    return value / 100 if text.strip().endswith("%") else value


def _plan_after(events: Sequence[Event]) -> Plan | None:
    """The plan after these events, oldest first; one that is kept again goes on."""
    plan: Plan | None = None
    for event in events:
        new = None if event.new is None else _plan(event.new)
        if new != plan:
            plan = None if new is None else replace(new, since=event.id, before=plan)
    return plan


def _plan(stored: Mapping[str, Any]) -> Plan:
    return Plan(people=tuple(stored["people"]), overlap=float(stored["overlap"]))


def _number(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest()))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """SplitMix64's finalizer (Steele, Lea and Flood, 2014): every bit of the input decides about every bit."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
