"""The listening room in a real browser: what is heard is measured from the samples that the page plays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from app import DEFAULTS, create_app, open_stores
from evaluator.demo.corpora import TTS_SYSTEMS, tts_corpus, write_manifest
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from tests.browser.listening import heard, longest_silence, positions, record, serve_recorder, write_chirp

# Three systems whose sounds tell by their pitch whose they are and where: start and slope of a chirp, hertz (a second).
CHIRPS = {"low": (500.0, 200.0), "middle": (1800.0, 300.0), "high": (4000.0, 500.0)}
LEVELS = {"low": -6.0, "middle": -20.0, "high": -34.0}
SECONDS = 4.0
PLAYING = (
    "() => [...document.querySelectorAll('.player-body.is-playing')].map(b => b.closest('.tts-cell').dataset.ttsCell)"
)


def deck(row: int) -> str:
    """A script's name of a row's deck."""
    return (
        f"earmark.parts.decks.find(document.querySelectorAll('.tts-row')[{row}].querySelector('.player').dataset.deck)"
    )


def chirps(folder: Path) -> Path:
    """Twelve sentences by three systems; one reading is missing."""
    rows = []
    for number in range(12):
        for system, (start, slope) in CHIRPS.items():
            if (number, system) == (1, "middle"):
                continue
            name = f"{system}/{number}.wav"
            peak = LEVELS[system]
            write_chirp(folder / name, start_hz=start, slope=slope, seconds=SECONDS, peak_db=peak)
            text = f"Dr. Smith paid ${number + 2}."
            rows.append({"audio_filepath": name, "text": text, "sentence_id": f"s{number:02d}", "system": system})
            rows[-1] |= {"duration": SECONDS, "score": float(number)}
    write_manifest(folder / "chirps.json", rows)
    return folder / "chirps.json"


def ten_systems(folder: Path) -> Path:
    """One sentence by as many systems as there are digits."""
    rows = []
    for number in range(10):
        name = f"ten/{number}.wav"
        write_chirp(folder / name, start_hz=400.0 + 300 * number, slope=10, seconds=2.0)
        rows.append({"audio_filepath": name, "text": "one", "sentence_id": "s", "system": f"voice{number}"})
    write_manifest(folder / "ten.json", rows)
    return folder / "ten.json"


@pytest.fixture(scope="module")
def address(serve: Callable[[Flask], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app over chirps, over two sentences read by the demo's systems, and over something else."""
    folder = tmp_path_factory.mktemp("tts")
    rows = [row | {"pred_text_ear": row["text"].lower()} for row in tts_corpus(folder, 2, 7)]
    write_manifest(folder / "tts.json", rows)
    write_manifest(folder / "plain.json", [{key: row[key] for key in ("audio_filepath", "text")} for row in rows])
    overrides = [
        f"workspace={folder / 'workspace'}",
        f"cache.folder={folder / 'cache'}",
        "synthesis.spoken_form=english",
    ]
    stores = open_stores(load([DEFAULTS], overrides))
    stores.library.open("chirps", [chirps(folder)])
    stores.library.open("ten", [ten_systems(folder)])
    for name in ("tts", "plain"):
        stores.library.open(name, [folder / f"{name}.json"])
    settle(stores)
    server = create_app(stores).server
    serve_recorder(server)
    yield serve(server)
    stores.close()


def settle(stores: EvaluatorStores) -> None:
    """Wait until nothing is loaded or scored any more, which would draw the page anew."""
    deadline = time.monotonic() + 120
    while any(stores.pending({"corpus": name}) for name in stores.library.names()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def opened(page: Page, address: str, search: str = "corpus=chirps", *, rows: int = 10) -> Page:
    page.goto(f"{address}/tts?{search}")
    expect(page.locator(".tts-row")).to_have_count(rows)
    expect(page.locator(".tts-row").first.locator(".player[data-state=ready]").first).to_be_visible()
    return page


def plays(page: Page, system: str) -> None:
    page.wait_for_function(f"(system) => ({PLAYING})()[0] === system", arg=system)


def wait_position(page: Page, seconds: float, row: int = 0) -> None:
    page.wait_for_function(f"(seconds) => {deck(row)}.position > seconds", arg=seconds)


def test_switching_keeps_the_position_and_leaves_no_gap(page: Page, address: str) -> None:
    opened(page, address)
    record(page)
    page.keyboard.press("1")
    plays(page, "1")
    wait_position(page, 0.6)
    page.keyboard.press("3")
    plays(page, "3")
    wait_position(page, 1.4)
    page.keyboard.press("2")
    plays(page, "2")
    wait_position(page, 2.2)
    page.keyboard.press(" ")
    page.wait_for_function(f"() => !{deck(0)}.playing")
    samples, rate = heard(page)
    assert longest_silence(samples, rate) < 0.05
    # Systems stand in the order of their names: high, low, middle.
    found = positions(samples, rate, CHIRPS)
    order = list(dict.fromkeys(name for _, name, _ in found))
    assert order == ["high", "middle", "low"]
    lags = np.array([at - position for at, _, position in found])
    late = np.abs(lags - np.median(lags))
    assert np.percentile(late, 98) < 0.05, sorted(late)[-5:]
    assert page.evaluate(f"{deck(0)}.position") > 2.2


def test_the_sound_heard_first_comes_before_pictures_and_is_there_when_it_is_wanted(page: Page, address: str) -> None:
    pictures: list[Route] = []
    sounds: list[Route] = []
    page.route("**/peaks", lambda route: pictures.append(route))
    page.goto(f"{address}/tts?corpus=chirps")
    expect(page.locator(".tts-row .player[data-deck]")).to_have_count(29)
    brought = "[...{deck}.members][0].brought"
    page.wait_for_function(f"() => {deck(0)} && {deck(1)} && {brought.format(deck=deck(0))}")
    page.wait_for_function(f"() => {brought.format(deck=deck(1))}")
    page.evaluate(f"async () => {{ await {brought.format(deck=deck(0))}.bytes; }}")
    page.route("**/audio", lambda route: sounds.append(route))  # what is there needs no server any more
    page.keyboard.press("1")
    page.wait_for_function(f"() => {deck(0)}.playing")
    assert len(pictures) <= 4  # the other two connections of the browser are for sound
    page.keyboard.press(" ")
    for pattern, held in (("**/audio", sounds), ("**/peaks", pictures)):
        for route in held:
            route.continue_()
        page.unroute(pattern)
    expect(page.locator(".tts-row").first.locator(".player[data-state=ready]").first).to_be_visible()


def test_players_far_below_are_made_when_they_come_near_and_the_page_does_not_move(page: Page, address: str) -> None:
    opened(page, address)
    last = page.locator(".tts-row").last
    made = last.locator(".player-body")
    expect(page.locator(".tts-row").first.locator(".player-body")).to_have_count(3)
    expect(made).to_have_count(0)
    place = "() => document.querySelector('.tts-row:last-of-type').offsetTop"
    before = page.evaluate(place)
    last.scroll_into_view_if_needed()
    expect(made).to_have_count(3)
    expect(last.locator('.player[data-state="ready"]').first).to_be_attached()
    assert abs(page.evaluate(place) - before) < 40  # 188 pixels for each row before it, if room was not kept


def test_the_tenth_system_has_the_key_0(page: Page, address: str) -> None:
    opened(page, address, "corpus=ten", rows=1)
    expect(page.locator("[data-tts-system='10'] kbd")).to_have_text("0")
    page.keyboard.press("0")
    plays(page, "10")
    page.keyboard.press("?")
    listed = page.locator("dialog.hotkeys dl").filter(has_text="hear voice9")
    expect(listed.locator("dt", has_text="0")).to_be_visible()
    expect(page.locator("dialog.hotkeys")).not_to_contain_text("show all")


def test_sounds_are_equally_loud_until_that_is_switched_off(page: Page, address: str) -> None:
    opened(page, address)
    expect(page.locator("[data-tts-level]")).to_have_attribute("aria-checked", "true")

    def levels() -> dict[str, float]:
        record(page)
        for system, from_s in (("1", 0.5), ("2", 1.0), ("3", 1.5)):
            page.keyboard.press(system)
            plays(page, system)
            wait_position(page, from_s)
        page.keyboard.press(" ")
        page.wait_for_function(f"() => !{deck(0)}.playing")
        samples, rate = heard(page)
        frames = positions(samples, rate, CHIRPS)
        page.evaluate(f"{deck(0)}.move(0)")
        own = {
            name: [samples[int(t * rate) - 512 : int(t * rate) + 512] for t, n, _ in frames if n == name]
            for name in CHIRPS
        }
        return {name: float(20 * np.log10(np.median([np.sqrt(np.mean(f**2)) for f in own[name]]))) for name in own}

    matched = levels()
    # The filter of BS.1770 lifts high tones by up to 4 dB, so equally loud is not the same level.
    assert max(matched.values()) - min(matched.values()) < 4.5
    page.keyboard.press("m")
    expect(page.locator("[data-tts-level]")).to_have_attribute("aria-checked", "false")
    raw = levels()
    assert raw["low"] - raw["middle"] == pytest.approx(LEVELS["low"] - LEVELS["middle"], abs=0.5)
    assert raw["middle"] - raw["high"] == pytest.approx(LEVELS["middle"] - LEVELS["high"], abs=0.5)
    page.reload()
    expect(page.locator("[data-tts-level]")).to_have_attribute("aria-checked", "false")
    page.locator("[data-tts-level]").click()
    page.locator(".tts-row").first.hover()
    expect(page.locator(".tts-row").first.locator(".tts-lufs").first).to_contain_text("→")


def test_a_loop_goes_round_in_every_system(page: Page, address: str) -> None:
    opened(page, address)
    lanes = page.locator(".tts-row").first.locator('[data-tts-cell="1"] .player-lanes')
    box = lanes.bounding_box()
    assert box is not None
    y = box["y"] + 20
    page.mouse.move(box["x"] + 0.25 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], y, steps=4)
    page.mouse.up()
    expect(page.locator(".tts-row").first.locator(".player-loop:not([hidden])")).to_have_count(3)
    start, end = page.evaluate(f"{deck(0)}.loop")
    assert (start, end) == pytest.approx((1.0, 1.6), abs=0.06)
    record(page)
    page.keyboard.press("1")
    plays(page, "1")
    rounds = "() => window.heard.blocks.length * 128 / window.heard.rate > {}"
    page.wait_for_function(rounds.format(1.5))
    page.keyboard.press("2")
    plays(page, "2")
    page.wait_for_function(rounds.format(3.0))
    samples, rate = heard(page)
    found = positions(samples, rate, CHIRPS)
    assert {name for _, name, _ in found} == {"high", "low"}
    assert longest_silence(samples, rate) < 0.05
    steady = [position for _, _, position in found]
    assert np.percentile(steady, 2) > start - 0.1
    assert np.percentile(steady, 98) < end + 0.1
    for name in ("high", "low"):
        own = [position for _, n, position in found if n == name]
        assert any(later < earlier - 0.3 for earlier, later in pairwise(own))  # it turned round
    page.keyboard.press("l")
    expect(page.locator(".tts-row").first.locator(".player-loop:not([hidden])")).to_have_count(0)
    page.keyboard.press(" ")


def test_keys_go_to_the_next_sentence_and_page_with_the_same_system(page: Page, address: str) -> None:
    opened(page, address)
    page.keyboard.press("3")
    plays(page, "3")
    expect(page.locator(".tts-row").first).to_have_class("panel tts-row is-current")
    page.keyboard.press("j")
    page.wait_for_function(f"() => {deck(1)}.heard === null && !{deck(0)}.playing || {deck(1)}.playing")
    expect(page.locator(".tts-row").nth(1)).to_have_class("panel tts-row is-current")
    page.keyboard.press("j")
    expect(page.locator(".tts-row").nth(2)).to_have_class("panel tts-row is-current")
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator(".tts-row").first).to_have_class("panel tts-row is-current")
    for _ in range(9):
        page.keyboard.press("j")
    expect(page.locator(".tts-row").nth(9)).to_have_class("panel tts-row is-current")
    page.keyboard.press("j")
    page.wait_for_url("**page=2**")
    expect(page.locator(".tts-row")).to_have_count(2)
    expect(page.locator(".tts-row").first).to_have_class("panel tts-row is-current")
    page.keyboard.press("?")
    expect(page.get_by_text("equal loudness on or off")).to_be_visible()
    expect(page.get_by_text("hear high")).to_be_visible()


def test_a_missing_reading_stays_visible_and_is_not_played(page: Page, address: str) -> None:
    opened(page, address)
    expect(page.get_by_text("not read by this system")).to_have_count(1)
    expect(page.locator(".tts-row .player")).to_have_count(29)
    page.locator(".tts-row").nth(1).locator("h2").click()
    page.keyboard.press("3")
    expect(page.locator("[data-tts-said]")).to_have_text("middle has not read this sentence.")
    assert page.evaluate(PLAYING) == []
    page.locator(".tts-row").nth(1).locator('[data-tts-cell="2"] .player-play').click()
    plays(page, "2")


def test_sentences_are_chosen_by_text_and_by_score_in_the_address(page: Page, address: str) -> None:
    opened(page, address)
    expect(page.locator(".tts-spoken").first).to_contain_text("doctor Smith paid two dollars.")
    expect(page.locator(".tts-spoken").first.locator("mark").last).to_have_text("two dollars.")
    page.keyboard.press("f")
    page.keyboard.type("{score} > 8 && {system} = high")
    page.keyboard.press("Enter")
    page.wait_for_url("**where=**")
    expect(page.locator(".tts-row")).to_have_count(3)
    expect(page.locator(".tts-row .player")).to_have_count(9)
    expect(page.locator(".tts-fits")).to_have_count(3)
    page.locator("[data-parameter=show] select").select_option("score")
    page.locator("[data-parameter=order] select").select_option("down")
    expect(page.locator(".tts-row h2").first).to_have_text("Dr. Smith paid $13.")
    page.keyboard.press("/")
    page.keyboard.type("$12")
    page.keyboard.press("Enter")
    expect(page.locator(".tts-row")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".tts-row")).to_have_count(10)
    page.locator("[data-parameter=gaps] select").select_option("only")
    expect(page.locator(".tts-row")).to_have_count(1)


def test_the_demos_voices_play_with_their_transcripts(page: Page, address: str) -> None:
    opened(page, address, "corpus=tts", rows=2)
    expect(page.locator(".tts-system")).to_have_count(len(TTS_SYSTEMS))
    expect(page.locator(".tts-system").first).to_contain_text("WER 0.0 %")
    second = page.locator(".tts-row").nth(1)
    second.locator('[data-tts-cell="1"] .player-play').click()
    wait_position(page, 0.4, row=1)
    page.keyboard.press("3")
    plays(page, "3")
    expect(second).to_have_class("panel tts-row is-current")
    page.locator(".tts-system").nth(3).click()
    plays(page, "4")


def test_the_page_fits_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cells = page.locator(".tts-row").first.locator(".tts-cell")
    widths = cells.evaluate_all("cells => cells.map(c => c.clientWidth)")
    assert all(300 < width <= 366 for width in widths)
    page.locator(".tts-row").first.locator("h2").click()
    page.locator(".tts-system").nth(1).click()
    plays(page, "2")
    page.wait_for_function(
        "() => { const box = document.querySelector('[data-tts-cell=\"2\"]').getBoundingClientRect();"
        " return box.left >= 0 && box.right <= 390; }"
    )


def test_another_corpus_is_told_what_the_page_needs(page: Page, address: str) -> None:
    page.goto(f"{address}/tts?corpus=plain")
    expect(page.get_by_role("heading", name="This corpus is not TTS material")).to_be_visible()
    page.get_by_role("link", name="See its utterances").click()
    page.wait_for_url("**/utterances?corpus=plain")
