"""Downloads of what pages show: a file made of the address, a sentence as JSON where that cannot be.

What is still being made is answered with 503 and when to ask again, so that no thread of the server waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import orjson
from flask import Response, request

from evaluator.comparison_store import Making
from explorer.errors import SpeechDataError
from explorer.querying.parameters import Parameters

RETRY_SECONDS = 2

T = TypeVar("T")


class StillMaking(SpeechDataError):
    """What a download would hold is still being made."""


def ready(found: T | Making) -> T:
    """What was found, when it is there.

    Raises:
        StillMaking: it is not.
    """
    if isinstance(found, Making):
        raise StillMaking("This is still being made; ask again in a moment.")
    return found


def attachment(name: str, media_type: str, write: Callable[[Parameters], str | Iterable[bytes]]) -> Response:
    """The file ``name`` with what ``write`` makes of the request's address; 400 with a sentence where it raises one."""
    try:
        text = write(Parameters(tuple(request.args.items(multi=True))))
    except StillMaking as error:
        told = orjson.dumps({"error": str(error)})
        return Response(told, 503, {"Retry-After": str(RETRY_SECONDS)}, mimetype="application/json")
    except SpeechDataError as error:
        return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
    answer = Response(text, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
