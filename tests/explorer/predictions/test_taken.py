"""Which row of a file each utterance has got."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from explorer.predictions import taken as module
from explorer.predictions.taken import Taken


def texts_of(taken: Taken) -> dict[int, str]:
    table = pa.concat_tables(list(taken.tables("text", "time")))
    return dict(zip(table["row"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_the_earliest_line_counts_whenever_it_comes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "WRITTEN_AT_ONCE", 2)
    taken = Taken(6, "heard.jsonl")
    taken.take(np.array([4, 1, 4]), np.array([10, 11, 12]), ["four", "one", "four again"])
    taken.take(np.array([1, 5, 4]), np.array([3, 4, 20]), ["one before", "five", "four at last"])
    assert texts_of(taken) == {1: "one before", 4: "four", 5: "five"}
    assert taken.without.tolist() == [0, 2, 3]
    assert taken.left_out == {"repeated": 3}
    assert [(problem.line, problem.message[-7:]) for problem in taken.problems] == [
        (11, " line 3"),
        (12, "line 10"),
        (20, "line 10"),
    ]


def test_times_follow_the_lines_that_count():
    taken = Taken(3, "heard.jsonl")
    taken.time([1, 2, 3], [0.5, None, 0.25])
    taken.take(np.array([2, 0]), np.array([1, 2]), ["two", "zero"])
    [table] = taken.tables("text", "time")
    assert table.to_pydict() == {"row": [0, 2], "text": ["zero", "two"], "time": [None, 0.5]}


def test_nothing_taken_is_an_empty_table():
    [table] = Taken(3, "x").tables("text", "time")
    assert table.num_rows == 0
    assert table.schema.names == ["row", "text"]


def test_of_many_problems_those_of_the_first_lines_are_listed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LISTED", 3)
    taken = Taken(1, "x")
    for line in (9, 8, 7, 6, 5, 4, 3, 2, 1, 30):
        taken.leave(line, "nobody", "no such utterance")
    assert [problem.line for problem in taken.problems] == [1, 2, 3]
    assert taken.left_out == {"no such utterance": 10}
