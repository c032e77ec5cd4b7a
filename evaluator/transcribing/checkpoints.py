"""Checkpoints: the saved models of a training's folder as systems, their step and epoch read from their names.

NeMo's exp_manager writes ``<experiment>/checkpoints/NAME--val_wer=0.12-epoch=3-step=400.ckpt``, ``...-last.ckpt`` and
``NAME.nemo``; Earmark's trainer ``epoch-3.nemo`` and ``checkpoints/last.ckpt``. A folder is looked through itself, and
its folder ``checkpoints``. Steps and epochs are recognized as ``step=400``, ``step-400``, ``step_400``, ``step400``,
``400k-steps`` (and ``s400``, ``e3``, alone between signs); a name may be a system's just as well as a file's.

Names become columns, so a system is called ``<name>-epoch3-step400``, with ``-last`` where the file says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import ConfigError

SUFFIXES = (".nemo", ".ckpt")
UNFINISHED = "-unfinished"
"""What NeMo puts after the name of the empty file that stands beside a checkpoint while it is written."""
LONGEST_NAME = 64

_COUNT = r"(?P<count>\d+(?:\.\d+)?)(?P<thousand>k?)"
_STEPS = (
    re.compile(rf"(?<![A-Za-z])(?:global[-_]?)?(?:steps?|s)[-_=]?{_COUNT}(?![A-Za-z0-9])", re.IGNORECASE),
    re.compile(rf"(?<![A-Za-z\d.]){_COUNT}[-_]?steps?(?![A-Za-z])", re.IGNORECASE),
)
_EPOCHS = (re.compile(rf"(?<![A-Za-z])(?:epochs?|e)[-_=]?{_COUNT}(?![A-Za-z0-9])", re.IGNORECASE),)
_LAST = re.compile(r"(?<![A-Za-z])last(?![A-Za-z])", re.IGNORECASE)
_METRIC = re.compile(r"(?P<metric>[A-Za-z][A-Za-z_]*)=(?P<value>\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class Moment:
    """When in a training something was: numbers of optimizer steps and epochs, None where nobody says."""

    step: int | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A saved model: the name of its system, its file, when it was saved, and whether it is called the last one."""

    system: str
    path: Path
    moment: Moment
    last: bool


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """The checkpoints of a folder in the order of training, those without a moment last; ``left_out`` says of every
    other model file why it is none, as sentences."""

    name: str
    folder: Path
    checkpoints: tuple[Checkpoint, ...]
    left_out: tuple[str, ...] = ()


def moment_of(name: str) -> Moment:
    """The step and the epoch that a name tells."""
    return Moment(_number(_STEPS, name), _number(_EPOCHS, name))


def _number(patterns: Sequence[re.Pattern[str]], name: str) -> int | None:
    """What the first of the patterns finds in a name."""
    found = next(filter(None, (pattern.search(name) for pattern in patterns)), None)
    return None if found is None else round(float(found["count"]) * (1000 if found["thousand"] else 1))


def checkpoint_folder(name: str, folder: Path) -> CheckpointFolder:
    """The checkpoints of a folder, as systems whose names begin with ``name``.

    Raises:
        ConfigError: there is no such folder, or no checkpoint in it.
    """
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise ConfigError(f'There is no folder {place} for the checkpoints "{name}".')
    files = [path for inside in (place, place / "checkpoints") for path in _files(inside)]
    left_out, found = [], []
    for path in files:
        if path.with_name(path.name + UNFINISHED).exists() or path.with_name(path.stem + UNFINISHED).exists():
            left_out.append(f"{path.name} is still being written")
        elif not path.stat().st_size:
            left_out.append(f"{path.name} is empty")
        else:
            found.append(path)
    if not found:
        because = f" ({'; '.join(left_out)})" if left_out else ""
        raise ConfigError(f"There is no .nemo or .ckpt in {place} or its folder checkpoints{because}.")
    taken: set[str] = set()
    checkpoints = [_checkpoint(name, path, taken) for path in found]
    return CheckpointFolder(name, place, tuple(sorted(checkpoints, key=_place)), tuple(left_out))


def _files(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        return ()
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _checkpoint(name: str, path: Path, taken: set[str]) -> Checkpoint:
    moment, last = moment_of(_METRIC.sub("", path.stem)), _LAST.search(path.stem) is not None
    told = [f"epoch{moment.epoch}"] if moment.epoch is not None else []
    told += [f"step{moment.step}"] if moment.step is not None else []
    told += ["last"] if last else []
    told = told or [re.sub(r"[^A-Za-z0-9_.]+", "-", path.stem).strip("-_.") or "model"]
    stem = "-".join([re.sub(r"[^A-Za-z0-9_.-]+", "-", name), *told])[: LONGEST_NAME - 3]
    candidates = [stem, f"{stem}-{path.suffix[1:2]}", *(f"{stem}-{number}" for number in range(2, 99))]
    system = next(one for one in candidates if one not in taken)
    taken.add(system)
    return Checkpoint(system=system, path=path, moment=moment, last=last)


def _place(checkpoint: Checkpoint) -> tuple[bool, float, float, bool, str]:
    step, epoch = checkpoint.moment.step, checkpoint.moment.epoch
    unknown = step is None and epoch is None
    return unknown, -1 if step is None else step, -1 if epoch is None else epoch, checkpoint.last, checkpoint.system
