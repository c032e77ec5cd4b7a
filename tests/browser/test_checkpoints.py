"""A folder of checkpoints from the browser: the demo's own recognizers in one job, their curve, and the comparison."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import soundfile
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from evaluator.synthesizers.espeak import EspeakSynthesizer
from evaluator.workspace import Workspace
from explorer.config_files import load
from tests.corpora import loaded

pytestmark = pytest.mark.slow
CHECKPOINTS = sorted((Path(__file__).resolve().parents[2] / "configs" / "demo").glob("*.nemo"))
SENTENCES = ("turn on the light", "open the door", "set a timer", "stop the music", "play the next song")
MINUTES_MS = 240_000


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[str]:
    """The whole app over twelve spoken commands, with a folder of checkpoints, one of them half written."""
    folder = tmp_path / "training"
    folder.mkdir()
    for path in CHECKPOINTS:
        (folder / path.name).symlink_to(path)
    (folder / "tiny-e5.nemo").write_bytes(b"half")
    (folder / "tiny-e5.nemo-unfinished").touch()
    voice, lines = EspeakSynthesizer(), []
    for number in range(12):
        sound = voice.synthesize(SENTENCES[number % 5], rate=0.85 + 0.02 * number, seed=number)
        soundfile.write(tmp_path / f"{number}.wav", sound.samples, sound.sample_rate)
        text = SENTENCES[number % 5]
        lines.append({"audio_filepath": f"{number}.wav", "duration": sound.duration, "text": text})
    manifest = tmp_path / "commands.json"
    manifest.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    config = load([door.DEFAULTS], [*places, f"+checkpoints.tiny={folder}"])
    with closing(door.open_stores(config)) as stores:
        stores.library.open("commands", [manifest])
        loaded(stores.library, "commands")
        yield serve(door.create_app(stores).server)
        lock = Workspace(stores.workspace).lock
        if lock.exists() and lock.read_text():
            os.kill(int(lock.read_text()), signal.SIGKILL)


@pytest.mark.skipif(len(CHECKPOINTS) < 3, reason="configs/demo has no checkpoints")
def test_a_folder_of_checkpoints_becomes_a_curve(page: Page, url: str) -> None:
    page.goto(f"{url}/runs?corpus=commands")
    page.locator("#runs-system").select_option(label="tiny: all 3 checkpoints")
    expect(page.get_by_text("tiny-e5.nemo is still being written")).to_be_visible()
    page.locator("#runs-start").click()
    job = page.locator(".job").first
    expect(job).to_contain_text("Transcribe with 3 checkpoints of tiny")
    expect(job).to_contain_text("36 of 36 utterances", timeout=MINUTES_MS)
    job.get_by_role("link", name="Learning curve").click(timeout=MINUTES_MS)

    expect(page.locator("#learning-curve")).to_be_visible(timeout=MINUTES_MS)
    systems = page.locator("table.learning td.system")
    expect(systems).to_have_text(["tiny-epoch1", "tiny-epoch2", "tiny-epoch4"])
    expect(page.get_by_text("best: ")).to_be_visible()
    rates = [float(text.split()[0]) for text in page.locator("table.learning tr td:nth-child(4)").all_inner_texts()]
    assert rates[0] > rates[2], "the demo's training got better"
    expect(page.locator("table.learning tr", has_text="tiny-epoch4")).to_contain_text("best")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text().count("tiny-epoch") == 3

    page.locator("#learning-graph .points path").last.click(force=True)
    expect(page).to_have_url(re.compile("/compare.*baseline=tiny-epoch"))
    rows = page.locator("table.compare tbody tr")
    expect(rows).to_have_count(3)
    expect(page.locator("table.compare thead")).to_contain_text("RTFx")
    expect(rows.first).to_contain_text("tiny-epoch4")
