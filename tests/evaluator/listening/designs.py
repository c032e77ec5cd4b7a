"""Listening tests to try things with."""

from __future__ import annotations

from typing import Any

from evaluator.listening.design import ListeningTest

LINK = "a-link-that-nobody-guesses"


def designed(kind: str = "acr", **changed: Any) -> ListeningTest:
    """A test of three systems on six sentences."""
    entries: dict[str, Any] = {
        "id": "round-1",
        "title": "Round 1",
        "kind": kind,
        "corpus": "tts",
        "systems": ("kalos", "lento", "mira"),
        "sentences": tuple(f"s{number}" for number in range(6)),
        "per_rater": 6,
        "seed": 7,
        "link": LINK,
    }
    return ListeningTest(**{**entries, **changed})


def complete(test: ListeningTest) -> dict[str, frozenset[str]]:
    """Everything was read by everybody."""
    return {sentence: frozenset(test.systems) for sentence in test.sentences}
