"""Spoken forms: what is said for what is written, by hand; and that no digit stays, and twice is once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.spoken import SPOKEN_FORMS, spoken_form
from evaluator.spoken.english import english
from evaluator.spoken.numbers import cardinal, ordinal, year
from explorer.errors import ConfigError, MissingPackage

READINGS = [
    ("Dr. Smith paid $5.", "doctor Smith paid five dollars."),
    ("It costs $1, or $12.50, or £0.20.", "It costs one dollar, or twelve dollars and fifty cents, or twenty pence."),
    ("a $3 million deal", "a three million dollars deal"),
    ("At 2:30 p.m. and 14:05, not 7:00.", "At two thirty P M and fourteen oh five, not seven o'clock."),
    ("at 9am", "at nine A M"),
    ("on 2024-05-01", "on May first, twenty twenty four"),
    ("May 21, 1999", "May twenty first, nineteen ninety nine"),
    ("in 1984 and in the 1990s", "in nineteen eighty four and in the nineteen nineties"),
    ("1984 people", "one thousand nine hundred eighty four people"),
    ("the 3rd of 21st", "the third of twenty first"),
    ("1/2 and 2 3/4", "one half and two and three quarters"),
    ("3.14 and 1,204", "three point one four and one thousand two hundred four"),
    ("call 555-1234", "call five five five, one two three four"),
    ("5-10 of -4", "five to ten of minus four"),
    ("98% at 20 °C and 5 km", "ninety eight percent at twenty degrees Celsius and five kilometers"),
    ("St. Paul lives at 42 Main St. now", "saint Paul lives at forty two Main street now"),
    ("A4 paper, 3D", "A four paper, three D"),
    ("room 007", "room zero zero seven"),
    ("nothing to spell out, it's fine", "nothing to spell out, it's fine"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "spoken"), READINGS)
def test_what_is_written_is_said(written: str, spoken: str) -> None:
    assert english()(written) == spoken


@given(st.text(alphabet="0123456789.,:-/$€% ABamp°", max_size=40) | st.text(max_size=40))
def test_no_digit_stays_and_twice_is_once(text: str) -> None:
    said = english()(text)
    assert not re.search("[0-9]", said)
    assert english()(said) == said


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (100, "one hundred"),
        (1_000_000, "one million"),
        (15_017, "fifteen thousand seventeen"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_ordinals_and_years() -> None:
    assert [ordinal(n) for n in (1, 12, 20, 100, 103)] == [
        "first", "twelfth", "twentieth", "one hundredth", "one hundred third",
    ]  # fmt: skip
    assert [year(n) for n in (1066, 1900, 1905, 2000, 2005, 2024)] == [
        "ten sixty six", "nineteen hundred", "nineteen oh five", "two thousand", "two thousand five",
        "twenty twenty four",
    ]  # fmt: skip


@given(st.integers(0, 10**22))
def test_every_number_has_words_of_its_own(number: int) -> None:
    said = cardinal(number)
    assert said.replace(" ", "").isalpha()
    assert number < 20 or number > 10**21 - 1 or said != cardinal(number + 1)


def test_every_form_is_named_and_says_what_is_missing() -> None:
    for name, form in SPOKEN_FORMS.items():
        assert spoken_form(name) is form
        assert form.help
        if form.missing:
            with pytest.raises(MissingPackage, match="pip install"):
                form.load()
        else:
            assert form.load()("plain words") == "plain words"
    with pytest.raises(ConfigError, match="known are: none, english"):
        spoken_form("klingon")
