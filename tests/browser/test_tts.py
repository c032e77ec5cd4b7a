"""The TTS page in a real browser: sound plays, a digit goes on with another system at the same position."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app import DEFAULTS, create_app, open_stores
from evaluator.demo.corpora import TTS_SYSTEMS, tts_corpus, write_manifest
from explorer.config import load

PLAYING = (
    "() => [...document.querySelectorAll('.player-body.is-playing')].map(b => b.closest('.tts-cell').dataset.ttsCell)"
)
POSITION = """([row, cell]) => earmark.player.position(
    document.querySelectorAll('.tts-row')[row].querySelector(`[data-tts-cell="${cell}"] .player`))"""


@pytest.fixture(scope="module")
def address(serve: Callable[[Flask], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app over two sentences read by the demo's systems; one reading is lost."""
    folder = tmp_path_factory.mktemp("tts")
    rows = [row | {"pred_text_ear": row["text"].lower()} for row in tts_corpus(folder, 2, 7)]
    lost = next(number for number, row in enumerate(rows) if row["system"] == "espeak-klatt")
    write_manifest(folder / "tts.json", rows[:lost] + rows[lost + 1 :])
    write_manifest(folder / "plain.json", [{key: row[key] for key in ("audio_filepath", "text")} for row in rows])
    overrides = [f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}"]
    stores = open_stores(load([DEFAULTS], overrides))
    for name in ("tts", "plain"):
        stores.library.open(name, [folder / f"{name}.json"])
    yield serve(create_app(stores).server)
    stores.close()


def opened(page: Page, address: str) -> Page:
    page.goto(f"{address}/tts?corpus=tts")
    expect(page.locator(".tts-row")).to_have_count(2)
    expect(page.locator(".player[data-state=ready]").first).to_be_visible()
    return page


def test_the_grid_has_a_cell_for_every_system_and_says_what_is_missing(page: Page, address: str) -> None:
    opened(page, address)
    expect(page.locator(".tts-system")).to_have_count(len(TTS_SYSTEMS))
    expect(page.locator(".tts-row .tts-cell")).to_have_count(2 * len(TTS_SYSTEMS))
    expect(page.get_by_text("not read by this system")).to_have_count(1)
    expect(page.locator(".tts-row .player")).to_have_count(2 * len(TTS_SYSTEMS) - 1)
    expect(page.locator(".tts-system").first).to_contain_text("round-trip WER 0.0 %")


def test_a_digit_goes_on_with_another_system_at_the_same_position(page: Page, address: str) -> None:
    opened(page, address)
    second = page.locator(".tts-row").nth(1)
    second.locator('[data-tts-cell="1"] .player-play').click()
    page.wait_for_function(f"(args) => ({POSITION})(args) > 0.4", arg=[1, 1])
    page.keyboard.press("3")
    page.wait_for_function(f"() => ({PLAYING})()[0] === '3'")
    before = page.evaluate(POSITION, [1, 1])
    after = page.evaluate(POSITION, [1, 3])
    assert page.evaluate(PLAYING) == ["3"]
    assert before - 0.1 <= after <= before + 1.5
    assert page.evaluate(POSITION, [0, 3]) == 0
    expect(second).to_have_class("panel tts-row is-current")
    page.locator(".tts-system").nth(3).click()
    page.wait_for_function(f"() => ({PLAYING})()[0] === '4'")


def test_the_page_fits_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = page.locator(".tts-row").first.locator(".tts-cell").evaluate_all("cells => cells.map(c => c.clientWidth)")
    assert all(300 < width <= 366 for width in widths)


def test_another_corpus_is_told_what_the_page_needs(page: Page, address: str) -> None:
    page.goto(f"{address}/tts?corpus=plain")
    expect(page.get_by_role("heading", name="This corpus is not TTS material")).to_be_visible()
    page.get_by_role("link", name="See its utterances").click()
    page.wait_for_url("**/utterances?corpus=plain")
