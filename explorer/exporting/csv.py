"""CSV for spreadsheets: all columns, derived ones and scores too (as fractions), written as spreadsheet.py says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explorer.exporting import Wanted, Written
from explorer.exporting.rows import chosen_columns, records, spreadsheet_columns, write_csv
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the table; see Writer."""
    columns = chosen_columns(corpus, wanted.columns) or spreadsheet_columns(corpus)
    return write_csv(path, columns, records(corpus, query, columns, absolute=wanted.absolute), formulas=wanted.formulas)
