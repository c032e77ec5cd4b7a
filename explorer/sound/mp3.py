"""Mp3Sound: cuts of a long MP3 file without reading it from its start each time.

An MP3 file has no table of its packets, so libsndfile goes through all of it whenever it is opened (90 ms for an hour).
Here the first bytes of all packets are found once for each version of a file, and kept by the process; a cut then
decodes its own packets and WARM_UP more before it, which fill the decoder's memory (the bit reservoir reaches back at
most 511 bytes, the filters one packet).

A cut has the samples that libsndfile gives at that place, to the precision of two decoders of one standard: where the
first sample lies is compared with libsndfile in the middle of the file when the index is made, and a file where they
disagree (odd packets, a damaged part) is left to libsndfile altogether.

Source: ISO/IEC 11172-3 and 13818-3, 2.4.1.3 (the header); http://gabriel.mp3-tech.org/mp3infotag.html (encoder delay).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
import soundfile

from explorer.places.sounds import Sound

SHORTEST = 1 << 20
"""Bytes from which a file is worth an index."""

LONGEST = 1 << 30
"""Bytes up to which one is made: it is read at once."""

WARM_UP = 12
CHECKED = 0.25
"""Seconds that are compared with libsndfile."""

DECODER_DELAY = 529
"""Samples that every decoder is late by, and that libsndfile takes off where the encoder's delay is known."""

KBPS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),  # MPEG 1
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),  # MPEG 2 and 2.5
)
HZ = (44_100, 48_000, 32_000, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Mp3Index:
    """Where the packets of an MP3 file begin (and the last ends), their samples, and how many come before sample 0."""

    starts: np.ndarray
    packet_samples: int
    skipped: int
    frames: int
    sample_rate: int
    channels: int


def index_of(sound: Sound) -> Mp3Index | None:
    """The index of a local sound; None when it is no plain, long MP3 file, or libsndfile disagrees with it."""
    if sound.is_remote or not SHORTEST <= sound.length() <= LONGEST:
        return None
    with sound.open() as file:
        start = file.read(4)
        if not (start.startswith(b"ID3") or (start[0] == 0xFF and start[1] & 0xE6 == 0xE2)):
            return None
    return _index(sound, sound.version)


class Mp3Sound:
    """A long MP3 file by its index; the part of soundfile.SoundFile's interface that reading needs."""

    format, subtype = "MP3", "MPEG_LAYER_III"

    def __init__(self, file: BinaryIO, index: Mp3Index) -> None:
        self._file, self._index = file, index
        self.frames, self.samplerate, self.channels = index.frames, index.sample_rate, index.channels
        self.seek(0)

    def seek(self, frames: int) -> int:
        """Go to a frame."""
        self._position = frames
        self._loose = np.zeros((0, self.channels), np.float32)
        self._blocks = cut(self._file, self._index, frames)
        return frames

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> np.ndarray:
        """The next frames, float32 ``(n, channels)``; fewer at the end."""
        wanted = min(frames, self.frames - self._position)
        parts: list[np.ndarray] = []
        while wanted > 0:
            if not len(self._loose):
                self._loose = next(self._blocks, self._loose)
                if not len(self._loose):
                    break
            part, self._loose = self._loose[:wanted], self._loose[wanted:]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return np.concatenate(parts) if parts else np.zeros((0, self.channels), np.float32)


def cut(file: BinaryIO, index: Mp3Index, frame: int) -> Iterator[np.ndarray]:
    """The sound from ``frame`` on, packet by packet, float32 ``(n, channels)``; a packet that is damaged is silence."""
    import av

    place = frame + index.skipped
    first = place // index.packet_samples
    decoder: Any = av.CodecContext.create("mp3float", "r")
    for number in range(max(0, first - WARM_UP), len(index.starts) - 1):
        start, end = int(index.starts[number]), int(index.starts[number + 1])
        file.seek(start)
        try:
            decoded = decoder.decode(av.Packet(file.read(end - start)))
        except av.FFmpegError:
            decoded = []
        if number < first:
            continue
        block = np.zeros((index.packet_samples, index.channels), np.float32)
        for found in decoded:
            values = found.to_ndarray().T
            if values.shape == block.shape:
                block = np.ascontiguousarray(values)
        yield block[place - number * index.packet_samples :] if number == first else block


@lru_cache(maxsize=32)
def _index(sound: Sound, _version: str) -> Mp3Index | None:
    with sound.open() as file:
        found = _packets(file.read())
        if found is None:
            return None
        starts, packet_samples, sample_rate, skipped = found
        file.seek(0)
        try:
            with soundfile.SoundFile(file) as whole:
                if whole.format != "MP3" or whole.samplerate != sample_rate:
                    return None
                index = Mp3Index(starts, packet_samples, skipped, whole.frames, sample_rate, whole.channels)
                middle, length = whole.frames // 2, round(CHECKED * sample_rate)
                whole.seek(middle)
                expected = whole.read(length, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return None
        mine = Mp3Sound(file, index)
        mine.seek(middle)
        agree = mine.read(length)
    same = agree.shape == expected.shape and float(np.abs(agree - expected).max(initial=0)) < 1e-3
    return index if same and whole.frames <= (len(starts) - 1) * packet_samples else None


def _packets(content: bytes) -> tuple[np.ndarray, int, int, int] | None:
    """Starts of the packets and end of the last, samples of a packet, sample rate, samples before the first heard."""
    data = np.frombuffer(content, np.uint8)
    begin = 0
    if content[:3] == b"ID3":
        size = 0
        for byte in content[6:10]:
            size = size << 7 | (byte & 0x7F)
        begin = 10 + size
    if begin + 4 > len(data) or data[begin] != 0xFF or data[begin + 1] & 0xE6 != 0xE2:
        return None
    version = int(data[begin + 1]) >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    rate = HZ[int(data[begin + 2]) >> 2 & 3] // {3: 1, 2: 2, 0: 4}.get(version, 1)
    if version == 1 or not rate:
        return None
    samples = 1152 if version == 3 else 576
    kept = (0xFF, int(data[begin + 1]) & 0xFE, int(data[begin + 2]) & 0x0C)
    places = np.flatnonzero(data[begin:-3] == kept[0]) + begin
    second, third = data[places + 1], data[places + 2]
    places = places[(second & 0xFE == kept[1]) & (third & 0x0C == kept[2])]
    third = data[places + 2].astype(np.int64)
    kbps = np.array(KBPS[0 if version == 3 else 1])[third >> 4]
    lengths = samples // 8 * 1000 * kbps // rate + (third >> 1 & 1)
    ends = places + lengths
    following = np.minimum(np.searchsorted(places, ends), len(places) - 1)
    following[(places[following] != ends) | (ends <= places)] = -1
    chain, number, steps = [], 0, following.tolist()
    while number >= 0:
        chain.append(number)
        number = steps[number]
    if len(chain) < 4 * WARM_UP:
        return None
    starts, place = places[chain], int(ends[chain[-1]])
    skipped = _skipped(content[starts[0] : starts[1]])
    if skipped is not None:  # the first packet says so, and holds no sound
        starts = starts[1:]
    return np.append(starts, min(place, len(data))), samples, rate, skipped or 0


def _skipped(packet: bytes) -> int | None:
    """Samples that are not heard at the start, by an Info packet (which is none of sound); None when it is none."""
    place = max(packet.find(b"Xing", 0, 48), packet.find(b"Info", 0, 48))
    if place < 0:
        return None
    flags = int.from_bytes(packet[place + 4 : place + 8], "big")
    place += 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    delays = packet[place + 21 : place + 24]
    if len(delays) < 3 or not packet[place : place + 4].strip(b"\0"):
        return 0
    return (delays[0] << 4 | delays[1] >> 4) + DECODER_DELAY
