"""The comparison in the browser: standings, another baseline, leaving a system out, own rows, and the downloads."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config_files import load
from tests.corpora import loaded
from tests.evaluator.comparing.test_comparison import ROWS
from tests.explorer.manifests import row, write_manifest

LOOPS = [
    row("a.wav", text="one two", duration=4.0, pred_text_a="one two", pred_text_b="one two two two two"),
    row("b.wav", text="one two", duration=4.0, pred_text_a="one", pred_text_b="один два"),
    row("c.wav", text="one two", duration=4.0, pred_text_a="one", pred_text_b="one two"),
]
MANY = [row(f"{n}.wav", text="one two", **{f"pred_text_s{system}": "one" for system in range(9)}) for n in range(3)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("compare")
    options = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    stores = door.open_stores(load([door.DEFAULTS], options))
    try:
        stores.library.open("birds", [write_manifest(folder / "birds.json", ROWS)])
        loaded(stores.library, "birds")
        stores.library.open("loops", [write_manifest(folder / "loops.json", LOOPS)])
        loaded(stores.library, "loops")
        stores.library.open("many", [write_manifest(folder / "many.json", MANY)])
        loaded(stores.library, "many")
        yield serve(door.create_app(stores).server)
    finally:
        stores.close()


def cells(page: Page, system: str) -> dict[str, str]:
    """What stands under each heading in the row of a system."""
    line = page.locator("table.compare tbody tr", has=page.locator(f"td.system[title={system}]"))
    titles = [text.strip() for text in page.locator("table.compare thead th").all_inner_texts()]
    return dict(zip(titles, [text.strip() for text in line.locator("td").all_inner_texts()], strict=True))


def test_standings_follow_the_address(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("table.compare tbody tr")).to_have_count(3)
    assert cells(page, "late")["WER"] == "0.00\u00a0%"
    expect(page.get_by_text("4 utterances that all systems were scored on, of 6")).to_be_visible()

    page.get_by_title("Leave out late").click()
    expect(page.locator("table.compare tbody tr")).to_have_count(2)
    assert cells(page, "good")["WER"] == "10.00\u00a0%"

    page.locator("[data-parameter=baseline] select").select_option("bad")
    expect(page.locator("tr", has_text="bad").get_by_text("baseline", exact=True)).to_be_visible()
    found = cells(page, "good")
    assert (found["Delta"], found["Wins"], found["Ties"], found["Losses"]) == ("-30.00", "3", "2", "0")
    expect(page.get_by_text("good makes 30.00 points fewer errors than bad")).to_be_visible()

    page.reload()  # the address holds it all
    expect(page.get_by_text("good makes 30.00 points fewer errors than bad")).to_be_visible()

    page.get_by_text("each system on its own utterances").click()
    expect(page.get_by_text("these rates are not compared with each other")).to_be_visible()
    assert cells(page, "good")["WER"] == "9.09\u00a0%"  # f too


def test_downloads_have_what_the_page_shows(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&system=good&system=bad&baseline=bad&by=speaker")
    expect(page.get_by_text('whole values of "speaker" (4)')).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert [(line["system"], float(line["wer"])) for line in lines] == [("good", 0.1), ("bad", 0.4)]
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["bootstrap"]["blocks"] == "speaker"
    for form, mark in (("Markdown", "| System |"), ("LaTeX", r"\toprule")):
        with page.expect_download() as download:
            page.get_by_role("link", name=form).click()
        assert mark in download.value.path().read_text(encoding="utf-8")


def test_an_unknown_system_is_a_sentence(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&baseline=goood")
    expect(page.get_by_text('did you mean "good"')).to_be_visible()


def test_nothing_in_common_is_a_designed_state(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&search=nothing+says+this")
    expect(page.get_by_text("The filter matches no utterance.")).to_be_visible()
    page.get_by_role("link", name="Show all rows").click()
    expect(page.locator("table.compare tbody tr")).to_have_count(3)


def test_the_standings_sort_by_any_heading(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds")
    systems = page.locator("table.compare td.system")
    expect(systems).to_have_text(["late", re.compile("good"), "bad"])
    page.get_by_title("Sort by S", exact=True).click()
    page.get_by_title("Sort by WER").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("WER")
    page.get_by_title("Sort by WER").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("WER")
    expect(systems).to_have_text(["bad", re.compile("good"), "late"])
    assert "order=-wer" in page.url


@pytest.mark.parametrize(("outcome", "rows"), [("Wins", 3), ("Ties", 2), ("Losses", 0)])
def test_outcomes_lead_to_exactly_their_utterances(page: Page, url: str, outcome: str, rows: int) -> None:
    page.goto(f"{url}/compare?corpus=birds&system=good&system=bad&baseline=bad")
    line = page.locator("table.compare tbody tr", has=page.locator("td.system[title=good]"))
    expect(line).to_be_visible()
    titles = [text.strip() for text in page.locator("table.compare thead th").all_inner_texts()]
    line.locator("td").nth(titles.index(outcome)).get_by_role("link").click()
    expect(page).to_have_url(re.compile("/utterances"))
    expect(page.locator("#utterances-extent")).to_contain_text(f"{rows} of 6 utterances")


def test_the_standings_fit_a_laptop_and_more_columns_are_a_click_away(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{url}/compare?corpus=birds&baseline=bad")
    region = page.get_by_role("region", name="Standings")
    expect(region).to_be_visible()
    page.wait_for_function("e => e.scrollWidth <= e.clientWidth", arg=region.element_handle())
    assert "MWA" not in cells(page, "good")
    page.get_by_role("link", name="more columns").click()
    expect(region.get_by_role("columnheader", name="MWA")).to_be_visible()


def test_one_system_stands_alone_with_its_interval(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&system=bad")
    expect(page.locator("table.compare tbody tr")).to_have_count(1)
    assert " to " in cells(page, "bad")["95 %"]
    expect(page.get_by_text("baseline", exact=True)).to_have_count(0)


def test_suspicious_hypotheses_are_counted_and_lead_to_their_rows(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=loops")
    found = page.locator("#compare-flags tbody tr", has=page.get_by_text("b", exact=True))
    expect(found).to_contain_text("2 (66.67")
    found.get_by_role("link", name="1", exact=True).first.click()
    expect(page.locator("#utterances-extent")).to_contain_text("1 of 3 utterances")


def test_an_address_that_names_nothing_has_a_way_out(page: Page, url: str) -> None:
    page.goto(f"{url}/compare?corpus=birds&system=good&system=nope")
    expect(page.get_by_role("heading", name="There is no such system")).to_be_visible()
    page.get_by_role("link", name="Show the page without “system”").click()
    expect(page.locator("table.compare tbody tr")).to_have_count(1)
    page.goto(f"{url}/errors?corpus=birds&system=good&against=bad")
    expect(page.get_by_text("“against=bad” is not understood here")).to_be_visible()


def test_many_systems_are_chosen_behind_one_line(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/compare?corpus=many")
    expect(page.locator("table.compare tbody tr")).to_have_count(9)
    chooser = page.locator("summary", has_text="Systems")
    expect(chooser).to_contain_text("9")
    expect(page.get_by_title("Leave out s3")).not_to_be_visible()
    chooser.focus()
    page.keyboard.press("Enter")
    page.get_by_title("Leave out s3").click()
    expect(page.locator("table.compare tbody tr")).to_have_count(8)
    expect(chooser).to_contain_text("8 of 9")
    page.get_by_title("Leave out s4").click()  # it has stayed open
    expect(chooser).to_contain_text("7 of 9")
    page.get_by_role("link", name="None but the baseline").click()
    expect(chooser).to_contain_text("1 of 9")
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.locator("table.compare tbody tr")).to_have_count(9)
    page.get_by_role("link", name="Slices").click()
    expect(page.get_by_title("Leave out s3")).to_be_visible()
    chooser.click()
    expect(page.get_by_title("Leave out s3")).not_to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
