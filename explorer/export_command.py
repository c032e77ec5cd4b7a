"""The export command: the selected rows of a corpus into a file or folder, and in words what became of them.

The file is written beside its place and then renamed, so that an interrupted export leaves nothing half done. Paths of
sounds are written in full when the file will not lie where the corpus does.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import ConfigError
from explorer.exporting import EXPORTS, Wanted, export_to, leads_elsewhere
from explorer.querying.query import Query
from explorer.spreadsheet import Formulas

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


def export_corpus(
    corpus: Corpus,
    query: Query,
    output: Path,
    *,
    format: str,
    system: str | None = None,
    columns: str | None = None,
    formulas: Formulas = "guarded",
) -> int:
    """Write the query's rows to ``output``; the exit code is 1 when some had to be left out.

    ``columns`` are names with commas between them.

    Raises:
        ConfigError: the output is a source of the corpus, or cannot be written.
        QueryError: there is no such format, system or column.
    """
    output = output.expanduser().absolute()
    _check(corpus, output)
    chosen = tuple(name.strip() for name in columns.split(",")) if columns else None
    wanted = Wanted(system=system, columns=chosen, absolute=leads_elsewhere(corpus, output.parent), formulas=formulas)
    beside = output.with_name(f".{uuid.uuid4().hex[:8]}.{output.name}")
    try:
        written = export_to(corpus, query, beside, format=format, wanted=wanted)
        beside.replace(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {(error.strerror or str(error)).lower()}") from error
    finally:
        if beside.is_dir():
            shutil.rmtree(beside)
        beside.unlink(missing_ok=True)
    print(f"{EXPORTS[format].title}: {written.sentence()}. Written to {output}.", file=sys.stderr)
    return 1 if written.left_out else 0


def _check(corpus: Corpus, output: Path) -> None:
    """Refuse what would destroy something, or cannot work, before anything is done."""
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it, or write {output.name} elsewhere.")
    if output.is_dir() and any(output.iterdir()):
        raise ConfigError(f"The folder {output} is there already and not empty; choose another.")
    if any(source == output or output in source.parents for source in corpus.sources):
        raise ConfigError(f"{output} is what the corpus is read from; choose another place.")
