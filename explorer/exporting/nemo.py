"""NeMo manifests: one JSON object a line, every field of the source and every hypothesis, as read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explorer.exporting import Wanted, Written
from explorer.exporting.rows import chosen_columns, outside_columns, records, write_manifest
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the manifest; see Writer."""
    columns = chosen_columns(corpus, wanted.columns) or outside_columns(corpus)
    return write_manifest(path, columns, records(corpus, query, columns, absolute=wanted.absolute))
