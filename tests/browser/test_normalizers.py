"""Normalizers in the browser: from the header to what each rule contributed, and on to the utterances it changed."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config_files import load
from tests.corpora import loaded
from tests.explorer.manifests import row, write_manifest

ENGLISH = [
    row("a.wav", text="The cat, sat.", pred_text_tiny="the cat sat", pred_text_large="The cat, sat."),
    row("b.wav", text="Twenty one colours", pred_text_tiny="21 colors", pred_text_large="twenty one colors"),
    row("c.wav", text="no change", pred_text_tiny="no change", pred_text_large="no change"),
]
HINDI = [row("a.wav", text="का कि", pred_text_tiny="का की")]


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[str]:
    options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    with closing(door.open_stores(load([door.DEFAULTS], options))) as stores:
        for name, rows in (("english", ENGLISH), ("hindi", HINDI)):
            (tmp_path / name).mkdir()
            stores.library.open(name, [write_manifest(tmp_path / name / f"{name}.json", rows)])
            loaded(stores.library, name)
        yield serve(door.create_app(stores).server)


def test_from_the_header_to_the_utterances_of_a_rule(page: Page, url: str, tmp_path: Path) -> None:
    page.goto(f"{url}/compare?corpus=english&normalizer=whisper_english")
    page.get_by_role("link", name="Normalizers", exact=True).click()
    expect(page.locator("#normalizers-graph .plot-container").first).to_be_visible()
    expect(page.locator(".normalizers-figure figcaption")).to_contain_text("WER of tiny, rule by rule")
    page.get_by_role("link", name="large", exact=True).click()
    expect(page.locator(".normalizers-figure figcaption")).to_contain_text("WER of large, rule by rule")
    expect(page).to_have_url(re.compile("of=large"))

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "normalizers.csv"
    download.value.save_as(path)
    told = {(entry["system"], entry["rule"]): entry for entry in csv.DictReader(path.open())}
    assert told["large", "numbers"]["utterances_changed"] == "1"

    page.get_by_title("Open the utterances that “numbers” changed").click()
    expect(page).to_have_url(re.compile("/utterances.*rules_large"))
    expect(page.locator(".ag-center-cols-container .ag-row")).to_have_count(1)
    expect(page.locator(".ag-row").first).to_contain_text("Twenty one colours")


def test_another_normalizer_is_chosen_in_the_header(page: Page, url: str) -> None:
    page.goto(f"{url}/normalizers?corpus=english")
    expect(page.get_by_text("What the normalizer basic (version 1) does")).to_be_visible()
    page.locator('[data-parameter="normalizer"] select').select_option("none")
    expect(page.get_by_text("This normalizer has no rules")).to_be_visible()
    page.locator('[data-parameter="normalizer"] select').select_option("nemo_english")
    expect(
        page.get_by_text("pip install -r requirements-nemo-text.txt").or_(page.get_by_text("spoken out").first)
    ).to_be_visible()


def test_a_normalizer_that_takes_letters_away_is_told_of_on_every_page(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=hindi&normalizer=whisper_basic")
    warning = page.get_by_role("note").filter(has_text="takes 2 marks out of Devanagari words")
    expect(warning).to_be_visible()
    page.goto(f"{url}/vocabulary?corpus=hindi&normalizer=whisper_basic")
    page.locator(".normalizer-alarm").click()
    expect(page).to_have_url(re.compile("/normalizers"))
    expect(warning).to_be_visible()
    page.locator('[data-parameter="normalizer"] select').select_option("basic")
    expect(page.get_by_text("What the normalizer basic (version 1) does")).to_be_visible()
    expect(page.locator(".normalizer-alarm")).to_have_count(0)
    expect(page.get_by_role("note").filter(has_text="takes 2 marks")).to_have_count(0)
