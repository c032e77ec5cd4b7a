"""Train a NeMo CTC model from one YAML file: Lightning's trainer, NeMo's model section, any NeMo manifests.

What it adds to NeMo: data may be synthesized first; a run continues where it was interrupted, and only with the
configuration it began with; at chosen epochs the model is saved as a .nemo file and measured on a test manifest with
our own error counts. A run's folder holds

    train.yaml             the resolved configuration, the command, seed and versions
    checkpoints/last.ckpt  Lightning's state to resume from
    epoch-N.nemo           the saved models
    results.jsonl          one line per saved model: epoch, steps, error counts, WER, training seconds, size, hash

Rates are fractions. Progress goes line by line to ``progress``.
"""

from __future__ import annotations

import difflib
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from evaluator.demo.training_data import SynthesisRecipe, synthesize_training_data
from evaluator.training.results import results
from explorer.errors import ConfigError, MissingPackage, ModelError

Progress = Callable[[str], None]

TOP_KEYS = ("folder", "seed", "threads", "init_from", "data", "save_epochs", "checkpoint_steps", "trainer", "model")
DATA_KEYS = ("train", "validation", "test", "synthesize")
SYNTHESIS_KEYS = ("folder", "train", "validation", "test", "seed", "neural")
PACKAGES = ("torch", "lightning", "nemo_toolkit", "numpy")
FREE_TO_CHANGE = ("threads", "save_epochs", "checkpoint_steps")  # on resuming: none of them changes the weights


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training configuration, checked: paths are absolute; ``model`` is NeMo's section.

    ``init_from`` is a .nemo file whose weights the training begins with, None to begin with random ones.
    """

    folder: Path
    seed: int
    threads: int | None
    init_from: Path | None
    train: Path
    validation: Path
    test: Path | None
    synthesis_folder: Path | None
    synthesis: SynthesisRecipe | None
    save_epochs: tuple[int, ...]
    checkpoint_steps: int
    trainer: Mapping[str, Any]
    model: DictConfig


def train(config_path: Path, overrides: Sequence[str] = (), *, progress: Progress | None = None) -> int:
    """Train, or continue to train, what the configuration describes; returns the exit code 0.

    Raises:
        ConfigError: the configuration or a manifest is missing or wrong, or the folder holds another training.
        MissingPackage: NeMo or Lightning is not installed.
        ModelError: NeMo refuses the model section.
    """
    say = progress or _print_to_stderr
    config = load_recipe(config_path, overrides)
    recipe = checked(config)
    recipe.folder.mkdir(parents=True, exist_ok=True)
    _remember(recipe.folder, config, config_path, overrides)
    if any(result["epoch"] == recipe.trainer["max_epochs"] for result in results(recipe.folder)):
        say(f"the training in {recipe.folder} is complete; choose another folder=... to train anew")
        return 0
    if recipe.synthesis and recipe.synthesis_folder:
        synthesize_training_data(recipe.synthesis_folder, recipe.synthesis, progress=say)
    for manifest in (recipe.train, recipe.validation, *([recipe.test] if recipe.test else [])):
        if not manifest.is_file():
            raise ConfigError(
                f"There is no manifest {manifest}; name yours with data.train, data.validation, data.test."
            )
    _fit(recipe, say)
    return 0


def load_recipe(path: Path, overrides: Sequence[str]) -> DictConfig:
    """The YAML file with ``key=value`` overrides; ``+key=value`` adds a key the file does not have.

    Raises:
        ConfigError: the file cannot be read, or an override names an unknown key (the message names the nearest).
    """
    try:
        config = OmegaConf.load(path)
    except OSError as error:
        raise ConfigError(f"The training configuration {path} cannot be read ({error.strerror}).") from error
    except Exception as error:  # PyYAML and OmegaConf raise unrelated kinds; all mean that this is not such a file
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(config, DictConfig):
        raise ConfigError(f"{path} must be a mapping with the keys {', '.join(TOP_KEYS)}.")
    known = _keys(config)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f'"{override}" is not an override; write key=value.')
        if not key.startswith("+") and key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise ConfigError(
                f'{path} has no key "{key}"; the nearest is "{nearest}". To add a key, write +{override}.'
            )
        try:
            added = OmegaConf.from_dotlist([f"{key.removeprefix('+')}={value}"])
            config = OmegaConf.merge(config, added)
        except (OmegaConfBaseException, ValueError) as error:
            raise ConfigError(f'The override "{override}" cannot be used: {error}') from error
    assert isinstance(config, DictConfig)
    return config


def checked(config: DictConfig) -> Recipe:
    """The configuration as a Recipe.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong kind.
    """
    _only_known("", config, TOP_KEYS)
    for key in ("folder", "data.train", "data.validation", "trainer.max_epochs", "model"):
        if OmegaConf.select(config, key) is None:
            raise ConfigError(f'The training configuration lacks "{key}".')
    _only_known("data.", config.data, DATA_KEYS)
    synthesize = config.data.get("synthesize")
    if synthesize is not None:
        _only_known("data.synthesize.", synthesize, SYNTHESIS_KEYS)
    try:
        data = OmegaConf.to_container(config.data, resolve=True)
        trainer = OmegaConf.to_container(config.trainer, resolve=True)
        assert isinstance(data, dict)
        assert isinstance(trainer, dict)
        wanted = dict(data.get("synthesize") or {})
        synthesis_folder = wanted.pop("folder", None)
        return Recipe(
            folder=_path(config.folder),
            seed=int(config.get("seed", 1)),
            threads=None if config.get("threads") is None else int(config.threads),
            init_from=_path(config.init_from) if config.get("init_from") else None,
            train=_path(data["train"]),
            validation=_path(data["validation"]),
            test=_path(data["test"]) if data.get("test") else None,
            synthesis_folder=_path(synthesis_folder) if synthesis_folder else None,
            synthesis=_synthesis(wanted) if synthesis_folder else None,
            save_epochs=tuple(int(epoch) for epoch in config.get("save_epochs") or ()),
            checkpoint_steps=int(config.get("checkpoint_steps", 100)),
            trainer={str(key): value for key, value in trainer.items()},
            model=config.model,
        )
    except (TypeError, ValueError, OmegaConfBaseException) as error:
        raise ConfigError(f"The training configuration is wrong: {error}") from error


def _synthesis(wanted: Mapping[str, Any]) -> SynthesisRecipe:
    for key, value in wanted.items():
        number = isinstance(value, int | float) if key == "neural" else isinstance(value, int)
        if not number or isinstance(value, bool) or value < 0:
            raise ConfigError(f'"data.synthesize.{key}" is {value!r}, expected a number of at least 0.')
    return SynthesisRecipe(**wanted)


def _fit(recipe: Recipe, say: Progress) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import lightning.pytorch as lightning
        import torch

        from evaluator.training.callbacks import ProgressLines, Saver, quiet_nemo, state_checkpoint

        quiet_nemo()
        from nemo.collections.asr.models import EncDecCTCModel, EncDecCTCModelBPE
    except ImportError as error:
        raise MissingPackage(f"Training needs NeMo; run `pip install nemo_toolkit[asr]` ({error}).") from error

    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    last = recipe.folder / "checkpoints" / "last.ckpt"
    saver = Saver(recipe, say)
    try:
        trainer = lightning.Trainer(
            **{
                "logger": False,
                "enable_progress_bar": False,
                "enable_model_summary": False,
                "num_sanity_val_steps": 0,
                "default_root_dir": recipe.folder,
                **recipe.trainer,
            },
            callbacks=[ProgressLines(say), saver, state_checkpoint(last, recipe.checkpoint_steps)],
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Lightning refuses the trainer section: {error}") from error
    # The interpolations of NeMo's section point to the whole file, so it is resolved before it is cut out.
    section = OmegaConf.create(OmegaConf.to_container(recipe.model, resolve=True))
    family = EncDecCTCModelBPE if "tokenizer" in section else EncDecCTCModel
    try:
        model = family(cfg=section, trainer=trainer)
    except Exception as error:  # whatever NeMo or Hydra raises here, the section is what has to be changed
        raise ModelError(f"NeMo cannot build {family.__name__} from the model section: {error}") from error
    if recipe.init_from and not last.exists():
        _take_weights(model, recipe.init_from)
        say(f"beginning with the weights of {recipe.init_from}")
    say(f"{family.__name__}, {sum(p.numel() for p in model.parameters()):,} parameters; writing to {recipe.folder}")
    if last.exists():
        say(f"continuing from {last}")
    try:
        trainer.fit(model, ckpt_path=str(last) if last.exists() else None)
    except SystemExit as stop:  # what Lightning makes of Ctrl+C
        say(f"stopped at step {trainer.global_step}; the same command goes on from the last checkpoint")
        raise KeyboardInterrupt from stop
    say(f"done: {saver.seconds / 60:.1f} minutes of training, results in {recipe.folder / 'results.jsonl'}")


def _take_weights(model: Any, path: Path) -> None:
    """Give the model the weights of a .nemo file of the same architecture."""
    try:
        model.load_state_dict(type(model).restore_from(str(path), map_location="cpu").state_dict())
    except Exception as error:  # a .nemo can fail in any library it uses; the user needs the sentence
        reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        raise ModelError(f"The training cannot begin with the weights of {path}: {reason}") from error


def _remember(folder: Path, config: DictConfig, path: Path, overrides: Sequence[str]) -> None:
    """Write train.yaml, or check that the folder was begun with the same configuration."""
    record = folder / "train.yaml"
    now = OmegaConf.to_container(config, resolve=True)
    assert isinstance(now, dict)
    if record.exists():
        before = OmegaConf.load(record).configuration
        changed = [
            f"{key} was {OmegaConf.select(before, key)}, is {OmegaConf.select(config, key)}"
            for key in sorted(_keys(before) | _keys(config))
            if key.split(".")[0] not in FREE_TO_CHANGE
            and OmegaConf.select(before, key) != OmegaConf.select(config, key)
        ]
        leaves = [line for line in changed if "{" not in line]
        if changed:
            raise ConfigError(
                f"{folder} holds a training with another configuration ({'; '.join((leaves or changed)[:3])}); "
                "choose another folder=..., or delete that one."
            )
        return
    command = shlex.join(["python", "app.py", "train", str(path), *overrides])
    document = {
        "command": command,
        "started": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "seed": now.get("seed"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "configuration": now,
    }
    OmegaConf.save(OmegaConf.create(document), record)


def _keys(node: Any, prefix: str = "") -> set[str]:
    """Every dotted key of a configuration, inner nodes too; lists count as leaves."""
    if not isinstance(node, DictConfig):
        return set()
    found: set[str] = set()
    for key in map(str, node):
        name = f"{prefix}{key}"
        found.add(name)
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not isinstance(child, ListConfig):
            found |= _keys(child, f"{name}.")
    return found


def _only_known(prefix: str, node: Any, known: Sequence[str]) -> None:
    if not isinstance(node, DictConfig):
        raise ConfigError(f'"{prefix.rstrip(".")}" of the training configuration must be a mapping.')
    for key in map(str, node):
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise ConfigError(
                f'The training configuration has no key "{prefix}{key}"; did you mean "{prefix}{nearest}"?'
            )


def _path(value: Any) -> Path:
    return Path(str(value)).expanduser().absolute()


def _print_to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
