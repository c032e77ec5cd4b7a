"""An utterance among the others of its recording."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from explorer.corpora import recordings
from explorer.corpora.recordings import recording_of
from tests.explorer.manifests import ids, opened, row, write_sound


def test_the_others_of_the_file_in_the_order_of_their_starts(tmp_path: Path) -> None:
    write_sound(tmp_path / "talk.wav", seconds=20.0)
    starts = [12.0, 0.0, 5.0]
    rows = [row("talk.wav", offset=start, duration=3.0, text=f"from {start:g}") for start in starts]
    corpus = opened(tmp_path, [row("alone.wav"), *rows])
    alone, late, first, middle = ids(corpus)
    assert recording_of(corpus, corpus.utterance(alone)) is None
    found = recording_of(corpus, corpus.utterance(middle))
    assert found is not None
    assert (found.place, found.count, found.duration) == (2, 3, 20.0)
    assert (found.start, found.end, found.before, found.after) == (5.0, 8.0, first, late)
    assert [(n.id, n.start, n.end, n.text) for n in found.others] == [
        (first, 0.0, 3.0, "from 0"),
        (middle, 5.0, 8.0, "from 5"),
        (late, 12.0, 15.0, "from 12"),
    ]
    ends = recording_of(corpus, corpus.utterance(first)), recording_of(corpus, corpus.utterance(late))
    assert [(end.before, end.after) for end in ends if end] == [(None, middle), (middle, None)]


def test_a_recording_ends_where_its_file_does_whatever_rows_promise(tmp_path: Path) -> None:
    write_sound(tmp_path / "talk.wav", seconds=2.5)
    corpus = opened(tmp_path, [row("talk.wav", offset=start, duration=9.0) for start in (0.0, 1.5, 7.0)])
    found = recording_of(corpus, corpus.utterance(ids(corpus)[1]))
    assert found is not None
    assert (found.start, found.end, found.duration) == (1.5, 2.5, 2.5)
    assert [(n.start, n.end) for n in found.others] == [(0.0, 2.5), (1.5, 2.5), (2.5, 2.5)]


def test_a_file_that_is_not_there_ends_with_its_last_utterance(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row("gone.wav", offset=start, duration=2.0) for start in (0.0, 7.0)])
    found = recording_of(corpus, corpus.utterance(ids(corpus)[0]))
    assert found is not None
    assert found.duration == 9.0


def test_a_name_longer_than_any_filter_has_no_recording(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row("x" * 20_000 + ".wav", offset=float(n)) for n in range(2)])
    assert recording_of(corpus, corpus.utterance(ids(corpus)[0])) is None


def test_of_very_many_the_nearest_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MOST", 10)
    corpus = opened(tmp_path, [row("long.wav", offset=float(start), duration=0.5) for start in range(100)])
    every = ids(corpus)
    for at in (0, 3, 50, 99):
        found = recording_of(corpus, corpus.utterance(every[at]))
        assert found is not None
        assert (found.place, found.count, len(found.others)) == (at + 1, 100, 10)
        assert found.before == (every[at - 1] if at else None)
        assert found.after == (every[at + 1] if at < 99 else None)
        assert found.id in {neighbour.id for neighbour in found.others}


def test_among_many_rows_it_is_found_at_once(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row(f"{n // 20}.wav", offset=float(n % 20), duration=1.0) for n in range(100_000)])
    every = ids(corpus)
    recording_of(corpus, corpus.utterance(every[5]))
    began = time.perf_counter()
    found = recording_of(corpus, corpus.utterance(every[77_777]))
    assert found is not None
    assert (found.place, found.count) == (18, 20)
    assert time.perf_counter() - began < 1.0  # far above what it takes, far below reading all rows
