"""A listening test on paper: its answers as CSV, and design, answers and results as JSON.

The CSV has one line for each recording that was rated (for each pair, in a test of pairs), as it was answered: every
number of the results can be worked out from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from evaluator.ledger.events import written_time
from evaluator.listening.design import ListeningTest
from evaluator.listening.ratings import Answer
from evaluator.listening.results import Results

COLUMNS = (
    "rater", "name", "screen", "purpose", "sentence", "system", "form", "second_system", "second_form", "value",
    "seconds", "at",
)  # fmt: skip


def records(test: ListeningTest, answers: Iterable[Answer]) -> Iterator[Sequence[Any]]:
    """The lines under COLUMNS; a pair's value is positive when the second was preferred."""
    for answer in answers:
        screen = answer.screen
        head = (answer.rater, answer.name, screen.id, screen.purpose, screen.sentence)
        tail = (answer.seconds, written_time(answer.at))
        if test.scale.holds == "pair":
            first, second = screen.slots
            yield (*head, first.system, first.form, second.system, second.form, answer.values[0], *tail)
            continue
        for slot, value in zip(screen.slots, answer.values, strict=True):
            yield (*head, slot.system, slot.form, None, None, value, *tail)


def report(test: ListeningTest, answers: Sequence[Answer], found: Results) -> bytes:
    """Everything but the secret link."""
    design = {name: value for name, value in asdict(test).items() if name != "link"}
    lines = [dict(zip(COLUMNS, record, strict=True)) for record in records(test, answers)]
    return orjson.dumps({"test": design, "results": asdict(found), "answers": lines}, option=orjson.OPT_INDENT_2)
