"""Applying a recipe to a corpus: what every rule matched and did, and what becomes of each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.normalizers.registry import Normalizer
from evaluator.review.recipe import Recipe, Rule
from evaluator.review.rewriting import REJECTED, TEXT, Change
from evaluator.selection import selected
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, QueryError

TAGS = "tags"
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a rule did: rows its filter ``matched`` and their seconds, those settled before, those it ``changed``."""

    rule: Rule
    matched: int
    settled: int
    changed: int
    seconds: float


@dataclass(slots=True)
class Sheet:
    """What the rules have made of the rows so far, by row number."""

    kept: set[int] = field(default_factory=set)
    rejected: dict[int, str | bool] = field(default_factory=dict)
    values: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def changes(self, recipe: Recipe) -> dict[int, Change]:
        """What becomes of the rows that a rule touched."""
        made = {}
        for row in self.rejected.keys() | self.values.keys():
            fields = dict(self.values.get(row, {}))
            if row in self.rejected and recipe.rejected == "flag":
                fields[REJECTED] = self.rejected[row]
            text = fields.pop(TEXT, None)
            left_out = row in self.rejected and recipe.rejected == "out"
            change = Change(text=text, fields=fields, left_out=left_out)
            if not change.nothing:
                made[row] = change
        return made


def apply_recipe(corpus: Corpus, recipe: Recipe, normalizer: Normalizer) -> tuple[list[Applied], dict[int, Change]]:
    """What each rule did, and the changes by row number.

    Raises:
        ConfigError: a rule's filter, pattern or field makes no sense; the message has its number.
    """
    sheet, applied = Sheet(), []
    for rule in recipe.rules:
        try:
            corpus, query = selected(corpus, rule.where, normalizer)
            rows = np.sort(corpus.rows(query))
            seconds = corpus.extent(query).hours * 3600
            open_rows = [row for row in rows.tolist() if row not in sheet.kept and row not in sheet.rejected]
            changed = _DO[rule.action](corpus, rule, open_rows, sheet)
        except (QueryError, ConfigError) as error:
            raise ConfigError(f"rule {rule.number} ({rule.name}): {error}") from error
        applied.append(
            Applied(rule=rule, matched=len(rows), settled=len(rows) - len(open_rows), changed=changed, seconds=seconds)
        )
    return applied, sheet.changes(recipe)


def _keep(corpus: Corpus, rule: Rule, rows: Sequence[int], sheet: Sheet) -> int:
    sheet.kept.update(rows)
    return 0


def _reject(corpus: Corpus, rule: Rule, rows: Sequence[int], sheet: Sheet) -> int:
    sheet.rejected.update(dict.fromkeys(rows, rule.with_what))
    return len(rows)


def _tag(corpus: Corpus, rule: Rule, rows: Sequence[int], sheet: Sheet) -> int:
    changed = 0
    for row, now in _now(corpus, TAGS, rows, sheet):
        tags = list(now) if isinstance(now, list) else [now] if isinstance(now, str) and now else []
        if rule.with_what not in tags:
            sheet.values[row][TAGS] = [*tags, rule.with_what]
            changed += 1
    return changed


def _set(corpus: Corpus, rule: Rule, rows: Sequence[int], sheet: Sheet) -> int:
    changed: set[int] = set()
    for name, value in rule.with_what.items():
        if name == TEXT and not isinstance(value, str):
            raise ConfigError(f"text is set to {value!r}, expected a text")
        for row, now in _now(corpus, name, rows, sheet):
            if now != value or isinstance(now, bool) != isinstance(value, bool):
                sheet.values[row][name] = value
                changed.add(row)
    return len(changed)


def _replace(corpus: Corpus, rule: Rule, rows: Sequence[int], sheet: Sheet) -> int:
    name, changed = rule.with_what["field"], 0
    _column(corpus, name)
    for start in range(0, max(1, len(rows)), _AT_ONCE):
        now = [
            (row, text) for row, text in _now(corpus, name, rows[start : start + _AT_ONCE], sheet)
            if isinstance(text, str)
        ]  # fmt: skip
        texts = pa.array([text for _, text in now], pa.string())
        try:
            made = pc.replace_substring_regex(
                texts, pattern=rule.with_what["pattern"], replacement=rule.with_what["with"]
            )
        except pa.ArrowInvalid as error:
            raise ConfigError(f"the pattern cannot be understood: {str(error).splitlines()[0]}") from error
        for (row, before), after in zip(now, made.to_pylist(), strict=True):
            if after != before:
                sheet.values[row][name] = after
                changed += 1
    return changed


_DO = {"keep": _keep, "reject": _reject, "tag": _tag, "set": _set, "replace": _replace}


def _now(corpus: Corpus, name: str, rows: Sequence[int], sheet: Sheet) -> Iterator[tuple[int, Any]]:
    """What a field says in these rows by now, None where it says nothing."""
    column = "reference" if name == TEXT else next((c.name for c in corpus.columns if c.field == name), None)
    for start in range(0, len(rows), _AT_ONCE):
        part = np.array(rows[start : start + _AT_ONCE], dtype=np.int32)
        said: Mapping[int, Any] = {}
        if column is not None:
            listed = corpus.listed(part, (column,))
            said = {row: values[0] for row, (_, values) in zip(part.tolist(), listed, strict=True)}
        for row in part.tolist():
            own = sheet.values.get(row, {})
            yield row, own[name] if name in own else said.get(row)


def _column(corpus: Corpus, name: str) -> None:
    """Refuse a field that no row has: a misspelt one would replace nothing, silently."""
    if name != TEXT and not any(column.field == name for column in corpus.columns):
        known = ", ".join(column.field for column in corpus.columns if column.field)
        raise ConfigError(f'no row has the field "{name}"; there are {known}')
