"""NeMo's FastPitch with a HiFi-GAN vocoder, both from .nemo files: text to mel spectrogram to sound, on the GPU if any.

A vocoder's archive may lack its discriminators (hundreds of megabytes that only training needs), so it is restored
without them being missed. A .nemo file can run code when it is loaded: the operator alone names it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.nemo_models import device_named, engine_error, quiet, restored_voice
from evaluator.synthesizers.saying import left_out, to_be_heard
from explorer.errors import ConfigError, EngineError, ModelError
from explorer.sound.audio import Audio

SLOWEST, FASTEST = 0.25, 4.0
_SHOWN = 8


class NemoSynthesizer:
    """FastPitch and HiFi-GAN. ``voices`` are the numbers of its speakers, or just "default" when there is one."""

    def __init__(self, *, model: str | None = None, vocoder: str | None = None, device: str = "auto") -> None:
        """Raises ConfigError when a model is not named, ModelError when one cannot be loaded or is of another kind."""
        if not model or not vocoder:
            raise ConfigError(
                "NeMo synthesizes with two models: name a FastPitch as `model` and a HiFi-GAN as `vocoder`."
            )
        quiet()
        self._device = device_named(device)
        self._acoustic: Any = restored_voice(model, self._device, kind="FastPitchModel").eval()
        self._vocoder: Any = restored_voice(vocoder, self._device, kind="HifiGanModel").eval()
        self.sample_rate = _rate(self._vocoder, vocoder)
        own = _rate(self._acoustic, model)
        if own != self.sample_rate:
            raise ModelError(
                f"{Path(model).name} makes spectrograms for {own} Hz and {Path(vocoder).name} sound of "
                f"{self.sample_rate} Hz; use a vocoder of the same rate."
            )
        speakers = int(self._acoustic.cfg.get("n_speakers", 0) or 0)
        self.voices = tuple(map(str, range(speakers))) if speakers > 1 else ("default",)
        self._lock = threading.Lock()  # a NeMo model serves one thread

    def synthesize(self, text: str, *, voice: str | None = None, rate: float = 1.0, seed: int = 0) -> Audio:
        """``text`` read aloud at the vocoder's rate.

        Raises:
            EngineError: there is no such voice, the rate is out of its bounds, or the model fails.
            OutOfMemory: it does not fit.
        """
        name = voice or self.voices[0]
        if name not in self.voices:
            raise EngineError(f'This model has no voice "{name}"; it has {", ".join(self.voices[:_SHOWN])}.')
        if not SLOWEST <= rate <= FASTEST:
            raise EngineError(f"NeMo cannot speak at {rate:g} times its rate; choose {SLOWEST} to {FASTEST:g}.")
        if not text.strip():
            return Audio(np.zeros(0, np.float32), self.sample_rate)
        speaker = int(name) if name.isdecimal() else None
        with self._lock:
            return Audio(self._spoken(text, speaker, rate, seed), self.sample_rate)

    def _spoken(self, text: str, speaker: int | None, rate: float, seed: int) -> np.ndarray:
        import torch

        torch.manual_seed(seed)
        try:
            with torch.inference_mode():
                tokens = self._acoustic.parse(text)
                mels = self._acoustic.generate_spectrogram(tokens=tokens, speaker=speaker, pace=rate)
                sound = self._vocoder.convert_spectrogram_to_audio(spec=mels)
        except Exception as error:  # models fail in any library they use; the user needs the sentence
            raise engine_error(error, count=1) from error
        samples: np.ndarray = sound.squeeze().float().cpu().numpy().reshape(-1)
        if not np.isfinite(samples).all():
            raise EngineError("The model made sound with values that are no numbers; is its checkpoint damaged?")
        return samples.astype(np.float32)

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...]:
        """Characters that give no token of the model's table, which drops them."""
        vocabulary = self._acoustic.vocab
        if "Chars" in type(vocabulary).__name__:
            known = {*vocabulary.tokens, *map(str.upper, vocabulary.tokens)}
            return tuple(c for c in to_be_heard(text) if not set(vocabulary.text_preprocessing_func(c)) <= known)
        return left_out(text, to_be_heard(text), lambda said: [n for n in self._tokens(said) if n != vocabulary.space])

    def _tokens(self, text: str) -> list[int]:
        """The numbers of a text's tokens, as the model gets them."""
        with self._lock:
            tokens: list[int] = self._acoustic.parse(text).flatten().tolist()
            return tokens

    def close(self) -> None:
        """Give the memory of both models back."""
        import torch

        del self._acoustic, self._vocoder
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()


def _rate(model: Any, name: str) -> int:
    """The sample rate that a model was made for."""
    config = model.cfg
    rate = config.get("sample_rate") or config.preprocessor.get("sample_rate")
    if not rate:
        raise ModelError(f"{name} does not say its sample rate.")
    return int(rate)
