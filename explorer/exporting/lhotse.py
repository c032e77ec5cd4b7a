"""Lhotse cuts: JSON lines with gzip, a cut and (where there is a text) one supervision an utterance; paths absolute.

Lhotse wants rate, samples and channels of every recording, so each sound's header is read, inside the corpus's folders
only; utterances whose sound cannot be read are left out. Without a named channel a file of several becomes a MultiCut.
A duration that reaches a little beyond the sound's end is cut there. Every other field goes to the supervision's (or
the cut's) ``custom``. Source: lhotse/cut/mono.py, multi.py and supervision.py, read with lhotse 1.33.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from explorer.errors import AudioError
from explorer.exporting import Wanted, Written
from explorer.exporting.spoken import Names, Spoken, spoken
from explorer.places.paths import is_allowed, resolved
from explorer.places.sounds import place_at
from explorer.places.storage import is_remote
from explorer.querying.query import Query
from explorer.sound import audio
from explorer.sound.decoders import Decoders
from explorer.spreadsheet import exact_json

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

SLACK = 0.05
THREADS = 4


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the file; see Writer."""
    rows = corpus.rows(query)
    names = Names(spoken(corpus, rows, wanted))
    headers = _headers({one.path for one in spoken(corpus, rows, wanted)}, corpus.roots)
    written = Written()
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        for one in spoken(corpus, rows, wanted):
            header = headers[one.path] if one.is_file else "whose sound is no file of its own"
            if isinstance(header, str):
                written.left_out[header] += 1
                continue
            cut = _cut(one, header, names)
            if cut is None:
                written.left_out["beyond the end of their sound"] += 1
                continue
            file.write(_line(cut))
            written.rows += 1
    return written


def _headers(paths: Iterable[str], roots: tuple[Path, ...]) -> dict[str, audio.AudioInfo | str]:
    """The facts of each sound, or why there are none."""

    def header(path: str) -> audio.AudioInfo | str:
        try:
            place = resolved(place_at(path))
            if not is_allowed(place, roots):
                return "outside the corpus's folders"
            return audio.info(place, through=decoders.opened)
        except (AudioError, OSError, ValueError):
            return "whose sound cannot be read"

    with Decoders(most=THREADS) as decoders, ThreadPoolExecutor(THREADS) as pool:
        ordered = sorted(paths)
        return dict(zip(ordered, pool.map(header, ordered), strict=True))


def _cut(one: Spoken, header: audio.AudioInfo, names: Names) -> dict[str, Any] | None:
    """The cut, None when it begins or ends beyond its sound."""
    left = header.duration - one.offset
    length = left if one.duration is None else one.duration
    channels: int | list[int] = list(range(header.channels)) if header.channels > 1 else 0
    channels = channels if one.channel is None else one.channel
    if left <= 0 or length > left + SLACK or (isinstance(channels, int) and channels >= header.channels):
        return None
    length = min(length, left)
    kind = "url" if is_remote(one.path) else "file"
    recording, name = names.recording(one), names.utterance(one)
    custom = {key: value for key, value in one.extra.items() if value is not None}
    cut: dict[str, Any] = {
        "id": name,
        "start": one.offset,
        "duration": length,
        "channel": channels,
        "supervisions": [],
        "recording": {
            "id": recording,
            "sources": [{"type": kind, "channels": list(range(header.channels)), "source": one.path}],
            "sampling_rate": header.sample_rate,
            "num_samples": header.frames,
            "duration": header.duration,
            "channel_ids": list(range(header.channels)),
        },
        "type": "MonoCut" if isinstance(channels, int) else "MultiCut",
    }
    if one.text is None:
        return cut | ({"custom": custom} if custom else {})
    said: dict[str, Any] = {
        "id": name,
        "recording_id": recording,
        "start": 0.0,
        "duration": length,
        "channel": channels,
        "text": one.text,
    }
    named = {"language": one.language, "speaker": one.speaker, "gender": one.gender}
    said |= {key: value for key, value in named.items() if value is not None}
    if one.words:
        words = [[w.label, round(one.offset + w.start, 9), round(w.end - w.start, 9), None] for w in one.words]
        said["alignment"] = {"word": words}
    cut["supervisions"] = [said | ({"custom": custom} if custom else {})]
    return cut


def _line(cut: dict[str, Any]) -> bytes:
    try:
        line = orjson.dumps(cut)
    except TypeError:  # an integer of more than 64 bits
        return exact_json(cut).encode() + b"\n"
    return line + b"\n"
