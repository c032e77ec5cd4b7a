"""Configuration: YAML files, then ``key=value`` overrides, into frozen dataclasses; every key is checked.

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
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import platformdirs
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from explorer.errors import ConfigError
from explorer.places.storage import is_remote

APPLICATION = "earmark"
PROJECT = Path(__file__).resolve().parent.parent
CORPUS_PATHS = (
    "manifests", "audio_root", "roots", "lanes", "vocabulary", "tar_base_path", "dali_index_base", "predictions",
)  # fmt: skip
WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path"}


def _number(default: float, *, least: float = 0, most: float = math.inf) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the page is served, to whom, and how much it takes at once."""

    host: str = "127.0.0.1"
    port: int = _number(8050, most=65535)
    token: str | None = None
    insecure: bool = False
    trusted_hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    threads: int = _number(8, least=1)
    max_request_mb: int = _number(16, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """What can be made again: its folder on disk and the memory of queries and media."""

    folder: Path = field(default_factory=lambda: platformdirs.user_cache_path(APPLICATION))
    memory_mb: int = _number(1024, least=128)
    media_mb: int = _number(512, least=1)
    remote_mb: int = _number(8192, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """How utterances are written as CSV: whether texts that a spreadsheet would run are guarded (spreadsheet.py)."""

    formulas: Literal["guarded", "plain"] = "guarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of a table's columns that are the audio path, the offset, the duration and the reference.

    ``None``: found by the usual names.
    """

    audio: str | None = None
    offset: str | None = None
    duration: str | None = None
    reference: str | None = None

    def named(self) -> dict[str, str]:
        """The columns that are named, by what they are."""
        everything = {slot.name: getattr(self, slot.name) for slot in fields(self)}
        return {role: name for role, name in everything.items() if name is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSource:
    """A corpus to open: its manifests, the folder of its sound, and further folders sound may be played from.

    ``predictions`` are files of what systems heard, by the systems' names, joined by sound and time or by the column
    ``join_on`` (or ``column=field``; see predictions.py). ``lanes`` are folders of files with the times of words and
    speakers; ``vocabulary`` is the word list that OOV words are told by; ``tar_base_path`` is where the tars are whose
    members the manifests name (a tar, a pattern or a folder), ``dali_index_base`` the folder of DALI's indexes of them;
    ``columns`` says which columns of a table are the audio, offset, duration or reference.
    """

    manifests: tuple[Path, ...]
    audio_root: Path | None = None
    roots: tuple[Path, ...] = ()
    lanes: tuple[Path, ...] = ()
    vocabulary: Path | None = None
    tar_base_path: str | None = None
    dali_index_base: str | None = None
    columns: Columns = field(default_factory=lambda: Columns())
    predictions: Mapping[str, Path] = field(default_factory=dict)
    join_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A named recognizer: an engine with a model (a path or a pretrained name) and options of the engine."""

    engine: str
    model: str | None = None
    device: str = "auto"
    precision: Literal["auto", "int8", "float32", "bfloat16", "float16"] = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribe:
    """Defaults of a transcription: the size of batches and what is done about pauses."""

    batch_seconds: float = _number(120, least=0.1)
    batch_size: int = _number(32, least=1)
    vad: Literal["off", "chunk", "skip"] = "off"
    detector: str = "silero"
    chunk_seconds: float = _number(20, least=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Defaults of measuring sound: who tells the share of speech ("none": nobody)."""

    detector: str = "energy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A named synthesizer: an engine with its voice and speed, models (paths) and options of the engine."""

    engine: str
    model: str | None = None
    vocoder: str | None = None
    device: str | None = None
    voice: str | None = None
    rate: float = _number(1.0, least=0.05)
    seed: int = _number(0)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Defaults of synthesis: how a text is spelled out, and the longest text in characters."""

    spoken_form: str = "none"
    longest_text: int = _number(2000, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Times of the job runner, in seconds."""

    grace_s: float = _number(10)
    idle_exit_s: float = _number(900)
    heartbeat_s: float = _number(1, least=0.05)
    stale_s: float = _number(60, least=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Where edits and ratings are kept: the address of a database, None for a SQLite file in the workspace."""

    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewKeys:
    """The keys of the review page by what they do, each written as ``a``, ``Space``, ``Ctrl+Enter`` or ``Alt+[``."""

    play: tuple[str, ...] = ("Ctrl+p", "Shift+Space", "Space")
    back: tuple[str, ...] = ("Ctrl+b",)
    forward: tuple[str, ...] = ("Ctrl+m",)
    slower: tuple[str, ...] = ("Alt+[",)
    faster: tuple[str, ...] = ("Alt+]",)
    loop: tuple[str, ...] = ("Alt+l",)
    hear: tuple[str, ...] = ("h", "Alt+h")
    accept: tuple[str, ...] = ("Ctrl+Enter", "a")
    reject: tuple[str, ...] = ("Alt+r", "r")
    skip: tuple[str, ...] = ("Ctrl+Space", "s")
    next: tuple[str, ...] = ("Alt+ArrowDown", "Shift+ArrowDown", "j")
    previous: tuple[str, ...] = ("Alt+ArrowUp", "Shift+ArrowUp", "k")
    take: tuple[str, ...] = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
    majority: tuple[str, ...] = ("Alt+m", "m")
    differences: tuple[str, ...] = ("Alt+d", "d")
    edit: tuple[str, ...] = ("e",)
    original: tuple[str, ...] = ("Alt+o", "o")
    comment: tuple[str, ...] = ("Alt+c", "c")
    tags: tuple[str, ...] = ("t",)
    undo: tuple[str, ...] = ("Ctrl+z", "u")
    redo: tuple[str, ...] = ("Ctrl+Shift+z", "Ctrl+y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who may correct utterances, how people are told apart, and what they can choose from."""

    read_only: bool = False
    login_header: str | None = None
    reasons: tuple[str, ...] = ("bad audio", "wrong language", "several speakers", "not speech")
    tags: tuple[str, ...] = ("noise", "overlap", "accent", "unsure")
    advance: bool = True
    autoplay: bool = False
    keys: ReviewKeys = field(default_factory=lambda: ReviewKeys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hallucination:
    """From where on a hypothesis is suspicious by itself (evaluator/scoring/hallucination.py explains it)."""

    repeats: int = _number(4, least=2)
    longer: float = _number(2, least=1)
    shorter: float = _number(0.3)
    slack: int = _number(5, least=1)
    most_characters_per_second: float = _number(30)
    least_characters_per_second: float = _number(1)
    speech_ratio: float = _number(0.02)
    foreign_letters: float = _number(0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set; see configs/earmark.yaml for what each key means."""

    server: Server = field(default_factory=Server)
    cache: Cache = field(default_factory=Cache)
    workspace: Path = field(default_factory=lambda: platformdirs.user_data_path(APPLICATION))
    corpora: Mapping[str, CorpusSource] = field(default_factory=dict)
    systems: Mapping[str, System] = field(default_factory=dict)
    checkpoints: Mapping[str, Path] = field(default_factory=dict)
    normalizer: str = "basic"
    normalizers: Mapping[str, Path] = field(default_factory=dict)
    transcribe: Transcribe = field(default_factory=Transcribe)
    measure: Measure = field(default_factory=Measure)
    hallucination: Hallucination = field(default_factory=Hallucination)
    detectors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    voices: Mapping[str, Voice] = field(default_factory=dict)
    synthesis: Synthesis = field(default_factory=Synthesis)
    jobs: Jobs = field(default_factory=Jobs)
    ledger: Ledger = field(default_factory=Ledger)
    review: Review = field(default_factory=Review)
    storage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    csv: Csv = field(default_factory=Csv)
    slots: Mapping[str, Any] = field(default_factory=dict)


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
