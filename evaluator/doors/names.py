"""Who asks: the name of a login, or the one that somebody typed once and their browser keeps in a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from flask import has_request_context, request

from explorer.config import Config

COOKIE = "earmark_name"
LONGEST_NAME = 80


def asking(config: Config, said: Mapping[str, Any] | None = None) -> str:
    """The name behind the request; "" for nobody.

    That of the header ``review.login_header`` where the configuration names one; else ``who`` of what the request
    says, else the cookie's.
    """
    if not has_request_context():
        return ""
    header = config.review.login_header
    if header is not None:
        return cleaned(request.headers.get(header))
    return cleaned((said or {}).get("who")) or cleaned(unquote(request.cookies.get(COOKIE, "")))


def cleaned(name: Any) -> str:
    """A name on one line, at most 80 characters; "" for what is none."""
    words = "".join(letter if letter.isprintable() else " " for letter in name).split() if isinstance(name, str) else ()
    return " ".join(words)[:LONGEST_NAME].strip()
