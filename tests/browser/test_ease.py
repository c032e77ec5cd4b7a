"""What makes the explorer easy, in a real browser: failures that mend themselves, remembered layout, saved views,
keyboard, command palette and tour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

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
    page.goto(url)
    expect(page.locator("h1")).to_have_text("tones")
    page.context.set_offline(True)
    banner = page.locator("#shell-away")
    expect(banner).to_be_visible()
    page.get_by_label("Pages").get_by_text("Utterances").click()
    expect(page.locator("#shell-failed")).to_be_visible()
    page.context.set_offline(False)
    expect(banner).to_be_hidden()
    expect(page.locator("#utterances-grid")).to_be_visible()
    expect(page.locator("#shell-failed")).to_be_hidden()


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
