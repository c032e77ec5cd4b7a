"""The review page in the browser: a session by keyboard, the queue, listening, reading only, a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.reviewing import House, come, newest, saved
from tests.browser.test_accessibility import violations


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
