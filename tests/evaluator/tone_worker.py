"""A worker that knows one more engine, "tones": the product's worker with a test's recognizer and detector.

Words do things: "hang" never returns, "kill" (here "boom") ends the process as the kernel's out-of-memory killer
does. Each batch takes ``seconds``, an option of the system.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evaluator import detectors, engines, worker
from evaluator.detectors import DetectorEntry
from evaluator.engines import Engine, Hypothesis
from evaluator.measuring import measurement as measuring
from explorer.errors import EngineError, ModelError
from explorer.sound.audio import Audio
from tests.evaluator.tones import ToneRecognizer


class SlowToneRecognizer(ToneRecognizer):
    def __init__(self, model: str | None = None, *, device: str = "auto", seconds: float = 0.0) -> None:
        super().__init__()
        if model == "wrong":
            raise ModelError("wrong.nemo is not a model; give another.")
        print("loaded the tones", flush=True)
        self._seconds = seconds

    @property
    def description(self) -> Mapping[str, Any]:
        return {"class": "SlowToneRecognizer", "pid": os.getpid()}

    def transcribe(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        time.sleep(self._seconds)
        os.write(1, b"a library in C speaks\n")
        memory, self.memory_seconds = self.memory_seconds, 1e9
        try:
            heard = super().transcribe(batch)
        except EngineError:
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            self.memory_seconds = memory
        if any("hang" in hypothesis.text for hypothesis in heard):
            time.sleep(3600)
        return heard


if __name__ == "__main__":
    engines.ENGINES = {
        **engines.ENGINES,
        "tones": Engine("tones", "tests.evaluator.tone_worker:SlowToneRecognizer", "Whistles.", "", (), False),
    }
    detectors.DETECTORS = {
        **detectors.DETECTORS,
        "energy": DetectorEntry("energy", "tests.evaluator.tones:EnergyDetector", "Whistles.", "", ()),
    }
    measuring.BATCH = 4
    measuring._PROCESS = "tests.evaluator.deadly_process"
    sys.exit(worker.main())
