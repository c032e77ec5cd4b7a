"""Hibari: a small neural voice (7.9 MB, ONNX on the CPU, 24 kHz) whose weights lie inside the hibari-tts wheel.

Only the voice "heart" is offered: the package would download the others, and Earmark fetches nothing at run time.
"""

from __future__ import annotations

from evaluator.synthesizers.saying import left_out, to_be_heard
from explorer.errors import EngineError, MissingPackage
from explorer.sound.audio import Audio

SLOWEST, FASTEST = 0.5, 2.0


class HibariSynthesizer:
    """The voice "heart": American English, female."""

    voices = ("heart",)

    def __init__(self) -> None:
        """Raises MissingPackage when the package is not installed, EngineError when its model cannot be loaded."""
        try:
            from hibari import Hibari
        except ImportError as error:
            raise MissingPackage("Hibari is not installed; run `pip install hibari-tts`.") from error
        try:
            self._speak = Hibari(voice=self.voices[0])
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineError(f"Hibari's model cannot be loaded ({error}); reinstall hibari-tts.") from error

    def synthesize(self, text: str, *, voice: str | None = None, rate: float = 1.0, seed: int = 0) -> Audio:
        """``text`` read aloud at 24 kHz.

        Raises:
            EngineError: there is no such voice, or the rate lies outside 0.5 to 2.
        """
        if voice not in (None, *self.voices):
            raise EngineError(f'Hibari has no voice "{voice}" here; it has {", ".join(self.voices)}.')
        if not SLOWEST <= rate <= FASTEST:
            raise EngineError(f"Hibari cannot speak at {rate:g} times its rate; choose {SLOWEST} to {FASTEST}.")
        return Audio(self._speak(text, speed=rate, seed=seed), self._speak.sample_rate)

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...]:
        """Characters for which the voice's own pronunciation has no phonemes."""
        wanted = [character for character in to_be_heard(text) if not (character.isascii() and character.isalnum())]
        alone = [character for character in wanted if not self._phonemes(character)]
        return left_out(text, alone, self._phonemes) if alone else ()

    def _phonemes(self, text: str) -> list[str]:
        """What is said, with single spaces."""
        return " ".join(self._speak.phonemize(text)).split()

    def close(self) -> None:
        """Drop the model."""
        del self._speak
