"""Agreement: by hand, against the package krippendorff, and what counts as somebody's opinion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from evaluator.ledger import Event
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.review.agreement import agreement, alpha, between_texts
from evaluator.review.opinions import Overlapping, opinions, overlapping

BASIC = NORMALIZERS["basic"]


class Chain:
    """Events as the ledger would number them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._heads: dict[tuple[str, str], Event] = {}

    def say(self, who: str, subject: str, field: str, new: Any, *, old: Any = None, undoes: int | None = None) -> int:
        head = self._heads.get((subject, field))
        event = Event(
            id=len(self.events) + 1, key=str(len(self.events)), at=datetime.now(UTC), who=who, space="s",
            subject=subject, field=field, old=old if head is None else head.new, new=new, comment="",
            base=None if head is None else head.id, seen=None, undoes=undoes,
        )  # fmt: skip
        self.events.append(event)
        self._heads[subject, field] = event
        return event.id


def test_alpha_by_hand():
    # Two people, four subjects:      ann    a  a  r  r
    #                                 bo     a  r  r  r
    # Coincidences: aa 2, ar 1, ra 1, rr 4; n = 8, n_a = 3, n_r = 5.
    # alpha = 1 - (8 - 1) * 2 / (64 - 9 - 25) = 1 - 14/30
    said = [("accept", "accept"), ("accept", "reject"), ("reject", "reject"), ("reject", "reject")]
    units = {str(place): {"ann": one, "bo": other} for place, (one, other) in enumerate(said)}
    assert alpha(units) == pytest.approx(1 - 14 / 30)
    found = agreement(Overlapping(decisions=units, texts={}), BASIC)
    assert (found.subjects, found.pairs, found.same, found.percent) == (4, 4, 3, 0.75)


def test_alpha_of_the_textbook():
    # Krippendorff (2011), section C: nominal data, any number of observers, missing data; alpha = 0.743.
    rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units: dict[str, dict[str, Any]] = {}
    for unit in range(12):
        values = {str(who): str(row[unit]) for who, row in enumerate(rows) if row[unit] is not None}
        if len(values) > 1:
            units[str(unit)] = values
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


@given(some.lists(some.lists(some.sampled_from([0, 1, 2, None]), min_size=3, max_size=3), min_size=1, max_size=12))
def test_alpha_is_that_of_another_program(table: list[list[int | None]]):
    matrix = np.array([[np.nan if value is None else value for value in unit] for unit in table], dtype=float).T
    units = {
        str(n): {str(who): str(value) for who, value in enumerate(unit) if value is not None}
        for n, unit in enumerate(table)
    }
    units = {unit: people for unit, people in units.items() if len(people) > 1}
    mine = alpha(units)
    if mine is None:
        return
    assert mine == pytest.approx(krippendorff.alpha(matrix, level_of_measurement="nominal"), abs=1e-9)


def test_nothing_to_compare_is_undefined_not_perfect():
    assert alpha({}) is None
    assert alpha({"u": {"ann": "accept", "bo": "accept"}}) is None
    empty = agreement(Overlapping(decisions={}, texts={}), BASIC)
    assert (empty.percent, empty.alpha, empty.between_texts.rate) == (None, None, None)


def test_texts_are_compared_in_both_directions():
    # the cat sat | the cat sat down: one insertion one way, one deletion the other: 2 errors in 3 + 4 words.
    counts, pairs = between_texts({"u": {"ann": "The cat sat.", "bo": "the cat sat down"}}, BASIC)
    assert (pairs, counts.errors, counts.length) == (1, 2, 7)


def test_an_opinion_is_one_s_own_newest_that_was_not_taken_back():
    chain = Chain()
    chain.say("ann", "u", "decision", "accept")
    reject = chain.say("bo", "u", "decision", "reject")
    chain.say("ann", "v", "decision", "reject")
    assert opinions(chain.events, "decision") == {"u": {"ann": "accept", "bo": "reject"}, "v": {"ann": "reject"}}
    chain.say("bo", "u", "decision", "accept", undoes=reject)  # back to what ann said: bo says nothing any more
    assert opinions(chain.events, "decision")["u"] == {"ann": "accept"}


def test_who_accepts_holds_the_text_to_be_right():
    chain = Chain()
    chain.say("ann", "u", "reference", "the cat sat", old="the cat")
    chain.say("ann", "u", "decision", "accept")
    chain.say("bo", "u", "decision", "accept")
    chain.say("cy", "u", "decision", "reject")
    found = overlapping(chain.events)
    assert found.texts == {"u": {"ann": "the cat sat", "bo": "the cat"}}
    assert found.decisions == {"u": {"ann": "accept", "bo": "accept", "cy": "reject"}}
