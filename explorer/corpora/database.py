"""Database: one private DuckDB in memory with a corpus file attached, and the overlays that lie beside it.

The file is attached read-only, so that several processes can read it; only a build writes it.
"""

# ruff: noqa: S608  (every name in this SQL is ours)
from __future__ import annotations

import itertools
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from explorer.columns import Column
from explorer.corpora import orders
from explorer.corpora.orders import Order
from explorer.corpora.schema import CATALOG

THREADS = 4


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Lay:
    """An overlay as it is stored: its name, its in-memory table, and its columns."""

    name: str
    table: str
    columns: tuple[Column, ...]


class Database:
    """One private DuckDB database with the corpus attached; what overlays of dead snapshots leave is dropped later."""

    def __init__(self, *, memory_mb: int, spill: Path | None = None) -> None:
        settings: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", "threads": THREADS}
        settings["autoinstall_known_extensions"] = settings["autoload_known_extensions"] = False
        if spill is not None:
            settings["temp_directory"] = str(spill)
        self._connection = duckdb.connect(":memory:", config=settings)
        self._numbers = itertools.count(1)
        self._doomed: list[str] = []
        self._orders: dict[str, Order] = {}
        self._lock = threading.Lock()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one call: cheap, and needed because a connection serves one thread."""
        return self._connection.cursor()

    def attach(self, path: Path | None, *, writable: bool = False) -> None:
        """Attach the corpus file, or an empty catalog in memory when there is none."""
        name = ":memory:" if path is None else str(path).replace("'", "''")
        mode = "" if writable or path is None else " (READ_ONLY)"
        self._connection.execute(f"ATTACH '{name}' AS {CATALOG}{mode}")

    def order(self, column: str) -> Order:
        """The order of a column that was kept, read once."""
        with self._lock:
            if column not in self._orders:
                self._orders[column] = orders.read(self.cursor(), column)
            return self._orders[column]

    def keep(self, name: str, table: pa.Table, columns: tuple[Column, ...]) -> Lay:
        """Store an overlay's table; it is dropped some time after the Lay is gone."""
        with self._lock:
            cursor = self.cursor()
            while self._doomed:
                cursor.execute(f"DROP TABLE IF EXISTS {self._doomed.pop()}")
            stored = f"memory.main.lay{next(self._numbers)}"
            cursor.register("arriving", table)
            cursor.execute(f"CREATE TABLE {stored} AS SELECT * FROM arriving")
            cursor.unregister("arriving")
        lay = Lay(name, stored, columns)
        # A finalizer may run anywhere, even inside DuckDB: it only notes the name, the next ``keep`` drops the table.
        weakref.finalize(lay, self._doomed.append, stored)
        return lay

    def close(self) -> None:
        """Give the file and the memory back."""
        self._connection.close()
