"""The sounds of a corpus: the list that engines work on, as a Parquet file, and a look whether they are there.

What people download is in exporting/.
"""

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
LOOKED_AT = 12
AUDIO_LIST = pa.schema(
    {"id": pa.string(), "row": pa.int32(), "path": pa.string(), "offset": pa.float64(), "duration": pa.float64()}
)


def absent_sound(corpus: Corpus) -> Path | None:
    """Where the first sound should be, when none of a few rows from everywhere has its file; None when one has.

    Only files on this machine are looked for: members of tars and objects in storage would take too long.
    """
    rows = np.unique(np.linspace(0, corpus.size - 1, min(corpus.size, LOOKED_AT)).astype(np.int32))
    first: Path | None = None
    for _, (audio, source) in corpus.listed(rows, ("audio", "source")):
        place = corpus.whereabouts.path(audio, source)
        if place is None or place.exists():
            return None
        first = first or place
    return first


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
