"""NeMo's synthesizers from real archives, tiny ones: sound of the right rate, and a sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.synthesizers import synthesizer
from evaluator.synthesizers.nemo import NemoSynthesizer
from evaluator.tts.speaking import Voice
from explorer.errors import ConfigError, EngineError, ModelError
from tests.evaluator import nemo_models, nemo_voices

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("voices")
    nemo_voices.fastpitch(made / "fastpitch.nemo")
    nemo_voices.hifigan(made / "hifigan.nemo")
    return made


@pytest.fixture(scope="module")
def speaker(folder: Path) -> NemoSynthesizer:
    return NemoSynthesizer(model=str(folder / "fastpitch.nemo"), vocoder=str(folder / "hifigan.nemo"), device="cpu")


def test_text_becomes_sound_at_the_models_rate_the_same_every_time(speaker: NemoSynthesizer) -> None:
    first = speaker.synthesize("turn the lights off, please")
    assert first.sample_rate == nemo_voices.RATE
    assert first.samples.dtype == np.float32
    assert first.samples.ndim == 1
    assert first.duration > 0.3
    speaker.synthesize("something else")
    assert np.array_equal(first.samples, speaker.synthesize("turn the lights off, please").samples)
    assert speaker.synthesize("").samples.size == 0


def test_a_longer_text_is_longer_and_a_higher_rate_shorter(speaker: NemoSynthesizer) -> None:
    short, long = speaker.synthesize("one"), speaker.synthesize("one two three four five six seven")
    assert long.duration > short.duration
    assert speaker.synthesize("one two three", rate=2.0).duration <= speaker.synthesize("one two three").duration


def test_what_the_model_cannot_say_is_named(speaker: NemoSynthesizer) -> None:
    assert speaker.unsaid("turn 42 lights off, 日本 $") == ("4", "2", "日", "本", "$")
    assert speaker.unsaid("Turn the lights off!") == ()
    assert speaker.synthesize("turn 42 lights off").duration == speaker.synthesize("turn  lights off").duration
    with pytest.raises(EngineError, match='has no voice "7"'):
        speaker.synthesize("one", voice="7")
    with pytest.raises(EngineError, match="times its rate"):
        speaker.synthesize("one", rate=9.0)


def test_speakers_are_voices(folder: Path) -> None:
    many = nemo_voices.fastpitch(folder / "many.nemo", speakers=3)
    speaker = NemoSynthesizer(model=str(many), vocoder=str(folder / "hifigan.nemo"), device="cpu")
    assert speaker.voices == ("0", "1", "2")
    assert speaker.synthesize("one two", voice="2").duration > 0
    speaker.close()


def test_a_model_of_the_wrong_kind_is_named(folder: Path) -> None:
    good = {"model": str(folder / "fastpitch.nemo"), "vocoder": str(folder / "hifigan.nemo"), "device": "cpu"}
    recognizer = nemo_models.ctc_characters(folder / "ctc.nemo")
    with pytest.raises(ModelError, match=r"ctc\.nemo is a EncDecCTCModel, expected a FastPitchModel"):
        synthesizer("nemo", {**good, "model": str(recognizer)})
    with pytest.raises(ModelError, match="is a FastPitchModel, expected a HifiGanModel"):
        synthesizer("nemo", {**good, "vocoder": good["model"]})
    (folder / "junk.nemo").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"not a complete \.nemo file"):
        synthesizer("nemo", {**good, "model": str(folder / "junk.nemo")})
    with pytest.raises(ModelError, match="There is no model file"):
        synthesizer("nemo", {**good, "model": "nowhere.nemo"})
    with pytest.raises(ConfigError, match="name a FastPitch as `model`"):
        synthesizer("nemo", {"model": good["model"]})
    other = nemo_voices.hifigan(folder / "other.nemo", rate=44_100)
    with pytest.raises(ModelError, match=r"22050 Hz and other\.nemo sound of 44100 Hz"):
        synthesizer("nemo", {**good, "vocoder": str(other)})


def test_a_configured_voice_is_loaded_with_its_models(folder: Path) -> None:
    models = {"model": str(folder / "fastpitch.nemo"), "vocoder": str(folder / "hifigan.nemo")}
    voice = Voice(name="pitch", engine="nemo", device="cpu", **models)
    assert voice.load().synthesize("hello").sample_rate == nemo_voices.RATE
    assert Voice(**voice.spec()) == voice
