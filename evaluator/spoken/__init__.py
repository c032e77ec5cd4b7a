"""Spoken forms: how a text as it is written is read aloud ("Dr. Smith paid $5." is "doctor Smith paid five dollars.").

A synthesizer is given the spoken form that its user chose, and the room shows it beside the text. SPOKEN_FORMS are
named and versioned like normalizers: what was said stays on record with both. None of them changes a text without
anything to spell out, and applying one twice changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from evaluator.normalizers.nemo import PACKAGE
from explorer.errors import ConfigError, MissingPackage

PIP = ".venv/bin/pip install -r requirements-nemo-text.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenForm:
    """A way to spell a text out. ``function`` is ``module:function``; ``modules`` must be importable for it to work."""

    name: str
    version: int
    title: str
    help: str
    function: str
    modules: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """Why it cannot be used here, with the pip line; "" when it can."""
        lacking = [module for module in self.modules if find_spec(module) is None]
        return f"Not installed; use: {PIP}" if lacking else ""

    @property
    def tag(self) -> str:
        """Name and version in one word."""
        return f"{self.name}-{self.version}"

    def load(self) -> Callable[[str], str]:
        """The function, its packages imported now.

        Raises:
            MissingPackage: they are not installed.
        """
        if self.missing:
            raise MissingPackage(f'The text normalization "{self.name}" is not installed. Install it with: {PIP}')
        module, _, name = self.function.partition(":")
        function: Callable[[], Callable[[str], str]] = getattr(import_module(module), name)
        return function()


SPOKEN_FORMS: Mapping[str, SpokenForm] = {
    form.name: form
    for form in (
        SpokenForm(
            name="none",
            version=1,
            title="as written",
            help="The text goes to the synthesizer as it is; many spell numbers out themselves.",
            function="evaluator.spoken.english:as_written",
        ),
        SpokenForm(
            name="english",
            version=1,
            title="English",
            help="Numbers, money, times, dates, units and common abbreviations are spelled out by Earmark's rules.",
            function="evaluator.spoken.english:english",
        ),
        SpokenForm(
            name="nemo_english",
            version=1,
            title="NeMo English",
            help="NeMo text normalization with its English grammars, built once (minutes) and then kept.",
            function="evaluator.spoken.english:by_nemo",
            modules=(PACKAGE,),
        ),
    )
}


def spoken_form(name: str) -> SpokenForm:
    """The spoken form of that name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in SPOKEN_FORMS:
        raise ConfigError(f'There is no text normalization "{name}"; known are: {", ".join(SPOKEN_FORMS)}.')
    return SPOKEN_FORMS[name]
