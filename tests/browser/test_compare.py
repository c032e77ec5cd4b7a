"""The comparison in the browser: standings, another baseline, leaving a system out, own rows, and the downloads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config import load
from tests.corpora import loaded
from tests.evaluator.test_comparison import ROWS
from tests.explorer.manifests import write_manifest


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[str]:
    options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    stores = door.open_stores(load([door.DEFAULTS], options))
    try:
        stores.library.open("birds", [write_manifest(tmp_path / "birds.json", ROWS)])
        loaded(stores.library, "birds")
        yield serve(door.create_app(stores).server)
    finally:
        stores.close()


def cells(page: Page, system: str) -> list[str]:
    row = page.locator("table.compare tbody tr", has=page.locator(f"td.system[title={system}]"))
    return [text.strip() for text in row.locator("td").all_inner_texts()]


def test_standings_follow_the_address(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("table.compare tbody tr")).to_have_count(3)
    assert cells(page, "late")[1] == "0.00\u00a0%"
    expect(page.get_by_text("4 utterances that all systems were scored on, of 6")).to_be_visible()

    page.get_by_title("Leave out late").click()
    expect(page.locator("table.compare tbody tr")).to_have_count(2)
    assert cells(page, "good")[1] == "10.00\u00a0%"

    page.locator("[data-parameter=baseline] select").select_option("bad")
    expect(page.locator("tr", has_text="bad").get_by_text("baseline", exact=True)).to_be_visible()
    assert cells(page, "good")[7].startswith("-30.00")
    assert cells(page, "good")[-1] == "3 / 2 / 0"
    expect(page.get_by_text("good makes 30.00 points fewer errors than bad")).to_be_visible()

    page.reload()  # the address holds it all
    expect(page.get_by_text("good makes 30.00 points fewer errors than bad")).to_be_visible()

    page.get_by_text("each system on its own utterances").click()
    expect(page.get_by_text("these rates are not compared with each other")).to_be_visible()
    assert cells(page, "good")[1] == "9.09\u00a0%"  # f too


def test_downloads_have_what_the_page_shows(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&system=good&system=bad&baseline=bad&by=speaker")
    expect(page.get_by_text('whole values of "speaker" (4)')).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert [(line["system"], float(line["wer"])) for line in lines] == [("good", 0.1), ("bad", 0.4)]
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["bootstrap"]["blocks"] == "speaker"
    for form, mark in (("Markdown", "| System |"), ("LaTeX", r"\toprule")):
        with page.expect_download() as download:
            page.get_by_role("link", name=form).click()
        assert mark in download.value.path().read_text(encoding="utf-8")


def test_an_unknown_system_is_a_sentence(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&baseline=goood")
    expect(page.get_by_text('did you mean "good"')).to_be_visible()


def test_nothing_in_common_is_a_designed_state(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&search=nothing+says+this")
    expect(page.get_by_text("No utterance in common")).to_be_visible()
