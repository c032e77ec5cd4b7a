"""Synthesizers really speak, say what is wrong, and give the same bytes for the same seed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from evaluator.synthesizers import SYNTHESIZERS, Synthesizer, synthesizer
from evaluator.synthesizers.espeak import EspeakSynthesizer
from evaluator.synthesizers.saying import check_sayable
from explorer.errors import ConfigError, EngineError

TEXT = "turn the seven lights off please"


@pytest.fixture(scope="module", params=["espeak", "hibari"])
def speaker(request: pytest.FixtureRequest) -> Synthesizer:
    return synthesizer(request.param)


def test_speech_is_as_long_and_as_loud_as_speech(speaker: Synthesizer) -> None:
    audio = speaker.synthesize(TEXT)
    assert 1.2 < audio.duration < 4.0
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert 0.05 < np.abs(audio.samples).max() <= 1.0
    assert audio.sample_rate >= 16_000


def test_every_listed_voice_speaks(speaker: Synthesizer) -> None:
    for voice in speaker.voices:
        assert speaker.synthesize("seven", voice=voice).duration > 0.2


def test_the_same_seed_gives_the_same_samples_whatever_was_said_before(speaker: Synthesizer) -> None:
    first = speaker.synthesize(TEXT, seed=5)
    speaker.synthesize("call alice", rate=1.2, seed=9)
    assert np.array_equal(first.samples, speaker.synthesize(TEXT, seed=5).samples)


def test_a_higher_rate_is_faster(speaker: Synthesizer) -> None:
    slow, fast = speaker.synthesize(TEXT, rate=0.8), speaker.synthesize(TEXT, rate=1.4)
    assert fast.duration < 0.8 * slow.duration


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_to_say_is_no_sound(speaker: Synthesizer, text: str) -> None:
    assert speaker.synthesize(text).samples.size == 0


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        ("turn the 7 lights off, please: €5, 20 %!", ""),
        ("naïve Straße, café", ""),
        ("你好", "你好"),
        ("say 你好, ᚠ or 你", "你好ᚠ"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_a_voice_tells_which_characters_it_leaves_out(speaker: Synthesizer, text: str, unsaid: str) -> None:
    assert speaker.unsaid(text) == tuple(unsaid)


def test_what_is_said_depends_on_the_voice() -> None:
    speaker = EspeakSynthesizer()
    assert speaker.unsaid("你好吗", voice="cmn") == ()
    assert speaker.unsaid("Hallo 你好", voice="de") == ("你", "好")
    assert speaker.unsaid("Привет, мир", voice="ru") == ()
    assert speaker.unsaid("٣ apples") == ("٣",)
    with pytest.raises(EngineError, match="has no voice"):
        speaker.unsaid("你好", voice="nobody")


def test_a_text_of_which_nothing_is_said_is_refused() -> None:
    check_sayable("say 你好", "你好")
    check_sayable("hello", ())
    with pytest.raises(EngineError, match="can say nothing of this text; it has no sound for: 你 好"):
        check_sayable("你好!", "你好")


@pytest.mark.parametrize("voice", ["nobody", "en-us+nobody\x01", "../heart"])
def test_an_unknown_voice_is_an_error_that_names_it(speaker: Synthesizer, voice: str) -> None:
    with pytest.raises(EngineError, match="has no voice"):
        speaker.synthesize(TEXT, voice=voice)


@pytest.mark.parametrize("rate", [0.0, 0.1, 9.0])
def test_an_impossible_rate_is_an_error(speaker: Synthesizer, rate: float) -> None:
    with pytest.raises(EngineError, match="times its rate"):
        speaker.synthesize(TEXT, rate=rate)


def test_an_unknown_synthesizer_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="espeak, hibari"):
        synthesizer("parrot")


def test_every_entry_explains_itself() -> None:
    for name, entry in SYNTHESIZERS.items():
        assert entry.name == name
        assert entry.help.endswith(".")
        assert bool(entry.pip) == bool(entry.modules)  # an endpoint needs no package


def test_espeak_gives_the_same_samples_in_another_process() -> None:
    script = (
        "import hashlib; from evaluator.synthesizers.espeak import EspeakSynthesizer as E;"
        f"print(hashlib.sha256(E().synthesize({TEXT!r}, voice='en-us+f3', seed=3).samples.tobytes()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) == 64


def test_two_espeaks_in_many_threads_do_not_disturb_each_other() -> None:
    speakers = (EspeakSynthesizer(), EspeakSynthesizer())
    voices = ("en-us", "en-us+f3", "en-gb-scotland+m3", "en-us+klatt2")
    alone = {voice: speakers[0].synthesize(TEXT, voice=voice).samples for voice in voices}

    def speak(number: int) -> bool:
        voice = voices[number % len(voices)]
        return np.array_equal(alone[voice], speakers[number % 2].synthesize(TEXT, voice=voice).samples)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(speak, range(24)))


def test_espeak_reads_accents_and_other_scripts() -> None:
    for text in ("Café naïve £5", "日本", "Łódź — São Paulo…"):
        assert EspeakSynthesizer().synthesize(text).duration > 0.2
