"""Text normalizers: what references and hypotheses go through before they are compared.

A normalizer turns a text into words; a normalised text is those words joined by single spaces. It is named and
versioned, and its name and version stand beside every rate made with it, because the same system can have quite
different rates under two normalizers. The version goes up whenever any text could come out differently.
Every normalizer is idempotent: normalising twice changes nothing more.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from explorer.errors import ConfigError

_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc\uff07"), "'")
_JOINERS = "\u200c\u200d"
_ASCII = {code: chr(code).lower() if chr(code).isalnum() or chr(code) in "'\n" else " " for code in range(128)}
_BASIC_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789' \n"
_LOOSE_ASCII_APOSTROPHE = re.compile(r"(?<![a-z0-9])'|'(?![a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalizer:
    """A named, versioned, idempotent text function; ``apply`` gives words joined by single spaces.

    ``lines`` does that to every line of a text, a line feed between them: many texts at once take a fraction of the
    time. ``apply`` is ``lines`` for one text, in which a line feed is white space as any other.
    """

    name: str
    version: int
    title: str
    help: str
    apply: Callable[[str], str]
    lines: Callable[[str], str]

    def words(self, text: str) -> list[str]:
        """The words of the normalised text."""
        return self.apply(text).split()

    @property
    def tag(self) -> str:
        """Name and version in one word, for example ``basic-1``: a part of cache keys and of overlay names."""
        return f"{self.name}-{self.version}"


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


NORMALIZERS: Mapping[str, Normalizer] = {
    normalizer.name: normalizer
    for normalizer in (
        Normalizer(
            name="none",
            version=1,
            title="none",
            help="Texts are split at white space and otherwise compared as they are, with case and punctuation.",
            apply=squeeze,
            lines=squeeze_lines,
        ),
        Normalizer(
            name="basic",
            version=1,
            title="basic",
            help=(
                "Lower case; punctuation and symbols become spaces (so twenty-one is two words); apostrophes inside "
                "words and combining marks stay. Numbers are not spelled out."
            ),
            apply=simplify,
            lines=simplify_lines,
        ),
    )
}


def normalizer(name: str) -> Normalizer:
    """The normalizer of that name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in NORMALIZERS:
        raise ConfigError(f'There is no normalizer "{name}"; known are: {", ".join(NORMALIZERS)}.')
    return NORMALIZERS[name]
