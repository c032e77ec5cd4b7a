"""The input of a run, and its audio loaded by threads ahead of whoever needs it, never more than memory can take.

``utterances.parquet`` has the columns id, row, path, offset and duration (seconds; null: unknown). Decoding,
resampling and voice detection leave the interpreter to others, so threads suffice to keep a model busy.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import ForbiddenAudio, RunError, SpeechDataError
from explorer.places.paths import is_allowed, resolved
from explorer.places.sounds import Place, place_at
from explorer.segments import Segment
from explorer.sound.audio import Audio, Channel, load

_UNKNOWN_SECONDS = 10.0  # what audio of unknown length is taken for when deciding how much to load ahead
_MOST_AHEAD = 512  # utterances


@dataclass(frozen=True, slots=True)
class Input:
    """An utterance to be worked on: a cut of a sound; ``path`` is its locator (explorer/places/sounds.py)."""

    id: str
    path: str
    offset: float
    duration: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A loaded utterance, ``seconds`` long: the spans to be heard and their audio, speech if it was looked for.

    ``error`` is the sentence that says why it could not be loaded; there are no spans then.
    """

    input: Input
    seconds: float = 0.0
    spans: tuple[Segment, ...] = ()
    parts: tuple[Audio, ...] = ()
    speech: tuple[Segment, ...] | None = None
    error: str | None = None


class InputTable:
    """The input of a run; ``seconds`` is its known audio."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        durations = table["duration"].to_numpy(zero_copy_only=False).astype(np.float64)
        self.seconds = float(np.nansum(durations))
        self._order = np.argsort(-np.nan_to_num(durations, nan=0.0), kind="stable")

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def inputs(self, *, without: Collection[str], only: Collection[str] | None = None) -> Iterator[Input]:
        """The utterances, longest first (unknown lengths last); only those, and not these."""
        ids, paths, offsets, durations = (self._table[name] for name in ("id", "path", "offset", "duration"))
        for index in self._order:
            utterance = ids[int(index)].as_py()
            if utterance in without or (only is not None and utterance not in only):
                continue
            place = int(index)
            yield Input(utterance, paths[place].as_py(), offsets[place].as_py() or 0.0, durations[place].as_py())


def read_input(path: Path) -> InputTable:
    """The input of a run.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        return InputTable(pq.read_table(path, columns=["id", "path", "offset", "duration"]))
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"The run's input {path} cannot be read ({error}); start a new run.") from error


def loaded_ahead(
    inputs: Iterable[Input],
    prepare: Callable[[Input, Audio], Sound],
    *,
    channel: Channel,
    seconds: float,
    roots: Sequence[Path],
    present: Callable[[Iterable[str]], None],
) -> Iterator[Sound]:
    """The inputs as prepared sounds, in order, with at most ``seconds`` of audio (and 512 utterances) loaded ahead.

    0 loads one at a time, when it is asked for. Only files inside ``roots`` (resolved folders) are read. ``present``
    is told the ids that are loading or loaded, before any new one of them is.
    """
    waiting: deque[tuple[Input, Future[Sound]]] = deque()
    source = iter(inputs)
    ahead = 0.0

    def work(utterance: Input) -> Sound:
        return _loaded(utterance, prepare, channel=channel, roots=roots)

    with ThreadPoolExecutor(_threads(), thread_name_prefix="loading") as pool:
        try:
            while True:
                if ahead <= seconds / 2 or not waiting:
                    fresh = _take(source, seconds - ahead, most=_MOST_AHEAD - len(waiting))
                    present(chain((utterance.id for utterance, _ in waiting), (u.id for u in fresh)))
                    waiting.extend((utterance, pool.submit(work, utterance)) for utterance in fresh)
                    ahead += sum(map(_expected, fresh))
                if not waiting:
                    return
                utterance, future = waiting.popleft()
                ahead -= _expected(utterance)
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _take(source: Iterator[Input], seconds: float, *, most: int) -> list[Input]:
    """The next inputs: at least one, then as many as fit."""
    taken: list[Input] = []
    for utterance in source:
        taken.append(utterance)
        seconds -= _expected(utterance)
        if seconds <= 0 or len(taken) >= most:
            break
    return taken


def _expected(utterance: Input) -> float:
    return _UNKNOWN_SECONDS if utterance.duration is None else utterance.duration


def _loaded(
    utterance: Input, prepare: Callable[[Input, Audio], Sound], *, channel: Channel, roots: Sequence[Path]
) -> Sound:
    try:
        path = allowed_sound(utterance.path, roots)
        audio = load(path, offset=utterance.offset, duration=utterance.duration, channel=channel)
        return prepare(utterance, audio)
    except (SpeechDataError, OSError, MemoryError, RuntimeError, ValueError) as error:
        # libraries for sound have many errors; here each is a sentence about one utterance, and the run goes on
        sentence = str(error) if isinstance(error, SpeechDataError) else f"{type(error).__name__}: {error}"
        return Sound(utterance, error=sentence)


def allowed_sound(written: str, roots: Sequence[Path]) -> Place:
    """The sound that an input's ``path`` (a locator) means, for explorer.sound.audio, if it lies inside ``roots``.

    Raises:
        ForbiddenAudio: it does not.
    """
    place = resolved(place_at(written))
    if not is_allowed(place, roots):
        raise ForbiddenAudio(f"{place} lies outside the corpus's audio folders, so it was not read.")
    return place


def _threads() -> int:
    return max(2, min(8, os.cpu_count() or 2))
