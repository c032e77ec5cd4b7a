"""axe-core finds nothing serious on any page or in anything that opens over it, light and dark, wide and narrow.

"Nothing" is no violation of impact serious or critical under axe-core's own rules, best practices included. Nothing is
excluded. Sources: https://github.com/dequelabs/axe-core (carried by the package; nothing is loaded).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

import app as door
import evaluator.pages
import explorer.pages
import explorer.stores
from explorer.config_files import load
from explorer.querying.query import Query
from tests.browser.conftest import VIEWPORT
from tests.corpora import loaded, write_empty, write_faulty, write_manifest

SERIOUS = ("serious", "critical")
WIDTHS = (1440, 390)
THEMES = ("light", "dark")
PAGES = (*explorer.pages.PAGES, *evaluator.pages.PAGES)


@dataclass
class House:
    url: str
    utterance: str
    """The id of an utterance of "tones"."""


def _write_voices(folder: Path) -> Path:
    """Twelve sentences, so two pages of them, each read by two voices and heard by a recognizer."""
    folder.mkdir(parents=True)
    tones = write_manifest(folder / "sound", utterances=8)
    rows = [
        {
            "audio_filepath": str(tones.parent / f"{number % 8}.wav"),
            "duration": 1 + number % 8 / 4,
            "offset": 0.001 * (number // 8),
            "text": f"sentence {number // 2}",
            "pred_text": f"sentence {number}",
            "system": f"voice{number % 2}",
            "sentence_id": f"s{number // 2}",
        }
        for number in range(24)
    ]
    path = folder / "voices.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[House]:
    """Both rooms over a usual corpus, one of voices, a faulty and an empty one, with a system and an ended job."""
    folder = tmp_path_factory.mktemp("accessible")
    manifests = {
        "tones": write_manifest(folder / "tones"),
        "voices": _write_voices(folder / "voices"),
        "faulty": write_faulty(folder / "faulty"),
        "empty": write_empty(folder / "empty"),
    }
    named = [f"corpora.{name}.manifests=[{path}]" for name, path in manifests.items()]
    places = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    config = load([door.DEFAULTS], [*places, *named, "systems.whisper.engine=whisper"])
    with closing(door.open_stores(config)) as stores:
        for name in manifests:
            loaded(stores.library, name)
        utterance = stores.corpus({"corpus": "tones"}).page(Query(), 0, 1, ())[0]["id"]
        yield House(serve(door.create_app(stores).server), utterance)


@pytest.fixture(scope="module")
def profile(chromium: Browser, house: House) -> Iterator[BrowserContext]:
    """One profile for all tests here, so that a hundred pages compile the same scripts once."""
    made = chromium.new_context(viewport=VIEWPORT)
    made.new_page().goto(f"{house.url}/nowhere")  # stays: scripts are forgotten with the last page that runs them
    yield made
    made.close()


@pytest.fixture
def context(profile: BrowserContext, house: House) -> Iterator[BrowserContext]:
    """The shared profile, which remembers nothing of a test when it is over."""
    yield profile
    session = profile.new_cdp_session(profile.pages[0])
    kinds = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage"
    session.send("Storage.clearDataForOrigin", {"origin": house.url, "storageTypes": kinds})
    session.detach()


def violations(page: Page) -> list[str]:
    """What axe-core finds serious on the page as it is, one line for each element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{entry['id']} ({entry['impact']}): {node['target']} {node['html'][:120]} {node['failureSummary'][:300]}"
        for entry in found
        if entry["impact"] in SERIOUS
        for node in entry["nodes"]
    ]


def settled(page: Page) -> None:
    """Until the page has come and nothing more of it is asked for."""
    expect(page.locator("#page h1").first).to_be_attached()
    for figure in page.locator("#page [data-ask]").all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".skeleton")).to_have_count(0)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_load_state("networkidle")


def check(page: Page) -> None:
    """No serious violation in either theme; colours on their way from one to the other are no colours of a theme."""
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; }")
    for theme in THEMES:
        page.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
        found = violations(page)
        assert not found, f"{theme}: " + "\n".join(found)


def name(shown: explorer.stores.Page) -> str:
    """What a page is called in the names of tests."""
    return shown.PATH.strip("/") or "overview"


@pytest.fixture(params=WIDTHS)
def sized(page: Page, request: pytest.FixtureRequest) -> Page:
    """The page at each width, without movement."""
    page.set_viewport_size({"width": request.param, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    return page


def see(page: Page, house: House, shown: explorer.stores.Page, corpus: str) -> None:
    """Open a page over a corpus and check it, without movement, so that colours are measured at rest."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{house.url}{shown.PATH}?corpus={corpus}" + (f"&u={house.utterance}" if corpus == "tones" else ""))
    settled(page)
    check(page)


@pytest.mark.parametrize("shown", PAGES, ids=name)
def test_every_page(sized: Page, house: House, shown: explorer.stores.Page) -> None:
    see(sized, house, shown, "voices" if shown is evaluator.pages.tts else "tones")


@pytest.mark.parametrize("corpus", ["faulty", "empty"])
@pytest.mark.parametrize("shown", PAGES, ids=name)
def test_every_page_over_a_corpus_with_little_in_it(
    page: Page, house: House, shown: explorer.stores.Page, corpus: str, allowed_errors: list[str]
) -> None:
    if shown is evaluator.pages.review:
        allowed_errors.append("/media/faulty/")  # it plays the first utterance, whose sound is not there
    see(page, house, shown, corpus)


def test_the_signals_of_the_review_queue(sized: Page, house: House) -> None:
    sized.goto(f"{house.url}/review?corpus=tones&signals=cer%3A2")
    settled(sized)
    if not sized.locator(".review-signals").is_visible():
        sized.get_by_role("button", name="List").click()  # it is folded away where there is little room
    expect(sized.locator(".review-weights").first).to_be_visible()
    check(sized)


def test_a_page_that_is_not_there(sized: Page, house: House) -> None:
    sized.goto(f"{house.url}/nowhere")
    settled(sized)
    check(sized)


@pytest.mark.parametrize(
    ("opener", "opened"),
    [
        ("[data-palette-open]", "dialog.palette[open]"),
        ("[data-views-open]", "dialog.views[open]"),
        ("[data-hotkeys-open]", "dialog.hotkeys[open]"),
        ("#shell-guide-open", ".offcanvas.show"),
        ("[data-popup=utterances-columns-popup]", ".popup.open"),
        ("[data-popup=utterances-export-popup]", ".popup.open"),
        ("#shell-toggle", ".header.open"),
    ],
)
def test_what_opens_over_a_page(sized: Page, house: House, opener: str, opened: str) -> None:
    if opener == "#shell-toggle":
        sized.set_viewport_size({"width": 390, "height": 844})
    sized.goto(f"{house.url}/utterances?corpus=tones")
    settled(sized)
    sized.locator(opener).click()
    expect(sized.locator(opened)).to_be_visible()
    check(sized)


def test_every_step_of_the_tour(sized: Page, house: House) -> None:
    sized.goto(f"{house.url}/?corpus=tones")
    settled(sized)
    check(sized)
    sized.get_by_role("button", name="Take the tour").click()
    for number in range(1, 6):
        expect(sized.locator(".tour-card")).to_contain_text(f"{number} of 5")
        expect(sized.locator(".tour-frame")).to_be_visible()
        check(sized)
        sized.locator(".tour-card .btn-primary").click()
