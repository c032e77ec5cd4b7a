"""Many items, some at a time: a database takes so many values in one question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

AT_ONCE = 500  # values in one IN (...): SQLite takes 32,766 parameters, and plans shorter lists faster


def chunks(items: Iterable[Item], size: int = AT_ONCE) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``."""
    every = list(items)
    for start in range(0, len(every), size):
        yield every[start : start + size]
