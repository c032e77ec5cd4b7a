"""What commands print on standard output for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def print_json(document: Mapping[str, Any]) -> None:
    """A document as JSON, indented so that people can read it, too."""
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
