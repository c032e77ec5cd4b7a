"""Checkpoint folders: which files are systems, what their names tell, and what is left out and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.runs.run_store import SYSTEM_NAME
from evaluator.transcribing.checkpoints import Moment, checkpoint_folder, moment_of
from explorer.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "step", "epoch"),
    [
        ("Conformer--val_wer=0.1234-epoch=3-step=400", 400, 3),
        ("Conformer--val_wer=0.1234-epoch=3-step=400-last", 400, 3),
        ("epoch-12", None, 12),
        ("epoch=0-step=1.5k", 1500, 0),
        ("tiny-e4", None, 4),
        ("mine-epoch3-step20000", 20000, 3),
        ("conformer-20k-steps", 20000, None),
        ("conformer_20ksteps", 20000, None),
        ("model.global_step=7", 7, None),
        ("s100", 100, None),
        ("last", None, None),
        ("parakeet-tdt-0.6b-v2", None, None),
        ("whisper", None, None),
        ("e2e-model", None, None),
        ("stt_en_quartznet15x5", None, None),
        ("footsteps3", None, None),
    ],
)
def test_a_name_tells_its_moment(name: str, step: int | None, epoch: int | None) -> None:
    assert moment_of(name) == Moment(step, epoch)


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def test_nemos_layout_becomes_systems_in_the_order_of_training(tmp_path: Path) -> None:
    folder = touched(
        tmp_path / "exp",
        "checkpoints/M--val_wer=0.90-epoch=1-step=1000.ckpt",
        "checkpoints/M--val_wer=0.80-epoch=0-step=500.ckpt",
        "checkpoints/M--val_wer=0.90-epoch=1-step=1000-last.ckpt",
        "checkpoints/M.nemo",
        "hparams.yaml",
        "checkpoints/notes.txt",
    )
    found = checkpoint_folder("mine", folder)
    assert [one.system for one in found.checkpoints] == [
        "mine-epoch0-step500",
        "mine-epoch1-step1000",
        "mine-epoch1-step1000-last",
        "mine-M",
    ]
    assert [one.moment.step for one in found.checkpoints] == [500, 1000, 1000, None]
    assert found.left_out == ()
    assert moment_of(found.checkpoints[1].system) == found.checkpoints[1].moment
    assert checkpoint_folder("mine", folder / "checkpoints").checkpoints == found.checkpoints


def test_two_files_of_one_moment_are_two_systems(tmp_path: Path) -> None:
    folder = touched(tmp_path, "epoch-1.nemo", "epoch=1.ckpt", "x-epoch=1.ckpt", f"{'long' * 40}.nemo")
    names = [one.system for one in checkpoint_folder("a b/ü", folder).checkpoints]
    assert len(set(names)) == 4
    assert all(SYSTEM_NAME.fullmatch(name) for name in names)


def test_what_is_no_whole_checkpoint_is_named(tmp_path: Path) -> None:
    folder = touched(tmp_path, "a-step=1.ckpt", "b-step=2.ckpt", "b-step=2.ckpt-unfinished")
    (folder / "c-step=3.nemo").touch()
    found = checkpoint_folder("m", folder)
    assert [one.system for one in found.checkpoints] == ["m-step1"]
    assert found.left_out == ("b-step=2.ckpt is still being written", "c-step=3.nemo is empty")


def test_an_empty_folder_and_none_at_all_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \.nemo or \.ckpt"):
        checkpoint_folder("m", tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        checkpoint_folder("m", tmp_path / "nowhere")
