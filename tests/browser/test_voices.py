"""Scores of voices in a real browser: scored by a job, compared with ratings, a point opens its recording."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app import DEFAULTS, create_app, open_stores
from evaluator.demo.corpora import tts_corpus, write_manifest
from evaluator.listening.design import ListeningTest
from evaluator.stores import EvaluatorStores
from evaluator.workspace import Workspace
from explorer.config_files import load
from tests.corpora import loaded

pytestmark = pytest.mark.slow
QUALITY = {"hibari": 5, "hibari-telephone": 4, "espeak": 2, "espeak-klatt": 1}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    folder = tmp_path_factory.mktemp("voices")
    write_manifest(folder / "tts.json", tts_corpus(folder, 3, 7))
    overrides = [f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}"]
    opened = open_stores(load([DEFAULTS], overrides))
    opened.library.open("tts", [folder / "tts.json"])
    loaded(opened.library, "tts")
    yield opened
    opened.close()
    if opened.supervisor.alive():
        os.kill(int(Workspace(opened.workspace).lock.read_text()), signal.SIGKILL)


def rate_all(stores: EvaluatorStores) -> None:
    """A test of opinion in which one rater says what the systems are worth."""
    material = stores.stimuli.of(stores.library.get("tts"))
    keys = tuple(sentence.key for sentence in material.sentences)
    test = ListeningTest(
        id="opinion", title="Opinion", kind="acr", corpus="tts", systems=tuple(QUALITY), sentences=keys, per_rater=12,
        training=0, checks=0, seed=1, link="a-link-for-the-opinion",
    )  # fmt: skip
    stores.listening.create(test)
    rater = stores.listening.join(test, "Ann", {key: frozenset(own) for key, own in material.cells.items()})
    for screen in rater.screens:
        stores.listening.submit(test, rater.id, screen.id, [QUALITY[screen.slots[0].system]], 2.0)


def test_voices_are_scored_and_compared_with_ratings(
    page: Page, stores: EvaluatorStores, serve: Callable[[Flask], str]
) -> None:
    address = serve(create_app(stores).server)
    page.goto(f"{address}/voices?corpus=tts")
    expect(page.get_by_text("Nothing has been scored yet")).to_be_visible()
    page.get_by_role("button", name="Score the voices").click()
    expect(page.locator("#voices-status")).to_contain_text("Job 1")
    table = page.get_by_role("region", name="Scores", exact=True)
    expect(table.get_by_role("row", name="Predicted MOS")).to_contain_text("★", timeout=240_000)
    expect(page.locator("#voices-status .badge-soft")).to_have_count(0, timeout=120_000)
    heads = table.locator("thead th").all_inner_texts()
    cells = table.get_by_role("row", name="Predicted MOS").locator("td").all_inner_texts()
    opinion = dict(zip(heads[1:], cells, strict=True))
    assert opinion["hibari"].startswith("★")
    assert float(opinion["hibari"].removeprefix("★ ")) > 4
    expect(page.get_by_text("No ratings yet")).to_be_visible()

    rate_all(stores)
    page.goto(f"{address}/voices?corpus=tts&test=opinion&score=voice_mos")
    told = page.locator("#voices-body")
    expect(told).to_contain_text("Over 12 readings: Spearman's rho 0.")
    expect(told).to_contain_text("Over 4 systems: Spearman's rho")
    expect(page.locator("#voices-graph .point").first).to_be_visible()
    page.locator("#voices-graph .nsewdrag").hover()
    page.get_by_role("region", name="Where score and people differ most").locator("tbody a").first.click()
    expect(page.locator(".player[data-state=ready]")).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/voices?corpus=tts")
    expect(table).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_another_corpus_says_what_it_lacks(
    page: Page, serve: Callable[[Flask], str], stores: EvaluatorStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    write_manifest(folder / "plain.json", [{"audio_filepath": "a.wav", "duration": 1.0, "text": "x"}])
    stores.library.open("plain", [folder / "plain.json"])
    loaded(stores.library, "plain")
    page.goto(f"{serve(create_app(stores).server)}/voices?corpus=plain")
    expect(page.get_by_role("heading", level=1)).to_have_text("This corpus has no voices to score")
