"""Several people on the review page: names, presence, conflicts, and what two decide about each for themselves."""

from __future__ import annotations

import re
from contextlib import closing

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from evaluator.review.assignments import Plan, keep_plan, plan_of
from evaluator.review.overlap import overlaps
from explorer.querying.query import Query
from tests.browser.reviewing import ROWS, House, come, newest, saved
from tests.browser.test_accessibility import violations


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


def test_a_name_is_asked_for_beside_what_is_being_typed(page: Page, house: House) -> None:
    come(page, house, who="")
    text = page.locator("#review-text")
    page.keyboard.press("e")
    name = page.get_by_label("Who are you?")
    expect(name).to_be_visible()  # before anything is typed
    page.keyboard.type(" first")
    expect(page.locator("#review-saved")).to_contain_text("Nobody has said who edits here")  # it was sent
    page.keyboard.type(" second third")
    expect(text).to_be_focused()
    expect(text).to_have_value("the cat sat on the mat first second third")
    expect(name).to_have_value("")
    expect(page.locator("#review-rates")).to_have_attribute("data-state", "ready")
    assert not violations(page)
    name.fill("Bo")
    page.keyboard.press("Enter")
    saved(page)
    expect(text).to_be_focused()
    expect(name).to_have_count(0)
    expect(page.locator("#review-name-text")).to_have_text("Bo")
    assert newest(house) == {"reference": "the cat sat on the mat first second third"}


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


@pytest.fixture
def shared(house: House) -> House:
    """All utterances are Anna's and Bo's."""
    keep_plan(house.stores.ledger, "short", Plan(people=("Anna", "Bo"), overlap=1.0), who="the lead")
    return house


def test_two_opinions_are_made_apart_shown_when_both_are_there_and_settled(
    page: Page, shared: House, chromium: Browser
) -> None:
    come(page, shared)
    banner = page.locator("#review-overlap")
    expect(banner).to_have_text(
        "You and Bo decide about this one each for yourselves: what Bo says is shown when you have decided."
    )
    second = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    with closing(second.context):
        come(second, shared, who="Bo")
        page.keyboard.press("2")
        expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
        saved(page)
        page.keyboard.press("a")
        expect(page.locator("#review-place")).to_have_text("2 of 6")
        saved(page)
        page.keyboard.press("k")
        expect(banner).to_have_text("You have decided; Bo decides about this one, too, and has not yet.")

        # Bo is shown nothing of it, not even by asking, and saves without being asked.
        with second.expect_response("**/presence*") as looked:
            pass
        assert looked.value.json()["events"] == []
        told = second.request.get(f"{shared.url}/api/review/short/events?after=0").json()
        assert told["events"] == []
        expect(second.locator("#review-text")).to_have_value("the cat sat on the mat")
        expect(second.locator("#review-history")).not_to_contain_text("Anna")
        expect(second.locator(".review-row").first.locator(".bi-people")).to_have_count(1)
        second.locator("#review-text").fill("the hat sat on the mat")
        saved(second)
        expect(second.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
        second.keyboard.press("Control+Enter")
        expect(second.locator("#review-place")).to_have_text("2 of 6")
        saved(second)

    # Now both are there, and differ: nothing of it applies.
    expect(banner).to_contain_text("Anna and Bo do not agree")
    expect(banner).to_contain_text("the bat sat on the mat")
    expect(banner).to_contain_text("the hat sat on the mat")
    expect(page.locator("#review-decision")).to_contain_text("Two opinions")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert violations(page) == []
    corpus = shared.stores.corpus({"corpus": "short"})
    assert corpus.extent(Query(where='{edit_conflict} = "two opinions" && {decision} is empty')).utterances == 1
    banner.get_by_role("button", name="Take Anna's").click()
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    saved(page)
    page.keyboard.press("k")
    expect(banner).to_be_hidden()
    expect(page.locator("#review-decision")).to_contain_text("Accepted")
    expect(page.locator("#review-text")).to_have_value("the bat sat on the mat")
    said = overlaps(
        shared.stores.ledger, "short", plan_of(shared.stores.ledger, "short"), {at(shared): ROWS[0]["text"]}
    )
    assert [said[at(shared)].opinion(who).text for who in ("Anna", "Bo")] == [
        "the bat sat on the mat", "the hat sat on the mat",
    ]  # fmt: skip


def at(house: House) -> str:
    """The id of the first utterance."""
    [(id, _)] = house.stores.corpus({"corpus": "short"}).listed(np.array([0], np.int32), ())
    return str(id)


def test_skip_leads_back_to_what_was_accepted_before_its_text_was_changed(
    page: Page, house: House, chromium: Browser
) -> None:
    come(page, house)
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    page.keyboard.press("a")
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    saved(page)
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    page.keyboard.press("s")  # the second is decided
    expect(page.locator("#review-place")).to_have_text("3 of 6")
    second = chromium.new_context().new_page()
    with closing(second.context):
        come(second, house, who="Bo")
        second.keyboard.press("j")
        expect(second.locator("#review-place")).to_have_text("2 of 6")
        second.keyboard.press("2")
        saved(second)
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#review-place")).to_have_text("1 of 6")
    page.keyboard.press("s")
    expect(page.locator("#review-place")).to_have_text("2 of 6")
    expect(page.locator("#review-decision")).to_contain_text("accepted before the text was changed by Bo")
