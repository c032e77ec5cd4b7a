"""The character inventory: every character of the references with its Unicode facts, its counts, and what is odd.

Facts are Python's ``unicodedata`` (name, general category). That has no script property, so a letter's script is read
from its Unicode name ("CYRILLIC SMALL LETTER A": Cyrillic), as the names of letters begin with it; characters without
letters of their own (digits, punctuation, combining marks) are "Common". Checked against the script property of Unicode
for all letters of the scripts below in the tests.

Look-alikes are those single letters of Unicode's confusables (UTS 39, https://www.unicode.org/reports/tr39/) that
transcripts really suffer from: Cyrillic and Greek letters that print like Latin ones. A character is *odd* with a
reason in words; odd is not wrong, it is worth a look.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from explorer.columns import Column
from explorer.querying.listing import Listing
from explorer.querying.query import Filter, Query, Test
from explorer.vocabulary.word_listing import escaped

COMMON = "Common"
CATEGORIES = {
    "Lu": "upper-case letter", "Ll": "lower-case letter", "Lt": "title-case letter", "Lm": "modifier letter",
    "Lo": "letter without case", "Mn": "combining mark", "Mc": "spacing mark", "Me": "enclosing mark",
    "Nd": "digit", "Nl": "letter number", "No": "other number", "Pc": "connector", "Pd": "dash",
    "Ps": "opening punctuation", "Pe": "closing punctuation", "Pi": "opening quote", "Pf": "closing quote",
    "Po": "punctuation", "Sm": "mathematical symbol", "Sc": "currency symbol", "Sk": "modifier symbol",
    "So": "symbol", "Zs": "space", "Zl": "line separator", "Zp": "paragraph separator", "Cc": "control character",
    "Cf": "invisible format character", "Cs": "surrogate", "Co": "private use", "Cn": "unassigned",
}  # fmt: skip
"""Unicode's general categories in words."""

LOOK_ALIKES = dict(zip("аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅԌԛ", "aeopcyxijshdqwABEKMHOPCTXIJSGq", strict=True)) | dict(
    zip("οανιρυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oavipukABEZHIKMNOPTYX", strict=True)
)
"""Cyrillic and Greek letters, and the Latin ones they print like."""

TOGETHER = (
    frozenset({"Han", "Hiragana", "Katakana", "Latin"}),
    frozenset({"Han", "Hangul"}),
    frozenset({"Han", "Bopomofo"}),
)
"""Scripts that one language writes in one word."""

JOINED_SCRIPTS = frozenset(
    {
        "Arabic",
        "Syriac",
        "Nko",
        "Mongolian",
        "Devanagari",
        "Bengali",
        "Gurmukhi",
        "Gujarati",
        "Oriya",
        "Tamil",
        "Telugu",
        "Kannada",
        "Malayalam",
        "Sinhala",
        "Khmer",
        "Myanmar",
        "Tibetan",
    }
)
"""Scripts whose spelling needs the zero-width joiner and non-joiner."""

RARE = 0.01
"""A script or a kind of letter below this share of all letters is odd."""

_TWO_WORDS = frozenset(
    {"OLD", "NEW", "TAI", "CANADIAN", "LINEAR", "MEETEI", "SYLOTI", "OL", "PHAGS-PA", "HANIFI", "NYIAKENG", "PAHAWH"}
)
_SCRIPT_NAMES = {"CJK": "Han", "IDEOGRAPHIC": "Han", "KANGXI": "Han", "HANGUL": "Hangul", "FEMININE": "Latin"}
_SCRIPT_NAMES |= {"MASCULINE": "Latin", "MICRO": COMMON, "KELVIN": "Latin", "ANGSTROM": "Latin", "OHM": "Greek"}
_NO_SCRIPT = frozenset(
    {"MODIFIER", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER", "INVERTED", "ALEF", "BET", "PROFOUND"}
)


@dataclass(frozen=True, slots=True)
class WordFacts:
    """What the words say about characters: in how many different words a character is what, by character.

    ``baseless`` marks stand at the beginning of a word; ``decomposed`` marks follow a letter that they could be one
    character with; ``mixed`` letters share a word with letters of another script.
    """

    baseless: Mapping[str, int]
    decomposed: Mapping[str, int]
    mixed: Mapping[str, int]


def script(character: str) -> str:
    """The script of a letter, "Common" for everything else."""
    if unicodedata.category(character)[0] != "L":
        return COMMON
    words = unicodedata.name(character, "").split()
    while words and words[0] in ("FULLWIDTH", "HALFWIDTH"):
        words = words[1:]
    if not words or words[0] in _NO_SCRIPT:
        return COMMON
    if words[0] in _SCRIPT_NAMES:
        return _SCRIPT_NAMES[words[0]]
    name = " ".join(words[:2]) if words[0] in _TWO_WORDS else words[0]
    return name.title()


def word_facts(words: Iterable[str]) -> WordFacts:
    """Look through all different words; those of ASCII alone have nothing to say."""
    baseless: Counter[str] = Counter()
    decomposed: Counter[str] = Counter()
    mixed: Counter[str] = Counter()
    for word in words:
        if word.isascii():
            continue
        if unicodedata.category(word[0])[0] == "M":
            baseless[word[0]] += 1
        for mark in {m for b, m in pairwise(word) if unicodedata.combining(m) and _composes(b, m)}:
            decomposed[mark] += 1
        scripts = {letter: script(letter) for letter in set(word)}
        found = set(scripts.values()) - {COMMON}
        if len(found) > 1 and not any(found <= together for together in TOGETHER):
            for letter in (letter for letter, its in scripts.items() if its != COMMON):
                mixed[letter] += 1
    return WordFacts(baseless, decomposed, mixed)


def _composes(base: str, mark: str) -> bool:
    return len(unicodedata.normalize("NFC", base + mark)) == 1


def oddities(alphabet: Mapping[str, int], found: WordFacts) -> dict[str, tuple[str, ...]]:
    """The characters that are worth a look, with the reasons; ``alphabet`` has all characters with their counts."""
    scripts = {character: script(character) for character in alphabet}
    letters: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for character, count in alphabet.items():
        if scripts[character] != COMMON:
            letters[scripts[character]] += count
            cases[unicodedata.category(character)] += count
    main = letters.most_common(1)[0][0] if letters else COMMON
    rare = {name for name, count in letters.items() if count < RARE * letters.total()}
    cased = cases["Lu"] + cases["Ll"]
    only = next((kind for kind in ("Ll", "Lu") if cased and cases[kind] >= (1 - RARE) * cased), None)
    reasons = {
        character: (
            *_by_itself(character, frozenset(letters)),
            *_in_words(character, found),
            *_beside(character, scripts[character], main, rare, only),
        )
        for character in alphabet
    }
    return {character: why for character, why in reasons.items() if why}


def _by_itself(character: str, scripts: frozenset[str]) -> Iterator[str]:
    """What is odd about a character wherever it stands."""
    category = unicodedata.category(character)
    if character == "\ufffd":
        yield "replacement character: a text was decoded wrongly before it came here"
    elif character in "\u200c\u200d":
        if not scripts & JOINED_SCRIPTS:
            yield "zero-width joiner or non-joiner, which no script here needs"
    elif category == "Cf":
        yield "invisible: two texts can look the same and differ"
    elif category == "Cc":
        yield "control character" + (", white space to a normalizer" if character.isspace() else "")
    elif category == "Co":
        yield "private use: what it means is known to its font alone"
    elif category == "Cn":
        yield "not assigned by this version of Unicode"
    elif category in ("Zl", "Zp") or (category == "Zs" and character != " "):
        yield f"white space that is no plain space ({unicodedata.name(character, '').lower()})"
    elif unicodedata.normalize("NFC", character) != character:
        yield f"not in composed form (NFC): the same as {_shown(unicodedata.normalize('NFC', character))}"
    elif unicodedata.normalize("NFKC", character) != character and category[0] in "LN":
        yield f"compatibility form of {_shown(unicodedata.normalize('NFKC', character))}"


def _in_words(character: str, found: WordFacts) -> Iterator[str]:
    if character in found.baseless:
        yield f"combining mark without a base letter, in {_words(found.baseless[character])}"
    if character in found.decomposed:
        where = _words(found.decomposed[character])
        yield f"decomposed (NFD): with the letter before it one composed character, in {where}"
    if character in found.mixed:
        yield f"in {_words(found.mixed[character])} that mix scripts"


def _beside(character: str, its: str, main: str, rare: set[str], only: str | None) -> Iterator[str]:
    """What is odd about a character beside the others of the alphabet."""
    category = unicodedata.category(character)
    if main == "Latin" and character in LOOK_ALIKES:
        yield f"{its} letter that looks like Latin {LOOK_ALIKES[character]}"
    elif its in rare:
        yield f"letter of {its}, which is rare here"
    if only is None or its in rare:
        return
    kind = {"Ll": "lower-case", "Lu": "upper-case"}[only]
    if category in ("Lu", "Ll", "Lt") and category != only:
        yield f"{CATEGORIES[category]} in an otherwise {kind} alphabet"
    elif category[0] == "N":
        yield f"digit or number in an otherwise {kind} alphabet"
    elif category[0] in "PS" and character not in "'’-":
        yield f"{CATEGORIES[category]} in an otherwise {kind} alphabet"


def _words(number: int) -> str:
    return "1 word" if number == 1 else f"{number:,} different words"


def _shown(text: str) -> str:
    return f"{text} ({' '.join(f'U+{ord(c):04X}' for c in text)})"


def glyph(character: str) -> str:
    """A character as a cell can show it: a mark on a dotted circle, what is invisible by its code point."""
    if character == " ":
        return "space"
    if unicodedata.combining(character):
        return f"◌{character}"
    return character if character.isprintable() else f"U+{ord(character):04X}"


def characters_listing(alphabet: Mapping[str, int], utterances: pa.Table, words: Iterable[str]) -> Listing:
    """Every character of the references; ``utterances`` as words.py counts them."""
    ordered = sorted(alphabet, key=lambda character: (-alphabet[character], character))
    present = dict(zip(utterances["character"].to_pylist(), utterances["utterances"].to_pylist(), strict=True))
    why = oddities(alphabet, word_facts(words))
    categories = [unicodedata.category(character) for character in ordered]
    content = {
        "glyph": [glyph(character) for character in ordered],
        "code": [f"U+{ord(character):04X}" for character in ordered],
        "name": [unicodedata.name(character, "").lower() for character in ordered],
        "category": [f"{CATEGORIES[category]} ({category})" for category in categories],
        "script": [script(character) for character in ordered],
        "count": pa.array([alphabet[character] for character in ordered], pa.int64()),
        "utterances": pa.array([present.get(character) for character in ordered], pa.int64()),
        "odd": pa.array([character in why for character in ordered], pa.bool_()),
        "reasons": pa.array(["; ".join(why[c]) if c in why else None for c in ordered], pa.string()),
        "character": pa.array(ordered, pa.string()),
    }
    return Listing(content=pa.table(content), columns=COLUMNS, searched=("glyph", "code", "name", "reasons"))


def having(character: str, *, column: str = "reference") -> Query:
    """The utterances whose text has the character: this very one, not its other case."""
    return Query(filters=(Filter(column, (Test("matches", escaped(character)),)),))


def _column(name: str, label: str, help: str, *, number: bool = False, flag: bool = False) -> Column:
    kind = "number" if number else "flag" if flag else "text"
    style = "integer" if number else "text"
    return Column(name=name, label=label, kind=kind, help=help, style=style, origin="derived")  # type: ignore[arg-type]


COLUMNS = (
    _column("glyph", "Character", "The character; a combining mark stands on a dotted circle."),
    _column("code", "Code point", "Its number in Unicode, hexadecimal."),
    _column("name", "Name", "Its name in Unicode; control characters have none."),
    _column("count", "Count", "How often it occurs in the references.", number=True),
    _column("utterances", "Utterances", "In how many utterances it occurs.", number=True),
    _column("odd", "Odd", "Whether it is worth a look; the reasons say why.", flag=True),
    _column("reasons", "Why it is odd", "What is odd about it, here or anywhere."),
    _column("category", "Category", "Its general category in Unicode."),
    _column("script", "Script", "The script of a letter, read from its name; Common for everything else."),
)
