"""What is heard in the browser, as samples: records everything a deck plays, and reads position and level from it.

A chirp tells its own position: its frequency is ``start + slope * seconds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from flask import Flask, Response
from playwright.sync_api import Page

RATE = 24_000
FRAME = 1024
BLOCK = 128
PROCESSOR = """registerProcessor("recorder", class extends AudioWorkletProcessor {
    process([input]) {
        this.port.postMessage([currentFrame, input[0] ? input[0].slice() : new Float32Array(128)]);
        return true;
    }
});"""
RECORD = """async () => {
    const output = earmark.parts.decks.output();
    const { context } = output;
    if (!window.recorder) {
        await context.audioWorklet.addModule("/recorder.js");
        window.recorder = new AudioWorkletNode(context, "recorder");
        output.connect(window.recorder).connect(context.destination);
    }
    const heard = window.heard = { rate: context.sampleRate, blocks: [], times: [] };
    window.recorder.port.onmessage = ({ data: [frame, block] }) => {
        heard.blocks.push(block);
        heard.times.push(frame);
    };
}"""
HEARD = """() => {
    const { blocks, rate, times } = window.heard;
    return { rate, times, blocks: blocks.map((block) => [...block].map((sample) => Math.round(sample * 32767))) };
}"""


def write_chirp(path: Path, *, start_hz: float, slope: float, seconds: float, peak_db: float = -12.0) -> Path:
    """A chirp whose frequency rises by ``slope`` hertz a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (start_hz * time + slope * time**2 / 2)
    soundfile.write(path, 10 ** (peak_db / 20) * np.sin(phase), RATE, subtype="PCM_16")
    return path


def serve_recorder(server: Flask) -> None:
    """Have an app serve the recorder's script: the pages' own rules allow scripts from nowhere else."""
    server.add_url_rule("/recorder.js", "recorder", lambda: Response(PROCESSOR, mimetype="text/javascript"))


def record(page: Page) -> None:
    """Record from now on."""
    page.evaluate(RECORD)


def heard(page: Page) -> tuple[np.ndarray, int]:
    """All samples recorded so far, full scale 1.0, and their rate; recorded in the thread that makes the sound."""
    told = page.evaluate(HEARD)
    starts = np.array(told["times"]) - told["times"][0]
    samples = np.zeros(starts[-1] + BLOCK)  # a block that was not made counts as silence
    for start, block in zip(starts.tolist(), told["blocks"], strict=True):
        samples[start : start + BLOCK] = np.array(block, np.float64) / 32767
    return samples, int(told["rate"])


def longest_silence(samples: np.ndarray, rate: int) -> float:
    """Seconds of the longest stretch below -60 dBFS between the first and the last sound."""
    loud = np.flatnonzero(np.abs(samples) > 0.001)
    return float(np.diff(loud).max(initial=0)) / rate if loud.size else float("inf")


def positions(
    samples: np.ndarray, rate: int, chirps: Mapping[str, tuple[float, float]]
) -> list[tuple[float, str, float]]:
    """For each frame with one clear tone: its time, whose chirp it is, and the position in the sound, all in seconds.

    The chirps are (start, slope) and their frequencies must not overlap; the strongest bin is refined by a parabola.
    """
    window = np.hanning(2 * FRAME)
    found = []
    for first in range(0, len(samples) - 2 * FRAME, FRAME // 2):
        frame = samples[first : first + 2 * FRAME]
        before, after = (np.sqrt(np.mean(half**2)) for half in (frame[:FRAME], frame[FRAME:]))
        if not (before > 0.003 and 0.7 < after / before < 1.4):  # silence or a fade
            continue
        frame = frame * window
        power = np.log(np.abs(np.fft.rfft(frame)) + 1e-12)
        peak = int(power[1:-1].argmax()) + 1
        left, top, right = power[peak - 1 : peak + 2]
        hz = (peak + 0.5 * (left - right) / (left - 2 * top + right)) * rate / (2 * FRAME)
        for name, (start, slope) in chirps.items():
            position = (hz - start) / slope
            if -0.1 <= position <= 4.1:
                found.append(((first + FRAME) / rate, name, position))
    return found
