"""English read aloud, by rules: money, times, dates, ordinals, fractions, decimals, numbers, units, abbreviations.

Rules go over the text in order, the more particular ones first, each replacing what it matches; everything else stays
letter by letter, case and punctuation too. No digit is left. Where English has several readings one is chosen: 1984
after "in" or a month is a year, elsewhere a number; 555-1234 is digits, 5-10 a range; "St." before a capital a saint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from evaluator.normalizers.nemo import written_out
from evaluator.spoken.numbers import cardinal, digits, ordinal, year

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
CURRENCIES = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "sen")}
PLURALS = {"penny": "pence", "yen": "yen", "sen": "sen", "foot": "feet"}
UNITS = {
    "km/h": "kilometers per hour", "mph": "miles per hour", "km": "kilometers", "cm": "centimeters",
    "mm": "millimeters", "kg": "kilograms", "mg": "milligrams", "kHz": "kilohertz", "MHz": "megahertz",
    "GHz": "gigahertz", "Hz": "hertz", "kB": "kilobytes", "MB": "megabytes", "GB": "gigabytes", "ms": "milliseconds",
    "dB": "decibels", "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "°": "degrees", "%": "percent",
}  # fmt: skip
ABBREVIATIONS = {
    "Dr.": "doctor", "Mr.": "mister", "Mrs.": "missus", "Ms.": "miss", "Prof.": "professor", "Jr.": "junior",
    "Sr.": "senior", "Gen.": "general", "Capt.": "captain", "Lt.": "lieutenant", "Ave.": "avenue",
    "Blvd.": "boulevard", "Rd.": "road", "vs.": "versus", "etc.": "et cetera", "e.g.": "for example",
    "i.e.": "that is", "approx.": "approximately", "Inc.": "incorporated", "Ltd.": "limited", "dept.": "department",
}  # fmt: skip
SIGNS = {"&": "and", "@": "at", "%": "percent", "+": "plus", "=": "equals", "#": "number"}
HALVES = {2: "half", 4: "quarter"}
SCALES = "hundred|thousand|million|billion|trillion"
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_MONTH = "|".join(MONTHS)


def as_written() -> Callable[[str], str]:
    """The text itself."""
    return str


def english() -> Callable[[str], str]:
    """The text with everything spelled out that is not a word."""
    return _spelled


def by_nemo() -> Callable[[str], str]:
    """NeMo's text normalization, case and punctuation kept."""
    return written_out


def _spelled(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _whole(number: str) -> int:
    return int(number.replace(",", ""))


def _plain(number: str) -> str:
    """A number as it is counted: ``1,204`` or ``3.14``; a whole number with a zero in front is read digit by digit."""
    whole, point, fraction = number.partition(".")
    if len(whole) > 1 and whole.startswith("0") and not point:
        return digits(whole)
    counted = cardinal(_whole(whole))
    return f"{counted} point {digits(fraction)}" if point else counted


def _unit(count: str, singular: str) -> str:
    return singular if count in ("1", "1.0") else PLURALS.get(singular, f"{singular}s")


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match["sign"], match["amount"], match["scale"]
    whole_unit, part_unit = CURRENCIES[sign]
    if scale:
        return f"{_plain(amount)} {scale} {_unit('2', whole_unit)}"
    whole, _, part = amount.partition(".")
    if len(part) != 2:
        return f"{_plain(amount)} {_unit(amount, whole_unit)}"
    spoken = []
    if _whole(whole) or not int(part):
        spoken.append(f"{cardinal(_whole(whole))} {_unit(whole, whole_unit)}")
    if int(part):
        spoken.append(f"{cardinal(int(part))} {_unit(str(int(part)), part_unit)}")
    return " and ".join(spoken)


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"])
    half = match["half"]
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    return f"{said} {half[0].upper()} M" if half else said


def _hour(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['hour']))} {match['half'][0].upper()} M"


def _iso(match: re.Match[str]) -> str:
    month, day = int(match["month"]), int(match["day"])
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(match['year']))}"


def _date(match: re.Match[str]) -> str:
    said = f"{match['month']} {ordinal(int(match['day']))}"
    return f"{said}{match['comma']} {year(int(match['year']))}" if match["year"] else said


def _fraction(match: re.Match[str]) -> str:
    above, below = int(match["above"]), int(match["below"])
    part = HALVES.get(below) or ordinal(below)
    plural = {"half": "halves"}.get(part, f"{part}s")
    said = f"{cardinal(above)} {part if above == 1 else plural}"
    return f"{cardinal(int(match['whole']))} and {said}" if match["whole"] else said


def _decade(match: re.Match[str]) -> str:
    said = year(int(match["year"]))
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def _measure(match: re.Match[str]) -> str:
    first, *more = UNITS[match["unit"]].split()
    singular = match["number"] == "1" and first.endswith("s")
    return " ".join((_plain(match["number"]), first[:-1] if singular else first, *more))


def _negative(match: re.Match[str]) -> str:
    return f"minus {_plain(match['number'])}"


def _joined(match: re.Match[str]) -> str:
    """A number inside a word, such as A4 or 3D: apart from its letters."""
    follows = match.string[match.end() : match.end() + 1].isalpha()
    return f"{match['before']}{' ' if match['before'] else ''}{_plain(match['number'])}{' ' if follows else ''}"


def _compiled(rules: Sequence[tuple[str, Callable[[re.Match[str]], str]]]) -> list[tuple[re.Pattern[str], Callable]]:
    return [(re.compile(pattern), replacement) for pattern, replacement in rules]


_RULES = _compiled(
    (
        (r"(?<!\w)St\.(?=\s+[A-Z])", lambda _: "saint"),
        (r"(?<=\w )St\.", lambda _: "street"),
        (r"\bNo\.(?=\s*\d)", lambda _: "number"),
        (
            "(?<!\\w)(?:" + "|".join(map(re.escape, ABBREVIATIONS)) + ")",
            lambda match: ABBREVIATIONS[match[0]],
        ),
        (
            rf"(?P<sign>[$€£¥])\s?(?P<amount>{_NUMBER})(?:\s+(?P<scale>{SCALES})\b)?",
            _money,
        ),
        (r"\b(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])\b", _iso),
        (
            rf"\b(?P<month>{_MONTH}) (?P<day>[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\b"
            r"(?:(?P<comma>,?) (?P<year>\d{4})\b)?",
            _date,
        ),
        (r"\b(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\b(?:\s?(?P<half>[AaPp])\.?[Mm]\b\.?)?", _time),
        (r"\b(?P<hour>1[0-2]|[1-9])\s?(?P<half>[AaPp])\.?[Mm]\b\.?", _hour),
        (r"\b(?P<year>1[1-9]\d0|20\d0)s\b", _decade),
        (
            rf"\b(?P<before>[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|[Yy]ear|{_MONTH}) (?P<year>1[1-9]\d\d|20\d\d)\b(?![.,]?\d)",
            lambda match: f"{match['before']} {year(int(match['year']))}",
        ),
        (r"\b(\d+)(?:st|nd|rd|th)\b", lambda match: ordinal(int(match[1]))),
        (r"\b(?:(?P<whole>\d+) )?(?P<above>\d{1,2})/(?P<below>[2-9]|[1-9]\d)\b", _fraction),
        (r"\b(\d{3})-(\d{4})\b", lambda match: f"{digits(match[1])}, {digits(match[2])}"),
        (rf"(?<![\w.])(?P<from>{_NUMBER})[-–](?=\d)", lambda match: f"{_plain(match['from'])} to "),
        (
            rf"(?<![\w.])(?P<number>{_NUMBER})\s?(?P<unit>" + "|".join(map(re.escape, UNITS)) + r")(?!\w)",
            _measure,
        ),
        (rf"(?<![\w.)])[-−](?P<number>{_NUMBER})", _negative),
        (rf"(?P<before>[A-Za-z]?)(?P<number>{_NUMBER})", _joined),
        (r"(?<=\s)[&@%+=#](?=\s)", lambda match: SIGNS[match[0]]),
    )
)
