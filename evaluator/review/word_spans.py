"""Where the words that a normalizer makes of a text stand in the text itself.

A normalizer turns a text into words; to put one system's word in the place of another one the stretch of the written
text is needed that became the word. Each stretch without white space is normalized alone; where that gives the same
words as the whole text, a word lies inside its stretch (as narrowly as it can be found there in any case, so that a
comma behind it is not part of it). Where a normalizer joins stretches ("two hundred" to "200"), the words of the
difference share the whole of it.

Conventions: places count characters (code points) of the text, half-open, in order; words may share a stretch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.alignment import align

_STRETCH = re.compile(r"\S+")
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese: scripts that put no spaces between words."""

Span = tuple[int, int]
"""Start and end in the text, half-open."""


def word_spans(text: str, chosen: Normalizer) -> list[Span]:
    """The stretch of the text for each of ``chosen.words(text)``, in order."""
    words = chosen.words(text)
    alone = list(_alone(text, chosen))
    if [word for word, _ in alone] == words:
        return [span for _, span in alone]
    return _shared([word for word, _ in alone], [span for _, span in alone], words, len(text))


def is_spaceless(text: str) -> bool:
    """Whether most of the text is in scripts without spaces between words, so that characters must be compared."""
    letters = sum(not character.isspace() for character in text)
    return 2 * len(_NO_SPACES.findall(text)) > letters


def characters(words: Sequence[str], spans: Sequence[Span], text: str) -> tuple[list[str], list[Span]]:
    """Words taken apart into characters, with the place of each where the word stands as it is written."""
    tokens: list[str] = []
    places: list[Span] = []
    for word, (start, end) in zip(words, spans, strict=True):
        narrow = len(word) == end - start and text[start:end].lower() == word.lower()
        tokens.extend(word)
        places.extend((start + i, start + i + 1) if narrow else (start, end) for i in range(len(word)))
    return tokens, places


def _alone(text: str, chosen: Normalizer) -> Iterator[tuple[str, Span]]:
    """The words of every stretch without white space, each with its place."""
    for found in _STRETCH.finditer(text):
        words = chosen.words(found.group())
        yield from zip(words, _within(found.group(), words, found.start()), strict=True)


def _within(stretch: str, words: Sequence[str], start: int) -> list[Span]:
    """Where the words are in their stretch, in any case; the whole stretch for each when one is written otherwise."""
    lowered = stretch.lower()
    whole = [(start, start + len(stretch))] * len(words)
    if len(lowered) != len(stretch):  # some letters become two in lower case: places would be off
        return whole
    spans, cursor = [], 0
    for word in words:
        at = lowered.find(word.lower(), cursor)
        if at < 0:
            return whole
        cursor = at + len(word)
        spans.append((start + at, start + cursor))
    return spans


def _shared(alone: Sequence[str], spans: Sequence[Span], words: Sequence[str], length: int) -> list[Span]:
    """Places for words that differ from those of the stretches: equal ones keep theirs, others share a block."""
    placed: list[Span] = []
    for equal, ops in groupby(align(alone, words).ops, key=lambda op: op.kind == "equal"):
        run = list(ops)
        before = range(run[0].reference.start, run[-1].reference.stop)
        if equal:
            placed.extend(spans[before.start : before.stop])
            continue
        edge = placed[-1][1] if placed else 0
        block = (spans[before.start][0], spans[before.stop - 1][1]) if before else (min(edge, length),) * 2
        placed.extend([block] * (run[-1].hypothesis.stop - run[0].hypothesis.start))
    return placed
