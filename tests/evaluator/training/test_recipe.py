"""Training: recipes are checked at the door, and a run that was interrupted goes on to the same end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from evaluator.training.recipe import checked, load_recipe, train
from evaluator.training.results import append_result
from explorer.errors import ConfigError, ModelError

ROOT = Path(__file__).resolve().parents[3]
RECIPE = ROOT / "configs" / "train" / "tiny.yaml"


def test_the_shipped_recipe_is_valid() -> None:
    recipe = checked(load_recipe(RECIPE, ["folder=/somewhere"]))
    assert recipe.folder == Path("/somewhere")
    assert recipe.test == Path("/somewhere/data/test.json")
    assert recipe.synthesis is not None
    assert recipe.synthesis.train == 11000
    assert recipe.trainer["max_epochs"] == max(recipe.save_epochs)


def test_overrides_change_values_and_plus_adds_keys() -> None:
    config = load_recipe(RECIPE, ["model.optim.lr=0.5", "+trainer.precision=bf16-mixed", "data.synthesize=null"])
    recipe = checked(config)
    assert recipe.model.optim.lr == 0.5
    assert recipe.trainer["precision"] == "bf16-mixed"
    assert recipe.synthesis is None


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.optim.lrr=1", 'no key "model.optim.lrr"; the nearest is "model.optim.lr"'),
        ("seeed=1", 'the nearest is "seed"'),
        ("seed", "write key=value"),
        ("+surprise=1", 'no key "surprise"'),
        ("+data.tests=x.json", 'did you mean "data.test"'),
        ("+data.synthesize.trian=9", 'did you mean "data.synthesize.train"'),
        ("folder=null", 'lacks "folder"'),
        ("seed=one", "invalid literal"),
        ("data.synthesize.train=many", '"data.synthesize.train" is'),
    ],
)
def test_a_wrong_override_is_a_sentence(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence.replace("(", r"\(")):
        checked(load_recipe(RECIPE, [override]))


@pytest.mark.parametrize("text", ["a: [1", "- a\n- list\n"])
def test_a_file_that_is_no_configuration_is_an_error_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        load_recipe(path, [])


def test_a_configuration_without_the_keys_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("just a text")
    with pytest.raises(ConfigError, match='no key "just a text"'):
        checked(load_recipe(tmp_path / "other.yaml", []))


def test_a_missing_configuration_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml", [])


def test_a_missing_manifest_is_found_before_anything_heavy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no manifest"):
        train(RECIPE, [f"folder={tmp_path}", "data.synthesize=null"])


def test_a_folder_of_another_training_is_not_continued(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no manifest"):
        train(RECIPE, [f"folder={tmp_path}", "data.synthesize=null"])
    with pytest.raises(ConfigError, match=r"model\.optim\.lr was 0\.003, is 0\.1"):
        train(RECIPE, [f"folder={tmp_path}", "data.synthesize=null", "model.optim.lr=0.1"])
    # threads change no weight, so they may change
    with pytest.raises(ConfigError, match="There is no manifest"):
        train(RECIPE, [f"folder={tmp_path}", "data.synthesize=null", "threads=1"])


def test_the_record_of_a_training_says_how_to_repeat_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        train(RECIPE, [f"folder={tmp_path}", "data.synthesize=null", "seed=3"])
    record = OmegaConf.load(tmp_path / "train.yaml")
    assert record.command == f"python app.py train {RECIPE} folder={tmp_path} data.synthesize=null seed=3"
    assert record.seed == 3
    assert record.versions.torch
    assert record.configuration.data.train == f"{tmp_path}/data/train.json"


def test_a_repeated_epoch_replaces_its_result(tmp_path: Path) -> None:
    for epoch, wer in ((1, 0.9), (2, 0.5), (2, 0.4)):
        append_result(tmp_path, {"epoch": epoch, "wer": wer})
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"epoch": 1, "wer": 0.9}, {"epoch": 2, "wer": 0.4}]


def test_a_complete_training_is_not_trained_again(tmp_path: Path) -> None:
    append_result(tmp_path, {"epoch": 4, "wer": 0.1})
    said: list[str] = []
    assert train(RECIPE, [f"folder={tmp_path}"], progress=said.append) == 0
    assert "is complete" in said[0]
    assert not (tmp_path / "data").exists()


SMALL = [
    "threads=1",
    "data.synthesize.train=48",
    "data.synthesize.validation=4",
    "data.synthesize.test=6",
    "data.synthesize.neural=0",
    "model.train_ds.batch_size=4",
    "model.encoder.jasper=[{filters: 32, repeat: 1, kernel: [11], stride: [2], dilation: [1], dropout: 0.0, "
    "residual: false, separable: true}]",
    "model.decoder.feat_in=32",
    "checkpoint_steps=2",
]


@pytest.mark.slow
def test_an_interrupted_training_goes_on_where_it_was(tmp_path: Path) -> None:
    overrides = [f"folder={tmp_path}", *SMALL, "trainer.max_epochs=3", "save_epochs=[1]"]
    command = [sys.executable, "app.py", "train", str(RECIPE), *overrides]
    last = tmp_path / "checkpoints" / "last.ckpt"
    with (tmp_path.parent / "first.log").open("w") as log:
        first = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)
        deadline = time.monotonic() + 200
        while not last.exists() and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert last.exists(), (tmp_path.parent / "first.log").read_text()
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert first.returncode == -signal.SIGKILL

    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"continuing from {last}" in second.stderr
    assert "synthesizing" not in second.stderr
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [result["epoch"] for result in results] == [1, 3]
    # 48 utterances in batches of 4 are 12 steps; Lightning may repeat the one batch during which it saved its state
    assert results[0]["steps"] in (12, 13)
    assert results[1]["steps"] == results[0]["steps"] + 24
    test = [json.loads(line) for line in (tmp_path / "data" / "test.json").read_text().splitlines()]
    assert results[-1]["words"] == sum(len(row["text"].split()) for row in test)
    assert results[-1]["wer"] == pytest.approx(
        sum(results[-1][kind] for kind in ("substitutions", "deletions", "insertions")) / results[-1]["words"]
    )
    assert (tmp_path / "epoch-3.nemo").stat().st_size == results[-1]["bytes"]
    third = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "is complete" in third.stderr

    from nemo.collections.asr.models import ASRModel

    config = ASRModel.restore_from(str(tmp_path / "epoch-3.nemo"), return_config=True)
    assert str(tmp_path) not in OmegaConf.to_yaml(config)


@pytest.mark.slow
def test_a_model_section_that_nemo_refuses_is_a_model_error(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for split in ("train", "validation", "test"):
        (folder / f"{split}.json").write_text("")
    overrides = [f"folder={tmp_path}", "data.synthesize=null", "model.encoder._target_=nemo.nowhere.Encoder"]
    with pytest.raises(ModelError, match="model section"):
        train(RECIPE, overrides)


@pytest.mark.slow
def test_a_training_can_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    import torch
    from nemo.collections.asr.models import ASRModel

    tiny = [*SMALL, "data.synthesize.train=8", "trainer.max_epochs=1", "save_epochs=[]"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert train(RECIPE, [f"folder={first}", *tiny], progress=lambda line: None) == 0
    still = ["model.optim.lr=0.0", "model.optim.sched.min_lr=0.0", f"init_from={first / 'epoch-1.nemo'}"]
    said: list[str] = []
    assert train(RECIPE, [f"folder={second}", *tiny, *still], progress=said.append) == 0
    assert any("beginning with the weights of" in line for line in said)
    before, after = (
        ASRModel.restore_from(str(folder / "epoch-1.nemo"), map_location="cpu").decoder.state_dict()
        for folder in (first, second)
    )
    assert all(torch.equal(before[name], after[name]) for name in before)

    nowhere = [f"folder={tmp_path / 'third'}", *tiny, f"data.synthesize.folder={first / 'data'}"]
    places = [f"data.{split}={first / 'data' / split}.json" for split in ("train", "validation", "test")]
    with pytest.raises(ModelError, match="cannot begin with the weights"):
        train(RECIPE, [*nowhere, *places, "init_from=/nowhere.nemo"], progress=lambda line: None)
