"""Duplicates across corpora: the same text, the same cut of the same file, the same file, the same bytes.

    text      references that are the same words under a folding
    cut       the same stretch (offset, duration) of the same sound file
    file      any stretch of the same sound file: the recording is in both, whatever is cut out of it
    content   different files, or members of tars, with the same bytes; only when asked for, as they have to be read

Texts and places are compared by 64-bit hashes: with ten million rows the chance that one of all pairs is a false one is
about 3 in a million. Paths are compared as they are written (made absolute, ``..`` taken out, links not followed).
Bytes are compared by size, then by BLAKE2b of the first 64 kB, then of all.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import AudioError
from explorer.exporting.rows import sound_places
from explorer.places.paths import audio_path, folder_of, is_allowed, is_remote, resolved
from explorer.places.sounds import place_at, sound_at
from explorer.vocabulary.words import Folding

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

KINDS = {
    "text": "the same text",
    "cut": "the same cut of a file",
    "file": "the same file",
    "content": "the same bytes in another file",
}
MOST_GROUPS = 5_000
FIRST_BYTES = 1 << 16
CHUNK_BYTES = 1 << 20
NOTHING = 0
"""The key of a row that has nothing to compare."""


class Cancelled(Exception):
    """The search was given up on request; never shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """One thing that several corpora have: what it is, and its rows in each."""

    what: str
    rows: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The duplicates of one kind: for every (corpus, other) how many rows of the corpus the other has too.

    ``groups`` are the first ones (MOST_GROUPS) of ``found``: long texts first, as short ones are said twice by chance.
    """

    kind: str
    rows: Mapping[tuple[str, str], int]
    found: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """What was looked for and found; ``unreadable`` files could not be compared by content."""

    shared: Mapping[str, Shared]
    unreadable: int = 0


Tell = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is; may raise Cancelled."""


def find_duplicates(
    corpora: Sequence[Corpus], folding: Folding, *, content: bool = False, tell: Tell = lambda stage, done, total: None
) -> Duplicates:
    """Compare every two of the corpora, which have different names."""
    total = sum(corpus.size for corpus in corpora)
    keys: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    paths: dict[str, list[str]] = {}
    done = 0
    for corpus in corpora:
        found = {kind: np.zeros(corpus.size, np.int64) for kind in ("text", "cut", "file")}
        paths[corpus.name] = []
        for first, texts, cuts, files in _keys(corpus, folding):
            stop = first + len(texts)
            found["text"][first:stop], found["cut"][first:stop] = texts, cuts
            found["file"][first:stop] = [hash(file) or 1 for file in files]
            paths[corpus.name] += _bytes_of(corpus, first, files) if content else []
            done += len(texts)
            tell("rows", done, total)
        for kind, numbers in found.items():
            keys[kind][corpus.name] = numbers
    unreadable = 0
    if content:
        keys["content"], unreadable = _content_keys(corpora, paths, tell)
    by_name = {corpus.name: corpus for corpus in corpora}
    shared = {kind: _shared(kind, keys[kind], by_name) for kind in KINDS if kind in keys}
    return Duplicates(shared=shared, unreadable=unreadable)


def _keys(corpus: Corpus, folding: Folding) -> Iterator[tuple[int, list[int], list[int], list[str]]]:
    """Batches: the first row, the keys of texts and cuts, and the files."""
    fold = folding.apply()
    folders = {name: str(folder_of(source)) for name, source in corpus.sources_by_name.items()}
    for batch in corpus.batches(("audio", "offset", "duration", "reference", "source")):
        columns: list[Any] = [batch.column(place).to_pylist() for place in range(1, 6)]
        audio, offsets, durations, references, sources = columns
        files = [_file(a, folders[s], corpus.audio_root) for a, s in zip(audio, sources, strict=True)]
        texts = [hash(" ".join(fold(text))) if text else NOTHING for text in references]  # the hash of "" is 0
        cuts = [
            hash((file, round(1000 * (offset or 0)), None if duration is None else round(1000 * duration))) or 1
            for file, offset, duration in zip(files, offsets, durations, strict=True)
        ]
        yield batch.column(0)[0].as_py(), texts, cuts, files


def _bytes_of(corpus: Corpus, first: int, files: list[str]) -> list[str]:
    """Where the bytes of these rows' sounds are: members of tars as locators, which no path names."""
    if not corpus.whereabouts.has_tars:
        return files
    return sound_places(corpus, np.arange(first, first + len(files), dtype=np.int32))


def _file(audio: str, folder: str, root: Path | None) -> str:
    """The absolute path of a sound file; the disk is asked only where there are two places to look.

    Strings, not Paths, and ``normpath`` only where there is something to take out: this is done for every row.
    """
    if "://" in audio and is_remote(Path(audio)):
        return audio
    if audio.startswith("~") or (root is not None and not audio.startswith("/")):
        path = str(audio_path(audio, Path(folder), root))
    else:
        path = audio if audio.startswith("/") else f"{folder}/{audio}"
    return os.path.normpath(path) if "/." in path or "//" in path or path.endswith("/") else path


def _shared(kind: str, keys: Mapping[str, np.ndarray], corpora: Mapping[str, Corpus]) -> Shared:
    """Which keys several corpora have, in how many rows, and the groups worth showing."""
    unique = {name: np.unique(numbers[numbers != NOTHING]) for name, numbers in keys.items()}
    rows = {
        (name, other): int(np.isin(keys[name], unique[other]).sum()) for name in keys for other in keys if name != other
    }
    values, times = np.unique(np.concatenate([*unique.values(), np.empty(0, np.int64)]), return_counts=True)
    common = values[times > 1]
    # What a group weighs: the words of its text, the seconds of its sound.
    measure = "words" if kind == "text" else "duration"
    weights = np.zeros(common.size)
    for name, numbers in keys.items():
        found = np.flatnonzero(np.isin(numbers, common))
        place = np.searchsorted(common, numbers[found])
        np.maximum.at(weights, place, np.nan_to_num(corpora[name].numbers(measure)[found]))
    chosen = common[np.argsort(-weights, kind="stable")[:MOST_GROUPS]]
    grouped: dict[int, dict[str, list[int]]] = {key: {} for key in chosen.tolist()}
    for name, numbers in keys.items():
        for row in np.flatnonzero(np.isin(numbers, chosen)).tolist():
            grouped[int(numbers[row])].setdefault(name, []).append(row)
    told = _told(kind, grouped, corpora)
    groups = tuple(
        Group(what, {name: tuple(found) for name, found in by_name.items()})
        for what, by_name in zip(told, grouped.values(), strict=True)
    )
    return Shared(kind=kind, rows=rows, found=int(common.size), groups=groups)


def _told(kind: str, grouped: Mapping[int, Mapping[str, list[int]]], corpora: Mapping[str, Corpus]) -> list[str]:
    """What each group is: its text, or its file, as the first corpus that has it writes it."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for by_name in grouped.values():
        name, rows = next(iter(by_name.items()))
        wanted[name].append(rows[0])
    column = "reference" if kind == "text" else "audio"
    values = {name: iter(corpora[name].listed(np.array(rows, np.int32), (column,))) for name, rows in wanted.items()}
    return [str(next(values[next(iter(by_name))])[1][0]) for by_name in grouped.values()]


def _content_keys(
    corpora: Sequence[Corpus], paths: Mapping[str, Sequence[str]], tell: Tell
) -> tuple[dict[str, np.ndarray], int]:
    """A key for the bytes of every row's file, where a file of another path has the same bytes; how many failed."""
    roots = {corpus.name: corpus.roots for corpus in corpora}
    files: dict[str, tuple[Path, ...]] = {path: roots[name] for name, listed in paths.items() for path in listed}
    by_size: dict[int, list[str]] = defaultdict(list)
    unreadable = 0
    for number, (path, allowed) in enumerate(files.items()):
        size = _size(path, allowed)
        if size is None:
            unreadable += 1
        else:
            by_size[size].append(path)
        if number % 100 == 0:
            tell("sizes", number, len(files))
    suspects = [group for group in by_size.values() if len(group) > 1]
    total = sum(map(len, suspects))
    key_of: dict[str, int] = {}
    done = 0
    for group in suspects:
        for same_start in _grouped(group, FIRST_BYTES):
            for same in _grouped(same_start, None):
                key_of.update(dict.fromkeys(same, hash(("content", *same)) or 1))
        done += len(group)
        tell("content", done, total)
    keys = {name: np.array([key_of.get(path, NOTHING) for path in listed], np.int64) for name, listed in paths.items()}
    return keys, unreadable


def _grouped(files: Sequence[str], limit: int | None) -> list[list[str]]:
    """The files with the same bytes (the first ``limit`` of them); those that are alone or unreadable are left out."""
    found: dict[bytes, list[str]] = defaultdict(list)
    for path in files:
        try:
            found[_digest(path, limit)].append(path)
        except (OSError, AudioError):  # gone or locked since its size was read
            continue
    return [group for group in found.values() if len(group) > 1]


def _digest(path: str, limit: int | None) -> bytes:
    digest = blake2b(digest_size=16)
    with sound_at(path).open() as stream:
        if limit is not None:
            digest.update(stream.read(limit))
        else:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.digest()


def _size(path: str, roots: tuple[Path, ...]) -> int | None:
    """The size of a file, or member of a tar, inside the folders sound may come from; None when it cannot be had."""
    try:
        place = resolved(place_at(path))
        sound = sound_at(place)
        return sound.length() if not sound.is_remote and is_allowed(place, roots) else None
    except (OSError, AudioError, ValueError, RuntimeError):
        return None
