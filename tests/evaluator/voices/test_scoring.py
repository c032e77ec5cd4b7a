"""Scoring as a run: real synthesized voices, a reference, judges with their weights, failures, resumption, columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluator.demo.corpora import tts_corpus, write_manifest
from evaluator.jobs.job_table import Progress
from evaluator.launching import new_run
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.measuring.measurement import MeasureOptions, measure
from evaluator.runs.run_store import RunStore
from evaluator.tts.stimuli import stimulus_set
from evaluator.voices.judges import JUDGES, missing_judges
from evaluator.voices.measures import NEED_REFERENCE, VOICE_MEASURES
from evaluator.voices.pairing import read_pairings, write_pairings
from evaluator.voices.summary import by_system
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query

pytestmark = pytest.mark.slow


class Patient:
    """A monitor that never stops anything."""

    def report(self, progress: Progress) -> bool:
        return False


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Three sentences by the demo's voices, hibari's being the reference, one reading not there, one not a sound."""
    folder = tmp_path_factory.mktemp("voices")
    rows = tts_corpus(folder, 3, 7)
    for row in rows:
        if row["system"] == "hibari":
            row["stimulus_role"] = "reference"
    lost = next(row for row in rows if row["system"] == "espeak")
    (folder / lost["audio_filepath"]).write_bytes(b"no sound")
    write_manifest(folder / "tts.json", rows)
    return open_corpus("tts", [folder / "tts.json"], cache=folder / "cache")


@pytest.fixture(scope="module")
def scored(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("workspace")
    runs = RunStore(folder / "runs")
    options = MeasureOptions(voice=[name for name in JUDGES if name not in missing_judges()])
    settings = {"options": options.plain()}
    run = new_run(runs, corpus, Query(), kind="measure", system="signal", settings=settings)
    material = stimulus_set(corpus)
    write_pairings(corpus, material, run.folder)
    outcome = measure(run, options=options, monitor=Patient(), processes=1)
    assert outcome.totals.failures == 1
    again = new_run(runs, corpus, Query(), kind="measure", system="signal", settings=settings)
    write_pairings(corpus, material, again.folder)
    repeated = measure(again, options=options, monitor=Patient(), earlier=[run], processes=1)
    assert f"{corpus.size - 1} known from earlier runs" in repeated.note
    return MeasureOverlays(runs, folder / "cache").lay(corpus)


def test_judges_are_installed_where_tests_run() -> None:
    assert missing_judges() == ()


def test_readings_are_paired_with_text_and_reference(corpus: Corpus, tmp_path: Path) -> None:
    material = stimulus_set(corpus)
    write_pairings(corpus, material, tmp_path)
    found = read_pairings(tmp_path)
    assert len(found) == corpus.size
    for reading in material.readings():
        pairing = found[reading.id]
        assert pairing.text
        assert (pairing.reference is None) == (reading.system == "hibari")
        assert pairing.reference is None or "hibari" in pairing.reference[0]
    assert read_pairings(tmp_path / "nowhere") == {}


def test_scores_are_columns_and_systems_are_told_apart(scored: Corpus) -> None:
    material = stimulus_set(scored)
    names = {column.name for column in scored.columns}
    assert names >= {column.name for column in VOICE_MEASURES.values()}

    def means(name: str) -> dict[str, float | None]:
        return {one.system: one.mean for one in by_system(scored, material, VOICE_MEASURES[name])}

    opinion = means("mos")
    assert opinion["hibari"] is not None
    assert opinion["espeak-klatt"] is not None
    # A neural voice against a formant voice: far apart for people and for the judge.
    assert opinion["hibari"] > 4 > 2.5 > opinion["espeak-klatt"] >= 1
    alike = means("similarity")
    assert alike["hibari-telephone"] is not None
    assert alike["espeak"] is not None
    assert alike["hibari-telephone"] > alike["espeak"]
    for name in NEED_REFERENCE:
        assert means(name)["hibari"] is None
    # The telephone is the same reading through a narrow band: as long, at the same pitch.
    assert means("duration_ratio")["hibari-telephone"] == pytest.approx(1, abs=0.1)
    error, other = means("f0_rmse")["hibari-telephone"], means("f0_rmse")["espeak"]
    assert error is not None
    assert other is not None
    assert error < other


def test_what_cannot_be_scored_is_empty_and_not_zero(scored: Corpus) -> None:
    numbers = scored.numbers("voice_loudness")
    assert np.isnan(numbers).sum() == 1
    silent = scored.numbers("voice_mcd")
    assert np.isnan(silent).sum() == 1 + 3


def test_a_reference_that_is_no_sound_leaves_its_scores_empty(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(16_000, 0.1), 16_000)
    (tmp_path / "r.wav").write_bytes(b"none")
    rows = [
        {"audio_filepath": f"{name}.wav", "text": "x", "sentence_id": "1", "system": system}
        for name, system in (("a", "voice"), ("r", "reference"))
    ]
    write_manifest(tmp_path / "m.json", rows)
    corpus = open_corpus("m", [tmp_path / "m.json"], cache=tmp_path / "cache")
    runs = RunStore(tmp_path / "runs")
    options = MeasureOptions(voice=())
    run = new_run(runs, corpus, Query(), kind="measure", system="signal", settings={"options": options.plain()})
    write_pairings(corpus, stimulus_set(corpus), run.folder)
    measure(run, options=options, monitor=Patient(), processes=1)
    laid = MeasureOverlays(runs, tmp_path / "overlays").lay(corpus)
    assert np.isnan(laid.numbers("voice_mcd")).all()
    assert np.isnan(laid.numbers("voice_mos")).all()
    assert not np.isnan(laid.numbers("voice_silence")).all()
