"""Detectors of speech (VAD): the protocol every one follows, and the table of those that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from evaluator.plugins import Plugin, chosen, plugged
from explorer.errors import ConfigError
from explorer.segments import Segment
from explorer.sound.audio import Audio


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
class DetectorEntry(Plugin):
    """A row of DETECTORS. The class is built as ``cls(**options)``; ``needs_model``: "model" must be among them."""

    needs_model: bool = False


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
        DetectorEntry(
            name="energy",
            factory="evaluator.detectors.energy:EnergyDetector",
            help="Energy between the recording's own noise floor and peak: no network, thousands of times faster than"
            " real time, at home in quiet recordings; everything that is loud passes for speech.",
            pip="numpy",
            modules=("numpy",),
        ),
        DetectorEntry(
            name="nemo",
            factory="evaluator.detectors.nemo:NemoDetector",
            help="A NeMo frame-VAD such as frame MarbleNet, from the .nemo file that detectors.nemo.model names.",
            pip="nemo_toolkit[asr]",
            modules=("nemo", "torch"),
            needs_model=True,
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
    entry = chosen(DETECTORS, name, kind="detector")
    if entry.needs_model and not options.get("model"):
        raise ConfigError(f'The detector "{name}" needs a model: name its file as detectors.{name}.model.')
    detector: Detector = plugged(entry, kind="detector", options=options)
    return detector


def choosable(configured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The detectors that can be used here: installed, and with a model where one is needed."""
    return [
        name
        for name, entry in DETECTORS.items()
        if entry.installed and not (entry.needs_model and not configured.get(name, {}).get("model"))
    ]
