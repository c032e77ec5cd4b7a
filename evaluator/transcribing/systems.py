"""Systems: configured recognizers. A system's name becomes a column; only the operator can name its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from evaluator.engines import Recognizer, engine, load_recognizer


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An engine with its model and settings, as configured. ``precision`` "auto" is the engine's own choice."""

    name: str
    engine: str
    model: str | None = None
    device: str = "auto"
    precision: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """As JSON values; ``System(**spec)`` is the same system."""
        return {**asdict(self), "options": dict(self.options)}

    def load(self) -> Recognizer:
        """The recognizer, ready to use.

        Raises:
            ConfigError, MissingPackage, ModelError: see load_recognizer.
        """
        return load_recognizer(
            self.engine, self.model, device=self.device, precision=self.precision, **dict(self.options)
        )

    def missing(self) -> str:
        """Why it cannot be used here, as a sentence with the pip line; "" when its packages are installed."""
        return engine(self.engine).missing
