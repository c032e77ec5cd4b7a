"""NeMo frame-VAD as a detector: a network's speech probability for each 20 ms (or so), turned into stretches.

For EncDecFrameClassificationModel, such as frame MarbleNet (F. Jia, S. Majumdar, B. Ginsburg, "MarbleNet: Deep 1D
time-channel separable convolutional neural network for voice activity detection", ICASSP 2021), from a .nemo file or a
pretrained name. Written for nemo_toolkit 3.0. Long sound is heard in parts of five minutes that overlap by more than
the network can see. The rules have the names of NeMo's VAD postprocessing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.detectors.hysteresis import SpeechRules, stretches
from evaluator.nemo_models import device_named, engine_error, file_hash, quiet, restored
from explorer.errors import EngineError, ModelError
from explorer.segments import Segment
from explorer.sound.audio import Audio

PART = 300.0
"""Seconds the network hears at once."""

CONTEXT = 2.0
"""Seconds before and after a part that it hears too and whose answers are dropped."""

_SHORTEST = 0.2  # s; shorter sound is widened with zeros: the network cannot take less than a few frames
_SPEECH = ("speech", "1")


class NemoDetector:
    """The detector "nemo" (see Detector).

    ``onset`` and ``offset`` are the probabilities at which speech begins and ends; what lasts less than
    ``min_duration_on`` is dropped, a silence shorter than ``min_duration_off`` is filled, ``pad`` widens both sides.
    """

    def __init__(
        self,
        *,
        model: str,
        device: str = "auto",
        onset: float = 0.5,
        offset: float = 0.3,
        min_duration_on: float = 0.1,
        min_duration_off: float = 0.2,
        pad: float = 0.05,
    ) -> None:
        quiet()
        import torch
        from nemo.collections.asr.models import EncDecFrameClassificationModel

        self._torch = torch
        self._name = model
        self._device = device_named(device)
        self._model = restored(model, self._device)
        if not isinstance(self._model, EncDecFrameClassificationModel):
            raise ModelError(f"{model} is a {type(self._model).__name__}, not a frame-VAD.")
        self._model.eval()
        self._lock = threading.Lock()  # NeMo is not safe for threads
        self.sample_rate = int(self._model.cfg.preprocessor.sample_rate)
        labels = [str(label) for label in self._model.cfg.labels]
        self._speech = next((labels.index(name) for name in _SPEECH if name in labels), len(labels) - 1)
        self.rules = SpeechRules(
            threshold=onset,
            release=offset,
            shortest_speech=min_duration_on,
            shortest_silence=min_duration_off,
            padding=pad,
        )

    @property
    def description(self) -> Mapping[str, Any]:
        """The file and its hash, the class, the device and the rules."""
        path = Path(self._name).expanduser()
        file = {"sha256": file_hash(path)} if path.is_file() else {}
        return {
            "detector": "nemo",
            "model": str(path.resolve()) if path.is_file() else self._name,
            **file,
            "class": type(self._model).__name__,
            "device": self._device,
            "rules": asdict(self.rules),
        }

    def probabilities(self, audio: Audio) -> tuple[np.ndarray, float]:
        """Speech probability of each frame, float32 ``(frames,)``, and the seconds from frame to frame.

        Raises:
            EngineError: the rate is not the model's, or the network fails.
        """
        if audio.sample_rate != self.sample_rate:
            raise EngineError(f"The model needs {self.sample_rate} Hz, not {audio.sample_rate} Hz; resample first.")
        samples = np.nan_to_num(np.asarray(audio.samples, np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
        missing = round(_SHORTEST * self.sample_rate) - len(samples)
        samples = np.pad(samples, (0, missing)) if missing > 0 else samples
        part, context = round(PART * self.sample_rate), round(CONTEXT * self.sample_rate)
        heard, hop = [], 0.0
        for start in range(0, len(samples), part):
            first = max(0, start - context)
            frames, hop = self._heard(samples[first : start + part + context])
            skip = round((start - first) / self.sample_rate / hop)
            more = start + part < len(samples)
            heard.append(frames[skip : skip + round(PART / hop)] if more else frames[skip:])
        return np.concatenate(heard), hop

    def _heard(self, samples: np.ndarray) -> tuple[np.ndarray, float]:
        torch, model = self._torch, self._model
        try:
            with self._lock, torch.inference_mode():
                signal = torch.from_numpy(np.ascontiguousarray(samples))[None].to(self._device)
                length = torch.tensor([signal.shape[1]], device=self._device)
                features, feature_length = model.preprocessor(input_signal=signal, length=length)
                logits = model(processed_signal=features, processed_signal_length=feature_length)[0]
                speech = torch.softmax(logits.float(), dim=-1)[:, self._speech].cpu().numpy()
        except Exception as error:  # any of torch's and NeMo's errors; the sentence belongs to one utterance
            raise engine_error(error, count=1) from error
        stride = max(1, round(features.shape[-1] / len(speech)))
        hop = float(model.cfg.preprocessor.window_stride) * stride
        return speech[: -(-len(samples) // round(hop * self.sample_rate))], hop

    def detect(self, audio: Audio) -> list[Segment]:
        """The stretches of speech, in steps of the network's frames."""
        if not len(audio.samples):
            return []
        speech, hop = self.probabilities(audio)
        inside = (segment & Segment(0.0, audio.duration) for segment in stretches(speech, hop=hop, rules=self.rules))
        return [segment for segment in inside if segment]
