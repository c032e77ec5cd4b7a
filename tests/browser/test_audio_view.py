"""Looking at sound in a real browser: zoom to samples, pan, read-out, settings, lanes, channels, an hour, addresses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from dash import Dash, html
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from explorer import vendor
from explorer.components.player import player
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.corpora.recordings import recording_of
from explorer.doors import media
from explorer.lanes.lane import Lane
from explorer.querying.query import Query
from explorer.segments import Segment
from explorer.sound import indexing, views
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import manifest, voice

RATE = 16_000
HOUR = 3_600
WORDS = Lane("small", "words", (Segment(0.4, 0.9, "hello"), Segment(1.0, 1.6, "wide"), Segment(1.6, 2.4, "world")))
TURNS = Lane("turns", "speakers", (Segment(0.0, 2.0, "anna"), Segment(1.5, 4.0, "bert")))
BROKEN = Lane("talk.ctm", "labels", problem='talk.ctm:3: "x" and "1" should be start and duration in seconds')


class Studio:
    """A corpus over real files and a page with one player on it."""

    def __init__(self, folder: Any, serve: Callable[[Flask], str]) -> None:
        data = folder / "data"
        data.mkdir()
        second = np.arange(4 * RATE) / RATE
        soundfile.write(data / "voice.wav", voice(4.0), RATE)
        soundfile.write(data / "tone.wav", 0.1 * np.sin(2 * np.pi * 1_000 * second), RATE)
        soundfile.write(data / "stereo.wav", np.stack([voice(2.0), 0.5 * voice(2.0, seed=2)], axis=1), RATE)
        soundfile.write(data / "hour.wav", np.tile(voice(30.0), HOUR // 30), RATE)
        names = ["voice", "tone", "stereo", "hour", "cut", "cut2"]
        rows: list[dict[str, Any]] = [
            {"audio_filepath": f"{name}.wav", "text": name, "duration": duration}
            for name, duration in (("voice", 4.0), ("tone", 4.0), ("stereo", 2.0), ("hour", float(HOUR)))
        ]
        rows += [
            {"audio_filepath": "hour.wav", "text": "cut", "offset": at, "duration": 6.0} for at in (1_200.0, 1_800.0)
        ]
        self.corpus: Corpus = open_corpus("studio", [manifest(data, rows)], cache=folder / "cache")
        found = [row["id"] for row in self.corpus.page(Query(), 0, self.corpus.size, ["audio"])]
        self.ids = dict(zip(names, found, strict=True))
        self.cache = MediaCache(folder / "media", limit=100_000_000)
        self.serve = serve

    def open(self, page: Page, name: str, query: str = "", **options: Any) -> Locator:
        utterance = self.corpus.utterance(self.ids[name])
        app = Dash("audio-view", assets_folder=str(vendor.ASSETS), **vendor.dash_options())
        media.add_routes(app.server, lambda _name: self.corpus, self.cache)
        shown = player("studio", utterance, id="p", in_address=True, **options)
        app.layout = html.Div(html.Div(shown, className="panel"), style={"maxWidth": "720px", "padding": "12px"})
        page.goto(f"{self.serve(app.server)}/?u={self.ids[name]}{query}")
        element = page.locator("#p")
        if query != "&wait":
            expect(element).to_have_attribute("data-state", "ready")
            expect(element.locator(".player-spectrogram.is-drawn")).to_be_attached()
        return element


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[Studio]:
    made = Studio(tmp_path_factory.mktemp("studio"), serve)
    yield made
    made.cache.close()


def view(page: Page) -> tuple[float, float]:
    first, last = page.evaluate("earmark.player.view('#p')")
    return float(first), float(last)


def settled(page: Page, change: Callable[[], None]) -> tuple[float, float]:
    """The view after a change of it, drawn."""
    before = view(page)
    change()
    page.wait_for_function(
        "b => { const v = earmark.player.view('#p'); return v[0] !== b[0] || v[1] !== b[1]; }", arg=before
    )
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return view(page)


def spot(element: Locator, lane: str, x: float, y: float = 0.5) -> tuple[float, float]:
    box = element.locator(lane).first.bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def labels(element: Locator) -> list[str]:
    return element.locator(".player-timeline span").all_inner_texts()


def test_keys_and_buttons_zoom_from_the_whole_to_samples_and_back(studio: Studio, page: Page) -> None:
    element = studio.open(page, "tone")
    assert view(page) == (0, 4)
    expect(element.get_by_role("button", name="Zoom out")).to_be_disabled()
    page.evaluate("earmark.player.seek('#p', 2)")
    first, last = settled(page, lambda: page.keyboard.press("+"))
    assert last - first == pytest.approx(4 / 1.6)
    # The playhead stays where it was on the screen.
    assert (2 - first) / (last - first) == pytest.approx(0.5, abs=1e-6)
    first, last = settled(page, lambda: element.get_by_role("button", name="Zoom in").click())
    assert last - first == pytest.approx(4 / 1.6**2)
    for _ in range(20):
        page.keyboard.press("+")
    page.wait_for_function("(([a, b]) => b - a < 24.1 / 16000)(earmark.player.view('#p'))")
    expect(element.get_by_role("button", name="Zoom in")).to_be_disabled()
    # 24 samples over some 700 pixels: the axis counts in tenths of milliseconds.
    assert re.fullmatch(r"\d\.\d{4}", labels(element)[0])
    # Samples are dots: the canvas has round blobs wider than the line between them.
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector('#p .player-waveform canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const tall = [];
            for (let x = 0; x < canvas.width; x += 1) {
                let inked = 0;
                for (let y = 0; y < canvas.height; y += 1) inked += data[4 * (y * canvas.width + x) + 3] > 128;
                tall.push(inked >= 5);
            }
            return tall.filter((now, x) => now && !tall[x - 1]).length >= 20;
        }"""
    )
    settled(page, lambda: page.keyboard.press("-"))
    assert settled(page, lambda: page.keyboard.press("0")) == (0, 4)


def test_the_wheel_zooms_with_a_key_and_over_the_axis_and_leaves_the_page_alone_otherwise(
    studio: Studio, page: Page
) -> None:
    element = studio.open(page, "voice")
    page.mouse.move(*spot(element, ".player-waveform", 0.25))
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(150)
    assert view(page) == (0, 4)
    page.keyboard.down("Control")
    first, last = settled(page, lambda: page.mouse.wheel(0, -300))
    page.keyboard.up("Control")
    assert last - first < 4
    assert first + 0.25 * (last - first) == pytest.approx(1.0, abs=0.01)  # what was under the pointer stays there
    page.mouse.move(*spot(element, ".player-timeline", 0.5))
    again = settled(page, lambda: page.mouse.wheel(0, -300))
    assert again[1] - again[0] < last - first
    page.keyboard.down("Shift")
    moved = settled(page, lambda: page.mouse.wheel(0, 100))
    page.keyboard.up("Shift")
    assert moved[0] > again[0]
    assert moved[1] - moved[0] == pytest.approx(again[1] - again[0])


def test_panning_by_shift_drag_by_keys_and_by_the_overview(studio: Studio, page: Page) -> None:
    element = studio.open(page, "voice", "&from=1&to=2")
    assert view(page) == (1, 2)
    page.keyboard.down("Shift")
    page.mouse.move(*spot(element, ".player-waveform", 0.75))
    page.mouse.down()
    page.mouse.move(*spot(element, ".player-waveform", 0.5))
    page.mouse.move(*spot(element, ".player-waveform", 0.25))
    page.mouse.up()
    page.keyboard.up("Shift")
    assert view(page) == (pytest.approx(1.5, abs=0.02), pytest.approx(2.5, abs=0.02))
    expect(element.locator(".player-chip:visible")).to_have_count(0)  # no loop came of it
    first, _ = settled(page, lambda: page.keyboard.press("Shift+ArrowRight"))
    assert first == pytest.approx(1.75, abs=0.02)
    # The window of the overview: take it in its middle and carry it to the left end.
    page.mouse.move(*spot(element, ".player-overview", 2.25 / 4))
    page.mouse.down()
    page.mouse.move(*spot(element, ".player-overview", 0.3))
    page.mouse.move(*spot(element, ".player-overview", 0.01))
    page.mouse.up()
    assert view(page) == (0, pytest.approx(1, abs=1e-6))
    # A click beside it goes there.
    page.mouse.click(*spot(element, ".player-overview", 0.75))
    assert view(page) == (pytest.approx(2.5, abs=0.02), pytest.approx(3.5, abs=0.02))


def test_zooming_to_the_loop_and_seeking_in_a_zoomed_view(studio: Studio, page: Page) -> None:
    element = studio.open(page, "voice")
    page.mouse.move(*spot(element, ".player-waveform", 0.25))
    page.mouse.down()
    page.mouse.move(*spot(element, ".player-waveform", 0.4))
    page.mouse.move(*spot(element, ".player-waveform", 0.5))
    page.mouse.up()
    first, last = settled(page, lambda: page.keyboard.press("z"))
    assert (first, last) == (pytest.approx(0.95, abs=0.03), pytest.approx(2.05, abs=0.03))
    shade = element.locator(".player-loop").bounding_box()
    lanes = element.locator(".player-lanes").bounding_box()
    assert shade
    assert lanes
    assert shade["width"] / lanes["width"] == pytest.approx(1 / 1.1, abs=0.02)
    page.keyboard.press("l")
    page.mouse.click(*spot(element, ".player-spectrogram", 0.5))
    assert page.evaluate("earmark.player.position('#p')") == pytest.approx((first + last) / 2, abs=0.01)


def test_the_view_follows_the_playhead_until_the_person_looks_elsewhere(studio: Studio, page: Page) -> None:
    studio.open(page, "voice", "&from=0&to=0.5")
    page.evaluate("earmark.player.play('#p')")
    page.wait_for_function("earmark.player.view('#p')[0] > 0.3")
    page.evaluate("earmark.player.pause('#p'); earmark.player.seek('#p', 1)")
    first, last = view(page)
    assert first <= 1 <= last
    page.evaluate("earmark.player.show('#p', 3, 3.5); earmark.player.play('#p')")
    page.wait_for_function("earmark.player.position('#p') > 1.3")
    assert view(page) == (3, 3.5)


def test_the_read_out_tells_time_frequency_and_level(studio: Studio, page: Page) -> None:
    element = studio.open(page, "tone")
    page.mouse.move(*spot(element, ".player-spectrogram", 0.5, 1 - 1_000 / 8_000))
    text = element.locator(".player-hover span").inner_text()
    told = re.fullmatch(r"0:02\.0\d+ · (\d\.\d\d) kHz · −(\d+) dBFS", text)
    assert told, text
    assert float(told[1]) == pytest.approx(1.0, abs=0.05)
    assert int(told[2]) == pytest.approx(20, abs=2)  # a sine of amplitude 0.1
    page.mouse.move(*spot(element, ".player-spectrogram", 0.5, 0.2))
    quiet = re.search(r"−(\d+) dBFS", element.locator(".player-hover span").inner_text())
    assert quiet
    assert int(quiet[1]) > 80
    page.mouse.move(*spot(element, ".player-waveform", 0.25))
    expect(element.locator(".player-hover span")).to_have_text(re.compile(r"0:0(0\.99|1\.0\d)\d*"))


def test_scale_window_range_and_colours_are_chosen_and_remembered(studio: Studio, page: Page) -> None:
    element = studio.open(page, "tone")
    pixel = """(at) => {
        const canvas = document.querySelector('#p .player-spectrogram canvas');
        const pen = canvas.getContext('2d');
        return [...pen.getImageData(canvas.width / 2, Math.round(canvas.height * at), 1, 1).data].join();
    }"""
    high = 1 - 1_000 / 8_000
    magma = page.evaluate(pixel, high)
    element.get_by_role("button", name="How the sound is shown").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    element.get_by_label("Colours").select_option("viridis")
    element.get_by_label("Dynamic range in dB").fill("40")
    page.wait_for_function(f"({pixel})({high}) !== '{magma}'")
    assert page.evaluate(pixel, 0.1) == "68,1,84,255"  # viridis' darkest
    assert not asked  # colours and range need no server
    element.get_by_label("Frequency").select_option("mel")
    # On the mel scale 1 kHz stands at 15 of 45.2 mel, a third of the height.
    page.wait_for_function(f"({pixel})(0.668) !== '68,1,84,255' && ({pixel})({high}) === '68,1,84,255'", timeout=8_000)
    expect(element.locator(".player-hertz span").first).to_have_text(re.compile("Hz"))
    element.get_by_label("Window").select_option("64")
    page.wait_for_function("document.querySelector('#p .player-spectrogram').classList.contains('is-drawn')")
    assert any("window=64&scale=mel" in url for url in asked)
    page.reload()
    expect(element).to_have_attribute("data-state", "ready")
    element.get_by_role("button", name="How the sound is shown").click()
    for label, value in (("Frequency", "mel"), ("Window", "64"), ("Colours", "viridis"), ("Dynamic range in dB", "40")):
        expect(element.get_by_label(label)).to_have_value(value)
    element.get_by_role("button", name="Reset").click()
    expect(element.get_by_label("Frequency")).to_have_value("linear")


def test_lanes_are_clickable_hideable_follow_the_sound_and_say_what_is_wrong(studio: Studio, page: Page) -> None:
    element = studio.open(page, "voice", lanes=[WORDS, TURNS, BROKEN])
    words = element.locator("[data-lane=small]")
    expect(words.locator(".player-segment")).to_have_text(["hello", "wide", "world"])
    expect(element.locator("[data-lane=turns] .player-segment")).to_have_text(["anna", "bert"])
    expect(element.locator("[data-lane='talk.ctm']")).to_contain_text('talk.ctm:3: "x" and "1" should be start')
    words.get_by_role("button", name="Play wide").click()
    page.wait_for_function("document.querySelector('#p .is-now[data-label=wide]')")
    page.wait_for_function("earmark.player.position('#p') >= 1.55")
    expect(element.locator(".player-play")).to_have_attribute("aria-label", "Play")
    expect(element.locator(".is-now")).to_have_count(0)
    # Zoomed in, only what is in sight is drawn.
    page.evaluate("earmark.player.show('#p', 1.7, 2.2)")
    expect(words.locator(".player-segment")).to_have_text(["world"])
    page.wait_for_function("location.search.includes('from=1.7')")
    words.get_by_role("button", name="Hide small").click()
    expect(words).to_have_count(0)
    page.reload()
    expect(element).to_have_attribute("data-state", "ready")
    expect(words).to_have_count(0)
    element.get_by_role("button", name="Show small").click()
    expect(words.locator(".player-segment")).to_have_text(["world"])


def test_thousands_of_words_are_drawn_as_blocks_from_afar_and_words_from_near(studio: Studio, page: Page) -> None:
    many = Lane("many", "words", tuple(Segment(n * 0.36, n * 0.36 + 0.3, f"w{n}") for n in range(10_000)))
    element = studio.open(page, "hour", lanes=[many])
    lane = element.locator("[data-lane=many]")
    blocks = lane.locator(".player-segment.is-many").count()
    assert 100 < blocks < 400
    assert "words, 0:" in (lane.locator(".player-segment").first.get_attribute("title") or "")
    page.evaluate("earmark.player.show('#p', 1800, 1804)")
    expect(lane.locator(".player-segment").nth(5)).to_have_text("w5005")


def test_channels_are_stacked_and_one_can_be_chosen(studio: Studio, page: Page) -> None:
    element = studio.open(page, "stereo")
    expect(element.locator(".player-facts")).to_contain_text("stereo")
    both = element.locator(".player-waveform").bounding_box()
    page.evaluate("earmark.player.seek('#p', 1)")
    element.get_by_role("button", name="How the sound is shown").click()
    with page.expect_request(lambda request: "/audio?channel=1" in request.url):
        element.get_by_label("Channel").select_option("1")
    expect(element).to_have_attribute("data-state", "ready")
    page.wait_for_function(
        "h => document.querySelector('#p .player-waveform').clientHeight < h - 20", arg=both["height"] if both else 0
    )
    page.wait_for_function("Math.abs(earmark.player.position('#p') - 1) < 0.01")
    page.evaluate("earmark.player.play('#p')")
    page.wait_for_function("earmark.player.position('#p') > 1.2")


def test_an_hour_is_looked_at_anywhere_without_waiting(studio: Studio, page: Page) -> None:
    element = studio.open(page, "hour")
    assert labels(element)[-1].count(":") >= 1
    expect(element.locator(".player-clock")).to_have_text("0:00.00 / 1:00:00.00")
    times = []
    for start, span in ((0, 3_600), (1_799, 2), (3_500, 60), (600, 900), (17.25, 0.02), (3_598, 2)):
        page.evaluate("document.querySelector('#p .player-spectrogram').classList.remove('is-drawn')")
        began = time.perf_counter()
        page.evaluate(f"earmark.player.show('#p', {start}, {start + span})")
        page.wait_for_function("document.querySelector('#p .player-spectrogram').classList.contains('is-drawn')")
        times.append(time.perf_counter() - began)
        assert view(page) == (pytest.approx(start, abs=1e-6), pytest.approx(start + span, abs=1e-6))
    assert sorted(times)[2] < 2.0  # far above what it takes on a free machine
    assert re.fullmatch(r"59:5\d\.\d+", labels(element)[0])


def test_a_first_look_shows_progress_and_can_be_stopped(
    studio: Studio, page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    frames = views.audio.frames

    def slowly(*arguments: Any, **options: Any) -> Iterator[np.ndarray]:
        for block in frames(*arguments, **options):
            time.sleep(0.03)
            yield block

    monkeypatch.setattr(views.audio, "frames", slowly)
    monkeypatch.setattr(indexing, "PATIENCE", 3.0)
    kept, studio.cache = studio.cache, MediaCache(tmp_path / "media", limit=100_000_000)
    element = studio.open(page, "hour", "&wait")
    studio.cache = kept
    expect(element).to_have_attribute("data-state", "indexing")
    expect(element.get_by_role("status")).to_contain_text("for the first time")
    page.wait_for_function("document.querySelector('#p progress').value > 0.05")
    # It can be heard meanwhile.
    element.locator(".player-play").click()
    page.wait_for_function("earmark.player.position('#p') > 0.2")
    page.keyboard.press(" ")
    element.get_by_role("button", name="Stop").click()
    expect(element).to_have_attribute("data-state", "stopped")
    expect(element.get_by_role("status")).to_contain_text("Not drawn")
    page.wait_for_timeout(4_000)
    monkeypatch.setattr(views.audio, "frames", frames)
    element.get_by_role("button", name="Draw it").click()
    expect(element).to_have_attribute("data-state", "ready")
    expect(element.get_by_role("status")).to_have_count(0)


def test_the_address_says_where_the_playhead_stands_and_what_is_shown(studio: Studio, page: Page) -> None:
    studio.open(page, "hour", "&t=1234.5")
    assert page.evaluate("earmark.player.position('#p')") == pytest.approx(1234.5, abs=0.01)
    first, last = view(page)
    assert first <= 1234.5 <= last
    assert last - first < 60  # close enough to see where
    studio.open(page, "voice", "&t=1.5&from=1&to=2.25")
    assert view(page) == (1, 2.25)
    page.keyboard.press("0")
    page.wait_for_function("!location.search.includes('from=')")
    assert "t=1.5" in page.url
    page.evaluate("earmark.player.show('#p', 0.5, 1)")
    page.wait_for_function("location.search.includes('from=0.5&to=1')")
    page.reload()
    page.wait_for_function("window.earmark && earmark.player && earmark.player.view('#p')[1] === 1")


@pytest.mark.parametrize("query", ["&t=abc&from=&to=x", "&from=3&to=1", "&t=-1", "&t=99", "&from=50&to=60"])
def test_an_address_that_makes_no_sense_shows_something(studio: Studio, page: Page, query: str) -> None:
    studio.open(page, "voice", query)
    first, last = view(page)
    assert 0 <= first < last <= 4
    assert 0 <= page.evaluate("earmark.player.position('#p')") <= 4


def test_the_recording_shows_the_others_and_leads_to_them(studio: Studio, page: Page) -> None:
    recording = recording_of(studio.corpus, studio.corpus.utterance(studio.ids["cut"]))
    element = studio.open(page, "cut", "&t=1", recording=recording)
    expect(element.locator(".player-recording-label")).to_contain_text("Utterance 2 of 3 in this recording of 1:00:00")
    page.mouse.move(*spot(element, ".player-recording-strip", 0.5007))
    expect(element.locator(".player-recording-label")).to_contain_text("30:00.00 to 30:06.00 cut")
    page.mouse.click(*spot(element, ".player-recording-strip", 0.5007))
    page.wait_for_function(f"location.search === '?u={studio.ids['cut2']}'")
    step = element.get_by_role("link", name="Previous in this recording")
    assert f"u={studio.ids['hour']}" in (step.get_attribute("href") or "")


def test_the_playhead_costs_little_and_draws_nothing_anew(studio: Studio, page: Page) -> None:
    studio.open(page, "voice", lanes=[WORDS, TURNS])
    page.evaluate(
        """() => {
            window.costs = [];
            window.painted = 0;
            const ask = window.requestAnimationFrame.bind(window);
            window.requestAnimationFrame = (run) => ask((now) => {
                const began = performance.now();
                run(now);
                window.costs.push(performance.now() - began);
            });
            const get = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (...kind) {
                window.painted += 1;
                return get.apply(this, kind);
            };
            earmark.player.play('#p');
        }"""
    )
    page.wait_for_function("earmark.player.position('#p') > 1.5")
    costs = page.evaluate("window.costs")
    assert len(costs) > 15
    assert float(np.median(costs)) < 4.0  # of the 16.7 ms of a frame; 0.1 ms on a free machine
    assert page.evaluate("window.painted") == 0


def test_two_fingers_pinch(studio: Studio, page: Page) -> None:
    element = studio.open(page, "voice")
    left, right = spot(element, ".player-waveform", 0.4), spot(element, ".player-waveform", 0.6)
    wide = spot(element, ".player-waveform", 0.9)
    page.evaluate(
        """([left, right, wide]) => {
            const lanes = document.querySelector('#p .player-lanes');
            const send = (type, id, [x, y]) => lanes.dispatchEvent(new PointerEvent(type, {
                pointerId: id, pointerType: 'touch', clientX: x, clientY: y, bubbles: true, button: 0,
            }));
            lanes.setPointerCapture = () => {};
            send('pointerdown', 11, left);
            send('pointerdown', 12, right);
            send('pointermove', 12, wide);
            send('pointerup', 12, wide);
            send('pointerup', 11, left);
        }""",
        [left, right, wide],
    )
    first, last = view(page)
    assert last - first == pytest.approx(4 * 0.2 / 0.5, rel=0.02)
    expect(element.locator(".player-chip:visible")).to_have_count(0)


def test_it_fits_a_phone(studio: Studio, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    recording = recording_of(studio.corpus, studio.corpus.utterance(studio.ids["cut"]))
    element = studio.open(page, "cut", lanes=[WORDS, TURNS, BROKEN], recording=recording)
    element.get_by_role("button", name="How the sound is shown").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in element.locator("button:visible, a:visible").all():
        assert button.get_attribute("aria-label") or button.inner_text().strip()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_player_with_everything(studio: Studio, page: Page, theme: str) -> None:
    recording = recording_of(studio.corpus, studio.corpus.utterance(studio.ids["cut"]))
    element = studio.open(page, "cut", lanes=[WORDS, TURNS, BROKEN], recording=recording)
    page.evaluate(f"document.documentElement.dataset.bsTheme = '{theme}'")
    page.keyboard.press("+")
    element.get_by_role("button", name="How the sound is shown").click()
    found = Axe().run(page, context="#p").response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
