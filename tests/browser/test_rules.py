"""The rules page in a browser: a filter becomes a rule, and the command line does what the recipe says."""

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
from evaluator.ledger import Draft, review_space
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.querying.query import Query
from tests.browser.test_accessibility import check
from tests.corpora import loaded, write_manifest


@dataclass
class House:
    url: str
    manifest: Path
    options: list[str]
    stores: EvaluatorStores


@pytest.fixture
def make_rules(tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[Callable[..., House]]:
    opened = []

    def make(*more: str) -> House:
        manifest = write_manifest(tmp_path / "tones", utterances=20)
        options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}", *more]
        stores = door.open_stores(load([door.DEFAULTS], [*options, f"corpora.tones.manifests=[{manifest}]"]))
        opened.append(stores)
        loaded(stores.library, "tones")
        return House(serve(door.create_app(stores).server), manifest, options, stores)

    yield make
    for stores in opened:
        with closing(stores):
            pass


def test_a_filter_becomes_a_rule_that_the_command_line_applies(
    page: Page, make_rules: Callable[..., House], tmp_path: Path
):
    house = make_rules()
    page.goto(f"{house.url}/utterances?corpus=tones&where={{words}} > 8")
    page.locator("#utterances-actions").get_by_role("link", name="Make a rule").click()
    expect(page.locator(".rules-top")).to_contain_text("{words} > 8")
    expect(page.locator(".rules-top")).to_contain_text("4 of 20 utterances")
    expect(page.get_by_role("heading", name="No rules yet")).to_be_visible()
    page.get_by_label("The reason").fill("too long")
    page.get_by_label("Name of the rule").fill("long ones")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("#rules-said")).to_have_text("Rule 1 of recipe.yaml.")
    rules = page.get_by_role("region", name="Rules")
    expect(rules.get_by_role("row", name=re.compile("^long ones"))).to_contain_text("reject: too long")
    page.get_by_label("What to do with them").select_option("replace")
    page.get_by_label("Pattern (RE2)").fill("^one")
    page.get_by_label("Put in its place").fill("wun")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("#rules-said")).to_have_text("Rule 2 of recipe.yaml.")
    check(page)
    with page.expect_download() as started:
        page.get_by_role("link", name="YAML").click()
    output = tmp_path / "clean.json"
    recipe = str(started.value.path())
    assert door.main(["apply", recipe, str(house.manifest), *house.options, "-o", str(output)]) == 0
    texts = [json.loads(line)["text"] for line in output.read_text().splitlines()]
    assert len(texts) == 16
    assert max(len(text.split()) for text in texts) == 8


def test_what_only_the_pages_know_is_no_rule(page: Page, make_rules: Callable[..., House]):
    house = make_rules()
    subject = house.stores.corpus({"corpus": "tones"}).page(Query(), 0, 1, ())[0]["id"]
    said = Draft(key="k", who="Anna", space=review_space("tones"), subject=subject, field="decision", new="accept")
    house.stores.ledger.append([said])
    page.goto(f"{house.url}/rules?corpus=tones&where={{decision}} = accept")
    expect(page.locator(".rules-top")).to_contain_text("Decision is known to these pages alone")
    expect(page.get_by_role("button", name="Add the rule")).to_have_count(0)


def test_reading_only_adds_no_rule(page: Page, make_rules: Callable[..., House]):
    house = make_rules("review.read_only=true")
    page.goto(f"{house.url}/rules?corpus=tones")
    expect(page.locator(".rules-top")).to_contain_text("no rule can be added")
    expect(page.get_by_role("button", name="Add the rule")).to_have_count(0)
