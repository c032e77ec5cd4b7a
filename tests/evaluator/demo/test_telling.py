"""What a terminal is told while the demo is made."""

from __future__ import annotations

import io

import pytest

from evaluator.demo import telling
from evaluator.demo.telling import Telling


class Terminal(io.StringIO):
    """A stream that shows one line over another."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_details_one_over_the_other():
    stream = Terminal()
    tell = Telling(stream)
    for line in ("stage 1", "  1 of 2", "  2 of 2", "stage 2", "ready"):
        tell(line)
    assert stream.getvalue() == "stage 1\n  1 of 2\r\x1b[K  2 of 2\r\x1b[Kstage 2\nready\n"


def test_a_file_gets_a_detail_now_and_then(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    tell = Telling(stream)
    for second, line in ((1, "stage"), (2, "  1 of 4"), (12, "  2 of 4"), (13, "  3 of 4"), (14, "ready")):
        now[0] = float(second)
        tell(line)
    assert stream.getvalue() == "stage\n  2 of 4\nready\n"
