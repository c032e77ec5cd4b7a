"""Serve sound and its pictures: ``/media/<corpus>/<utterance id>/{audio, peaks, spectrogram.png}``.

A request names an utterance by its id, never a file; the file is found by ``Corpus.audio_path``, which answers for the
allowed folders. Sound goes out with HTTP ranges: a whole file that browsers play as it is, otherwise (a cut, one
channel, AIFF, NIST SPHERE and so on) as 16-bit WAV made here. All that is made is kept in a MediaCache.

Every answer has a strong ETag made from the file's path, size and time, the cut, and the version of this module, and
``Cache-Control: private, no-cache``: browsers keep it, ask each time whether it still holds, and get an empty 304.

An error is JSON, ``{"error": sentence}``: 404 unknown or missing, 403 outside the corpus's folders, 422 unreadable.

Range requests: RFC 9110, section 14.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

import numpy as np
import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.wsgi import wrap_file

from explorer import acoustics, audio, pictures
from explorer.errors import (
    ForbiddenAudio,
    MissingAudio,
    SpeechDataError,
    UnknownCorpus,
    UnknownUtterance,
    UnreadableAudio,
)
from explorer.media_cache import MediaCache

if TYPE_CHECKING:
    from explorer.corpus import Corpus, Utterance
    from explorer.stores import Stores

VERSION = 1
"""Goes up when the same file would give other bytes, so that no kept picture is shown again."""

COLUMNS = 1500
"""Widest spectrogram: two image columns a pixel in the panel beside the table, about 200 kB for 30 s."""

BINS = 2000
"""Parts of the envelope; more would not be seen."""

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
    """What an utterance sounds like: a stretch of one version of a file; ``key`` names that and nothing else."""

    facts: audio.AudioInfo
    offset: float
    duration: float | None
    channel: int | None
    key: str

    @property
    def as_it_is(self) -> bool:
        """Whether a browser can be given the file itself."""
        return self.facts.playable and self.offset == 0 and self.duration is None and self.channel is None


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the player shows of a stretch.

    ``peaks`` is JSON: ``low`` and ``high`` are the extremes of up to 2000 equal parts, in 1/127 of the largest
    amplitude ``peak`` (full scale 1.0; ``peak_db`` in dBFS, null for silence); ``duration`` s and ``sample_rate`` Hz of
    what can be decoded; ``channels`` of the file; ``note`` a sentence or null. ``spectrogram`` is a PNG that spans the
    stretch exactly, from 0 Hz to half the sample rate, with 80 dB from black to white.
    """

    peaks: bytes
    spectrogram: bytes

    def pack(self) -> bytes:
        """Both as one value of the cache: they are made together and wanted together."""
        return len(self.peaks).to_bytes(4, "big") + self.peaks + self.spectrogram

    @classmethod
    def unpack(cls, packed: bytes) -> Drawing:
        """The inverse of ``pack``."""
        border = 4 + int.from_bytes(packed[:4], "big")
        return cls(packed[4:border], packed[border:])


def address(corpus: str, utterance: str) -> str:
    """Where the media of an utterance are, as ``/media/demo/0123456789abcdef``; append ``/audio`` and so on."""
    return f"/media/{quote(corpus, safe='')}/{quote(utterance, safe='')}"


def register(server: Flask, stores: Stores) -> None:
    """Add the routes to ``server``; the cache lives in the cache folder of the configuration."""
    cache = stores.config.cache
    kept = MediaCache(cache.folder / "media", limit=cache.media_mb * 1024 * 1024)
    add_routes(server, lambda name: stores.corpus({"corpus": name}), kept)


def add_routes(server: Flask, open_corpus: Callable[[str], Corpus], cache: MediaCache) -> None:
    """Add the routes over whatever ``open_corpus(name)`` returns, or raises."""
    routes = Blueprint("media", __name__, url_prefix="/media/<corpus>/<utterance>")
    header = lru_cache(maxsize=4096)(_header)

    def excerpt(corpus: str, utterance: str) -> Excerpt:
        opened = open_corpus(corpus)
        found = opened.utterance(utterance)
        return cut_out(found, opened.audio_path(found), header)

    @routes.get("/audio")
    def sound(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        if stretch.as_it_is:
            file: BinaryIO = stretch.facts.path.open("rb")
            return _streamed(file, audio.MIME_TYPES[stretch.facts.format], stretch.key)
        _refuse_giants(stretch, cache.limit)
        return _streamed(cache.file(f"cut-{stretch.key}", lambda file: _write(stretch, file)), "audio/wav", stretch.key)

    def drawn(stretch: Excerpt) -> Drawing:
        return Drawing.unpack(cache.value(f"drawing-{stretch.key}", lambda: draw(stretch).pack()))

    @routes.get("/peaks")
    def peaks(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        return _whole(drawn(stretch).peaks, "application/json", stretch.key)

    @routes.get("/spectrogram.png")
    def spectrogram(corpus: str, utterance: str) -> Response:
        stretch = excerpt(corpus, utterance)
        return _whole(drawn(stretch).spectrogram, "image/png", stretch.key)

    @routes.errorhandler(SpeechDataError)
    def sentence(error: SpeechDataError) -> Response:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
        # A name with undecodable bytes is a lone surrogate in Python and may not go into JSON.
        text = str(error).encode(errors="replace").decode()
        answer = Response(orjson.dumps({"error": text}), status=status, mimetype="application/json")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    server.register_blueprint(routes)


def cut_out(
    utterance: Utterance, path: Path, header: Callable[[Path, int, int], audio.AudioInfo] | None = None
) -> Excerpt:
    """The stretch of ``path`` (already allowed) that the row names.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it is not a sound file.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise MissingAudio(
            f"{path} cannot be opened ({error.strerror}); check the audio path in the manifest"
        ) from error
    facts = (header or _header)(path, stat.st_size, stat.st_mtime_ns)
    offset, duration, channel = utterance.offset, utterance.duration, channel_of(utterance)
    if duration is not None and offset == 0 and duration > facts.duration - WHOLE:
        duration = None
    content = repr((VERSION, os.fspath(path), stat.st_size, stat.st_mtime_ns, offset, duration, channel))
    key = hashlib.blake2b(content.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return Excerpt(facts, offset, duration, channel, key)


def channel_of(utterance: Utterance) -> int | None:
    """The channel that the row's own field ``channel`` names, counted from 0; None when there is none."""
    channel = utterance.extra.get("channel")
    return channel if isinstance(channel, int) and not isinstance(channel, bool) and channel >= 0 else None


def draw(excerpt: Excerpt) -> Drawing:
    """Decode the stretch once, block by block, and draw both pictures of it.

    Raises:
        UnreadableAudio: nothing of it can be decoded, or there is no such channel.
    """
    start, stop = audio.cut_frames(excerpt.facts, offset=excerpt.offset, duration=excerpt.duration)
    meter, picture = _measured(excerpt, stop - start)
    frames, rate = meter.samples, excerpt.facts.sample_rate
    note = None
    if stop - start - frames > WHOLE * rate:
        note = f"The file is cut short: {frames / rate:.2f} s of {(stop - start) / rate:.2f} s can be decoded."
    if frames < stop - start:  # spread what there is over the whole picture
        meter, picture = _measured(excerpt, frames)
    shape = meter.envelope()
    peak = float(np.abs(shape).max())
    low, high = np.rint(shape * (127 / peak) if peak else shape).astype(int).tolist()
    facts = {
        "duration": frames / rate,
        "sample_rate": rate,
        "channels": excerpt.facts.channels,
        "peak": peak,
        "peak_db": 20 * float(np.log10(peak)) if peak else None,
        "low": low,
        "high": high,
        "note": note,
    }
    return Drawing(orjson.dumps(facts), pictures.png(picture))


def _measured(excerpt: Excerpt, total: int) -> tuple[acoustics.EnvelopeMeter, acoustics.Spectrogram]:
    """Envelope and spectrogram of the stretch as if it had ``total`` samples, in one pass."""
    meter = acoustics.EnvelopeMeter(total, bins=BINS)

    def metered() -> Iterator[np.ndarray]:
        for block in audio.blocks(
            excerpt.facts.path,
            offset=excerpt.offset,
            duration=excerpt.duration,
            channel="mix" if excerpt.channel is None else excerpt.channel,
        ):
            meter.add(block)
            yield block

    rate = excerpt.facts.sample_rate
    return meter, acoustics.spectrogram_of_blocks(metered(), total, rate, frames=COLUMNS)


def _header(path: Path, size: int, mtime_ns: int) -> audio.AudioInfo:
    """The facts of a version of a file: the size and time only name the version."""
    return audio.info(path)


def _write(excerpt: Excerpt, file: BinaryIO) -> None:
    audio.write_cut(excerpt.facts.path, file, offset=excerpt.offset, duration=excerpt.duration, channel=excerpt.channel)


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
