"""The normalizers that can be chosen: Earmark's own, those of packages, and a user's own rules by their names.

What is built in is NORMALIZERS; ``registry`` adds those that a configuration names (``normalizers: {mine: r.yaml}``).
Who works under a chosen one gets the Normalizer itself, so nobody needs to look its name up again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evaluator.normalizers.nemo import nemo_english
from evaluator.normalizers.plain import ABSENT, BASIC, NONE, Normalizer, Step, squeeze
from evaluator.normalizers.text_rules import of_rules, read_rules
from evaluator.normalizers.whisper import WHISPER
from explorer.errors import ConfigError

NORMALIZERS: Mapping[str, Normalizer] = {one.name: one for one in (NONE, BASIC, *WHISPER.values(), nemo_english())}
"""By name, in the order they are offered."""

__all__ = [
    "ABSENT",
    "NORMALIZERS",
    "Normalizer",
    "Step",
    "changing",
    "normalizer",
    "normalizing",
    "order_of",
    "ordered",
    "registry",
]

NAME = re.compile(r"[A-Za-z0-9_]{1,40}")


def registry(own: Mapping[str, Path]) -> Mapping[str, Normalizer]:
    """All normalizers, the user's own ones last; ``own`` are the files of their rules by name.

    Raises:
        ConfigError: a name is taken or no word, or what is wrong in a file, with its line.
    """
    found = dict(NORMALIZERS)
    for name, path in own.items():
        if name in NORMALIZERS:
            raise ConfigError(f'"normalizers.{name}": there is a normalizer of this name already; choose another')
        if not NAME.fullmatch(name):
            raise ConfigError(f'"normalizers.{name}": a name has letters of ASCII, digits and _, 40 at most')
        found[name] = read_rules(name, path, NORMALIZERS)
    return found


def normalizing(rules: str) -> Callable[[str], str]:
    """The text function of a YAML text that was found to be right: for other processes."""
    return of_rules("rules", rules, NORMALIZERS, where="rules").apply


def normalizer(name: str | Normalizer, known: Mapping[str, Normalizer] = NORMALIZERS) -> Normalizer:
    """The normalizer of that name; one that is a normalizer already is itself.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if isinstance(name, Normalizer):
        return name
    if name not in known:
        raise ConfigError(f'There is no normalizer "{name}"; known are: {", ".join(known)}.')
    return known[name]


def changing(chosen: Normalizer, text: str) -> list[str]:
    """The names of the rules that change a text, in their order, each applied to what the ones before it made."""
    found, before = [], squeeze(text)
    made: Sequence[str] = [before]
    for step in chosen.steps:
        made = step.texts(made)
        if (after := squeeze(made[0])) != before:
            found.append(step.name)
            before = after
    return found


def order_of(chosen: Normalizer) -> dict[str, str]:
    """What ``ordered`` makes the normalizer of again in another process, as JSON can hold it."""
    return {"name": chosen.name, "rules": chosen.rules}


def ordered(order: Mapping[str, str]) -> Normalizer:
    """The normalizer that ``order_of`` wrote down."""
    if order["rules"]:
        return of_rules(order["name"], order["rules"], NORMALIZERS, where=order["name"])
    return normalizer(order["name"])
