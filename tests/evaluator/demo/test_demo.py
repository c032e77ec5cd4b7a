"""The demo: its corpora are what they say, every fault is really planted, and it is the same every time."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from evaluator.demo import DemoSize, DemoWorkspace, build, commands, complete_behind, faults, mixing, voices
from evaluator.demo.corpora import (
    COMMAND_FAULTS,
    MISSING_STIMULUS,
    STRETCH_SECONDS,
    TTS_SYSTEMS,
    commands_corpus,
)
from evaluator.demo.sentences import SENTENCES
from evaluator.demo.training_data import SynthesisRecipe, synthesize_training_data, training_utterance
from explorer.corpora.opening import open_corpus
from explorer.sound.audio import Audio

SMALL = DemoSize(commands=20, sentences=8, stretches=1, stimuli=11)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoWorkspace:
    return build(tmp_path_factory.mktemp("workspace"), lambda line: None, size=SMALL, engines=())


# ---- sentences ----


def test_training_and_test_material_share_no_sentence() -> None:
    random = np.random.default_rng(1)
    training = {commands.command(random, test=False) for _ in range(3000)}
    test = {commands.command(random, test=True) for _ in range(1000)}
    assert not training & test
    assert all(commands.held_out(sentence) for sentence in test)
    assert not any(commands.held_out(sentence) for sentence in training)
    assert {word for sentence in training for word in sentence.split()} == set(commands.VOCABULARY)


def test_every_slot_of_a_template_has_words_of_the_vocabulary() -> None:
    for template in commands.TEMPLATES:
        for word in template.split():
            choices = commands.SLOTS[word[1:-1]] if word.startswith("{") else (word,)
            assert set(choices) <= set(commands.VOCABULARY)


def test_there_are_a_hundred_different_sentences_of_many_kinds() -> None:
    texts = [text for _, text in SENTENCES]
    assert len(texts) == len(set(texts)) == 100
    assert len({domain for domain, _ in SENTENCES}) >= 10
    for sign in ("'", "?", "%", '"', "-", "é", "ź"):
        assert any(sign in text for text in texts), sign
    assert any(character.isdigit() for text in texts for character in text)
    assert min(len(text.split()) for text in texts) == 1
    assert max(len(text.split()) for text in texts) >= 15


def test_unseen_voices_are_no_training_voices() -> None:
    random = np.random.default_rng(1)
    trained = {voices.training_speaker(random, neural=0.1).name for _ in range(2000)}
    unseen = {variant.lower() for variant in (*voices.UNSEEN_MEN, *voices.UNSEEN_WOMEN)}
    assert not any(name.split("-")[0] in unseen for name in trained)
    assert "heart" in trained
    assert any(speaker.name.split("-")[0] in unseen for speaker in voices.DEMO_SPEAKERS)


# ---- mixing ----


@pytest.mark.parametrize("pink", [False, True])
@pytest.mark.parametrize("snr", [0.0, 10.0, 25.0])
def test_noise_stands_where_the_ratio_says(snr: float, pink: bool) -> None:
    random = np.random.default_rng(3)
    tone = np.sin(np.arange(16000) * 0.3).astype(np.float32)
    quiet = mixing.join([tone], [1.0, 2.0])
    noisy = mixing.with_noise(
        quiet, mixing.noise(random, len(quiet), pink=pink), speech_power=mixing.power([tone]), snr=snr
    )
    added = float(np.mean((noisy - quiet).astype(np.float64) ** 2))
    assert 10 * np.log10(mixing.power([tone]) / added) == pytest.approx(snr, abs=0.1)
    assert len(quiet) == 4 * 16000


def test_speech_loses_its_silent_edges_and_has_a_peak_of_one() -> None:
    samples = np.concatenate([np.zeros(8000), 0.25 * np.sin(np.arange(16000) * 0.2), np.zeros(8000)])
    cut = mixing.speech(Audio(samples.astype(np.float32), 16000))
    assert len(cut) == pytest.approx(16000, abs=60)
    assert np.abs(cut).max() == pytest.approx(1.0)
    assert mixing.speech(Audio(np.zeros(100, np.float32), 16000)).size == 0


def test_silence_stays_silence_at_any_level() -> None:
    assert not mixing.at_level(np.zeros(5, np.float32), 0.9).any()
    assert mixing.at_level(np.zeros(0, np.float32), 0.9).size == 0
    assert mixing.power([]) == 0.0


# ---- faults ----


def test_the_planted_faults_are_in_the_sound_and_in_the_row(demo: DemoWorkspace) -> None:
    rows = rows_of(demo.manifests["commands"])
    assert Counter(row["planted"] for row in rows if row["planted"]) == COMMAND_FAULTS
    for row in rows:
        samples, rate = soundfile.read(demo.folder / row["audio_filepath"], dtype="float32", always_2d=True)
        full_scale = int(np.sum(np.abs(samples) >= 32767 / 32768))
        assert (samples.shape[1] == 2) == (row["planted"] == faults.STEREO)
        assert rate == (8000 if row["planted"] == faults.NARROW else 16000)
        assert (not samples.any()) == (row["planted"] == faults.SILENT)
        assert (full_scale > 100) == (row["planted"] == faults.CLIPPED)
        assert row["duration"] == pytest.approx(len(samples) / rate, abs=1e-4)


def test_a_wrong_reference_is_another_utterances_text(tmp_path: Path) -> None:
    right = commands_corpus(tmp_path, 20, 7)
    wrong = [number for number, row in enumerate(right) if row["planted"] == faults.WRONG_REFERENCE]
    assert len(wrong) == COMMAND_FAULTS[faults.WRONG_REFERENCE]
    for number in wrong:
        following = right[(number + 1) % 20]
        if following["planted"] != faults.WRONG_REFERENCE:
            assert right[number]["text"] == following["text"]


def test_no_utterance_gets_two_faults_and_small_sets_get_fewer() -> None:
    random = np.random.default_rng(1)
    assert Counter(faults.places({"a": 3, "b": 2}, 5, random).values()) == {"a": 3, "b": 2}
    assert len(faults.places({"a": 3, "b": 2}, 2, random)) == 2
    assert faults.places({}, 5, random) == {}


def test_a_sound_without_fault_is_left_alone() -> None:
    samples = np.linspace(-0.5, 0.5, 50, dtype=np.float32)
    sound, rate = faults.planted(None, samples)
    assert rate == 16000
    assert np.array_equal(sound, samples)


# ---- corpora ----


def test_the_corpora_have_their_fields(demo: DemoWorkspace) -> None:
    for name in ("commands", "sentences"):
        for row in rows_of(demo.manifests[name]):
            assert {"speaker", "gender", "accent", "voice", "snr", "domain", "planted", "rate"} <= row.keys()
            assert row["gender"] in ("female", "male")
            assert row["accent"] in voices.ACCENTS
    assert {row["snr"] for row in rows_of(demo.manifests["commands"])} >= {None, 10.0}


def test_the_recording_is_one_file_addressed_by_offset(demo: DemoWorkspace) -> None:
    rows = rows_of(demo.manifests["long"])
    paths = {row["audio_filepath"] for row in rows}
    assert paths == {"long/recording.flac"}
    facts = soundfile.info(demo.folder / "long" / "recording.flac")
    assert facts.duration == pytest.approx(SMALL.stretches * STRETCH_SECONDS)
    assert [row["offset"] for row in rows] == [number * STRETCH_SECONDS for number in range(SMALL.stretches)]
    assert all(row["turns"] >= 3 and len(row["text"].split()) > 10 for row in rows)


def test_every_system_reads_every_sentence_but_the_lost_one(demo: DemoWorkspace) -> None:
    rows = rows_of(demo.manifests["tts"])
    cells = {(row["sentence_id"], row["system"]) for row in rows}
    assert len(cells) == len(rows) == SMALL.stimuli * len(TTS_SYSTEMS) - 1
    assert MISSING_STIMULUS not in cells
    assert len({row["text"] for row in rows}) == SMALL.stimuli
    rates = {row["system"]: soundfile.info(demo.folder / row["audio_filepath"]).samplerate for row in rows}
    assert rates == {"hibari": 24000, "hibari-telephone": 8000, "espeak": 22050, "espeak-klatt": 22050}


def test_the_faulty_manifest_shows_every_kind_of_problem(demo: DemoWorkspace, tmp_path: Path) -> None:
    corpus = open_corpus("faulty", [demo.manifests["faulty"]], cache=tmp_path)
    lines = demo.manifests["faulty"].read_text(encoding="utf-8").splitlines()
    texts = [row["text"] for row in rows_of(demo.manifests["commands"])[:5]]
    page = corpus.page(_everything(), 0, 10, ["reference"])
    assert [row["reference"] for row in page][:3] == texts[:3]
    assert corpus.problem_count >= 12
    assert {problem.line for problem in corpus.problems} <= set(range(4, len(lines) - 1))
    assert {"duration", "offset", "audio_filepath"} <= {problem.field for problem in corpus.problems}


def _everything() -> Any:
    from explorer.querying.query import Query

    return Query()


# ---- build ----


def test_the_build_is_the_same_again_and_then_cached(demo: DemoWorkspace, tmp_path: Path) -> None:
    said: list[str] = []
    again = build(tmp_path, said.append, size=SMALL, engines=())
    assert digest(again.folder) == digest(demo.folder)
    assert any("speaking 20 commands" in line for line in said)
    said.clear()
    before = digest(again.folder)
    assert build(tmp_path, said.append, size=SMALL, engines=()) == again
    assert said == []
    assert digest(again.folder) == before


def test_a_half_built_demo_is_completed(tmp_path: Path) -> None:
    size = DemoSize(commands=6, sentences=2, stretches=1, stimuli=1)
    demo = build(tmp_path, lambda line: None, size=size, engines=())
    whole = digest(demo.folder)
    marker = demo.folder / "recipe.json"
    state = json.loads(marker.read_text())
    state["stages"] = state["stages"][:2]
    marker.write_text(json.dumps(state) + "\n")
    demo.manifests["tts"].unlink()
    (demo.folder / "long" / "recording.flac").write_bytes(b"cut short")
    said: list[str] = []
    build(tmp_path, said.append, size=size, engines=())
    assert digest(demo.folder) == whole
    assert not any("commands" in line for line in said)


def test_a_demo_of_another_recipe_is_made_anew(tmp_path: Path) -> None:
    size = DemoSize(commands=2, sentences=1, stretches=1, stimuli=1)
    build(tmp_path, lambda line: None, size=size, engines=())
    (tmp_path / "demo" / "left-over.txt").write_text("old")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine.txt").write_text("kept")
    said: list[str] = []
    other = DemoSize(commands=3, sentences=1, stretches=1, stimuli=1)
    demo = build(tmp_path, said.append, size=other, engines=())
    assert "another version" in said[0]
    assert len(rows_of(demo.manifests["commands"])) == 3
    assert not (demo.folder / "left-over.txt").exists()
    assert (tmp_path / "runs" / "mine.txt").read_text() == "kept"


def test_the_configuration_finds_the_demo(demo: DemoWorkspace) -> None:
    from explorer.config_files import load

    root = Path(__file__).resolve().parents[3]
    config = load([root / "configs" / "earmark.yaml", root / "configs" / "demo.yaml"], demo.overrides)
    assert {name: corpus.manifests for name, corpus in config.corpora.items()} == {
        name: (path,) for name, path in demo.manifests.items()
    }
    for name in ("tiny-e1", "tiny-e2", "tiny-e4"):
        assert Path(str(config.systems[name].model)).is_file()


# ---- training data ----


def test_training_data_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    recipe = SynthesisRecipe(train=8, validation=2, test=2, seed=5, neural=0.2)
    one = synthesize_training_data(tmp_path / "one", recipe, progress=lambda line: None, processes=1)
    said: list[str] = []
    synthesize_training_data(tmp_path / "two", recipe, progress=said.append, processes=2)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert any("12 of" in line or "8 of 8" in line for line in said)
    for row in rows_of(one["test"]):
        assert row["duration"] == pytest.approx(
            soundfile.info(tmp_path / "one" / row["audio_filepath"]).duration, abs=1e-4
        )
    said.clear()
    synthesize_training_data(tmp_path / "two", recipe, progress=said.append)
    assert said == []


def test_a_longer_training_set_begins_with_the_shorter_one(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    first = training_utterance(tmp_path, "train", 1, 0.0, 3)
    sound = (tmp_path / first["audio_filepath"]).read_bytes()
    for number in range(3):
        training_utterance(tmp_path, "train", 1, 0.0, number)
    assert training_utterance(tmp_path, "train", 1, 0.0, 3) == first
    assert (tmp_path / first["audio_filepath"]).read_bytes() == sound


@pytest.mark.slow
def test_the_real_recognizers_predict_and_get_better(tmp_path: Path) -> None:
    said: list[str] = []
    size = DemoSize(commands=40, sentences=2, stretches=1, stimuli=1)
    demo = build(tmp_path, said.append, size=size, engines=("nemo",))
    rows = [row for row in rows_of(demo.manifests["commands"]) if row["planted"] is None]
    exact = {
        name: sum(row[f"pred_text_{name}"] == row["text"] for row in rows) for name in ("tiny-e1", "tiny-e2", "tiny-e4")
    }
    assert exact["tiny-e1"] < exact["tiny-e4"]
    assert exact["tiny-e4"] > len(rows) / 2
    silent = [row for row in rows_of(demo.manifests["commands"]) if row["planted"] == faults.SILENT]
    assert all(len(row["pred_text_tiny-e4"].split()) <= 3 for row in silent)
    assert any("tiny-e4 transcribes commands" in line for line in said)


def test_what_takes_longer_is_added_behind_and_said(demo: DemoWorkspace, tmp_path: Path) -> None:
    build(tmp_path, lambda line: None, size=SMALL, engines=())
    said: list[str] = []
    complete_behind(tmp_path, said.append, size=SMALL, engines=()).join()
    assert said == []  # nothing is left to do
    (tmp_path / "demo" / "recipe.json").unlink()
    complete_behind(tmp_path, said.append, size=SMALL, engines=()).join()
    assert len(said) == 2
    assert "in the background" in said[0]
    assert "press Reload" in said[1]
    assert digest(tmp_path / "demo") == digest(demo.folder)
