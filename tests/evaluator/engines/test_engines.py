"""The engines table, and the real engines on real models: tiny NeMo archives of every family, and Whisper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluator.engines import ENGINES, Recognizer, engine, load_recognizer
from evaluator.plugins import load_class
from evaluator.transcribing.systems import System
from explorer.errors import ConfigError, EngineError, MissingPackage, ModelError, OutOfMemory
from explorer.sound.audio import Audio, resample
from tests.evaluator import nemo_models

RATE = 16000
TIMED = ("ctc", "pieces", "transducer", "durations", "hybrid", "hybrid ctc")
FAMILIES = (*TIMED, "attention", "attention 2")


def noise(seconds: float, *, seed: int = 0, rate: int = RATE) -> Audio:
    random = np.random.default_rng(seed)
    return Audio(random.normal(0, 0.1, round(seconds * rate)).astype(np.float32), rate)


ODD = {
    "nothing": Audio(np.zeros(0, np.float32), RATE),
    "one sample": Audio(np.ones(1, np.float32), RATE),
    "5 ms": noise(0.005),
    "silence": Audio(np.zeros(RATE, np.float32), RATE),
    "not a number": Audio(np.full(RATE, np.nan, np.float32), RATE),
    "infinite": Audio(np.full(RATE, np.inf, np.float32), RATE),
    "loud": Audio(np.full(RATE, 40.0, np.float32), RATE),
}


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_explains_itself_and_can_be_imported(name: str) -> None:
    entry = engine(name)
    assert entry.help.endswith(".")
    assert entry.pip
    assert entry.installed
    assert callable(load_class(entry.factory))


def test_an_unknown_engine_option_or_missing_model_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match='no engine "kaldi"; known are: nemo, whisper'):
        load_recognizer("kaldi", None)
    with pytest.raises(ConfigError, match="needs a model"):
        load_recognizer("nemo", None)
    with pytest.raises(ConfigError, match='no option "timestamp"; did you mean "timestamps"'):
        load_recognizer("nemo", "x.nemo", timestamp=True)


def test_an_engine_that_is_not_installed_gives_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluator import engines

    absent = engines.Engine("absent", "no.such:Thing", "None.", "no-such-package", ("no_such_package",), False)
    monkeypatch.setattr(engines, "ENGINES", {"absent": absent})
    with pytest.raises(MissingPackage, match="pip install no-such-package"):
        load_recognizer("absent", None)
    assert "no-such-package" in System(name="x", engine="absent").missing()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    tokenizer = nemo_models.pieces_tokenizer(folder / "tokenizer")
    return {
        "ctc": nemo_models.ctc_characters(folder / "ctc.nemo"),
        "pieces": nemo_models.ctc_pieces(folder / "pieces.nemo", tokenizer),
        "transducer": nemo_models.transducer(folder / "transducer.nemo", tokenizer),
        "durations": nemo_models.duration_transducer(folder / "durations.nemo", tokenizer),
        "hybrid": (hybrid := nemo_models.hybrid(folder / "hybrid.nemo", tokenizer)),
        "hybrid ctc": hybrid,
        "attention": nemo_models.attention(folder / "attention.nemo", tokenizer),
        "attention 2": nemo_models.attention(folder / "attention2.nemo", tokenizer, prompt="canary2"),
    }


@pytest.fixture(scope="module")
def recognizers(models: dict[str, Path]) -> dict[str, Recognizer]:
    sides = {"hybrid ctc": {"decoder": "ctc"}}
    return {
        name: load_recognizer("nemo", str(path), device="cpu", **sides.get(name, {})) for name, path in models.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_nemo_gives_a_text_for_each_recording_whatever_the_batch(
    recognizers: dict[str, Recognizer], family: str
) -> None:
    recognizer = recognizers[family]
    sounds = [noise(seconds, seed=n) for n, seconds in enumerate((0.7, 1.0, 2.3, 0.3))]
    together = recognizer.transcribe(sounds)
    assert all(hypothesis.text for hypothesis in together)
    alone = [recognizer.transcribe([sound])[0].text for sound in sounds]
    if family in TIMED:
        assert alone == [hypothesis.text for hypothesis in together]
    else:  # endless babble, which only random weights speak, is cut by the longest recording of the batch
        assert all(hypothesis.text.startswith(text) for text, hypothesis in zip(alone, together, strict=True))
        assert alone[2] == together[2].text


@pytest.mark.slow
@pytest.mark.parametrize("family", TIMED)
def test_nemo_word_times_spell_the_text_inside_the_recording(recognizers: dict[str, Recognizer], family: str) -> None:
    for sound in (noise(0.7), noise(2.0, seed=1)):
        (hypothesis,) = recognizers[family].transcribe([sound])
        assert " ".join(word.label for word in hypothesis.words).split() == hypothesis.text.split()
        assert hypothesis.words
        for word in hypothesis.words:
            assert 0 <= word.start <= word.end <= sound.duration
            assert type(word.start) is float


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_nemo_survives_odd_audio_alone_and_in_company(recognizers: dict[str, Recognizer], family: str) -> None:
    recognizer = recognizers[family]
    for sound in ODD.values():
        assert len(recognizer.transcribe([sound])) == 1
    mixed = recognizer.transcribe([noise(1.0), *ODD.values(), noise(1.0)])
    assert mixed[1].text == ""
    assert mixed[0] == mixed[-1] == recognizer.transcribe([noise(1.0)])[0]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_nemo_agrees_with_its_own_transcribe_of_files(
    models: dict[str, Path], recognizers: dict[str, Recognizer], family: str, tmp_path: Path
) -> None:
    """Texts and word times, in the order of a mixed batch; NeMo itself is not shown what it cannot take."""
    from nemo.collections.asr.models import ASRModel

    sounds = [noise(0.3), noise(2.0, seed=1), ODD["silence"], ODD["nothing"], ODD["not a number"], noise(1.3, seed=2)]
    ours = recognizers[family].transcribe(sounds)
    assert len(ours) == len(sounds)
    assert all(type(hypothesis.text) is str for hypothesis in ours)
    assert ours[3].text == ""
    assert ours[4] == ours[2]  # of equal length, and not-a-number counts as silence
    assert len({ours[index] for index in (0, 1, 5)}) == 3  # otherwise the order would not be tried

    shown = (0, 1, 2, 5)
    files = [tmp_path / f"{index}.wav" for index in shown]
    for index, file in zip(shown, files, strict=True):
        soundfile.write(file, sounds[index].samples, RATE, subtype="FLOAT")
    model = ASRModel.restore_from(str(models[family]), map_location="cpu")
    if family == "hybrid ctc":
        model.change_decoding_strategy(decoder_type="ctc", verbose=False)
    timed = {"timestamps": True} if family in TIMED else {}
    theirs = model.transcribe([str(file) for file in files], batch_size=4, verbose=False, **timed)
    assert [ours[index].text for index in shown] == [hypothesis.text.strip() for hypothesis in theirs]
    for index, hypothesis in zip(shown, theirs, strict=True):
        end = sounds[index].duration
        words = hypothesis.timestamp["word"] if timed else []
        expected = [(word["word"], min(word["start"], end), min(word["end"], end)) for word in words if word["word"]]
        assert [(word.label, word.start, word.end) for word in ours[index].words] == expected


@pytest.mark.slow
def test_nemo_prompts_of_attention_models(models: dict[str, Path], recognizers: dict[str, Recognizer]) -> None:
    from nemo.collections.asr.models import ASRModel

    path = str(models["attention"])
    sound = noise(2.0, seed=1)
    german = load_recognizer("nemo", path, prompt={"target_lang": "de", "taskname": "translate", "pnc": False})
    (heard,) = german.transcribe([sound])
    model = ASRModel.restore_from(path, map_location="cpu")
    slots = {"source_lang": "en", "target_lang": "de", "task": "translate", "pnc": "no"}
    (theirs,) = model.transcribe([sound.samples], verbose=False, role="user", slots=slots)
    assert heard.text == theirs.text.strip() != recognizers["attention"].transcribe([sound])[0].text
    assert heard.words == ()
    with pytest.raises(ConfigError, match='no prompt slot "colour"; it has: pnc, source_lang, target_lang, task'):
        load_recognizer("nemo", path, prompt={"colour": "red"})
    with pytest.raises(ConfigError, match=r"does not take this prompt.*target_lang: xx"):
        load_recognizer("nemo", path, prompt={"target_lang": "xx"})


@pytest.mark.slow
def test_nemo_says_what_it_loaded(models: dict[str, Path], recognizers: dict[str, Recognizer]) -> None:
    from hashlib import sha256

    said = recognizers["transducer"].description
    assert said["class"] == "EncDecRNNTBPEModel"
    assert said["sha256"] == sha256(models["transducer"].read_bytes()).hexdigest()
    assert (said["device"], said["precision"], said["word_times"]) == ("cpu", "float32", True)
    assert set(said["versions"]) == {"nemo", "torch"}


@pytest.mark.slow
def test_nemo_wants_its_own_rate(recognizers: dict[str, Recognizer]) -> None:
    with pytest.raises(EngineError, match="resample first"):
        recognizers["ctc"].transcribe([noise(1.0, rate=8000)])
    assert recognizers["ctc"].transcribe([resample(noise(1.0, rate=8000), RATE)])[0].text


@pytest.mark.slow
def test_nemo_without_word_times(models: dict[str, Path], recognizers: dict[str, Recognizer]) -> None:
    plain = load_recognizer("nemo", str(models["ctc"]), timestamps=False)
    (hypothesis,) = plain.transcribe([noise(1.5)])
    assert hypothesis.words == ()
    assert hypothesis.text == recognizers["ctc"].transcribe([noise(1.5)])[0].text


@pytest.mark.slow
def test_nemo_tells_memory_from_other_errors(
    recognizers: dict[str, Recognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    recognizer = recognizers["ctc"]
    encoder = recognizer._model.encoder  # type: ignore[attr-defined]
    whole = type(encoder).forward

    def greedy(self: object, *args: object, **named: object) -> object:
        torch.empty(1 << 60)  # a real refusal of the real allocator
        return whole(self, *args, **named)

    monkeypatch.setattr(type(encoder), "forward", greedy)
    with pytest.raises(OutOfMemory, match="batch of 2 did not fit"):
        recognizer.transcribe([noise(1.0), noise(2.0)])

    def broken(self: object, *args: object, **named: object) -> object:
        raise KeyError("layer")

    monkeypatch.setattr(type(encoder), "forward", broken)
    with pytest.raises(EngineError, match="KeyError"):
        recognizer.transcribe([noise(1.0)])
    monkeypatch.undo()
    assert recognizer.transcribe([noise(1.0)])[0].text


@pytest.mark.slow
def test_wrong_models_are_sentences(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = models["ctc"].read_bytes()
    (tmp_path / "truncated.nemo").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "junk.nemo").write_bytes(b"this is not an archive" * 100)
    (tmp_path / "empty.nemo").write_bytes(b"")
    (tmp_path / "folder.nemo").mkdir()
    for name, sentence in (
        ("missing.nemo", "There is no model file"),
        ("folder.nemo", "There is no model file"),
        ("truncated.nemo", "truncated or something else"),
        ("junk.nemo", "truncated or something else"),
        ("empty.nemo", "truncated or something else"),
    ):
        with pytest.raises(ModelError, match=sentence):
            load_recognizer("nemo", str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"could not be fetched.*give the file's path"):
        load_recognizer("nemo", "no_such_pretrained_model")


@pytest.mark.slow
def test_wrong_options_are_sentences(models: dict[str, Path]) -> None:
    import torch

    path = str(models["ctc"])
    with pytest.raises(ConfigError, match='"int4" is not a precision'):
        load_recognizer("nemo", path, precision="int4")
    with pytest.raises(ConfigError, match="is not a device"):
        load_recognizer("nemo", path, device="toaster")
    with pytest.raises(ConfigError, match="for hybrid models"):
        load_recognizer("nemo", path, decoder="ctc")
    with pytest.raises(ConfigError, match='"greedy" is not a decoder'):
        load_recognizer("nemo", str(models["hybrid"]), decoder="greedy")
    with pytest.raises(ConfigError, match="for attention models"):
        load_recognizer("nemo", path, prompt={"source_lang": "en"})
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="no usable CUDA"):
            load_recognizer("nemo", path, device="cuda")


@pytest.mark.slow
def test_whisper_hears_words_and_silence() -> None:
    from evaluator.synthesizers.hibari import HibariSynthesizer

    said = "the weather is nice today"
    speech = resample(HibariSynthesizer().synthesize(said), RATE)
    recognizer = load_recognizer("whisper", None)
    heard = recognizer.transcribe([speech, ODD["nothing"], ODD["one sample"], ODD["silence"], ODD["not a number"]])
    assert [hypothesis.text for hypothesis in heard[1:]] == [""] * 4
    assert heard[0].text.lower().rstrip(".") == said
    assert [word.label for word in heard[0].words] == heard[0].text.split()
    assert all(0 <= word.start <= word.end <= speech.duration for word in heard[0].words)
    assert recognizer.description["class"] == "Whisper"
    with pytest.raises(ModelError, match=r"model\.bin is missing"):
        load_recognizer("whisper", "/no/such/folder")
    with pytest.raises(ConfigError, match="not a precision of Whisper"):
        load_recognizer("whisper", None, precision="int3")
