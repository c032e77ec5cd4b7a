"""How audio is put into batches: sorted by length and filled by seconds, so that little of a batch is padding.

A batch costs its longest member times its count, because the others are padded to it. Batches come longest first:
the largest one shows at once whether memory suffices, and the time left is over- rather than under-estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batches(
    things: Iterable[T],
    *,
    seconds: Callable[[T], float],
    batch_seconds: float,
    batch_size: int,
    lookahead: int = 4,
) -> Iterator[list[T]]:
    """Group a stream into batches of at most ``batch_size`` things and ``batch_seconds`` of padded audio.

    A thing longer than ``batch_seconds`` is a batch of its own. The stream is read only as far as ``lookahead``
    batches of seconds (or things) need, so its audio need not fit into memory at once; within that window the order
    is by length. Ties keep the order of the stream.
    """
    waiting: list[T] = []
    for thing in things:
        waiting.append(thing)
        if sum(map(seconds, waiting)) >= lookahead * batch_seconds or len(waiting) >= lookahead * batch_size:
            yield _longest_batch(waiting, seconds=seconds, batch_seconds=batch_seconds, batch_size=batch_size)
    while waiting:
        yield _longest_batch(waiting, seconds=seconds, batch_seconds=batch_seconds, batch_size=batch_size)


def _longest_batch(
    waiting: list[T], *, seconds: Callable[[T], float], batch_seconds: float, batch_size: int
) -> list[T]:
    """Take one batch out of ``waiting``: its longest things, as many as fit."""
    waiting.sort(key=seconds, reverse=True)
    fit = int(batch_seconds // max(seconds(waiting[0]), 1e-3))
    count = max(1, min(fit, batch_size, len(waiting)))
    batch = waiting[:count]
    del waiting[:count]
    return batch
