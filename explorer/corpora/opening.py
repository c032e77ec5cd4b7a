"""Opening a corpus: the snapshot of a finished cache file, or of the first rows while there is none yet."""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from explorer.corpora import orders
from explorer.corpora.build import build, cached
from explorer.corpora.corpus import Corpus
from explorer.corpora.database import Database
from explorer.corpora.ingest import Ingest
from explorer.corpora.recipe import Recipe
from explorer.corpora.schema import CATALOG, UTTERANCES, stored_columns
from explorer.corpora.tables import Tables
from explorer.errors import ManifestError
from explorer.formats import Reading, format_of
from explorer.places.paths import short_names
from explorer.querying.query import Query
from explorer.records import Problem

PREVIEW_BYTES = 2 << 20
PREVIEW_MEMORY_MB = 256


def open_corpus(
    name: str,
    sources: Sequence[Path | str],
    *,
    cache: Path,
    audio_root: Path | str | None = None,
    roots: Sequence[Path | str] = (),
    columns: Mapping[str, str] | None = None,
    tars: str | None = None,
    dali: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    memory_mb: int = 1024,
) -> Corpus:
    """Build the corpus's cache if it is not there yet, missing durations included, and open it.

    ``columns`` says which columns of a table are audio, offset, duration or reference, where the usual names do not;
    ``tars`` and ``dali`` where the tar files are that rows are members of (see whereabouts.py).
    ``progress(stage, done, total)`` is called from time to time.

    Raises:
        ManifestError: a source cannot be read at all.
    """
    recipe = Recipe.of(sources, audio_root=audio_root, roots=roots, columns=columns, tars=tars, dali=dali)
    for _stage in build(recipe, cache, progress=progress):
        pass
    return opened(name, recipe, cache, memory_mb=memory_mb)


def is_last(corpus: Corpus) -> bool:
    """Whether no better cache file is to come: durations are known, or as known as they can be."""
    return corpus.tables.measured or not corpus.extent(Query()).unknown_durations


def preview(name: str, recipe: Recipe, *, cache: Path | None = None, block_bytes: int = PREVIEW_BYTES) -> Corpus:
    """A corpus of the first rows alone, in memory: something to look at while the cache is being built.

    A remote manifest is fetched into ``cache`` for it.
    """
    cache = cache or Path(tempfile.gettempdir()) / "earmark"
    database = Database(memory_mb=PREVIEW_MEMORY_MB)
    database.attach(None)
    ingest = Ingest(database.cursor())
    source, short = recipe.local_copy(0, cache), short_names(recipe.sources)
    adapter = format_of(source).adapter()
    reading = Reading(
        index=0,
        names=short,
        roots=recipe.roots,
        block_bytes=block_bytes,
        columns=dict(recipe.columns),
        sampled_bytes=block_bytes,
    )
    for batch in adapter.read(source, reading):
        ingest.append(batch, source=short[0], role=adapter.role)
        if ingest.tally.rows:
            break
    ingest.finish({"source_names": list(short), "fixed": dict(adapter.FIXED_FIELDS)})
    return _corpus(name, recipe, database, cache, key=f"{recipe.key}-preview", complete=False)


def opened(name: str, recipe: Recipe, cache: Path, *, memory_mb: int = 1024) -> Corpus:
    """The corpus of a finished cache file.

    Raises:
        ManifestError: there is no cache file, or it cannot be read.
    """
    path = cached(recipe, cache)
    if path is None:
        raise ManifestError(f'corpus "{name}" has not been built yet')
    database = Database(memory_mb=memory_mb, spill=cache / "spill")
    try:
        database.attach(path)
        os.utime(path)
        return _corpus(name, recipe, database, cache, key=path.stem, complete=True)
    except (duckdb.Error, OSError) as error:
        database.close()
        raise ManifestError(f"the cache file {path} cannot be read ({error}); delete it and open again") from error


def _corpus(name: str, recipe: Recipe, database: Database, cache: Path, *, key: str, complete: bool) -> Corpus:
    """The snapshot of an attached catalog."""
    cursor = database.cursor()
    meta = {key: json.loads(text) for key, text in cursor.execute(f"SELECT key, value FROM {CATALOG}.meta").fetchall()}
    size = cursor.execute(f"SELECT count(*) FROM {UTTERANCES}").fetchone()[0]  # type: ignore[index]
    listed = cursor.execute(f"SELECT source, line, field, message, kind FROM {CATALOG}.problems").fetchall()
    kinds = meta["problem_kinds"]
    return Corpus(
        name=name,
        key=key,
        sources=recipe.sources,
        roots=recipe.roots,
        audio_root=recipe.audio_root,
        whereabouts=recipe.whereabouts(meta["source_names"], cache),
        size=size,
        complete=complete,
        problems=_in_order([Problem(*problem) for problem in listed], meta["source_names"]),
        problem_count=sum(kinds.values()),
        problem_kinds=kinds,
        order=tuple(meta["order"]),
        counts=meta["counts"],
        alphabet=meta["alphabet"],
        tables=Tables(
            database=database,
            size=size,
            stored=tuple(stored_columns(meta)),
            source_names=tuple(meta["source_names"]),
            measured=key.endswith("-measured"),
            ordered=orders.kept(cursor),
            cases=meta.get("cases", {}),
        ),
    )


def _in_order(problems: list[Problem], sources: Sequence[str]) -> tuple[Problem, ...]:
    """As the lines stand in the sources: those of sound were found last."""
    places = {name: place for place, name in enumerate(sources)}
    return tuple(sorted(problems, key=lambda problem: (places.get(problem.source, len(places)), problem.line or 0)))
