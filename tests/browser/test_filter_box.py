"""The filter box and added predictions in a real browser.

Typing with completion, faults by position, the address, the grid beside it; and a file of another system's texts that
is sent, joined, listed where it does not fit, filtered by and removed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pandas  # noqa: F401  (as app.py does: the encoder must not meet it half imported)
import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from explorer.config_files import load
from explorer.corpora.library import Library
from explorer.stores import Stores
from tests.corpora import explorer_app, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("filterbox")) as stores:
        yield stores


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


@pytest.fixture
def table(page: Page, url: str) -> Page:
    page.goto(f"{url}/utterances?corpus=tones")
    expect(page.locator(".ag-center-cols-container .ag-row").first).to_be_visible()
    return page


def box(page: Page) -> Locator:
    return page.locator("#utterances-where")


def extent(page: Page) -> Locator:
    return page.locator("#utterances-extent")


def options(page: Page) -> Locator:
    return page.locator("#utterances-where-list [role=option]")


def wait_for_where(page: Page, value: str | None) -> None:
    page.wait_for_function("v => new URLSearchParams(location.search).get('where') === v", arg=value)


def test_a_filter_is_built_from_the_keyboard_alone(table: Page) -> None:
    table.keyboard.press("f")
    expect(box(table)).to_be_focused()
    table.keyboard.type("word")
    expect(options(table).first).to_contain_text("{words}")
    expect(options(table).first).to_have_attribute("aria-selected", "true")
    table.keyboard.press("Tab")
    expect(box(table)).to_have_value("{words} ")
    expect(options(table).first).to_contain_text("is greater than")
    table.keyboard.press("ArrowDown")
    table.keyboard.press("Enter")
    expect(box(table)).to_have_value("{words} > ")
    table.keyboard.type("7 && {speaker} = s")
    expect(options(table).first).to_contain_text("s0")
    table.keyboard.press("ArrowDown")
    expect(box(table)).to_have_attribute("aria-activedescendant", "utterances-where-option-1")
    table.keyboard.press("Enter")
    expect(box(table)).to_have_value("{words} > 7 && {speaker} = s1 ")
    table.keyboard.press("Escape")
    expect(table.locator(".filterbox.open")).to_have_count(0)
    # Rows that say eight, nine or ten words end with 7, 8 or 9, those of s1 with 1 or 6.
    expect(extent(table)).to_contain_text("0 of 250 utterances")
    box(table).fill("{words} > 7 && {speaker} in (s2, s3)")
    # 8 words: i % 10 = 7, so s2, but for row 7, which says markup of 5 words; 9 words: s3. 10 words: s4.
    expect(extent(table)).to_contain_text("49 of 250 utterances")
    expect(table.locator("#utterances-sentence")).to_have_text(
        "Utterances where Words is greater than 7 and Speaker is one of “s2”, “s3”."
    )
    wait_for_where(table, "{words} > 7 && {speaker} in (s2, s3)")


def test_what_is_filtered_by_is_shown_and_goes_again(table: Page) -> None:
    heading = table.locator(".ag-header-row-column .ag-header-cell[col-id=line]")
    expect(heading).to_have_count(0)
    box(table).fill("{line} > 200")
    expect(heading).to_be_visible()
    expect(table.locator(".ag-row [col-id=line]").first).to_have_text(re.compile(r"^2\d\d$"))
    wait_for_where(table, "{line} > 200")
    assert "cols=" not in table.url  # whoever is sent the address sees the same columns
    expect(box(table)).to_be_focused()
    box(table).fill("")
    expect(heading).to_have_count(0)


def test_what_is_wrong_is_marked_at_its_place_and_not_applied(table: Page) -> None:
    box(table).fill("{words} > 7")
    expect(extent(table)).to_contain_text("74 of 250 utterances")
    box(table).fill("{words} > && {speaker} = s1")
    table.keyboard.press("Escape")
    fault = table.locator("#utterances-where-fault")
    expect(fault).to_contain_text("At character 11: expected a value after >")
    expect(fault.locator("mark")).to_have_text("&&")
    expect(extent(table)).to_contain_text("74 of 250 utterances")
    wait_for_where(table, "{words} > 7")
    fault.locator("button").click()
    assert box(table).evaluate("field => field.selectionStart") == 10
    table.keyboard.type("8 ")
    table.keyboard.press("Enter")
    expect(fault).to_be_empty()
    expect(extent(table)).to_contain_text("0 of 250 utterances")


def test_unknown_columns_and_patterns_are_told_with_a_way_out(table: Page) -> None:
    fault = table.locator("#utterances-where-fault")
    for text, told in (
        ("{wrds} > 3", 'there is no column "wrds"; did you mean "words"?'),
        ('{text} matches "a("', 'the pattern "a(" is no regular expression: missing )'),
        ("{words} > 30%", "Words is no rate and takes no %; write 30"),
    ):
        box(table).fill(text)
        table.keyboard.press("Escape")
        expect(fault).to_contain_text(told)
    expect(extent(table)).to_contain_text("250 utterances")


def test_the_address_brings_the_filter_back_and_the_cross_clears_it(page: Page, url: str) -> None:
    where = "{text} starts with 'one two three' || {noisy} = true"
    page.goto(f"{url}/utterances?corpus=tones&where={quote(where)}")
    expect(box(page)).to_have_value(where)
    # Eight of ten rows but markup's say three words or more: 199; of the other 51 every third is noisy: 18 (7 is not).
    said = sum(1 for i in range(250) if (i != 7 and i % 10 >= 2) or i % 3 == 0)
    expect(extent(page)).to_contain_text(f"{said} of 250 utterances")
    export = page.locator("#utterances-exports a").first.get_attribute("href") or ""
    assert quote(where, safe="") in export
    assert len(page.request.get(url + export).text().splitlines()) == said
    page.get_by_role("button", name="Clear the filter").click()
    expect(box(page)).to_have_value("")
    expect(extent(page)).to_contain_text("250 utterances")
    wait_for_where(page, None)


def test_a_faulty_address_shows_its_fault_and_every_row(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=tones&where={quote('{words} >')}")
    expect(page.locator("#utterances-where-fault")).to_contain_text("At character 10: expected a value after >")
    expect(box(page)).to_have_value("{words} >")
    expect(extent(page)).to_contain_text("250 utterances")


def test_it_works_beside_the_grids_own_filters_and_the_search(table: Page) -> None:
    box(table).fill("{words} >= 3 || {words} = 1")
    expect(extent(table)).to_contain_text("225 of 250 utterances")
    table.get_by_label("Duration, s Filter Input").first.fill("2.5")
    both = sum(1 for i in range(250) if i % 8 == 7 and i % 10 != 1)
    expect(extent(table)).to_contain_text(f"{both} of 250 utterances")
    expect(table.locator("#utterances-sentence")).to_have_text(
        "Utterances where Duration is at least 2.50\u00a0s and (Words is at least 3 or Words is 1)."
    )
    expect(table.locator(".chip")).to_have_count(1)
    table.get_by_role("button", name="Clear all").click()
    expect(extent(table)).to_contain_text("250 utterances")
    expect(box(table)).to_have_value("")


def test_a_click_takes_a_completion_and_texts_stay_texts(table: Page) -> None:
    box(table).click()
    box(table).press_sequentially("{spea")
    options(table).first.click()
    expect(box(table)).to_have_value("{speaker} ")
    expect(box(table)).to_be_focused()
    box(table).fill("{text} = '<img src=x onerror=alert(1)>' || {text} contains '<b>'")
    expect(extent(table)).to_contain_text("1 of 250 utterances")
    expect(table.locator("#utterances-sentence")).to_contain_text("“<img src=x onerror=alert(1)>”")
    expect(table.locator("#utterances-sentence img")).to_have_count(0)


def test_it_fits_a_telephone(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/utterances?corpus=tones")
    box(page).click()
    expect(options(page).first).to_be_visible()
    for element in (box(page), page.locator("#utterances-where-list")):
        place = element.bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_predictions_are_sent_joined_listed_filtered_by_and_removed(
    tmp_path: Path, page: Page, serve: Callable[[Flask], str]
) -> None:
    rows = [
        {
            "audio_filepath": f"{n // 4}.wav",
            "offset": 2.0 * (n % 4),
            "duration": 1.5,
            "text": f"said {n}",
            "speaker": "s",
        }
        for n in range(40)
    ]
    (tmp_path / "spoken.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    heard = [{**row, "audio_filepath": "/else/where/" + str(row["audio_filepath"]), "pred_text": "x"} for row in rows]
    lines = [json.dumps(row) for row in (*heard[:30], {**heard[0], "offset": 0.9})]
    sent = tmp_path / "big hyps.jsonl"
    sent.write_text("\n".join([*lines, "{broken"]) + "\n")
    config = load([], [f"workspace={tmp_path}/work", f"cache.folder={tmp_path}/cache"])
    with closing(Library(tmp_path / "cache")) as library:
        library.open("spoken", [tmp_path / "spoken.jsonl"])
        while library.progress("spoken") is not None:
            time.sleep(0.05)
        stores = Stores(config=config, library=library)
        url = serve(explorer_app(stores).server)
        page.goto(f"{url}/predictions")
        expect(page.get_by_text("No predictions were added")).to_be_visible()
        page.locator("#predictions-file input[type=file]").set_input_files(sent)
        expect(page.locator("#predictions-chosen")).to_have_text("big hyps.jsonl")
        expect(page.locator("#predictions-system")).to_have_value("big_hyps")
        page.locator("#predictions-system").fill("big")
        page.get_by_role("button", name="Add").click()
        said = "big: 30 of 40 utterances have a hypothesis from big hyps.jsonl"
        expect(page.locator("#predictions-said")).to_contain_text(said)
        files = page.locator("#predictions-files")
        expect(files).to_contain_text("Rows that match no utterance: 1.")
        expect(files).to_contain_text("Lines that could not be read: 1.")
        files.get_by_text("Rows of the file that joined nothing (2)").click()
        expect(files).to_contain_text(
            'no utterance of "/else/where/0.wav" begins at 0.90 s; the nearest begins at 0.00 s'
        )
        listed = page.request.get(url + (files.locator("a[download]").get_attribute("href") or "")).text()
        assert len(listed.splitlines()) == 1 + 2 + 10
        assert "spoken.jsonl,31,,no hypothesis of big" in listed
        page.get_by_role("button", name="Add").click()
        expect(page.locator("#predictions-said")).to_contain_text('There are predictions of "big" already')
        files.get_by_role("link", name="Utterances without one").click()
        expect(extent(page)).to_contain_text("10 of 40 utterances")
        expect(box(page)).to_have_value("{hypothesis_big} is empty")
        # Another server over the same workspace, as after a restart.
        again = serve(explorer_app(Stores(config=config, library=library)).server)
        page.goto(f"{again}/utterances?where={quote('{big} = x')}")
        expect(extent(page)).to_contain_text("30 of 40 utterances")
        page.goto(f"{again}/predictions")
        page.get_by_role("button", name="Remove the predictions of big").click()
        expect(page.get_by_text("No predictions were added")).to_be_visible()
        assert [path.name for path in (tmp_path / "work" / "predictions").iterdir()] == ["index.json"]


def test_a_file_that_fits_nothing_is_told_on_a_telephone(tmp_path: Path, page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    (tmp_path / "other.jsonl").write_text('{"audio_filepath": "<b>other</b>.wav", "pred_text": "x"}\n')
    page.goto(f"{url}/predictions?corpus=tones")
    page.locator("#predictions-file input[type=file]").set_input_files(tmp_path / "other.jsonl")
    expect(page.locator("#predictions-system")).to_have_value("other")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#predictions-said")).to_contain_text("No row of other.jsonl (NeMo manifest, 1 rows) fits")
    expect(page.locator("#predictions-said b")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
