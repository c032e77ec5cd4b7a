"""Serve sound and views of it: ``/media/<corpus>/<utterance id>/{audio, peaks, wave, tile.png, loudness}``.

A request names an utterance by its id, never a file; the file is found by ``Corpus.audio_path``, which answers for the
allowed folders. Sound goes out with HTTP ranges: a whole file that browsers play as it is, otherwise (a cut, one
channel, AIFF, NIST SPHERE and so on) as 16-bit WAV made here. All that is made is kept in a MediaCache. The server
itself decodes nothing: children do (decoders.py).

    audio                                       the sound
    peaks                                       facts and the whole waveform, coarsely; 202 with {"indexing": 0 to 1}
                                                while a long sound is indexed for the first time: ask again
    wave?first=&last=&width=                    the waveform between two frames, fine enough for so many pixels
    tile.png?window=&scale=&level=&number=      a tile of the spectrogram (explorer/sound/tiles.py)
    loudness                                    LUFS, peak, and the gain to -23 LUFS (explorer/sound/loudness.py)

Each takes ``channel=`` (a number from 0, or ``mix``); where a manifest's row names a channel, that is all there is.

Every answer has a strong ETag made from the sound's place and version, the cut, what was asked for, and the version
of this module, and ``Cache-Control: private, no-cache``: browsers keep it, ask each time whether it still holds, and
get an empty 304.

An error is JSON, ``{"error": sentence}``: 404 unknown or missing, 403 outside the corpus's folders, 422 unreadable or
asked for in a way that makes no sense.

Range requests: RFC 9110, section 14.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import numpy as np
import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.wsgi import wrap_file

from explorer.errors import (
    ForbiddenAudio,
    MissingAudio,
    QueryError,
    SpeechDataError,
    UnknownCorpus,
    UnknownUtterance,
    UnreadableAudio,
)
from explorer.places.sounds import Place, locator_of, sound_at
from explorer.sound import audio
from explorer.sound.decoding import opened
from explorer.sound.indexing import Indexer
from explorer.sound.loudness import LONGEST, measure
from explorer.sound.media_cache import MediaCache
from explorer.sound.tiles import Lens
from explorer.sound.views import View

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus, Utterance
    from explorer.stores import Stores

VERSION = 2
"""Goes up when the same file would give other bytes, so that nothing kept is shown again."""

LOUDNESS_VERSION = 2
"""The same for the loudness alone."""

WIDEST = 8192
"""Pixels of the widest view."""

WHOLE = 0.05
"""A row whose duration differs from its file's by less than this (s) means the whole file: durations are rounded."""

STATUS = (
    (UnknownCorpus, 404),
    (UnknownUtterance, 404),
    (MissingAudio, 404),
    (ForbiddenAudio, 403),
    (UnreadableAudio, 422),
)
"""The HTTP status of each error; 422 for any other."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What an utterance sounds like: a stretch of one version of a file; ``key`` names that and nothing else.

    ``channels`` can be chosen from: one where the row names its own. ``lacking`` are the seconds that the row promises
    beyond the end of the file.
    """

    facts: audio.AudioInfo
    offset: float
    duration: float | None
    channel: int | None
    channels: int
    key: str
    lacking: float = 0.0

    @property
    def as_it_is(self) -> bool:
        """Whether a browser can be given the file itself."""
        return self.facts.playable and self.offset == 0 and self.duration is None and self.channel is None


def address(corpus: str, utterance: str) -> str:
    """Where the media of an utterance are, as ``/media/demo/0123456789abcdef``; append ``/audio`` and so on."""
    return f"/media/{quote(corpus, safe='')}/{quote(utterance, safe='')}"


def register(server: Flask, stores: Stores) -> None:
    """Add the routes to ``server``; the cache lives in the cache folder of the configuration."""
    cache = stores.config.cache
    kept = MediaCache(cache.folder / "media", limit=cache.media_mb * 1024 * 1024)
    stores.decoders.start()
    add_routes(server, lambda name: stores.corpus({"corpus": name}), kept, through=stores.decoders.opened)


def add_routes(
    server: Flask, open_corpus: Callable[[str], Corpus], cache: MediaCache, *, through: audio.Opener = opened
) -> None:
    """Add the routes over whatever ``open_corpus(name)`` returns, or raises; sound is decoded ``through``."""
    routes = Blueprint("media", __name__, url_prefix="/media/<corpus>/<utterance>")

    @lru_cache(maxsize=4096)
    def header(path: Place, _version: str) -> audio.AudioInfo:
        return audio.info(path, through=through)

    indexer = Indexer(cache)

    def excerpt(corpus: str, utterance: str) -> Excerpt:
        opened = open_corpus(corpus)
        found = opened.utterance(utterance)
        return heard(cut_out(found, opened.audio_path(found), header), request.args.get("channel", "mix"))

    def view(stretch: Excerpt) -> View | float:
        return View.of(stretch, indexer, limit=cache.limit, through=through)

    def ready(stretch: Excerpt) -> View:
        """The view of a sound that is or can at once be indexed."""
        found = view(stretch)
        if isinstance(found, float):
            raise QueryError("this sound is still being indexed; ask for its peaks until they come")
        return found

    @routes.get("/audio")
    def sound(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        if stretch.as_it_is:
            file: BinaryIO = sound_at(stretch.facts.path).open()
            return _streamed(file, audio.MIME_TYPES[stretch.facts.format], stretch.key)
        _refuse_giants(stretch, cache.limit)
        made = cache.file(f"cut-{stretch.key}", lambda file: _write(stretch, file, through))
        return _streamed(made, "audio/wav", stretch.key)

    @routes.get("/peaks")
    def peaks(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        found = view(stretch)
        if isinstance(found, float):
            waiting = Response(orjson.dumps({"indexing": round(found, 3)}), status=202, mimetype="application/json")
            waiting.headers["Cache-Control"] = "no-store"
            return waiting
        with found:
            return _whole(orjson.dumps(found.facts()), "application/json", stretch.key)

    @routes.get("/wave")
    def wave(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        first, last, width = whole_number("first"), whole_number("last"), whole_number("width", most=WIDEST)
        with ready(stretch) as found:
            content = orjson.dumps(found.wave(first, last, width))
        return _whole(content, "application/json", f"{stretch.key}-{first}-{last}-{width}")

    @routes.get("/tile.png")
    def tile(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        lens = Lens(whole_number("window"), request.args.get("scale", "linear"))
        level, number = whole_number("level"), whole_number("number")
        key = f"{stretch.key}-{lens.window_ms}-{lens.scale}-{level}-{number}"

        def drawn() -> bytes:
            with ready(stretch) as found:
                return found.tile(lens, level=level, number=number)

        return _whole(cache.value(f"tile-{key}", drawn), "image/png", key)

    @routes.get("/loudness")
    def loudness(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        key = f"{stretch.key}-loudness-{LOUDNESS_VERSION}"
        return _whole(cache.value(key, lambda: orjson.dumps(_loudness(stretch, through))), "application/json", key)

    @routes.errorhandler(SpeechDataError)
    def sentence(error: SpeechDataError) -> Response:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
        # A name with undecodable bytes is a lone surrogate in Python and may not go into JSON.
        text = str(error).encode(errors="replace").decode()
        answer = Response(orjson.dumps({"error": text}), status=status, mimetype="application/json")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    server.register_blueprint(routes)


def cut_out(utterance: Utterance, place: Place, header: Callable[[Place, str], audio.AudioInfo]) -> Excerpt:
    """The stretch of the sound at ``place`` (already allowed) that the row names.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it is not a sound file, or cannot be reached.
    """
    version = sound_at(place).version
    facts = header(place, version)
    offset, duration, channel = utterance.offset, utterance.duration, channel_of(utterance)
    lacking = 0.0 if duration is None else max(0.0, offset + duration - facts.duration)
    if duration is not None and offset == 0 and duration > facts.duration - WHOLE:
        duration = None
    content = repr((VERSION, locator_of(place), version, offset, duration, channel))
    key = hashlib.blake2b(content.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return Excerpt(facts, offset, duration, channel, facts.channels if channel is None else 1, key, lacking)


def channel_of(utterance: Utterance) -> int | None:
    """The channel that the row's own field ``channel`` names, counted from 0; None when there is none."""
    channel = utterance.extra.get("channel")
    return channel if isinstance(channel, int) and not isinstance(channel, bool) and channel >= 0 else None


def heard(excerpt: Excerpt, channel: str) -> Excerpt:
    """The excerpt with the channel that a request asks for, ``mix`` or a number from 0.

    Raises:
        QueryError: there is no such channel to choose.
    """
    if channel == "mix":
        return excerpt
    count = excerpt.facts.channels
    if not channel.isascii() or not channel.isdigit() or len(channel) > 4 or int(channel) >= count:
        raise QueryError(f'there is no channel "{channel[:20]}": the file has {count}, numbered from 0, and mix')
    if excerpt.channel is not None:
        raise QueryError(f"the manifest chooses channel {excerpt.channel} of this row; no other can be asked for")
    return replace(excerpt, channel=int(channel), key=f"{excerpt.key}-{int(channel)}")


def whole_number(name: str, *, most: int = 1 << 48) -> int:
    """A parameter of the request: a whole number from 0 to ``most``.

    Raises:
        QueryError: it is missing or something else.
    """
    text = request.args.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15 or int(text) > most:
        raise QueryError(f'the view needs "{name}", a whole number from 0 to {most}')
    return int(text)


def _write(excerpt: Excerpt, file: BinaryIO, through: audio.Opener) -> None:
    audio.write_cut(
        excerpt.facts.path,
        file,
        offset=excerpt.offset,
        duration=excerpt.duration,
        channel=excerpt.channel,
        through=through,
    )


def _loudness(excerpt: Excerpt, through: audio.Opener) -> dict[str, Any]:
    """The loudness of all channels of the stretch, or of the one it names."""
    facts = excerpt.facts
    start, stop = audio.cut_frames(facts, offset=excerpt.offset, duration=excerpt.duration)
    if (stop - start) / facts.sample_rate > LONGEST:
        raise QueryError(f"loudness is measured for sounds of up to {LONGEST / 60:.0f} minutes")
    cut = audio.frames(facts.path, offset=excerpt.offset, duration=excerpt.duration, through=through)
    samples = np.concatenate(list(cut))
    chosen = samples if excerpt.channel is None else samples[:, [excerpt.channel]]
    return measure(chosen, facts.sample_rate).facts()


def _refuse_giants(excerpt: Excerpt, limit: int) -> None:
    """Refuse to convert what the cache could not keep: it would be converted again for each range."""
    start, stop = audio.cut_frames(excerpt.facts, offset=excerpt.offset, duration=excerpt.duration)
    size = (stop - start) * 2 * (2 if excerpt.facts.channels == 2 and excerpt.channel is None else 1)
    if size > limit // 2:
        facts = excerpt.facts
        raise UnreadableAudio(
            f"{facts.path} must be converted to be played ({facts.format} {facts.subtype}), and that takes "
            f"{size / 2**20:.0f} MB, more than half of the media cache; raise cache.media_mb, or convert it to FLAC"
        )


def _whole(content: bytes, mimetype: str, key: str) -> Response:
    return _streamed(io.BytesIO(content), mimetype, key)


def _streamed(file: BinaryIO, mimetype: str, key: str) -> Response:
    """The file, or the part of it that the request asks for, or "not modified"."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    answer = Response(wrap_file(request.environ, file, 1 << 16), mimetype=mimetype, direct_passthrough=True)
    answer.call_on_close(file.close)
    answer.content_length = size
    answer.set_etag(key)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    return answer
