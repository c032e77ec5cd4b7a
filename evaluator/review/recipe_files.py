"""The recipes of a workspace: one YAML file each, to which pages add rules, and which ``app.py apply`` reads.

A rule is added at the end of the file, so what somebody wrote into it by hand, comments included, stays as it is.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evaluator.review.recipe import Recipe, read_recipe
from explorer.errors import ConfigError

NAME = re.compile(r"[\w][\w.-]{0,63}")
_HEAD = '# Rules of this workspace; app.py apply runs them over a manifest. README.md, "Recipes", has all of them.\n'


class RecipeFiles:
    """The recipes in a folder; safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()

    def names(self) -> list[str]:
        """The recipes there are."""
        return sorted(path.stem for path in self._folder.glob("*.yaml")) if self._folder.is_dir() else []

    def path(self, name: str) -> Path:
        """Where a recipe is.

        Raises:
            ConfigError: no file can have that name.
        """
        if not NAME.fullmatch(name):
            raise ConfigError(f'"{name[:64]}" cannot be the name of a recipe: letters, digits, - and _ only')
        return self._folder / f"{name}.yaml"

    def read(self, name: str) -> Recipe | None:
        """A recipe, None while there is none of that name.

        Raises:
            ConfigError: it cannot be understood; somebody has edited it.
        """
        path = self.path(name)
        return read_recipe(path) if path.exists() else None

    def add(self, name: str, rule: Mapping[str, Any]) -> Recipe:
        """Add a rule, at the end; the whole recipe.

        Raises:
            ConfigError: the rule or the file makes no sense, or the file cannot be written. It stays as it was.
        """
        path = self.path(name)
        with self._turn:
            before = path.read_text(encoding="utf-8") if path.exists() else f"{_HEAD}rejected: out\nrules:\n"
            known = self.read(name)
            text = yaml.safe_dump([dict(rule)], allow_unicode=True, sort_keys=False, width=1000)
            lines = "".join(f"{_indent(before)}{line}\n" for line in text.splitlines())
            return self._kept(path, f"{before.rstrip()}\n{lines}", rules=(len(known.rules) if known else 0) + 1)

    def _kept(self, path: Path, text: str, *, rules: int) -> Recipe:
        """Write a recipe if it reads as one of so many rules."""
        building = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            building.write_text(text, encoding="utf-8")
            made = read_recipe(building)
            if len(made.rules) != rules:
                raise ConfigError(
                    f"{path.name} does not end with its rules; move them to its end, then rules can be added"
                )
            building.replace(path)
        except OSError as error:
            raise ConfigError(f"the recipe {path.name} cannot be written: {error.strerror or error}") from error
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(building), path.name)) from error
        finally:
            building.unlink(missing_ok=True)
        return made


def _indent(text: str) -> str:
    """How the last rule of a file stands in its line."""
    found = re.findall(r"^( *)- ", text, flags=re.MULTILINE)
    return str(found[-1]) if found else "  "


def rule(action: str, what: str, put: str, *, where: str, name: str) -> dict[str, Any]:
    """A rule as somebody typed it: ``what`` is a reason, a tag, ``field = value``, or a pattern that ``put`` replaces.

    Raises:
        ConfigError: something is missing.
    """
    made: dict[str, Any] = {"name": name} if name else {}
    made |= {"where": where} if where else {}
    if action == "replace":
        if not what:
            raise ConfigError("a replacement needs a pattern")
        return made | {action: {"pattern": what, "with": put}}
    if action == "set":
        return made | {action: _fields(what)}
    if action == "tag" and not what:
        raise ConfigError("a tag needs a word")
    return made | {action: what or True}


def _fields(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError("write which field is set to what, for example lang = en")
    try:
        read = yaml.safe_load(value.strip())
    except yaml.YAMLError:
        read = value.strip()
    return {name.strip(): read if isinstance(read, str | int | float | bool) else value.strip()}
