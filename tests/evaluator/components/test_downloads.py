"""Downloads are the file, a sentence with 400, or 503 and when to ask again."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from evaluator.comparison_store import Making
from evaluator.components.downloads import attachment, ready
from explorer.errors import QueryError
from explorer.querying.parameters import Parameters


def refused(_query: Parameters) -> str:
    raise QueryError("no such column")


@pytest.mark.parametrize(
    ("write", "status", "headers", "text"),
    [
        (lambda query: f"{query['f']}\n", 200, {"Content-Disposition": 'attachment; filename="a.csv"'}, "1\n"),
        (lambda query: iter([b"x\n", b"y\n"]), 200, {"Content-Type": "text/csv; charset=utf-8"}, "x\ny\n"),
        (lambda query: str(ready(Making(1, 9))), 503, {"Retry-After": "2"}, '{"error":"This is still being made'),
        (refused, 400, {"Content-Type": "application/json"}, '{"error":"no such column"}'),
    ],
)
def test_an_answer(write: Any, status: int, headers: dict[str, str], text: str) -> None:
    app = Flask("downloads")
    app.add_url_rule("/a.csv", view_func=lambda: attachment("a.csv", "text/csv", write))
    answer = app.test_client().get("/a.csv?f=1")
    assert answer.status_code == status
    assert answer.get_data(as_text=True).startswith(text)
    assert headers.items() <= dict(answer.headers).items()


def test_what_is_there_is_given_on() -> None:
    assert ready((1, 2)) == (1, 2)
