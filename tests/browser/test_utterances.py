"""The table in a real browser: filter, sort, search, choose columns, look at an utterance, export, and the address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from explorer.columns import Column
from explorer.formatting import value
from explorer.querying.query import Filter, Query, Test
from explorer.stores import Action, Stores
from tests.corpora import MARKUP, explorer_app, opened

ROWS = 250


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("utterances"), utterances=ROWS) as stores:
        runs = Action("Transcribe", "/runs", "Run a recognizer on these rows", "bi-mic")
        yield Stores(config=stores.config, library=stores.library, actions=(runs,))


@pytest.fixture(scope="module")
def url(stores: Stores, serve: Callable[[Flask], str]) -> str:
    return serve(explorer_app(stores).server)


@pytest.fixture
def table(page: Page, url: str) -> Page:
    page.goto(f"{url}/utterances?corpus=tones")
    expect(cell(page, 0, "reference")).to_have_text("one")
    return page


def cell(page: Page, row: int, column: str) -> Locator:
    return page.locator(f".ag-center-cols-container .ag-row[row-index='{row}'] .ag-cell[col-id='{column}']")


def extent(page: Page) -> Locator:
    return page.locator("#utterances-extent")


def wait_for_parameter(page: Page, name: str, *values: str) -> None:
    page.wait_for_function(
        "([n, v]) => JSON.stringify(new URLSearchParams(location.search).getAll(n)) === JSON.stringify(v)",
        arg=[name, list(values)],
    )


def parameters(page: Page) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(page.url).query)


def model(page: Page, filters: dict[str, object]) -> None:
    page.evaluate("m => dash_ag_grid.getApi('utterances-grid').setFilterModel(m)", filters)


def test_search_filters_rows_counts_hours_and_writes_the_address(table: Page) -> None:
    expect(extent(table)).to_contain_text("250 utterances · 7.4 min")
    table.keyboard.press("/")
    expect(table.locator("#utterances-search")).to_be_focused()
    table.keyboard.type("ten")
    # Every tenth row has ten words.
    expect(extent(table)).to_contain_text("25 of 250 utterances")
    expect(table.locator(".chip")).to_contain_text("ten")
    wait_for_parameter(table, "search", "ten")


def test_the_address_restores_filter_sort_columns_and_utterance(page: Page, url: str, stores: Stores) -> None:
    chosen = stores.corpus({"corpus": "tones"}).page(_three_words(), 5, 6, ())[0]["id"]
    query = "f=words:eq:3&sort=-duration&sort=speaker&cols=words,speaker,duration"
    page.goto(f"{url}/utterances?corpus=tones&{query}&u={chosen}")
    expect(extent(page)).to_contain_text("25 of 250 utterances")
    headers = page.locator(".ag-header-container .ag-header-cell:not(.ag-floating-filter)[col-id]")
    expect(headers).to_have_count(3)
    # Rows 2, 12, 22, ...: the longest lasts 0.9 + 6/4 s.
    expect(cell(page, 0, "duration")).to_have_text("2.40")
    expect(page.locator("#utterances-place")).to_contain_text("of 25")
    expect(page.locator(".ag-row-selected").first).to_be_visible()
    before = sorted(parameters(page))
    page.reload()
    expect(extent(page)).to_contain_text("25 of 250 utterances")
    assert sorted(parameters(page)) == before


def _three_words() -> Query:
    return Query((Filter("words", (Test("eq", 3),)),))


def test_the_filter_row_edits_the_query_and_a_chip_undoes_it(table: Page) -> None:
    table.get_by_label("Duration, s Filter Input").first.fill("2.5")
    # Rows 7, 15, ... last 2.65 s: 31 of 250.
    expect(extent(table)).to_contain_text("31 of 250 utterances")
    wait_for_parameter(table, "f", "duration:ge:2.5")
    table.locator(".chip button").click()
    expect(extent(table)).to_contain_text("250 utterances")
    expect(table.locator(".chip")).to_have_count(0)
    wait_for_parameter(table, "f")


def test_flags_and_ranges_and_clear_all(table: Page) -> None:
    between = {"filterType": "number", "type": "inRange", "filter": 2, "filterTo": 3}
    model(table, {"noisy": {"filterType": "text", "type": "isTrue"}, "words": between})
    wait_for_parameter(table, "f", "noisy:eq:true", "words:ge:2", "words:le:3")
    expect(table.locator(".chip")).to_have_count(3)
    table.get_by_text("Clear all").click()
    expect(table.locator(".chip")).to_have_count(0)
    table.wait_for_function("!Object.keys(dash_ag_grid.getApi('utterances-grid').getFilterModel()).length")


def test_several_columns_sort_in_order(table: Page) -> None:
    header = ".ag-header-cell[col-id='{}'] .ag-header-cell-label"
    table.locator(header.format("duration")).click()
    wait_for_parameter(table, "sort", "duration")
    table.locator(header.format("reference")).click(modifiers=["Shift"])
    wait_for_parameter(table, "sort", "duration", "reference")
    expect(cell(table, 0, "duration")).to_have_text("0.90")


def test_a_row_opens_beside_the_table_and_keys_walk_on(table: Page) -> None:
    cell(table, 3, "reference").click()
    place = table.locator("#utterances-place")
    expect(place).to_have_text("4 of 250")
    expect(table.locator("#utterances-inspector .player")).to_be_visible()
    expect(table.locator("#utterances-inspector")).to_contain_text("one two three four")
    fourth = dict(parameters(table))["u"]
    table.keyboard.press("j")
    expect(place).to_have_text("5 of 250")
    expect(table.locator(".ag-row-selected[row-index='4']").first).to_be_visible()
    table.keyboard.press("k")
    expect(place).to_have_text("4 of 250")
    wait_for_parameter(table, "u", fourth)
    table.keyboard.press("x")
    expect(table.locator("#utterances-inspector .player")).to_have_count(0)
    wait_for_parameter(table, "u")
    table.keyboard.press("j")
    expect(place).to_have_text("1 of 250")


def test_choosing_a_row_fetches_no_rows_again(table: Page) -> None:
    asked: list[str] = []
    table.on("request", lambda r: asked.append(r.post_data or "") if "_dash-update" in r.url else None)
    cell(table, 2, "reference").click()
    expect(table.locator("#utterances-place")).to_have_text("3 of 250")
    assert not [body for body in asked if "getRowsResponse" in json.loads(body)["output"]]


def test_a_far_row_is_found_and_the_filter_may_hide_it(page: Page, url: str, stores: Stores) -> None:
    last = stores.corpus({"corpus": "tones"}).page(Query(), ROWS - 1, ROWS, ())[0]["id"]
    page.goto(f"{url}/utterances?corpus=tones&u={last}")
    expect(page.locator(f".ag-row-selected[row-index='{ROWS - 1}']").first).to_be_visible()
    page.locator("#utterances-search").fill("onerror")
    expect(page.locator("#utterances-place")).to_have_text("Not among the rows of this filter")


def test_columns_are_shown_hidden_and_found(table: Page) -> None:
    table.get_by_role("button", name="Columns").click()
    table.locator("#utterances-choice-search").fill("offset")
    chooser = table.locator("#utterances-choice .form-check:visible")
    expect(chooser).to_have_count(1)
    chooser.click()
    expect(table.locator(".ag-header-cell[col-id='offset']").first).to_be_visible()
    table.locator("#utterances-reset").click()
    expect(table.locator(".ag-header-cell[col-id='offset']")).to_have_count(0)
    wait_for_parameter(table, "cols")


def test_a_shown_column_has_its_values(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=tones&cols=reference")
    expect(cell(page, 0, "reference")).to_have_text("one")
    page.get_by_role("button", name="Columns").click()
    page.locator("#utterances-choice .form-check", has_text="Speaker").first.click()
    expect(cell(page, 1, "speaker")).to_have_text("s1")
    wait_for_parameter(page, "cols", "reference,speaker")


def test_back_takes_the_sheet_of_a_narrow_screen_away(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/?corpus=tones")
    page.goto(f"{url}/utterances?corpus=tones&sort=-duration")
    bench = page.locator(".workbench")
    for _ in range(2):
        cell(page, 2, "reference").click()
        expect(bench).to_have_class("workbench inspecting")
        page.wait_for_function("new URLSearchParams(location.search).has('u')")
        first = dict(parameters(page))["u"]
        page.locator("#utterances-next").click()
        page.wait_for_function("u => ![u, null].includes(new URLSearchParams(location.search).get('u'))", arg=first)
        page.wait_for_function("history.state && history.state.sheet")
        page.go_back()
        expect(bench).to_have_class("workbench")
        wait_for_parameter(page, "u")
        wait_for_parameter(page, "sort", "-duration")
    cell(page, 1, "reference").click()
    expect(bench).to_have_class("workbench inspecting")
    page.wait_for_function("history.state && history.state.sheet")
    page.locator("#utterances-close").click()
    expect(bench).to_have_class("workbench")
    page.wait_for_function("!(history.state && history.state.sheet)")
    wait_for_parameter(page, "u")
    page.go_back()
    page.wait_for_function("location.pathname === '/'")


def test_the_view_is_exported(table: Page) -> None:
    table.locator("#utterances-search").fill("ten")
    expect(extent(table)).to_contain_text("25 of 250")
    table.get_by_role("button", name="Export").click()
    with table.expect_download() as download:
        table.get_by_text("NeMo JSON lines").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 25
    assert json.loads(lines[0])["text"] == "one two three four five six seven eight nine ten"


def test_an_action_takes_the_view_along(table: Page) -> None:
    table.locator("#utterances-search").fill("ten")
    expect(extent(table)).to_contain_text("25 of 250")
    link = table.get_by_role("link", name="Transcribe")
    expect(link).to_have_attribute("href", "/runs?corpus=tones&search=ten")


def test_an_empty_view_says_so(table: Page) -> None:
    table.locator("#utterances-search").fill("nobody says this")
    expect(table.locator(".ag-overlay")).to_contain_text("No utterance passes this filter")
    expect(extent(table)).to_contain_text("0 of 250 utterances")
    table.get_by_text("Clear all").click()
    expect(table.locator(".ag-overlay")).not_to_contain_text("No utterance")


def test_a_cell_has_the_digits_that_python_prints(table: Page) -> None:
    numbers = [0.0, 2.125, 2.135, 2.945, 2.955, 0.375, 1234567.891, -1234.5, 0.004, 1e-9, 3e15, 12.0, 1 / 3, -0.125]
    numbers += [number / 7 * 10**power for number in range(1, 40) for power in (-3, 0, 4)]
    duration = Column(name="d", label="d", kind="number", style="decimal", help="d")
    rate = Column(name="r", label="r", kind="number", style="percent", unit="%", help="r")
    script = "([name, values]) => values.map(v => dashAgGridFunctions[name](v, 2))"
    assert table.evaluate(script, ["earmarkDecimal", numbers]) == [value(duration, number) for number in numbers]
    shown = [value(rate, number).removesuffix("\u00a0%") for number in numbers]
    assert table.evaluate(script, ["earmarkPercent", numbers]) == shown


def test_a_filter_that_cannot_be_used_is_explained(table: Page) -> None:
    model(table, {"reference": {"filterType": "text", "type": "matches", "filter": "(unclosed"}})
    expect(table.locator("#utterances-error")).to_be_visible()
    expect(table.locator("#utterances-error [role=alert]")).not_to_have_text("")
    model(table, {})
    expect(table.locator("#utterances-error [role=alert]")).to_have_count(0)
    expect(cell(table, 0, "reference")).to_have_text("one")


def test_markup_is_shown_as_text(table: Page) -> None:
    expect(cell(table, 7, "reference")).to_have_text(MARKUP)
    cell(table, 7, "reference").click()
    expect(table.locator("#utterances-inspector")).to_contain_text("onerror=alert(1)")
    assert table.locator("#page img[src='x']").count() == 0


def test_an_utterance_stands_alone_under_its_own_address(table: Page) -> None:
    cell(table, 2, "reference").click()
    table.get_by_title("Open on its own page").click()
    expect(table).to_have_title("Utterance · Earmark")
    expect(table.locator(".player")).to_be_visible()
    table.get_by_text("Show in the table").click()
    expect(table.locator("#utterances-place")).to_have_text("3 of 250")


def test_back_leaves_the_table_as_it_was(table: Page) -> None:
    table.locator("#utterances-search").fill("ten")
    expect(extent(table)).to_contain_text("25 of 250")
    wait_for_parameter(table, "search", "ten")
    table.get_by_label("Pages").get_by_text("Problems").click()
    expect(table).to_have_title("Problems · Earmark")
    table.go_back()
    expect(extent(table)).to_contain_text("25 of 250")
    expect(table.locator("#utterances-search")).to_have_value("ten")
