"""Voices asked in a child process which characters they leave out: real answers, faults as sentences, no claims."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from evaluator.comparison_store import Making
from evaluator.tts.sayings import Sayings, Unsaid
from evaluator.tts.speaking import Voice

ESPEAK = Voice(name="robot", engine="espeak", voice="cmn")
HIBARI = Voice(name="hibari", engine="hibari")
FAR = Voice(name="far", engine="http", options={"url": "http://127.0.0.1:9/tts"})


@pytest.fixture
def sayings() -> Iterator[Sayings]:
    opened = Sayings()
    yield opened
    opened.close()


def answered(sayings: Sayings, voices: Sequence[Voice], texts: Sequence[str]) -> Unsaid:
    deadline = time.monotonic() + 120
    while isinstance(found := sayings.of(voices, texts), Making):
        assert time.monotonic() < deadline
    return found


def test_every_voice_answers_for_itself_and_a_text_that_comes_twice_is_asked_once(sayings: Sayings) -> None:
    texts = ["say 你好", "good", "say 你好"]
    assert answered(sayings, [ESPEAK, HIBARI, FAR], texts) == {
        "robot": ["", "", ""],
        "hibari": ["你好", "", "你好"],
        "far": [None, None, None],
    }
    assert answered(sayings, [HIBARI], texts[:2]) == {"hibari": ["你好", ""]}


def test_a_voice_that_cannot_be_asked_is_a_sentence_and_the_others_answer(sayings: Sayings) -> None:
    lost = Voice(name="lost", engine="nemo", model="nowhere.nemo", vocoder="nowhere.nemo")
    wrong = Voice(name="wrong", engine="espeak", voice="nobody")
    found = answered(sayings, [lost, wrong, HIBARI], ["你 a"])
    assert "There is no model file nowhere.nemo" in str(found["lost"])
    assert 'has no voice "nobody"' in str(found["wrong"])
    assert found["hibari"] == ["你"]
