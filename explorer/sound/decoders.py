"""Decoders: sounds decoded by child processes, so that a sound that ends or holds up its decoder harms nobody else.

Decoders are large C libraries, and sound comes from anywhere: every one of them has been ended by a damaged file
before. A server opens no sound by itself. It asks one of a few children for the samples, which come through a pipe
(1 ms for 30 s of sound); what is made of them (waveform, spectrogram, WAV) is made here. A child that dies, or is
silent for PATIENCE, is a sentence about its sound; that sound is left alone for a while, since a page asks for many
views of it at once, and the next gets a new child.

A child that has opened a sound before is asked again for it where it is free: it remembers the index of a long MP3 and
blocks of remote objects.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.child import Child, ChildDied
from explorer.errors import AudioError, EngineError, ForbiddenAudio, MissingAudio, UnreadableAudio
from explorer.places.sounds import Place, locator_of, sound_at
from explorer.sound import decoding_process
from explorer.sound.av_sound import DecodeFault
from explorer.sound.decoding import Decoder, sentence

PROCESS = "explorer.sound.decoding_process"

MOST = 6
"""Children at once: two may index long sounds for a while, the others are for people who click."""

PATIENCE = 30.0
"""Seconds without an answer after which a child is given up; a remote storage that is away takes ten."""

LEFT_ALONE = 60.0
"""Seconds for which a sound that has ended its decoder is not tried again."""

_REMEMBERED = 1_000
_KINDS: Mapping[str, type[AudioError]] = {"MissingAudio": MissingAudio, "ForbiddenAudio": ForbiddenAudio}


@dataclass(slots=True)
class _Member:
    """A child, and the sound that it had last."""

    child: Child
    sound: str = ""


class Decoders:
    """Children that decode, started when they are needed; all methods may be called from any thread."""

    def __init__(self, *, most: int = MOST, patience: float = PATIENCE, module: str = PROCESS) -> None:
        self._most, self._patience, self._module = most, patience, module
        self._idle: list[_Member] = []
        self._members: list[_Member] = []
        self._deadly: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()
        self._change = threading.Condition()
        self._closed = False

    def start(self, count: int = 1) -> None:
        """Start so many children without waiting for them, so that the first sound need not."""
        with self._change:
            while len(self._members) < min(count, self._most) and not self._closed:
                member = _Member(Child(self._module, {}))
                member.child.start()
                self._members.append(member)
                self._idle.append(member)

    @contextmanager
    def opened(self, place: Place) -> Iterator[Decoder]:
        """What ``decoding.opened`` gives, from a child; the same errors.

        Raises:
            UnreadableAudio: besides, the sound has ended its decoder or kept it for too long, or all are busy.
        """
        locator, version = locator_of(place), sound_at(place).version
        self._refuse_deadly(locator, version)
        member = self._borrowed(locator)
        try:
            decoder = _distant(member.child, place, self._patience)
            try:
                yield decoder
            finally:
                decoder.close()
        except ChildDied as death:
            told = sentence(place, RuntimeError(f"the decoder {death}"))
            self._remember(locator, version, told)
            raise UnreadableAudio(told) from death
        except EngineError as error:
            raise UnreadableAudio(f"{place} cannot be decoded: {error}") from error
        finally:
            with self._change:
                self._idle.append(member)
                self._change.notify()

    def close(self) -> None:
        """End all children now; who waits for one gets an error."""
        with self._change:
            self._closed = True
            members = list(self._members)
            self._change.notify_all()
        for member in members:
            member.child.close()

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _borrowed(self, locator: str) -> _Member:
        """A child for this thread alone: one that knows the sound, one that is idle, or a new one."""
        until = time.monotonic() + self._patience
        with self._change:
            while True:
                if self._closed:
                    raise UnreadableAudio("the server is being stopped")
                if self._idle:
                    member = next((one for one in self._idle if one.sound == locator), self._idle[-1])
                    self._idle.remove(member)
                    break
                if len(self._members) < self._most:
                    member = _Member(Child(self._module, {}))
                    self._members.append(member)
                    break
                if not self._change.wait(until - time.monotonic()):
                    raise UnreadableAudio("all decoders are busy with other sounds; try again in a moment")
        member.child.renew()
        member.sound = locator
        return member

    def _refuse_deadly(self, locator: str, version: str) -> None:
        with self._change:
            when, told = self._deadly.get((locator, version), (0.0, ""))
        if told and time.monotonic() - when < LEFT_ALONE:
            raise UnreadableAudio(told)

    def _remember(self, locator: str, version: str, told: str) -> None:
        with self._change:
            if self._closed:
                return
            self._deadly[locator, version] = (time.monotonic(), told)
            while len(self._deadly) > _REMEMBERED:
                self._deadly.popitem(last=False)


def _distant(child: Child, place: Place, patience: float) -> DistantDecoder:
    try:
        return DistantDecoder(child, locator_of(place), patience)
    except DecodeFault as fault:
        raise UnreadableAudio(sentence(place, fault)) from fault


class DistantDecoder:
    """A sound that is open in a child; raises ChildDied where that ends."""

    def __init__(self, child: Child, locator: str, patience: float) -> None:
        """Open it; the errors of ``decoding.opened``."""
        self._child, self._patience = child, patience
        self._at: int | None = None
        self._alive = True
        facts = self._told({"open": decoding_process.written(locator)})
        self.frames, self.samplerate, self.channels = facts["frames"], facts["samplerate"], facts["channels"]
        self.format, self.subtype = facts["format"], facts["subtype"]

    def seek(self, frames: int) -> int:
        """Go to a frame: the next ``read`` does."""
        self._at = frames
        return frames

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> np.ndarray:
        """The next frames, float32 ``(n, channels)``; fewer at the end.

        Raises:
            DecodeFault: the decoder cannot go on from here.
        """
        at, self._at = self._at, None
        answer = self._told({"read": frames, "at": at})
        return np.frombuffer(answer["content"], np.float32).reshape(answer["frames"], self.channels)

    def close(self) -> None:
        """Let the sound go; what went wrong while its bytes were read is raised here."""
        if self._alive:
            with suppress(ChildDied, DecodeFault):
                self._told({"close": True})

    def _told(self, line: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._child.ask(line, seconds=self._patience)
        except ChildDied:
            self._alive = False
            raise
        if "error" in answer:
            raise _KINDS.get(answer["kind"], UnreadableAudio)(answer["error"])
        if "fault" in answer:
            raise DecodeFault(answer["fault"])
        return answer
