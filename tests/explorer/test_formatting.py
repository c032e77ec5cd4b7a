"""Numbers as people read them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from explorer.columns import Column
from explorer.formatting import GRID_FORMATS, clock, count, decimal, grid_format, hours, percent, seconds, value

SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(0.1234), "12.34 %"),
        (percent(0), "0.00 %"),
        (percent(12.5), "1,250.00 %"),
        (percent(0.5, digits=0), "50 %"),
        (percent(None), "undefined"),
        (percent(math.nan), "undefined"),
        (count(1234567), "1,234,567"),
        (count(0), "0"),
        (count(None), "undefined"),
        (decimal(1234.5), "1,234.50"),
        (decimal(0.0), "0.00"),
        (decimal(-0.125, digits=3), "-0.125"),
        (decimal(0.00012), "1.20e-04"),
        (decimal(1e20), "1.00e+20"),
        (decimal(math.inf), "undefined"),
        (seconds(3.5), "3.50 s"),
        (seconds(None), "undefined"),
        (clock(5), "0:05.00"),
        (clock(65.004), "1:05.00"),
        (clock(59.999), "1:00.00"),
        (clock(3725.25), "1:02:05.25"),
        (clock(-5), "-0:05.00"),
        (clock(None), "undefined"),
        (hours(0), "0.0 s"),
        (hours(42 / 3600), "42.0 s"),
        (hours(59.99 / 3600), "1.0 min"),
        (hours(12.5 / 60), "12.5 min"),
        (hours(59.99 / 60), "1.0 h"),
        (hours(1674.3), "1,674.3 h"),
        (hours(None), "undefined"),
    ],
)
def test_numbers(shown: str, expected: str):
    assert shown.replace(SPACE, " ") == expected


def column(kind: Any, style: Any = "text", unit: str = "") -> Column:
    return Column(name="x", label="x", kind=kind, help="", style=style, unit=unit)


@pytest.mark.parametrize(
    ("given", "content", "expected"),
    [
        (column("number", "percent"), 0.05, "5.00 %"),
        (column("number", "percent"), None, "–"),
        (column("number", "integer"), 12345, "12,345"),
        (column("number", "integer"), 2**62, "4,611,686,018,427,387,904"),
        (column("number", "integer"), 2.5, "2.50"),
        (column("number", "integer"), 2.0, "2"),
        (column("number", "seconds", "s"), 1.5, "1.50 s"),
        (column("number", "rate", "words/s"), 2.5, "2.50 words/s"),
        (column("number", "decimal"), math.nan, "–"),
        (column("flag"), True, "yes"),
        (column("flag"), False, "no"),
        (column("text"), "", ""),
        (column("text"), "as it is", "as it is"),
        (column("json"), {"ä": [1]}, '{"ä": [1]}'),
        (column("json"), '{"a": 1}', '{"a": 1}'),
    ],
)
def test_values(given: Column, content: Any, expected: str):
    assert value(given, content).replace(SPACE, " ") == expected


def test_every_style_has_a_formatter_in_the_page_script():
    script = (Path(__file__).parents[2] / "assets" / "dashAgGridFunctions.js").read_text(encoding="utf-8")
    known = set(re.findall(r"dagfuncs\.(\w+) =", script))
    for style, (name, digits) in GRID_FORMATS.items():
        assert grid_format(column("number", style)) == (name, digits)
        assert name in known
