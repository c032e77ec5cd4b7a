"""Voices: configured synthesizers. A voice's name becomes a system; only the operator can name its model or address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from evaluator.plugins import chosen
from evaluator.synthesizers import SYNTHESIZERS, Synthesizer, synthesizer
from explorer.config import Config
from explorer.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """An engine with its voice and speed, models and options, as configured."""

    name: str
    engine: str
    model: str | None = None
    vocoder: str | None = None
    device: str | None = None
    voice: str | None = None
    rate: float = 1.0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """As JSON values; ``Voice(**spec)`` is the same voice."""
        return {**asdict(self), "options": dict(self.options)}

    def public(self) -> dict[str, Any]:
        """What may be written into results: without options, which may hold keys of a server."""
        return {key: value for key, value in self.spec().items() if key != "options" and value is not None}

    def load(self) -> Synthesizer:
        """The synthesizer, ready to speak.

        Raises:
            ConfigError: there is no such engine or option.
            MissingPackage: its package is not installed.
            EngineError, ModelError: it cannot be loaded.
        """
        named = {"model": self.model, "vocoder": self.vocoder, "device": self.device}
        return synthesizer(self.engine, {**{k: v for k, v in named.items() if v is not None}, **self.options})

    def missing(self) -> str:
        """Why it cannot be used here, as a sentence with the pip line; "" when its packages are installed."""
        return chosen(SYNTHESIZERS, self.engine, kind="synthesizer").missing


def configured(config: Config, names: Sequence[str]) -> list[Voice]:
    """The configured voices of these names, or the first one where none is named.

    Raises:
        ConfigError: there is no voice of a name, or none at all.
    """
    known = {name: Voice(name=name, **asdict(voice)) for name, voice in config.voices.items()}
    if not known:
        raise ConfigError("No voice is configured; name one under voices: in a configuration file.")
    for name in names:
        if name not in known:
            raise ConfigError(f'There is no voice "{name}"; configured are: {", ".join(known)}.')
    return [known[name] for name in names or [next(iter(known))]]
