"""A run folder of another workspace is joined with a corpus like any other file of predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from evaluator.runs.journal import Journal
from evaluator.runs.run_predictions import as_predictions
from evaluator.runs.run_store import RunStore
from explorer.errors import PredictionError
from tests.evaluator.scored import scored_corpus
from tests.evaluator.tones import write_input
from tests.explorer.manifests import row

ROWS = [row(f"{n}.wav", text="one two", duration=1.0, pred_text_old="one") for n in range(3)]


def test_a_run_of_elsewhere_becomes_a_system(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, ROWS)
    run = RunStore(tmp_path / "elsewhere").create(
        kind="transcribe", system="new", corpus="c", sources=(), roots=(), settings={}
    )
    write_input(run, [(f"u{n}", tmp_path / f"{n}.wav", 1.0) for n in range(3)])
    with Journal(run.journal) as journal:
        journal.append([{"id": "u0", "text": "one two"}, {"id": "u1", "text": "one two"}, {"id": "u2", "error": "x"}])
    asked = ["compare", str(corpus.sources[0]), "--predictions", f"new={run.folder}", "--baseline", "old"]
    assert app.main([*asked, f"cache.folder={tmp_path / 'cache'}"]) == 0
    printed = capsys.readouterr()
    assert "new: 2 of 3 utterances have a hypothesis" in printed.err
    assert "new makes 50.00 points fewer errors than old" in printed.out


def test_a_run_without_texts_is_a_sentence(tmp_path: Path) -> None:
    runs = RunStore(tmp_path / "runs")
    options = {"system": "s", "corpus": "c", "sources": (), "roots": (), "settings": {}}
    with pytest.raises(PredictionError, match="did not transcribe"):
        as_predictions(runs.create(kind="detect", **options).folder, tmp_path)
    with pytest.raises(PredictionError, match="has heard nothing"):
        as_predictions(runs.create(kind="transcribe", **options).folder, tmp_path)
    assert as_predictions(tmp_path, tmp_path) == tmp_path


def test_other_manifests_and_keyed_text_are_systems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path, ROWS)
    other = tmp_path / "other.json"
    other.write_text(
        "".join(f'{{"audio_filepath": "{n}.wav", "duration": 1.0, "pred_text": "one two"}}\n' for n in range(3))
    )
    keyed = tmp_path / "a.trn"
    keyed.write_text("one (0)\none (1)\ntwo (2)\n")
    asked = ["compare", str(corpus.sources[0]), "--predictions", f"A={keyed}", "--predictions", f"B={other}"]
    assert app.main([*asked, "--baseline", "A", f"cache.folder={tmp_path / 'cache'}"]) == 0
    printed = capsys.readouterr()
    assert "B makes 50.00 points fewer errors than A" in printed.out
    assert "A: 3 of 3 utterances" in printed.err
