"""Synthesis in a real browser with the real worker: what will be said, a job, and the new system in the room."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app import DEFAULTS, create_app, open_stores
from explorer.config_files import load
from tests.browser.test_tts import settle
from tests.explorer.manifests import write_manifest, write_sound


@pytest.fixture
def address(serve: Callable[[Flask], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("synthesize")
    rows = []
    for number in range(2):
        write_sound(folder / f"{number}.wav")
        rows.append({"audio_filepath": f"{number}.wav", "text": f"Number {number}.", "sentence_id": f"s{number}"})
    manifest = write_manifest(folder / "set.json", [row | {"system": "tone", "duration": 1.0} for row in rows])
    overrides = [f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}", "jobs.idle_exit_s=20"]
    stores = open_stores(load([DEFAULTS], overrides))
    stores.library.open("set", [manifest])
    settle(stores)
    yield serve(create_app(stores).server)
    stores.close()


def test_sentences_are_read_aloud_and_heard_beside_the_others(page: Page, address: str) -> None:
    page.goto(f"{address}/synthesize?corpus=set")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    page.get_by_label("Typed sentences").fill("It costs $5.\nNumber 1.\n?!")
    page.locator("#synthesize-form").select_option("english")
    lines = page.locator(".synthesize-lines li")
    expect(lines).to_have_count(3)
    expect(lines.first.locator("mark")).to_have_text("five dollars.")
    expect(page.locator(".synthesize-wrong")).to_contain_text("no letter and no digit")
    page.get_by_label("Typed sentences").fill("It costs $5.\nNumber 1.\n?!\nSay 你好.\n你好")
    lost = page.locator(".synthesize-lines .synthesize-lost")
    expect(lost).to_have_count(2, timeout=60_000)
    expect(lost.first).to_contain_text("hibari does not say: 你 好")
    expect(lost.last).to_contain_text("hibari: The voice can say nothing of this text")
    page.get_by_role("checkbox", name="espeak").check()
    expect(lost).to_have_count(4, timeout=60_000)
    page.get_by_label("Typed sentences").fill("It costs $5.\nNumber 1.\n?!")
    expect(lines).to_have_count(3)
    page.get_by_role("checkbox", name="espeak").uncheck()
    page.get_by_role("checkbox", name="hibari").uncheck()
    page.get_by_role("button", name="Read aloud").click()
    expect(page.locator("#synthesize-message")).to_contain_text("Choose at least one voice.")
    page.get_by_role("checkbox", name="espeak").check()
    page.get_by_role("button", name="Read aloud").click()
    expect(page.locator("#synthesize-status .job.done")).to_have_count(1, timeout=120_000)
    expect(page.locator("#synthesize-status")).to_contain_text("Real-time factor")
    page.get_by_role("link", name="Listen", exact=True).click()
    expect(page.locator(".tts-system")).to_have_count(2, timeout=60_000)
    expect(page.locator(".tts-row")).to_have_count(3)
    expect(page.get_by_text("not read by this system")).to_have_count(2)
    expect(page.locator(".tts-row").last.locator(".tts-spoken")).to_have_count(0)
    page.locator(".tts-row").last.locator(".player[data-state=ready] .player-play").click()
    page.wait_for_function("() => earmark.parts.decks.playing()")


def test_what_stands_in_the_field_at_the_press_is_read(page: Page, address: str) -> None:
    page.goto(f"{address}/synthesize?corpus=set")
    page.get_by_label("Typed sentences").fill("It costs $5.")
    expect(page.locator(".synthesize-lines li")).to_have_count(1)
    page.get_by_role("checkbox", name="hibari").uncheck()
    page.get_by_role("button", name="Read aloud").click()
    expect(page.locator("#synthesize-message")).to_contain_text("Choose at least one voice.")
    page.get_by_role("checkbox", name="espeak").check()
    # Typed and pressed within one turn of the page: no time for the field to tell the server what is new.
    page.evaluate("""() => {
      const field = document.getElementById("synthesize-text");
      const write = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
      write.call(field, "One.\\nTwo.\\nThree.");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      document.getElementById("synthesize-start").click();
    }""")
    expect(page.locator("#synthesize-status .job")).to_have_count(1)
    expect(page.locator("#synthesize-status")).to_contain_text("3 of 3 sentences", timeout=120_000)
