"""Speed: RTFx from the times of utterances, defined only where all that were scored have one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import app
from evaluator.comparing.speed import Speed, told_by_rows
from evaluator.scoring.scores import ScoreStore
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.predictions.prediction_store import with_predictions
from tests.explorer.manifests import row, write_manifest

NAME = "MODEL_org-one_DATASET_hf_set_test.jsonl"
OURS = [row(f"{n}.wav", text="one two", duration=4.0, pred_text="one two", time=0.5) for n in range(3)]


def scored(folder: Path, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Corpus:
    """Leaderboard rows, and those of another system joined with them."""
    corpus = open_corpus("set", [write_manifest(folder / NAME, ours)], cache=folder / "cache")
    other = write_manifest(folder / "two.jsonl", theirs)
    joined, _ = with_predictions(corpus, {"two": other}, join_on=None, cache=folder / "predictions")
    return ScoreStore(folder / "scores").lay(joined, "basic")


def theirs(**changed: Any) -> list[dict[str, Any]]:
    return [row(f"{n}.wav", text=None, duration=4.0, pred_text="one", time=2.0) | changed for n in range(3)]


def test_the_sums_of_times_give_the_speed(tmp_path: Path) -> None:
    found = told_by_rows(scored(tmp_path, OURS, theirs()))
    assert found == {
        "org-one": Speed(12.0, 1.5, "From the times of 3 utterances that org-one was scored on."),
        "two": Speed(12.0, 6.0, "From the times of 3 utterances that two was scored on."),
    }


def test_only_utterances_that_were_scored_count(tmp_path: Path) -> None:
    ours = [*OURS, row("3.wav", text=None, duration=4.0, pred_text="one")]  # no reference: no time is missed
    found = told_by_rows(scored(tmp_path, ours, theirs()[:2]))
    assert found["org-one"].wall_seconds == 1.5
    assert (found["two"].audio_seconds, found["two"].wall_seconds) == (8.0, 4.0)


@pytest.mark.parametrize(
    ("ours", "others", "system", "told"),
    [
        (OURS, [*theirs()[:2], theirs(time=None)[2]], "two", "of 3 utterances that two was scored on, the time of 1"),
        (OURS, [*theirs()[:2], theirs(time="slow")[2]], "two", "the time of 1 is not known"),
        (OURS, [*theirs()[:2], theirs(time=-1.0)[2]], "two", "the time of 1 is not known"),
        (OURS, theirs(time=0), "two", "are all zero"),
        ([one | {"duration": None} for one in OURS[:1]] + OURS[1:], theirs(), "org-one", "the duration of 1"),
    ],
)
def test_what_is_not_known_of_all_is_undefined_with_its_reason(
    tmp_path: Path, ours: list[dict[str, Any]], others: list[dict[str, Any]], system: str, told: str
) -> None:
    found = told_by_rows(scored(tmp_path, ours, others))[system]
    assert (found.audio_seconds, found.wall_seconds) == (None, None)
    assert found.told.startswith("Undefined: ")
    assert told in found.told


def test_files_without_times_tell_nothing(tmp_path: Path) -> None:
    silent = [{name: value for name, value in one.items() if name != "time"} for one in theirs()]
    assert set(told_by_rows(scored(tmp_path, OURS, silent))) == {"org-one"}


@pytest.mark.parametrize("field", ["time", "wall_seconds", "processing_time"])
def test_the_command_has_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str) -> None:
    write_manifest(tmp_path / "m.json", [row(f"{n}.wav", text="a", duration=3.0, pred_text_a="a") for n in range(2)])
    lines = [row(f"{n}.wav", text=None, duration=3.0, pred_text="a", **{field: 0.25}) for n in range(2)]
    heard = write_manifest(tmp_path / "b.jsonl", lines)
    places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'ws'}"]
    for join_on in ([], ["--join-on", "audio_filepath"]):
        asked = ["compare", str(tmp_path / "m.json"), "--predictions", f"b={heard}", "--json", *join_on, *places]
        assert app.main(asked) == 0
        systems = json.loads(capsys.readouterr().out)["systems"]
        assert (systems["b"]["rtfx"], systems["a"]["rtfx"]) == (12.0, None)
