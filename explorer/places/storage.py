"""Object storage: the state, the bytes and parts of the bytes of remote objects, by URL, through fsspec.

Only SCHEMES are opened, whatever a manifest says. Credentials come from the environment or from fsspec's own
configuration (``AWS_ACCESS_KEY_ID``, ``~/.aws``, ``FSSPEC_S3``, ``~/.config/fsspec``...); ``configure`` adds options,
such as the address of a server of one's own, for this process and those it starts.

Objects are read in blocks of BLOCK bytes; the last BLOCKS of them are remembered by the process (64 MB), so looking at
ten seconds of an hour fetches a few blocks, once. A version is known for FRESH seconds, then asked for again. A server
that is away is an error within seconds: every request has a time limit and is tried twice, and the next ones are told
at once (outages.py). Copies of whole objects stay in a folder up to a size, the longest unused go first.

Source: https://filesystem-spec.readthedocs.io, https://s3fs.readthedocs.io
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from explorer.errors import MissingObject, StorageError
from explorer.places.outages import Outages
from explorer.places.part_reader import PartReader

SCHEMES: dict[str, str] = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
"""URL schemes that are opened, with the package each needs. Not https: a redirect would leave the allowed roots."""

BLOCK = 1 << 19
BLOCKS = 128
FRESH = 20.0
CONNECT_SECONDS = 3
READ_SECONDS = 4
TRIES = 2

COPIES_MB = 8192
_COPIES = "EARMARK_REMOTE_MB"
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://?(?=[^/])(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class State:
    """Bytes of an object, and what changes when they do."""

    size: int
    version: str


def is_remote(text: str) -> bool:
    """Whether the text is a URL of a known scheme."""
    return text.partition("://")[0] in SCHEMES and "://" in text


def url_of(path: str) -> str:
    """The URL of a text that is one, in its plain form.

    The slashes that were lost where a URL went through a path (``s3:/bucket/a``) are restored, ``.`` and ``..`` are
    resolved, so that a URL cannot leave a prefix that it begins with.
    """
    found = _URL.fullmatch(path)
    if found is None or found[1] not in SCHEMES:
        return path
    parts: list[str] = []
    for part in found[2].split("/"):
        if part == "..":
            parts[1:] = parts[1:-1]
        elif part != ".":
            parts.append(part)
    return f"{found[1]}://{'/'.join(parts)}"


def joined(base: str, name: str) -> str:
    """The URL of a name that is relative to the URL of a folder."""
    return url_of(f"{base.rstrip('/')}/{name}")


def folder_of(url: str) -> str:
    """The URL of the folder an object is in."""
    return url.rsplit("/", 1)[0]


def configure(options: Mapping[str, Mapping[str, Any]], *, copies_mb: int | None = None) -> None:
    """Options of the schemes, for this process and those it starts: they go into the environment, as fsspec reads it.

    ``copies_mb`` is how much of a disk the copies of ``fetched`` may take; None: as it is.

    Raises:
        StorageError: there is no such scheme.
    """
    if copies_mb is not None:
        os.environ[_COPIES] = str(copies_mb)
    for scheme, values in options.items():
        if scheme not in SCHEMES:
            raise StorageError(f'there is no storage "{scheme}"; known are {", ".join(SCHEMES)}')
        if values:
            os.environ[_variable(scheme)] = json.dumps({**_given(scheme), **values})


def state(url: str) -> State:
    """Size and version of an object, as they were at most FRESH seconds ago.

    Raises:
        MissingObject: it is not there.
        StorageError: its storage cannot be reached, or refuses.
    """
    return _state(url, int(time.monotonic() / FRESH), _settings(url))


def open_ranges(url: str) -> BinaryIO:
    """The object as a seekable file of which only the blocks that are looked at are fetched; errors as for state."""
    return io.BufferedReader(_Ranges(url, state(url), _settings(url)), 1 << 16)


def fetch(url: str, target: Path, *, tell: Callable[[int], None] | None = None) -> State:
    """Write all of an object into a file; ``tell`` hears the bytes so far. Errors as for state."""
    settings = _settings(url)
    found = _state(url, -time.monotonic_ns(), settings)
    with target.open("wb") as file:
        for start in range(0, found.size, 16 * BLOCK):
            file.write(_bytes(url, start, min(found.size, start + 16 * BLOCK), settings))
            if tell is not None:
                tell(file.tell())
    return found


def fetched(url: str, folder: Path) -> Path:
    """A local copy of an object in ``folder``, of the version it has now; errors as for state.

    It keeps the object's name, which tells its format.
    """
    version = blake2b(f"{url}\0{state(url).version}".encode(), digest_size=16).hexdigest()
    copy = folder / version / url.rsplit("/", 1)[1]
    if copy.exists():
        os.utime(copy.parent)  # used now
    else:
        copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = copy.with_name(f"{uuid.uuid4().hex}.fetching")
        try:
            fetch(url, fresh)
            fresh.replace(copy)
        finally:
            fresh.unlink(missing_ok=True)
        _sweep(folder, copy.parent, int(os.environ.get(_COPIES, COPIES_MB)) << 20)
    return copy


def _sweep(folder: Path, kept: Path, limit: int) -> None:
    """Remove the copies that were not used for longest until the others fit into ``limit`` bytes, never ``kept``."""
    copies = [
        (entry.stat().st_mtime, sum(f.stat().st_size for f in entry.iterdir()), entry) for entry in folder.iterdir()
    ]
    total = sum(size for _, size, _ in copies)
    for _, size, entry in sorted(copies):
        if total <= limit or entry == kept:
            continue
        shutil.rmtree(entry, ignore_errors=True)
        total -= size


@lru_cache(maxsize=4096)
def _state(url: str, _when: int, settings: str) -> State:
    with _sentences(url):
        found = _filesystem(urlsplit(url).scheme, settings).info(url)
    if found.get("type") != "file":
        raise MissingObject(f"{url} is a folder, not an object; name the object itself")
    tag = found.get("ETag") or found.get("etag") or found.get("md5Hash") or ""
    changed = found.get("LastModified") or found.get("updated") or found.get("last_modified") or ""
    return State(int(found["size"]), f"{found['size']}-{str(tag).strip(chr(34))}-{changed}")


@lru_cache(maxsize=BLOCKS)
def _block(url: str, _version: str, number: int, size: int, settings: str) -> bytes:
    return _bytes(url, number * BLOCK, min(size, (number + 1) * BLOCK), settings)


def _bytes(url: str, start: int, end: int, settings: str) -> bytes:
    with _sentences(url):
        content: bytes = _filesystem(urlsplit(url).scheme, settings).cat_file(url, start=start, end=end)
    if len(content) != end - start:
        raise StorageError(
            f"{url} gave {len(content):,} bytes instead of {end - start:,}; it may be changing, try again"
        )
    return content


class _Ranges(PartReader):
    """A remote object as a file, block by block."""

    def __init__(self, url: str, found: State, settings: str) -> None:
        super().__init__(found.size)
        self._url, self._state, self._settings = url, found, settings

    def _bytes_at(self, position: int, most: int) -> bytes:
        number, within = divmod(position, BLOCK)
        return _block(self._url, self._state.version, number, self._state.size, self._settings)[within : within + most]


def _settings(url: str) -> str:
    """The options in force for a URL's scheme, as JSON: part of the keys of what is remembered.

    Raises:
        StorageError: the scheme is not one of SCHEMES.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise StorageError(f"{url} cannot be opened: only {', '.join(SCHEMES)} addresses are")
    return json.dumps(_given(scheme), sort_keys=True)


def _variable(scheme: str) -> str:
    return f"FSSPEC_{scheme.upper()}"


def _given(scheme: str) -> dict[str, Any]:
    try:
        found = json.loads(os.environ.get(_variable(scheme), "{}"))
    except json.JSONDecodeError as error:
        raise StorageError(f"the environment variable {_variable(scheme)} is not JSON: {error}") from error
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=8)
def _filesystem(scheme: str, settings: str) -> Any:
    """The filesystem of a scheme; one for all threads, which share its connections."""
    try:
        import fsspec

        kind = fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        package = SCHEMES[scheme]
        raise StorageError(
            f"{scheme} addresses need the package {package}; install it with pip install -r requirements-s3.txt"
            if scheme == "s3"
            else f"{scheme} addresses need the package {package}; install it with pip install {package}"
        ) from error
    from fsspec.config import conf

    options: dict[str, Any] = {**conf.get(scheme, {}), **json.loads(settings)}
    if scheme == "s3":
        timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"max_attempts": 0}}
        options["config_kwargs"] = {**timeouts, **options.get("config_kwargs", {})}
    made = kind(**options, use_listings_cache=False, skip_instance_cache=True)
    if scheme == "s3":
        made.retries = TRIES
    return made


@lru_cache(maxsize=1)
def _outages() -> Outages:
    """The outages that this process knows of."""
    return Outages()


@contextmanager
def _sentences(url: str) -> Iterator[None]:
    """Whatever a storage library raises, as a sentence; nothing is asked of a storage that was away a moment ago."""
    parts = urlsplit(url)
    place, began = (parts.scheme, parts.netloc, _settings(url)), time.monotonic()
    away = _outages().of(place)
    if away is not None:
        raise StorageError(f"{url}: {away.reason}; it is tried again in {max(1, round(away.until - began))} s")
    try:
        yield
        _outages().answered(place)
    except FileNotFoundError as error:
        raise MissingObject(f"{url} does not exist in the storage; check the bucket and the path") from error
    except PermissionError as error:
        raise StorageError(
            f"{url} may not be read ({_first_line(error)}); check the credentials in the environment"
        ) from error
    except StorageError:
        raise
    except Exception as error:  # each of the storage libraries has errors of its own, with no common base
        reason = f"cannot be reached ({_first_line(error)})"
        _outages().failed(place, f"its storage {reason}", seconds=time.monotonic() - began)
        raise StorageError(
            f"{url} {reason}; check the network and storage.{parts.scheme} in the configuration"
        ) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200].rstrip(".")
