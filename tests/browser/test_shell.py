"""The frame in a real browser: theme, menu, routing, banners, guide, and no page wider than the screen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from explorer.stores import Stores
from tests.corpora import explorer_app, loaded, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("shell"), utterances=30) as stores:
        yield stores


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


def theme(page: Page) -> str | None:
    return page.locator("html").get_attribute("data-bs-theme")


def test_the_theme_follows_the_system_then_the_choice_and_is_remembered(page: Page, url: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(url)
    assert theme(page) == "dark"
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.get_by_label("Switch between light and dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    assert theme(page) == "dark"


def test_the_menu_leads_to_each_page_keeping_the_corpus_and_back_returns(page: Page, url: str) -> None:
    page.goto(f"{url}/?corpus=faulty")
    menu = page.get_by_label("Pages")
    for title in ("Utterances", "Problems", "Overview"):
        menu.get_by_text(title).click()
        expect(page).to_have_title(f"{title} · Earmark")
        assert "corpus=faulty" in page.url
        expect(menu.locator("[aria-current=page]")).to_contain_text(title)
    page.go_back()
    expect(page).to_have_title("Problems · Earmark")


def test_another_corpus_is_another_address(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("h1")).to_have_text("tones")
    page.get_by_label("Corpus").select_option("faulty")
    expect(page.locator("h1")).to_have_text("faulty")
    assert "corpus=faulty" in page.url


def test_the_column_guide_opens_with_every_meaning(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Column guide").click()
    guide = page.get_by_role("dialog")
    expect(guide).to_contain_text("Word rate")
    expect(guide).to_contain_text("word_rate")
    page.keyboard.press("Escape")
    expect(guide).to_be_hidden()


def test_wrong_addresses_get_designed_pages(page: Page, url: str) -> None:
    page.goto(f"{url}/nowhere")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    page.goto(f"{url}/?corpus=gone")
    expect(page.get_by_role("alert")).to_contain_text("gone")
    page.goto(f"{url}/utterances?corpus=tones&f=gone:eq:1")
    page.get_by_text("Show all rows").click()
    expect(page.locator("#utterances-extent")).to_contain_text("30 utterances")


def test_a_changed_source_is_noticed_and_loaded_again(page: Page, url: str, stores: Stores) -> None:
    source = stores.library.get("faulty").sources[0]
    page.goto(f"{url}/problems?corpus=faulty")
    expect(page.locator("#problems-body")).to_contain_text("broken JSON")
    time.sleep(0.01)
    source.write_text(source.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    expect(page.locator("#shell-banners")).to_contain_text("changed on disk")
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("#shell-counts")).to_contain_text("1 utterances")
    loaded(stores.library, "faulty")
    expect(page.locator("#shell-banners")).to_have_text("")


def test_the_content_can_be_reached_by_keyboard(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("h1")).to_have_text("tones")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/utterances", "/problems?corpus=faulty", "/nowhere"])
def test_no_page_is_wider_than_a_phone(path: str, colours: str, chromium: Browser, url: str) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark" if colours == "dark" else "light"
    )
    page = context.new_page()
    page.goto(url + path)
    expect(page.locator("main").locator("h1, .ag-row").first).to_be_attached()
    page.get_by_label("Menu", exact=True).click()
    expect(page.get_by_label("Pages")).to_be_visible()
    page.wait_for_function("document.fonts.status === 'loaded'")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_texts_have_contrast(colours: str, page: Page, url: str) -> None:
    """WCAG AA: 4.5 to 1 for every text colour on the surfaces it stands on."""
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    page.goto(url)
    pairs = [
        ("--ink", "--ground"), ("--ink", "--surface"), ("--muted", "--ground"), ("--muted", "--surface"),
        ("--accent", "--surface"), ("--accent", "--ground"), ("--accent-ink", "--accent"),
        ("--warn", "--warn-soft"), ("--ok", "--ok-soft"), ("--substitution", "--substitution-soft"),
        ("--insertion", "--insertion-soft"), ("--deletion", "--deletion-soft"), ("--muted", "--surface-2"),
    ]  # fmt: skip
    values = page.evaluate(
        "names => names.map(n => getComputedStyle(document.documentElement).getPropertyValue(n).trim())",
        [name for pair in pairs for name in pair],
    )
    for number, pair in enumerate(pairs):
        assert contrast(values[2 * number], values[2 * number + 1]) >= 4.5, pair


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_are_named_in_one_stylesheet() -> None:
    """The pages' own CSS and scripts use the variables; only style.css says what they are."""
    assets = Path(__file__).resolve().parent.parent.parent / "assets"
    for name in ("ui.js", "dashAgGridFunctions.js", "dashAgGridComponentFunctions.js"):
        assert not re.search(r"#[0-9a-fA-F]{6}\b", (assets / name).read_text(encoding="utf-8"))
