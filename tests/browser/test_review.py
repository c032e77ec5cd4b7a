"""The review page in the browser: a session by keyboard, faults and conflicts, two people, other scripts, read-only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

import app as door
from evaluator.ledger import review_space
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from tests.browser.test_accessibility import violations
from tests.corpora import loaded

ROWS: list[dict[str, Any]] = [
    {
        "text": "the cat sat on the mat",
        "pred_text_a": "the bat sat on mat",
        "pred_text_b": "the bat sat on the mat",
        "pred_text_c": "the bat sat on the mat",
    },
    {"text": "open the door", "pred_text_a": "open the door", "pred_text_b": "open a door"},
    {
        "text": "play some music",
        "audio_filepath": "1.wav",
        "offset": 0.5,
        "duration": 1.5,
        "pred_text_a": "play music",
        "pred_text_b": "lay some music",
    },
    {"text": "שלום עולם טוב", "pred_text_a": "שלום עולם רע", "pred_text_b": "שלום עולם טוב"},
    {"text": "今天天气很好", "pred_text_a": "今天天汽很好", "pred_text_b": "今天天气很好"},
    {"text": "nothing here", "audio_filepath": "gone.wav", "pred_text_a": "nothing"},
]


@dataclass
class House:
    url: str
    stores: EvaluatorStores
    manifest: Path


def _manifest(folder: Path) -> Path:
    """Six utterances of two seconds, each a tone; the first has word times."""
    folder.mkdir(parents=True)
    lines = []
    for number, row in enumerate(ROWS):
        time = np.arange(32_000) / 16_000
        soundfile.write(folder / f"{number}.wav", 0.3 * np.sin(2 * np.pi * (200 + 100 * number) * time), 16_000)
        line = {"audio_filepath": f"{number}.wav", "duration": 2.0, **row}
        if number == 0:
            said = [
                {"word": word, "start": 0.3 * at, "end": 0.3 * at + 0.25} for at, word in enumerate(row["text"].split())
            ]
            line["words"] = said
        lines.append(json.dumps(line, ensure_ascii=False))
    path = folder / "short.json"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def make_house(page: Page, tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[Callable[..., House]]:
    opened: list[EvaluatorStores] = []
    page.on("dialog", lambda dialog: dialog.accept())  # the warning of a page that is left with something unsaved

    def make(*options: str) -> House:
        manifest = _manifest(tmp_path / "corpus")
        places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
        stores = door.open_stores(load([door.DEFAULTS], [*places, *options]))
        opened.append(stores)
        stores.library.open("short", [manifest])
        loaded(stores.library, "short")
        return House(serve(door.create_app(stores).server), stores, manifest)

    yield make
    page.goto("about:blank")  # a page that still asks for sound would be refused by a server that ends
    for stores in opened:
        stores.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()


def come(page: Page, house: House, search: str = "", *, who: str = "Anna") -> None:
    """Open the page under a name, and wait until the first utterance can be worked on."""
    if who:
        page.context.add_cookies([{"name": "earmark_name", "value": who, "url": house.url}])
    page.goto(f"{house.url}/review?corpus=short&order=table{search}")
    expect(page.locator("#review[data-state=open]")).to_be_visible()
    expect(page.locator("#review-rates")).to_have_attribute("data-state", "ready")
    if who:
        expect(page.locator("#review-name-text, .badge-soft", has_text=re.compile(f"{who}|Read-only"))).to_be_visible()


def text(page: Page) -> str:
    return str(page.locator("#review-text").input_value())


def saved(page: Page) -> None:
    expect(page.locator("#review-saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))


def newest(house: House, place: int = 0) -> dict[str, Any]:
    """The newest value of every field of the utterance in that line."""
    corpus = house.stores.corpus({"corpus": "short"})
    [(id, _)] = corpus.listed(np.array([place], np.int32), ())
    state = house.stores.ledger.state(review_space("short"), [id]).get(id, {})
    return {field: event.new for field, event in state.items()}


def test_a_whole_session_by_keyboard(page: Page, house: House) -> None:
    come(page, house)
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    page.keyboard.press("Space")  # listen
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".is-shown").get_by_role("button", name="Play", exact=True)).to_be_visible()

    page.keyboard.press("e")
    page.keyboard.press("Control+p")  # in the text, too
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("Control+p")
    page.keyboard.press("Escape")

    page.keyboard.press("d")  # to the first difference: what a heard of "cat"
    expect(page.locator("[data-take]:focus")).to_have_attribute(
        "aria-label", re.compile("from a: “bat” instead of “cat”")
    )
    page.keyboard.press("Space")  # which listens here, and takes nothing
    page.keyboard.press("Space")
    expect(page.locator("#review-text")).to_have_value("the cat sat on the mat")
    page.keyboard.press("Enter")
    expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
    expect(page.locator("[data-take]:focus")).to_have_attribute("aria-label", re.compile("from a: “the” left out"))
    expect(page.locator(".review-system", has_text="b")).to_contain_text("WER 0.0\u00a0%")
    saved(page)
    assert newest(house)["reference"] == "the bat sat on the mat"

    page.keyboard.press("Control+z")
    expect(page.locator("#review-text")).to_have_value("the cat sat on the mat")
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("listened twice")
    page.keyboard.press("Enter")
    page.keyboard.press("t")
    page.keyboard.press("1")
    expect(page.locator("[data-tag=noise]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Enter")  # accept

    expect(page.locator("#review-place")).to_have_text("2 of 6")
    page.keyboard.press("2")  # the whole of what b heard
    expect(page.locator("#review-text")).to_have_value("open a door")
    page.keyboard.press("o")  # no, the manifest's
    expect(page.locator("#review-text")).to_have_value("open the door")
    page.keyboard.press("r")
    page.keyboard.press("1")
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    page.keyboard.press("k")
    expect(page.locator("#review-decision")).to_contain_text("Rejected")
    expect(page.locator("#review-decision")).to_contain_text("bad audio")
    page.keyboard.press("j")
    expect(page.locator("#review-text")).to_have_value("play some music")
    page.keyboard.press("e")
    page.keyboard.type(" now")
    expect(page.locator("#review-text")).to_have_value("play some music now")
    expect(page.locator("#review-saved")).to_have_text("Typing…")
    saved(page)
    page.keyboard.press("Alt+r")  # works in the text, too
    page.keyboard.type("my own reason")
    page.keyboard.press("Enter")
    expect(page.locator("#review-place")).to_have_text("4 of 6")
    saved(page)
    assert newest(house) == {
        "reference": "the bat sat on the mat", "comment": "listened twice", "tags": ["noise"], "decision": "accept",
    }  # fmt: skip
    assert newest(house, 1) == {"reference": "open the door", "decision": "reject"}
    assert newest(house, 2) == {"reference": "play some music now", "decision": "reject"}

    page.keyboard.press("Escape")
    page.keyboard.press("x")  # export
    expect(page.locator("#review-exports")).to_be_visible()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    lines = house.manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[0].count('"text": "the cat sat on the mat"') == 1
    mended = lines[0].replace('"text": "the cat sat on the mat"', '"text": "the bat sat on the mat"')
    mended = mended.removesuffix("}\n") + ', "text_original": "the cat sat on the mat"}\n'
    # The first is mended, the two rejected ones are out, and of the others every byte is as it was.
    assert download.value.path().read_text(encoding="utf-8") == "".join([mended, *lines[3:]])


def test_the_keys_are_listed(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("leave it for later: on to the next undecided")


def test_the_majority_is_one_key(page: Page, house: House) -> None:
    come(page, house)
    expect(page.locator(".is-majority")).to_contain_text("1 word")
    page.keyboard.press("m")
    expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
    expect(page.locator(".is-majority")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.locator("#review-said")).to_have_text("No majority wants another text")
    saved(page)
    assert newest(house) == {"reference": "the bat sat on the mat"}


def test_undo_leads_back_to_where_it_was_done(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    page.keyboard.press("u")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    expect(page.locator("#review-decision")).to_contain_text("Not decided yet")
    saved(page)
    assert newest(house) == {"decision": None}
    page.keyboard.press("s")
    expect(page.locator("#review-place")).to_have_text("2 of 6")


def test_any_view_can_be_gone_through_and_holds_still(page: Page, house: House) -> None:
    page.goto(f"{house.url}/utterances?corpus=short&where={{reference}} contains the")
    page.locator("#utterances-actions").get_by_role("link", name="Review").click()
    expect(page.locator("#review-place")).to_have_text("1 of 2")
    expect(page.locator(".review-row")).to_have_count(2)
    page.locator(".review-row").nth(1).click()
    expect(page.locator("#review-place")).to_have_text("2 of 2")
    page.keyboard.press("j")
    expect(page.locator("#review-said")).to_contain_text("last utterance")
    page.reload()  # the address has it
    expect(page.locator("#review-place")).to_have_text("2 of 2")


def test_signals_are_weighed_by_links(page: Page, house: House) -> None:
    come(page, house, "")
    page.locator(".review-queue summary").click()
    vote = page.get_by_role("group", name="Systems agree against the reference")
    vote.get_by_role("link", name="off").click()
    page.wait_for_url("**signals=vote%3A0*")
    expect(vote.locator("[aria-current=true]")).to_have_text("off")
    expect(page.locator("#review-why", has_text="Systems agree")).to_have_count(0)
    page.get_by_role("link", name="Usual weights").click()
    expect(page.get_by_role("link", name="Usual weights")).to_have_count(0)
    expect(vote.locator("[aria-current=true]")).to_have_text("1")


def test_the_queue_comes_first_and_says_why(page: Page, house: House) -> None:
    come(page, house)
    page.get_by_role("link", name="Likely errors first").click()
    first = page.locator(".review-row").first
    expect(first.locator(".review-row-why")).not_to_be_empty()
    first.click()
    expect(page.locator("#review-why li").first).to_be_visible()
    page.get_by_text("signals rank this list").click()
    page.locator(".review-weights").first.get_by_role("link", name="off").click()
    expect(page).to_have_url(re.compile("signals=.*:0|signals=.*%3A0"))
    expect(page.locator("#review[data-state=open]")).to_be_visible()


def test_neighbours_in_the_recording_are_opened_in_place(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("j")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator(".is-shown .player-recording-label")).to_contain_text("Utterance 1 of 2 in this recording")
    page.evaluate("window.here = true")
    page.keyboard.press("Shift+J")
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    page.keyboard.press("Shift+K")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    assert page.evaluate("window.here")


def test_a_word_is_played_from_where_it_is_said(page: Page, house: House) -> None:
    come(page, house)
    expect(page.locator(".is-shown .player[data-state=ready]")).to_be_visible()
    page.locator(".align-reference", has_text="mat").click()
    page.wait_for_function("earmark.player.position('.is-shown .player') >= 1.4")
    page.keyboard.press("Space")
    page.keyboard.press("d")
    page.keyboard.press("Alt+l")
    expect(page.locator(".is-shown .player-chip:not([hidden])").first).to_contain_text("0:00.25")


def test_people_are_asked_who_they_are_once(page: Page, house: House) -> None:
    come(page, house, who="")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Who are you?")
    page.keyboard.type("Bo")
    page.keyboard.press("Enter")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator("#review-name-text")).to_have_text("Bo")
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    saved(page)
    assert newest(house, 1) == {"decision": "accept"}


@pytest.fixture
def broken(allowed_errors: list[str]) -> None:
    """Requests are refused in this test, which the browser's console tells."""
    allowed_errors += ["Failed to load resource", "net::ERR"]


@pytest.mark.usefixtures("broken")
def test_two_people_see_each_other_and_are_asked(page: Page, house: House, chromium: Browser) -> None:
    come(page, house)
    second = chromium.new_context(viewport={"width": 1200, "height": 900}).new_page()
    with closing(second.context):
        come(second, house, who="Bo")
        expect(page.locator("#review-presence")).to_contain_text("Bo")
        expect(second.locator("#review-presence")).to_contain_text("Anna")

        # While nothing of one's own is in the way, the other's text comes by itself.
        second.keyboard.press("2")
        expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
        expect(page.locator("#review-said")).to_contain_text("Bo changed the text")

        # Both type: the second to save is asked, and both texts are shown.
        page.locator("#review-text").fill("Anna's text")
        second.locator("#review-text").fill("Bo's text")
        asked = page if _asked(page, second) else second
        other = second if asked is page else page
        box = asked.locator("dialog.review-conflict")
        expect(box).to_contain_text("Anna's text")
        expect(box).to_contain_text("Bo's text")
        mine, theirs = ("Anna's text", "Bo's text") if asked is page else ("Bo's text", "Anna's text")
        # Behind the question stands what is saved, and the age of an edit is its time.
        expect(asked.locator(".review-row").first).to_contain_text(theirs)
        expect(asked.locator("#review-text")).to_have_value(theirs)
        expect(box.get_by_role("heading").first).to_have_text(re.compile(r"changed this text at \d\d:\d\d:\d\d$"))
        expect(asked.locator("#review-history")).not_to_contain_text("ago")
        asked.keyboard.press("Enter")  # was on its way to the text
        expect(box).to_be_visible()
        box.get_by_role("button", name="Keep mine").click()
        expect(other.locator("#review-text")).to_have_value(mine)
        saved(asked)
        assert newest(house)["reference"] == mine
        history = asked.locator("#review-history")
        expect(history).to_contain_text(theirs)


def test_who_accepted_an_earlier_text_is_not_said_to_have_accepted_this_one(
    page: Page, house: House, chromium: Browser
) -> None:
    come(page, house)
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    saved(page)
    page.keyboard.press("k")
    second = chromium.new_context().new_page()
    told = "accepted before the text was changed by Bo"
    with closing(second.context):
        come(second, house, who="Bo")
        expect(second.locator("#review-decision")).to_contain_text("by Anna")
        second.keyboard.press("2")
        saved(second)
        expect(second.locator("#review-decision")).to_contain_text(told)
    expect(page.locator("#review-decision")).to_contain_text(told)  # within two seconds, and after a reload
    page.reload()
    expect(page.locator("#review-decision")).to_contain_text(told)
    expect(page.locator(".review-row").first).to_contain_text("accept, before the text was changed by Bo")
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    page.keyboard.press("k")
    expect(page.locator("#review-decision")).to_contain_text("by Anna")
    expect(page.locator("#review-decision")).not_to_contain_text("before")
    expect(page.locator(".review-row").first).not_to_contain_text("before")


def _asked(page: Page, second: Page) -> bool:
    """Whether the first of two people was asked whose text to keep."""
    for _ in range(100):
        for one in (page, second):
            if one.locator("dialog.review-conflict").count():
                return one is page
        page.wait_for_timeout(100)
    raise AssertionError("nobody was asked")


@pytest.mark.usefixtures("broken")
def test_taking_theirs_gives_up_ones_own(page: Page, house: House, chromium: Browser) -> None:
    come(page, house)
    page.route("**/presence*", lambda route: route.abort())  # hears nothing of the other
    second = chromium.new_context().new_page()
    with closing(second.context):
        come(second, house, who="Bo")
        second.keyboard.press("1")
        saved(second)
    page.locator("#review-text").fill("mine")
    page.get_by_role("dialog").get_by_role("button", name="Take theirs").click()
    expect(page.locator("#review-text")).to_have_value("the bat sat on mat")
    assert newest(house)["reference"] == "the bat sat on mat"


@pytest.mark.usefixtures("broken")
def test_an_edit_outlives_a_server_that_is_away(page: Page, house: House) -> None:
    come(page, house)
    page.route("**/api/review/short/events*", lambda route: route.abort())
    page.locator("#review-text").fill("kept")
    expect(page.locator("#review-saved")).to_have_text("Not saved: the server does not answer")
    expect(page.get_by_role("button", name="Try again").last).to_be_visible()
    expect(page.locator("#review-text")).to_have_value("kept")
    page.unroute("**/api/review/short/events*")
    with page.expect_event("dialog") as asked:
        page.reload()  # a new page sends what the old one could not
    assert asked.value.type == "beforeunload"
    expect(page.locator("#review-text")).to_have_value("kept")
    saved(page)
    assert newest(house)["reference"] == "kept"


@pytest.mark.usefixtures("broken")
def test_what_the_database_says_is_shown_and_tried_again(page: Page, house: House) -> None:
    come(page, house)

    def full(route: Route) -> None:
        said = "The ledger /data/ledger.sqlite has no room left on its disk; nothing was saved."
        route.fulfill(
            status=503, content_type="application/json", body=json.dumps({"error": said, "kind": "unavailable"})
        )

    page.route("**/api/review/short/events*", full)
    page.keyboard.press("1")
    expect(page.locator("#review-saved")).to_contain_text("Not saved: The ledger /data/ledger.sqlite has no room left")
    page.unroute("**/api/review/short/events*")
    page.get_by_role("button", name="Try again").last.click()
    saved(page)
    assert newest(house)["reference"] == "the bat sat on mat"


@pytest.mark.usefixtures("broken")
def test_a_refused_text_stays_until_it_is_mended(page: Page, house: House) -> None:
    come(page, house)
    page.evaluate(
        "() => { const field = document.getElementById('review-text'); field.value = 'a\\u0007b';"
        " field.dispatchEvent(new InputEvent('input', {bubbles: true})); }"
    )
    expect(page.locator("#review-saved")).to_contain_text("U+0007")
    expect(page.locator("#review-invisible")).to_contain_text("U+0007")
    page.keyboard.press("Control+Enter")  # nothing is accepted that is not saved
    expect(page.locator("#review-said")).to_have_text("Nothing is decided: the text could not be saved")
    expect(page.locator("#review-decision")).to_contain_text("Not decided yet")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    assert newest(house) == {}
    page.locator("#review-text").fill("a b")
    saved(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    saved(page)
    assert newest(house) == {"reference": "a b", "decision": "accept"}


def paste(page: Page, text: str) -> None:
    """Put a text into the field as one event, with characters that no key writes."""
    page.evaluate(
        "text => { const field = document.getElementById('review-text'); field.value = text;"
        " field.dispatchEvent(new InputEvent('input', {bubbles: true})); }",
        text,
    )


@pytest.mark.usefixtures("broken")
def test_a_text_that_is_refused_only_by_accepting_it_keeps_the_row_open(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("e")
    paste(page, "a\u0007b")
    page.keyboard.press("Control+Enter")  # before the pause in which it would have been sent
    expect(page.locator("#review-saved")).to_contain_text("U+0007")
    expect(page.locator("#review-said")).to_have_text("Nothing is decided: the text could not be saved")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    assert newest(house) == {}


@pytest.mark.usefixtures("broken")
def test_what_was_refused_names_its_row_and_leaves_the_others_alone(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("j")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    paste(page, "a\u0007b")
    expect(page.locator("#review-saved")).to_contain_text("U+0007")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    expect(page.locator("#review-saved")).not_to_contain_text("Not saved")
    expect(page.locator("#review-show")).to_have_text("Row 2 is not saved")
    page.keyboard.press("a")  # other edits go on, and say so
    expect(page.locator("#review-place")).to_have_text("4 of 6")
    saved(page)
    assert newest(house, 2) == {"decision": "accept"}
    expect(page.locator("#review-show")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.wait_for_function("document.getElementById('review-saved').offsetHeight < 30")
    page.locator("#review-show").click()
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator("#review-saved")).to_contain_text("U+0007")
    expect(page.locator("#review-show")).to_be_hidden()
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("#review-text")).to_have_value("open the door")
    saved(page)
    assert newest(house, 1) == {}


@pytest.mark.usefixtures("broken")
def test_accepted_while_the_server_is_away_is_written_after_its_text_or_not_at_all(page: Page, house: House) -> None:
    come(page, house)
    page.route("**/api/review/short/events*", lambda route: route.abort())
    page.keyboard.press("e")
    paste(page, "a\u0007b")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator("#review-saved")).to_have_text("Not saved: the server does not answer")
    page.unroute("**/api/review/short/events*")
    page.locator("#review-retry").click()
    expect(page.locator("#review-show")).to_have_text("Row 1 is not saved")
    assert newest(house) == {}
    page.locator("#review-show").click()
    page.locator("#review-text").fill("a b")
    saved(page)
    assert newest(house) == {"reference": "a b", "decision": "accept"}


def test_an_empty_text_is_accepted_only_if_it_is_meant(page: Page, house: House) -> None:
    come(page, house)
    page.locator("#review-text").fill("   ")
    page.keyboard.press("Control+Enter")
    box = page.get_by_role("dialog", name="Accept without a text?")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    expect(page.locator("#review-decision")).to_contain_text("Not decided yet")
    saved(page)
    assert newest(house) == {"reference": ""}  # white space alone is no text
    page.keyboard.press("Control+Enter")
    box.get_by_role("button", name="Accept: no speech").click()
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    saved(page)
    assert newest(house) == {"reference": "", "decision": "accept"}
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(page.locator("#review-decision")).to_contain_text("Acceptedno speech")


def test_odd_texts_do_no_harm(page: Page, house: House) -> None:
    come(page, house)
    odd = "<img src=x onerror=alert(1)> 😀 " + "word " * 20_000
    page.locator("#review-text").fill(odd)
    saved(page)
    assert newest(house)["reference"] == odd
    expect(page.locator("#review-rates")).to_have_attribute("data-state", "ready")
    expect(page.locator("#review-differences img")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#review-text")).to_have_value("open the door")


@pytest.mark.usefixtures("broken")
def test_vanished_sound_leaves_the_text_to_be_worked_on(page: Page, house: House) -> None:
    corpus = house.stores.corpus({"corpus": "short"})
    [(id, _)] = corpus.listed(np.array([5], np.int32), ())
    come(page, house, f"&u={id}")
    expect(page.locator(".is-shown")).to_contain_text("gone.wav is not there")
    page.keyboard.press("1")
    expect(page.locator("#review-text")).to_have_value("nothing")
    saved(page)


@pytest.mark.usefixtures("broken")  # the sound of the row after is not there
def test_right_to_left_and_scripts_without_spaces(page: Page, house: House) -> None:
    come(page, house)
    for _ in range(3):
        page.keyboard.press("j")
    expect(page.locator("#review-text")).to_have_value("שלום עולם טוב")
    assert page.evaluate("getComputedStyle(document.querySelector('.align-columns')).direction") == "rtl"
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(page.locator("#review-text")).to_have_value("שלום עולם רע")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#review-rates-note")).to_contain_text("Compared by characters")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(page.locator("#review-text")).to_have_value("今天天汽很好")
    saved(page)


def test_an_input_method_may_use_the_keys(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("e")
    composing = "new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true, isComposing: true})"
    page.evaluate(f"document.getElementById('review-text').dispatchEvent({composing})")
    page.evaluate(
        "() => { const f = document.getElementById('review-text'); f.value = '你';"
        " f.dispatchEvent(new InputEvent('input', {bubbles: true, isComposing: true})); }"
    )
    expect(page.locator("#review-saved")).to_have_text("")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    ended = "new CompositionEvent('compositionend', {bubbles: true})"
    page.evaluate(f"() => document.getElementById('review-text').dispatchEvent({ended})")
    saved(page)
    assert newest(house) == {"reference": "你"}


def test_reading_only_hides_everything_that_writes(page: Page, make_house: Callable[..., House]) -> None:
    house = make_house("review.read_only=true")
    come(page, house)
    expect(page.get_by_text("Read-only")).to_be_visible()
    for name in ("Accept", "Reject", "Undo"):
        expect(page.get_by_role("button", name=re.compile(name))).to_have_count(0)
    expect(page.locator("#review-text")).to_have_js_property("readOnly", True)
    expect(page.locator("[data-take]")).to_have_count(0)
    page.keyboard.press("1")
    page.keyboard.press("a")
    page.keyboard.press("j")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    assert newest(house) == {}


def test_keys_are_those_of_the_configuration(page: Page, make_house: Callable[..., House]) -> None:
    house = make_house("review.keys.accept=[F2]", "review.advance=false", "review.autoplay=true")
    come(page, house)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("F2")
    expect(page.locator("#review-decision")).to_contain_text("Accepted")
    expect(page.locator("#review-place")).to_have_text("1 of 6")


def test_a_row_that_changed_underneath_is_shown(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("1")
    saved(page)
    written = house.manifest.read_text(encoding="utf-8")
    house.manifest.write_text(written.replace("the cat sat on the mat", "a cat sat"), encoding="utf-8")
    house.stores.library.reload("short")
    loaded(house.stores.library, "short")
    page.reload()
    expect(page.locator("#review-below")).to_contain_text("The row has changed since Anna corrected its text (text)")
    expect(page.locator("#review-below")).to_contain_text("a cat sat")
    page.get_by_role("button", name="Use the manifest's text").click()
    expect(page.locator("#review-text")).to_have_value("a cat sat")
    saved(page)
    expect(page.locator("#review-below")).to_be_hidden()


def test_what_it_asks_is_accessible(page: Page, house: House) -> None:
    page.emulate_media(reduced_motion="reduce")
    come(page, house)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Reject: why?")).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Escape")
    page.locator("[data-review-do=name]").click()
    expect(page.get_by_role("dialog", name="Who are you?")).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("#review-exports")).to_be_visible()
    assert not violations(page)


def test_an_utterance_of_the_table_says_what_was_decided(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("1")
    page.keyboard.press("r")
    page.keyboard.press("1")
    saved(page)
    corpus = house.stores.corpus({"corpus": "short"})
    [(id, _)] = corpus.listed(np.array([0], np.int32), ())
    page.goto(f"{house.url}/utterance?corpus=short&u={id}")
    expect(page.get_by_text("Rejected (bad audio) by Anna")).to_be_visible()
    expect(page.locator(".review-said-panel")).to_contain_text("Corrected by Anna: the bat sat on mat")
    page.get_by_role("link", name="Review it").click()
    expect(page.locator("#review-decision")).to_contain_text("Rejected")


@pytest.mark.usefixtures("broken")
def test_a_corpus_that_is_loaded_anew_goes_on(page: Page, house: House) -> None:
    come(page, house)
    page.keyboard.press("j")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    lines = house.manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    house.manifest.write_text("".join(lines[:1] + lines[3:4] + lines[1:3] + lines[4:5]), encoding="utf-8")
    house.stores.library.reload("short")
    loaded(house.stores.library, "short")
    page.keyboard.press("j")
    expect(page.locator("#review-text")).to_have_value("play some music")
    page.keyboard.press("j")  # past what was fetched ahead: the list is made again, and this row stands elsewhere
    expect(page.locator("#review-text")).to_have_value("שלום עולם טוב")
    expect(page.locator("#review-place")).to_have_text("2 of 5")
    expect(page.locator(".review-row")).to_have_count(5)
    page.keyboard.press("j")
    expect(page.locator("#review-text")).to_have_value("open the door")
    expect(page.locator("#review-place")).to_have_text("3 of 5")


def test_it_fits_a_telephone(page: Page, house: House) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    come(page, house)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="List").click()
    page.locator(".review-row").nth(1).click()
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    page.locator("[data-take]").first.click()
    expect(page.locator("#review-text")).to_have_value("open a door")
    page.get_by_role("button", name=re.compile("Accept")).click()
    expect(page.locator("#review-place")).to_have_text("3 of 6")
