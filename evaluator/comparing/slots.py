"""Slots: how utterances are divided into slices, written as ``speaker``, ``duration:2,5,10`` or in a configuration.

    slots:
      speaker: []                                   every value
      duration: [2, 5, 10]                          intervals: below 2, 2 to 5, 5 to 10, 10 and more
      snr: [[0, 10], [10, 20]]                      the same, in pairs that follow each other
      accent: [[us, canada], [scottish, irish]]     several values together; what is left are "others"

A number column without edges is divided by its quintiles, or by value when it has few. Intervals are half-open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from explorer.errors import ConfigError, QueryError
from explorer.querying.conditions import number


@dataclass(frozen=True, slots=True)
class Slot:
    """A column, and rising ``edges`` of intervals or ``groups`` of values; with neither it is up to the column."""

    column: str
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.column}:{','.join(f'{edge:.15g}' for edge in self.edges)}" if self.edges else self.column


def parsed(text: str) -> Slot:
    """The slot of a command line or an address.

    Raises:
        QueryError: its edges are no rising numbers.
    """
    column, separator, written = text.rpartition(":")
    parts = [part.strip() for part in written.split(",")]
    if not separator or not column or any(number(part) is None for part in parts):
        if separator and column and any(number(part) is not None for part in parts):
            raise QueryError(f'the edges "{written[:80]}" of {column} are not numbers with commas between them')
        return Slot(text)
    return Slot(column, _rising([float(part) for part in parts], column, QueryError))


def with_edges(slot: Slot, written: str) -> Slot:
    """The slot with other edges; with none when nothing is written.

    Raises:
        QueryError: what is written are no rising numbers with commas between them.
    """
    if not written.strip():
        return Slot(slot.column)
    found = parsed(f"{slot.column}:{written}")
    if not found.edges:
        raise QueryError(f"“{written[:80]}” are no edges; write numbers with commas between them, such as 2, 5, 10")
    return found


def configured(slots: Mapping[str, Any]) -> tuple[Slot, ...]:
    """The slots of a configuration.

    Raises:
        ConfigError: one is none of the forms above.
    """
    return tuple(_configured(column, given) for column, given in slots.items())


def _configured(column: str, given: Any) -> Slot:
    if given is None or given == []:
        return Slot(column)
    if isinstance(given, Sequence) and not isinstance(given, str):
        if all(map(_is_number, given)):
            return Slot(column, _rising(given, column, ConfigError))
        if all(isinstance(part, Sequence) and not isinstance(part, str) and part for part in given):
            if all(len(part) == 2 and all(map(_is_number, part)) for part in given):
                if any(before[1] != after[0] for before, after in pairwise(given)):
                    raise ConfigError(f'the intervals of "slots.{column}" must follow each other: [[0, 2], [2, 5]]')
                return Slot(column, _rising([given[0][0], *(part[1] for part in given)], column, ConfigError))
            return Slot(column, groups=tuple(tuple(str(value) for value in part) for part in given))
    raise ConfigError(
        f'"slots.{column}" is {given!r}, expected [] (every value), numbers (edges of intervals), or lists of values'
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rising(edges: Sequence[float], column: str, kind: type[QueryError | ConfigError]) -> tuple[float, ...]:
    numbers = tuple(float(edge) for edge in edges)
    if not all(map(math.isfinite, numbers)) or any(after <= before for before, after in pairwise(numbers)):
        raise kind(f'the edges of "{column}" must rise: {", ".join(f"{edge:g}" for edge in numbers)}')
    return numbers
