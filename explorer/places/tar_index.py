"""Where the members of a tar file lie in it: name, first byte and size of each, found once and kept.

A tar is read through from header to header (Python's tarfile, which only looks; nothing is ever unpacked), and what was
found is kept as Parquet in the cache folder, by the tar's place and version. A DALI index (``wds2idx``, version 1.2,
https://docs.nvidia.com/deeplearning/dali) says the same at once and is taken when its first and last entries agree with
the tar. A compressed tar has no places to jump to and is refused.
"""

from __future__ import annotations

import os
import re
import tarfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import AudioError, MissingAudio, UnreadableAudio
from explorer.places.sounds import Sound

VERSION = 1
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}

Member: TypeAlias = tuple[str, int, int]
"""Name, first byte, size."""

Heard: TypeAlias = Callable[[str, int, int], None]
"""Hears how far the reading of a tar is: its place, bytes seen, bytes in all."""


def quietly(tar: str, seen: int, total: int) -> None:
    """Tell nobody."""


_SUB = re.compile(r"-sub\d+$")


class TarIndex:
    """The members of one tar file, or of one tar object in storage."""

    def __init__(self, tar: str, members: Sequence[Member]) -> None:
        self.tar = tar
        self._members: dict[str, tuple[int, int]] = {_plain(name): (start, size) for name, start, size in members}

    def __len__(self) -> int:
        return len(self._members)

    def sound(self, written: str) -> Sound | None:
        """The member that a manifest's audio name means, None when there is none.

        Looked for as it is written; then without ``-subN``, which NeMo appends to the names of further cuts of one
        member; then by its last part without the ending, which is all that NeMo's own reader compares.
        """
        name = _plain(written)
        path = PurePosixPath(name)
        without = str(path.with_name(_SUB.sub("", path.stem) + path.suffix)) if path.name else name
        for found in (name, without):
            if found in self._members:
                return self._part(found)
        for stem in (path.stem, _SUB.sub("", path.stem)):
            if stem in self._by_stem:
                return self._part(self._by_stem[stem])
        return None

    @cached_property
    def _by_stem(self) -> Mapping[str, str]:
        return {PurePosixPath(name).stem: name for name in self._members}

    def _part(self, name: str) -> Sound:
        start, size = self._members[name]
        return Sound(self.tar, start, size, name)


class TarIndexes:
    """The indexes of a corpus's tar files, each made when it is first asked for; for several threads.

    ``heard`` is told how far it is while a tar is read through, which over a network takes a while.
    """

    def __init__(self, cache: Path, *, dali: str | None = None, most: int = 256, heard: Heard = quietly) -> None:
        self._folder, self._dali, self._most, self._heard = cache / "tars", dali, most, heard
        self._indexes: dict[tuple[str, str], TarIndex] = {}
        self._lock = threading.Lock()

    def of(self, tar: str) -> TarIndex:
        """The index of a tar file.

        Raises:
            MissingAudio: there is no such tar.
            UnreadableAudio: it is compressed, no tar, or cannot be reached.
        """
        key = (tar, Sound(tar).version)
        with self._lock:
            found = self._indexes.get(key)
            if found is None:
                found = self._indexes[key] = TarIndex(tar, self._members(*key))
                while len(self._indexes) > self._most:
                    self._indexes.pop(next(iter(self._indexes)))
        return found

    def _members(self, tar: str, version: str) -> list[Member]:
        """The members as they were kept, or are found now and kept."""
        name = blake2b(f"{VERSION}\0{tar}\0{version}".encode(errors="surrogateescape"), digest_size=16).hexdigest()
        kept = self._folder / f"{name}.parquet"
        try:
            table = pq.read_table(kept, columns=["name", "start", "size"])
            names = (os.fsdecode(name) for name in table["name"].to_pylist())
            return list(zip(names, table["start"].to_pylist(), table["size"].to_pylist(), strict=True))
        except (OSError, pa.ArrowException, KeyError):  # not there yet, or damaged: it is made again
            members = self._listed(tar) or scanned(Sound(tar), heard=self._heard)
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}-{uuid.uuid4().hex[:8]}")
        columns = {
            "name": pa.array([os.fsencode(name) for name, _, _ in members], pa.binary()),
            "start": pa.array([start for _, start, _ in members], pa.int64()),
            "size": pa.array([size for _, _, size in members], pa.int64()),
        }
        try:
            pq.write_table(pa.table(columns), fresh, compression="zstd")
            fresh.replace(kept)
        finally:
            fresh.unlink(missing_ok=True)
        return members

    def _listed(self, tar: str) -> list[Member] | None:
        """The members by the tar's DALI index; None when there is none that agrees with the tar."""
        folder = self._dali or f"{tar.rpartition('/')[0]}/dali_index"
        listed = Sound(f"{folder.rstrip('/')}/{PurePosixPath(tar).stem}.index")
        try:
            with listed.open() as file:
                members = dali_members(file.read().decode(errors="surrogateescape"))
            if members is None:
                return None
            with Sound(tar).open() as file:
                agree = all(_agrees(file, member) for member in (members[0], members[-1]))
        except AudioError:
            return None
        return members if agree else None


def scanned(sound: Sound, *, heard: Heard = quietly) -> list[Member]:
    """The files in a tar, by its headers; of one that is cut short, those before the cut.

    Raises:
        UnreadableAudio: it is compressed or no tar.
    """
    with sound.open() as file:
        start = file.read(8)
        file.seek(0)
        packed = next((name for mark, name in COMPRESSED.items() if start.startswith(mark)), None)
        if packed:
            raise UnreadableAudio(
                f"{sound} is compressed with {packed}, so its members cannot be reached one by one; unpack it to a "
                f"plain .tar (the sound in it is compressed already)"
            )
        return list(_scanned(sound, file, heard))


def _scanned(sound: Sound, file: BinaryIO, heard: Heard) -> Iterator[Member]:
    total = file.seek(0, os.SEEK_END)
    file.seek(0)
    seen = False
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            seen = True
            while (member := tar.next()) is not None:
                heard(sound.source, member.offset_data, total)
                if member.isreg() and not member.issparse():
                    yield member.name, member.offset_data, member.size
                tar.members.clear()  # type: ignore[attr-defined]  # or an object for every member stays in memory
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        if not seen:
            raise UnreadableAudio(f"{sound} is not a tar file ({error})") from error


def dali_members(text: str) -> list[Member] | None:
    """The members of a DALI index of version 1.2; None for another version, which has no names, or an odd one."""
    lines = text.split("\n")
    if not re.fullmatch(r"v1\.2 \d+\s*", lines[0]):
        return None
    members: list[Member] = []
    for line in filter(None, map(str.strip, lines[1:])):
        parts = line.split(" ")
        if len(parts) % 4:
            return None
        for place in range(0, len(parts), 4):
            _, start, size, name = parts[place : place + 4]
            if not (start.isdigit() and size.isdigit()):
                return None
            members.append((name, int(start), int(size)))
    return members or None


def _agrees(file: BinaryIO, member: Member) -> bool:
    """Whether the header before a member's first byte is of a file of that size."""
    name, start, size = member
    if start < tarfile.BLOCKSIZE:
        return False
    file.seek(start - tarfile.BLOCKSIZE)
    try:
        header = tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return header.size == size and PurePosixPath(name).name.startswith(PurePosixPath(header.name).name[:80])


def _plain(name: str) -> str:
    return name.removeprefix("./")


def missing(written: str, tar: str) -> MissingAudio:
    """The error for a name that is in no member."""
    return MissingAudio(
        f"{tar} has no member {written}; the manifest may belong to another tar, or the tar may be cut short"
    )
