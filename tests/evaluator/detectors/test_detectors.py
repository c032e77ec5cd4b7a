"""Speech detection: the rules drawn as time lines, and Silero on synthetic speech between silences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.detectors import DETECTORS, load_detector
from evaluator.detectors.hysteresis import SpeechRules, stretches
from explorer.errors import ConfigError, EngineError
from explorer.sound.audio import Audio, resample

LEVELS = {".": 0.0, "-": 0.4, "#": 0.9}


def rules(**changes: float) -> SpeechRules:
    base = {"threshold": 0.5, "release": 0.35, "shortest_speech": 0.0, "shortest_silence": 1.0, "padding": 0.0}
    return SpeechRules(**{**base, **changes})


def found(drawing: str, **changes: float) -> list[tuple[float, float]]:
    """Stretches of a drawing, one character a second: # speech, - unsure (between release and threshold), . silence."""
    segments = stretches([LEVELS[c] for c in drawing], hop=1.0, rules=rules(**changes))
    return [(segment.start, segment.end) for segment in segments]


def test_speech_is_between_threshold_and_release() -> None:
    assert found("..##..#..") == [(2, 4), (6, 7)]
    assert found("..-##-.-.") == [(3, 6)]  # unsure does not begin speech, but prolongs it
    assert found("##") == [(0, 2)]
    assert found("") == found("...") == found("---") == []


def test_short_silence_does_not_end_speech_and_does_not_belong_to_its_end() -> None:
    assert found(".##.##...", shortest_silence=2) == [(1, 6)]
    assert found(".##..##..", shortest_silence=2) == [(1, 3), (5, 7)]
    assert found(".##.", shortest_silence=5) == [(1, 3)]


def test_short_speech_is_dropped() -> None:
    assert found(".#..###..", shortest_speech=2) == [(4, 7)]


def test_padding_widens_but_never_beyond_the_middle_or_the_ends() -> None:
    assert found("...##....#...", padding=1) == [(2, 6), (8, 11)]
    assert found("..##..##.", padding=5) == [(0, 5), (5, 9)]


@given(
    st.lists(st.floats(0, 1), max_size=80),
    st.floats(0, 0.3),
    st.floats(0.03, 0.5),
    st.floats(0, 0.3),
)
def test_stretches_are_in_order_apart_and_inside(
    probabilities: list[float], speech: float, silence: float, padding: float
) -> None:
    chosen = rules(shortest_speech=speech, shortest_silence=silence, padding=padding)
    segments = stretches(probabilities, hop=0.032, rules=chosen)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(segments))
    assert all(0 <= s.start < s.end <= 0.032 * len(probabilities) + 1e-9 for s in segments)
    assert all(s.label == "speech" for s in segments)
    assert bool(segments) >= any(p >= 0.5 for p in probabilities) * (speech == 0)


@pytest.mark.parametrize("name", [name for name, entry in DETECTORS.items() if not entry.needs_model])
def test_every_detector_explains_itself_and_hears_no_speech_in_odd_audio(name: str) -> None:
    entry = DETECTORS[name]
    assert entry.help.endswith(".")
    assert entry.installed
    detector = load_detector(name)
    rate = detector.sample_rate
    random = np.random.default_rng(0)
    for samples in (
        np.zeros(0),
        np.ones(1),
        np.zeros(rate),
        np.full(rate, np.nan),
        random.normal(0, 0.01, 3 * rate),
        0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate),
    ):
        assert detector.detect(Audio(samples.astype(np.float32), rate)) == []
    with pytest.raises(EngineError, match="resample first"):
        detector.detect(Audio(np.zeros(8000, np.float32), 8000))
    assert detector.description


def test_unknown_detectors_and_options_are_sentences() -> None:
    with pytest.raises(ConfigError, match='no detector "ear"; known are: silero, energy, nemo'):
        load_detector("ear")
    with pytest.raises(ConfigError, match='no option "treshold"; did you mean "threshold"'):
        load_detector("silero", treshold=0.3)


def test_silero_finds_speech_between_silences() -> None:
    from evaluator.synthesizers.espeak import EspeakSynthesizer

    voice = EspeakSynthesizer()
    sentences = ("good morning everybody and welcome", "this is the second sentence of the recording")
    parts = [resample(voice.synthesize(text, rate=0.9), 16000).samples for text in sentences]
    parts = [part / np.abs(part).max() * 0.5 for part in parts]
    quiet = np.random.default_rng(1).normal(0, 0.0005, 32000).astype(np.float32)  # 2 s
    samples = np.concatenate([quiet, parts[0], quiet, parts[1], quiet]).astype(np.float32)
    truth = []
    start = 2.0
    for part in parts:
        truth.append((start, start + len(part) / 16000))
        start = truth[-1][1] + 2.0
    detector = load_detector("silero", shortest_silence=0.6)
    segments = detector.detect(Audio(samples, 16000))
    assert len(segments) == 2
    for segment, (begin, end) in zip(segments, truth, strict=True):
        assert segment.start == pytest.approx(begin, abs=0.4)
        assert segment.end == pytest.approx(end, abs=0.4)


def test_silero_is_the_same_in_blocks_and_in_one_go() -> None:
    """The recurrent state is carried from block to block: 5 minutes are more than one block."""
    from evaluator.detectors.silero import SileroDetector

    random = np.random.default_rng(3)
    long = Audio(random.normal(0, 0.1, 16000 * 300).astype(np.float32), 16000)
    detector = SileroDetector()
    probabilities = detector.probabilities(long)
    assert len(probabilities) == 9375
    head = detector.probabilities(Audio(long.samples[: 512 * 8300], 16000))
    assert np.allclose(head, probabilities[:8300], atol=1e-4)


def spoken_between_silences(*, background: float) -> tuple[Audio, list[tuple[float, float]]]:
    """Two sentences after, between and before 2 s of noise; and when they are spoken."""
    from evaluator.synthesizers.espeak import EspeakSynthesizer

    voice = EspeakSynthesizer()
    sentences = ("good morning everybody and welcome", "this is the second sentence of the recording")
    parts = [resample(voice.synthesize(text, rate=0.9), 16000).samples for text in sentences]
    parts = [part / np.abs(part).max() * 0.5 for part in parts]
    quiet = np.zeros(32000)
    samples = np.concatenate([quiet, parts[0], quiet, parts[1], quiet])
    samples = samples + np.random.default_rng(1).normal(0, background, len(samples))
    first = 2.0 + len(parts[0]) / 16000
    return Audio(samples.astype(np.float32), 16000), [(2.0, first), (first + 2, first + 2 + len(parts[1]) / 16000)]


@pytest.mark.parametrize("background", [0.0, 0.0005, 0.01])
def test_energy_finds_speech_between_silences_whatever_the_gain(background: float) -> None:
    sound, truth = spoken_between_silences(background=background)
    detector = load_detector("energy", shortest_silence=0.6)
    segments = detector.detect(sound)
    assert len(segments) == 2
    for segment, (begin, end) in zip(segments, truth, strict=True):
        assert segment.start == pytest.approx(begin, abs=0.15)
        assert segment.end == pytest.approx(end, abs=0.3)
    softer = detector.detect(Audio(sound.samples * np.float32(0.125), 16000))
    assert [(s.start, s.end) for s in softer] == [(s.start, s.end) for s in segments]
