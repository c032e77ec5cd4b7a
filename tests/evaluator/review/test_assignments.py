"""Assignments: nobody's twice unless it should be, nobody's share too large, and nothing moves that need not."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from evaluator.ledger import Ledger
from evaluator.review.assignments import Plan, keep_plan, plan_of, read_fraction, read_people
from explorer.errors import BadEdit

IDS = [blake2b(str(n).encode(), digest_size=8).hexdigest() for n in range(30_000)]


def test_every_utterance_is_one_person_s():
    plan = Plan(people=("ann", "bo", "cy"))
    shares = [plan.share(who, IDS) for who in plan.people]
    assert (sum(share.astype(int) for share in shares) == 1).all()
    # 10,000 each; three standard deviations of a binomial are 245.
    assert all(abs(int(share.sum()) - 10_000) < 300 for share in shares)
    assert not plan.share("somebody else", IDS).any()


def test_a_fraction_is_two_people_s():
    plan = Plan(people=("ann", "bo", "cy"), overlap=0.1)
    first, second = plan.owners(IDS)
    assert abs(int((second >= 0).sum()) - 3_000) < 200
    assert not (first == second).any()
    pairs = {(int(a), int(b)) for a, b in zip(first, second, strict=True) if b >= 0}
    assert len(pairs) == 6  # everybody meets everybody, either way round
    assert (first == Plan(people=plan.people).owners(IDS)[0]).all()  # an overlap takes nothing away
    shared = int(np.flatnonzero(second >= 0)[0])
    assert plan.people_of(IDS[shared]) == (plan.people[first[shared]], plan.people[second[shared]])
    assert len(plan.people_of(IDS[int(np.flatnonzero(second < 0)[0])])) == 1
    assert (Plan(people=("a", "b"), overlap=1.0).owners(IDS)[1] >= 0).all()


def test_rows_and_people_that_come_move_only_what_they_must():
    three, four = Plan(people=("ann", "bo", "cy")), Plan(people=("dee", "cy", "ann", "bo"))
    before = np.array([three.people[place] for place in three.owners(IDS)[0]])
    after = np.array([four.people[place] for place in four.owners(IDS)[0]])
    assert set(after[before != after]) == {"dee"}
    part = [three.people[place] for place in three.owners(IDS[::-7])[0]]
    assert part == before[::-7].tolist()


def test_a_plan_is_kept_with_its_history(tmp_path: Path):
    ledger = Ledger(tmp_path / "l.sqlite")
    assert plan_of(ledger, "talks") is None
    keep_plan(ledger, "talks", Plan(people=("ann", "bo"), overlap=0.25), who="ann")
    assert plan_of(ledger, "talks") == Plan(people=("ann", "bo"), overlap=0.25)
    keep_plan(ledger, "talks", None, who="bo")
    assert plan_of(ledger, "talks") is None
    assert len(ledger.events("plan:talks")) == 2
    ledger.close()


def test_what_people_type():
    assert read_people(" Ann,  Bo  van Dyk ,, cy") == ("Ann", "Bo van Dyk", "cy")
    assert [read_fraction(text) for text in ("10%", " 10 % ", "0.1", "", "0")] == [0.1, 0.1, 0.1, 0.0, 0.0]
    with pytest.raises(BadEdit, match='"ten" is no fraction'):
        read_fraction("ten")


@pytest.mark.parametrize(
    ("people", "overlap", "sentence"),
    [
        ((), 0.0, "this one has 0"),
        (("a", "a"), 0.0, "a is named twice"),
        (("a", " "), 0.0, "A name is empty"),
        (("a", "b"), 1.5, "The overlap is 1.5"),
        (("a",), 0.5, "An overlap needs two people"),
    ],
)
def test_plans_that_make_no_sense(people: tuple[str, ...], overlap: float, sentence: str):
    with pytest.raises(BadEdit, match=sentence):
        Plan(people=people, overlap=overlap)
