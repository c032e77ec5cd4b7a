"""eSpeak NG driven through its C interface (speak_lib.h), from the library and data inside the espeakng-loader wheel.

The library keeps one global state per process: oscillator phases, noise and echo buffers, and a random number
generator seeded with the time. Two users at once would corrupt each other, and the same words sound slightly different
the second time. So every utterance loads the library afresh, seeds it, speaks, and unloads it (measured: 6 ms), under
one lock for the whole process.

Voices are ``language`` or ``language+variant``: "en-us", "en-gb-x-rp+f3", "en-us+klatt2".

Source: https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

from __future__ import annotations

import ctypes
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.synthesizers.saying import left_out, to_be_heard
from explorer.errors import EngineError, MissingPackage
from explorer.sound.audio import Audio

_NOBODYS_LETTERS = ("\u16a0", "\ua015", "\U00012000")
"""A rune, a letter of Yi and a cuneiform sign: said as "letter" and their number."""

IPA = 2
SYNCHRONOUS_OUTPUT = 2
UTF8_TEXT = 1
RATE, PITCH, PITCH_RANGE = 1, 3, 4
NORMAL_WORDS_PER_MINUTE = 175
SLOWEST, FASTEST = 80, 450

_LIBRARY_LOCK = threading.Lock()  # the C library's state belongs to the process, so its lock must too

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakSynthesizer:
    """Formant voices of eSpeak NG; see the module for the names of voices."""

    voices = ("en-us", "en-gb-x-rp", "en-gb-scotland", "en-us+f3", "en-us+m3", "en-us+klatt2")

    def __init__(self) -> None:
        """Raises MissingPackage when the wheel is not installed, EngineError when its library cannot be loaded."""
        try:
            import espeakng_loader
        except ImportError as error:
            raise MissingPackage("eSpeak NG is not installed; run `pip install espeakng-loader`.") from error
        self._library_path = str(espeakng_loader.get_library_path())
        self._data_path = str(espeakng_loader.get_data_path())
        with self._loaded():
            pass

    def synthesize(
        self,
        text: str,
        *,
        voice: str | None = None,
        rate: float = 1.0,
        seed: int = 0,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> Audio:
        """``text`` read aloud; ``pitch`` and ``pitch_range`` (its liveliness) run from 0 to 99, 50 is the voice's own.

        Raises:
            EngineError: there is no such voice, the rate is out of its bounds (0.46 to 2.57), or the library fails.
        """
        name = voice or self.voices[0]
        words_per_minute = round(NORMAL_WORDS_PER_MINUTE * rate)
        if not SLOWEST <= words_per_minute <= FASTEST:
            bounds = f"{SLOWEST / NORMAL_WORDS_PER_MINUTE:.2f} to {FASTEST / NORMAL_WORDS_PER_MINUTE:.2f}"
            raise EngineError(f"eSpeak NG cannot speak at {rate:g} times its rate; choose {bounds}.")
        if not text.strip():
            return Audio(np.zeros(0, np.float32), 22050)
        pieces: list[np.ndarray] = []

        def collect(samples: Any, count: int, _events: Any) -> int:
            if samples and count > 0:
                pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        callback = _SynthCallback(collect)  # must outlive the calls below
        with self._loaded() as (library, sample_rate):
            library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
            library.espeak_SetSynthCallback(callback)
            self._choose(library, name)
            for parameter, value in ((RATE, words_per_minute), (PITCH, pitch), (PITCH_RANGE, pitch_range)):
                library.espeak_SetParameter(parameter, value, 0)
            encoded = text.encode()
            status = library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, UTF8_TEXT, None, None)
            if status != 0 or library.espeak_Synchronize() != 0:
                raise EngineError(f'eSpeak NG failed (status {status}) on the text "{text[:60]}".')
        spoken = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
        return Audio(spoken.astype(np.float32) / 32768.0, sample_rate)

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...]:
        """Characters without phonemes, and letters that are only named, as in "Chinese letter", or told by number.

        How a voice says "letter" is heard from letters that no language of eSpeak NG has.

        Raises:
            EngineError: there is no such voice.
        """
        wanted = [character for character in to_be_heard(text) if not (character.isascii() and character.isalnum())]
        if not wanted:
            return ()
        with self._loaded() as (library, _):
            self._choose(library, voice or self.voices[0])
            word = _shared_start([_plain(_phonemes(library, letter)) for letter in _NOBODYS_LETTERS])
            alone = {character: _phonemes(library, character) for character in wanted}
            silent = left_out(text, [c for c in wanted if not alone[c]], lambda said: _phonemes(library, said).split())
        told = {c: _plain(alone[c]) for c in wanted if c.isalpha() and word}
        named = {c for c, said in told.items() if said.startswith(word) or said.endswith(word)}
        return tuple(character for character in wanted if character in named or character in silent)

    def _choose(self, library: Any, name: str) -> None:
        """Have the library speak with that voice.

        Raises:
            EngineError: there is none of that name.
        """
        # The library takes an unknown variant for none at all, so the variant is looked up first.
        if not self._has_variant(name) or library.espeak_SetVoiceByName(name.encode()) != 0:
            raise EngineError(f'eSpeak NG has no voice "{name}"; try one of {", ".join(self.voices)}.')

    def _has_variant(self, voice: str) -> bool:
        _, plus, variant = voice.partition("+")
        return not plus or variant in (path.name for path in (Path(self._data_path) / "voices" / "!v").iterdir())

    def close(self) -> None:
        """Nothing stays loaded between utterances."""

    @contextmanager
    def _loaded(self) -> Iterator[tuple[Any, int]]:
        """The library in its first state, and its sample rate in Hz; unloaded again on the way out."""
        with _LIBRARY_LOCK:
            try:
                library = ctypes.CDLL(self._library_path)
            except OSError as error:
                raise EngineError(f"eSpeak NG cannot be loaded from {self._library_path} ({error}).") from error
            library.espeak_Synth.argtypes = [
                ctypes.c_char_p,
                ctypes.c_size_t,
                ctypes.c_uint,
                ctypes.c_int,
                ctypes.c_uint,
                ctypes.c_uint,
                ctypes.c_void_p,
                ctypes.c_void_p,
            ]
            library.espeak_TextToPhonemes.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
            library.espeak_TextToPhonemes.restype = ctypes.c_char_p
            try:
                sample_rate = library.espeak_Initialize(SYNCHRONOUS_OUTPUT, 0, self._data_path.encode(), 0)
                if sample_rate <= 0:
                    raise EngineError(
                        f"eSpeak NG cannot read its data in {self._data_path}; reinstall espeakng-loader."
                    )
                yield library, sample_rate
            finally:
                library.espeak_Terminate()
                _unload(library)


def _plain(phonemes: str) -> str:
    """Phonemes without stress, spaces, and the names of languages that are spoken in between."""
    return re.sub(r"\([a-z-]+\)|[ˈˌ ]", "", phonemes)


def _shared_start(texts: Sequence[str]) -> str:
    """How all of the texts begin."""
    first, last = min(texts), max(texts)
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:same]


def _phonemes(library: Any, text: str) -> str:
    """What the chosen voice says for a text, in the alphabet of the IPA."""
    rest = ctypes.pointer(ctypes.c_char_p(text.encode(errors="replace")))
    clauses = []
    while rest.contents.value:  # a clause at a time; the library moves the pointer on, to NULL at the end
        told = library.espeak_TextToPhonemes(ctypes.cast(rest, ctypes.c_void_p), UTF8_TEXT, IPA)
        clauses.append((told or b"").decode(errors="replace"))
    return " ".join(clauses)


def _unload(library: ctypes.CDLL) -> None:
    if sys.platform == "win32":
        free = ctypes.windll.kernel32.FreeLibrary
    else:
        free = ctypes.CDLL(None).dlclose
    free.argtypes = [ctypes.c_void_p]
    free(library._handle)
