"""One line of JSON with some of its values changed, and every other byte as it was.

Numbers, escapes, spaces and the order of keys stay as somebody wrote them; of a key that occurs twice the last value
counts, as in Python's json. New keys go to the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def changed(line: bytes, values: Mapping[str, Any]) -> bytes:
    """The line, an object and perhaps an end of line, with these values under these keys.

    Raises:
        ValueError: the line is no JSON object.
    """
    text = line.decode()
    spans, end = _spans(text)
    ascii_only = text.isascii() and "\\u" in text
    comma, colon = (", ", ": ") if _spaced(text, spans) else (",", ":")

    def written(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, separators=(comma, colon))

    pieces, last = [], 0
    for start, stop, key in sorted((*spans[key], key) for key in values if key in spans):
        pieces += [text[last:start], written(values[key])]
        last = stop
    new = [f"{written(key)}{colon}{written(value)}" for key, value in values.items() if key not in spans]
    between = [comma] if spans and new else []
    return "".join([*pieces, text[last:end], *between, comma.join(new), text[end:]]).encode()


def _spans(text: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Where the value of each key stands, and where a further pair would."""
    place = _skip(text, 0)
    if text[place : place + 1] != "{":
        raise ValueError("the line is no JSON object")
    place = _skip(text, place + 1)
    spans: dict[str, tuple[int, int]] = {}
    end = place
    while text[place : place + 1] != "}":
        key, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if text[place : place + 1] != ":":
            raise ValueError("a colon is missing")
        start = _skip(text, place + 1)
        _, end = _DECODER.raw_decode(text, start)
        spans[key] = (start, end)
        place = _skip(text, end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "}":
            raise ValueError("a comma is missing")
    return spans, end


def _spaced(text: str, spans: Mapping[str, tuple[int, int]]) -> bool:
    """Whether there is a space before the values."""
    return not spans or any(text[start - 1] == " " for start, _ in spans.values())


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None
    return found.end()
