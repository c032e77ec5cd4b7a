"""What sounds hold: facts, samples, blocks of samples, and cuts as WAV; decoding.py opens them for this module alone.

Conventions: samples are float32 at the file's own rate, full scale is 1.0 (a float file may go beyond; NaN becomes 0
and an infinity full scale). Times are float seconds; ``offset`` counts from the start of the file. A cut takes the
samples ``round(offset * rate)`` up to, not including, ``round((offset + duration) * rate)``, or what the file has of
them. A channel is chosen explicitly: its number from 0, or ``"mix"``, the mean of all.

A sound is a path, or a Sound that lies elsewhere (a tar's member, object storage; see sounds.py); a text is a path or
a Sound's locator.

A file that is cut short but can still be opened gives what is left of it. Whatever cannot be used raises MissingAudio
or UnreadableAudio with a sentence that names the file.

Decoding is libsndfile's (https://libsndfile.github.io/libsndfile/), of what that does not know PyAV's (av_sound.py);
resampling is soxr's (https://sourceforge.net/projects/soxr/). A server passes ``through`` to have it done by children
(decoders.py).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import soundfile

from explorer.errors import UnreadableAudio
from explorer.places.sounds import Place, place_at
from explorer.sound.decoding import FAULTS, Decoder, opened, sentence

Channel: TypeAlias = int | Literal["mix"]

Opener: TypeAlias = Callable[[Place], AbstractContextManager[Decoder]]
"""Who decodes: this process (``decoding.opened``) or children of it (``Decoders.opened``)."""

BLOCK = 1 << 16
"""Frames read at a time: 4 s at 16 kHz, small enough that an hour never has to be in memory."""

_CAREFUL_BLOCK = 1 << 10
"""Frames read at a time near a decoding fault: at most this much of the good sound before it is lost."""

PLAYABLE = {
    "WAV": {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"},
    "WAVEX": {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"},
    "RF64": {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"},
    "FLAC": {"PCM_S8", "PCM_16", "PCM_24"},
    "OGG": {"VORBIS", "OPUS"},
    "MP3": {"MPEG_LAYER_III"},
}
"""What every current browser plays as it is: {libsndfile's format: its subtypes}. All else is sent as WAV."""

MIME_TYPES = {
    "WAV": "audio/wav",
    "WAVEX": "audio/wav",
    "RF64": "audio/wav",
    "FLAC": "audio/flac",
    "OGG": "audio/ogg",
    "MP3": "audio/mpeg",
}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a sound file's header says. ``format`` and ``subtype`` are libsndfile's names, or those of DEMUXERS."""

    path: Place
    frames: int
    sample_rate: int
    channels: int
    format: str
    subtype: str

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    @property
    def playable(self) -> bool:
        """Whether a browser plays the file as it is."""
        return self.subtype in PLAYABLE.get(self.format, ())


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Sound of one channel: ``samples`` float32 ``(n,)``, full scale 1.0, at ``sample_rate`` Hz."""

    samples: np.ndarray
    sample_rate: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


def info(path: Place | str, *, through: Opener = opened) -> AudioInfo:
    """The facts of a sound file, from its header.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it is not a sound file of a known kind, or it has no samples.
    """
    path = place_at(path)
    with through(path) as file:
        return _facts(path, file)


def load(
    path: Place | str,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    channel: Channel = "mix",
    through: Opener = opened,
) -> Audio:
    """The samples of a file, or of the cut of ``duration`` seconds (None: to the end) at ``offset``.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it cannot be decoded, the cut lies outside it, or it has no such channel.
    """
    path = place_at(path)
    with through(path) as file:
        facts = _facts(path, file)
        cut = cut_frames(facts, offset=offset, duration=duration)
        parts = list(_mono(facts, file, *cut, channel, BLOCK))
    return Audio(np.concatenate(parts), facts.sample_rate)


def blocks(
    path: Place | str,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    channel: Channel = "mix",
    size: int = BLOCK,
) -> Iterator[np.ndarray]:
    """The samples that ``load`` returns, as float32 arrays of at most ``size``: for files too long for memory.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it cannot be decoded, the cut lies outside it, or it has no such channel.
    """
    path = place_at(path)
    with opened(path) as file:
        facts = _facts(path, file)
        start, stop = cut_frames(facts, offset=offset, duration=duration)
        yield from _mono(facts, file, start, stop, channel, size)


def frames(
    path: Place | str,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    size: int = BLOCK,
    through: Opener = opened,
) -> Iterator[np.ndarray]:
    """All channels of a cut side by side: float32 ``(n, channels)`` arrays of at most ``size`` frames.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it cannot be decoded, or the cut lies outside it.
    """
    path = place_at(path)
    with through(path) as file:
        facts = _facts(path, file)
        start, stop = cut_frames(facts, offset=offset, duration=duration)
        yield from _read(facts, file, start, stop, size)


def cut_frames(facts: AudioInfo, *, offset: float = 0.0, duration: float | None = None) -> tuple[int, int]:
    """The first frame of a cut and the one after its last.

    Raises:
        UnreadableAudio: nothing of the cut lies inside the file.
    """
    start = round(offset * facts.sample_rate)
    stop = facts.frames if duration is None else min(facts.frames, round((offset + duration) * facts.sample_rate))
    if start < 0 or start >= facts.frames:
        raise UnreadableAudio(
            f"{facts.path} lasts {facts.duration:.3f} s, so there is no sound at the offset {offset:g} s; "
            f"correct the offset in the manifest"
        )
    if stop <= start:
        raise UnreadableAudio(
            f"{facts.path}: a cut of {duration:g} s at {offset:g} s holds no sample; "
            f"correct the duration in the manifest"
        )
    return start, stop


def write_cut(
    path: Place | str,
    target: BinaryIO,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    channel: Channel | None = None,
    through: Opener = opened,
) -> int:
    """Write a cut as 16-bit WAV at the file's rate into a seekable binary file; the number of frames written.

    ``channel`` None keeps one or two channels as they are and mixes more of them down to one. Blockwise: memory does
    not grow with the length.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it cannot be decoded, the cut lies outside it, or it has no such channel.
    """
    path = place_at(path)
    written = 0
    with through(path) as file:
        facts = _facts(path, file)
        start, stop = cut_frames(facts, offset=offset, duration=duration)
        if channel is None and facts.channels == 2:
            channels, parts = 2, _read(facts, file, start, stop, BLOCK)
        else:
            channels, parts = 1, _mono(facts, file, start, stop, "mix" if channel is None else channel, BLOCK)
        with soundfile.SoundFile(target, "w", facts.sample_rate, channels, "PCM_16", format="WAV") as out:
            for part in parts:
                out.write(part)
                written += len(part)
    return written


def wav_bytes(audio: Audio) -> bytes:
    """The sound as a 16-bit WAV file; samples beyond full scale are clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, _finite(audio.samples), audio.sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def resample(audio: Audio, rate: int) -> Audio:
    """The sound at another sample rate (Hz), by soxr's high-quality band-limited interpolation.

    The result has ``round(n * rate / audio.sample_rate)`` samples, give or take one; at the same rate it is ``audio``.
    """
    if rate == audio.sample_rate:
        return audio
    import soxr

    return Audio(soxr.resample(audio.samples, audio.sample_rate, rate, quality="HQ"), rate)


def _facts(path: Place, file: Decoder) -> AudioInfo:
    if file.frames <= 0 or file.samplerate <= 0:
        raise UnreadableAudio(f"{path} is a {file.format} file without a single sample; copy or record it again")
    return AudioInfo(path, file.frames, file.samplerate, file.channels, file.format, file.subtype)


def _mono(facts: AudioInfo, file: Decoder, start: int, stop: int, channel: Channel, size: int) -> Iterator[np.ndarray]:
    """Frames ``start`` up to ``stop`` of one channel, or the mean of all, as float32 ``(frames,)``."""
    if channel != "mix" and not 0 <= channel < facts.channels:
        raise UnreadableAudio(
            f"{facts.path} has {facts.channels} channel(s), numbered from 0; there is no channel {channel}"
        )
    for block in _read(facts, file, start, stop, size):
        if channel != "mix":
            yield np.ascontiguousarray(block[:, channel])
        elif facts.channels == 1:
            yield block[:, 0]
        else:
            yield block.mean(axis=1, dtype=np.float32)


def _read(facts: AudioInfo, file: Decoder, start: int, stop: int, size: int) -> Iterator[np.ndarray]:
    """Frames ``start`` up to ``stop`` as float32 ``(frames, channels)``, as far as they can be decoded.

    Raises:
        UnreadableAudio: not one frame can be decoded.
    """
    position = start
    try:
        if start:
            file.seek(start)
        while position < stop:
            try:
                block = file.read(min(size, stop - position), dtype="float32", always_2d=True)
            except FAULTS:
                if size <= _CAREFUL_BLOCK:
                    raise
                # A decoder drops a whole block when a fault lies in it: go back and take what comes before the fault.
                size = _CAREFUL_BLOCK
                file.seek(position)
                continue
            if not len(block):
                break
            position += len(block)
            yield _finite(block)
    except FAULTS as error:
        if position == start:
            raise UnreadableAudio(sentence(facts.path, error)) from error
    if position == start:
        raise UnreadableAudio(
            f"{facts.path} is cut short: its header promises {facts.duration:.3f} s, but nothing can be decoded from "
            f"{start / facts.sample_rate:.3f} s on; copy it again"
        )


def _finite(samples: np.ndarray) -> np.ndarray:
    """The samples with NaN as 0 and infinities as full scale; the same array when there are none."""
    if np.isfinite(samples).all():
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
