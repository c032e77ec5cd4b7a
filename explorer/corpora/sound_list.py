"""The list of sounds that engines work on, as a Parquet file; what people download is in exporting/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

ROWS_AT_ONCE = 20_000
AUDIO_LIST = pa.schema(
    {"id": pa.string(), "row": pa.int32(), "path": pa.string(), "offset": pa.float64(), "duration": pa.float64()}
)


def write_audio_list(corpus: Corpus, query: Query, path: Path) -> None:
    """Write id, row, locator of the sound (an absolute path, or see sounds.py), offset and duration to Parquet.

    The rows are those of the query, in row order.
    """
    shards = ("shard_id",) if any(column.name == "shard_id" for column in corpus.columns) else ()
    rows = np.sort(corpus.rows(query))
    with pyarrow.parquet.ParquetWriter(path, AUDIO_LIST, compression="zstd") as writer:
        for start in range(0, max(1, rows.size), ROWS_AT_ONCE):
            wanted = rows[start : start + ROWS_AT_ONCE]
            found = corpus.listed(wanted, ("audio", "offset", "duration", "source", *shards))
            content = {
                "id": [id for id, _ in found],
                "row": pa.array(wanted, pa.int32()),
                "path": [corpus.whereabouts.locator(v[0], v[3], shard=v[4] if shards else None) for _, v in found],
                "offset": pa.array([v[1] for _, v in found], pa.float64()),
                "duration": pa.array([v[2] for _, v in found], pa.float64()),
            }
            writer.write_table(pa.table(content, schema=AUDIO_LIST))
