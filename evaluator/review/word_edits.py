"""Edits of a text that put one word of a hypothesis into it: the step from seeing a difference to taking it.

An Edit says which stretch of the text is replaced by what, white space around the word included, so that applying it is
nothing but cutting and joining. Conventions: places count UTF-16 code units, as a browser's text fields do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluator.review.word_spans import Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the UTF-16 code units ``start`` to ``end`` (half-open) of a text by ``put``."""

    start: int
    end: int
    put: str


@dataclass(frozen=True, slots=True)
class Ground:
    """The text that is edited: where its words stand, what separates words, and its places in UTF-16 code units."""

    text: str
    spans: Sequence[Span]
    separator: str
    units: Callable[[int], int]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span], *, separator: str) -> Ground:
        """The text with the places of its words; ``separator`` is what new words are set apart by ("" or a space)."""
        return cls(text, spans, separator, utf16_places(text))

    def replacing(self, word: int, put: str) -> Edit:
        """Put another word in the place of a word."""
        start, end = self.spans[word]
        return self._edit(start, end, put)

    def removing(self, word: int) -> Edit:
        """Take a word out, with the punctuation that hangs on it alone and the white space behind it."""
        start, end = self.spans[word]
        shared = any(span == (start, end) for span in self.spans[max(0, word - 1) : word]) or (
            word + 1 < len(self.spans) and self.spans[word + 1] == (start, end)
        )
        if shared or not self.separator:
            return self._edit(start, end, "")
        first, last = start, end
        while first > 0 and not self.text[first - 1].isspace():
            first -= 1
        while last < len(self.text) and not self.text[last].isspace():
            last += 1
        alone = (word == 0 or self.spans[word - 1][1] <= first) and (
            word + 1 == len(self.spans) or self.spans[word + 1][0] >= last
        )
        if alone:
            start, end = first, last
        if end < len(self.text) and self.text[end].isspace() and (not start or self.text[start - 1].isspace()):
            end += 1
        elif start and self.text[start - 1].isspace() and end == len(self.text):
            start -= 1
        return self._edit(start, end, "")

    def inserting(self, before: int, put: str) -> Edit:
        """Put a new word before the word of that number, or at the end."""
        if before < len(self.spans):
            start = self.spans[before][0]
            follows = start and not self.text[start - 1].isspace()
            return self._edit(start, start, f"{self.separator if follows else ''}{put}{self.separator}")
        end = len(self.text.rstrip())
        return self._edit(end, end, f"{self.separator if end else ''}{put}")

    def _edit(self, start: int, end: int, put: str) -> Edit:
        return Edit(self.units(start), self.units(end), put)


def utf16_places(text: str) -> Callable[[int], int]:
    """From places in code points to places in UTF-16 code units."""
    if text.isascii() or max(text) <= "\uffff":
        return int
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if character > "\uffff" else 1))
    return places.__getitem__
