"""The corpus formats that can be opened: FORMATS, one adapter module per format.

A source is a file or a folder. An adapter has four functions: ``recognizes(path, start)`` tells its sources from
others, ``files(path)`` lists what is read of one, ``read(path, reading)`` yields Batches: column-wise values under the
field names of the format, already checked, faulty lines left out and reported as Problems; ``role(field)`` says what a
field is inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any, Protocol

from explorer.errors import ManifestError
from explorer.formats.identities import Identities
from explorer.formats.lines import peek
from explorer.records import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a field of a format is called inside: the column's name, and the system when it is a hypothesis."""

    name: str
    system: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a source, as columns of equal length; ``None`` is a missing value.

    ``ids`` are the identities (16 hexadecimal digits), times are seconds, ``fields`` holds every other field under the
    name the format gives it. ``order`` lists all fields seen so far, those of the fixed columns too, in the order of
    their first appearance. ``position`` is the number of bytes of the file read so far.
    """

    lines: list[int]
    ids: list[str]
    audio: list[str]
    offset: list[float]
    duration: list[float | None]
    reference: list[str | None]
    fields: dict[str, list[Any]]
    order: tuple[str, ...]
    problems: list[Problem]
    position: int

    def without_problems(self) -> Batch:
        """The same rows, for a format in which what would be a problem is none."""
        return replace(self, problems=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading several sources into one corpus shares, and which of them it is: the one at ``index``.

    ``names`` are the sources' names for Problems; ``roots`` are the folders text files may come from; ``identities``
    remembers where each identity was seen first (the source's index times 2**40 plus the line), to find duplicates.
    ``folders`` are what relative paths of each source count from (none: the same for all, an audio root).
    ``columns`` names the columns of a table that are the audio, offset, duration or reference, where the usual names
    do not say it; ``sampled_bytes`` are how much of a table is gone through to find the types of its columns.
    """

    index: int
    names: tuple[str, ...]
    roots: tuple[Path, ...] = ()
    folders: tuple[str, ...] = ()
    identities: Identities = field(default_factory=Identities)
    block_bytes: int = 8 << 20
    columns: Mapping[str, str] = field(default_factory=dict)
    sampled_bytes: float = inf

    @property
    def source(self) -> str:
        """The name of the source that is read."""
        return self.names[self.index]


class Adapter(Protocol):
    """The module of a format; ``FIXED_FIELDS`` are its names for audio, offset, duration and reference."""

    FIXED_FIELDS: dict[str, str]

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the source is of this format, by its name and first (uncompressed) bytes; a folder has none."""

    def files(self, path: Path) -> tuple[Path, ...]:
        """The files that are read: when one changes the corpus is another. Sounds are not among them."""

    def read(self, path: Path, reading: Reading) -> Iterator[Batch]:
        """The rows of one source; ManifestError when it is not of this format at all."""

    def role(self, field: str) -> Role:
        """What a field is inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A corpus format: the endings of its files (none: a folder) and the module that reads it."""

    name: str
    title: str
    help: str
    suffixes: tuple[str, ...]
    module: str

    def adapter(self) -> Adapter:
        """The adapter module, imported when it is first needed."""
        return import_module(self.module)


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            name="leaderboard",
            title="Open ASR Leaderboard results",
            help="MODEL_<model>_DATASET_<data>.jsonl with audio_filepath, duration, time, text, pred_text.",
            suffixes=(".jsonl", ".json", ".jsonl.gz"),
            module="explorer.formats.leaderboard",
        ),
        Format(
            name="lhotse",
            title="Lhotse",
            help="Cuts, or supervisions with recordings, as JSON lines, plain or gzip, or their folder.",
            suffixes=(".jsonl", ".jsonl.gz"),
            module="explorer.formats.lhotse",
        ),
        Format(
            name="nemo-tts",
            title="NeMo TTS results",
            help="Lines with pred_audio_filepath, gt_audio_filepath, gt_text: a reading and its recording each.",
            suffixes=(".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz"),
            module="explorer.formats.nemo_tts",
        ),
        Format(
            name="nemo",
            title="NeMo manifest",
            help="One JSON object per line with audio_filepath, duration, text, pred_text; plain or gzip.",
            suffixes=(".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz"),
            module="explorer.formats.nemo",
        ),
        Format(
            name="kaldi",
            title="Kaldi data folder",
            help="A folder with wav.scp, and segments, text, utt2spk, spk2gender, utt2dur, reco2dur if there.",
            suffixes=("wav.scp",),
            module="explorer.formats.kaldi",
        ),
        Format(
            name="common-voice",
            title="Common Voice",
            help="A TSV with client_id, path, sentence; the sound in clips/.",
            suffixes=(".tsv", ".tsv.gz"),
            module="explorer.formats.common_voice",
        ),
        Format(
            name="ljspeech",
            title="LJSpeech",
            help="metadata.csv with id|text|normalized text, or its folder; the sound in wavs/.",
            suffixes=(".csv",),
            module="explorer.formats.ljspeech",
        ),
        Format(
            name="parquet",
            title="Parquet",
            help="A table of any columns, one of them the sound's path.",
            suffixes=(".parquet", ".pq"),
            module="explorer.formats.parquet",
        ),
        Format(
            name="csv",
            title="CSV, TSV",
            help="A table of any columns with a header line, one of them the sound's path; plain or gzip.",
            suffixes=(".csv", ".tsv", ".csv.gz", ".tsv.gz"),
            module="explorer.formats.delimited",
        ),
        Format(
            name="stm",
            title="STM",
            help="Lines of file, channel, speaker, begin, end, text; the sound beside it.",
            suffixes=(".stm", ".stm.gz"),
            module="explorer.formats.stm",
        ),
        Format(
            name="ctm",
            title="CTM",
            help="Lines of file, channel, begin, duration, word, joined by file and channel; the sound beside it.",
            suffixes=(".ctm", ".ctm.gz"),
            module="explorer.formats.ctm",
        ),
        Format(
            name="voices",
            title="Folders of voices",
            help="A folder for each system with <id>.wav inside, and beside them texts.txt with lines id|text.",
            suffixes=(),
            module="explorer.formats.voices",
        ),
        Format(
            name="folder",
            title="Folder of sound",
            help="Every sound file inside, with the text beside it (a.txt, a.lab, *.trans.txt) as the reference.",
            suffixes=(),
            module="explorer.formats.folder",
        ),
    )
}
"""Sources are shown to the formats in this order: the more particular ones come first."""


def format_of(path: Path) -> Format:
    """The format of a source: the first that recognizes it, those its name hints at being asked first.

    What nothing recognizes is of the most general format its name hints at, whose adapter then says what is wrong with
    it; a file without such a name is read as a NeMo manifest.

    Raises:
        ManifestError: the source cannot be opened, or it is a folder of no known format.
    """
    folder = path.is_dir()
    start = b"" if folder else peek(path)
    hinted = [entry for entry in FORMATS.values() if folder or path.name.lower().endswith(entry.suffixes or "/")]
    others = [entry for entry in FORMATS.values() if entry not in hinted]
    found = next((entry for entry in (*hinted, *others) if entry.adapter().recognizes(path, start)), None)
    if found is None and folder:
        raise ManifestError(f"the folder {path} holds no corpus of a known format and no sound files")
    return found or next(reversed(hinted), FORMATS["nemo"])
