"""Recipes: decisions about many rows that are rules, written down as YAML so that they can be made again.

    rejected: out                     # or flag: rejected rows stay, with the reason in the field "rejected"
    rules:
      - where: '{speaker} = "anna"'   # a filter, in the words of the filter box; none: every row
        keep: checked by hand         # later rules leave these rows alone
      - name: too short               # what the summary calls the rule
        where: '{duration} < 0.3'
        reject: too short             # the reason
      - replace: {pattern: '\\b(uh|um) ', with: '', field: text}   # RE2; with may use \\1; field: text unless it says
      - where: '{signal_snr} < 10'
        tag: noisy                    # added to the list in the field "tags"
      - where: '{lang} is empty'
        set: {lang: en}

Rules apply in their order. Every filter looks at the manifest as it was read, a replacement at the text that the rules
before it made. A rejected row is done: later rules leave it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from explorer.errors import ConfigError

Action = Literal["keep", "reject", "replace", "tag", "set"]
ACTIONS: tuple[Action, ...] = ("keep", "reject", "replace", "tag", "set")
_REPLACE = ("pattern", "with", "field")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: which rows, what is done to them, and with what: a reason, a tag, fields, or a replacement."""

    number: int
    name: str
    where: str
    action: Action
    with_what: Any

    @property
    def told(self) -> str:
        """The action in words."""
        what = self.with_what
        if self.action == "replace":
            return f'replace "{what["pattern"]}" by "{what["with"]}" in {what["field"]}'
        if self.action == "set":
            return "set " + ", ".join(f"{name} = {value!r}" for name, value in what.items())
        return self.action if what is True else f"{self.action}: {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Rules in their order, and whether rejected rows are left out or flagged."""

    rules: tuple[Rule, ...]
    rejected: Literal["out", "flag"] = field(default="out")


def read_recipe(path: Path) -> Recipe:
    """The recipe of a file.

    Raises:
        ConfigError: it cannot be read, or what is wrong in which rule.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"the recipe {path} cannot be read: {reason.lower()}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the recipe {path} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        return _recipe(content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _recipe(content: Any) -> Recipe:
    if not isinstance(content, dict) or not isinstance(content.get("rules"), list) or not content["rules"]:
        raise ConfigError('a recipe has a list of "rules"')
    _known(content, ("rules", "rejected"), "a recipe")
    rejected = content.get("rejected", "out")
    if rejected not in ("out", "flag"):
        raise ConfigError(f'"rejected" is {rejected!r}, expected out or flag')
    rules = tuple(_rule(number, entry) for number, entry in enumerate(content["rules"], 1))
    return Recipe(rules=rules, rejected=rejected)


def _rule(number: int, entry: Any) -> Rule:
    here = f"rule {number}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{here} is {entry!r}, expected a mapping with where and one of {', '.join(ACTIONS)}")
    _known(entry, ("name", "where", *ACTIONS), here)
    actions = [action for action in ACTIONS if action in entry]
    if len(actions) != 1:
        found = f"{' and '.join(actions)}" if actions else "nothing"
        raise ConfigError(f"{here} does {found}, expected one of {', '.join(ACTIONS)}")
    for name in ("name", "where"):
        if not isinstance(entry.get(name, ""), str):
            raise ConfigError(f'{here}: "{name}" is {entry[name]!r}, expected a text')
    action = actions[0]
    return Rule(
        number=number,
        name=entry.get("name") or str(number),
        where=entry.get("where", ""),
        action=action,
        with_what=_with_what(here, action, entry[action]),
    )


def _with_what(here: str, action: Action, value: Any) -> Any:
    if action == "set":
        if not isinstance(value, dict) or not value or not all(isinstance(name, str) for name in value):
            raise ConfigError(f"{here}: set is {value!r}, expected fields and values such as {{lang: en}}")
        return dict(value)
    if action == "replace":
        if not isinstance(value, dict) or not {"pattern", "with"} <= value.keys():
            raise ConfigError(f"{here}: replace needs a pattern and a with")
        _known(value, _REPLACE, f"{here}: replace")
        made = {"pattern": value["pattern"], "with": value["with"], "field": value.get("field", "text")}
        if not all(isinstance(part, str) for part in made.values()):
            raise ConfigError(f"{here}: pattern, with and field of a replace must be texts")
        return made
    if action == "tag" and not (isinstance(value, str) and value.strip()):
        raise ConfigError(f"{here}: tag is {value!r}, expected a word")
    if value is not True and not isinstance(value, str):
        raise ConfigError(f"{here}: {action} is {value!r}, expected a reason, or true")
    return value


def _known(entry: Mapping[Any, Any], names: tuple[str, ...], here: str) -> None:
    for name in entry:
        if name not in names:
            raise ConfigError(f'{here} has no "{name}"; known are {", ".join(names)}')
