"""Missing durations, read from the headers of the sound files after the corpus can already be used.

An utterance without a duration lasts from its offset to the end of its file. A file that is missing, outside the
roots or unreadable becomes a Problem of every line that names it; those utterances stay, with unknown duration.
"""

# ruff: noqa: S608  (every name in this SQL is ours, every value from outside is a parameter)
from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from explorer.corpora.database import Database
from explorer.corpora.recipe import Recipe
from explorer.corpora.schema import CATALOG, MOST_PROBLEMS, UTTERANCES
from explorer.corpora.whereabouts import Whereabouts
from explorer.errors import AudioError, ForbiddenAudio, MissingAudio
from explorer.places.sounds import Place
from explorer.records import Problem
from explorer.sound.audio import Opener, info
from explorer.sound.decoders import Decoders

THREADS = 4
FILES_AT_ONCE = 2_000
MEMORY_MB = 1500

Length: TypeAlias = float | tuple[str, str]
"""Seconds of a sound file, or the kind and sentence of what is wrong with it."""

Found: TypeAlias = Place | tuple[str, str]
"""Where a sound is, or the kind and sentence of why that is not known."""


def measure(plain: Path, measured: Path, recipe: Recipe, tell: Callable[[str, int, int], None]) -> None:
    """Write ``measured``: the cache file ``plain`` with the durations that can be found out."""
    shutil.copyfile(plain, measured)
    database = Database(memory_mb=MEMORY_MB)
    try:
        database.attach(measured, writable=True)
        cursor = database.cursor()
        meta = dict(cursor.execute(f"SELECT key, value FROM {CATALOG}.meta").fetchall())
        whereabouts = recipe.whereabouts(json.loads(meta["source_names"]), measured.parent)
        shard = next(
            (f["physical"] for f in json.loads(meta["fields"]) if f["name"] == "shard_id" and f["storage"]), None
        )
        field = json.loads(meta["fixed"])
        number = f'"{shard}"' if shard else "NULL"
        unknown = cursor.execute(
            f'SELECT row, audio, "offset", source, line, {number} FROM {UTTERANCES} WHERE duration IS NULL ORDER BY row'
        ).fetchall()
        places = [_place(whereabouts, audio, source, number) for _, audio, _, source, _, number in unknown]
        lengths = dict(_lengths(list(dict.fromkeys(places)), tell))
        found: list[tuple[int, float]] = []
        problems: list[Problem] = []
        for (row, audio, offset, source, line, _), place in zip(unknown, places, strict=True):
            length = lengths[place]
            if isinstance(length, tuple):
                problems.append(Problem(source, line, field["audio"], length[1], length[0]))
            elif length <= offset:
                message = f"is {offset:g} and has no sound behind it: {PurePath(audio).name} has {length:.3f} s"
                problems.append(Problem(source, line, field["offset"], message, "offset beyond the end"))
            else:
                found.append((row, round(length - offset, 6)))
        _write(cursor, found, problems, json.loads(meta["problem_kinds"]))
    finally:
        database.close()


def _place(whereabouts: Whereabouts, audio: str, source: str, shard: Any) -> Found:
    """Where a row's sound is, if it may be heard."""
    try:
        return whereabouts.allowed(whereabouts.place(audio, source, shard=shard))
    except ForbiddenAudio as error:
        return "forbidden audio", str(error)
    except MissingAudio as error:
        return "missing audio", f"has no known duration: {error}"
    except AudioError as error:
        return "unreadable audio", f"has no known duration: {error}"


def _lengths(places: list[Found], tell: Callable[[str, int, int], None]) -> Iterator[tuple[Found, Length]]:
    """The length of every file; headers are read by several children, since most of it is waiting for the disk."""
    with Decoders(most=THREADS) as decoders, ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(places), FILES_AT_ONCE):
            tell("durations", start, len(places))
            some = places[start : start + FILES_AT_ONCE]
            yield from zip(some, pool.map(partial(_length, through=decoders.opened), some), strict=True)
        tell("durations", len(places), len(places))


def _length(place: Found, *, through: Opener) -> Length:
    if isinstance(place, tuple):
        return place
    try:
        return info(place, through=through).duration
    except MissingAudio as error:
        return "missing audio", f"has no known duration: {error}"
    except (AudioError, OSError, RuntimeError, ValueError) as error:
        return "unreadable audio", f"has no known duration: {error}"


def _write(
    cursor: duckdb.DuckDBPyConnection, found: list[tuple[int, float]], problems: list[Problem], kinds: dict[str, int]
) -> None:
    """Put what was found into the tables in one transaction."""

    cursor.execute("BEGIN")
    cursor.register(
        "measured",
        pa.table({
            "row": pa.array([row for row, _ in found], pa.int32()),
            "duration": pa.array([length for _, length in found], pa.float64()),
        }),
    )  # fmt: skip
    cursor.execute(
        f"UPDATE {UTTERANCES} AS u SET duration = m.duration, word_rate = u.words / m.duration,"
        f" character_rate = u.characters / m.duration FROM measured AS m WHERE u.row = m.row"
    )
    room = MOST_PROBLEMS - cursor.execute(f"SELECT count(*) FROM {CATALOG}.problems").fetchall()[0][0]
    listed = [[p.source, p.line, p.field, p.message, p.kind] for p in problems[: max(0, room)]]
    if listed:
        cursor.executemany(f"INSERT INTO {CATALOG}.problems VALUES (?, ?, ?, ?, ?)", listed)
    for problem in problems:
        kinds[problem.kind] = kinds.get(problem.kind, 0) + 1
    cursor.execute(f"UPDATE {CATALOG}.meta SET value = ? WHERE key = 'problem_kinds'", [json.dumps(kinds)])
    cursor.execute("COMMIT")
