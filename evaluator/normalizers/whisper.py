"""Whisper's normalizers, as the package ``whisper_normalizer`` has them: most published error rates are made with one.

``whisper_english`` is the one of the Open ASR Leaderboard for English. It rewrites contractions, number words, currency
and British spellings, so it goes over whole texts: "twenty one" becomes one word, "can't" two. It is not idempotent: an
inverted order of sign and number, for example, is put right twice. ``whisper_basic`` is the one for other languages; it
turns every combining mark into a space, which takes the vowel signs out of Indic and the vowel points out of Arabic and
Hebrew words and makes different words equal (evaluator/normalizers/lost_letters.py warns of that).

``apply`` is the package's own function. The steps are the stages of that function, in its order, made of the package's
own parts; a test holds their composition against it.

Source: Radford et al. (2022), "Robust Speech Recognition via Large-Scale Weak Supervision", appendix C.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evaluator.normalizers.plain import ABSENT, Normalizer, Step, each, squeeze

PACKAGE = "whisper_normalizer"
REMEMBERED = 1 << 16
"""Texts whose normal form is remembered: hypotheses repeat their references."""

CURRENCY = ".%$¢€£"


@lru_cache(maxsize=REMEMBERED)
def english(text: str) -> str:
    """What the package's EnglishTextNormalizer makes of a text, words joined by single spaces."""
    return squeeze(_english()(text))


@lru_cache(maxsize=REMEMBERED)
def basic(text: str) -> str:
    """What the package's BasicTextNormalizer makes of a text, words joined by single spaces."""
    return squeeze(_basic()(text))


def english_lines(texts: str) -> str:
    """``english`` for every line."""
    return "\n".join(english(line) for line in texts.split("\n"))


def basic_lines(texts: str) -> str:
    """``basic`` for every line."""
    return "\n".join(basic(line) for line in texts.split("\n"))


@lru_cache(maxsize=1)
def _english() -> Any:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


@lru_cache(maxsize=1)
def _basic() -> Any:
    from whisper_normalizer.basic import BasicTextNormalizer

    return BasicTextNormalizer()


def _lower(text: str) -> str:
    return text.lower()


def _brackets(text: str) -> str:
    return re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text))


def _fillers(text: str) -> str:
    return re.sub(str(_english().ignore_patterns), "", text)


def _contractions(text: str) -> str:
    text = re.sub(r"\s+'", "'", text)
    for pattern, written in _english().replacers.items():
        text = re.sub(pattern, written, text)
    return text


def _symbols(text: str) -> str:
    from whisper_normalizer.basic import remove_symbols_and_diacritics

    text = re.sub(r"\.([^0-9]|$)", r" \1", re.sub(r"(\d),(\d)", r"\1\2", text))
    return str(remove_symbols_and_diacritics(text, keep=CURRENCY))


def _numbers(text: str) -> str:
    return str(_english().standardize_numbers(text))


def _spellings(text: str) -> str:
    return str(_english().standardize_spellings(text))


def _left_symbols(text: str) -> str:
    return squeeze(re.sub(r"([^0-9])%", r"\1 ", re.sub(r"[.$¢€£]([^0-9])", r" \1", text)))


def _all_symbols(text: str) -> str:
    return squeeze(str(_basic().clean(text)).lower())


def _step(name: str, help: str, function: Callable[[str], str]) -> Step:
    return Step(name=name, help=help, texts=each(function))


def _version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ABSENT


_LOWER = _step("lower case", "Letters are put in lower case.", _lower)
_BRACKETS = _step("brackets", "What stands in [], <> or () goes, the brackets with it.", _brackets)

WHISPER: Mapping[str, Normalizer] = {
    one.name: one
    for one in (
        Normalizer(
            name="whisper_english",
            version=_version(),
            title="Whisper English",
            help=(
                "Whisper's normalizer for English, as on the Open ASR Leaderboard: lower case; brackets and fillers "
                "(hmm, uh) go; contractions are written out, number words become digits, British spellings American; "
                "accents and punctuation go. It is not idempotent."
            ),
            apply=english,
            lines=english_lines,
            maker="evaluator.normalizers.whisper:english",
            by_word=False,
            idempotent=False,
            steps=(
                _LOWER,
                _BRACKETS,
                _step("fillers", "hmm, mm, mhm, mmm, uh and um go.", _fillers),
                _step("contractions", "can't becomes can not, gonna going to, mr mister.", _contractions),
                _step(
                    "punctuation",
                    "Punctuation, symbols (but . % and currencies) and accents go; 1,000 becomes 1000.",
                    _symbols,
                ),
                _step("numbers", "Number words become digits: twenty one becomes 21, ten dollars $10.", _numbers),
                _step("spellings", "British spellings become American: colour becomes color.", _spellings),
                _step("symbols left", "Points, percent and currency signs that are not at a number go.", _left_symbols),
            ),
        ),
        Normalizer(
            name="whisper_basic",
            version=_version(),
            title="Whisper basic",
            help=(
                "Whisper's normalizer for languages other than English: lower case; brackets go; punctuation, symbols "
                "and all combining marks become spaces, so vowel signs of Indic, Arabic and Hebrew scripts are lost."
            ),
            apply=basic,
            lines=basic_lines,
            maker="evaluator.normalizers.whisper:basic",
            by_word=False,
            idempotent=False,
            steps=(
                _LOWER,
                _BRACKETS,
                _step("symbols and marks", "Punctuation, symbols and combining marks become spaces.", _all_symbols),
            ),
        ),
    )
}
"""By name."""
