"""Hypotheses side by side: hiding and moving systems, remembered, in the address, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config_files import load
from tests.corpora import loaded
from tests.explorer.manifests import row, write_manifest

SYSTEMS = [f"s{number:02}" for number in range(13)]
LONG = " ".join(f"word{number}" for number in range(80))


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[str]:
    heard = {f"pred_text_{name}": LONG.replace(f"word{n} ", f"wird{n} ") for n, name in enumerate(SYSTEMS)}
    heard["pred_text_s01"] = f"um {LONG}"
    arabic = {"pred_text_s00": "مرحبا بالعالم", "pred_text_s01": "مرحبا يا عالم"}
    rows = [row("a.wav", text=LONG, **heard), row("b.wav", text="مرحبا بالعالم", **arabic)]
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.sin(np.arange(16_000) / 20) / 2, 16_000)
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    with closing(door.open_stores(load([door.DEFAULTS], places))) as stores:
        stores.library.open("birds", [write_manifest(tmp_path / "birds.json", rows)])
        loaded(stores.library, "birds")
        yield serve(door.create_app(stores).server)


def shown(page: Page) -> list[str]:
    """The names at the left of the first line, from top to bottom."""
    names = page.locator(".align-names").first.locator("span:visible")
    places = names.evaluate_all("all => all.map(one => [one.getBoundingClientRect().top, one.textContent])")
    return [name for _, name in sorted(places)]


def opened(page: Page, url: str, first: str) -> None:
    page.goto(f"{url}/utterances?corpus=birds")
    page.locator(".ag-center-cols-container .ag-row", has_text=first).click()
    expect(page.locator(".align-view")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_systems_are_hidden_and_moved(page: Page, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, url, "word0")
    assert shown(page) == ["reference", *SYSTEMS]
    lines = page.locator(".align-column").evaluate_all("all => new Set(all.map(one => one.offsetTop)).size")
    assert lines > 1, "a long utterance wraps into blocks"
    page.locator(".align-arranging summary").click()
    inserted = page.locator(".align-column.by-1")
    expect(inserted.first).to_be_visible()
    page.get_by_role("button", name="s01", exact=True).click()
    expect(inserted.first).to_be_hidden()  # nobody else has anything in that column
    page.get_by_role("button", name="Move s02 up").click()
    page.get_by_role("button", name="Move s02 up").click()
    expect(page).to_have_url(re.compile("without=s01"))
    assert shown(page)[:4] == ["reference", "s02", "s00", "s03"]

    page.reload()
    expect(page.locator(".align-view")).to_be_visible()
    page.wait_for_function("document.querySelectorAll('.align-names')[0].children[2].offsetHeight === 0")
    assert shown(page)[:4] == ["reference", "s02", "s00", "s03"]

    opened(page, url, "word0")  # remembered where the address says nothing
    page.wait_for_function("document.querySelectorAll('.align-names')[0].children[2].offsetHeight === 0")
    page.locator(".align-arranging summary").click()
    page.get_by_role("button", name="Show all in the usual order").click()
    expect(page.locator(".align-names").first.locator("span").nth(2)).to_be_visible()
    assert shown(page) == ["reference", *SYSTEMS]


def test_text_from_right_to_left_runs_that_way(page: Page, url: str) -> None:
    opened(page, url, "مرحبا")
    columns = page.locator(".align-columns")
    expect(columns).to_have_css("direction", "rtl")
    places = page.locator(".align-column").evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
    assert places == sorted(places, reverse=True)
