"""The NeMo frame-VAD: a checkpoint taught on the spot and restored from its .nemo, on voices between silences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.detectors import choosable, load_detector
from evaluator.detectors.nemo import NemoDetector
from explorer.errors import ConfigError, EngineError, ModelError
from explorer.sound.audio import Audio
from tests.evaluator import nemo_models
from tests.explorer.sounds import voice

pytestmark = pytest.mark.slow
RATE = 16_000


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nemo_models.frame_vad(tmp_path_factory.mktemp("vad") / "vad.nemo")


@pytest.fixture(scope="module")
def detector(checkpoint: Path) -> NemoDetector:
    loaded = load_detector("nemo", model=str(checkpoint), device="cpu")
    assert isinstance(loaded, NemoDetector)
    return loaded


def between_silences(*, seconds: float = 1.5) -> Audio:
    """1 s of faint noise, a voice, 1 s of faint noise."""
    quiet = np.random.default_rng(5).normal(0, 0.002, RATE)
    return Audio(np.concatenate([quiet, voice(seconds, seed=3), quiet]).astype(np.float32), RATE)


def test_a_voice_between_silences_is_found(checkpoint: Path) -> None:
    patient = load_detector("nemo", model=str(checkpoint), device="cpu", min_duration_off=0.6)
    (segment,) = patient.detect(between_silences())
    assert segment.start == pytest.approx(1.0, abs=0.15)
    assert segment.end == pytest.approx(2.5, abs=0.35)
    assert segment.label == "speech"


def test_frames_are_20_ms_and_cover_the_sound(detector: NemoDetector) -> None:
    for seconds in (0.01, 0.5, 2.0, 3.33):
        speech, hop = detector.probabilities(Audio(voice(3.33)[: round(seconds * RATE)], RATE))
        assert hop == pytest.approx(0.02)
        assert len(speech) == pytest.approx(max(0.2, seconds) / hop, abs=1)
        assert ((speech >= 0) & (speech <= 1)).all()


def test_long_sound_in_parts_is_the_same_as_in_one(detector: NemoDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluator.detectors import nemo

    sound = Audio(np.concatenate([between_silences().samples] * 4), RATE)
    whole, _ = detector.probabilities(sound)
    monkeypatch.setattr(nemo, "PART", 4.0)
    parts, _ = detector.probabilities(sound)
    assert len(parts) == len(whole)
    assert np.abs(parts - whole).max() < 0.01


def test_odd_sound_has_no_speech_and_raises_nothing(detector: NemoDetector) -> None:
    for samples in (np.zeros(0), np.zeros(RATE), np.full(RATE, np.nan), np.ones(1)):
        assert detector.detect(Audio(samples.astype(np.float32), RATE)) == []
    with pytest.raises(EngineError, match="resample first"):
        detector.detect(Audio(np.zeros(8000, np.float32), 8000))


def test_it_describes_itself(detector: NemoDetector, checkpoint: Path) -> None:
    told = detector.description
    assert told["class"] == "EncDecFrameClassificationModel"
    assert told["model"] == str(checkpoint)
    assert len(told["sha256"]) == 64
    assert told["rules"]["threshold"] == 0.5


def test_without_a_model_or_with_a_wrong_one_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs a model: name its file as detectors.nemo.model"):
        load_detector("nemo")
    with pytest.raises(ModelError, match="There is no model file"):
        load_detector("nemo", model=str(tmp_path / "gone.nemo"))
    (tmp_path / "junk.nemo").write_bytes(b"junk")
    with pytest.raises(ModelError, match=r"not a complete .nemo file"):
        load_detector("nemo", model=str(tmp_path / "junk.nemo"))
    recognizer = nemo_models.ctc_characters(tmp_path / "ctc.nemo")
    with pytest.raises(ModelError, match="EncDecCTCModel, not a frame-VAD"):
        load_detector("nemo", model=str(recognizer))


def test_it_can_be_chosen_only_with_a_model(checkpoint: Path) -> None:
    assert choosable({}) == ["silero", "energy"]
    assert choosable({"nemo": {"model": str(checkpoint)}}) == ["silero", "energy", "nemo"]
