"""Sentences of a small vocabulary: sixty-odd words about rooms, devices, names and numbers.

Half of the sentences follow a template ("turn the kitchen lights off"), half are words in any order, so that a
recognizer learns words rather than sentences. Every sentence is for good either training or test material
(``held_out``), decided by its own letters: no list has to be kept, and no test sentence is ever trained on.
"""

from __future__ import annotations

import hashlib

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ROOMS = ("kitchen", "bedroom", "garage", "garden")
DEVICES = ("lights", "lamp", "door", "window", "radio", "heating", "fan")
COLOURS = ("red", "green", "blue", "yellow")
NAMES = ("alice", "robert", "carol", "david", "emma", "frank", "oliver", "sarah")
OTHERS = (
    *("turn", "on", "off", "up", "down", "open", "close", "start", "stop", "play", "pause", "call", "send", "set"),
    *("the", "music", "volume", "timer", "alarm", "message", "to", "for", "in", "and", "please", "minutes"),
)
VOCABULARY = (*DIGITS, *ROOMS, *DEVICES, *COLOURS, *NAMES, *OTHERS)

TEMPLATES = (
    "turn {switch} the {device}",
    "turn the {room} {device} {switch}",
    "{move} the {room} {opening}",
    "call {name}",
    "call {name} please",
    "send {name} the message",
    "send the message to {name} and {name}",
    "set the {clock} for {digit} minutes",
    "{control} the {player}",
    "set the volume to {digit}",
    "{digit} {digit} {digit}",
    "{digit} {digit} {digit} {digit} {digit}",
    "set the {room} lights to {colour}",
    "{run} the {room} {machine} please",
)
SLOTS: dict[str, tuple[str, ...]] = {
    "switch": ("on", "off", "up", "down"),
    "device": DEVICES,
    "room": ROOMS,
    "move": ("open", "close"),
    "opening": ("door", "window"),
    "name": NAMES,
    "clock": ("timer", "alarm"),
    "digit": DIGITS,
    "control": ("play", "pause", "stop", "start"),
    "player": ("music", "radio"),
    "colour": COLOURS,
    "run": ("start", "stop"),
    "machine": ("fan", "heating"),
}
HELD_OUT_SHARE = 32  # of 256


def held_out(sentence: str) -> bool:
    """Whether the sentence is test material (one in eight) and never training material."""
    return hashlib.blake2b(sentence.encode(), digest_size=1).digest()[0] < HELD_OUT_SHARE


def command(random: np.random.Generator, *, test: bool) -> str:
    """A sentence drawn from the test or from the training material."""
    while True:
        sentence = _template(random) if random.random() < 0.5 else _any_words(random)
        if held_out(sentence) == test:
            return sentence


def _template(random: np.random.Generator) -> str:
    words = str(random.choice(TEMPLATES)).split()
    return " ".join(str(random.choice(SLOTS[word[1:-1]])) if word.startswith("{") else word for word in words)


def _any_words(random: np.random.Generator) -> str:
    return " ".join(str(word) for word in random.choice(VOCABULARY, size=int(random.integers(2, 7))))
