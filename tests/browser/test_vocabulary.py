"""Vocabulary, characters and corpora side by side in a real browser: clicks lead to rows, the address has the view."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from explorer.stores import Stores
from tests.corpora import explorer_app, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("vocabulary"), utterances=40) as stores:
        yield stores


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


def cell(page: Page, row: int, column: str) -> str:
    return page.locator(f'.ag-row[row-index="{row}"] .ag-cell[col-id="{column}"]').inner_text()


def test_words_come_most_frequent_first(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones")
    expect(page.locator("#vocabulary-extent")).to_contain_text("14 words")
    # Every row but that of markup begins with one: 39 of 40.
    expect(page.locator('.ag-row[row-index="0"] [col-id="word"]')).to_have_text("one")
    assert cell(page, 0, "count") == "39"
    assert cell(page, 0, "utterances") == "39"
    expect(page.locator(".tiles")).to_contain_text("216")


def test_a_word_leads_to_exactly_its_rows(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones")
    page.get_by_role("link", name="ten", exact=True).click()
    # Every tenth row says all ten words.
    expect(page.locator("#utterances-extent")).to_contain_text("4 of 40 utterances")
    expect(page.locator(".workbench.inspecting")).to_be_visible()
    page.go_back()
    expect(page.locator("h1")).to_have_text("Vocabulary")


def test_the_address_holds_search_filter_and_order(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones")
    expect(page.locator("#vocabulary-extent")).to_contain_text("14 words")
    page.locator("#vocabulary-search").fill("e")
    expect(page.locator("#vocabulary-extent")).to_contain_text("of 14 words")
    page.locator('.ag-header-cell[col-id="word"] .ag-header-cell-text').click()
    expect(page).to_have_url(re.compile("sort=word&search=e"))
    page.reload()
    expect(page.locator("#vocabulary-search")).to_have_value("e")
    expect(page.locator('.ag-row[row-index="0"] [col-id="word"]')).to_have_text("eight")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#vocabulary-extent")).to_have_text("14 words")


def test_the_export_is_the_view(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones&f=count:ge:30&sort=-word")
    expect(page.locator("#vocabulary-extent")).to_contain_text("of 14 words")
    with page.expect_download() as download:
        page.locator("#vocabulary-exports a").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [row["word"] for row in rows] == ["two", "three", "one"]
    assert {len(row["first"]) for row in rows} == {16}


def test_an_odd_character_says_why_and_leads_to_its_rows(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=faulty&tab=characters&f=odd:eq:true")
    row = page.locator('.ag-row[row-index="0"]')
    expect(row).to_contain_text("zero width space")
    expect(row).to_contain_text("invisible")
    row.locator("a.cell-link").first.click()
    expect(page.locator("#utterances-extent")).to_contain_text("3 of 3 utterances")


def test_words_only_in_hypotheses(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones&tab=hypotheses")
    expect(page.locator("#page")).to_contain_text("no reference has")
    expect(page.locator("#vocabulary-extent")).to_have_text("0 words")


def test_a_point_of_a_figure_opens_the_rows_of_its_word(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=tones")
    point = page.locator(".vocabulary-figures .points path").first
    expect(point).to_be_visible()
    box = point.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".vocabulary-figures .hovertext")).to_contain_text("one")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#utterances-extent")).to_contain_text("39 of 40 utterances")


def test_an_empty_corpus_has_an_empty_vocabulary(page: Page, url: str) -> None:
    page.goto(f"{url}/vocabulary?corpus=empty")
    expect(page.locator("#vocabulary-extent")).to_have_text("0 words")
    page.goto(f"{url}/vocabulary?corpus=tones&tab=letters")
    expect(page.locator("#page")).to_contain_text("no tab")


def test_corpora_stand_side_by_side(page: Page, url: str) -> None:
    page.goto(f"{url}/corpora?with=tones&with=faulty")
    table = page.locator(".matrix").first
    expect(table).to_contain_text("40")
    expect(page.locator(".corpora-figures .figure")).to_have_count(4)
    # "odd" behind a zero-width space is no word of tones, and none of its words is one of faulty's.
    expect(page.locator(".side-by-side")).to_contain_text("100.00 %")
    expect(page.locator("#corpora-duplicates")).to_contain_text("Nothing is in more than one")
    page.get_by_role("link", name="empty", exact=True).click()
    expect(page).to_have_url(re.compile("with=empty"))
    expect(page.locator(".matrix").first).to_contain_text("empty")
    page.locator(".side-by-side a").first.click()
    expect(page).to_have_url(re.compile("/vocabulary.*known="))


def test_one_corpus_is_told_how_to_get_company(page: Page, url: str) -> None:
    page.goto(f"{url}/corpora?with=tones")
    expect(page.locator("#page .state")).to_contain_text("nothing beside it")
    page.get_by_role("link", name="Compare all").click()
    expect(page.locator(".matrix").first).to_contain_text("faulty")


@pytest.mark.parametrize("path", ["/vocabulary?corpus=tones", "/corpora"])
def test_a_telephone_needs_no_sideways_scrolling(page: Page, url: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(url + path)
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_timeout(800)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
