"""The overview in a real browser: numbers, distributions drawn on demand, and clicks that open rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from explorer.stores import Stores
from tests.corpora import explorer_app, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("overview"), utterances=40) as stores:
        yield stores


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


def test_the_numbers_of_the_corpus_are_on_the_page(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=tones")
    tiles = page.locator(".tiles")
    # 40 rows of 0.9 to 2.65 s, 1.775 s on average: 71 s.
    expect(tiles).to_contain_text("1.2 min")
    expect(tiles).to_contain_text("40")
    # Four rounds of 1 + 2 + ... + 10 words, with four words of markup in place of eight once: 216.
    expect(tiles).to_contain_text("216")
    expect(page.locator(".letter", has_text="space")).to_contain_text("176")


def test_a_click_on_a_bar_opens_its_rows(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=tones")
    bar = page.locator(".figure", has_text="Duration").locator(".bars .point").first
    expect(bar).to_be_visible()
    box = page.locator(".figure", has_text="Duration").locator(".nsewdrag").bounding_box()
    assert box
    page.mouse.click(box["x"] + 6, box["y"] + box["height"] - 4)
    expect(page).to_have_title("Utterances · Earmark")
    expect(page.locator(".chip")).to_have_count(2)
    # Rows 0, 8, 16, 24 and 32 last 0.9 s.
    expect(page.locator("#utterances-extent")).to_contain_text("5 of 40 utterances")


def test_a_click_on_a_value_opens_its_rows_and_back_returns(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=tones")
    page.locator(".figure", has_text="Speaker").get_by_text("s2", exact=True).click()
    expect(page.locator("#utterances-extent")).to_contain_text("8 of 40 utterances")
    page.go_back()
    expect(page.locator("h1")).to_have_text("tones")


def test_a_letter_finds_its_rows(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=faulty")
    page.locator(".letter.odd", has_text="U+200B").click()
    expect(page.locator("#utterances-extent")).to_contain_text("3 of 3 utterances")


def test_a_corpus_of_nothing_says_so(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=empty")
    expect(page.locator("#overview-changing")).to_contain_text("no utterances")


def test_every_figure_is_drawn_when_it_comes_into_view(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=tones")
    figures = page.locator(".figure")
    expect(figures.first).to_be_visible()
    for number in range(figures.count()):
        figures.nth(number).scroll_into_view_if_needed()
        expect(figures.nth(number).locator(".skeleton")).to_have_count(0)
