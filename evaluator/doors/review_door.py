"""The door for edits: JSON in, the written events out, for the editor and whatever else corrects utterances.

    POST /api/review/<corpus>/events     {"edits": [...]} (evaluator/review/edits.py) -> {"events": [...], "revision"}
    GET  /api/review/<corpus>/events     ?after=n [&subject=id] -> at most 1,000 {"events": [...], "revision"}
    POST /api/review/<corpus>/presence   {"subject", "who", "editing", "after"} -> {"present": [...], "others": words,
                                         "events": [...] of the subject after that number, "names": [...], "revision"}
    GET  /api/review-name                {"who": name, "login": whether a proxy says it}
    POST /api/review-name                {"name"}, which is kept in a cookie

An answer of 200 says: on disk. An error is ``{"error": sentence, "kind": word}``: 409 "stale" (with
"newer", the event that came between) or "row" (with the "row" as it is now, and its "seen"), 403 "read_only", 401
"nameless", 404 "unknown", 503 "unavailable", 413 "large", 422 "bad".

On the overlap of an assignment nobody is shown what the other of the two said before they have decided themselves, and
"stale" is judged by their own edits until both have (evaluator/review/overlap.py).

Who writes: the header ``review.login_header`` where the configuration names one; else ``who`` of the request, else the
cookie. Requests that write must be JSON, which another site's form cannot send, and come from this site's pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from evaluator.doors.names import COOKIE, asking, cleaned
from evaluator.ledger import review_space
from evaluator.review.edits import drafts
from evaluator.review.presence import SharedBoard, in_words
from evaluator.review.shown import news
from explorer.errors import (
    BadEdit,
    LedgerReadOnly,
    LedgerUnavailable,
    Nameless,
    RowChanged,
    SpeechDataError,
    StaleEdit,
    UnknownCorpus,
    UnknownUtterance,
)

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

COOKIE_SECONDS = 365 * 24 * 3600
MOST_EVENTS = 1_000

FAULTS: tuple[tuple[type[SpeechDataError], int, str], ...] = (
    (StaleEdit, 409, "stale"),
    (RowChanged, 409, "row"),
    (LedgerReadOnly, 403, "read_only"),
    (LedgerUnavailable, 503, "unavailable"),
    (Nameless, 401, "nameless"),
    (UnknownCorpus, 404, "unknown"),
    (UnknownUtterance, 404, "unknown"),
)
"""The HTTP status and kind of each error; 422 "bad" for any other."""


def register(server: Flask, stores: EvaluatorStores) -> None:
    """Add the routes to ``server``."""
    routes = Blueprint("review_door", __name__)
    board = SharedBoard(stores.ledger)

    @routes.post("/api/review/<corpus>/events")
    @_answering
    def write(corpus: str) -> dict[str, Any]:
        body, space = _body(), review_space(corpus)
        wanted = body.get("edits")
        who = _author(stores, wanted[0] if isinstance(wanted, list) and wanted else {})
        opened = stores.library.get(corpus)
        made = drafts(wanted, opened, stores.ledger, space=space, who=who)
        written = news(stores.ledger, stores.ledger.append(made), opened, who)
        return {"events": [event.plain() for event in written], "revision": stores.ledger.revision(space)}

    @routes.get("/api/review/<corpus>/events")
    @_answering
    def read(corpus: str) -> dict[str, Any]:
        after, who = _number(request.args.get("after", "0")), asking(stores.config)
        return _news(stores, corpus, request.args.get("subject"), after, who)

    @routes.post("/api/review/<corpus>/presence")
    @_answering
    def presence(corpus: str) -> dict[str, Any]:
        body, space = _body(), review_space(corpus)
        subject, who = str(body.get("subject", "")), asking(stores.config, body)
        if who:
            board.sign(space, subject, who, editing=bool(body.get("editing")))
        present = board.at(space, subject, but=who)
        return {
            "present": [{"who": p.who, "editing": p.editing, "seconds": round(p.seconds, 1)} for p in present],
            "others": in_words(present),
            "names": board.names(),
            **_news(stores, corpus, subject, _number(body.get("after", 0)), who),
        }

    @routes.get("/api/review-name")
    @_answering
    def name() -> dict[str, Any]:
        return {"who": asking(stores.config), "login": stores.config.review.login_header is not None}

    @routes.post("/api/review-name")
    @_answering
    def rename() -> Response:
        who = cleaned(_body().get("name"))
        if stores.config.review.login_header is not None:
            raise BadEdit("Names are those of the login here; they cannot be chosen.")
        if not who:
            raise Nameless("A name has 1 to 80 characters.")
        answer = _json({"who": who, "login": False})
        answer.set_cookie(
            COOKIE, quote(who), max_age=COOKIE_SECONDS, samesite="Strict", secure=request.is_secure, httponly=True
        )
        return answer

    server.register_blueprint(routes)


def _news(stores: EvaluatorStores, corpus: str, subject: str | None, after: int, who: str) -> dict[str, Any]:
    """The oldest events after a number that somebody may see, and the newest number of the space."""
    opened = stores.library.get(corpus)
    space = review_space(opened.name)
    found = news(stores.ledger, stores.ledger.events(space, subject, after=after)[:MOST_EVENTS], opened, who)
    return {"events": [event.plain() for event in found], "revision": stores.ledger.revision(space)}


def _author(stores: EvaluatorStores, edit: Any) -> str:
    """Who writes.

    Raises:
        Nameless: nobody says.
    """
    who = asking(stores.config, edit if isinstance(edit, dict) else {})
    if not who:
        by_login = stores.config.review.login_header
        raise Nameless(
            f"The login sent no name (header {by_login}); nothing was saved."
            if by_login
            else "Type your name first: every edit is kept with the name of who made it. Nothing was saved."
        )
    return who


def _body() -> dict[str, Any]:
    """The JSON object of a request that writes.

    Raises:
        BadEdit: it is none, or comes from another site.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise BadEdit("This request comes from another site.")
    if request.mimetype != "application/json":
        raise BadEdit("Send JSON (Content-Type: application/json).")
    try:
        body = orjson.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError as error:
        raise BadEdit(f"The request is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BadEdit("The request must be a JSON object.")
    return body


def _number(value: Any) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadEdit('"after" must be the number of an event, from 0 on.')
    return int(text)


def _answering(view: Callable[..., dict[str, Any] | Response]) -> Callable[..., Response]:
    """The view with its result as JSON, and its errors as sentences."""

    @wraps(view)
    def answer(**arguments: str) -> Response:
        try:
            result = view(**arguments)
            return result if isinstance(result, Response) else _json(result)
        except RequestEntityTooLarge:
            return _json({"error": "This is too large to be saved (server.max_request_mb).", "kind": "large"}, 413)
        except SpeechDataError as error:
            status, kind = next(((s, k) for cls, s, k in FAULTS if isinstance(error, cls)), (422, "bad"))
            return _json({"error": str(error), "kind": kind, **_more(error)}, status)

    return answer


def _more(error: SpeechDataError) -> dict[str, Any]:
    if isinstance(error, StaleEdit):
        return {"newer": error.newer.plain() if error.newer is not None else None}
    if isinstance(error, RowChanged):
        return {"row": error.row, "seen": error.fingerprint}
    return {}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    # A file name with undecodable bytes is a lone surrogate in Python and may not go into JSON.
    try:
        sent = orjson.dumps(content)
    except TypeError:
        sent = orjson.dumps({**content, "error": str(content.get("error", "")).encode(errors="replace").decode()})
    answer = Response(sent, status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
