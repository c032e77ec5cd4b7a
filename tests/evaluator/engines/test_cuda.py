"""The engine "nemo" on a GPU: the same words as on the CPU, in every precision, and batches that do not fit are halved.

Skipped where there is no CUDA. Speech of eSpeak NG, heard by the demo's best checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluator.engines import load_recognizer
from evaluator.scoring.alignment import align
from evaluator.synthesizers.espeak import EspeakSynthesizer
from evaluator.transcribing.transcription import _Model
from explorer.errors import OutOfMemory
from explorer.sound.audio import Audio, resample

MODEL = Path(__file__).resolve().parents[3] / "configs" / "demo" / "tiny-e4.nemo"
SAID = (
    "turn on the light in the kitchen",
    "set the timer to twenty minutes",
    "close the door of the garage",
    "play the next song",
    "is the window in the bedroom open",
    "call anna",
)


@pytest.fixture(scope="module")
def cuda() -> Any:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA")
    return torch.cuda


@pytest.fixture(scope="module")
def speech(cuda: Any) -> list[Audio]:
    voice = EspeakSynthesizer()
    return [resample(voice.synthesize(text), 16_000) for text in SAID]


@pytest.fixture(scope="module")
def on_the_cpu(speech: list[Audio]) -> list[str]:
    heard = load_recognizer("nemo", str(MODEL), device="cpu").transcribe(speech)
    assert sum(bool(hypothesis.text) for hypothesis in heard) >= len(SAID) - 1
    return [hypothesis.text for hypothesis in heard]


@pytest.fixture
def little_memory(cuda: Any) -> Iterator[None]:
    """What the model takes is free, and hardly more."""
    free = 96 * 2**20 / cuda.get_device_properties(0).total_memory
    cuda.empty_cache()
    cuda.set_per_process_memory_fraction(free)
    yield
    cuda.set_per_process_memory_fraction(1.0)
    cuda.empty_cache()


def differences(texts: list[str], others: list[str]) -> tuple[int, int]:
    """(words that differ, words)."""
    counts = [align(one.split(), other.split()).counts for one, other in zip(texts, others, strict=True)]
    return sum(c.substitutions + c.deletions + c.insertions for c in counts), sum(c.length for c in counts)


@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "share"), [("float32", 0.0), ("bfloat16", 0.1), ("float16", 0.1)])
def test_a_gpu_hears_what_the_cpu_hears(
    speech: list[Audio], on_the_cpu: list[str], precision: str, share: float
) -> None:
    recognizer = load_recognizer("nemo", str(MODEL), device="cuda", precision=precision)
    heard = recognizer.transcribe(speech)
    wrong, words = differences(on_the_cpu, [hypothesis.text for hypothesis in heard])
    assert wrong <= share * words
    assert recognizer.description["device"].startswith("cuda (")
    assert recognizer.description["precision"] == precision
    assert all(len(hypothesis.words) == len(hypothesis.text.split()) for hypothesis in heard)
    recognizer.close()


@pytest.mark.slow
@pytest.mark.gpu
def test_a_batch_that_does_not_fit_is_halved(little_memory: None, speech: list[Audio], on_the_cpu: list[str]) -> None:
    recognizer = load_recognizer("nemo", str(MODEL), device="cuda")
    with pytest.raises(OutOfMemory, match="did not fit into memory"):
        recognizer.transcribe(speech * 200)
    heard = _Model(recognizer).hear(speech * 200)
    assert differences(on_the_cpu * 200, [one.text for one in heard]) == (
        0,
        200 * sum(len(t.split()) for t in on_the_cpu),
    )
    recognizer.close()
