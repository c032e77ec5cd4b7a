"""Configuration: everything that can be set, as frozen dataclasses; configs/earmark.yaml says what each key means.

Read and overridden in config_files.py, which checks every key against what is declared here: its type, and the least
and the most of a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import platformdirs

APPLICATION = "earmark"


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
