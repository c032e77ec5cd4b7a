"""Where a corpus's sound may be: resolving paths as written, and the folders that are allowed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path


def audio_path(written: str, folder: Path, audio_root: Path | None) -> Path:
    """The absolute path of a sound file as a manifest names it; symbolic links are not followed.

    ``~`` is the user's home. A relative path counts from ``audio_root`` and from ``folder``, the manifest's: the first
    of the two that has the file, else the first there is.
    """
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
    return source if source.is_dir() else source.parent


def allowed_roots(sources: Sequence[Path], audio_root: Path | None, roots: Iterable[Path]) -> tuple[Path, ...]:
    """The folders sound may come from, resolved: the sources' own, the audio root, and those that were named."""
    folders = list(map(folder_of, sources)) + ([audio_root] if audio_root else []) + list(roots)
    return tuple(dict.fromkeys(folder.expanduser().resolve() for folder in folders))


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
        return path.exists()
    except (OSError, ValueError):  # a name too long or with a null character is no file
        return False
