"""NeMo models as recognizers: CTC, RNNT, TDT, hybrid and attention (AED) models, from a .nemo file or by name.

Written for nemo_toolkit 3.0. Audio goes in as float32 arrays at the model's rate, so decoding, resampling and the
choice of channel are ours and equal for all engines. Word times come from CTC and transducer models; attention
models and those whose decoding gives none have ``words == ()``. NeMo is not safe for threads: only the worker
process and the command line use it, one call at a time.

A .nemo file is an archive with a configuration that names Python classes: load only files you trust.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from evaluator.engines import Hypothesis
from evaluator.nemo_models import device_named, engine_error, file_hash, first_line, quiet, restored
from explorer.errors import ConfigError, EngineError, ModelError
from explorer.segments import Segment
from explorer.sound.audio import Audio

Precision = Literal["auto", "float32", "bfloat16", "float16"]
PRECISIONS: tuple[Precision, ...] = ("auto", "float32", "bfloat16", "float16")
_SHORTEST = 0.05  # s; shorter audio is widened with zeros, because some encoders cannot take less than a few frames
_PROMPT = {  # what NeMo fills in for files but not for arrays, as the slots of both Canary prompts
    "source_lang": "en",
    "target_lang": "en",
    "task": "asr",
    "pnc": "yes",
    "itn": "no",
    "timestamp": "no",
    "diarize": "no",
    "emotion": "<|emo:undefined|>",
    "decodercontext": "",
}


class NemoRecognizer:
    """The engine "nemo" (see Recognizer).

    ``device``: "auto" (CUDA if there is one), "cpu", "cuda" or "cuda:1". ``precision``: "auto" is float32; bfloat16
    and float16 run the network under autocast, on CUDA only. ``decoder``: "ctc" or "rnnt" of a hybrid model.
    ``prompt``: slots of an attention model, for example {"source_lang": "de", "target_lang": "de"}; without it the
    model's own defaults hold, else English transcription with punctuation.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        timestamps: bool = True,
        decoder: Literal["ctc", "rnnt"] | None = None,
        prompt: Mapping[str, str] | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f'"{precision}" is not a precision; known are: {", ".join(PRECISIONS)}.')
        quiet()
        import torch

        self._torch = torch
        self._device = device_named(device)
        self._precision = precision if precision != "auto" and self._device.startswith("cuda") else "float32"
        self._model_name = model
        self._model = _recognizer(model, self._device)
        self._model.eval()
        self.sample_rate = int(self._model.cfg.get("sample_rate", 0) or self._model.cfg.preprocessor.sample_rate)
        if decoder is not None:
            self._choose_decoder(decoder)
        self._timestamps = timestamps and self._compute_timestamps()
        self._config = self._transcribe_config(prompt)

    @property
    def description(self) -> Mapping[str, Any]:
        """Class, file and its SHA-256, parameters, device, precision and versions."""
        import nemo

        path = Path(self._model_name).expanduser()
        file = {"sha256": file_hash(path), "bytes": path.stat().st_size} if path.is_file() else {}
        return {
            "model": str(path.resolve()) if path.is_file() else self._model_name,
            **file,
            "class": type(self._model).__name__,
            "parameters": sum(parameter.numel() for parameter in self._model.parameters()),
            "device": self._device
            + (f" ({self._torch.cuda.get_device_name(self._device)})" if self._device.startswith("cuda") else ""),
            "precision": self._precision,
            "word_times": self._timestamps,
            "versions": {"nemo": nemo.__version__, "torch": str(self._torch.__version__)},
        }

    def transcribe(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        """One Hypothesis per Audio; audio without samples is not shown to the model."""
        spoken = [index for index, audio in enumerate(batch) if len(audio.samples)]
        heard = iter(self._recognize([batch[index] for index in spoken]) if spoken else [])
        full = set(spoken)
        return [next(heard) if index in full else Hypothesis("") for index in range(len(batch))]

    def _recognize(self, batch: Sequence[Audio]) -> list[Hypothesis]:
        samples = [_samples(audio, rate=self.sample_rate) for audio in batch]
        config = copy.copy(self._config)  # dataclasses.replace() would lose pad_min_duration, which is not a field
        config.batch_size, config._internal = len(samples), None
        try:
            with self._torch.inference_mode(), self._autocast():
                outputs = [output for part in self._model.transcribe_generator(samples, config) for output in part]
        except Exception as error:  # any of torch's and NeMo's errors: the caller retries smaller, then lists it
            raise engine_error(error, count=len(batch)) from error
        if len(outputs) != len(batch):
            raise EngineError(f"NeMo gave {len(outputs)} results for {len(batch)} recordings.")
        return [
            Hypothesis(_text(output), self._words(output, audio.duration))
            for output, audio in zip(outputs, batch, strict=True)
        ]

    def close(self) -> None:
        """Free the model's memory, the GPU's too."""
        del self._model
        if self._device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self._precision == "float32":
            return contextlib.nullcontext()
        return self._torch.autocast("cuda", dtype=getattr(self._torch, self._precision))

    def _choose_decoder(self, decoder: str) -> None:
        if decoder not in ("ctc", "rnnt"):
            raise ConfigError(f'"{decoder}" is not a decoder of a hybrid model; use "ctc" or "rnnt".')
        if not hasattr(self._model, "cur_decoder"):
            raise ConfigError(
                f'The option "decoder" is for hybrid models; {self._model_name} is a {type(self._model).__name__}.'
            )
        self._model.change_decoding_strategy(decoder_type=decoder, verbose=False)

    def _compute_timestamps(self) -> bool:
        """Switch word times on, as ``transcribe(timestamps=True)`` does before its first batch; False if it can't."""
        from nemo.collections.asr.models import EncDecMultiTaskModel
        from omegaconf import open_dict

        model = self._model
        if isinstance(model, EncDecMultiTaskModel):
            return False
        on_ctc_side = getattr(model, "cur_decoder", "rnnt") == "ctc"
        decoding = model.cfg.aux_ctc.decoding if on_ctc_side else model.cfg.decoding
        before = decoding.copy()
        side = {"decoder_type": model.cur_decoder} if hasattr(model, "cur_decoder") else {}
        try:
            with open_dict(decoding):
                decoding.compute_timestamps = True
            model.change_decoding_strategy(decoding, verbose=False, **side)
        except (ValueError, NotImplementedError):  # beam strategies refuse: their text without times is still right
            model.change_decoding_strategy(before, verbose=False, **side)
            return False
        return True

    def _transcribe_config(self, prompt: Mapping[str, str] | None) -> Any:
        from nemo.collections.asr.models import EncDecMultiTaskModel

        config = self._model.get_transcribe_config()
        config.return_hypotheses = True
        config.num_workers = 0
        config.verbose = False
        config.timestamps = self._timestamps or None
        if isinstance(self._model, EncDecMultiTaskModel):
            config.enable_chunking = False  # pieces are cut by us
            # pad_min_duration stays 1 s, as these models have it for files: there are no times to shift
            config.prompt = [{"role": "user", "slots": _prompt_slots(self._model.prompt, prompt or {})}]
            return config
        config.pad_min_duration = 0.0  # NeMo centres short arrays in 1 s, which shifts their word times
        if prompt:
            raise ConfigError(
                f'The option "prompt" is for attention models; {self._model_name} is a {type(self._model).__name__}.'
            )
        return config

    def _words(self, output: Any, duration: float) -> tuple[Segment, ...]:
        """Words with their times, inside the recording; () when the decoding gave none."""
        times = getattr(output, "timestamp", None)
        if not self._timestamps or not isinstance(times, dict):
            return ()
        span = Segment(0.0, duration)
        words = [(float(word["start"]), float(word["end"]), str(word["word"])) for word in times.get("word", ())]
        return tuple(
            Segment(min(start, span.end), min(max(start, end), span.end), label) for start, end, label in words if label
        )


def _prompt_slots(formatter: Any, given: Mapping[str, Any]) -> dict[str, str]:
    """All slots of the user's turn: the given ones, else the model's own defaults, else NeMo's for files."""
    known = formatter.get_slots("user")
    slots = {"task" if name == "taskname" else name: _yes_or_no(value) for name, value in given.items()}
    if unknown := sorted(set(slots) - set(known)):
        raise ConfigError(f'The model has no prompt slot "{unknown[0]}"; it has: {", ".join(sorted(known))}.')
    (own,) = [turn["slots"] for turn in formatter.get_default_dialog_slots() if turn["role"] == "user"]
    slots = {**_PROMPT, **{name: value for name, value in own.items() if value is not None}, **slots}
    slots = {name: slots[name] for name in known if name in slots}
    try:
        formatter.encode_dialog([{"role": "user", "slots": dict(slots)}])
    except (AssertionError, KeyError) as error:  # how NeMo refuses a value, and a token the model does not have
        said = ", ".join(f"{name}: {value}" for name, value in slots.items())
        raise ConfigError(f"The model does not take this prompt ({said}): {first_line(error)}.") from error
    return slots


def _yes_or_no(value: Any) -> Any:
    """YAML reads a bare yes as true; the prompts spell it."""
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _samples(audio: Audio, *, rate: int) -> np.ndarray:
    """Finite float32 samples, at least _SHORTEST seconds of them (zeros follow)."""
    if audio.sample_rate != rate:
        raise EngineError(f"The model needs {rate} Hz, not {audio.sample_rate} Hz; resample first.")
    samples = np.nan_to_num(np.asarray(audio.samples, dtype=np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
    missing = round(_SHORTEST * rate) - len(samples)
    return np.pad(samples, (0, missing)) if missing > 0 else samples


def _text(output: Any) -> str:
    best = output[0] if isinstance(output, list) else output  # n-best decoding: the best comes first
    return str(getattr(best, "text", best)).strip()


def _recognizer(name: str, device: str) -> Any:
    model = restored(name, device)
    if not hasattr(model, "transcribe_generator") or not hasattr(model, "decoding"):
        raise ModelError(f"{name} is a {type(model).__name__}, not a speech recognizer.")
    return model
