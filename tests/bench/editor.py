"""What a reviewer waits for in a real browser: the next utterance, ready to be heard, and the rates of an edited text.

Starts the product in its own process over 200 utterances of 3 to 15 s with two systems, and drives the review page with
Chromium. "Ready" is: the text is on the screen, the waveform and the spectrogram's facts are there, and the sound has
data to play at once. Wall times inside the browser, from the key to the frame in which it is so.

    python -m tests.bench review
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Page, sync_playwright

from tests.bench.serving import server
from tests.browser.conftest import ARGUMENTS

UTTERANCES = 200
RATE = 16_000
STEPS = 40
LISTENING = 1_200  # ms between two keys: less than anybody listens
WORDS = ("the", "a", "lamp", "garden", "music", "seven", "minutes", "open", "door", "please", "turn", "radio", "six")

TIMED = """
([key, what]) => new Promise((resolve, reject) => {
  const before = new URLSearchParams(location.search).get('u');
  const field = document.getElementById('review-text');
  const text = field.value;
  const started = performance.now();
  const there = {
    next: () => {
      const player = earmark.parts.ensemble.find('.review-frame.is-shown .player');
      return new URLSearchParams(location.search).get('u') !== before && player && player.root.dataset.state === 'ready'
        && player.audio.readyState >= 2;
    },
    rates: () => document.getElementById('review-rates').dataset.state === 'ready',
  }[what];
  if (what === 'rates') {
    field.value = text + ' x';
    field.dispatchEvent(new InputEvent('input', {bubbles: true}));
  } else window.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  const look = () => {
    if (there()) resolve(performance.now() - started);
    else if (performance.now() - started > 20000) reject(new Error('not within 20 s'));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""


def measure(folder: Path) -> None:
    """Print the times."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    with tempfile.TemporaryDirectory(dir=folder) as made, sync_playwright() as playwright:
        manifest = _manifest(Path(made))
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        with server(Path(made), manifest) as (address, _process, _started):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.context.add_cookies([{"name": "earmark_name", "value": "bench", "url": address}])
            page.goto(f"{address}/review?order=table")
            page.wait_for_selector("#review-rates[data-state=ready]", timeout=60_000)
            page.wait_for_timeout(2_000)
            _told("next, after a second of listening", _times(page, "j", "next", LISTENING))
            _told("accept and next, after a second", _times(page, "a", "next", LISTENING))
            _told("next, without a pause", _times(page, "j", "next", 0))
            _told("rates after a keystroke", _times(page, "", "rates", 300))
        browser.close()


def _times(page: Page, key: str, what: str, pause: int) -> list[float]:
    times = []
    for _ in range(STEPS):
        times.append(float(page.evaluate(TIMED, [key, what])))
        page.wait_for_timeout(pause)
    return times


def _told(label: str, times: list[float]) -> None:
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{label:36} median {statistics.median(times):5.0f} ms   p95 {p95:5.0f} ms   largest {max(times):5.0f} ms")


def _manifest(folder: Path) -> Path:
    """Noise that swells and fades like speech, and texts with a few errors."""
    rng = np.random.default_rng(7)
    lines = []
    for number in range(UTTERANCES):
        length = int(RATE * (3 + number % 13))
        swell = np.abs(np.sin(np.arange(length) / RATE * 9)) * 0.2
        soundfile.write(folder / f"{number}.wav", swell * rng.standard_normal(length), RATE)
        words = list(rng.choice(WORDS, 8 + number % 30))
        heard = {f"pred_text_{name}": " ".join(w if rng.random() > 0.1 else "x" for w in words) for name in "ab"}
        row = {"audio_filepath": f"{number}.wav", "duration": length / RATE, "text": " ".join(words), **heard}
        lines.append(json.dumps(row))
    path = folder / "speech.json"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
