"""Lightning checkpoints (.ckpt) of NeMo trainings, made into models without running what is pickled in them.

Such a file is a pickle of weights, optimizer states and the model's configuration. It is read by torch's "weights only"
unpickler, with nothing allowed beside tensors but OmegaConf's containers, the dataclasses of NeMo's configurations and
plain types: a file that names anything else (``os.system``...) is refused and nothing of it runs. What the
configuration names is NeMo's own classes; a .nemo of the same training beside it serves as their tokenizer and
configuration where there is one.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from explorer.errors import ModelError

PLAIN = {
    "builtins": ("bool", "dict", "float", "int", "list", "set", "str", "tuple", "bytes", "complex"),
    "__builtin__": ("bool", "dict", "float", "int", "long", "list", "set", "str", "tuple", "unicode"),
    "collections": ("OrderedDict", "defaultdict"),
    "datetime": ("timedelta",),
    "pathlib": ("Path", "PosixPath", "PurePosixPath"),
    "typing": ("Any", "List", "Dict", "Optional", "Union", "Tuple"),
}
"""What a checkpoint may name, by module, beside OmegaConf's classes and NeMo's configurations."""

OMEGACONF = "omegaconf."
NEMO_MODELS = "nemo.collections.asr."


def model_of(path: Path, device: str) -> Any:
    """The model that a checkpoint holds, in evaluation mode's state: weights loaded, no data set opened.

    Raises:
        ModelError: the file is damaged, names what it may not, or its model cannot be built.
    """
    content = _content(path, device)
    weights = content.get("state_dict")
    if not isinstance(weights, Mapping):
        raise ModelError(f"{path} has no weights (state_dict): it is no checkpoint of a training.")
    model = _built(path, content, device)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"The weights of {path} do not fit its model: {str(error).splitlines()[0]}") from error
    return model


def _content(path: Path, device: str) -> Mapping[str, Any]:
    import torch

    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except Exception as error:  # zip, pickle and torch errors alike: the user needs the sentence
        raise ModelError(f"{path} is no complete checkpoint: {type(error).__name__}: {_first(error)}") from error
    allowed = [_allowed(name, path) for name in named]
    try:
        with torch.serialization.safe_globals(allowed):
            content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be read safely: {type(error).__name__}: {_first(error)}") from error
    if not isinstance(content, Mapping):
        raise ModelError(f"{path} holds a {type(content).__name__}, not the state of a training.")
    return content


def _allowed(name: str, path: Path) -> Any:
    """The harmless thing that a checkpoint names.

    Raises:
        ModelError: it is none.
    """
    module, _, attribute = name.rpartition(".")
    if attribute in PLAIN.get(module, ()):
        plain = {"long": "int", "unicode": "str"}.get(attribute, attribute)
        return getattr(importlib.import_module("builtins" if module == "__builtin__" else module), plain)
    if module.startswith((OMEGACONF, NEMO_MODELS)):
        found = getattr(importlib.import_module(module), attribute, None)
        if isinstance(found, type) and (module.startswith(OMEGACONF) or dataclasses.is_dataclass(found)):
            return found
    raise ModelError(
        f"{path} names {name}, which is neither a tensor nor a configuration, so it was not loaded: a pickle can run "
        "code. If you trust it, save the model as .nemo with NeMo (model.save_to) and load that."
    )


def _built(path: Path, content: Mapping[str, Any], device: str) -> Any:
    """A model of the checkpoint's configuration, its weights still to be loaded."""
    config = _configuration(path, content)
    target = str(config.get("target", ""))
    if not target.startswith(NEMO_MODELS):
        raise ModelError(
            f'The configuration in {path} names the class "{target}"; only NeMo\'s speech models are loaded.'
        )
    module, _, name = target.rpartition(".")
    try:
        family = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ModelError(f"{path} is of a model {target}, which this NeMo does not have.") from error
    sibling = _sibling(path, target)
    if sibling is not None:
        return family.restore_from(str(sibling), map_location=device)
    try:
        return _from_configuration(family, config)
    except Exception as error:  # whatever NeMo raises: usually the tokenizer's files are not where they were
        raise ModelError(
            f"{path} has the weights, but its model cannot be built here ({type(error).__name__}: {_first(error)}). "
            "Put a .nemo of the same training beside it: that carries the tokenizer."
        ) from error


def _configuration(path: Path, content: Mapping[str, Any]) -> Any:
    """NeMo's configuration: in the checkpoint, or in the hparams.yaml that the logger wrote beside it."""
    from omegaconf import OmegaConf

    kept = content.get("hyper_parameters")
    if kept is not None and "cfg" in kept:
        return OmegaConf.create(OmegaConf.to_container(OmegaConf.create(kept["cfg"]), resolve=False))
    for folder in (path.parent, path.parent.parent):
        written = folder / "hparams.yaml"
        if written.is_file():
            try:
                told = yaml.safe_load(written.read_text(encoding="utf-8"))
            except (OSError, yaml.YAMLError) as error:
                raise ModelError(f"{written} cannot be read: {_first(error)}") from error
            if isinstance(told, dict) and "cfg" in told:
                return OmegaConf.create(told["cfg"])
    raise ModelError(f"{path} does not hold its model's configuration, and there is no hparams.yaml beside it.")


def _sibling(path: Path, target: str) -> Path | None:
    """A .nemo of the same class in the checkpoint's folder or the one above."""
    from nemo.collections.asr.models import ASRModel

    for archive in (*sorted(path.parent.glob("*.nemo")), *sorted(path.parent.parent.glob("*.nemo"))):
        try:
            if str(ASRModel.restore_from(str(archive), return_config=True).get("target")) == target:
                return archive
        except Exception:  # noqa: BLE001 - a damaged neighbour is no reason not to try the configuration
            continue
    return None


def _from_configuration(family: Any, config: Any) -> Any:
    """The model of a configuration, as NeMo makes it when it restores one: without opening any data set."""
    from omegaconf import open_dict

    with open_dict(config):
        for section in ("train_ds", "validation_ds", "test_ds"):
            if config.get(section) is not None:
                config[section].manifest_filepath = None
    before = family._is_model_being_restored()
    family._set_model_restore_state(is_being_restored=True)
    try:
        return family(cfg=config)
    finally:
        family._set_model_restore_state(is_being_restored=before)


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else "no reason given"
