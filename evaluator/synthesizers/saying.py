"""Which characters of a text ought to be heard, and which of them a voice leaves out without a word.

Letters, digits and signs that are read aloud ought to be heard; punctuation, spaces and marks on letters need not. A
character is left out when the voice would say the same with a space in its place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from explorer.errors import EngineError

SPOKEN_MARKS = "#%&@§‰"
"""Signs that Unicode counts as punctuation and people read aloud."""

SHOWN = 8


def to_be_heard(text: str) -> tuple[str, ...]:
    """The different characters of a text that a voice should say something for, in their order."""
    return tuple(dict.fromkeys(filter(_is_heard, text)))


def _is_heard(character: str) -> bool:
    return character.isalnum() or character in SPOKEN_MARKS or unicodedata.category(character).startswith("S")


def left_out(text: str, candidates: Iterable[str], said: Callable[[str], object]) -> tuple[str, ...]:
    """Those of the candidates without which ``said`` gives the same for the text."""
    whole = said(text)
    return tuple(character for character in candidates if said(text.replace(character, " ")) == whole)


def listed(characters: Iterable[str]) -> str:
    """The characters as a sentence has them: the first ones, and how many more there are."""
    every = list(characters)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return " ".join(every[:SHOWN]) + more


def check_sayable(text: str, unsaid: Iterable[str]) -> None:
    """Refuse a text of which nothing would be heard.

    Raises:
        EngineError: every letter, digit and sign of it is among ``unsaid``.
    """
    lost = set(unsaid)
    heard = [character for character in to_be_heard(text) if character not in lost]
    if lost and not heard:
        raise EngineError(f"The voice can say nothing of this text; it has no sound for: {listed(to_be_heard(text))}.")
