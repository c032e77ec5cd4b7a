"""The raters' door: pages and sound of a listening test, for people who are given a link and know nothing else.

    GET  /listen/<link>                         what the test is about, and the name it is rated under
    POST /listen/<link>                         {name} as a form -> to the rater's own address
    GET  /listen/<link>/<rater>                 the screens, one after the other
    POST /listen/<link>/<rater>/<screen>        {"values": [...], "seconds", "heard": {"1": receipt, ...}}
                                                -> {"screen": the next one, or null, "instead": null, or the values
                                                that count because this rater gave them before, in another window}
    GET  /listen/<link>/<rater>/<screen>/<n>.wav    what is heard at a place of a screen; "reference.wav" with MUSHRA
    GET  /listen/<link>/files/<name>            the page's own style and script

Blindness: nothing that is sent here names a system or a file. Places are numbers in the rater's own random order, and
all sound has one format, one rate and, if wanted, one loudness (evaluator/listening/rendering.py). These pages are
apart from the rest of Earmark: they show no corpus, and a link opens no other page.

Heard before rated: a recording comes with a receipt in the header X-Receipt, and the page sends it along when the
recording was played to its end. A rating without the receipts of all places is refused (listening/receipts.py).

An answer of 200 says that a rating is on disk. An error is a page or JSON {"error": sentence}: 404 for links that open
nothing, 409 where something was not heard, 403 where nothing may be written, 503 when the ledger is away, else 422.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Flask, Response, redirect, render_template_string, request, send_from_directory
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from evaluator.listening.design import ListeningTest
from evaluator.listening.plans import Screen, Slot
from evaluator.listening.ratings import Rater
from evaluator.listening.receipts import Receipts
from evaluator.listening.rendering import rendered
from evaluator.listening.store import Unheard, UnknownTest, following
from explorer.doors.media import channel_of
from explorer.errors import LedgerReadOnly, LedgerUnavailable, QueryError, SpeechDataError, UnknownUtterance
from explorer.sound import audio
from explorer.sound.media_cache import MediaCache

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PREFIX = "/listen"
FILES = Path(__file__).resolve().parents[2] / "assets"
OFFERED = {
    "rating.css": "rating/rating.css",
    "rating.js": "rating/rating.js",
    "style.css": "style.css",
    "bootstrap.css": "vendor/bootstrap/bootstrap.min.css",
    "inter.woff2": "vendor/inter/files/inter-latin-wght-normal.woff2",
}
"""The files of assets/ that the page uses, by the names it knows them by."""

PAGE = Path(__file__).with_name("rating_room.html")
AHEAD = 2
"""Screens whose sound the browser fetches before it needs it."""

CACHE_MB = 128
VERSION = 1
"""Goes up when the same slot would sound different, so that nothing kept is heard again."""

STATUS: tuple[tuple[type[SpeechDataError], int], ...] = (
    (UnknownTest, 404),
    (UnknownUtterance, 404),
    (Unheard, 409),
    (LedgerReadOnly, 403),
    (LedgerUnavailable, 503),
)


def register(server: Flask, stores: EvaluatorStores) -> None:
    """Add the routes to ``server``; rendered sound is kept in the cache folder."""
    routes = Blueprint("rating", __name__, url_prefix=PREFIX)
    cache = MediaCache(stores.config.cache.folder / "listening", limit=CACHE_MB * 1024 * 1024)
    tests = stores.listening

    @routes.get("/<link>")
    @_as_page
    def welcome(link: str) -> str:
        return _page("welcome", test=tests.by_link(link))

    @routes.post("/<link>")
    @_as_page
    def join(link: str) -> str | BaseResponse:
        test = tests.by_link(link)
        name = request.form.get("name", "")
        try:
            rater = tests.join(test, name, heard_of(stores, test))
        except QueryError as error:
            return _page("welcome", test=test, name=name[:200], error=_sentence(error))
        return redirect(f"{PREFIX}/{link}/{rater.id}", 303)

    @routes.get("/<link>/<rater>")
    @_as_page
    def rate(link: str, rater: str) -> str:
        test = tests.by_link(link)
        who, answered = tests.rater(test, rater)
        asked = following(who, answered)
        told = {
            "kind": test.kind,
            "holds": test.scale.holds,
            "low": test.scale.low,
            "high": test.scale.high,
            "labels": {str(value): label for value, label in test.scale.labels.items()},
            "question": test.asked,
            "here": f"{PREFIX}/{link}/{rater}",
            "reference": test.scale.holds == "all" and test.reference is not None,
            "screen": _told(stores, test, who, asked),
        }
        return _page("rate", test=test, rater=who, told=told)

    @routes.post("/<link>/<rater>/<screen>")
    @_as_json
    def answer(link: str, rater: str, screen: str) -> dict[str, Any]:
        test = tests.by_link(link)
        body = request.get_json()
        values = body.get("values") if isinstance(body, dict) else None
        if not isinstance(values, list):
            raise QueryError('an answer has "values", a list of numbers')
        who, answered = tests.rater(test, rater)
        if screen not in answered:  # what is on disk already is sent again by a browser that got no answer
            _refuse_unheard(tests.receipts, who, screen, body.get("heard"))
        told = _seconds(body.get("seconds"))
        kept = tests.submit(test, rater, screen, values, told, lasts=lambda shown: _lasts(stores, test, shown))
        return {"screen": _told(stores, test, who, kept.following), "instead": kept.instead}

    @routes.get("/<link>/<rater>/<screen>/<place>.wav")
    @_as_json
    def sound(link: str, rater: str, screen: str, place: str) -> Response:
        test = tests.by_link(link)
        who, _ = tests.rater(test, rater)
        slot, sentence = _slot(test, who, screen, place)
        content = _rendered(stores, cache, test, sentence, slot)
        # Named after the place, not the content: equal sounds of different raters must not look alike.
        sent = _streamed(content, hashlib.blake2b(request.path.encode(), digest_size=12).hexdigest())
        sent.headers["X-Receipt"] = tests.receipts.of(who.id, screen, place)
        return sent

    @routes.get("/<link>/files/<name>")
    @_as_json
    def file(link: str, name: str) -> Response:
        tests.by_link(link)
        if name not in OFFERED:
            raise UnknownTest("There is no such file.")
        return send_from_directory(FILES, OFFERED[name], max_age=300)

    server.register_blueprint(routes)


def heard_of(stores: EvaluatorStores, test: ListeningTest) -> dict[str, frozenset[str]]:
    """Which systems have read each sentence of the test's corpus.

    Raises:
        UnknownCorpus: it is not open.
    """
    material = stores.stimuli.of(stores.library.get(test.corpus))
    return {key: frozenset(material.cells[key]) for key in test.sentences if key in material.cells}


def _lasts(stores: EvaluatorStores, test: ListeningTest, screen: Screen) -> float | None:
    """The seconds of a screen's recordings; None where one's length is not known."""
    material = stores.stimuli.of(stores.library.get(test.corpus))
    readings = [material.stimulus(screen.sentence, slot.system) for slot in screen.slots]
    known = [reading.duration for reading in readings if reading is not None and reading.duration is not None]
    return round(sum(known), 3) if len(known) == len(readings) else None


def _text(stores: EvaluatorStores, test: ListeningTest, sentence: str) -> str | None:
    material = stores.stimuli.of(stores.library.get(test.corpus))
    return next((one.text for one in material.sentences if one.key == sentence), None)


def _told(stores: EvaluatorStores, test: ListeningTest, rater: Rater, screen: Screen | None) -> dict[str, Any] | None:
    """What the browser is told about a screen: its place, its text, how many sounds, and what comes next."""
    if screen is None:
        return None
    place = rater.screens.index(screen)
    ahead = rater.screens[place + 1 : place + 1 + AHEAD]
    return {
        "id": screen.id,
        "number": place + 1,
        "of": len(rater.screens),
        "training": screen.purpose == "training",
        "slots": len(screen.slots),
        "text": _text(stores, test, screen.sentence) if test.show_text else None,
        "ahead": [{"id": one.id, "slots": len(one.slots)} for one in ahead],
    }


def _refuse_unheard(receipts: Receipts, rater: Rater, screen: str, heard: Any) -> None:
    """Refuse a rating of a screen of which not every recording was sent to this rater and played.

    Raises:
        Unheard: a receipt is missing, or is that of something else.
    """
    asked = next((one for one in rater.screens if one.id == screen), None)
    told = heard if isinstance(heard, dict) else {}
    places = [str(number) for number in range(1, 1 + len(asked.slots))] if asked is not None else []
    if not all(receipts.holds(told.get(place), rater.id, screen, place) for place in places):
        raise Unheard("Not every recording was heard to its end. Listen to all of this screen, then rate.")


def _slot(test: ListeningTest, rater: Rater, screen: str, place: str) -> tuple[Slot, str]:
    """What stands at a place of a rater's screen, and the sentence it reads."""
    asked = next((one for one in rater.screens if one.id == screen), None)
    if asked is None:
        raise UnknownTest("There is no such screen.")
    if place == "reference" and test.scale.holds == "all" and test.reference is not None:
        return Slot(test.reference), asked.sentence
    if not place.isascii() or not place.isdigit() or len(place) > 3 or not 1 <= int(place) <= len(asked.slots):
        raise UnknownTest("There is no such sound.")
    return asked.slots[int(place) - 1], asked.sentence


def _rendered(stores: EvaluatorStores, cache: MediaCache, test: ListeningTest, sentence: str, slot: Slot) -> bytes:
    corpus = stores.library.get(test.corpus)
    stimulus = stores.stimuli.of(corpus).stimulus(sentence, slot.system)
    if stimulus is None:
        raise UnknownTest("This recording is no longer there. Tell whoever gave you the link.")
    utterance = corpus.utterance(stimulus.id)
    path = corpus.audio_path(utterance)
    channel = channel_of(utterance)

    def made() -> bytes:
        loaded = audio.load(
            path,
            offset=utterance.offset,
            duration=utterance.duration,
            channel="mix" if channel is None else channel,
            through=stores.decoders.opened,
        )
        return rendered(loaded, slot.form, loudness=test.loudness)

    content = (VERSION, corpus.content_key, stimulus.id, slot.form, test.loudness)
    return cache.value(hashlib.blake2b(repr(content).encode(), digest_size=16).hexdigest(), made)


def _streamed(content: bytes, key: str) -> Response:
    body = wrap_file(request.environ, io.BytesIO(content), 1 << 16)
    answer = Response(body, mimetype="audio/wav", direct_passthrough=True)
    answer.content_length = len(content)
    answer.set_etag(key)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(content))
    return answer


def _seconds(told: Any) -> float | None:
    fit = isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told) and 0 <= told < 1e6
    return round(float(told), 3) if fit else None


def _page(part: str, **values: Any) -> str:
    return render_template_string(PAGE.read_text(encoding="utf-8"), part=part, **values)


def _as_page(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answer(**names: str) -> Any:
        try:
            return view(**names)
        except SpeechDataError as error:
            told = _told_outside(error)
            return Response(_page("fault", sentence=told), status=_status(error), mimetype="text/html")

    return answer


def _as_json(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answer(**names: str) -> Any:
        try:
            made = view(**names)
        except SpeechDataError as error:
            content = orjson.dumps({"error": _told_outside(error)})
            return Response(content, status=_status(error), mimetype="application/json")
        return Response(orjson.dumps(made), mimetype="application/json") if isinstance(made, dict) else made

    return answer


def _told_outside(error: SpeechDataError) -> str:
    """The sentence a rater may read: those about files and corpora name systems, and are for the operator only."""
    if isinstance(error, UnknownTest | QueryError | LedgerReadOnly | LedgerUnavailable):
        return _sentence(error)
    return "This recording cannot be played. Tell whoever gave you the link; you can go on later from here."


def _sentence(error: SpeechDataError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _status(error: SpeechDataError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 422)
