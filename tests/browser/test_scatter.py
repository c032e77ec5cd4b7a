"""One system against another in the browser: bubbles, boxes and words lead to exactly their utterances."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

import app as door
from explorer.config_files import load
from tests.corpora import loaded, write_manifest
from tests.explorer.manifests import write_manifest as write_rows

# errors of a against b: (0, 0) twice, (0, 1), (1, 0) three times, (2, 1)
TEXTS = [
    ("one two", "one two", "one two"),
    ("one two", "one two", "one two"),
    ("one two", "one two", "one too"),
    ("three four", "tree four", "three four"),
    ("three four", "tree four", "three four"),
    ("three four", "three", "three four"),
    ("five four", "a b", "five b"),
]
# Nothing lies between the two bubbles at one error of b, so that they are two boxes.
BOX = "({errors_a} < 1 && {errors_b} >= 1 && {errors_b} < 2) || ({errors_a} >= 2 && {errors_b} >= 1 && {errors_b} < 2)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("scatter")
    options = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    sound = write_manifest(folder / "sound", utterances=8).parent
    rows: list[dict[str, Any]] = [
        {
            "audio_filepath": str(sound / f"{number}.wav"),
            "duration": 0.9,
            "text": said,
            "pred_text_a": a,
            "pred_text_b": b,
            "words": [{"word": word, "start": n / 4, "end": n / 4 + 0.2} for n, word in enumerate(said.split())],
        }
        for number, (said, a, b) in enumerate(TEXTS)
    ]
    (folder / "list.txt").write_text("one\ntwo\nthree\nfour\n", encoding="utf-8")
    listed = f"corpora.birds.vocabulary={folder / 'list.txt'}"
    manifest = f"corpora.birds.manifests=[{write_rows(folder / 'birds.json', rows)}]"
    stores = door.open_stores(load([door.DEFAULTS], [*options, manifest, listed]))
    try:
        loaded(stores.library, "birds")
        yield serve(door.create_app(stores).server)
    finally:
        stores.close()


def bubbles(page: Page) -> Locator:
    return page.locator(".scatter-panel .scatterlayer .points path")


def centre(bubble: Locator) -> tuple[float, float]:
    box = bubble.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_bubble_opens_its_utterances(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds")
    page.get_by_role("link", name="Scatter").click()
    expect(page.get_by_role("heading", name="Errors per utterance: a against b")).to_be_visible()
    expect(bubbles(page)).to_have_count(4)
    expect(page.locator(".scatter-about")).to_contain_text("7 utterances that both systems were scored on")
    # In the order of x, then y: (0, 0), (0, 1), (1, 0), (2, 1).
    page.mouse.click(*centre(bubbles(page).nth(2)))
    expect(page.locator("#utterances-extent")).to_contain_text("3 of 7 utterances")
    page.go_back()
    expect(bubbles(page)).to_have_count(4)
    page.mouse.click(*centre(bubbles(page).nth(3)))
    expect(page.locator("#utterances-extent")).to_contain_text("1 of 7 utterances")
    expect(page.locator(".workbench.inspecting")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="b better").click()
    expect(page.locator("#utterances-extent")).to_contain_text("4 of 7 utterances")


def test_a_box_says_how_many_it_holds_and_leads_there(page: Page, url: str) -> None:
    page.goto(f"{url}/scatter?corpus=birds")
    expect(bubbles(page)).to_have_count(4)
    left, right = centre(bubbles(page).nth(1)), centre(bubbles(page).nth(3))
    page.mouse.move(left[0] - 20, left[1] - 20)
    page.mouse.down()
    page.mouse.move((left[0] + right[0]) / 2, left[1], steps=4)
    page.mouse.move(right[0] + 20, right[1] + 20, steps=4)
    page.mouse.up()
    expect(page.locator("#scatter-selected")).to_contain_text("2 utterances selected")
    page.get_by_role("link", name="See and hear these 2 utterances").click()
    expect(page.locator("#utterances-extent")).to_contain_text("2 of 7 utterances")
    page.wait_for_url(lambda address: parse_qs(urlsplit(address).query) == {"corpus": ["birds"], "where": [BOX]})


def test_rates_the_table_and_the_download(page: Page, url: str) -> None:
    page.goto(f"{url}/scatter?corpus=birds")
    page.get_by_text("rates instead of errors").click()
    expect(page.get_by_role("heading", name="WER of utterances: a against b")).to_be_visible()
    page.get_by_text("The numbers").click()
    first = page.locator(".scatter-panel tbody tr").first
    expect(first).to_contain_text("3")
    first.locator("a").click()
    expect(page.locator("#utterances-extent")).to_contain_text("3 of 7 utterances")
    page.goto(f"{url}/scatter?corpus=birds")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [(row["errors_a_from"], row["errors_b_from"], row["utterances"]) for row in rows] == [
        ("0", "0", "2"),
        ("0", "1", "1"),
        ("1", "0", "3"),
        ("2", "1", "1"),
    ]


def test_words_of_two_systems(page: Page, url: str) -> None:
    page.goto(f"{url}/words?corpus=birds")
    expect(page.locator("#words-extent")).to_contain_text("5 words")
    line = page.locator('.ag-row[row-index="0"]')
    expect(line.locator('[col-id="word"]')).to_have_text("three")
    expect(line.locator('[col-id="won"]')).to_have_text("2")
    # five is not in the word list: a diamond, once in seven utterances, heard by b alone.
    expect(bubbles(page)).to_have_count(5)
    page.locator("#words-search").fill("five")
    expect(page.locator("#words-extent")).to_contain_text("1 of 5 words")
    expect(page.locator('.ag-row[row-index="0"] [col-id="oov"]')).to_have_text("yes")
    expect(page).to_have_url(re.compile("lsearch=five"))
    page.locator("#words-clear").click()
    expect(page.locator("#words-extent")).to_have_text("5 words")
    # The second "four" of a row is at 0.25 s.
    page.locator("#words-search").fill("four")
    expect(page.locator("#words-extent")).to_contain_text("1 of 5 words")
    page.locator('.ag-row[row-index="0"] [col-id="word"] a').click()
    expect(page.locator("#utterances-extent")).to_contain_text("4 of 7 utterances")
    expect(page).to_have_url(re.compile(r"[?&]t=0\.250"))


def test_a_word_of_the_figure_leads_to_its_utterances(page: Page, url: str) -> None:
    page.goto(f"{url}/words?corpus=birds")
    expect(bubbles(page)).to_have_count(5)
    # The words of most occurrences first: four (4 times) is a bubble of its own.
    page.mouse.click(*centre(bubbles(page).first))
    expect(page.locator("#utterances-extent")).to_contain_text("4 of 7 utterances")


def test_one_system_is_told_what_is_missing(page: Page, url: str) -> None:
    page.goto(f"{url}/scatter?corpus=birds&other=gone")
    expect(page.locator("#page")).to_contain_text('No system "gone" is scored here')
    page.goto(f"{url}/scatter?corpus=birds&search=nobody+says+this")
    expect(page.locator(".scatter-panel")).to_contain_text("There is nothing to draw")


@pytest.mark.parametrize("path", ["scatter", "words"])
def test_a_telephone_needs_no_sideways_scrolling(page: Page, url: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/{path}?corpus=birds")
    expect(bubbles(page).first).to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
