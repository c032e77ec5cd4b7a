"""What the review page asks for in the background: the order to go through, its rows, one utterance, live rates.

    GET  /api/review/<corpus>/order?<view>&order=&u=          a token, how many, and the place of u (else of the first)
    GET  /api/review/<corpus>/rows?order=&start=&stop=        rows of the order, with what is decided and why
    GET  /api/review/<corpus>/undecided?order=&start=         the first row from there on without a decision, or null
    GET  /api/review/<corpus>/utterances/<id>?order=          the sheet of an utterance (evaluator/review/sheet.py)
    POST /api/review/<corpus>/utterances/<id>/alignment       {"text": ...} against every hypothesis (live_alignment.py)

``normalizer=`` as everywhere. An error is JSON, ``{"error": sentence}``: 404 unknown, 410 an order that must be asked
for again, 400 otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from flask import Blueprint, Flask, Response, request

from evaluator.doors.names import asking
from evaluator.review.live_alignment import drawing
from evaluator.review.order import Order, OrderStore, UnknownOrder
from evaluator.review.sheet import said_words, sheet
from evaluator.review.shown import Shown, first_undecided, shown
from evaluator.suspicion.columns import REASONS, SCORE
from evaluator.suspicion.queue import columns_read, has_suspicion, queued, reasons
from evaluator.suspicion.ranking import PARAMETER, Choice
from explorer.components.player import player
from explorer.corpora.recordings import recording_of
from explorer.errors import LedgerError, LedgerUnavailable, QueryError, SpeechDataError, UnknownCorpus, UnknownUtterance
from explorer.formatting import decimal, seconds
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores
    from explorer.corpora.corpus import Corpus, Utterance

ORDER = "order"
"""The parameter of the address that says in which order a view is gone through."""

TABLE = "table"
QUEUE = "queue"

MOST_ROWS = 200
LONGEST_TEXT = 160
LONGEST_EDITED = 1_000_000
"""Characters of a text whose rates are still counted while it is edited."""

STATUS = ((UnknownOrder, 410), (UnknownCorpus, 404), (UnknownUtterance, 404), (LedgerError, 503))


def add_routes(server: Flask, stores: EvaluatorStores, orders: OrderStore) -> None:
    """Add the routes to ``server``."""
    routes = Blueprint("review", __name__, url_prefix="/api/review/<corpus>")

    def parameters(corpus: str) -> Parameters:
        return Parameters(tuple(request.args.items(multi=True))).replaced(corpus=corpus)

    @routes.get("/order")
    def order(corpus: str) -> Response:
        asked = parameters(corpus)
        opened = stores.corpus(asked)
        made = orders.keep(opened, opened.rows(arranged(opened, asked)))
        return _json({"token": made.token, "total": made.size, "at": _start(opened, made, asked.get("u"))})

    @routes.get("/rows")
    def rows(corpus: str) -> Response:
        asked = parameters(corpus)
        opened = stores.corpus(asked)
        made = orders.get(opened, asked.get("order", ""))
        start, stop = _number(asked, "start"), _number(asked, "stop")
        return _json({"rows": listed(stores, opened, made, start, min(stop, start + MOST_ROWS))})

    @routes.get("/undecided")
    def undecided(corpus: str) -> Response:
        asked = parameters(corpus)
        opened = stores.corpus(asked)
        made = orders.get(opened, asked.get("order", ""))
        start, who = _number(asked, "start"), asking(stores.config)
        place = first_undecided(stores.ledger, opened, made.rows, who, start=start)
        if place is None:
            return _json({"next": None})
        [(id, _)] = opened.listed(made.rows[place : place + 1], ())
        return _json({"next": {"id": id, "place": place}})

    @routes.get("/utterances/<utterance>")
    def whole_sheet(corpus: str, utterance: str) -> Response:
        asked = parameters(corpus)
        opened = stores.corpus(asked)
        return _json(_sheet(stores, opened, opened.utterance(utterance), asked, orders))

    @routes.post("/utterances/<utterance>/alignment")
    def alignment(corpus: str, utterance: str) -> Response:
        asked = parameters(corpus)
        opened = stores.corpus(asked)
        found = opened.utterance(utterance)
        body = request.get_json(silent=True)
        text = body.get("text") if isinstance(body, Mapping) else None
        if not isinstance(text, str) or len(text) > LONGEST_EDITED:
            raise QueryError(f'the request needs "text", at most {LONGEST_EDITED:,} characters')
        lanes = stores.lanes(opened, found)
        return _json(drawing(text, found.hypotheses, stores.chosen_normalizer(asked), said=said_words(lanes, found)))

    @routes.errorhandler(SpeechDataError)
    def sentence(error: SpeechDataError) -> Response:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 400)
        return _json({"error": str(error).rstrip(".")}, status=status)

    server.register_blueprint(routes)


def arranged(corpus: Corpus, parameters: Parameters) -> Query:
    """The view of the address in the order in which it is gone through: likely errors first, or as the table has it."""
    view = Query.from_pairs(parameters.pairs)
    return view if parameters.get(ORDER) == TABLE else queued(corpus, view)


def listed(stores: EvaluatorStores, corpus: Corpus, order: Order, start: int, stop: int) -> list[dict[str, Any]]:
    """Rows of an order as the list shows them."""
    columns = ("reference", "duration", *(name for name in (SCORE, REASONS) if has_suspicion(corpus)))
    found = corpus.listed(order.rows[start:stop], columns)
    known: dict[str, Shown] = {}
    # The sheet of each utterance says when the ledger is away; the list can be gone through all the same.
    with suppress(LedgerUnavailable):
        known = shown(stores.ledger, corpus.name, {id: values[0] for id, values in found}, asking(stores.config))
    nothing = Shown(events={})
    return [_row(id, dict(zip(columns, values, strict=True)), known.get(id, nothing)) for id, values in found]


def _row(id: str, values: Mapping[str, Any], said: Shown) -> dict[str, Any]:
    corrected, decided = said.events.get("reference"), said.events.get("decision")
    reference, overlap = values["reference"], said.overlap
    text = corrected.new if corrected is not None else reference
    score = values.get(SCORE)
    return {
        "id": id,
        "text": (text or "")[:LONGEST_TEXT],
        "duration": seconds(values["duration"], digits=1) if values["duration"] is not None else "",
        "corrected": corrected.who if corrected is not None and corrected.new != reference else None,
        "decision": decided.new if decided is not None else None,
        "who": decided.who if decided is not None else None,
        "changedBy": said.changed_by,
        "overlap": overlap.state if overlap is not None else None,
        "score": decimal(score) if score else "",
        "why": values.get(REASONS) or "",
    }


def _start(corpus: Corpus, order: Order, wanted: str | None) -> dict[str, Any] | None:
    """Where to begin: at the utterance of the address, wherever it is, else at the first."""
    if wanted:
        return {"id": wanted, "place": order.place(corpus.utterance(wanted).row)}
    first = corpus.listed(order.rows[:1], ())
    return {"id": first[0][0], "place": 0} if first else None


def _sheet(
    stores: EvaluatorStores, corpus: Corpus, utterance: Utterance, asked: Mapping[str, str], orders: OrderStore
) -> dict[str, Any]:
    lanes = stores.lanes(corpus, utterance)
    drawn = player(
        corpus.name, utterance, lanes=lanes, recording=recording_of(corpus, utterance), in_address=True
    ).to_plotly_json()["props"]
    order = orders.get(corpus, asked.get("order", ""))
    return {
        **sheet(corpus, utterance, stores.ledger, stores.chosen_normalizer(asked), lanes, who=asking(stores.config)),
        "place": order.place(utterance.row),
        "player": {name: value for name, value in drawn.items() if name.startswith("data-")},
        "why": _why(corpus, utterance, Choice.of(asked.get(PARAMETER))),
    }


def _why(corpus: Corpus, utterance: Utterance, choice: Choice) -> list[dict[str, str]]:
    columns = columns_read(corpus)
    if not columns:
        return []
    [(_, values)] = corpus.listed(np.array([utterance.row], np.int32), columns)
    found = reasons(dict(zip(columns, values, strict=True)), choice)
    return [{"title": one.title, "words": one.words, "strength": decimal(one.strength)} for one in found]


def _number(asked: Mapping[str, str], name: str) -> int:
    text = asked.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise QueryError(f'the request needs "{name}", a whole number')
    return int(text)


def _json(content: Any, *, status: int = 200) -> Response:
    """Lone surrogates (undecodable bytes of a file's name) are no JSON: they are replaced."""
    try:
        text = orjson.dumps(content)
    except TypeError:
        text = orjson.dumps(_clean(content))
    answer = Response(text, status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _clean(content: Any) -> Any:
    if isinstance(content, str):
        return content.encode(errors="replace").decode()
    if isinstance(content, Mapping):
        return {_clean(key): _clean(value) for key, value in content.items()}
    return [_clean(part) for part in content] if isinstance(content, list | tuple) else content
