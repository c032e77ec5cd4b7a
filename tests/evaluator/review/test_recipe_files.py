"""Recipes of a workspace: rules are added at the end, what is there stays, nothing unreadable is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.review.recipe import read_recipe
from evaluator.review.recipe_files import RecipeFiles, rule
from explorer.errors import ConfigError


def test_rules_are_added_at_the_end(tmp_path: Path):
    files = RecipeFiles(tmp_path / "recipes")
    assert (files.names(), files.read("mine")) == ([], None)
    files.add("mine", rule("reject", "too short", "", where='{speaker} = "a: #b"', name="short"))
    made = files.add("mine", rule("replace", r"\bum ", "", where="", name=""))
    assert files.names() == ["mine"]
    assert read_recipe(files.path("mine")) == made
    first, second = made.rules
    assert (first.name, first.where, first.action, first.with_what) == (
        "short", '{speaker} = "a: #b"', "reject", "too short",
    )  # fmt: skip
    assert second.with_what == {"pattern": r"\bum ", "with": "", "field": "text"}


def test_what_somebody_wrote_by_hand_stays(tmp_path: Path):
    files = RecipeFiles(tmp_path)
    by_hand = "# mine\nrejected: flag\nrules:\n    - {where: '{a} > 1', keep: yes indeed}   # really\n\n"
    (tmp_path / "mine.yaml").write_text(by_hand)
    made = files.add("mine", rule("tag", "check", "", where="{b} is empty", name="b"))
    text = (tmp_path / "mine.yaml").read_text()
    assert text == by_hand.rstrip() + "\n    - name: b\n      where: '{b} is empty'\n      tag: check\n"
    assert made.rejected == "flag"
    assert [one.action for one in made.rules] == ["keep", "tag"]


def test_a_file_that_would_not_be_understood_stays_as_it_is(tmp_path: Path):
    files = RecipeFiles(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text("rules:\n  - {keep: a}\nrejected: out\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        files.add("mine", rule("keep", "", "", where="", name=""))
    assert path.read_text() == "rules:\n  - {keep: a}\nrejected: out\n"
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]
    path.write_text("rules: [{rejct: a}]\n")
    with pytest.raises(ConfigError, match="rejct"):
        files.add("mine", rule("keep", "", "", where="", name=""))


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_names_are_those_of_files_in_the_folder(tmp_path: Path, name: str):
    with pytest.raises(ConfigError, match="cannot be the name of a recipe"):
        RecipeFiles(tmp_path).path(name)


def test_what_is_typed_becomes_values():
    assert rule("set", "lang = en", "", where="", name="") == {"set": {"lang": "en"}}
    assert rule("set", "checked=true", "", where="", name="") == {"set": {"checked": True}}
    assert rule("set", "note = a = [b", "", where="", name="") == {"set": {"note": "a = [b"}}
    assert rule("reject", "", "", where="{a} > 1", name="") == {"where": "{a} > 1", "reject": True}
    for action, what in (("set", "lang"), ("set", "= en"), ("tag", ""), ("replace", "")):
        with pytest.raises(ConfigError):
            rule(action, what, "", where="", name="")
