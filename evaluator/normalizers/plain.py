"""Text normalizers: what references and hypotheses go through before they are compared.

A normalizer turns a text into words; a normalised text is those words joined by single spaces. It is named and
versioned, and its name and version stand beside every rate made with it, because the same system can have quite
different rates under two normalizers. The version changes whenever any text could come out differently: a number for
Earmark's own, the package's version for those of a package, a hash of the content for a user's own rules.

A normalizer is *by word* when normalising a text is normalising its written words one after the other; then words
that are counted once need no text to be normalised again. One that is not (numbers of several words, rules over
spaces) goes over whole texts, and what it made of them is kept beside the scores (evaluator/scoring/counting.py).
``none`` and ``basic`` are idempotent: normalising twice changes nothing more. Others say so where they are not.

Every normalizer consists of named steps. After ``squeeze``, the steps one after the other give what ``apply`` gives;
evaluator/comparing/contributions.py measures what each of them does to the rates.

``basic`` in detail, character by character, after Unicode canonical composition (NFC):

- letters are put in lower case (``str.lower``; no case folding, so German ß stays ß);
- letters, digits and other numbers (Unicode L* and N*) stay, and private or unassigned characters;
- combining marks (M*) stay when they follow one of those: Indic vowel signs and accents are part of their words;
- an apostrophe between two of those stays; U+2019, U+02BC and U+FF07 are apostrophes and become ``'``;
- the joiners U+200C and U+200D stay inside words (Persian and Indic spelling needs them);
- other invisible format characters (Cf: soft hyphen, zero-width space, direction marks) vanish;
- all other punctuation (P*), symbols (S*) and control characters become spaces, so ``twenty-one`` is two words.

Numbers are not spelled out and nothing is removed by language: ``basic`` fits every script with spaces between words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

ABSENT = "absent"
"""The version of a normalizer whose package is not installed."""

_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc\uff07"), "'")
_JOINERS = "\u200c\u200d"
_ASCII = {code: chr(code).lower() if chr(code).isalnum() or chr(code) in "'\n" else " " for code in range(128)}
_BASIC_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789' \n"
_LOOSE_ASCII_APOSTROPHE = re.compile(r"(?<![a-z0-9])'|'(?![a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule of a normalizer: its name, what it does in words, and ``texts``, which does it to many texts at once."""

    name: str
    help: str
    texts: Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalizer:
    """A named, versioned text function; ``apply`` gives words joined by single spaces.

    ``lines`` does that to every line of a text, a line feed between them: many texts at once take a fraction of the
    time. ``apply`` is ``lines`` for one text, in which a line feed is white space as any other.

    ``by_word`` and ``idempotent`` are what the module says; ``maker`` is "module:name" of the function ``apply``, or,
    when there are ``rules`` (a YAML text), of a function that makes it of them: other processes make it anew.
    """

    name: str
    version: int | str
    title: str
    help: str
    apply: Callable[[str], str]
    lines: Callable[[str], str]
    maker: str
    steps: tuple[Step, ...] = field(default=(), repr=False)
    by_word: bool = True
    idempotent: bool = True
    rules: str = field(default="", repr=False)

    def words(self, text: str) -> list[str]:
        """The words of the normalised text."""
        return self.apply(text).split()

    @property
    def tag(self) -> str:
        """Name and version in one word, for example ``basic-1``: a part of cache keys and of overlay names."""
        return f"{self.name}-{self.version}"

    @property
    def printed(self) -> str:
        """Name and version as they stand beside a rate."""
        return f"{self.name}, version {self.version}"


def each(function: Callable[[str], str]) -> Callable[[Sequence[str]], list[str]]:
    """A function of one text as a function of many."""
    return lambda texts: [function(text) for text in texts]


def squeeze(text: str) -> str:
    """White space of any kind (tabs, line ends and no-break spaces too) becomes single spaces; nothing else changes."""
    return squeeze_lines(text.replace("\n", " "))


def squeeze_lines(texts: str) -> str:
    """``squeeze`` for every line."""
    # No white space but the space is printable, so most texts are returned as they are, in a tenth of the time.
    flat = texts.replace("\n", " ")
    return texts if flat.isprintable() and _is_squeezed(flat) else _squeezed(texts)


def simplify(text: str) -> str:
    """Lower case words without punctuation and symbols, as the module says."""
    return simplify_lines(text.replace("\n", " "))


def simplify_lines(texts: str) -> str:
    """``simplify`` for every line."""
    if not texts.isascii():
        return "\n".join(simplify_lines(line) if line.isascii() else _by_token(line) for line in texts.split("\n"))
    if texts.encode().translate(None, _BASIC_BYTES):
        texts = texts.translate(_ASCII)
    if "'" in texts:
        texts = _LOOSE_ASCII_APOSTROPHE.sub(" ", texts)
    return texts if _is_squeezed(texts.replace("\n", " ")) else _squeezed(texts)


def _is_squeezed(text: str) -> bool:
    return "  " not in text and text[:1] != " " and text[-1:] != " "


def _squeezed(texts: str) -> str:
    return "\n".join(" ".join(line.split()) for line in texts.split("\n"))


def _by_token(text: str) -> str:
    return " ".join(word for token in text.split() for word in _simplified(token))


@lru_cache(maxsize=1 << 17)
def _simplified(token: str) -> tuple[str, ...]:
    """The words in one stretch without white space; texts repeat their words, so most come from the cache."""
    token = "".join(c for c in token if c in _JOINERS or unicodedata.category(c) != "Cf")
    # Lower case can decompose (I with dot above) and removed characters can bring a letter and its mark together.
    token = unicodedata.normalize("NFC", unicodedata.normalize("NFC", token).lower()).translate(_APOSTROPHES)
    kept = []
    inside = False  # the last kept character belongs to a word
    for character, follower in zip(token, f"{token[1:]} ", strict=False):
        if character in _JOINERS:
            kept.append(character if inside and (_is_letter(follower) or _is_mark(follower)) else "")
            continue
        if character == "'":
            stays = inside and _is_letter(follower)
            inside = False
        else:
            stays = inside = _is_letter(character) or (inside and _is_mark(character))
        kept.append(character if stays else " ")
    return tuple("".join(kept).split())


def _is_letter(character: str) -> bool:
    """Letters, numbers, and characters that Unicode leaves to private use or has not assigned yet."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category in ("Co", "Cn")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", text.lower())


def _visible(text: str) -> str:
    if text.isascii():
        return text
    # The byte order mark and its like stand where no word is: what is invisible vanishes inside words only.
    return "".join(c for c in text if c in _JOINERS or unicodedata.category(c) != "Cf")


def _straight(text: str) -> str:
    return text.translate(_APOSTROPHES)


NONE = Normalizer(
    name="none",
    version=1,
    title="none",
    help="Texts are split at white space and otherwise compared as they are, with case and punctuation.",
    apply=squeeze,
    lines=squeeze_lines,
    maker="evaluator.normalizers.plain:squeeze",
)
BASIC = Normalizer(
    name="basic",
    version=1,
    title="basic",
    help=(
        "Lower case; punctuation and symbols become spaces (so twenty-one is two words); apostrophes inside "
        "words and combining marks stay. Numbers are not spelled out."
    ),
    apply=simplify,
    lines=simplify_lines,
    maker="evaluator.normalizers.plain:simplify",
    steps=(
        Step(
            name="invisible", help="Format characters that nobody sees (soft hyphens...) vanish.", texts=each(_visible)
        ),
        Step(
            name="composed",
            help="Letters and their marks become one character where Unicode has it (NFC).",
            texts=each(_compose),
        ),
        Step(name="lower case", help="Letters are put in lower case.", texts=each(_lower)),
        Step(name="apostrophes", help="Typographic apostrophes become plain ones.", texts=each(_straight)),
        Step(
            name="punctuation",
            help="Punctuation, symbols and loose apostrophes and marks become spaces.",
            texts=each(simplify),
        ),
    ),
)
