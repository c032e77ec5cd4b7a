"""The two judges of voices that are trained models: predicted opinion, and whose voice it is. Both are optional.

Their weights come with their packages, so that nothing is fetched: ``pip install --no-deps -r requirements-voice.txt``
(without dependencies, because what they name beside what is here anyway is not needed for judging).
"""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from explorer.errors import MissingPackage
from explorer.sound.audio import Audio, resample

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

RATE = 16_000
SHORTEST = 0.5
"""Seconds below which neither judges: DistillMOS looks at stretches, and an embedding needs a few syllables."""

LONGEST = 30.0
"""Seconds of a sound that are judged, from its beginning."""

JUDGES = {"mos": "distillmos", "similarity": "resemblyzer"}
"""The scores that need a package, and its name."""

INSTALL = "pip install --no-deps -r requirements-voice.txt"


def missing_judges() -> tuple[str, ...]:
    """The scores whose package is not installed."""
    return tuple(score for score, package in JUDGES.items() if find_spec(package) is None)


class OpinionJudge:
    """DistillMOS: the opinion score from 1 to 5 that listeners would give a sound.

    Raises:
        MissingPackage: distillmos is not installed.
    """

    def __init__(self) -> None:
        _need("mos")
        import torch

        # Its command line alone uses torchaudio, which cannot be imported beside every build of torch.
        with _stand_in("torchaudio"), redirect_stdout(sys.stderr):
            from distillmos import ConvTransformerSQAModel

            self._model = ConvTransformerSQAModel()
        self._model.eval()
        self._torch = torch

    def score(self, audio: Audio) -> float | None:
        """The predicted opinion; None for a sound shorter than SHORTEST."""
        if audio.duration < SHORTEST:
            return None
        samples = _judged(audio)
        with self._torch.inference_mode():
            return round(float(self._model(self._torch.from_numpy(samples)[None])), 3)


class SpeakerJudge:
    """Resemblyzer's speaker encoder: how alike two voices are, as a cosine.

    Raises:
        MissingPackage: resemblyzer is not installed.
    """

    def __init__(self) -> None:
        _need("similarity")
        from resemblyzer import VoiceEncoder

        self._encoder: Any = VoiceEncoder("cpu", verbose=False)

    def embedding(self, audio: Audio) -> np.ndarray | None:
        """Float32 ``(256,)`` of length 1; None for a sound shorter than SHORTEST, or silence."""
        from resemblyzer import preprocess_wav

        samples = preprocess_wav(_judged(audio), source_sr=RATE) if audio.duration >= SHORTEST else ()
        found: np.ndarray | None = self._encoder.embed_utterance(samples) if len(samples) else None
        return found


def similarity(a: np.ndarray | None, b: np.ndarray | None) -> float | None:
    """The cosine of two embeddings of length 1; None where one is missing."""
    return None if a is None or b is None else round(float(a @ b), 4)


def _judged(audio: Audio) -> np.ndarray:
    return resample(audio, RATE).samples[: round(LONGEST * RATE)]


def _need(score: str) -> None:
    if score in missing_judges():
        raise MissingPackage(f"This score needs the package {JUDGES[score]}: {INSTALL}")


@contextmanager
def _stand_in(module: str) -> Iterator[None]:
    """An empty module of that name while something is imported, where there is none."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = types.ModuleType(module)
    try:
        yield
    finally:
        del sys.modules[module]
