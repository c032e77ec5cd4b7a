"""Silero VAD on onnxruntime: the network's probability per 32 ms window, turned into stretches of speech.

Model: snakers4/silero-vad v6 (MIT), the ONNX file that the faster-whisper wheel carries. It reads windows of 512
samples at 16 kHz, each preceded by the last 64 samples of the window before it, and carries an LSTM state through
the whole recording. What becomes of the probabilities is hysteresis.py's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.detectors.hysteresis import SpeechRules, stretches
from explorer.errors import EngineError
from explorer.segments import Segment
from explorer.sound.audio import Audio

WINDOW = 512  # samples
CONTEXT = 64  # samples of the previous window that precede each one
_BLOCK = 8192  # windows per call: 4.4 minutes, about 20 MB


class SileroDetector:
    """The detector "silero" (see Detector); its options are those of SpeechRules."""

    sample_rate = 16000

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        release: float = 0.35,
        shortest_speech: float = 0.1,
        shortest_silence: float = 0.2,
        padding: float = 0.1,
    ) -> None:
        import onnxruntime

        self.rules = SpeechRules(
            threshold=threshold,
            release=release,
            shortest_speech=shortest_speech,
            shortest_silence=shortest_silence,
            padding=padding,
        )
        self._path = _weights()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # several recordings run beside each other instead
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            str(self._path), sess_options=options, providers=["CPUExecutionProvider"]
        )

    @property
    def description(self) -> Mapping[str, Any]:
        """The file, its hash and the rules."""
        return {
            "detector": "silero",
            "weights": self._path.name,
            "sha256": sha256(self._path.read_bytes()).hexdigest(),
            "rules": asdict(self.rules),
        }

    def probabilities(self, audio: Audio) -> np.ndarray:
        """Speech probability of each 32 ms window, float32 ``(windows,)``; the last window is padded with zeros."""
        if audio.sample_rate != self.sample_rate:
            raise EngineError(f"Silero needs {self.sample_rate} Hz, not {audio.sample_rate} Hz; resample first.")
        count = -(-len(audio.samples) // WINDOW)
        samples = np.zeros((count, WINDOW), dtype=np.float32)
        samples.reshape(-1)[: len(audio.samples)] = np.nan_to_num(audio.samples)
        context = np.zeros((count, CONTEXT), dtype=np.float32)
        context[1:] = samples[:-1, -CONTEXT:]
        windows = np.concatenate((context, samples), axis=1)
        state = np.zeros((1, 1, 128), dtype=np.float32)
        memory = np.zeros((1, 1, 128), dtype=np.float32)
        heard = [np.zeros(0, dtype=np.float32)]
        for first in range(0, count, _BLOCK):
            block, state, memory = self._session.run(
                None, {"input": windows[first : first + _BLOCK], "h": state, "c": memory}
            )
            heard.append(np.asarray(block, dtype=np.float32).reshape(-1))
        return np.concatenate(heard)

    def detect(self, audio: Audio) -> list[Segment]:
        """The stretches of speech; times are whole windows widened by the padding, exact to the sample."""
        found = stretches(self.probabilities(audio), hop=WINDOW / self.sample_rate, rules=self.rules)
        inside = (segment & Segment(0.0, audio.duration) for segment in found)
        return [segment for segment in inside if segment]


def _weights() -> Path:
    """The ONNX file inside the faster-whisper wheel, found without importing the package."""
    spec = find_spec("faster_whisper")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        for path in sorted((folder / "assets").glob("silero_vad*.onnx")):
            return path
    raise EngineError(
        "The Silero weights are not in the installed faster-whisper package; install faster-whisper==1.2.1."
    )
