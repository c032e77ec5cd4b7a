"""Whisper's normalizers: what they are known to do, and that their steps are the package's own function."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.normalizers.plain import squeeze
from evaluator.normalizers.registry import NORMALIZERS

ENGLISH, BASIC = NORMALIZERS["whisper_english"], NORMALIZERS["whisper_basic"]

# Words that the rules are about, so that short texts meet many of them.
_LISTED = (
    "one two twenty one hundred thousand and a half point oh zero double three dollars cents minus per cent percent "
    "first thirds $2 ¢7 1,000 2.5 ½ 3rd 1960s won't can't he's been gonna mr. mr uh hmm colour realise it ' 's [ ] ( ) "
    "<x> . % café ß हिन्दी ١٢ x\u200by \u0301 \u00a0"
)
words = st.sampled_from(_LISTED.split(" "))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Twenty-one colours, can't they?", "21 colors can not they"),
        ("Uh, Mr. Smith's gonna pay ten dollars [noise] (yes)", "mister smith is going to pay $10"),
        ("1,000 and 5%", "1000 and 5%"),
        ("one oh one", "101"),
        ("café", "cafe"),
        ("", ""),
        ("...", "."),
    ],
)
def test_english_by_hand(text: str, expected: str) -> None:
    assert ENGLISH.apply(text) == expected


def test_basic_takes_vowel_signs_out() -> None:
    assert BASIC.apply("Hello, [noise] World (x)!") == "hello world"
    assert BASIC.apply("हिन्दी") == "ह न द"
    assert NORMALIZERS["basic"].apply("हिन्दी") == "हिन्दी"


def test_the_version_is_the_packages() -> None:
    assert ENGLISH.version == BASIC.version == version("whisper_normalizer")


@pytest.fixture(scope="module")
def packages() -> tuple[Callable[[str], str], ...]:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer(), BasicTextNormalizer()


@given(text=st.lists(words, max_size=12).map(" ".join) | st.lists(words, max_size=5).map("".join))
@settings(max_examples=500, deadline=None)
def test_the_steps_are_the_packages_function(packages: tuple[Callable[[str], str], ...], text: str) -> None:
    for chosen, package in zip((ENGLISH, BASIC), packages, strict=True):
        made = [squeeze(text)]
        for step in chosen.steps:
            made = list(step.texts(made))
        assert squeeze(made[0]) == chosen.apply(text) == " ".join(package(text).split())


def test_english_is_not_idempotent_and_says_so() -> None:
    once = ENGLISH.apply("forty negative euros")
    assert (once, ENGLISH.apply(once)) == ("40 -euros", "€40")
    assert not ENGLISH.idempotent
    assert "not idempotent" in ENGLISH.help


def test_numbers_span_words_so_it_does_not_go_by_word() -> None:
    assert ENGLISH.words("twenty one") == ["21"]
    assert [word for token in ("twenty", "one") for word in ENGLISH.words(token)] == ["20", "one"]
    assert not ENGLISH.by_word
