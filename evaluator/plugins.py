"""Plugins: rows of the tables ENGINES, DETECTORS and SYNTHESIZERS, found by name, imported late, their options checked.

A table can be listed without importing what it names. A wrong name or option is a ConfigError that says which there
are; a missing package is a MissingPackage with the pip line.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any, TypeVar

from explorer.errors import ConfigError, MissingPackage


@dataclass(frozen=True, slots=True)
class Plugin:
    """A row of a table: how to import a class (``module:Class``), and what to tell people about it.

    ``pip`` are the packages to install, ``modules`` what must be importable for it to work.
    """

    name: str
    factory: str
    help: str
    pip: str
    modules: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether the packages it needs are there (they are looked for, not imported)."""
        return all(find_spec(module) is not None for module in self.modules)

    @property
    def pip_line(self) -> str:
        """The command that installs what it needs."""
        return "pip install " + " ".join(_quoted(package) for package in self.pip.split())

    @property
    def missing(self) -> str:
        """Why it cannot be used here, as a sentence with the pip line; "" when its packages are installed."""
        return "" if self.installed else f"Not installed; use: {self.pip_line}"


Row = TypeVar("Row", bound=Plugin)


def chosen(table: Mapping[str, Row], name: str, *, kind: str) -> Row:
    """The row of that name; ``kind`` is what to call it in the sentence.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in table:
        raise ConfigError(f'There is no {kind} "{name}"; known are: {", ".join(table)}.')
    return table[name]


def plugged(
    entry: Plugin, *arguments: Any, kind: str, options: Mapping[str, Any] | None = None, own: Sequence[str] = ()
) -> Any:
    """The class of a row, built with ``arguments`` and the user's ``options``; ``own`` are options users cannot name.

    Raises:
        MissingPackage: it is not installed; the message has the pip line.
        ConfigError: it has no such option; the message names the nearest or lists those there are.
    """
    if not entry.installed:
        raise MissingPackage(f'The {kind} "{entry.name}" is not installed. Install it with: {entry.pip_line}')
    plugin_class = load_class(entry.factory)
    known = [option for option in signature(plugin_class).parameters if option not in own]
    for option in options or {}:
        if option not in known and option not in own:
            near = get_close_matches(option, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known are: {', '.join(known) or 'none'}."
            raise ConfigError(f'The {kind} "{entry.name}" has no option "{option}"; {hint}')
    return plugin_class(*arguments, **(options or {}))


def load_class(factory: str) -> Any:
    """The class behind ``module:Class``."""
    module, _, name = factory.partition(":")
    return getattr(import_module(module), name)


def _quoted(package: str) -> str:
    return f'"{package}"' if shlex.quote(package) != package else package
