"""The progress page in a browser: it follows what people do, splits the work, and gives the manifest back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import app as door
from explorer.config_files import load
from explorer.querying.query import Query
from tests.browser.test_accessibility import check
from tests.corpora import loaded, write_manifest


@dataclass
class House:
    url: str
    ids: list[str]
    manifest: Path


@pytest.fixture
def house(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[House]:
    manifest = write_manifest(tmp_path / "tones", utterances=10)
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
    config = load([door.DEFAULTS], [*places, f"corpora.tones.manifests=[{manifest}]"])
    with closing(door.open_stores(config)) as stores:
        corpus = loaded(stores.library, "tones")
        ids = [id for id, _ in corpus.listed(corpus.rows(Query()), ("audio",))]
        yield House(serve(door.create_app(stores).server), ids, manifest)


def save(page: Page, house: House, who: str, place: int, field: str, new: object, **more: object) -> None:
    """An edit as the editor sends it."""
    edit = {"key": f"{who}{place}{field}", "who": who, "subject": house.ids[place], "field": field, "new": new, **more}
    answer = page.request.post(f"{house.url}/api/review/tones/events", data={"edits": [edit]})
    assert answer.ok, answer.text()


def test_it_follows_what_people_do_and_gives_the_manifest_back(page: Page, house: House, tmp_path: Path):
    page.goto(f"{house.url}/progress?corpus=tones")
    expect(page.get_by_role("heading", name="Nothing is decided yet")).to_be_visible()
    save(page, house, "ann", 0, "reference", "one <i>two</i>")
    save(page, house, "ann", 1, "decision", "reject", comment="noise")
    save(page, house, "bo", 2, "decision", "accept")
    expect(page.get_by_text("2 of 10 utterances")).to_be_visible()
    people = page.get_by_role("region", name="People")
    expect(people.get_by_role("row")).to_have_count(3)
    expect(people.get_by_role("row", name=re.compile("^bo "))).to_contain_text("1")
    with page.expect_download() as started:
        page.get_by_role("link", name="Corrected manifest: Without rejected rows").click()
    written = Path(started.value.path()).read_bytes().splitlines()
    before = house.manifest.read_bytes().splitlines()
    assert json.loads(written[0])["text"] == "one <i>two</i>"
    assert written[1:] == before[2:]  # byte by byte


def test_the_work_is_split_among_people(page: Page, house: House):
    page.goto(f"{house.url}/progress?corpus=tones")
    page.get_by_label("People, with commas between them").fill("ann, ann")
    page.get_by_role("button", name="Split").click()
    expect(page.locator("#progress-plan")).to_contain_text("ann is named twice")
    page.get_by_label("People, with commas between them").fill("ann, Bo van Dyk")
    page.get_by_label("Decided by two people").fill("50%")
    page.get_by_role("button", name="Split").click()
    expect(page.locator("#progress-plan")).to_have_text("Split among ann, Bo van Dyk, 50 % of it twice.")
    expect(page.get_by_role("region", name="People").get_by_role("row")).to_have_count(3)
    page.reload()
    expect(page.get_by_label("People, with commas between them")).to_have_value("ann, Bo van Dyk")


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(page: Page, house: House, width: int):
    save(page, house, "a name of somebody that is rather long and has no end", 0, "decision", "accept")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{house.url}/progress?corpus=tones")
    expect(page.get_by_text("1 of 10 utterances")).to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_page_full_of_people_and_conflicts_is_accessible(page: Page, house: House):
    page.goto(f"{house.url}/progress?corpus=tones")
    page.get_by_label("People, with commas between them").fill("ann, bo")
    page.get_by_label("Decided by two people").fill("100%")
    page.get_by_role("button", name="Split").click()
    expect(page.locator("#progress-plan")).to_contain_text("Split among")
    save(page, house, "ann", 0, "decision", "accept")
    save(page, house, "bo", 0, "decision", "reject", base=-1)
    save(page, house, "ann", 1, "reference", "one")
    before = house.manifest.read_bytes()
    page.goto(f"{house.url}/progress?corpus=tones")
    expect(page.get_by_role("region", name="Agreement")).to_contain_text("0 of 1 pair")
    expect(page.locator(".tile", has_text="Waiting")).to_contain_text("1")
    page.wait_for_load_state("networkidle")
    check(page)
    assert house.manifest.read_bytes() == before  # the manifest itself is never written to


def test_an_export_is_imported_and_known_the_second_time(page: Page, house: House, tmp_path: Path):
    page.goto(f"{house.url}/progress?corpus=tones")
    save(page, house, "ann", 0, "reference", "won")
    save(page, house, "bo", 1, "decision", "reject", comment="noise")
    with page.expect_download() as started:
        page.get_by_role("link", name="Differences: Download").click()
    lines = [json.loads(line) for line in Path(started.value.path()).read_text().splitlines()]
    lines[0]["text_after"] = "wun"  # as somebody corrected it elsewhere, later
    lines[0]["at"] = "2999-01-01T00:00:00Z"
    export = tmp_path / "theirs.jsonl"
    export.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = page.get_by_role("region", name="Import")
    page.locator("#progress-import-file input").set_input_files(export)
    expect(told.get_by_role("row", name=re.compile("^New"))).to_contain_text("1")
    expect(told.get_by_role("row", name=re.compile("^Known"))).to_contain_text("1")
    page.locator("#progress-import-file input").set_input_files(export)
    expect(page.locator("#progress-import-told")).to_contain_text("Nothing in it was new.")
    expect(told.get_by_role("row", name=re.compile("^Known"))).to_contain_text("2")
    check(page)
    export.write_text("{")
    page.locator("#progress-import-file input").set_input_files(export)
    expect(page.locator("#progress-import-told")).to_contain_text("theirs.jsonl:1: this is no JSON")
