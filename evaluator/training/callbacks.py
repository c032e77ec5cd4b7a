"""What happens during a training besides the steps: progress lines, saved and measured models, states to resume from.

Imported only where Lightning and NeMo are installed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import open_dict

from evaluator.engines import load_recognizer
from evaluator.nemo_models import file_hash
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.scoring.alignment import align
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.training.results import append_result
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query
from explorer.sound.audio import load, resample

if TYPE_CHECKING:
    from evaluator.training.recipe import Recipe

SECONDS_BETWEEN_LINES = 10.0
BATCH = 16


def quiet_nemo() -> None:
    """NeMo's log below errors off, before and after it is imported: its handlers keep every record in memory."""
    logging.getLogger("nv_one_logger").setLevel(logging.CRITICAL)
    from nemo.utils import logging as nemo_logging

    nemo_logging.setLevel(logging.ERROR)


def state_checkpoint(last: Path, steps: int) -> ModelCheckpoint:
    """Lightning's own checkpoint, kept as the one file ``last`` and renewed every so many steps and epochs."""
    return ModelCheckpoint(
        dirpath=last.parent, filename=last.stem, save_top_k=1, every_n_train_steps=steps, enable_version_counter=False
    )


class ProgressLines(lightning.Callback):
    """A line every ten seconds: epoch, step, loss, time left; and one after every validation."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._first_step = 0
        self._began = self._spoke = 0.0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to measure."""
        self._first_step = trainer.global_step
        self._began = self._spoke = time.monotonic()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Say how far it is, every ten seconds."""
        now = time.monotonic()
        if now - self._spoke < SECONDS_BETWEEN_LINES:
            return
        self._spoke = now
        done = trainer.global_step - self._first_step
        left = (trainer.estimated_stepping_batches - trainer.global_step) * (now - self._began) / max(1, done)
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
        self._say(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  "
            f"step {batch_idx + 1}/{trainer.num_training_batches}  "
            f"loss {float(loss):.3f}  {timedelta(seconds=round(left))} left"
        )

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Say the error rate NeMo measured."""
        wer = trainer.callback_metrics.get("val_wer")
        if wer is not None:
            self._say(
                f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  validation WER {100 * float(wer):.1f} %"
            )


class Saver(lightning.Callback):
    """Saves the model as epoch-N.nemo at the recipe's epochs and the last one, and measures it on the test manifest.

    ``seconds``: time spent in training steps so far, interruptions and measuring left out.
    """

    def __init__(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        self._recipe = recipe
        self._say = say
        self._mark = 0.0
        self.seconds = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What a checkpoint kept."""
        self.seconds = float(state_dict["seconds"])

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Start the clock."""
        self._mark = time.monotonic()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Stop the clock."""
        self.seconds += time.monotonic() - self._mark

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Save and measure after the chosen epochs."""
        epoch = trainer.current_epoch + 1
        if epoch not in self._recipe.save_epochs and epoch != trainer.max_epochs:
            return
        path = self._recipe.folder / f"epoch-{epoch}.nemo"
        save(pl_module, path)
        result = {
            "epoch": epoch,
            "steps": trainer.global_step,
            "seconds": round(self.seconds, 1),
            "file": path.name,
            "bytes": path.stat().st_size,
            "sha256": file_hash(path),
        }
        line = f"saved {path.name}"
        if self._recipe.test:
            counts = measure(path, self._recipe.test, cache=self._recipe.folder / "cache")
            result |= {
                "words": counts.length,
                "substitutions": counts.substitutions,
                "deletions": counts.deletions,
                "insertions": counts.insertions,
                "wer": counts.rate,
            }
            line += f"  test WER {'undefined' if counts.rate is None else f'{100 * counts.rate:.2f} %'}"
        append_result(self._recipe.folder, result)
        self._say(line)


def save(model: Any, path: Path) -> None:
    """Save a .nemo file that does not carry this machine's paths."""
    kept = model.cfg.copy()
    with open_dict(model.cfg):
        for section in ("train_ds", "validation_ds", "test_ds"):
            if section in model.cfg and model.cfg[section] is not None:
                model.cfg[section].manifest_filepath = None
    try:
        model.save_to(str(path))
    finally:
        model.cfg = kept


def measure(checkpoint: Path, manifest: Path, *, cache: Path) -> ErrorCounts:
    """Error counts of a .nemo model on a manifest, over words as they are written (no normalizer), pooled.

    Utterances without a reference are left out, as are lines that are Problems.
    """
    corpus = open_corpus(manifest.stem, [manifest], cache=cache)
    recognizer = load_recognizer("nemo", str(checkpoint), device="cpu", timestamps=False)
    words = NORMALIZERS["none"].words
    counts = ErrorCounts.zero()
    for start in range(0, corpus.size, BATCH):
        rows = corpus.page(Query(), start, start + BATCH, ())
        utterances = [corpus.utterance(row["id"]) for row in rows]
        scored = [(u, u.reference) for u in utterances if u.reference is not None]
        sounds = [
            resample(load(u.path, offset=u.offset, duration=u.duration), recognizer.sample_rate) for u, _ in scored
        ]
        for (_, reference), heard in zip(scored, recognizer.transcribe(sounds), strict=True):
            counts += align(words(reference), words(heard.text)).counts
    recognizer.close()
    return counts
