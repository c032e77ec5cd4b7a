"""Building the cache of a corpus: one DuckDB file per content version, made under another name and then renamed.

``<key>.duckdb`` has everything the sources say. When durations are missing there, they are read from the audio's
headers afterwards and ``<key>-measured.duckdb`` takes its place. The key covers the sources' paths, sizes and times
of change, the options that matter, and SCHEMA, which is raised whenever the tables or the reading change. Two
processes may build the same key at once: each writes its own temporary file, the last rename wins, both say the same.

    python -m explorer.corpora.build        builds the recipe given as JSON on standard input; progress as JSON lines
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from explorer.columns import Column
from explorer.corpora import orders
from explorer.corpora.corpus import Corpus
from explorer.corpora.durations import measure
from explorer.corpora.ingest import CATALOG, UTTERANCES, Ingest
from explorer.corpora.records import Problem
from explorer.corpora.tables import Database, Tables
from explorer.errors import ManifestError, SpeechDataError, StorageError
from explorer.formats import Reading, format_of
from explorer.formats.identities import Identities
from explorer.formats.shards import paths_of
from explorer.places.paths import absolute, allowed_roots, folder_of, is_remote, short_names
from explorer.places.storage import fetched, state, url_of
from explorer.places.tar_index import TarIndexes
from explorer.places.whereabouts import Whereabouts, absolute_tars, folder_of_tars, is_sharded
from explorer.querying.query import Query

SCHEMA = 4
BUILDING = ".building"
ABANDONED_SECONDS = 24 * 3600
BUILD_MEMORY_MB = 1500
PREVIEW_BYTES = 2 << 20
PREVIEW_MEMORY_MB = 256

Progress: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a corpus is made from: absolute sources, their state when the recipe was written, and the options.

    A source is a file or a folder; patterns have been expanded. A state is a number of bytes, those that will be read,
    and a version: the time of change of a file in nanoseconds, or a hash of names, sizes and times of several files.
    ``tars`` is where the members of tar files are that rows name, ``dali`` the folder of DALI's indexes of them; either
    may be a URL (see whereabouts.py).
    """

    sources: tuple[Path, ...]
    states: tuple[tuple[int, int], ...]
    audio_root: Path | None
    roots: tuple[Path, ...]
    columns: tuple[tuple[str, str], ...] = ()
    tars: str | None = None
    dali: str | None = None

    @classmethod
    def of(
        cls,
        sources: Sequence[Path | str],
        *,
        audio_root: Path | str | None = None,
        roots: Sequence[Path | str] = (),
        columns: Mapping[str, str] | None = None,
        tars: str | None = None,
        dali: str | None = None,
    ) -> Recipe:
        """The recipe for the sources, which may be shard patterns, as they are now.

        Raises:
            ManifestError: there is no source, or one cannot be opened.
        """
        if not sources:
            raise ManifestError("a corpus needs at least one manifest")
        paths = tuple(path for source in sources for path in paths_of(source))
        root = None if audio_root is None else absolute(Path(audio_root))
        tars = None if tars is None else absolute_tars(tars)
        further = [source.parent.parent for source in paths if is_sharded(source)]
        further += [] if tars is None else [Path(folder_of_tars(tars))]
        allowed = allowed_roots(paths, root, [*(absolute(Path(folder)) for folder in roots), *further])
        named = tuple(sorted((columns or {}).items()))
        return cls(
            sources=paths,
            states=tuple(map(_state, paths)),
            audio_root=root,
            roots=allowed,
            columns=named,
            tars=tars,
            dali=None if dali is None else absolute_tars(dali),
        )

    @property
    def key(self) -> str:
        """The content version, 32 hexadecimal digits."""
        content = [SCHEMA, duckdb.__version__, list(map(str, self.sources)), self.states]
        content += [str(self.audio_root), list(map(str, self.roots)), self.columns]
        content += [self.tars, self.dali] if self.tars or self.dali else []
        return blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()

    def whereabouts(self, names: Sequence[str], cache: Path) -> Whereabouts:
        """Where the sound of the rows is; ``names`` are the sources' short names."""
        return Whereabouts(
            sources=dict(zip(names, self.sources, strict=True)),
            folders=dict(zip(names, map(folder_of, self.sources), strict=True)),
            audio_root=self.audio_root,
            roots=self.roots,
            tars=self.tars,
            indexes=TarIndexes(cache, dali=self.dali),
        )

    def changed(self) -> tuple[Path, ...]:
        """The sources that are no longer as they were, also those that are gone."""
        return tuple(path for path, state in zip(self.sources, self.states, strict=True) if _now(path) != state)


def _now(path: Path) -> tuple[int, int] | None:
    try:
        return _state(path)
    except ManifestError:
        return None


def _state(path: Path) -> tuple[int, int]:
    """Bytes and version of a source."""
    if is_remote(path):
        try:
            found = state(url_of(str(path)))
        except StorageError as error:
            raise ManifestError(str(error)) from error
        return found.size, int.from_bytes(blake2b(found.version.encode(), digest_size=7).digest())
    try:
        path.stat()
        if not (path.is_file() or path.is_dir()):
            raise ManifestError(f"{path} is neither a file nor a folder; name the manifest itself")
        files = format_of(path).adapter().files(path)
        if files == (path,):
            stat = path.stat()
            return stat.st_size, stat.st_mtime_ns
    except OSError as error:
        raise ManifestError(f"{path} cannot be opened: {(error.strerror or str(error)).lower()}") from error
    version, size = blake2b(digest_size=7), 0
    for file in files:
        with contextlib.suppress(OSError):  # a link to nowhere beside the others: it has a name and nothing else
            stat = file.stat()
            size += stat.st_size
            version.update(f"{stat.st_size} {stat.st_mtime_ns} ".encode())
        version.update(os.fsencode(file) + b"\0")
    return size, int.from_bytes(version.digest())


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
    if _unknown_durations(plain):
        _publish(measured, lambda path: measure(plain, path, recipe, tell))
        yield measured


def forget(recipe: Recipe, cache: Path) -> None:
    """Remove the recipe's cache files, so that the next build reads everything again."""
    for path in (cache / f"{recipe.key}-measured.duckdb", cache / f"{recipe.key}.duckdb"):
        path.unlink(missing_ok=True)


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
    source, short = local_copy(recipe, 0, cache), short_names(recipe.sources)
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
        problems=tuple(Problem(*problem) for problem in listed),
        problem_count=sum(kinds.values()),
        problem_kinds=kinds,
        order=tuple(meta["order"]),
        counts=meta["counts"],
        alphabet=meta["alphabet"],
        tables=Tables(
            database=database,
            size=size,
            stored=tuple(_columns(meta)),
            source_names=tuple(meta["source_names"]),
            measured=key.endswith("-measured"),
            ordered=orders.kept(cursor),
            cases=meta.get("cases", {}),
        ),
    )


def _columns(meta: dict[str, Any]) -> Iterator[tuple[Column, str]]:
    """The columns in the order pages show them, with the names they are stored under."""
    from explorer.corpora.ingest import derived_columns, fixed_columns, place_columns

    own = [(Column(**entry["column"]), entry["physical"]) for entry in meta["fields"] if entry["storage"]]
    first = [entry for entry in own if entry[0].system or entry[0].name in ("speaker", "language")]
    yield from ((column, column.name) for column in fixed_columns(meta["fixed"], meta["order"]))
    yield from sorted(first, key=lambda entry: entry[0].system is None)
    yield from (entry for entry in own if entry not in first)
    yield from ((column, column.name) for column in (*derived_columns(), *place_columns()))


def _ingest(recipe: Recipe, path: Path, tell: Progress) -> None:
    """Read all sources into a new cache file."""
    database = Database(memory_mb=BUILD_MEMORY_MB, spill=path.with_suffix(".spill"))
    try:
        database.attach(path, writable=True)
        ingest = Ingest(database.cursor())
        names, total, before = short_names(recipe.sources), sum(size for size, _ in recipe.states), 0
        identities = Identities()
        cache = path.parent
        fixed = dict(format_of(local_copy(recipe, 0, cache)).adapter().FIXED_FIELDS)
        columns = dict(recipe.columns)
        shared = recipe.audio_root is not None or recipe.tars is not None
        folders = () if shared else tuple(str(folder_of(source)) for source in recipe.sources)
        for index, (size, _) in enumerate(recipe.states):
            source = local_copy(recipe, index, cache)
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
            orders.write(database, ingest.texts)
    finally:
        database.close()


def local_copy(recipe: Recipe, index: int, cache: Path) -> Path:
    """The source as a local file: itself, or a copy of a remote one in the cache folder, fetched when it is not there.

    Raises:
        ManifestError: the storage cannot be reached, or the object is not there any more.
    """
    source = recipe.sources[index]
    if not is_remote(source):
        return source
    try:
        return fetched(url_of(str(source)), cache / "remote")
    except StorageError as error:
        raise ManifestError(str(error)) from error


def _intact(path: Path) -> bool:
    """Whether the cache file is there and can be used; one that a full disk or a crash has damaged is made again."""
    database = Database(memory_mb=PREVIEW_MEMORY_MB)
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
    recipe = Recipe(
        sources=tuple(map(Path, order["sources"])),
        states=tuple((size, changed) for size, changed in order["states"]),
        audio_root=Path(order["audio_root"]) if order["audio_root"] else None,
        roots=tuple(map(Path, order["roots"])),
        columns=tuple((role, name) for role, name in order["columns"]),
        tars=order["tars"],
        dali=order["dali"],
    )

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
    return json.dumps({**asdict(recipe), "cache": cache}, default=str)


if __name__ == "__main__":
    sys.exit(main())
