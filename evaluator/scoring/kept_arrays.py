"""Kept arrays: what took long to compute, in a folder, under the hash of everything that it was made of.

A file is whole or not there, and never stale: other inputs have another name. The oldest go when there are too many.
Nobody depends on them: a full disk, or a file that another program has spoilt, only costs the time to compute again.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import numpy as np


def place(folder: Path | None, told: str, arrays: Iterable[np.ndarray] = ()) -> Path | None:
    """The file for what is made of ``arrays`` and everything that ``told`` says; None without a folder."""
    if folder is None:
        return None
    content = blake2b(told.encode(), digest_size=16)
    for array in arrays:
        content.update(f"{array.dtype.str}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return folder / f"{content.hexdigest()}.npz"


def read(path: Path | None, *names: str) -> list[np.ndarray] | None:
    """The arrays of these names; None when they are not there."""
    if path is None:
        return None
    try:
        with np.load(path, allow_pickle=False) as found:
            return [found[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def keep(path: Path | None, arrays: Mapping[str, np.ndarray], *, most: int) -> None:
    """Write arrays by name, whole or not at all, and remove the oldest files of the folder beyond ``most``."""
    if path is None:
        return
    building = path.with_name(f"{uuid.uuid4().hex}.building")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with building.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        building.replace(path)
        for old in sorted(path.parent.glob("*.np[yz]"), key=lambda one: one.stat().st_mtime_ns)[:-most]:
            old.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            building.unlink()
