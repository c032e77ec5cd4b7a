"""Building the cache of a corpus: one DuckDB file per content version, made under another name and then renamed.

``<key>.duckdb`` has everything the sources say. When durations are missing there, they are read from the audio's
headers afterwards and ``<key>-measured.duckdb`` takes its place. The key is that of the recipe. Two processes may
build the same key at once: each writes its own temporary file, the last rename wins, both say the same.

    python -m explorer.corpora.build        builds the recipe given as JSON on standard input; progress as JSON lines
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from explorer.corpora import orders
from explorer.corpora.database import Database
from explorer.corpora.durations import measure
from explorer.corpora.ingest import Ingest
from explorer.corpora.loading import TAR_STEPS
from explorer.corpora.recipe import Recipe
from explorer.corpora.schema import CATALOG, UTTERANCES
from explorer.errors import AudioError, SpeechDataError
from explorer.formats import Reading, format_of
from explorer.formats.identities import Identities
from explorer.places.paths import folder_of, short_names

BUILDING = ".building"
ABANDONED_SECONDS = 24 * 3600
BUILD_MEMORY_MB = 1500
LOOK_MEMORY_MB = 256
MOST_TARS = 64

Progress: TypeAlias = Callable[[str, int, int], None]


def cached(recipe: Recipe, cache: Path) -> Path | None:
    """The finished cache file of the recipe, the measured one if there is one, None before the first build."""
    found = (cache / f"{recipe.key}-measured.duckdb", cache / f"{recipe.key}.duckdb")
    return next((path for path in found if path.exists()), None)


def build(recipe: Recipe, cache: Path, *, progress: Progress | None = None) -> Iterator[Path]:
    """Build what is missing; yields the cache file after each stage that made or found a better one.

    Raises:
        ManifestError: a source cannot be read at all.
    """
    tell = _sparingly(progress)
    cache.mkdir(parents=True, exist_ok=True)
    _sweep(cache)
    plain, measured = cache / f"{recipe.key}.duckdb", cache / f"{recipe.key}-measured.duckdb"
    if _intact(measured):
        yield measured
        return
    if not _intact(plain):
        _publish(plain, lambda path: _ingest(recipe, path, tell))
    yield plain
    _index_tars(recipe, cache, tell)
    if _unknown_durations(plain):
        _publish(measured, lambda path: measure(plain, path, recipe, tell))
        yield measured


def _index_tars(recipe: Recipe, cache: Path, tell: Progress) -> None:
    """Find out what is in the tar files, so that nobody has to wait for that who wants to listen.

    Of many it is found out when one is needed: they may be terabytes in object storage.
    """

    def heard(tar: str, seen: int, total: int) -> None:
        tell("tars", TAR_STEPS * tars.index(tar) + TAR_STEPS * seen // max(1, total), TAR_STEPS * len(tars))

    whereabouts = recipe.whereabouts(short_names(recipe.sources), cache, heard=heard)
    tars = whereabouts.tars() if whereabouts.has_tars else ()
    for tar in tars if len(tars) <= MOST_TARS else ():
        with contextlib.suppress(AudioError):  # whoever wants to hear it is told
            whereabouts.index(tar)


def forget(recipe: Recipe, cache: Path) -> None:
    """Remove the recipe's cache files, so that the next build reads everything again."""
    for path in (cache / f"{recipe.key}-measured.duckdb", cache / f"{recipe.key}.duckdb"):
        path.unlink(missing_ok=True)


def _ingest(recipe: Recipe, path: Path, tell: Progress) -> None:
    """Read all sources into a new cache file."""
    database = Database(memory_mb=BUILD_MEMORY_MB, spill=path.with_suffix(".spill"))
    try:
        database.attach(path, writable=True)
        ingest = Ingest(database.cursor())
        names, total, before = short_names(recipe.sources), sum(size for size, _ in recipe.states), 0
        identities = Identities()
        cache = path.parent
        fixed = dict(format_of(recipe.local_copy(0, cache)).adapter().FIXED_FIELDS)
        columns = dict(recipe.columns)
        shared = recipe.audio_root is not None or recipe.tars is not None
        folders = () if shared else tuple(str(folder_of(source)) for source in recipe.sources)
        for index, (size, _) in enumerate(recipe.states):
            source = recipe.local_copy(index, cache)
            adapter = format_of(source).adapter()
            common = {name: fixed[column] for column, name in adapter.FIXED_FIELDS.items()}
            reading = Reading(
                index=index,
                names=names,
                roots=recipe.roots,
                folders=folders,
                identities=identities,
                columns=columns,
            )
            for batch in adapter.read(source, reading):
                order = tuple(common.get(name, name) for name in batch.order)
                ingest.append(replace(batch, order=order), source=names[index], role=adapter.role)
                tell("reading", before + batch.position, total)
            before += size
        tell("finishing", total, total)
        ingest.finish({"source_names": list(names), "fixed": fixed, "made_from": list(map(str, recipe.sources))})
        if ingest.tally.rows >= orders.FROM_ROWS:
            orders.write(database.cursor(), ingest.texts)
    finally:
        database.close()


def _intact(path: Path) -> bool:
    """Whether the cache file is there and can be used; one that a full disk or a crash has damaged is made again."""
    database = Database(memory_mb=LOOK_MEMORY_MB)
    try:
        database.attach(path)
        database.cursor().execute(f"SELECT count(*) FROM {CATALOG}.meta").fetchone()
    except duckdb.Error:
        return False
    finally:
        database.close()
    return True


def _unknown_durations(path: Path) -> bool:
    database = Database(memory_mb=BUILD_MEMORY_MB)
    try:
        database.attach(path)
        found = database.cursor().execute(f"SELECT 1 FROM {UTTERANCES} WHERE duration IS NULL LIMIT 1").fetchone()
        return found is not None
    finally:
        database.close()


def _publish(path: Path, write: Callable[[Path], None]) -> None:
    """Have the file written under a temporary name, then give it its name; nothing is left behind on failure."""
    building = path.with_name(f"{path.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}{BUILDING}")
    try:
        write(building)
        building.replace(path)
    finally:
        for leftover in (building, building.with_name(building.name + ".wal")):
            leftover.unlink(missing_ok=True)


def _sweep(cache: Path) -> None:
    """Remove what builds that were killed have left, once it is a day old."""
    for path in cache.glob(f"*{BUILDING}*"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()
        except OSError:  # another process swept it, or still writes it
            continue


def _sparingly(progress: Progress | None) -> Progress:
    """Progress at most five times a second, and whenever the stage changes."""
    last: list[Any] = ["", 0.0]

    def tell(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if progress is not None and (stage != last[0] or now - last[1] >= 0.2):
            last[:] = [stage, now]
            progress(stage, done, total)

    return tell


def main() -> int:
    """Build the recipe on standard input; JSON lines on standard output: progress, built, error."""
    order = json.load(sys.stdin)
    recipe = Recipe.read(order["recipe"])

    def say(**fields: Any) -> None:
        print(json.dumps(fields), flush=True)

    os.nice(5)  # the server, which people are waiting for, goes first
    gc.disable()  # a short life with millions of small objects and no cycles: looking for them is wasted time
    try:
        for path in build(recipe, Path(order["cache"]), progress=lambda *now: say(progress=now)):
            say(built=str(path))
    except SpeechDataError as error:
        say(error=str(error))
        return 1
    return 0


def order_for(recipe: Recipe, cache: Path) -> str:
    """What ``main`` reads: the recipe and the cache folder as JSON."""
    return json.dumps({"recipe": recipe.text(), "cache": str(cache)})


if __name__ == "__main__":
    sys.exit(main())
