"""RowMemory: the ordered rows of the last queries, so that paging through a view finds them only once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from explorer.querying.query import Query

REMEMBERED_QUERIES = 32
REMEMBERED_BYTES = 256 << 20


class RowMemory:
    """The ordered rows of the last queries, by the query's URL form, at most so many and so many bytes of them (but
    always those of the last one); shared by threads."""

    def __init__(self, size: int = REMEMBERED_QUERIES, most_bytes: int = REMEMBERED_BYTES) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self._rows: OrderedDict[tuple[tuple[str, str], ...], np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, query: Query, find_rows: Callable[[Query], np.ndarray]) -> np.ndarray:
        """The rows of the query, found now if they are not remembered."""
        key = tuple(query.pairs())
        with self._lock:
            if key in self._rows:
                self._rows.move_to_end(key)
                return self._rows[key]
        rows = find_rows(query)
        rows.setflags(write=False)
        with self._lock:
            if key not in self._rows:  # another thread may have found them meanwhile
                self._rows[key] = rows
                self._bytes += rows.nbytes
            while len(self._rows) > self._size or (self._bytes > self._most_bytes and len(self._rows) > 1):
                self._bytes -= self._rows.popitem(last=False)[1].nbytes
        return rows
