"""Where a corpus's sound may be: resolving paths as written, and the folders that are allowed.

A Path may also spell a URL of object storage (``s3:/bucket/dir``, as Path writes it): it is joined and compared like
any other, has no symbolic links, and becomes a Sound where it is read (sounds.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from explorer.places import storage
from explorer.places.sounds import Place, Sound


def audio_path(written: str, folder: Path, audio_root: Path | None) -> Path:
    """The absolute path of a sound file as a manifest names it; symbolic links are not followed.

    ``~`` is the user's home. A relative path counts from ``audio_root`` and from ``folder``, the manifest's: the first
    of the two that has the file, else the first there is.
    """
    if storage.is_remote(written):
        return Path(storage.url_of(written))
    path = Path(written)
    if written.startswith("~"):
        with contextlib.suppress(RuntimeError):  # no such user: the path stays as it is written, and is missing
            path = path.expanduser()
    if path.is_absolute():
        return path
    places = [place / path for place in (audio_root, folder) if place is not None]
    return next(filter(_there, places), places[0])


def folder_of(source: Path) -> Path:
    """The folder that relative paths of a source count from: a manifest's own, or the folder that is the source."""
    return source.parent if is_remote(source) or not source.is_dir() else source


def allowed_roots(sources: Sequence[Path], audio_root: Path | None, roots: Iterable[Path]) -> tuple[Path, ...]:
    """The folders sound may come from, resolved: the sources' own, the audio root, and those that were named."""
    folders = list(map(folder_of, sources)) + ([audio_root] if audio_root else []) + list(roots)
    return tuple(dict.fromkeys(resolved_path(folder.expanduser()) for folder in folders))


def is_remote(path: Path) -> bool:
    """Whether a path spells a URL."""
    return storage.is_remote(storage.url_of(str(path)))


def absolute(path: Path) -> Path:
    """The path from the root, ``~`` being the home; a URL in its plain form."""
    return Path(storage.url_of(str(path))) if is_remote(path) else path.expanduser().absolute()


def resolved_path(path: Path) -> Path:
    """The path with symbolic links resolved; a URL without ``..``."""
    return Path(storage.url_of(str(path))) if is_remote(path) else path.resolve()


def resolved(place: Place) -> Place:
    """The place with the symbolic links of its source resolved."""
    if not isinstance(place, Sound):
        return resolved_path(place)
    return place if place.is_remote else replace(place, source=str(Path(place.source).resolve()))


def is_allowed(place: Place, roots: Iterable[Path]) -> bool:
    """Whether a resolved place lies inside one of the resolved roots."""
    path = Path(storage.url_of(place.source)) if isinstance(place, Sound) else place
    return any(path.is_relative_to(root) for root in roots)


def short_names(sources: Sequence[Path]) -> tuple[str, ...]:
    """A name for each source, as short as it can be told apart: the file's name, with folders where those agree."""
    depth = [1] * len(sources)
    while True:
        names = ["/".join(path.parts[-length:]).replace("//", "/") for path, length in zip(sources, depth, strict=True)]
        shared = [i for i, name in enumerate(names) if names.count(name) > 1 and depth[i] < len(sources[i].parts)]
        if not shared:
            return tuple(names)
        for index in shared:
            depth[index] += 1


def _there(path: Path) -> bool:
    try:
        return not is_remote(path) and path.exists()
    except (OSError, ValueError):  # a name too long or with a null character is no file
        return False
