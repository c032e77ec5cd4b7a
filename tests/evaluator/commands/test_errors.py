"""The command ``errors``, and the warning about letters that a normalizer takes out, on the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import app
from tests.explorer.manifests import row, write_manifest

# a: the → a twice, one deletion (cat), one insertion (um); b: the → a once, sat → sad once.
ROWS = [
    row("1.wav", text="the cat sat", speaker="x", pred_text_a="a sat", pred_text_b="a cat sat"),
    row("2.wav", text="the dog", speaker="x", pred_text_a="a dog um", pred_text_b="the dog"),
    row("3.wav", text="she sat", speaker="y", pred_text_a="she sat", pred_text_b="she sad"),
]
HINDI = [row("a.wav", text="का कि", pred_text_a="का की"), row("b.wav", text="का", pred_text_a="का")]


def printed(folder: Path, capsys: pytest.CaptureFixture[str], command: str, *options: str) -> str:
    arguments = [command, str(folder / "m.json"), *options]
    assert app.main([*arguments, f"cache.folder={folder / 'cache'}", f"workspace={folder / 'ws'}"]) == 0
    return capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_manifest(tmp_path / "m.json", ROWS)
    return tmp_path


def test_errors_of_a_system(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, Any] = json.loads(printed(folder, capsys, "errors", "--system", "a", "--json"))
    counts = {"words": 7, "errors": 4, "substitutions": 2, "deletions": 1, "insertions": 1, "wer": 4 / 7}
    assert said["systems"] == {"a": counts}
    assert (said["utterances"], said["different"]) == (3, {"confusions": 1, "deletions": 1, "insertions": 1})
    assert said["confusions"] == [{"said": "the", "heard": "a", "count": {"a": 2}, "utterances": {"a": 2}}]
    assert said["deletions"] == [{"said": "cat", "heard": None, "count": {"a": 1}, "utterances": {"a": 1}}]
    assert said["insertions"] == [{"said": None, "heard": "um", "count": {"a": 1}, "utterances": {"a": 1}}]
    assert said["normalizer"]["name"] == "basic"
    assert said["warnings"] == []


def test_what_changed_with_another_system(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("errors", "--system", "a", "--against", "b")
    said = json.loads(printed(folder, capsys, *asked, "--json"))
    told = [(one["said"], one["heard"], one["change"], one["gained"], one["lost"]) for one in said["confusions"]]
    assert told == [("the", "a", -1, 0, 1), ("sat", "sad", 1, 1, 0)]
    assert said["systems"]["b"]["errors"] == 2
    lines = list(csv.DictReader(io.StringIO(printed(folder, capsys, *asked, "--csv", "--top", "1"))))
    assert [(line["kind"], line["said"], line["heard"]) for line in lines] == [
        ("substitute", "the", "a"),
        ("delete", "cat", ""),
        ("insert", "", "um"),
    ]
    assert (lines[0]["count_a"], lines[0]["count_b"], lines[0]["change"]) == ("2", "1", "-1")
    text = printed(folder, capsys, *asked, "--top", "1")
    assert "a: 4 errors (2 S, 1 D, 1 I) in 7 words, WER 57.14" in text
    assert "confusions: 2 different" in text
    assert "and 1 more" in text


def test_a_filter_selects_the_utterances(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    only = printed(folder, capsys, "errors", "--system", "b", "--where", '{edits_a} has "the → a"', "--json")
    said = json.loads(only)
    assert (said["utterances"], said["systems"]["b"]["errors"]) == (2, 1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--system", "gone"], 'no system "gone"'),
        (["--system", "a", "--against", "a"], "compared with itself"),
        (["--top", "0"], "--top is 0"),
    ],
)
def test_what_cannot_be_listed_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert app.main(["errors", str(folder / "m.json"), *options, f"cache.folder={folder / 'cache'}"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", ["score", "compare", "errors", "slices --by duration"])
def test_lost_letters_are_told_wherever_rates_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    write_manifest(tmp_path / "m.json", HINDI)
    name, *options = command.split()
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    arguments = [name, str(tmp_path / "m.json"), *options, "--json", "--normalizer"]
    assert app.main([*arguments, "whisper_basic", *places]) == 0
    told = capsys.readouterr()
    [warning] = json.loads(told.out)["warnings"]
    assert "takes 2 marks out of Devanagari words" in warning
    assert f"earmark: warning: {warning}" in told.err
    assert app.main([*arguments, "basic", *places]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["warnings"] == []
    assert "warning" not in told.err
