"""Lanes: what is drawn under the waveform of an utterance, and where an utterance's own lanes come from.

A lane is a named list of segments in seconds from the start of the utterance, cut to the utterance. Its own come from

    the row's fields         ``words``, ``word``, ``segment`` or ``timestamp(s)`` in one of the forms of word_times.py;
                             times from the utterance's start
    files the row names      ``ctm_filepath``, ``rttm_filepath`` (or ``rttm_filename``, ``rttm_file``),
                             ``textgrid_filepath``; times from the start of the recording
    files of the same name   ``<recording>.ctm``, ``.rttm``, ``.TextGrid`` beside the sound and in the corpus's folders
                             ``lanes:``; times from the start of the recording

Files are read only inside the corpus's roots and its lane folders. What is wrong with a file or a field stands in the
lane, as a sentence, in place of its segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from explorer.errors import SpeechDataError
from explorer.lanes.lane_files import READERS, Track
from explorer.places.paths import audio_path, folder_of, is_remote
from explorer.segments import Segment
from explorer.vocabulary.word_times import FIELDS, timed_words

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus
    from explorer.records import Utterance

Kind = Literal["speech", "words", "speakers", "labels"]

NAMED_FILES = {
    "ctm_filepath": "ctm",
    "rttm_filepath": "rttm",
    "rttm_filename": "rttm",
    "rttm_file": "rttm",
    "textgrid_filepath": "textgrid",
}
"""Fields that name a lane file, and its format."""

SUFFIXES = {".ctm": "ctm", ".rttm": "rttm", ".TextGrid": "textgrid", ".textgrid": "textgrid"}
"""Lane files that are found by the recording's name."""

TIMED_FIELDS: Mapping[str, Kind] = {**dict.fromkeys(FIELDS, "words"), "segment": "labels", "segments": "labels"}
"""Fields, and keys of ``timestamp`` and ``timestamps``, that hold timed texts."""

LARGEST = 64 << 20
"""Bytes of the largest lane file that is read: some 50 hours of words."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Segments of one kind under a name, in time order; or ``problem``, why there are none."""

    name: str
    kind: Kind
    segments: tuple[Segment, ...] = ()
    problem: str | None = None

    def clipped(self, duration: float | None) -> Lane:
        """The lane without what lies outside an utterance of that duration (None: unknown), empties dropped."""
        span = Segment(0.0, float("inf") if duration is None else duration)
        return Lane(self.name, self.kind, tuple(s for s in (s & span for s in self.segments) if s), self.problem)


def own_lanes(corpus: Corpus, utterance: Utterance, *, folders: Sequence[Path] = ()) -> tuple[Lane, ...]:
    """The lanes of the utterance's row and of files about its recording; ``folders`` are the corpus's lane folders."""
    found = [*_field_lanes(corpus, utterance), *_file_lanes(corpus, utterance, folders)]
    return tuple(lane.clipped(utterance.duration) for lane in found)


def _field_lanes(corpus: Corpus, utterance: Utterance) -> Iterator[Lane]:
    fields: dict[str, Any] = {}
    for column in corpus.columns:
        if column.kind != "json" or column.field is None or column.name not in utterance.extra:
            continue
        value = utterance.extra[column.name]
        if column.field in ("timestamp", "timestamps") and isinstance(value, Mapping):
            fields |= {f"{column.field}.{key}": part for key, part in value.items()}
        else:
            fields[column.field] = value
    for name, value in fields.items():
        kind = TIMED_FIELDS.get(name.rpartition(".")[2])
        if kind is None or not isinstance(value, list) or not value:
            continue
        timed = timed_words(value)
        if len(timed) == len(value):
            yield Lane(name, kind, tuple(sorted(timed)))
        else:
            wanted = '{"word", "start", "end"} in seconds'
            problem = f'entry {len(timed) + 1} of the field "{name}" has no times: expected {wanted}'
            yield Lane(name, kind, problem=problem)


def _file_lanes(corpus: Corpus, utterance: Utterance, folders: Sequence[Path]) -> Iterator[Lane]:
    allowed = (*corpus.roots, *(folder.expanduser().resolve() for folder in folders))
    stem = utterance.path.stem
    seen: set[Path] = set()
    for path, format, must in _candidates(corpus, utterance, folders):
        try:
            resolved = path.resolve()
            status = resolved.stat()
        except (OSError, RuntimeError, ValueError):
            if must:
                yield Lane(path.name, "labels", problem=f"{path} is not there; check its name in the manifest")
            continue
        if resolved in seen:
            continue
        seen.add(resolved)
        if not any(resolved.is_relative_to(root) for root in allowed):
            problem = f"{resolved} lies outside the corpus's folders; add its folder to roots, or to lanes"
            yield Lane(path.name, "labels", problem=problem)
            continue
        yield from _read(resolved, format, stem, utterance.offset, (status.st_size, status.st_mtime_ns))


def _candidates(corpus: Corpus, utterance: Utterance, folders: Sequence[Path]) -> Iterator[tuple[Path, str, bool]]:
    """Where lane files may be: the path, its format, and whether the row says that it is there."""
    home = folder_of(corpus.sources_by_name[utterance.source])
    for field, format in NAMED_FILES.items():
        written = utterance.extra.get(field)
        if isinstance(written, str) and written:
            yield audio_path(written, home, corpus.audio_root), format, True
    beside = () if is_remote(utterance.path) else (utterance.path.parent,)
    for folder in (*beside, *folders):
        for suffix, format in SUFFIXES.items():
            yield folder.expanduser() / f"{utterance.path.stem}{suffix}", format, False


def _read(path: Path, format: str, stem: str, offset: float, version: tuple[int, int]) -> Iterator[Lane]:
    try:
        tracks = _tracks(path, format, version)
    except SpeechDataError as error:
        yield Lane(path.name, "labels", problem=str(error))
        return
    recordings = {track.recording for track in tracks if track.recording}
    if len(recordings) > 1 and stem not in recordings:
        yield Lane(path.name, "labels", problem=f'{path.name} has {len(recordings)} recordings, none is "{stem}"')
        return
    for track in tracks:
        if len(recordings) > 1 and track.recording != stem:
            continue
        name = f"{path.name} {track.name}".strip()
        yield Lane(name, track.kind, tuple(segment.shifted(-offset) for segment in track.segments))


@lru_cache(maxsize=32)
def _tracks(path: Path, format: str, version: tuple[int, int]) -> tuple[Track, ...]:
    """What a version of a lane file says.

    Raises:
        SpeechDataError: it cannot be read, with its line.
    """
    if version[0] > LARGEST:
        raise SpeechDataError(f"{path.name} has {version[0] / 2**20:.0f} MB, more than {LARGEST >> 20}; split it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpeechDataError(f"{path} cannot be read: {error.strerror}") from error
    return READERS[format](content, path.name)
