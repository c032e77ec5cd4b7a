"""Cutting and stitching, drawn on a time line. One character is one second: # speech, . pause."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.engines import Hypothesis
from evaluator.transcribing.chunking import chunks, cut, quietest_point, speech_pieces, stitch
from explorer.segments import Segment
from explorer.sound.audio import Audio


def timeline(drawing: str) -> list[Segment]:
    """Speech of a drawing: "##..#" is [0, 2) and [4, 5)."""
    edges = np.flatnonzero(np.diff(np.array([0, *(c == "#" for c in drawing), 0], dtype=np.int8)))
    return [Segment(float(a), float(b), "speech") for a, b in edges.reshape(-1, 2)]


def at_middle(window: Segment) -> float:
    return (window.start + window.end) / 2


def never(window: Segment) -> float:
    raise AssertionError(f"there was a pause, but the quietest point of {window} was asked for")


def spans(pieces: list[Segment]) -> list[tuple[float, float]]:
    return [(piece.start, piece.end) for piece in pieces]


def test_short_audio_stays_whole() -> None:
    assert spans(chunks(timeline("##.##"), duration=5, longest=5, quietest=never)) == [(0, 5)]


def test_cuts_fall_in_the_middle_of_the_longest_late_pause() -> None:
    #        0         1         2
    #        012345678901234567890123
    speech = "##..#####.###...########"
    # first window 0-16, its late half is 8-16: pauses 9-10 and 13-16; the longer one is cut at 14.5;
    # the rest, 14.5-24, is short enough.
    assert spans(chunks(timeline(speech), duration=24, longest=16, quietest=never)) == [(0, 14.5), (14.5, 24)]


def test_an_early_pause_is_better_than_none() -> None:
    assert spans(chunks(timeline("##..##########"), duration=14, longest=12, quietest=never)) == [(0, 3), (3, 14)]


def test_without_a_pause_the_quietest_point_of_the_late_half_is_cut() -> None:
    assert spans(chunks(timeline("#" * 20), duration=20, longest=8, quietest=at_middle)) == [(0, 6), (6, 12), (12, 20)]


def test_silence_is_cut_too() -> None:
    assert spans(chunks([], duration=10, longest=4, quietest=never)) == [(0, 3), (3, 6), (6, 10)]


def test_skipping_keeps_only_speech_and_joins_what_is_close() -> None:
    #        0         1
    #        0123456789012345
    speech = "..##.##.....###.."
    pieces = speech_pieces(timeline(speech), duration=17, longest=6, quietest=never, join=1.0)
    assert spans(pieces) == [(2, 7), (12, 15)]
    assert spans(speech_pieces(timeline(speech), duration=17, longest=4, quietest=never, join=1.0)) == [
        (2, 4),
        (5, 7),
        (12, 15),
    ]


def test_skipping_cuts_speech_that_is_too_long() -> None:
    assert spans(speech_pieces(timeline("..########"), duration=10, longest=6, quietest=at_middle)) == [
        (2, 6.5),
        (6.5, 10),
    ]


def test_no_speech_leaves_nothing() -> None:
    assert speech_pieces([], duration=10, longest=4, quietest=never) == []


segments = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 20)).map(lambda p: Segment(p[0], p[0] + p[1])), max_size=12
)


@given(segments, st.floats(0.1, 120), st.floats(0.5, 40))
def test_chunks_cover_everything_in_order_and_none_is_too_long(
    speech: list[Segment], duration: float, longest: float
) -> None:
    pieces = chunks(speech, duration=duration, longest=longest, quietest=at_middle)
    assert pieces[0].start == 0
    assert pieces[-1].end == duration
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(0 < piece.duration <= longest + 1e-9 for piece in pieces)


@given(segments, st.floats(0.1, 120), st.floats(0.5, 40))
def test_speech_pieces_hold_all_speech_and_none_is_too_long(
    speech: list[Segment], duration: float, longest: float
) -> None:
    pieces = speech_pieces(speech, duration=duration, longest=longest, quietest=at_middle)
    assert all(a.end <= b.start for a, b in pairwise(pieces))
    assert all(piece.start >= 0 and piece.end <= duration and piece.duration <= longest + 1e-9 for piece in pieces)
    for segment in speech:
        inside = segment & Segment(0, duration)
        covered = sum((piece & inside).duration for piece in pieces)
        assert covered == pytest.approx(inside.duration, abs=1e-6)


def test_the_quietest_point_is_where_the_sound_dips() -> None:
    samples = np.full(16000, 0.5, dtype=np.float32)
    samples[9600:11200] = 0.001  # 0.6 s to 0.7 s
    point = quietest_point(Audio(samples, 16000))(Segment(0.3, 1.0))
    assert point == pytest.approx(0.65, abs=0.02)


def test_the_quietest_point_of_a_sliver_is_its_middle_and_nan_is_silence() -> None:
    assert quietest_point(Audio(np.zeros(800, np.float32), 16000))(Segment(0.0, 0.05)) == pytest.approx(0.025)
    samples = np.full(16000, 0.5, dtype=np.float32)
    samples[4000:6000] = np.nan
    assert 0.25 <= quietest_point(Audio(samples, 16000))(Segment(0.0, 1.0)) <= 0.375


def test_cut_takes_the_samples_of_the_piece() -> None:
    audio = Audio(np.arange(10, dtype=np.float32), 10)
    assert cut(audio, Segment(0.2, 0.5)).samples.tolist() == [2, 3, 4]
    joined = [cut(audio, piece) for piece in (Segment(0, 0.33), Segment(0.33, 0.8), Segment(0.8, 1.0))]
    assert np.concatenate([part.samples for part in joined]).tolist() == audio.samples.tolist()


def test_stitching_joins_texts_and_moves_words_back() -> None:
    heard = stitch(
        [Segment(0, 10), Segment(10, 14.5), Segment(20, 25)],
        [
            Hypothesis(" one two ", (Segment(1, 2, "one"), Segment(3, 4, "two"))),
            Hypothesis(""),
            Hypothesis("three", (Segment(0.5, 1.25, "three"),)),
        ],
    )
    assert heard.text == "one two three"
    assert heard.words == (Segment(1, 2, "one"), Segment(3, 4, "two"), Segment(20.5, 21.25, "three"))


def test_stitching_nothing_gives_the_empty_text() -> None:
    assert stitch([], []) == Hypothesis("")
