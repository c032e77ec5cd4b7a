"""Whereabouts: where the sound of a corpus's rows is, and whether it may be heard.

A row's audio is a path, a URL, or the name of a member of a tar file, in NeMo's layouts:

    sharded_manifests/manifest_3.json        rows are in audio_3.tar: the shards' numbers agree
    tarred_audio_manifest.json               a row's ``shard_id`` is the tar's number; with a single tar none is needed

``tars`` (``--tar-base-path``) is a tar, a pattern of tars (``audio__OP_0..255_CL_.tar``) or their folder, anywhere;
without it, the tars of a manifest with one of these names are looked for where NeMo writes them (beside the manifest,
or above ``sharded_manifests``) and a name without ``/`` is a member there.

Sound may come from the roots alone: folders, and prefixes in object storage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from explorer.errors import AudioError, ForbiddenAudio, MissingAudio
from explorer.formats.shards import expand
from explorer.places import storage
from explorer.places.paths import audio_path, is_allowed, is_remote, resolved
from explorer.places.sounds import Place, Sound, locator_of, place_at
from explorer.places.tar_index import TarIndexes, missing

TARRED = "tarred_audio_manifest.json"
SHARDED = "sharded_manifests"
ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""How a tar's name ends; what ends otherwise is a folder of tars. (Compressed ones are refused when they are read.)"""

_NUMBER = re.compile(r"(\d+)(?=\.[^/]*$)")


def absolute_tars(written: str) -> str:
    """A path or pattern of tars, or of their folder, from the root; a URL in its plain form."""
    url = storage.url_of(written)
    return url if storage.is_remote(url) else str(Path(written).expanduser().absolute())


def folder_of_tars(tars: str) -> str:
    """The folder that sound may come from when ``tars`` are named."""
    return storage.folder_of(tars) if tars.lower().endswith(ENDINGS) else tars


def is_sharded(source: Path) -> bool:
    """Whether a manifest lies and is called as NeMo's shards do and are: its tar is in the folder above."""
    return source.parent.name == SHARDED and re.fullmatch(r"manifest_\d+\.json", source.name) is not None


class Whereabouts:
    """Where the sound of a corpus is; safe for threads. ``sources`` are its manifests by their short names."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Path],
        folders: Mapping[str, Path],
        audio_root: Path | None,
        roots: tuple[Path, ...],
        tars: str | None,
        indexes: TarIndexes,
    ) -> None:
        self._sources, self._folders, self._audio_root, self._roots = sources, folders, audio_root, roots
        self._tars, self._indexes = tars, indexes

    @property
    def has_tars(self) -> bool:
        """Whether sound is looked for in tars."""
        return self._tars is not None or any(map(self._beside, self._sources))

    def tars(self) -> tuple[str, ...]:
        """The tar files that rows may be in, those alone that may be heard; the order is that of their sources."""
        given = self._given.values() if self._tars is not None else ()
        found = given or [tar for source in self._sources for tar in self._beside(source).values()]
        return tuple(dict.fromkeys(tar for tar in found if is_allowed(resolved(place_at(Path(tar))), self._roots)))

    def index(self, tar: str) -> None:
        """Find out what is in a tar file, if that is not known yet.

        Raises:
            AudioError: it is not there, cannot be read, or is no tar.
        """
        self._indexes.of(tar)

    def label(self, written: str, source: str, *, shard: object = None) -> Path:
        """A path that says where the sound is; what a tar holds is in it as if it were a folder."""
        tars = self._tars_of(source, written)
        if not tars:
            return audio_path(written, self._folders[source], self._audio_root)
        return Path(self._named(tars, source, shard) or next(iter(tars.values()))) / written.removeprefix("./")

    def place(self, written: str, source: str, *, shard: object = None) -> Place:
        """Where the sound is; ``shard`` is the row's ``shard_id``.

        Raises:
            MissingAudio: no tar has a member of that name, or the tar is not there.
            UnreadableAudio: the tar cannot be read.
        """
        tars = self._tars_of(source, written)
        if not tars:
            return place_at(audio_path(written, self._folders[source], self._audio_root))
        named = self._named(tars, source, shard)
        for tar in (named,) if named is not None else tars.values():
            found = self._indexes.of(tar).sound(written)
            if found is not None:
                return found
        raise missing(written, named or " or ".join(_some(list(tars.values()))))

    def path(self, written: str, source: str) -> Path | None:
        """The file of a sound that is a file of its own on this machine; None for what is in a tar or in storage."""
        if self._tars_of(source, written):
            return None
        place = self.place(written, source)
        return place if isinstance(place, Path) and not is_remote(place) else None

    def locator(self, written: str, source: str, *, shard: object = None) -> str:
        """The text form of the place for lists of many; of what no tar has, the label."""
        try:
            return locator_of(self.place(written, source, shard=shard))
        except AudioError:
            return str(self.label(written, source, shard=shard))

    def allowed(self, place: Place) -> Place:
        """The place with symbolic links resolved, if it lies inside the roots.

        Raises:
            ForbiddenAudio: it does not.
            MissingAudio: its path cannot be resolved, or it does not and there is no such file either: allowing its
                folder would be no help.
        """
        try:
            found = resolved(place)
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingAudio(f"{place} cannot be found: {error}") from error
        if not is_allowed(found, self._roots):
            if isinstance(found, Path) and not is_remote(found) and not found.exists():
                raise MissingAudio(
                    f"{found} is not there, and lies outside the corpus's folders; if it lies elsewhere, say where "
                    "with --audio-base-path"
                )
            folder = storage.folder_of(found.source) if isinstance(found, Sound) else found.parent
            raise ForbiddenAudio(
                f"{found} lies outside the corpus's folders; to allow it, start with --root {folder} (or a folder "
                f"above it), or add it to the corpus's roots"
            )
        return found

    def _named(self, tars: Mapping[int, str], source: str, shard: object) -> str | None:
        """The tar that the manifest's number says, else the row's shard; None when neither does."""
        number = self._number(source)
        if number is not None and number in tars:
            return tars[number]
        return tars.get(shard) if isinstance(shard, int) else None

    def _tars_of(self, source: str, written: str) -> dict[int, str]:
        """The tars that a row of a source may be in, by number; none when its audio is a path."""
        if self._tars is not None:
            return self._given
        return self._beside(source) if "/" not in written else {}

    @cached_property
    def _given(self) -> dict[int, str]:
        """The tars that ``--tar-base-path`` stands for."""
        assert self._tars is not None
        base = storage.url_of(self._tars)
        if not base.lower().endswith(ENDINGS):
            return self._in_folder(base)
        return _numbered(expand(base))

    def _in_folder(self, base: str) -> dict[int, str]:
        """The tars of a folder; in object storage those that the manifests' numbers ask for."""
        if not storage.is_remote(base):
            return _numbered(sorted(map(str, Path(base).glob("*.tar")), key=_natural))
        numbers = [number for number in map(self._number, self._sources) if number is not None]
        return {number: storage.joined(base, f"audio_{number}.tar") for number in numbers or [0]}

    def _beside(self, source: str) -> dict[int, str]:
        """The tars where NeMo writes them, for a manifest that is called as NeMo calls it."""
        found = self._known.get(source)
        if found is None:
            path, folder = self._sources[source], self._folders[source]
            number = self._number(source)
            if path.name == TARRED:
                found = self._in_folder(storage.url_of(str(folder)))
            elif is_sharded(path) and number is not None:
                tar = f"{storage.url_of(str(folder.parent))}/audio_{number}.tar"
                found = {number: tar} if storage.is_remote(tar) or Path(tar).exists() else {}
            else:
                found = {}
            self._known[source] = found
        return found

    @cached_property
    def _known(self) -> dict[str, dict[int, str]]:
        return {}

    def _number(self, source: str) -> int | None:
        """The number at the end of a manifest's name."""
        found = _NUMBER.search(self._sources[source].name)
        return int(found[1]) if found else None


def _numbered(tars: tuple[str, ...] | list[str]) -> dict[int, str]:
    """The tars by the numbers at the end of their names; by their order where those are missing or not unique."""
    numbers = [_NUMBER.search(tar) for tar in tars]
    found = {int(number[1]): tar for number, tar in zip(numbers, tars, strict=True) if number}
    return found if len(found) == len(tars) else dict(enumerate(tars))


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


def _some(tars: list[str]) -> list[str]:
    return tars if len(tars) <= 2 else [tars[0], f"another of {len(tars):,} tars"]
