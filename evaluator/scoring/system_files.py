"""Files of systems: a Parquet file for each of several systems, filled batch by batch, and named only when it is whole.

Whoever looks for a file of a name finds all of it or nothing: while it is written it has a name of its own beside its
place, which no two processes share.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

Writers = Mapping[str, pyarrow.parquet.ParquetWriter]


@contextmanager
def system_files(schemas: Mapping[str, pa.Schema], files: Mapping[str, Path]) -> Iterator[Writers]:
    """A writer for each system of ``files``, with its schema; all are published at the end, none after a fault.

    Raises:
        OSError: a file cannot be written.
    """
    building = {s: p.with_name(f"{p.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.building") for s, p in files.items()}
    writers: dict[str, pyarrow.parquet.ParquetWriter] = {}
    try:
        for system, path in building.items():
            writers[system] = pyarrow.parquet.ParquetWriter(path, schemas[system], compression="zstd")
        yield writers
        for system, writer in writers.items():
            writer.close()
            building[system].replace(files[system])
    finally:
        for system, writer in writers.items():
            writer.close()
            building[system].unlink(missing_ok=True)


def counted(batches: Iterable[pa.RecordBatch], progress: Callable[[int], None] | None) -> Iterator[pa.RecordBatch]:
    """The batches in their order; ``progress`` is told the rows of those that have been worked on."""
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        if progress is not None:
            progress(done)
