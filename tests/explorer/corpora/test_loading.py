"""What is said while a corpus is being read."""

from __future__ import annotations

import io

import pytest

from explorer.corpora import loading
from explorer.corpora.loading import TAR_STEPS, lines_on, sentence


@pytest.mark.parametrize(
    ("stage", "done", "total", "said"),
    [
        ("reading", 5, 10, "Reading the manifest"),
        ("tars", 2 * TAR_STEPS + 1, 8 * TAR_STEPS, "Reading the index of shard 3 of 8"),
        ("tars", 8 * TAR_STEPS, 8 * TAR_STEPS, "Reading the index of shard 8 of 8"),
        ("tars", 0, 0, "Reading the indexes of the tar files"),
    ],
)
def test_every_stage_has_its_sentence(stage: str, done: int, total: int, said: str):
    assert sentence(stage, done, total) == said


def test_a_terminal_hears_of_what_takes_long_now_and_then(monkeypatch: pytest.MonkeyPatch):
    clock = iter([0.0, 0.5, 2.5, 3.0, 5.0])
    monkeypatch.setattr(loading.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    tell = lines_on(stream)
    for done in (1, 2, 3, 4):  # at 0.5, 2.5, 3.0 and 5.0 s
        tell("reading", done, 4)
    assert stream.getvalue().splitlines() == ["Reading the manifest, 50 %", "Reading the manifest, 100 %"]
