"""Numbers as English words: cardinals, ordinals, years and digits."""

from __future__ import annotations

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
LARGEST = 10 ** (3 * len(SCALES))
"""Numbers from here on are read digit by digit."""


def cardinal(number: int) -> str:
    """A number from 0 on: 1204 is "one thousand two hundred four"."""
    if number >= LARGEST:
        return digits(str(number))
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{ONES[number // 100]} hundred" + (f" {cardinal(number % 100)}" if number % 100 else "")
    scale = (len(str(number)) - 1) // 3
    above, below = divmod(number, 1000**scale)
    return f"{cardinal(above)} {SCALES[scale]}" + (f" {cardinal(below)}" if below else "")


def ordinal(number: int) -> str:
    """A place from 0 on: 21 is "twenty first"."""
    *before, last = cardinal(number).split()
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return " ".join((*before, ORDINALS.get(last, regular)))


def year(number: int) -> str:
    """A year of four digits: 1984 is "nineteen eighty four", 2005 "two thousand five", 1900 "nineteen hundred"."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010 or number < 1000 or number > 9999:
        return cardinal(number)
    if not rest:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(number: str) -> str:
    """Digit by digit."""
    return " ".join(ONES[int(digit)] for digit in number)
