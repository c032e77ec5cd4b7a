"""Runs in the browser: start, watch, cancel, resume, read the log and the failures; transcribe and detect in a view."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
import soundfile
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from evaluator import engines
from evaluator.engines import Engine
from evaluator.jobs.supervisor import Supervisor
from evaluator.opening import open_stores
from evaluator.pages import ACTIONS, PANELS, SECTIONS
from evaluator.stores import EvaluatorStores
from evaluator.synthesizers.hibari import HibariSynthesizer
from evaluator.workspace import Workspace
from explorer.config_files import load
from explorer.querying.query import Query
from tests.corpora import loaded
from tests.evaluator.tones import write_sentence

pytestmark = pytest.mark.slow
SAID = "the weather is nice today"


@dataclass
class House:
    stores: EvaluatorStores
    url: str


@pytest.fixture
def house(tmp_path: Path, serve: Callable[[Flask], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The whole app over whistles and one spoken sentence; its worker is the real one and knows the whistles too."""
    entry = Engine("tones", "tests.evaluator.tone_worker:SlowToneRecognizer", "Whistles.", "", (), False)
    monkeypatch.setattr(engines, "ENGINES", {**engines.ENGINES, "tones": entry})
    config = load(
        [door.DEFAULTS],
        [
            f"cache.folder={tmp_path / 'cache'}",
            f"workspace={tmp_path / 'workspace'}",
            "systems.whistle.engine=tones",
            "systems.whistle.options.seconds=0.3",
            "transcribe.batch_size=1",
        ],
    )
    lines = []
    for number in range(24):
        name, text = f"{number:02}.wav", " ".join(["one", "two", "three"][: 1 + number % 3])
        seconds = write_sentence(tmp_path / name, text)
        lines.append({"audio_filepath": name, "duration": seconds, "text": text, "half": number % 2})
    lines.append({"audio_filepath": "gone.wav", "duration": 1.0, "text": "one", "half": 0})
    (tmp_path / "whistles.json").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    speech = HibariSynthesizer().synthesize(SAID)
    soundfile.write(tmp_path / "speech.wav", speech.samples, speech.sample_rate)
    spoken = {"audio_filepath": "speech.wav", "duration": speech.duration, "text": SAID}
    (tmp_path / "spoken.json").write_bytes(orjson.dumps(spoken) + b"\n")

    stores = open_stores(config, panels=PANELS, sections=SECTIONS, actions=ACTIONS)
    stores.supervisor.close()
    workspace = Workspace(stores.workspace)
    stores = replace(
        stores,
        supervisor=Supervisor(
            workspace,
            stores.jobs,
            grace_s=3,
            stale_s=60,
            idle_exit_s=60,
            heartbeat_s=0.2,
            module="tests.evaluator.tone_worker",
        ),
    )
    stores.supervisor.start()
    for name in ("whistles", "spoken"):
        stores.library.open(name, [tmp_path / f"{name}.json"])
        loaded(stores.library, name)
    yield House(stores, serve(door.create_app(stores).server))
    stores.close()
    if stores.supervisor.alive():
        os.kill(int(workspace.lock.read_text()), signal.SIGKILL)


def test_a_run_is_started_watched_cancelled_resumed_and_becomes_a_column(page: Page, house: House) -> None:
    page.goto(f"{house.url}/runs?corpus=whistles")
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()
    page.locator("#runs-system").select_option("whistle")
    page.get_by_role("button", name="Start").click()
    job = page.locator(".job").first
    expect(job.locator(".badge-soft")).to_have_text("Running")
    expect(job).to_contain_text("of 25 utterances")
    expect(job).to_contain_text("RTFx")
    expect(job).to_contain_text("left")
    job.get_by_role("button", name="Cancel").click()
    expect(job.locator(".badge-soft")).to_have_text("Cancelled")
    expect(job).to_contain_text("Cancelled. ")
    page.reload()
    job.get_by_role("button", name="Resume").click()
    expect(job.locator(".badge-soft")).to_have_text("Done", timeout=30_000)
    expect(job).to_contain_text("25 utterances, 1 of them failed")

    job.get_by_role("button", name="Log").click()
    expect(page.locator("#runs-detail-body")).to_contain_text("loaded the tones")
    page.keyboard.press("Escape")
    job.get_by_role("button", name="1 failed").click()
    expect(page.locator("#runs-detail-body")).to_contain_text("gone.wav")
    expect(page.locator("#runs-detail-body a")).to_have_attribute("href", re.compile(r"/utterance\?corpus=whistles&u="))
    page.keyboard.press("Escape")

    job.get_by_role("link", name="Show in the table").click()
    expect(page.locator(".ag-header-cell").filter(has_text="whistle").first).to_be_visible()
    expect(page.locator(".ag-cell[col-id=hypothesis_whistle]").filter(has_text="one two three").first).to_be_visible()


def test_a_run_of_the_view_has_its_rows_and_words_only(page: Page, house: House) -> None:
    page.goto(f"{house.url}/runs?corpus=whistles&f=half:eq:1")
    expect(page.locator("#runs-scope")).to_contain_text("12 utterances")
    page.locator("#runs-system").select_option("whistle")
    page.get_by_role("button", name="Start").click()
    job = page.locator(".job").first
    expect(job.locator(".badge-soft")).to_have_text("Done", timeout=30_000)
    expect(job).to_contain_text("12 of 12 utterances")
    expect(job).to_contain_text("Utterances where")


def test_a_wrong_number_is_a_sentence(page: Page, house: House) -> None:
    page.goto(f"{house.url}/runs?corpus=whistles")
    page.locator("#runs-chunk").fill("0.5")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#runs-message")).to_contain_text("chunk_seconds is 0.5; it must be from 1 to 3600")
    assert house.stores.jobs.recent() == []


def test_an_utterance_is_transcribed_and_its_speech_found_in_place(page: Page, house: House) -> None:
    page.goto(f"{house.url}/utterances?corpus=spoken")
    page.locator(".ag-cell").filter(has_text="weather").first.click()
    panel = page.locator(".transcribe")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Detect speech").click()
    expect(panel).to_contain_text("Speech: one stretch", timeout=30_000)
    lanes = orjson.loads(page.locator(".player").first.get_attribute("data-lanes") or "")
    (stretch,) = next(lane["segments"] for lane in lanes if lane["kind"] == "speech")
    assert 0 <= stretch[0] < stretch[1]
    page.locator("#transcribe-system").select_option("whisper")
    panel.get_by_role("button", name="Transcribe this").click()
    expect(page.locator(".utterance")).not_to_contain_text("No system has recognized", timeout=60_000)
    (row,) = house.stores.corpus({"corpus": "spoken"}).page(Query(), 0, 1, ("hypothesis_whisper", "wer_whisper"))
    assert row["hypothesis_whisper"].lower().rstrip(".") == SAID
    assert row["wer_whisper"] == 0


def test_the_page_fits_a_telephone(page: Page, house: House) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{house.url}/runs?corpus=whistles")
    page.locator("#runs-system").select_option("whistle")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".job").first).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
