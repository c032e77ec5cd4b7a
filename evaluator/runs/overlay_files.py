"""The files of overlays: written whole beside their place, then put there; a few older versions stay.

A file's name begins with a stem, of what it is about, and ends with a version; a file that is there is never changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

_KEPT = 3  # versions of one file that snapshots may still be reading


def hashed(text: str) -> str:
    """A short name for a text."""
    return blake2b(text.encode(), digest_size=12).hexdigest()


def overlay_file(cache: Path, stem: str, version: str, write: Callable[[Path], None]) -> Path:
    """The file of that stem and version, which ``write`` makes at the path that it is given if it is not there yet."""
    path = cache / f"{stem}-{version}.parquet"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        building = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
        write(building)
        building.replace(path)
        _swept(cache, stem)
    return path


def _swept(cache: Path, stem: str) -> None:
    """Remove the oldest versions of a file; what a snapshot may still be reading stays."""
    versions = sorted(cache.glob(f"{stem}-*.parquet"), key=lambda file: file.stat().st_mtime_ns)
    for old in versions[:-_KEPT]:
        old.unlink(missing_ok=True)
