"""Opening a sound with the decoder that knows it: libsndfile, PyAV for what that does not know, an index for long MP3s.

All that is wrong with a sound becomes a sentence here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from explorer.errors import StorageError, UnreadableAudio
from explorer.places.sounds import Place, Sound, sound_at, storage_errors
from explorer.sound.av_sound import START_BYTES, AvSound, DecodeFault, demuxer_of
from explorer.sound.mp3 import Mp3Sound, index_of

FAULTS = (soundfile.LibsndfileError, DecodeFault, ValueError)
"""What a Decoder raises when it cannot go on (soundfile a ValueError where a damaged file is beyond its own end)."""


class Decoder(Protocol):
    """The part of soundfile.SoundFile that reading needs."""

    @property
    def frames(self) -> int:
        """Frames in all, as the header promises."""

    @property
    def samplerate(self) -> int:
        """Frames a second."""

    @property
    def channels(self) -> int:
        """Samples in a frame."""

    @property
    def format(self) -> str:
        """The container, by libsndfile's name where it has one."""

    @property
    def subtype(self) -> str:
        """The coding, by libsndfile's name where it has one."""

    def seek(self, frames: int) -> int:
        """Go to a frame."""

    def read(self, frames: int, dtype: str = ..., always_2d: bool = ...) -> np.ndarray:
        """The next frames ``(n, channels)``."""


@contextmanager
def opened(place: Place) -> Iterator[Decoder]:
    """A decoder at the start of the sound.

    Raises:
        MissingAudio: there is no such file.
        UnreadableAudio: it cannot be opened or decoded, is empty, or its storage is away.
    """
    sound = sound_at(place)
    with storage_errors(), ExitStack() as stack:
        if sound.length() == 0:
            raise UnreadableAudio(f"{sound} is empty (0 bytes); copy or record it again")
        if sound.path is not None:
            decoder = _of_file(sound, stack)
        else:
            file = _Watched(stack.enter_context(sound.open()))
            stack.push(file.failed)
            decoder = _of_stream(sound, file, stack)
        yield decoder


def sentence(place: Place, error: Exception) -> str:
    """What a decoder's fault means to whoever wants to listen."""
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".") or "the decoder gave up"
    converted = f"{place.stem}-converted.wav" if place.suffix.lower() == ".wav" else f"{place.stem}.wav"
    return (
        f"{place} cannot be decoded as sound ({reason}); it may be damaged, or of a kind that needs converting, "
        f"for example with ffmpeg -i {place.name} {converted}"
    )


def _of_file(sound: Sound, stack: ExitStack) -> Decoder:
    """The decoder of a whole local file, which libsndfile reads by itself."""
    index = index_of(sound)
    if index is not None:
        return Mp3Sound(stack.enter_context(sound.open()), index)
    try:
        return stack.enter_context(soundfile.SoundFile(os.fsencode(sound.source)))
    except soundfile.LibsndfileError as error:
        return _other(sound, stack.enter_context(sound.open()), error, stack)
    except TypeError as error:  # soundfile asks for the sample rate of headerless files (.raw)
        raise UnreadableAudio(f"{sound} has no header to tell its sample rate; convert it to WAV or FLAC") from error


def _of_stream(sound: Sound, file: _Watched, stack: ExitStack) -> Decoder:
    """The decoder of a part of a file, or of a remote object, by what its bytes are."""
    index = index_of(sound)
    if index is not None:
        return Mp3Sound(file, index)  # type: ignore[arg-type]
    try:
        return stack.enter_context(soundfile.SoundFile(file))
    except soundfile.LibsndfileError as error:
        return _other(sound, file, error, stack)


def _other(sound: Sound, file: BinaryIO | _Watched, refused: soundfile.LibsndfileError, stack: ExitStack) -> AvSound:
    """PyAV's decoder for what libsndfile has refused."""
    file.seek(0)
    known = demuxer_of(file.read(START_BYTES))
    if known is None:
        raise UnreadableAudio(sentence(sound, refused)) from refused
    try:
        return stack.enter_context(AvSound(file, known[0], format=known[1]))  # type: ignore[arg-type]
    except DecodeFault as error:
        raise UnreadableAudio(sentence(sound, error)) from error


class _Watched:
    """A file for decoders written in C, which cannot pass an exception on: it is kept, and raised at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Bytes; none once reading has failed."""
        try:
            return b"" if self._error else self._file.read(size)
        except (OSError, StorageError) as error:
            self._error = error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; -1 where there is none."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1

    def tell(self) -> int:
        """The present byte."""
        return self._file.tell()

    def failed(self, *_exception: object) -> None:
        """Raise what has gone wrong, if anything."""
        if isinstance(self._error, OSError):
            raise UnreadableAudio(f"reading failed: {self._error}") from self._error
        if self._error is not None:
            raise self._error
