"""The player in a real browser: it shows, sounds, seeks, loops, switches, fails with a sentence, and cleans up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from dash import Dash, Input, Output, dcc, html
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from explorer import vendor
from explorer.components.player import player
from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.lanes.lane import Lane
from explorer.querying.query import Query
from explorer.segments import Segment
from explorer.sound.media_cache import MediaCache
from tests.explorer.sounds import manifest, voice

RATE = 16_000
SPEECH = Lane(
    "speech", "speech", (Segment(0.5, 1.5, "speech"), Segment(2.0, 3.5, "speech"), Segment(9.0, 9.0, "empty"))
)
# Files by the name of their player; "cut" is from 10 s to 13 s of long.flac.
FILES = {"first": "a.wav", "second": "b.wav", "cut": "long.flac", "stereo": "s.aiff", "missing": "none.wav"}


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A corpus over real files, its routes, and the id of each row under the player's name."""
    folder = tmp_path_factory.mktemp("player") / "data"
    folder.mkdir()
    soundfile.write(folder / "a.wav", voice(4.0), RATE)
    soundfile.write(folder / "b.wav", voice(2.5, seed=1), RATE)
    soundfile.write(folder / "long.flac", voice(60.0), RATE)
    soundfile.write(folder / "s.aiff", np.stack([voice(2.0), voice(2.0, seed=2)], axis=1), RATE)
    rows = [
        {"audio_filepath": name, "duration": 4.0 if name == "a.wav" else 2.0, "text": ""} for name in FILES.values()
    ]
    rows[1]["duration"] = 2.5
    rows[2] |= {"offset": 10.0, "duration": 3.0}
    corpus = open_corpus("demo", [manifest(folder, rows)], cache=folder.parent / "cache")
    found = [row["id"] for row in corpus.page(Query(), 0, corpus.size, ["audio"])]
    return {
        "corpus": corpus,
        "cache": MediaCache(folder.parent / "media", limit=100_000_000),
        **dict(zip(FILES, found, strict=True)),
    }


@pytest.fixture
def show(serve: Callable[[Flask], str], ids: dict[str, Any], page: Page) -> Callable[..., Page]:
    """Open a page with players, by name, and buttons that change it through Dash callbacks."""

    def open_page(*names: str, **options: Any) -> Page:
        app = Dash("player-test", assets_folder=str(vendor.ASSETS), **vendor.dash_options())
        media.add_routes(app.server, lambda name: ids["corpus"], ids["cache"])
        boxes = [html.Div(player("demo", ids[name], id=name, **options), className="panel") for name in names]
        app.layout = html.Div(
            [
                html.Div(boxes, id="boxes", style={"maxWidth": "620px", "padding": "12px"}),
                html.Button("replace", id="replace"),
                html.Button("follow", id="follow"),
                html.Button("empty", id="empty"),
                dcc.Input(id="text"),
                html.Button("next", id="next", **{"data-hotkey": "j", "data-hotkey-help": "next utterance"}),
                html.Button("word", id="word", **{"data-play": "1 1.4"}),
                html.Button("other", id="other", **{"data-switch-to": "#second"}),
                html.Div("0", id="count"),
            ]
        )

        @app.callback(Output(names[0], "data-src"), Input("replace", "n_clicks"), prevent_initial_call=True)
        def replaced(_clicks: int) -> str:
            return media.address("demo", ids["second"])

        @app.callback(Output(names[0], "data-lanes"), Input("follow", "n_clicks"), prevent_initial_call=True)
        def followed(_clicks: int) -> str:
            return '[{"name": "speech", "kind": "speech", "segments": [[0.25, 0.75, "new"]]}]'

        @app.callback(Output("boxes", "children"), Input("empty", "n_clicks"), prevent_initial_call=True)
        def emptied(_clicks: int) -> str:
            return "gone"

        @app.callback(Output("count", "children"), Input("next", "n_clicks"), prevent_initial_call=True)
        def counted(clicks: int) -> str:
            return str(clicks)

        page.goto(serve(app.server))
        return page

    return open_page


def ready(page: Page, name: str = "first") -> Locator:
    element = page.locator(f"#{name}")
    expect(element).to_have_attribute("data-state", "ready")
    return element


def position(page: Page, name: str = "first") -> float:
    return float(page.evaluate(f"earmark.player.position('#{name}')"))


def head(page: Page, name: str = "first") -> float:
    """Where the playhead is, as a fraction of the lanes' width."""
    return float(
        page.evaluate(
            """name => {
                const lanes = document.querySelector(`#${name} .player-lanes`);
                const line = lanes.querySelector('.player-head').getBoundingClientRect();
                const box = lanes.getBoundingClientRect();
                return (line.left + line.width / 2 - box.left - lanes.clientLeft) / lanes.clientWidth;
            }""",
            name,
        )
    )


def until(page: Page, expression: str) -> None:
    page.wait_for_function(expression)


def drag(page: Page, start: float, end: float, lane: str = ".player-waveform", name: str = "first") -> None:
    """Drag over a lane between two fractions of its width."""
    box = page.locator(f"#{name} {lane}").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def click(page: Page, at: float, lane: str = ".player-waveform", name: str = "first") -> None:
    box = page.locator(f"#{name} {lane}").bounding_box()
    assert box
    page.mouse.click(box["x"] + at * box["width"], box["y"] + box["height"] / 2)


def test_it_shows_waveform_spectrogram_time_and_facts(show: Callable[..., Page]) -> None:
    page = show("first", lanes=[SPEECH])
    element = ready(page)
    expect(element.locator(".player-clock")).to_have_text("0:00.00 / 0:04.00")
    expect(element.locator(".player-facts")).to_have_text("16 kHz · mono · peak −6.0 dBFS")
    expect(element.locator(".player-segment")).to_have_text(["speech", "speech"])
    expect(element.locator(".player-hertz span")).to_have_text(["2 kHz", "4 kHz", "6 kHz"])
    expect(element.locator(".player-timeline span").first).to_have_text("0 s")
    until(page, "document.querySelector('#first .player-spectrogram').classList.contains('is-drawn')")
    # Waveform, segments and spectrogram share one time axis: the segment from 0.5 s to 1.5 s of 4 s.
    widths = [element.locator(lane).bounding_box() for lane in (".player-waveform", ".player-spectrogram canvas")]
    assert widths[0]
    assert widths[1]
    assert abs(widths[0]["width"] - widths[1]["width"]) < 1
    segment = element.locator(".player-segment").first.bounding_box()
    assert segment
    assert (segment["x"] - widths[0]["x"]) / widths[0]["width"] == pytest.approx(0.125, abs=0.005)
    assert segment["width"] / widths[0]["width"] == pytest.approx(0.25, abs=0.005)
    drawn = page.evaluate(
        """() => {
            const canvas = document.querySelector('#first .player-waveform > canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, i) => i % 4 === 3 && value > 0).length / (data.length / 4);
        }"""
    )
    assert 0.05 < drawn < 0.8


def test_sound_plays_and_the_playhead_moves_with_it(show: Callable[..., Page]) -> None:
    page = show("first")
    element = ready(page)
    assert head(page) == pytest.approx(0, abs=0.005)
    element.locator(".player-play").click()
    until(page, "earmark.player.position('#first') > 0.4")
    time, place = page.evaluate(
        """() => {
            const lanes = document.querySelector('#first .player-lanes');
            const x = new DOMMatrix(getComputedStyle(lanes.querySelector('.player-head')).transform).m41;
            return [earmark.player.position('#first'), x / lanes.clientWidth * 4];
        }"""
    )
    assert place == pytest.approx(time, abs=0.3)  # the last frame drawn, on a busy machine
    first = head(page)
    page.wait_for_timeout(300)
    assert head(page) > first
    element.locator(".player-play").click()
    expect(element.locator(".player-play")).to_have_attribute("aria-label", "Play")
    stopped = position(page)
    assert head(page) == pytest.approx(stopped / 4, abs=0.01)
    page.wait_for_timeout(200)
    assert position(page) == stopped
    assert re.fullmatch(r"0:0\d\.\d\d / 0:04\.00", element.locator(".player-clock").inner_text())


def test_a_sound_that_takes_long_to_draw_can_be_heard_meanwhile(show: Callable[..., Page], page: Page) -> None:
    held: list[Any] = []
    page.route("**/peaks", lambda route: held.append(route))
    show("first")
    element = page.locator("#first")
    expect(element).to_have_attribute("data-state", "loading")
    element.locator(".player-play").click()  # waits until it can be pressed
    until(page, "earmark.player.position('#first') > 0.2")
    before = position(page)
    held[0].continue_()
    ready(page)
    until(page, f"earmark.player.position('#first') > {before + 0.3}")  # and goes on while the picture comes
    assert head(page) == pytest.approx(position(page) / 4, abs=0.05)


def test_the_sound_is_the_utterance_and_is_heard_to_its_end(show: Callable[..., Page]) -> None:
    page = show("cut")
    ready(page, "cut")
    # What the browser decodes from the route: 3 s from 10 s on, not silence.
    duration, loudest = page.evaluate(
        """async () => {
            const answer = await fetch(document.querySelector('#cut').dataset.src + '/audio');
            const sound = await new OfflineAudioContext(1, 16000, 16000).decodeAudioData(await answer.arrayBuffer());
            return [sound.duration, Math.max(...sound.getChannelData(0))];
        }"""
    )
    assert duration == pytest.approx(3.0, abs=1e-3)
    assert loudest == pytest.approx(float(voice(60.0)[160_000:208_000].max()), abs=0.01)
    page.evaluate("earmark.player.seek('#cut', 2.5); earmark.player.play('#cut')")
    until(page, "earmark.player.position('#cut') >= 2.999")
    expect(page.locator("#cut .player-play")).to_have_attribute("aria-label", "Play")


def test_a_format_that_browsers_lack_plays_as_wav(show: Callable[..., Page]) -> None:
    page = show("stereo")
    element = ready(page, "stereo")
    expect(element.locator(".player-facts")).to_contain_text("stereo")
    page.evaluate("earmark.player.play('#stereo')")
    until(page, "earmark.player.position('#stereo') > 0.2")


def test_a_click_seeks_on_every_lane(show: Callable[..., Page]) -> None:
    page = show("first")
    ready(page)
    for lane, at in ((".player-waveform", 0.5), (".player-spectrogram", 0.25), (".player-timeline", 0.75)):
        click(page, at, lane)
        assert position(page) == pytest.approx(4 * at, abs=0.02)
        assert head(page) == pytest.approx(at, abs=0.01)
    expect(page.locator("#first .player-clock b")).to_have_text(re.compile(r"0:0(2\.99|3\.0\d)"))


def test_a_drag_loops_and_the_loop_turns_round(show: Callable[..., Page]) -> None:
    page = show("first")
    element = ready(page)
    drag(page, 0.5, 0.6, ".player-spectrogram")
    chip = element.locator(".player-chip")
    expect(chip).to_contain_text(re.compile(r"0:0(1\.9\d|2\.0\d) – 0:02\.(3|4)\d"))
    assert position(page) == pytest.approx(2.0, abs=0.03)
    shade, lanes = element.locator(".player-loop").bounding_box(), element.locator(".player-lanes").bounding_box()
    assert shade
    assert lanes
    assert shade["height"] == pytest.approx(lanes["height"], abs=3)
    page.evaluate(
        """() => {
            window.seen = [];
            const note = () => { window.seen.push(earmark.player.position('#first')); requestAnimationFrame(note); };
            earmark.player.play('#first').then(note);
        }"""
    )
    # It goes back: some position is smaller than the one before.
    until(page, "window.seen.some((time, i) => i && time < window.seen[i - 1] - 0.2)")
    seen = page.evaluate("window.seen")
    assert min(seen) > 1.9
    assert max(seen) < 3.0
    drag(page, 0.6, 0.8)  # the right edge
    expect(chip).to_contain_text(re.compile(r"– 0:03\.[12]\d"))
    page.keyboard.press("l")
    expect(chip).to_be_hidden()
    drag(page, 0.1, 0.3)
    page.keyboard.press("Escape")
    expect(chip).to_be_hidden()
    drag(page, 0.1, 0.3)
    click(page, 0.9)  # outside
    expect(chip).to_be_hidden()


def test_a_segment_plays_to_its_end_and_stops(show: Callable[..., Page]) -> None:
    page = show("first", lanes=[SPEECH])
    element = ready(page)
    element.locator(".player-segment").first.click()
    until(page, "earmark.player.position('#first') > 1.0")
    expect(element.locator(".player-play")).to_have_attribute("aria-label", "Play")
    assert position(page) == pytest.approx(1.5, abs=0.4)
    page.evaluate("earmark.player.seek('#first', 3.5)")
    page.click("#word")  # data-play="1 1.4"
    until(page, "earmark.player.position('#first') > 1.35 && earmark.player.position('#first') < 3")
    expect(element.locator(".player-play")).to_have_attribute("aria-label", "Play")
    assert position(page) == pytest.approx(1.4, abs=0.4)


def test_speed_is_that_of_every_player(show: Callable[..., Page]) -> None:
    page = show("first", "second")
    ready(page)
    ready(page, "second")
    page.locator("#first .player-speed").select_option("2")
    expect(page.locator("#second .player-speed")).to_have_value("2")
    page.evaluate("window.began = performance.now(); earmark.player.play('#first')")
    until(page, "earmark.player.position('#first') > 1")
    page.keyboard.press("[")
    expect(page.locator("#first .player-speed")).to_have_value("1.75")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.locator("#first .player-speed")).to_have_value("2.5")
    page.keyboard.press("]")
    expect(page.locator("#first .player-speed")).to_have_value("2.5")


def test_one_plays_at_a_time_and_a_group_switches_in_place(show: Callable[..., Page]) -> None:
    page = show("first", "second", group="sentence")
    ready(page)
    ready(page, "second")
    page.evaluate("earmark.player.seek('#first', 1.2); earmark.player.play('#first')")
    until(page, "earmark.player.position('#first') > 1.3")
    page.click("#other")  # data-switch-to="#second"
    until(page, "earmark.player.position('#second') > 1.4")
    expect(page.locator("#first .player-play")).to_have_attribute("aria-label", "Play")
    page.evaluate("earmark.player.seek('#first', 0.5); earmark.player.play('#first')")
    expect(page.locator("#second .player-play")).to_have_attribute("aria-label", "Play")
    places = "[earmark.player.position('#first'), earmark.player.position('#second')]"
    left, taken_up = page.evaluate(f"earmark.player.switchTo('#second').then(() => {places})")
    assert left - 0.01 <= taken_up < left + 0.3
    expect(page.locator("#second .player-play")).to_have_attribute("aria-label", "Pause")
    # Past the end of the shorter one it starts over.
    page.evaluate("earmark.player.seek('#first', 3.0)")
    page.click("#other")
    until(page, "earmark.player.position('#second') > 0.1 && earmark.player.position('#second') < 2")


def test_keys(show: Callable[..., Page]) -> None:
    page = show("first")
    ready(page)
    page.keyboard.press("ArrowRight")
    assert position(page) == pytest.approx(1.0, abs=0.01)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert position(page) == pytest.approx(1.0, abs=0.01)
    page.keyboard.press("Home")
    assert position(page) == 0
    page.keyboard.press(" ")
    until(page, "earmark.player.position('#first') > 0.2")
    page.keyboard.press(" ")
    stopped = position(page)
    page.keyboard.press("j")
    expect(page.locator("#count")).to_have_text("1")
    # Nothing of that while somebody types, or with a modifier.
    page.focus("#text")
    page.keyboard.type("j l]")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("?")
    assert position(page) == stopped
    expect(page.locator("dialog.hotkeys")).to_have_count(0)
    page.locator("#text").blur()
    page.keyboard.press("Control+j")
    page.wait_for_timeout(100)
    expect(page.locator("#count")).to_have_text("1")
    # A focused button keeps its space bar: one press, one toggle.
    page.focus("#first .player-play")
    page.keyboard.press(" ")
    expect(page.locator("#first .player-play")).to_have_attribute("aria-label", "Pause")


def test_the_overlay_lists_what_works_here(show: Callable[..., Page]) -> None:
    page = show("first")
    ready(page)
    page.keyboard.press("?")
    overlay = page.locator("dialog.hotkeys")
    expect(overlay).to_be_visible()
    for text in ("next utterance", "play or pause", "1 second back", "stop looping", "loop a stretch"):
        expect(overlay).to_contain_text(text)
    page.keyboard.press("j")  # nothing behind it reacts
    page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    expect(page.locator("#count")).to_have_text("0")
    page.keyboard.press("?")
    page.keyboard.press("?")
    expect(overlay).to_have_count(0)


def test_a_missing_file_is_a_sentence_where_the_picture_would_be(
    show: Callable[..., Page], ids: dict[str, Any], allowed_errors: list[str]
) -> None:
    allowed_errors.append("404")
    page = show("missing", "first")
    ready(page)
    element = page.locator("#missing")
    expect(element).to_have_attribute("data-state", "error")
    expect(element.get_by_role("alert")).to_contain_text("none.wav is not there")
    expect(element.locator(".player-lanes")).to_be_hidden()
    expect(element.locator(".player-bar")).to_be_hidden()
    # The keys act on the player that works.
    page.keyboard.press("ArrowRight")
    assert position(page) == pytest.approx(1.0, abs=0.01)
    path = Path(ids["corpus"].utterance(ids["missing"]).path)
    soundfile.write(path, voice(2.0), RATE)
    try:
        element.get_by_role("button", name="Try again").click()
        ready(page, "missing")
    finally:
        path.unlink()


def test_dash_changes_what_it_shows(show: Callable[..., Page]) -> None:
    page = show("first", lanes=[SPEECH])
    element = ready(page)
    page.evaluate("earmark.player.play('#first')")
    until(page, "earmark.player.position('#first') > 0.1")
    page.click("#follow")
    expect(element.locator(".player-segment")).to_have_text(["new"])
    until(page, "earmark.player.position('#first') > 0.3")  # new segments do not interrupt
    page.click("#replace")
    expect(element.locator(".player-clock")).to_have_text("0:00.00 / 0:02.50")
    assert page.locator("#first .player-body").count() == 1


def test_a_player_that_leaves_the_page_falls_silent(show: Callable[..., Page]) -> None:
    page = show("first")
    ready(page)
    page.evaluate(
        "window.sounds = []; const make = Audio; window.Audio = function () {"
        " const a = new make(); window.sounds.push(a); return a; }"
    )
    page.click("#replace")  # builds the player again, with a sound that the test can see
    expect(page.locator("#first .player-clock")).to_have_text("0:00.00 / 0:02.50")
    page.evaluate("earmark.player.play('#first')")
    until(page, "window.sound = window.sounds.find((sound) => sound.currentTime > 0.1)")
    page.click("#empty")
    expect(page.locator("#boxes")).to_have_text("gone")
    until(page, "window.sound.paused && !window.sound.getAttribute('src')")
    assert page.evaluate("earmark.player.active()") is None
    page.keyboard.press(" ")  # and no key finds it


def test_it_fits_a_phone_and_follows_resizing(show: Callable[..., Page]) -> None:
    page = show("first", lanes=[SPEECH])
    element = ready(page)
    page.evaluate("earmark.player.seek('#first', 2)")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("document.querySelector('#first .player-lanes').clientWidth < 380")
    page.wait_for_timeout(100)
    assert head(page) == pytest.approx(0.5, abs=0.01)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in (".player-play", ".player-clock", ".player-speed", ".player-lanes"):
        box = element.locator(part).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_colours_follow_the_theme(show: Callable[..., Page]) -> None:
    page = show("first")
    ready(page)
    colour = """() => {
        const canvas = document.querySelector('#first .player-waveform > canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) return [...data.slice(i, i + 3)].join();
        return '';
    }"""
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    page.wait_for_timeout(200)
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    page.wait_for_function(f"({colour})() !== '{light}' && ({colour})() !== ''")


def test_players_out_of_sight_wait(show: Callable[..., Page], page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 800, "height": 200})
    show("first", "second", "cut", "stereo")
    ready(page)
    last = page.locator("#stereo")
    expect(last).to_have_attribute("data-state", "loading")
    assert not [url for url in asked if str(last.get_attribute("data-src")) in url]
    last.scroll_into_view_if_needed()
    ready(page, "stereo")
