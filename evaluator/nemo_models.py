"""NeMo models of any kind: loaded from a .nemo file or by name, quietly, with a sentence when that fails.

A .nemo file is an archive with a configuration that names Python classes: load only files you trust.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from evaluator.lightning_checkpoints import model_of
from explorer.errors import ConfigError, EngineError, ModelError, OutOfMemory

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cudnn_status_alloc_failed")


def quiet() -> None:
    """Silence NeMo before it is imported and after: its buffered log records would also grow without end."""
    logging.getLogger("nv_one_logger").setLevel(logging.CRITICAL)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the web server on small machines
    with _stdout_to_stderr():
        from nemo.utils import logging as nemo_logging

    nemo_logging.setLevel(logging.ERROR)


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Keep a library's chatter out of a command's output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def device_named(name: str) -> str:
    """The device that a configuration means; "auto" is CUDA when there is one.

    Raises:
        ConfigError: there is no such device here.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(
            f'The device "{name}" was asked for, but this machine has no usable CUDA; use "cpu" or "auto".'
        )
    try:
        torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f'"{name}" is not a device; use "auto", "cpu", "cuda" or "cuda:1".') from error
    return name


def restored(name: str, device: str) -> Any:
    """The NeMo model of a .nemo file, a .ckpt (lightning_checkpoints.py) or a pretrained name, on the device.

    Raises:
        ModelError: there is no such file or name, or it is damaged.
        OutOfMemory: it does not fit.
    """
    from nemo.collections.asr.models import ASRModel

    path = Path(name).expanduser()
    is_file = name.endswith((".nemo", ".ckpt")) or path.exists()
    if is_file and not path.is_file():
        raise ModelError(f"There is no model file {path}; give the path of a .nemo file.")
    try:
        with _stdout_to_stderr():
            if path.suffix == ".ckpt":
                model = model_of(path, device)
            elif is_file:
                model = ASRModel.restore_from(str(path), map_location=device)
            else:
                model = ASRModel.from_pretrained(name, map_location=device)
    except ModelError:
        raise
    except Exception as error:  # a .nemo can fail in any library it uses; the user needs the sentence
        raise _model_error(name, error, is_file=is_file) from error
    return model.to(device)


def restored_voice(name: str, device: str, *, kind: str) -> Any:
    """The speech synthesis model of a .nemo file, of the class called ``kind``, on the device.

    Raises:
        ModelError: there is no such file, it is damaged, or of another kind.
        OutOfMemory: it does not fit.
    """
    from nemo.collections.tts import models

    path = Path(name).expanduser()
    if not path.is_file():
        raise ModelError(f"There is no model file {path}; give the path of a .nemo file.")
    expected = getattr(models, kind)
    try:
        with _stdout_to_stderr():
            target = str(expected.restore_from(str(path), return_config=True).get("target", ""))
            if not target.endswith(f".{kind}"):
                found = target.rpartition(".")[2] or "model that does not say what it is"
                raise ModelError(f"{path} is a {found}, expected a {kind}.")
            # Not strict: discriminators are often left out, being of no use but for training.
            model = expected.restore_from(str(path), map_location=device, strict=kind != "HifiGanModel")
    except ModelError:
        raise
    except Exception as error:  # a .nemo can fail in any library it uses; the user needs the sentence
        raise _model_error(name, error, is_file=True) from error
    return model.to(device)


def _model_error(name: str, error: Exception, *, is_file: bool) -> EngineError:
    import tarfile

    reason = f"{type(error).__name__}: {first_line(error)}"
    if _is_memory_error(error):
        return OutOfMemory(f"There is not enough memory to load {name} ({reason}).")
    if not is_file:
        return ModelError(
            f'The pretrained model "{name}" could not be fetched ({reason}). Without a network, download its .nemo'
            " file elsewhere and give the file's path as the model."
        )
    if isinstance(error, (tarfile.ReadError, EOFError)) or "unexpected end of data" in str(error):
        return ModelError(f"{name} is not a complete .nemo file: it is truncated or something else ({reason}).")
    return ModelError(f"{name} could not be loaded as a NeMo model ({reason}).")


def engine_error(error: Exception, *, count: int) -> EngineError:
    """What went wrong in a batch of ``count`` recordings, as a sentence; OutOfMemory when it did not fit."""
    if _is_memory_error(error):
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return OutOfMemory(f"A batch of {count} did not fit into memory ({first_line(error)}).")
    return EngineError(f"The model failed: {type(error).__name__}: {first_line(error)}")


def _is_memory_error(error: Exception) -> bool:
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY_WORDS)


def first_line(error: Exception) -> str:
    """The first line of an error's text, not too long."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else "no reason given"


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
