"""The errors of systems in the browser: counts lead to exactly their utterances, at the word; order, search, export."""

from __future__ import annotations

import csv
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from evaluator.comparison_store import Tell
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.corpora.corpus import Corpus
from tests.corpora import loaded, write_manifest
from tests.explorer.manifests import write_manifest as write_rows

# a takes "the" for "a" three times in two utterances, b once; b hears "the" for "one"; only a adds "um".
SAID = ["the cat sat", "the dog and the", "one", "uh", "one"]
HEARD_A = ["a cat sat", "a dog and a", "one", "uh um", "one"]
HEARD_B = ["the cat sat", "the dog and a", "the", "uh", "one"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    folder = tmp_path_factory.mktemp("errors")
    options = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    sound = write_manifest(folder / "sound", utterances=8).parent
    rows: list[dict[str, Any]] = [
        {
            "audio_filepath": str(sound / f"{number}.wav"),
            "duration": 0.9,
            "text": said,
            "pred_text_a": a,
            "pred_text_b": b,
            "speaker": f"s{number % 2}",
            "words": [{"word": w, "start": n / 5, "end": n / 5 + 0.1} for n, w in enumerate(said.split())],
        }
        for number, (said, a, b) in enumerate(zip(SAID, HEARD_A, HEARD_B, strict=True))
    ]
    stores = door.open_stores(load([door.DEFAULTS], options))
    try:
        stores.library.open("birds", [write_rows(folder / "birds.json", rows)])
        loaded(stores.library, "birds")
        yield stores
    finally:
        stores.close()


@pytest.fixture(scope="module")
def url(stores: EvaluatorStores, serve: Callable[[Flask], str]) -> str:
    return serve(door.create_app(stores).server)


def cell(page: Page, row: int, column: str) -> str:
    return page.locator(f'.ag-row[row-index="{row}"] .ag-cell[col-id="{column}"]').inner_text()


def test_confusions_lead_to_their_utterances_at_the_word(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds")
    page.get_by_role("link", name="Errors").click()
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")
    expect(page.locator(".errors-about")).to_contain_text("a: 4 errors (3 S, 0 D, 1 I) in 10 words, WER 40.00")
    expect(page.locator('.ag-row[row-index="0"]')).to_contain_text("the")
    shown = [cell(page, 0, name) for name in ("word", "heard", "count_a", "count_b", "change", "gained", "lost")]
    assert shown == ["the", "a", "3", "1", "-2", "0", "1"]

    page.locator('.ag-row[row-index="0"] [col-id="count_b"] a').click()
    expect(page.locator("#utterances-extent")).to_contain_text("1 of 5 utterances")
    expect(page.locator("#utterances-chips")).to_contain_text("Edits b has “the → a”")
    expect(page.locator(".workbench.inspecting")).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]t=0\.600"))  # the second "the", which b missed
    page.go_back()
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")

    page.locator('.ag-row[row-index="0"] [col-id="lost"] a').click()
    expect(page.locator("#utterances-extent")).to_contain_text("1 of 5 utterances")
    expect(page.locator("#utterances-chips")).to_contain_text("Edits b does not have “the → a”")


def test_the_address_holds_systems_kind_order_and_filter(page: Page, url: str) -> None:
    page.goto(f"{url}/errors?corpus=birds")
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")
    page.get_by_role("link", name="Most added").click()
    expect(page.locator('.ag-row[row-index="0"]')).to_contain_text("one")
    expect(page).to_have_url(re.compile("lsort=-change"))
    page.locator("#errors-search").fill("cat")
    expect(page.locator("#errors-extent")).to_contain_text("0 of 2")
    expect(page).to_have_url(re.compile("lsearch=cat"))
    page.locator("[data-parameter=other] select").select_option("-")
    expect(page.locator(".errors-about")).not_to_contain_text("b: ")
    page.get_by_role("link", name="Insertions").click()
    expect(page.locator("#errors-extent")).to_contain_text("1 inserted word")
    page.locator('.ag-row[row-index="0"] [col-id="heard"] a').click()
    expect(page.locator("#utterances-chips")).to_contain_text("Edits a has “+ um”")
    expect(page.locator("#utterances-extent")).to_contain_text("1 of 5 utterances")

    page.goto(f"{url}/errors?corpus=birds&f=speaker:eq:s1")
    expect(page.locator(".errors-about")).to_contain_text("On the 2 utterances that both systems")
    expect(page.locator('.ag-row[row-index="0"] [col-id="count_a"]')).to_have_text("2")


def test_the_download_is_the_view(page: Page, url: str) -> None:
    page.goto(f"{url}/errors?corpus=birds&lsort=change")
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")
    with page.expect_download() as download:
        page.locator("#errors-exports a").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [(row["word"], row["heard"], row["change"]) for row in rows] == [("the", "a", "-2"), ("one", "the", "1")]


def test_mistakes_are_sentences(page: Page, url: str) -> None:
    page.goto(f"{url}/errors?corpus=birds&other=c")
    expect(page.locator("#page")).to_contain_text('No system "c" is scored here')
    page.goto(f"{url}/errors?corpus=birds&tab=nothing")
    expect(page.locator("#page")).to_contain_text('There is no tab "nothing"')
    page.goto(f"{url}/errors?corpus=birds&search=nobody+says+this")
    expect(page.locator("#errors-extent")).to_contain_text("0 confusion pairs")
    expect(page.locator(".errors-about")).to_contain_text("in 0 words. On the 0 utterances")


def test_a_long_counting_tells_how_far_it_is_and_can_be_cancelled(
    page: Page, url: str, stores: EvaluatorStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(_corpus: Corpus, _systems: Sequence[str], tell: Tell) -> Corpus:
        while True:
            tell(1_000, 4_000)
            time.sleep(0.05)

    with monkeypatch.context() as patched:
        patched.setattr(stores.edits, "with_edits", endless)
        page.goto(f"{url}/errors?corpus=birds&where={{duration}}+>+0")
        expect(page.locator("#errors-progress")).to_contain_text("1,000 of 4,000 done")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#errors-progress")).to_contain_text("Nothing was counted")
    page.get_by_role("link", name="Begin again").click()
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")


def test_the_page_opens_by_itself(
    page: Page, url: str, stores: EvaluatorStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, usual = threading.Event(), stores.edits.with_edits

    def later(corpus: Corpus, systems: Sequence[str], tell: Tell) -> Corpus:
        ready.wait(30)
        return usual(corpus, systems, tell)

    monkeypatch.setattr(stores.edits, "with_edits", later)
    page.goto(f"{url}/errors?corpus=birds&where={{duration}}+<+9")
    expect(page.locator("#errors-progress")).to_contain_text("This page opens by itself")
    ready.set()
    expect(page.locator("#errors-extent")).to_contain_text("2 confusion pairs")
