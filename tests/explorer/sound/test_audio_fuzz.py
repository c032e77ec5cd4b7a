"""A sample of the mutated sound files that `make fuzz` tries whole, and that the fuzzer notices harm."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.fuzz import audio_fuzz


def test_mutated_sound_files_give_sound_or_a_sentence(tmp_path: Path) -> None:
    findings, outcomes = audio_fuzz.fuzz(range(5_000, 5_000 + 5 * len(audio_fuzz.KINDS)), tmp_path)
    assert findings == []
    assert outcomes["sound"] > 10
    assert outcomes["UnreadableAudio"] > 10


def test_files_that_once_did_harm(tmp_path: Path) -> None:
    """Seeking before the start in broken headers, a WAV beyond its own end, a stream not announced, 18 channels."""
    for number in (14, 34, 291, 336, 391, 784, 1041, 1430, 1885, 2238, 4849):
        kind, content = audio_fuzz.mutated(number)
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(content)
        assert audio_fuzz.decode(path) in ("sound", "UnreadableAudio")


def test_the_fuzzer_notices_a_process_that_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def killing(child: audio_fuzz._Child, path: Path) -> str:
        sent.append(1)
        os.kill(child._process.pid, signal.SIGSEGV)
        return child._answer(audio_fuzz.LIMIT)

    monkeypatch.setattr(audio_fuzz._Child, "decode", killing)
    findings, _ = audio_fuzz.fuzz(range(2), tmp_path, say=lambda line: None)
    assert [f.what for f in findings] == ["the process ended with code -11"] * 2
    assert len(sent) == 2
