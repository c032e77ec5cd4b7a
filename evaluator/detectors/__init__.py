"""Detectors of speech (VAD): the protocol every one follows, and the table of those that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import signature
from typing import Any, Protocol

from evaluator.engines import load_class
from explorer.audio import Audio
from explorer.errors import ConfigError, MissingPackage
from explorer.segments import Segment


class Detector(Protocol):
    """A loaded speech detector; it may be used by several threads at once.

    ``sample_rate``: Hz it wants; the caller resamples.
    ``description``: what identifies it for run.yaml.
    """

    sample_rate: int

    @property
    def description(self) -> Mapping[str, Any]:
        """What was loaded, as JSON values."""

    def detect(self, audio: Audio) -> list[Segment]:
        """The stretches of speech, in order, apart, inside [0, duration), labelled "speech"; [] for silence.

        Raises:
            EngineError: the audio cannot be judged.
        """


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """A row of DETECTORS: how to import a detector class, and what to tell people about it."""

    name: str
    factory: str
    help: str
    pip: str
    modules: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether the packages it needs are there (they are looked for, not imported)."""
        return all(find_spec(module) is not None for module in self.modules)


DETECTORS: Mapping[str, DetectorEntry] = {
    entry.name: entry
    for entry in (
        DetectorEntry(
            name="silero",
            factory="evaluator.detectors.silero:SileroDetector",
            help="Silero VAD, a small neural network for 32 ms windows; its weights come with pip and run offline.",
            pip="faster-whisper onnxruntime",
            modules=("faster_whisper", "onnxruntime"),
        ),
    )
}


def load_detector(name: str, **options: Any) -> Detector:
    """The detector of that name, ready to use.

    Raises:
        ConfigError: there is none, or it has no such option; the message lists those there are.
        MissingPackage: it is not installed; the message has the pip line.
        EngineError: it cannot be loaded.
    """
    if name not in DETECTORS:
        raise ConfigError(f'There is no detector "{name}"; known are: {", ".join(DETECTORS)}.')
    entry = DETECTORS[name]
    if not entry.installed:
        raise MissingPackage(f'The detector "{name}" is not installed. Install it with: pip install {entry.pip}')
    known = list(signature(load_class(entry.factory)).parameters)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ConfigError(
            f'The detector "{name}" has no option "{unknown[0]}"; known are: {", ".join(known) or "none"}.'
        )
    detector: Detector = load_class(entry.factory)(**options)
    return detector
