"""Recipes: every action by hand, every mistake with its rule, and the command as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import main
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.review.applying import apply_recipe
from evaluator.review.recipe import read_recipe
from evaluator.review.rewriting import Change
from explorer.corpora.opening import open_corpus
from explorer.errors import ConfigError

ROWS: list[dict[str, Any]] = [
    {"audio_filepath": "0.wav", "duration": 0.2, "text": "uh yes", "speaker": "ann", "lang": "en"},
    {"audio_filepath": "1.wav", "duration": 2.0, "text": "um so uh no", "speaker": "bo", "tags": ["old"]},
    {"audio_filepath": "2.wav", "duration": 0.1, "text": "fine", "speaker": "bo", "pred_text": "vine"},
    {"audio_filepath": "3.wav", "duration": 3.0, "text": "fine too", "speaker": "cy", "pred_text": "fine too"},
]

RECIPE = """
rejected: flag
rules:
  - {where: '{speaker} = ann', keep: checked by hand}
  - {name: too short, where: '{duration} < 0.5', reject: too short}
  - {name: fillers, replace: {pattern: '\\b(uh|um) ', with: ''}}
  - {where: '{duration} > 1', tag: long}
  - {where: '{lang} is empty', set: {lang: en, checked: true}}
"""


def files(folder: Path, recipe: str = RECIPE, more: str = "") -> tuple[Path, Path]:
    manifest, path = folder / "m.json", folder / "recipe.yaml"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + more)
    path.write_text(recipe)
    return manifest, path


def test_every_action_by_hand(tmp_path: Path):
    manifest, path = files(tmp_path)
    corpus = open_corpus("m", [manifest], cache=tmp_path / "cache")
    applied, changes = apply_recipe(corpus, read_recipe(path), NORMALIZERS["basic"])
    assert [(one.matched, one.settled, one.changed) for one in applied] == [
        (1, 0, 0), (2, 1, 1), (4, 2, 1), (2, 0, 2), (3, 1, 2),
    ]  # fmt: skip
    assert [round(one.seconds, 3) for one in applied] == [0.2, 0.3, 5.3, 5.0, 5.1]
    assert changes == {
        1: Change(text="so no", fields={"tags": ["old", "long"], "lang": "en", "checked": True}),
        2: Change(fields={"rejected": "too short"}),
        3: Change(fields={"tags": ["long"], "lang": "en", "checked": True}),
    }


def test_the_command_writes_the_manifest_and_says_what_every_rule_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    manifest, path = files(tmp_path)
    options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    assert main(["apply", str(path), str(manifest), "-o", str(tmp_path / "out.json"), *options]) == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["rule", "1", "too", "fillers", "4", "5"]
    assert "4 utterances written, 3 of them changed, 0 left out" in said.err
    before, after = manifest.read_bytes().splitlines(), (tmp_path / "out.json").read_bytes().splitlines()
    assert after[0] == before[0]
    assert after[1] == (
        b'{"audio_filepath": "1.wav", "duration": 2.0, "text": "so no", "speaker": "bo", "tags": ["old", "long"], '
        b'"text_original": "um so uh no", "lang": "en", "checked": true}'
    )
    out = RECIPE.replace("flag", "out")
    path.write_text(out)
    assert main(["apply", str(path), str(manifest), "-o", str(tmp_path / "out.json"), "--json", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["left_out"]) == (3, 1)
    assert report["rules"][1] == {
        "rule": "too short", "where": "{duration} < 0.5", "action": "reject: too short", "rows": 2,
        "settled_before": 1, "changed": 1, "audio_seconds": 0.3,
    }  # fmt: skip
    assert len((tmp_path / "out.json").read_bytes().splitlines()) == 3


def test_the_recipe_that_comes_along_can_be_applied(tmp_path: Path):
    manifest, _ = files(tmp_path)
    corpus = open_corpus("m", [manifest], cache=tmp_path / "cache")
    recipe = read_recipe(Path(__file__).resolve().parents[3] / "configs" / "recipe.yaml")
    applied, changes = apply_recipe(corpus, recipe, NORMALIZERS["basic"])
    # 0 lasts 0.2 s and 2 lasts 0.1 s; 2 would be too fast, too (4 characters in 0.1 s), but is settled.
    assert [(one.matched, one.changed) for one in applied] == [(2, 2), (1, 0), (4, 0), (0, 0)]
    assert changes == {row: Change(fields={"rejected": "too short"}) for row in (0, 2)}


def test_gzip_goes_in_and_out(tmp_path: Path):
    import gzip

    manifest, path = files(tmp_path, "rules: [{where: '{duration} < 0.15', reject: short}]")
    packed = tmp_path / "m.json.gz"
    packed.write_bytes(gzip.compress(manifest.read_bytes()))
    words = ["apply", str(path), str(packed), "-o", str(tmp_path / "o.json.gz"), f"cache.folder={tmp_path / 'cache'}"]
    assert main([*words, f"workspace={tmp_path / 'ws'}"]) == 0
    lines = manifest.read_bytes().splitlines(keepends=True)
    assert gzip.decompress((tmp_path / "o.json.gz").read_bytes()) == b"".join([lines[0], lines[1], lines[3]])


def test_scores_can_be_filtered_by_and_broken_lines_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest, path = files(tmp_path, "rules: [{where: '{wer} > 50%', reject: wrong}]", more="{broken\n")
    words = ["apply", str(path), str(manifest), "-o", str(tmp_path / "o.json"), f"cache.folder={tmp_path / 'cache'}"]
    assert main([*words, f"workspace={tmp_path / 'ws'}"]) == 1
    assert "1 lines that are no utterances left out" in capsys.readouterr().err
    kept = [json.loads(line)["audio_filepath"] for line in (tmp_path / "o.json").read_bytes().splitlines()]
    assert kept == ["0.wav", "1.wav", "3.wav"]


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ("rules: []", 'a recipe has a list of "rules"'),
        ("[1]", 'a recipe has a list of "rules"'),
        ("rules: [", "is not valid YAML"),
        ("rejected: maybe\nrules: [{keep: true}]", "\"rejected\" is 'maybe', expected out or flag"),
        ("rules: [{keep: true}, {where: '{duration} > 1'}]", "rule 2 does nothing, expected one of keep, reject"),
        ("rules: [{keep: true, reject: x}]", "rule 1 does keep and reject"),
        ("rules: [{were: x, keep: true}]", 'rule 1 has no "were"; known are name, where'),
        ("rules: [{where: 3, keep: true}]", 'rule 1: "where" is 3'),
        ("rules: [{set: x}]", "rule 1: set is 'x'"),
        ("rules: [{replace: {pattern: x}}]", "rule 1: replace needs a pattern and a with"),
        ("rules: [{replace: {pattern: x, with: y, flags: i}}]", 'has no "flags"'),
        ("rules: [{replace: {pattern: '(', with: y}}]", "rule 1 (1): the pattern cannot be understood"),
        ("rules: [{replace: {pattern: x, with: y, field: txt}}]", 'no row has the field "txt"'),
        ("rules: [{tag: 3}]", "rule 1: tag is 3, expected a word"),
        ("rules: [{reject: [a]}]", "rule 1: reject is ['a']"),
        ("rules: [{name: long, where: '{durration} > 1', reject: x}]", "rule 1 (long): at character 1 of the filter"),
        ("rules: [{set: {text: 3}}]", "text is set to 3"),
    ],
)
def test_every_mistake_names_its_rule(tmp_path: Path, recipe: str, sentence: str):
    manifest, path = files(tmp_path, recipe)
    corpus = open_corpus("m", [manifest], cache=tmp_path / "cache")
    with pytest.raises(ConfigError) as told:
        apply_recipe(corpus, read_recipe(path), NORMALIZERS["basic"])
    assert sentence in str(told.value)


def test_a_manifest_that_lies_elsewhere_says_where_its_sounds_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest, path = files(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    words = ["apply", str(path), str(manifest), f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    assert main([*words, "-o", str(tmp_path / "elsewhere" / "o.json")]) == 0
    assert f"open it with --audio-base-path {tmp_path}." in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "o.json")]) == 0
    assert "--audio-base-path" not in capsys.readouterr().err


def test_what_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest, path = files(tmp_path)
    options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    assert main(["apply", str(path), str(manifest), "-o", str(manifest), *options]) == 2
    assert main(["apply", str(path), str(manifest), "-o", str(tmp_path / "no" / "o.json"), *options]) == 2
    assert main(["apply", str(tmp_path / "none.yaml"), str(manifest), "-o", str(tmp_path / "o.json"), *options]) == 2
    said = capsys.readouterr().err
    assert "is what the corpus is read from" in said
    assert "does not exist" in said
    assert "none.yaml cannot be read: no such file" in said


def test_review_on_the_command_line_goes_out_and_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from evaluator.ledger import Draft, Ledger, SeenRow

    manifest, _ = files(tmp_path)
    options = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    corpus = open_corpus("m", [manifest], cache=tmp_path / "cache")
    id = corpus.page(_every(), 3, 4, ())[0]["id"]
    ledger = Ledger(tmp_path / "ws" / "ledger.sqlite")
    seen = SeenRow.of(corpus.utterance(id))
    ledger.append(
        [Draft(key="k", who="ann", space="review:m", subject=id, field="reference", new="fine, too", seen=seen)]
    )
    ledger.close()
    out = tmp_path / "audit.jsonl"
    assert main(["review", "export", str(manifest), "--what", "audit", "-o", str(out), *options]) == 0
    assert json.loads(out.read_bytes())["new"] == "fine, too"
    other = [options[0], f"workspace={tmp_path / 'other'}"]
    assert main(["review", "import", str(manifest), "--from", str(out), *other]) == 0
    assert "1 edits written, 0 known already" in capsys.readouterr().err
    corrected = tmp_path / "corrected.json"
    assert main(["review", "export", str(manifest), "-o", str(corrected), "--where", "{duration} > 1", *other]) == 0
    assert [json.loads(line)["text"] for line in corrected.read_bytes().splitlines()] == ["um so uh no", "fine, too"]
    assert main(["review", "assign", str(manifest), "--people", "ann,bo", "--overlap", "50%", *options]) == 0
    shares = [int(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert sum(shares) >= 4
    assert main(["review", "assign", str(manifest), "--people", "ann,ann", *options]) == 2
    assert main(["review", "export", str(manifest), *options]) == 2
    assert main(["review", "export", str(manifest), "--what", "all", "-o", str(out), *options]) == 2


def _every() -> Any:
    from explorer.querying.query import Query

    return Query()
