"""Slices in the browser: heat maps whose cells open exactly their utterances, columns and edges chosen in the page."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config_files import load
from tests.corpora import loaded, write_manifest


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[str]:
    """250 rows of five speakers; "pred" makes no error, "b" adds a word to each; 0.9 to 2.65 s long."""
    folder = tmp_path_factory.mktemp("slices")
    options = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    stores = door.open_stores(load([door.DEFAULTS], options))
    try:
        stores.library.open("tones", [write_manifest(folder / "tones")])
        loaded(stores.library, "tones")
        yield serve(door.create_app(stores).server)
    finally:
        stores.close()


def lines(page: Page, number: int = 0) -> list[list[str]]:
    rows = page.locator("table.heat").nth(number).locator("tbody tr")
    return [[text.split("\n")[0] for text in row.locator("th, td").all_inner_texts()] for row in rows.all()]


def test_cells_open_exactly_their_utterances(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=tones")
    page.get_by_role("link", name="Slices").click()
    expect(page.get_by_role("heading", name="WER by Speaker")).to_be_visible()
    expect(page.locator("table.heat")).to_have_count(2)
    assert [line[:2] for line in lines(page)] == [[f"s{n}", "50"] for n in (4, 3, 2, 1, 0)] + [["all", "250"]]

    page.locator("table.heat").first.locator("tr", has_text="s3").locator("td.heat-cell a").nth(1).click()
    expect(page.locator("#utterances-extent")).to_contain_text("50 of 250 utterances")
    expect(page.locator("#utterances-chips")).to_contain_text("Speaker is “s3”")
    expect(page).to_have_url(re.compile("sort=-wer_b"))
    page.go_back()
    expect(page.get_by_role("heading", name="WER by Speaker")).to_be_visible()


def test_columns_and_edges_are_chosen_in_the_page(page: Page, url: str) -> None:
    page.goto(f"{url}/slices?corpus=tones&slice=duration")
    expect(page.get_by_role("heading", name="WER by Duration (s)")).to_be_visible()
    expect(page.locator("table.heat tbody tr")).to_have_count(9)  # eight lengths, and all
    box = page.get_by_label("Edges of the intervals of Duration")
    box.fill("2, 1")
    box.press("Enter")
    expect(page.locator("#slices-error")).to_contain_text('the edges of "duration" must rise')
    box.fill("1.5, 2")
    box.press("Enter")
    part = page.locator("table.heat tbody tr").nth(1).locator("th a").first
    expect(part).to_have_text("1.5 – 2\u00a0s")
    expect(page).to_have_url(re.compile("slice=duration%3A1.5%2C2|slice=duration:1.5,2"))
    assert [line[0] for line in lines(page)] == ["< 1.5\u00a0s", "1.5 – 2\u00a0s", "≥ 2\u00a0s", "all"]
    part.click()
    expect(page.locator("#utterances-extent")).to_contain_text("62 of 250 utterances")
    page.go_back()

    page.locator("#slices-add").select_option("noisy")
    expect(page.locator("table.heat")).to_have_count(2)
    page.get_by_title("Do not slice by Duration").click()
    expect(page.locator("table.heat")).to_have_count(1)
    page.get_by_title("Do not slice by noisy").click()
    expect(page.get_by_text("Sliced by nothing yet")).to_be_visible()


def test_differences_and_the_download(page: Page, url: str) -> None:
    page.goto(f"{url}/slices?corpus=tones&slice=late&slice=speaker")
    late = page.locator("table.heat").first
    expect(late.locator("tr", has_text="yes")).to_contain_text("fewer than 10 utterances")
    expect(late).to_contain_text("no value")
    expect(page.locator(".slices").first).to_contain_text("1 of 2 slices are too small to say anything.")
    page.get_by_text("differences from the baseline").click()
    expect(page.get_by_role("heading", name="Difference by Speaker")).to_be_visible()
    expect(page.locator("table.heat").nth(1).locator("thead")).not_to_contain_text("pred")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    one = next(row for row in rows if row["slice"] == "s3" and row["system"] == "b")
    # The 50 rows of s3 say 4 or 9 words, and b adds one to each.
    assert (one["utterances"], one["words"], one["insertions"]) == ("50", "325", "50")
    assert float(one["wer"]) == float(one["delta"]) == 50 / 325


def test_mistakes_are_sentences(page: Page, url: str) -> None:
    page.goto(f"{url}/slices?corpus=tones&slice=speker")
    expect(page.locator("#page")).to_contain_text('did you mean "speaker"')
    page.goto(f"{url}/slices?corpus=tones&slice=room")
    expect(page.locator("#page")).to_contain_text("nested values")
    page.goto(f"{url}/slices?corpus=tones&search=nobody+says+this")
    expect(page.locator("#page")).to_contain_text("No utterance was scored for all of these systems.")


def test_a_telephone_needs_no_sideways_scrolling(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/slices?corpus=tones")
    expect(page.locator("table.heat").first).to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
