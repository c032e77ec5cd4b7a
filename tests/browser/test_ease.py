"""What makes the explorer easy, in a real browser: failures that mend themselves, remembered layout, saved views,
keyboard, command palette and tour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from explorer.querying.query import Query
from explorer.stores import Stores
from tests.corpora import explorer_app, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("ease"), utterances=250) as stores:
        yield stores


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


def _visits_answered_by(page: Page, answer: Callable[[Route], None]) -> None:
    """Let ``answer`` handle the requests for pages, and nothing else."""

    def handle(route: Route) -> None:
        if '"output":"..page.children' in (route.request.post_data or ""):
            answer(route)
        else:
            route.continue_()

    page.route("**/_dash-update-component*", handle)


def test_a_visit_that_fails_says_so_and_can_be_tried_again(page: Page, url: str, allowed_errors: list[str]) -> None:
    allowed_errors += ["500", "Callback", "callback"]
    _visits_answered_by(page, lambda route: route.fulfill(status=500, body="no"))
    page.goto(url)
    failed = page.get_by_role("alert").filter(has_text="This page did not arrive")
    expect(failed).to_be_visible()
    expect(page.locator("#page .skeleton").first).to_be_hidden()
    page.unroute("**/_dash-update-component*")
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator("h1", has_text="tones")).to_be_visible()
    expect(failed).to_be_hidden()


def test_a_server_that_goes_away_is_noticed_and_the_visit_made_when_it_is_back(
    page: Page, url: str, allowed_errors: list[str]
) -> None:
    allowed_errors += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch", "Callback", "callback"]
    page.goto(f"{url}/problems")
    expect(page.locator("h1")).to_have_text("Problems")
    page.context.set_offline(True)
    banner = page.locator("#shell-away")
    expect(banner).to_be_visible()
    page.get_by_label("Pages").get_by_text("Utterances").click()
    expect(page.locator("#shell-failed")).to_be_visible()
    page.context.set_offline(False)
    expect(banner).to_be_hidden()
    expect(page.locator("#utterances-grid")).to_be_visible()
    expect(page.locator("#shell-failed")).to_be_hidden()


def test_a_page_that_never_arrives_is_not_asked_for_for_ever(page: Page, url: str, allowed_errors: list[str]) -> None:
    allowed_errors += ["ERR_FAILED", "Failed to fetch", "Callback", "callback"]
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    _visits_answered_by(page, refuse)
    page.goto(f"{url}/problems")
    expect(page.locator("body[data-visit=failed]")).to_be_attached()
    assert len(asked) == 4
    page.wait_for_timeout(1500)
    assert len(asked) == 4


def test_on_a_telephone_the_utterance_is_a_sheet_that_closes(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/utterances")
    page.locator(".ag-center-cols-container .ag-row").first.locator(".ag-cell").first.click()
    sheet = page.get_by_label("Utterance", exact=True)
    expect(sheet.locator(".player, [data-player]").first).to_be_visible()
    box = sheet.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    page.get_by_label("Close the utterance").click()
    expect(page.locator(".workbench")).not_to_have_class(re.compile("inspecting"))
    expect(page.locator(".ag-center-cols-container .ag-row").first).to_be_visible()


def _headers(page: Page) -> list[str]:
    """The columns of the table from left to right."""
    cells = page.locator("#utterances-grid .ag-header-row-column .ag-header-cell")
    expect(cells.first).to_be_visible()
    found = cells.evaluate_all(
        "cells => cells.map(c => [Number(c.getAttribute('aria-colindex')), c.getAttribute('col-id')])"
    )
    return [name for _, name in sorted(found)]


def _width(page: Page, name: str) -> float:
    box = page.locator(f"#utterances-grid [role=columnheader][col-id='{name}']").first.bounding_box()
    assert box is not None
    return box["width"]


def test_columns_chosen_moved_and_resized_are_remembered_until_reset(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances")
    usual = _headers(page)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Speaker").uncheck()
    page.keyboard.press("Escape")
    handle = page.locator("[role=columnheader][col-id='reference'] .ag-header-cell-resize").bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=5)
    page.mouse.up()
    page.locator("[role=columnheader][col-id='duration'] .ag-header-cell-label").drag_to(
        page.locator("[role=columnheader][col-id='reference'] .ag-header-cell-label"), target_position={"x": 2, "y": 5}
    )
    expect(page.locator("[role=columnheader][col-id='duration']")).to_have_attribute("aria-colindex", "1")
    width = _width(page, "reference")
    # By the menu, so that the address names no columns.
    page.get_by_label("Pages").get_by_text("Problems").click()
    expect(page.locator("h1", has_text="Problems")).to_be_visible()
    page.get_by_label("Pages").get_by_text("Utterances").click()
    expect(page.locator("[role=columnheader][col-id='duration']")).to_have_attribute("aria-colindex", "1")
    expect(page.locator("[role=columnheader][col-id='speaker']")).to_have_count(0)
    assert _width(page, "reference") == width
    expect(page.locator(".ag-row[row-index='0'] .ag-cell[col-id='duration']").first).not_to_be_empty()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator("[role=columnheader][col-id='duration']")).not_to_have_attribute("aria-colindex", "1")
    assert _headers(page) == usual
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('earmark-layout'))") == []


def test_a_link_that_names_its_columns_is_not_overruled_by_the_remembered_ones(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Speaker").uncheck()
    page.goto(f"{url}/utterances?cols=speaker,reference")
    assert _headers(page) == ["speaker", "reference"]


def test_texts_take_the_room_that_is_left_and_give_it_back(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{url}/utterances?cols=speaker,reference")
    _headers(page)
    wide = "document.querySelector('#utterances-grid [role=columnheader][col-id=reference]').offsetWidth"
    page.wait_for_function(f"{wide} > 1000")
    page.locator(".ag-row[row-index='1'] .ag-cell[col-id='speaker']").click()
    page.wait_for_function(f"{wide} < 800 && {wide} >= 320")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(f"{wide} === 320")
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('earmark-layout'))") == []


def _palette(page: Page, text: str) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Jump to")
    expect(field).to_be_focused()
    field.fill(text)


def test_the_palette_jumps_to_pages_corpora_columns_and_utterances(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("h1", has_text="tones")).to_be_visible()
    _palette(page, "probl")
    expect(page.locator(".palette-option[aria-selected=true]")).to_contain_text("Problems")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Problems · Earmark")
    _palette(page, "faulty")
    expect(page.locator(".palette-option[aria-selected=true]")).to_contain_text("faulty")
    page.keyboard.press("Enter")
    expect(page.locator(".page-head p")).to_contain_text("beside 3 utterances")
    _palette(page, "tones")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("corpus=tones"))
    _palette(page, "word rate")
    page.locator(".palette-option").filter(has_text="Word rate").first.click()
    head = page.locator("[role=columnheader][col-id='word_rate']")
    expect(head).to_be_visible()
    expect(head).to_be_focused()
    _palette(page, "one two three four five six seven eight nine ten")
    expect(page.locator(".palette-option")).to_have_count(8)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".workbench.inspecting")).to_be_visible()
    expect(page.locator("#utterances-inspector")).to_contain_text("tones.jsonl:20")


def test_the_palette_finds_an_utterance_by_the_beginning_of_its_id(page: Page, url: str, stores: Stores) -> None:
    found = stores.corpus({"corpus": "tones"}).page(Query(), 41, 42, ())[0]["id"]
    page.goto(f"{url}/problems")
    expect(page.locator("h1")).to_have_text("Problems")
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Jump to").fill(found[:10])
    page.locator(".palette-option").filter(has_text=found).click()
    expect(page).to_have_url(re.compile(f"u={found}"))
    expect(page.locator("#utterances-place")).to_contain_text("42 of 250")


def test_the_palette_does_what_the_page_offers(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances")
    _headers(page)
    before = page.locator("html").get_attribute("data-bs-theme")
    _palette(page, "theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", str(before))
    _palette(page, "of the system")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", str(before))
    assert page.evaluate("localStorage.getItem('earmark-theme')") is None
    _palette(page, "csv")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "tones.csv"
    _palette(page, "nothing says this")
    expect(page.get_by_role("status").filter(has_text="Nothing is called")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Jump to")).to_have_count(0)


def test_a_slash_searches_where_there_is_a_search(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances")
    _headers(page)
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("/")
    expect(page.locator("#utterances-search")).to_be_focused()


def test_views_are_saved_opened_renamed_replaced_and_deleted(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=tones&f=speaker:eq:s1")
    expect(page.locator(".chip")).to_have_count(1)
    page.keyboard.press("v")
    dialog = page.get_by_role("dialog", name="Saved views")
    expect(dialog.get_by_text("Nothing is saved yet")).to_be_visible()
    dialog.get_by_label("Name of the present view").fill("first speaker")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("Saved “first speaker”")
    page.keyboard.press("Escape")
    page.goto(f"{url}/problems?corpus=faulty")
    expect(page.locator("h1")).to_have_text("Problems")
    page.get_by_label("Saved views").click()
    dialog.get_by_role("link", name="first speaker").click()
    expect(page.locator(".chip")).to_contain_text("s1")
    expect(page.locator("#utterances-extent")).to_contain_text("50")
    page.goto(f"{url}/problems?corpus=faulty")
    expect(page.locator("h1")).to_have_text("Problems")
    _palette(page, "first sp")
    page.keyboard.press("Enter")
    expect(page.locator("#utterances-extent")).to_contain_text("50")
    page.keyboard.press("v")
    dialog.get_by_label("Rename first speaker").click()
    page.keyboard.type("all of s1")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="all of s1")).to_be_visible()
    dialog.get_by_label("Delete all of s1").click()
    expect(dialog.get_by_text("Nothing is saved yet")).to_be_visible()
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_role("link", name="all of s1")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{url}/?corpus=faulty")
    expect(page.locator("h1")).to_have_text("faulty")
    page.keyboard.press("v")
    dialog.get_by_label("Replace all of s1 by the present view").click()
    kept = json.loads(page.evaluate("localStorage.getItem('earmark-views')"))
    assert kept == [{"name": "all of s1", "path": "/", "search": "?corpus=faulty"}]


def test_views_are_exported_and_imported_and_a_strange_file_is_refused(page: Page, url: str) -> None:
    page.goto(f"{url}/problems?corpus=faulty")
    expect(page.locator("h1")).to_have_text("Problems")
    page.keyboard.press("v")
    dialog = page.get_by_role("dialog", name="Saved views")
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    written = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert written == [{"name": "Problems", "path": "/problems", "search": "?corpus=faulty"}]
    more = [
        *written,
        {"name": "Problems", "path": "/", "search": ""},
        {"name": "bad", "path": "//elsewhere", "search": ""},
    ]
    file = {"name": "views.json", "mimeType": "application/json", "buffer": json.dumps(more).encode()}
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_role("status")).to_contain_text("1 of 2 views")
    expect(dialog.get_by_role("link", name="Problems (2)")).to_be_visible()
    strange = {"name": "strange.json", "mimeType": "application/json", "buffer": b"{broken"}
    dialog.locator("input[type=file]").set_input_files(strange)
    expect(dialog.get_by_role("status")).to_contain_text("holds no saved views")


def test_the_whole_table_is_reached_by_keyboard(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances")
    _headers(page)
    focused = "document.activeElement.closest('[role=row]')?.getAttribute('row-index')"
    page.locator(".ag-row[row-index='0'] .ag-cell[col-id='reference']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"{focused} === '2'")
    shadow = page.evaluate("getComputedStyle(document.activeElement).borderTopColor")
    assert shadow not in ("rgba(0, 0, 0, 0)", "transparent")
    page.keyboard.press("Enter")
    expect(page.locator("#utterances-place")).to_contain_text("3 of 250")
    page.keyboard.press("j")
    expect(page.locator("#utterances-place")).to_contain_text("4 of 250")
    page.keyboard.press("End")
    page.wait_for_function(f"{focused} === '249'")
    page.keyboard.press("PageUp")
    page.wait_for_function(f"Number({focused}) < 249")
    page.keyboard.press("Home")
    page.wait_for_function(f"{focused} === '0'")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.type("three")
    expect(page.locator("#utterances-extent")).to_contain_text("of 250")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("[role=columnheader][col-id='reference']")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_tour_goes_through_its_five_steps_and_is_not_offered_again(page: Page, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(url)
    page.get_by_role("button", name="Take the tour").click()
    card = page.locator(".tour-card")
    for number in range(1, 6):
        expect(card).to_contain_text(f"{number} of 5")
        expect(page.locator(".tour-frame")).to_be_visible()
        box = card.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert 0 <= box["y"] <= 844 - box["height"]
        card.get_by_role("button", name="Done" if number == 5 else "Next").click()
    expect(card).to_have_count(0)
    page.goto(url)
    expect(page.locator("h1")).to_have_text("tones")
    expect(page.get_by_role("button", name="Take the tour")).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("button", name="Take the tour").click()
    expect(card).to_contain_text("1 of 5")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_who_does_not_want_the_tour_is_left_alone(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="No, thanks").click()
    expect(page.get_by_role("button", name="Take the tour")).to_be_hidden()
    page.reload()
    expect(page.locator("h1")).to_have_text("tones")
    expect(page.get_by_role("button", name="Take the tour")).to_be_hidden()


def test_after_a_change_of_page_the_focus_is_in_it(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("h1")).to_have_text("tones")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.get_by_label("Pages").get_by_text("Problems").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Problems")
    expect(page.locator("#page")).to_be_focused()


def test_other_tables_remember_their_widths_and_order_until_they_are_given_back(page: Page, url: str) -> None:
    def width(name: str) -> float:
        box = page.locator(f"#problems-grid [role=columnheader][col-id='{name}']").first.bounding_box()
        assert box is not None
        return box["width"]

    wide = "document.querySelector('#problems-grid [role=columnheader][col-id=field]')?.offsetWidth"
    page.goto(f"{url}/problems?corpus=faulty")
    handle = page.locator("#problems-grid [role=columnheader][col-id='field'] .ag-header-cell-resize")
    usual = width("field")
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 70, y, steps=5)
    page.mouse.up()
    page.wait_for_function("localStorage.getItem('earmark-table:problems-grid') !== null")
    page.wait_for_function(f"{wide} < {round(usual)}")
    narrow = width("field")
    assert narrow < usual
    page.reload()
    page.wait_for_function(f"{wide} === {round(narrow)}")
    _palette(page, "usual widths")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{wide} === {round(usual)}")
    assert page.evaluate("localStorage.getItem('earmark-table:problems-grid')") is None
