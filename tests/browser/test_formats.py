"""Exports in a real browser: the menu offers every format, and what comes is that view in that format."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from explorer.exporting import EXPORTS
from tests.corpora import explorer_app, opened


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Flask], str]) -> Iterator[str]:
    with opened(tmp_path_factory.mktemp("formats")) as stores:
        yield serve(explorer_app(stores).server)


def downloaded(page: Page, title: str) -> tuple[str, bytes]:
    """The name and content of the file that the menu's entry gives."""
    if not page.locator("#utterances-exports").is_visible():
        page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.locator("#utterances-exports a", has_text=title).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_every_format_can_be_chosen_and_has_the_rows_of_the_view(page: Page, url: str) -> None:
    page.goto(f"{url}/utterances?corpus=tones&search=ten")
    expect(page.locator("#utterances-extent")).to_contain_text("25 of 250")
    page.get_by_role("button", name="Export").click()
    for export in EXPORTS.values():
        expect(page.locator("#utterances-exports")).to_contain_text(export.title)
    name, content = downloaded(page, "Parquet")
    assert name == "tones.parquet"
    assert pyarrow.parquet.read_table(io.BytesIO(content)).num_rows == 25
    name, content = downloaded(page, "Kaldi")
    assert name == "tones.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.read("tones/segments").splitlines()) == 25
    name, content = downloaded(page, "Lhotse")
    cuts = [json.loads(line) for line in gzip.decompress(content).splitlines()]
    assert name == "tones.jsonl.gz"
    assert len(cuts) == 25
    assert {cut["supervisions"][0]["speaker"] for cut in cuts} == {"s4"}
    name, content = downloaded(page, "STM")
    assert name == "tones.stm"
    assert len(content.splitlines()) == 26
    name, content = downloaded(page, "CTM")
    assert name == "tones-without-25.ctm"
    assert content == b";; 0 utterances written; left out: 25 without word times\n"
