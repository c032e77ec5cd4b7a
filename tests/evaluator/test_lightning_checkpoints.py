"""Checkpoints of Lightning: our own training's becomes the model it holds; a pickle that runs code is not loaded."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from evaluator.engines import load_recognizer
from evaluator.lightning_checkpoints import model_of
from evaluator.training.recipe import train
from explorer.errors import ModelError
from explorer.sound.audio import Audio
from tests.evaluator.training.test_recipe import RECIPE, SMALL

pytestmark = pytest.mark.slow


class Attack:
    """What runs when its pickle is loaded without care."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training of two epochs: .nemo files, and the state to resume from."""
    folder = tmp_path_factory.mktemp("training") / "run"
    tiny = [*SMALL, "data.synthesize.train=8", "trainer.max_epochs=2", "save_epochs=[1]"]
    assert train(RECIPE, [f"folder={folder}", *tiny], progress=lambda line: None) == 0
    return folder


def heard(path: Path) -> list[str]:
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    recognizer = load_recognizer("nemo", str(path), device="cpu", timestamps=False)
    return [one.text for one in recognizer.transcribe([Audio(sound, 16_000), Audio(sound[:8_000], 16_000)])]


def test_a_checkpoint_hears_what_its_archive_hears(trained: Path, tmp_path: Path) -> None:
    last = trained / "checkpoints" / "last.ckpt"
    expected = heard(trained / "epoch-2.nemo")
    assert heard(last) == expected  # built from the .nemo beside it
    alone = tmp_path / "far" / "M--val_wer=0.99-epoch=1-step=4.ckpt"
    alone.parent.mkdir()
    shutil.copy(last, alone)
    assert heard(alone) == expected  # built from the configuration inside


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(trained: Path, tmp_path: Path) -> None:
    import torch

    content = torch.load(trained / "checkpoints" / "last.ckpt", weights_only=False, map_location="cpu")
    proof = tmp_path / "it ran"
    path = tmp_path / "evil.ckpt"
    torch.save({**content, "callbacks": Attack(proof)}, path)
    with pytest.raises(ModelError, match=r"names .*mkdir, which is neither a tensor nor a configuration"):
        model_of(path, "cpu")
    assert not proof.exists()


def test_what_is_no_checkpoint_is_a_sentence(trained: Path, tmp_path: Path) -> None:
    import torch

    half = tmp_path / "half.ckpt"
    half.write_bytes((trained / "checkpoints" / "last.ckpt").read_bytes()[:3_000])
    with pytest.raises(ModelError, match="no complete checkpoint"):
        load_recognizer("nemo", str(half), device="cpu")
    bare = tmp_path / "bare.ckpt"
    torch.save({"epoch": 1}, bare)
    with pytest.raises(ModelError, match="no weights"):
        model_of(bare, "cpu")
    nothing = tmp_path / "nothing.ckpt"
    torch.save({"state_dict": {}}, nothing)
    with pytest.raises(ModelError, match=r"no hparams\.yaml"):
        model_of(nothing, "cpu")
    assert not zipfile.is_zipfile(half)
