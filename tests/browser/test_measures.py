"""Measuring in the browser: from the table's toolbar to a job, its column, its filter and its histogram."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
import soundfile
from flask import Flask
from playwright.sync_api import Dialog, Page, expect

import app as door
from evaluator.workspace import Workspace
from explorer.config_files import load
from tests.corpora import loaded
from tests.explorer.sounds import voice

RATE = 16_000
pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[str]:
    """The whole app over 40 voices, of which every fourth is clipped, and a file that is not there."""
    lines = []
    for number in range(40):
        sound = voice(1.5, seed=number % 4) * (6 if number % 4 == 0 else 0.5)
        soundfile.write(tmp_path / f"{number:02}.wav", np.clip(sound, -1, 1), RATE)
        lines.append({"audio_filepath": f"{number:02}.wav", "duration": 1.5, "text": f"voice {number}"})
    lines.append({"audio_filepath": "gone.wav", "duration": 1.0, "text": "gone"})
    (tmp_path / "voices.json").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    config = load([door.DEFAULTS], [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"])
    stores = door.open_stores(config)
    stores.library.open("voices", [tmp_path / "voices.json"])
    loaded(stores.library, "voices")
    yield serve(door.create_app(stores).server)
    stores.close()
    if stores.supervisor.alive():
        os.kill(int(Workspace(stores.workspace).lock.read_text()), signal.SIGKILL)


def test_from_the_toolbar_to_the_column_the_filter_and_the_histogram(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=voices")
    expect(page.locator(".ag-row").first).to_be_visible()
    page.get_by_role("link", name="Measure the sound").click()
    expect(page.get_by_role("heading", name="Measure the sound")).to_be_visible()
    expect(page.locator("#measure-scope")).to_contain_text("41 utterances")
    expect(page.locator("dl")).to_contain_text("20 log10 of the largest sample")
    page.locator("#measure-start").click()
    status = page.locator("#measure-status")
    expect(status).to_contain_text("Done", timeout=60_000)
    expect(status).to_contain_text("41 utterances, 1 of them failed")

    status.get_by_role("link", name="Show in the table").click()
    cells = page.locator(".ag-cell[col-id=signal_clipped_share]")
    expect(cells.first).to_be_visible()
    page.goto(f"{url}/utterances?corpus=voices&f=signal_clipped:gt:0&cols=reference,signal_clipped")
    expect(page.locator(".ag-center-cols-container .ag-row")).to_have_count(10)

    page.goto(f"{url}/?corpus=voices")
    figure = page.locator(".figure").filter(has_text="Peak level")
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".js-plotly-plot")).to_be_visible()
    expect(figure).to_contain_text("without a value 1")

    page.goto(f"{url}/runs?corpus=voices")
    job = page.locator(".job").first
    expect(job).to_contain_text("Measure the sound, speech by energy")
    job.get_by_role("button", name="1 failed").click()
    expect(page.locator("#runs-detail-body")).to_contain_text("gone.wav does not exist")


def test_a_view_is_measured_by_the_chosen_detector(page: Page, url: str) -> None:
    page.goto(f"{url}/measure?corpus=voices&search=voice%203")
    expect(page.locator("#measure-scope")).to_contain_text("11 utterances")
    page.locator("#measure-detector").select_option("silero")
    page.locator("#measure-start").click()
    expect(page.locator("#measure-status")).to_contain_text("11 measured now", timeout=60_000)
    page.goto(f"{url}/utterances?corpus=voices&search=voice%203&cols=reference,signal_speech_ratio_silero")
    expect(page.locator(".ag-header-cell").filter(has_text="Speech ratio (silero)")).to_be_visible()


def test_a_deleted_job_takes_its_columns_along_and_keeps_its_files(page: Page, url: str, tmp_path: Path) -> None:
    page.goto(f"{url}/measure?corpus=voices")
    page.locator("#measure-detector").select_option("none")
    page.locator("#measure-start").click()
    expect(page.locator("#measure-status")).to_contain_text("Done", timeout=60_000)
    (run,) = (tmp_path / "workspace" / "runs").iterdir()
    page.goto(f"{url}/runs?corpus=voices")
    questions: list[str] = []

    def agree(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    page.locator(".job").first.get_by_role("button", name="Delete").click()
    expect(page.locator("#runs-deleted")).to_contain_text("was deleted. Its results are kept in")
    assert "Measure the sound" in questions[0]
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()
    assert not run.exists()
    assert (tmp_path / "workspace" / "trash" / run.name / "measures.parquet").exists()
    page.goto(f"{url}/utterances?corpus=voices")
    expect(page.locator(".ag-row").first).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_text("Duration").first).to_be_visible()
    expect(page.get_by_text("Peak level")).to_have_count(0)


def test_speech_is_detected_in_place_by_the_chosen_detector(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=voices")
    page.locator(".ag-cell").filter(has_text="voice 3").first.click()
    page.locator("#transcribe-detector").select_option("energy")
    page.locator(".transcribe").get_by_role("button", name="Detect speech").click()
    expect(page.locator(".transcribe")).to_contain_text("Speech: ", timeout=60_000)
    page.goto(f"{url}/runs?corpus=voices")
    expect(page.locator(".job").first).to_contain_text("Detect speech with energy")


def test_the_page_fits_a_telephone(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/measure?corpus=voices")
    expect(page.locator("#measure-start")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
