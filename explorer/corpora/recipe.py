"""Recipe: what a corpus is made from, and the version of that.

Sources may be local or remote, files or folders; the key of a recipe covers their paths, sizes and times of change,
the options that matter, and SCHEMA, which is raised whenever the tables or the reading change.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import duckdb

from explorer.corpora.whereabouts import Whereabouts, absolute_tars, folder_of_tars, is_sharded
from explorer.errors import ManifestError, StorageError
from explorer.formats import format_of
from explorer.formats.shards import paths_of
from explorer.places.paths import absolute, allowed_roots, folder_of, is_remote
from explorer.places.storage import fetched, state, url_of
from explorer.places.tar_index import Heard, TarIndexes, quietly

SCHEMA = 5


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

    def whereabouts(self, names: Sequence[str], cache: Path, *, heard: Heard = quietly) -> Whereabouts:
        """Where the sound of the rows is; ``names`` are the sources' short names, ``heard`` is for TarIndexes."""
        return Whereabouts(
            sources=dict(zip(names, self.sources, strict=True)),
            folders=dict(zip(names, map(folder_of, self.sources), strict=True)),
            audio_root=self.audio_root,
            roots=self.roots,
            tars=self.tars,
            indexes=TarIndexes(cache, dali=self.dali, heard=heard),
        )

    def changed(self) -> tuple[Path, ...]:
        """The sources that are no longer as they were, also those that are gone."""
        return tuple(path for path, state in zip(self.sources, self.states, strict=True) if _now(path) != state)

    def local_copy(self, index: int, cache: Path) -> Path:
        """A source as a local file: itself, or a copy of a remote one in the cache folder, fetched if not there.

        Raises:
            ManifestError: the storage cannot be reached, or the object is not there any more.
        """
        source = self.sources[index]
        if not is_remote(source):
            return source
        try:
            return fetched(url_of(str(source)), cache / "remote")
        except StorageError as error:
            raise ManifestError(str(error)) from error

    def text(self) -> str:
        """The recipe as JSON, for another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def read(cls, text: str) -> Recipe:
        """The recipe that ``text`` wrote."""
        told = json.loads(text)
        return cls(
            sources=tuple(map(Path, told["sources"])),
            states=tuple((size, changed) for size, changed in told["states"]),
            audio_root=Path(told["audio_root"]) if told["audio_root"] else None,
            roots=tuple(map(Path, told["roots"])),
            columns=tuple((role, name) for role, name in told["columns"]),
            tars=told["tars"],
            dali=told["dali"],
        )


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
