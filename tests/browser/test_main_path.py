"""The main job, as a newcomer does it on the demo: see, filter, listen, detect, transcribe, read the diff, export."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from evaluator.demo import build
from evaluator.demo.build import DemoWorkspace
from evaluator.demo.corpora import DemoSize
from evaluator.stores import EvaluatorStores
from evaluator.workspace import Workspace
from explorer.config_files import load
from explorer.querying.query import Query
from tests.corpora import loaded

pytestmark = pytest.mark.slow
SYSTEM = "newcomer"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoWorkspace:
    """A small demo, made by the product: the same stages as ``make demo``, fewer utterances."""
    size = DemoSize(commands=30, sentences=3, stretches=1, stimuli=2)
    return build(tmp_path_factory.mktemp("demo"), progress=print, size=size)


@pytest.fixture(scope="module")
def stores(demo: DemoWorkspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    """The product over the demo, with one more system: a committed checkpoint under a name of its own."""
    overrides = [
        *demo.overrides,
        f"cache.folder={tmp_path_factory.mktemp('cache')}",
        f"systems.{SYSTEM}.engine=nemo",
        f"systems.{SYSTEM}.model={door.ROOT / 'configs' / 'demo' / 'tiny-e4.nemo'}",
        "transcribe.batch_size=4",
    ]
    opened = door.open_stores(load([door.DEFAULTS, door.ROOT / "configs" / "demo.yaml"], overrides))
    for name in opened.library.names():
        loaded(opened.library, name)
    yield opened
    opened.close()
    if opened.supervisor.alive():
        os.kill(int(Workspace(opened.workspace).lock.read_text()), signal.SIGKILL)


@pytest.fixture(scope="module")
def url(stores: EvaluatorStores, serve: Callable[[Flask], str]) -> str:
    return serve(door.create_app(stores).server)


def test_the_main_job(page: Page, url: str, stores: EvaluatorStores, tmp_path: Path) -> None:
    # See: the overview counts the corpus and ranks the checkpoints.
    page.goto(f"{url}/?corpus=commands")
    expect(page.locator("#page")).to_contain_text("Error rates")
    for system in ("tiny-e1", "tiny-e2", "tiny-e4", "whisper"):
        expect(page.locator("#page")).to_contain_text(system)

    # Filter: a search, remembered by the address.
    page.get_by_role("link", name="Utterances", exact=True).click()
    page.locator("#utterances-search").fill("the")
    expect(page.locator(".chip")).to_contain_text("the")
    page.wait_for_function("location.search.includes('search=the')")
    chosen = Query(search="the")
    expected = len(stores.corpus({"corpus": "commands"}).rows(chosen))
    assert 1 < expected < 30
    expect(page.locator("#utterances-extent")).to_contain_text(str(expected))

    # Listen: the sound really plays and the playhead really moves.
    page.locator(".ag-center-cols-container .ag-row[row-index='0'] .ag-cell").first.click()
    player = page.locator("#utterances-inspector .player")
    expect(player).to_have_attribute("data-state", "ready")
    before = page.evaluate("earmark.player.position('#utterances-inspector .player')")
    player.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"earmark.player.position('#utterances-inspector .player') > {before} + 0.3")
    # One frame's playhead against the next, in the browser: the sound is short and may end before a second look.
    page.evaluate("earmark.player.seek('#utterances-inspector .player', 0)")
    moved = page.evaluate(
        """() => new Promise((done, late) => {
            const head = document.querySelector('#utterances-inspector .player .player-head');
            const place = () => new DOMMatrix(getComputedStyle(head).transform).m41;
            const first = place();
            const began = performance.now();
            earmark.player.play('#utterances-inspector .player');
            const look = () => {
                if (place() > first + 2) done(place() - first);
                else if (performance.now() - began > 10000) late(new Error('the playhead stands'));
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    assert moved > 2

    # Detect speech: a lane of segments appears on the waveform.
    panel = page.locator(".transcribe")
    panel.get_by_role("button", name="Detect speech").click()
    expect(panel).to_contain_text("Speech: ", timeout=60_000)
    segments = [
        segment
        for lane in json.loads(player.get_attribute("data-lanes") or "[]")
        if lane["kind"] == "speech"
        for segment in lane["segments"]
    ]
    assert segments
    assert all(0 <= start < end for start, end, *_ in segments)

    # Transcribe the view with a real .nemo, and watch it.
    page.get_by_role("link", name="Transcribe", exact=True).click()
    expect(page.locator("#runs-scope")).to_contain_text(f"{expected} utterances")
    page.locator("#runs-system").select_option(SYSTEM)
    page.get_by_role("button", name="Start", exact=True).click()
    job = page.locator(".job").first
    expect(job.locator(".badge-soft")).to_have_text("Done", timeout=120_000)
    expect(job).to_contain_text(f"{expected} of {expected} utterances")
    expect(job).to_contain_text("RTFx")

    # The new column is there without a restart, for the rows of the view only.
    job.get_by_role("link", name="Show in the table").click()
    expect(page.locator(f".ag-header-cell[col-id='wer_{SYSTEM}']").first).to_be_visible()
    corpus = stores.corpus({"corpus": "commands"})
    heard = corpus.page(Query(), 0, corpus.size, (f"hypothesis_{SYSTEM}", "hypothesis_tiny-e4", f"wer_{SYSTEM}"))
    assert sum(row[f"hypothesis_{SYSTEM}"] is not None for row in heard) == expected
    # The same checkpoint heard the same utterances when the demo was made.
    same = [row for row in heard if row[f"hypothesis_{SYSTEM}"] is not None]
    assert [row[f"hypothesis_{SYSTEM}"] for row in same] == [row["hypothesis_tiny-e4"] for row in same]

    # Read the diff: the panel marks errors by letter, and its counts are the table's.
    wrong = next((row for row in same if row[f"wer_{SYSTEM}"]), same[0])
    page.goto(f"{url}/utterance?corpus=commands&u={wrong['id']}")
    alignment = page.locator(".utterance")
    expect(alignment).to_contain_text(SYSTEM)
    expect(alignment).to_contain_text("normalizer")

    # Export: the manifest has the new column under its outside name.
    page.goto(f"{url}/utterances?corpus=commands&search=the")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="manifest").first.click()
    target = tmp_path / "export.jsonl"
    started.value.save_as(target)
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == expected
    assert all(f"pred_text_{SYSTEM}" in row and "the" in json.dumps(row) for row in rows)


def test_problems_of_the_faulty_corpus_are_told_with_their_line(page: Page, url: str) -> None:
    page.goto(f"{url}/problems?corpus=faulty")
    expect(page.locator("#page")).to_contain_text("faulty.json")
    expect(page.locator("#page")).to_contain_text("duration")


@pytest.mark.parametrize("path", ["/", "/utterances", "/problems", "/runs", "/tts"])
@pytest.mark.parametrize("corpus", ["commands", "long", "tts", "faulty"])
def test_every_page_opens_every_demo_corpus_on_a_telephone(page: Page, url: str, path: str, corpus: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}{path}?corpus={corpus}")
    expect(page.locator("#page > *").first).to_be_visible()
    expect(page.locator("#page [aria-busy=true]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
