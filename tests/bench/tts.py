"""The listening room at 1,000 sentences x 10 systems: opening, first sound, and the gap when the system is switched.

Set and page are timed in this process; sound in Chromium, from the samples that the page plays, on a server of its own.
Sentences are chirps (tests/browser/listening.py), so that the record tells whose sound is heard and where.

    python -m tests.bench tts
"""

from __future__ import annotations

import json
import logging
import random
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from app import DEFAULTS, create_app, open_stores
from evaluator.pages import tts
from evaluator.tts.stimuli import stimulus_set
from evaluator.tts.stimulus_set import StimulusSet
from explorer.config_files import load
from explorer.querying.parameters import Parameters
from tests.browser.conftest import ARGUMENTS
from tests.browser.listening import heard, longest_silence, record, serve_recorder, write_chirp

SENTENCES, SYSTEMS = 1000, 10
SOUNDS = 40
"""Sound files; the sentences use them in turn, each under a path of its own."""

ROWS = 6
"""Sentences on a page of so many systems."""

PLAYS = 30
FRESH = range(90, 90 + PLAYS)
"""The sentences whose first sound is timed."""

SWITCHES = 20
FIRST_SOUND = """async (row) => {
    const rows = document.querySelectorAll('.tts-row');
    const player = rows[row].querySelector('.player');
    const analyser = window.analyser = window.analyser || (() => {
        const output = earmark.parts.decks.output();
        const made = output.context.createAnalyser();
        made.fftSize = 256;
        output.connect(made);
        return made;
    })();
    const samples = new Float32Array(256);
    const began = performance.now();
    earmark.player.play(player);
    for (;;) {
        analyser.getFloatTimeDomainData(samples);
        if (samples.some((sample) => Math.abs(sample) > 0.001)) break;
        if (performance.now() - began > 5000) return 5000;
        await new Promise((resolve) => { setTimeout(resolve, 2); });
    }
    const took = performance.now() - began;
    earmark.player.pause(player);
    await new Promise((resolve) => { setTimeout(resolve, 60); });
    return took;
}"""


def measure(folder: Path, say: Callable[[str], None] = print) -> None:
    """Print the figures."""
    manifest = _material(folder)
    overrides = [f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}"]
    stores = open_stores(load([DEFAULTS], overrides))
    stores.library.open("voices", [manifest])
    while not stores.library.get("voices").complete or stores.pending({"corpus": "voices"}):
        time.sleep(0.05)
    corpus = stores.corpus({"corpus": "voices"})
    say(f"{SENTENCES:,} sentences x {SYSTEMS} systems")
    began, cpu = time.perf_counter(), time.process_time()
    found = stimulus_set(corpus)
    _line(say, "stimulus set, made", time.perf_counter() - began, cpu=time.process_time() - cpu)
    assert (len(found.sentences), len(found.systems)) == (SENTENCES, SYSTEMS)
    views = {"first page": "", "ordered by a score": "&show=score&order=down", "filter": "&where={score}>0.5"}
    for label, search in views.items():
        times, used = [], []
        for _ in range(5):
            began, cpu = time.perf_counter(), time.process_time()
            tts.layout(stores, Parameters.of(f"?corpus=voices{search}"))
            times.append(time.perf_counter() - began)
            used.append(time.process_time() - cpu)
        _line(say, f"page on the server: {label}, median", statistics.median(times), cpu=statistics.median(used))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = create_app(stores).server
    serve_recorder(server)
    running = make_server("127.0.0.1", 0, server, threaded=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    _server_part(server.test_client(), found, say)
    try:
        _browser(f"http://127.0.0.1:{running.server_port}", say)
    finally:
        running.shutdown()
        stores.close()


def _server_part(client: FlaskClient, found: StimulusSet, say: Callable[[str], None]) -> None:
    """What the server takes for a sound and its loudness, when neither was asked for before."""
    times = []
    for sentence in FRESH:
        stimulus = found.stimulus(f"s{sentence:04d}", "system9")
        assert stimulus is not None
        began = time.perf_counter()
        for part in ("audio", "loudness"):
            assert client.get(f"/media/voices/{stimulus.id}/{part}").data
        times.append(time.perf_counter() - began)
    _line(
        say,
        f"first sound, the server's part (sound and loudness), p95 of {len(times)}",
        float(np.percentile(times, 95)),
    )
    _line(say, "    median", statistics.median(times))


def _browser(address: str, say: Callable[[str], None]) -> None:
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        opened = []
        for _ in range(6):
            began = time.perf_counter()
            page.goto(f"{address}/tts?corpus=voices")
            page.wait_for_selector(".tts-row .player[data-state=ready]")
            opened.append(time.perf_counter() - began)
        _line(say, "opened in a browser that was never there, until its first pictures", opened[0])
        _line(say, "    again, median of 5", statistics.median(opened[1:]))
        opened.clear()
        for number in range(10):
            began = time.perf_counter()
            page.locator('[data-page-step="1"] a').click()
            page.wait_for_selector(f'[data-tts-row="{(number + 1) * ROWS + 1}"] .player[data-state=ready]')
            opened.append(time.perf_counter() - began)
        _line(say, "another page at once, until its first pictures, median of 10", statistics.median(opened))
        plays = []
        while len(plays) < PLAYS:
            page.goto(f"{address}/tts?corpus=voices&page={FRESH.start // ROWS + 1 + len(plays) // ROWS}")
            page.wait_for_selector(".tts-row .player[data-state=ready]")
            for row in range(ROWS):
                page.evaluate("(row) => document.querySelectorAll('.tts-row')[row].scrollIntoView()", row)
                player = f"document.querySelectorAll('.tts-row')[{row}].querySelector('.player')"
                page.wait_for_function(f"() => {player}.dataset.state === 'ready'")
                plays.append(page.evaluate(FIRST_SOUND, row) / 1000)
        _line(say, f"first sound of a sentence not heard before, p95 of {len(plays)}", float(np.percentile(plays, 95)))
        _line(say, "    median", statistics.median(plays))
        gap, lag = _switching(page, address)
        _line(say, f"longest silence over {SWITCHES} switches while playing", gap)
        _line(say, "    from key to the other system, p95", lag)
        browser.close()


def _switching(page: Page, address: str) -> tuple[float, float]:
    """The longest silence while systems are switched, and how long a switch takes to be heard (p95)."""
    page.goto(f"{address}/tts?corpus=voices&page=50")
    page.wait_for_selector(".tts-row .player[data-state=ready]")
    deck = "earmark.parts.decks.find(document.querySelector('.tts-row .player').dataset.deck)"
    record(page)
    page.keyboard.press("1")
    page.wait_for_function(f"() => {deck}.playing && [...{deck}.members].every((member) => member.buffer)")
    page.evaluate(f"() => {deck}.setLoop([0.1, 3.9])")
    lags = []
    for number in range(SWITCHES):
        system = str(2 + number % 8)
        lags.append(
            page.evaluate(
                f"""async (system) => {{
                    const began = performance.now();
                    document.querySelector(`[data-tts-system="${{system}}"]`).click();
                    while ({deck}.heard.root.closest('[data-tts-cell]').dataset.ttsCell !== system) {{
                        await new Promise((resolve) => {{ setTimeout(resolve, 0); }});
                    }}
                    return performance.now() - began;
                }}""",
                system,
            )
            / 1000
        )
        page.wait_for_timeout(150)
    page.evaluate(f"() => {deck}.pause()")
    samples, rate = heard(page)
    return longest_silence(samples, rate), float(np.percentile(lags, 95))


def _material(folder: Path) -> Path:
    """The manifest and its sounds, made unless they are there."""
    manifest = folder / "voices.json"
    if manifest.exists():
        return manifest
    chance = random.Random(7)
    for number in range(SOUNDS):
        write_chirp(folder / "sounds" / f"{number}.wav", start_hz=300 + 40 * number, slope=200, seconds=4.0)
    rows = []
    for sentence in range(SENTENCES):
        for system in range(SYSTEMS):
            link = folder / "wav" / f"{system}" / f"{sentence}.wav"
            link.parent.mkdir(parents=True, exist_ok=True)
            sound = folder / "sounds" / f"{(sentence * 7 + system) % SOUNDS}.wav"
            if sentence in FRESH:
                shutil.copyfile(sound, link)  # a file of its own: nothing of it is in a cache when it is first played
            else:
                link.symlink_to(sound)
            text = f"This is sentence number {sentence} of a thousand."
            rows.append(
                {
                    "audio_filepath": f"wav/{system}/{sentence}.wav",
                    "duration": 4.0,
                    "text": text,
                    "sentence_id": f"s{sentence:04d}",
                    "system": f"system{system}",
                    "score": round(chance.random(), 4),
                    "pred_text": text.lower() if chance.random() < 0.8 else "something else",
                }
            )
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


def _line(say: Callable[[str], None], what: str, seconds: float, *, cpu: float | None = None) -> None:
    used = "" if cpu is None else f"  ({cpu * 1000:.0f} ms of processor time)"
    say(f"  {what:66}{seconds * 1000:8.0f} ms{used}")


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
