"""Numbers and values as people read them: the one place that decides digits, units and the word for "nothing there".

Conventions: rates are fractions inside and become percent here. Thousands are separated by commas, a number and its
unit by a no-break space. An undefined number in a sentence is "undefined"; an empty cell is an en dash.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

from explorer.columns import Column

UNDEFINED = "undefined"
EMPTY = "–"
SPACE = "\u00a0"


def percent(fraction: float | None, *, digits: int = 2) -> str:
    """``0.1234`` as "12.34 %"."""
    return UNDEFINED if not _finite(fraction) else f"{100 * fraction:,.{digits}f}{SPACE}%"


def count(number: float | None) -> str:
    """``1234567`` as "1,234,567"."""
    return UNDEFINED if not _finite(number) else f"{round(number):,}"


def counted(number: int, noun: str) -> str:
    """A count with its noun, whose plural takes an s: ``1 word``, ``2,000 words``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def decimal(number: float | None, *, digits: int = 2) -> str:
    """``1234.5`` as "1,234.50"; numbers too small or large for that in scientific notation."""
    if not _finite(number):
        return UNDEFINED
    size = abs(number)
    if size and (size < 0.5 * 10.0**-digits or size >= 1e15):
        return f"{number:.{digits}e}"
    return f"{number:,.{digits}f}"


def seconds(time: float | None, *, digits: int = 2) -> str:
    """``3.5`` as "3.50 s"."""
    return UNDEFINED if not _finite(time) else f"{decimal(time, digits=digits)}{SPACE}s"


def clock(time: float | None) -> str:
    """A place on a time axis: ``3725.25`` as "1:02:05.25", ``5`` as "0:05.00"."""
    if not _finite(time):
        return UNDEFINED
    hundredths = round(abs(time) * 100)
    minutes, rest = divmod(hundredths, 6000)
    sign, tail = "-" if time < 0 and hundredths else "", f"{rest // 100:02d}.{rest % 100:02d}"
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{tail}" if minutes >= 60 else f"{sign}{minutes}:{tail}"


def hours(amount: float | None) -> str:
    """An amount of hours in the unit that suits it: "42.0 s", "12.5 min", "1,674.3 h"."""
    if not _finite(amount):
        return UNDEFINED
    for unit, size in (("s", 3600), ("min", 60)):
        if round(abs(amount) * size, 1) < 60:
            return f"{amount * size:.1f}{SPACE}{unit}"
    return f"{amount:,.1f}{SPACE}h"


def value(column: Column, content: Any) -> str:
    """A column's value as a cell shows it."""
    if content is None or (isinstance(content, float) and not math.isfinite(content)):
        return EMPTY
    if isinstance(content, bool):
        return "yes" if content else "no"
    if column.kind == "number" and isinstance(content, int | float):
        return _number(column, content)
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def _number(column: Column, content: float) -> str:
    match column.style:
        case "integer":
            return f"{content:,}" if isinstance(content, int) else decimal(content, digits=0 if content % 1 == 0 else 2)
        case "percent":
            return percent(content)
        case "seconds":
            return seconds(content)
        case _:
            return decimal(content) + (f"{SPACE}{column.unit}" if column.unit else "")


GRID_FORMATS = {
    "text": ("earmarkOther", 0),
    "integer": ("earmarkInteger", 0),
    "decimal": ("earmarkDecimal", 2),
    "rate": ("earmarkDecimal", 2),
    "seconds": ("earmarkDecimal", 2),
    "percent": ("earmarkPercent", 2),
}


def grid_format(column: Column) -> tuple[str, int]:
    """The browser's formatter of a column (a function of assets/dashAgGridFunctions.js) and its digits.

    The digits are those of ``value``; the unit is in the table's header.
    """
    return GRID_FORMATS[column.style]


def _finite(number: float | None) -> TypeGuard[float]:
    return number is not None and math.isfinite(number)
