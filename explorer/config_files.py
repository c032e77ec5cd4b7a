"""Configuration files: YAML, then ``key=value`` overrides, into the dataclasses of config.py; every key is checked.

    config = load([Path("configs/earmark.yaml"), Path("mine.yaml")], ["server.port=9000"])

Later files and overrides win, mappings are merged. ``${oc.env:NAME}`` takes a value from the environment (for secrets),
``${other.key}`` from another key. An unknown key is an error that names the nearest known one, a value of the wrong
type or out of range an error that names its key.

Paths in a file are relative to that file's folder, or to the project when only the project has them (so
``configs/demo/x.nemo`` works from anywhere); in an override they are relative to the current folder. A system's
or detector's ``model`` is a path when it ends in ``.nemo`` or begins with ``/``, ``~`` or ``.``; otherwise it is a
pretrained name.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from explorer.config import Config
from explorer.errors import ConfigError
from explorer.places.storage import is_remote

PROJECT = Path(__file__).resolve().parent.parent
CORPUS_PATHS = (
    "manifests", "audio_root", "roots", "lanes", "vocabulary", "tar_base_path", "dali_index_base", "predictions",
)  # fmt: skip
WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path"}


def load(paths: Sequence[Path | str] = (), overrides: Sequence[str] = ()) -> Config:
    """The configuration of the files and overrides, in this order.

    Raises:
        ConfigError: a file cannot be read, a key is unknown, or a value does not fit.
    """
    try:
        parts = [_file(Path(path)) for path in paths] + [_override(text) for text in overrides]
        merged = OmegaConf.to_container(OmegaConf.merge(*parts), resolve=True) if parts else {}
    except OmegaConfBaseException as error:
        key = f'"{error.full_key}": ' if error.full_key else ""
        raise ConfigError(f"the configuration cannot be put together: {key}{_first_line(error)}") from error
    return _made(Config, merged, "")


def known_keys() -> tuple[str, ...]:
    """All keys with dots; ``*`` stands for a name the user chooses."""
    return tuple(_keys(Config, ""))


def _file(path: Path) -> DictConfig:
    try:
        loaded = OmegaConf.load(path.expanduser())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"the configuration file {path} cannot be read: {reason.lower()}") from error
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the configuration file {path} is not valid YAML: {reason}") from error
    if not isinstance(loaded, DictConfig):
        raise ConfigError(f"the configuration file {path} must have keys and values, such as server: {{port: 8050}}")
    plain = OmegaConf.to_container(loaded, resolve=False)
    return OmegaConf.create(_with_paths(plain, (path.expanduser().absolute().parent, PROJECT)))


def _override(text: str) -> DictConfig:
    key, separator, _ = text.partition("=")
    if not separator or not key.strip("+ "):
        raise ConfigError(f'the override "{text}" is not of the form key=value, such as server.port=9000')
    try:
        loaded = OmegaConf.from_dotlist([text.lstrip("+ ")])
    except YAMLError as error:
        raise ConfigError(
            f'the value of the override "{text}" is not valid YAML: {" ".join(str(error).split())}'
        ) from error
    return OmegaConf.create(_with_paths(OmegaConf.to_container(loaded, resolve=False), (Path.cwd(),)))


def _with_paths(content: Any, folders: tuple[Path, ...]) -> Any:
    """The content with every path made absolute; what is not shaped as expected is left for ``_made`` to refuse."""

    def at(value: Any, *, always: bool = True) -> Any:
        if isinstance(value, list):
            return [at(part, always=always) for part in value]
        if isinstance(value, dict):
            return {name: at(part, always=always) for name, part in value.items()}
        is_path = isinstance(value, str) and value and not value.startswith("${")
        return str(_path(value, folders)) if is_path and (always or _is_path(value)) else value

    def inside(name: str, keys: Iterable[str]) -> Iterator[tuple[dict[str, Any], str]]:
        named = content.get(name)
        for entry in named.values() if isinstance(named, dict) else ():
            if isinstance(entry, dict):
                yield from ((entry, key) for key in keys if key in entry)

    if not isinstance(content, dict):
        return content
    for entry, key in inside("corpora", CORPUS_PATHS):
        entry[key] = at(entry[key])
    for section in ("systems", "detectors", "voices"):
        for entry, key in inside(section, ("model", "vocoder")):
            entry[key] = at(entry[key], always=False)
    for key in ("normalizers", "checkpoints"):
        if isinstance(content.get(key), dict):
            content[key] = {name: at(path) for name, path in content[key].items()}
    if "workspace" in content:
        content["workspace"] = at(content["workspace"])
    if isinstance(content.get("cache"), dict) and "folder" in content["cache"]:
        content["cache"]["folder"] = at(content["cache"]["folder"])
    return content


def _is_path(model: str) -> bool:
    return model.endswith(".nemo") or model.startswith(("/", "~", "."))


def _path(written: str, folders: tuple[Path, ...]) -> Path:
    """The absolute path: in the first folder that has it, else in the first folder; a URL stays as it is."""
    if is_remote(written):
        return Path(written)
    path = Path(written).expanduser()
    if path.is_absolute():
        return path
    places = [folder / path for folder in folders]
    return next((place for place in places if place.exists()), places[0])


def _made(kind: Any, content: Any, key: str) -> Any:
    """An instance of the dataclass from a mapping, every value checked."""
    if not isinstance(content, dict):
        raise ConfigError(f'"{key}" is {content!r}, expected a mapping with {", ".join(f.name for f in fields(kind))}')
    hints = get_type_hints(kind)
    for name in content:
        if name not in hints:
            raise ConfigError(_unknown(_joined(key, str(name)), [_joined(key, known) for known in hints]))
    values: dict[str, Any] = {}
    for slot in fields(kind):
        name = _joined(key, slot.name)
        if slot.name in content and (content[slot.name] is not None or not _has_default_for_null(slot, hints)):
            values[slot.name] = _fitting(hints[slot.name], content[slot.name], name, slot.metadata)
        elif slot.default is MISSING and slot.default_factory is MISSING:
            raise ConfigError(f'"{name}" is missing')
    return kind(**values)


def _has_default_for_null(slot: Any, hints: Mapping[str, Any]) -> bool:
    """Whether null means the default: folders that every operating system has its own place for."""
    return hints[slot.name] is Path and slot.default_factory is not MISSING


def _fitting(kind: Any, value: Any, key: str, metadata: Mapping[str, Any]) -> Any:
    """The value as its type wants it, or a ConfigError."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return (
            None if value is None else _fitting(next(a for a in arguments if a is not type(None)), value, key, metadata)
        )
    if is_dataclass(kind):
        return _made(kind, value, key)
    if origin is Literal:
        value = "off" if value is False and "off" in arguments else value  # YAML reads a bare off as false
        if value not in arguments:
            raise ConfigError(f'"{key}" is {_shown(value)}, expected one of {", ".join(map(str, arguments))}')
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f'"{key}" is {_shown(value)}, expected a list')
        return tuple(_fitting(arguments[0], part, f"{key}[{index}]", {}) for index, part in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ConfigError(f'"{key}" is {_shown(value)}, expected a mapping of names')
        if arguments[1] is Any:
            return dict(value)
        return {str(name): _fitting(arguments[1], part, _joined(key, str(name)), {}) for name, part in value.items()}
    return _scalar(kind, value, key, metadata)


def _scalar(kind: Any, value: Any, key: str, metadata: Mapping[str, Any]) -> Any:
    accepted = {float: (int, float), Path: (str,)}.get(kind, (kind,))
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f'"{key}" is {_shown(value)}, expected {WORDS[kind]}')
    if kind in (int, float):
        least, most = metadata.get("least", -math.inf), metadata.get("most", math.inf)
        if not (least <= value <= most and math.isfinite(value)):
            span = f"at least {least:g}" if most == math.inf else f"{least:g} to {most:g}"
            raise ConfigError(f'"{key}" is {_shown(value)}, expected {WORDS[kind]}, {span}')
    return kind(value)


def _unknown(key: str, siblings: Sequence[str]) -> str:
    """The sentence about an unknown key: the nearest of its own level, else the same name elsewhere."""
    last = {known: known.rpartition(".")[2] for known in known_keys() if "*" not in known}
    near = get_close_matches(key, siblings, n=1, cutoff=0.7)
    near = near or [known for known, name in last.items() if name == key.rpartition(".")[2]]
    near = near or get_close_matches(key, [*siblings, *last], n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else f"; known here: {', '.join(siblings)}"
    return f'there is no configuration key "{key}"{hint}'


def _keys(kind: Any, prefix: str) -> Iterator[str]:
    for name, hint in get_type_hints(kind).items():
        key = _joined(prefix, name)
        inner = next((a for a in (hint, *get_args(hint)) if is_dataclass(a)), None)
        yield key
        if inner is not None:
            yield from _keys(inner, key if inner is hint else f"{key}.*")


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _shown(value: Any) -> str:
    return (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else repr(value)
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
