"""Faults on the review page: a server or ledger that is away, refused texts, vanished sound, changed manifests."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.reviewing import House, come, newest, paste, saved
from tests.corpora import loaded


def until_tried_again(page: Page, answer: str) -> None:
    """Have every save answered like this (JavaScript) until somebody presses the button.

    Were the server well before the button is pressed, the page, which tries again by itself, could save first.
    """
    page.evaluate(
        "() => { const real = window.fetch; let pressed = false;"
        " document.getElementById('review-retry').addEventListener('click', () => { pressed = true; }, true);"
        f" window.fetch = (...asked) => (pressed || !String(asked[0]).includes('/events') ? real(...asked) : {answer});"
        " }"
    )


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

    said = "The ledger /data/ledger.sqlite has no room left on its disk; nothing was saved."
    until_tried_again(
        page, f"new Response({json.dumps(json.dumps({'error': said, 'kind': 'unavailable'}))}, {{status: 503}})"
    )
    page.keyboard.press("1")
    expect(page.locator("#review-saved")).to_contain_text("Not saved: The ledger /data/ledger.sqlite has no room left")
    assert newest(house) == {}
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
    until_tried_again(page, "Promise.reject(new TypeError('Failed to fetch'))")
    page.keyboard.press("e")
    paste(page, "a\u0007b")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator("#review-saved")).to_have_text("Not saved: the server does not answer")
    page.locator("#review-retry").click()
    expect(page.locator("#review-show")).to_have_text("Row 1 is not saved")
    assert newest(house) == {}
    page.locator("#review-show").click()
    page.locator("#review-text").fill("a b")
    saved(page)
    assert newest(house) == {"reference": "a b", "decision": "accept"}


@pytest.mark.usefixtures("broken")
def test_vanished_sound_leaves_the_text_to_be_worked_on(page: Page, house: House) -> None:
    corpus = house.stores.corpus({"corpus": "short"})
    [(id, _)] = corpus.listed(np.array([5], np.int32), ())
    come(page, house, f"&u={id}")
    expect(page.locator(".is-shown")).to_contain_text("gone.wav is not there")
    page.keyboard.press("1")
    expect(page.locator("#review-text")).to_have_value("nothing")
    saved(page)


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
