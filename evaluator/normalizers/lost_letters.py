"""Letters and marks that a normalizer takes out of the references of a corpus, so that different words become the same.

Whisper's basic normalizer, made for English, turns the vowel signs of Hindi into spaces: कि, की and का become one word,
and the error rate is lower than it is. Whoever reads such a rate must be told.

What counts as lost, character by character of the corpus's alphabet, in decomposed form (NFD) and without case:

- a letter (L*) that the normalizer makes nothing of, or something without it, when it stands alone, or a mark (M*);
- and that at least half of the running words with it lose. Words that become numbers (two, 2) are left out of account;
- where at least one running word in ``LEAST`` of a corpus loses one (a single café makes no English corpus suspect).

So case, composition, spelling rules (colour, color) and number words cost no letter; accents that are taken off do. The
words looked at are the ``MOST_WORDS`` most frequent ones, as they are written, one by one.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from evaluator.normalizers.registry import ABSENT, Normalizer
from explorer.corpora.corpus import Corpus
from explorer.corpora.stats import statistics
from explorer.vocabulary.characters import COMMON, script

MOST_WORDS = 20_000
SHARE = 0.5
LEAST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLetters:
    """Characters of one script that are lost, the most frequent first, with their occurrences in the words that were
    looked at, and the most frequent word that loses one: as it is written and as it comes out."""

    script: str
    letters: Mapping[str, int]
    before: str
    after: str
    marks: bool

    @property
    def occurrences(self) -> int:
        """How often they occur in the words that were looked at."""
        return sum(self.letters.values())

    def sentence(self, chosen: Normalizer) -> str:
        """What a reader of rates must know."""
        what = ("mark" if self.marks else "letter") + ("" if len(self.letters) == 1 else "s")
        shown = " ".join(f"\u25cc{c}" if unicodedata.category(c)[0] == "M" else c for c in list(self.letters)[:8])
        more = " …" if len(self.letters) > 8 else ""
        came = f"“{self.after}”" if self.after else "nothing"
        return (
            f"The normalizer {chosen.title} takes {len(self.letters):,} {what} out of {self.script} words "
            f"({shown}{more}): “{self.before}” becomes {came}. Different words become the same, so error rates "
            "come out lower, or words are cut into pieces."
        )


def lost_letters(corpus: Corpus, chosen: Normalizer) -> tuple[LostLetters, ...]:
    """What the normalizer takes out of the references of a corpus, by script; nothing for one that is still loading."""
    if not corpus.complete or not chosen.steps or chosen.version == ABSENT:
        return ()
    words = _Words(corpus)
    try:
        return _lost(corpus.content_key, chosen, words)
    finally:
        words.forget()


class _Words:
    """The words of a corpus, asked for only when what they say is not remembered; all are equal to each other, because
    what is remembered is told apart by the version of the content, and must not keep a whole corpus in memory."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus: Corpus | None = corpus

    def forget(self) -> None:
        """Let go of the corpus."""
        self._corpus = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Words)

    def __hash__(self) -> int:
        return 0

    def alphabet(self) -> Iterable[str]:
        return self._corpus.alphabet if self._corpus is not None else ()

    def counted(self) -> Mapping[str, int]:
        if self._corpus is None:
            return {}
        return dict(self._corpus.words(min(MOST_WORDS, statistics(self._corpus).vocabulary)))


@lru_cache(maxsize=256)
def _lost(_content: str, chosen: Normalizer, words: _Words) -> tuple[LostLetters, ...]:
    doubtful = _doubtful(words.alphabet(), chosen)
    return find(words.counted(), doubtful, chosen) if doubtful else ()


def _doubtful(alphabet: Iterable[str], chosen: Normalizer) -> frozenset[str]:
    """The characters that might be lost: all marks, and letters that do not come through alone."""
    parts = {part for character in alphabet for part in _parts(character)}
    return frozenset(c for c in parts if unicodedata.category(c)[0] == "M" or c not in _parts(chosen.apply(c)))


def find(words: Mapping[str, int], doubtful: frozenset[str], chosen: Normalizer) -> tuple[LostLetters, ...]:
    """Which of the ``doubtful`` characters are lost in ``words`` (with their counts), by script."""
    having: Counter[str] = Counter()
    losing: Counter[str] = Counter()
    examples: dict[str, tuple[str, str]] = {}
    scripts: dict[str, str] = {}
    affected: Counter[str] = Counter()
    for word, number in words.items():
        before = Counter(_parts(word))
        if not doubtful & before.keys():
            continue
        made = chosen.apply(word)
        if any(c.isdigit() for c in made) and not any(c.isdigit() for c in word):
            continue
        after = Counter(_parts(made))
        its = next((script(c) for c in word if script(c) != COMMON), COMMON)
        affected[its] += number if any(after[c] < before[c] for c in doubtful & before.keys()) else 0
        for character in doubtful & before.keys():
            having[character] += number
            if after[character] < before[character]:
                losing[character] += number
                examples.setdefault(character, (word, made))
                scripts.setdefault(character, its)
    lost = {c: having[c] for c, number in losing.most_common() if number >= SHARE * having[c]}
    found = []
    enough = sum(words.values()) / LEAST
    for name in dict.fromkeys(scripts[c] for c in lost if affected[scripts[c]] >= enough):
        letters = {c: number for c, number in lost.items() if scripts[c] == name}
        before_after = examples[next(iter(letters))]
        marks = all(unicodedata.category(c)[0] == "M" for c in letters)
        told = {"before": before_after[0], "after": before_after[1], "marks": marks}
        found.append(LostLetters(script=name, letters=letters, **told))  # type: ignore[arg-type]
    return tuple(found)


def _parts(text: str) -> str:
    """Letters and marks, decomposed, without case, compatibility forms as what they stand for."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LM")
