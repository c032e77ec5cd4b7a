"""Sound: what the bytes of a sound are, wherever they lie: a file, a part of a file (a tar's member), a remote object.

Text forms (``locator``) survive Parquet columns, JSON and other processes; ``Sound.parse`` reads them back:

    /data/a.wav                                      a file: its path, as it is
    s3://bucket/a.wav                                a remote object: its URL
    part:1536+32044/a.wav@/data/audio_0.tar          32,044 bytes of a file or remote object from byte 1,536 on

The name in a part is percent-encoded. A local path is absolute here, so it is never taken for anything else.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias
from urllib.parse import quote, unquote

from explorer.errors import MissingAudio, MissingObject, StorageError, UnreadableAudio
from explorer.places import storage
from explorer.places.part_reader import PartReader

BUFFER = 1 << 16
"""Bytes read ahead in a part of a local file."""

_PART = re.compile(r"part:(\d{1,18})\+(\d{1,18})/([^@]*)@(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sound:
    """Bytes that are a sound: all of ``source`` (a path or a URL), or ``size`` bytes from ``start``, called ``member``.

    ``str`` is for messages; ``locator`` for storing.
    """

    source: str
    start: int = 0
    size: int | None = None
    member: str | None = None

    @classmethod
    def parse(cls, locator: str) -> Sound:
        """The sound of a text form, plain paths included."""
        part = _PART.fullmatch(locator)
        if part is None:
            return cls(locator)
        start, size, member, source = part.groups()
        return cls(source, int(start), int(size), unquote(member, errors="surrogateescape"))

    @property
    def locator(self) -> str:
        """The text form."""
        if self.size is None:
            return self.source
        return (
            f"part:{self.start}+{self.size}/{quote(self.member or '', safe='', errors='surrogateescape')}@{self.source}"
        )

    def __str__(self) -> str:
        return self.source if self.size is None else f"{self.source}: {self.member}"

    @property
    def name(self) -> str:
        """The last part of its path, as ``a.wav``."""
        return PurePosixPath(self.member or self.source).name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of its name, as ``.wav``."""
        return PurePosixPath(self.name).suffix

    @property
    def is_remote(self) -> bool:
        """Whether the bytes come over a network."""
        return storage.is_remote(self.source)

    @property
    def path(self) -> Path | None:
        """The local file that is this sound, whole; None when there is none."""
        return None if self.is_remote or self.size is not None else Path(self.source)

    @property
    def version(self) -> str:
        """What changes when the bytes do: size and time of change of the source, or a remote object's tag.

        Raises:
            MissingAudio: the source is not there.
            UnreadableAudio: it cannot be reached, or is not a file.
        """
        if self.is_remote:
            with storage_errors():
                return storage.state(self.source).version
        found = self._stat()
        return f"{found.st_size}-{found.st_mtime_ns}"

    def length(self) -> int:
        """Bytes; raises what ``version`` does."""
        if self.size is not None:
            return self.size
        if not self.is_remote:
            return self._stat().st_size
        with storage_errors():
            return storage.state(self.source).size

    def open(self) -> BinaryIO:
        """The bytes as a seekable binary file.

        Raises:
            MissingAudio: the source is not there.
            UnreadableAudio: it cannot be reached or opened, is not a file, or ends before the part does.
        """
        if self.is_remote:
            with storage_errors():
                source = storage.open_ranges(self.source)
        else:
            self._stat()
            try:
                source = open(self.source, "rb", buffering=-1 if self.size is None else 0)  # noqa: SIM115, PTH123
            except OSError as error:
                raise UnreadableAudio(f"{self} cannot be opened: {error.strerror or error}") from error
        if self.size is None:
            return source
        end = source.seek(0, os.SEEK_END)
        if self.start + self.size > end:
            source.close()
            raise UnreadableAudio(
                f"{self.source} has {end:,} bytes and ends before its member {self.member} does; copy it again"
            )
        return io.BufferedReader(_Window(source, self.start, self.size), BUFFER)

    def _stat(self) -> os.stat_result:
        """The state of the local source, which must be a file."""
        try:
            found = os.stat(self.source)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingAudio(
                f"{self.source} does not exist; check the audio path in the manifest and the folder it is relative to"
            ) from error
        except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
            raise UnreadableAudio(f"{self.source!r} cannot be opened: {error}") from error
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device could block for ever
            raise UnreadableAudio(f"{self.source} is not a file; the audio path in the manifest must name a sound file")
        return found


Place: TypeAlias = Path | Sound
"""Where a sound is: a path says everything about a whole local file."""


def sound_at(place: Path | str | Sound) -> Sound:
    """The place as a Sound; a text is a locator."""
    if isinstance(place, Sound):
        return place
    return Sound.parse(place) if isinstance(place, str) else Sound(str(place))


def place_at(written: Place | str) -> Place:
    """Where a locator or a path says that a sound is; a Sound stays itself."""
    if isinstance(written, Sound):
        return written
    if isinstance(written, Path):
        url = storage.url_of(str(written))
        return Sound(url) if storage.is_remote(url) else written
    sound = Sound.parse(storage.url_of(written))
    return sound if sound.path is None else sound.path


def locator_of(place: Place) -> str:
    """The text form of a place: a path stays as it is."""
    return place.locator if isinstance(place, Sound) else str(place)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Errors of the storage as errors of the sound."""
    try:
        yield
    except MissingObject as error:
        raise MissingAudio(str(error)) from error
    except StorageError as error:
        raise UnreadableAudio(str(error)) from error


class _Window(PartReader):
    """Part of a seekable file as a file of its own; closes the whole with it."""

    def __init__(self, source: BinaryIO, start: int, size: int) -> None:
        super().__init__(size)
        self._source, self._start = source, start

    def _bytes_at(self, position: int, most: int) -> bytes:
        self._source.seek(self._start + position)
        return self._source.read(most)

    def close(self) -> None:
        """Close both."""
        self._source.close()
        super().close()
