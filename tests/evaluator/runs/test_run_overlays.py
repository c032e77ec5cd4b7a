"""Results of runs as columns: newest first, over the manifest's own, on rows that moved, and while a run goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
import pytest

from evaluator.jobs.job_table import JobStore
from evaluator.launching import new_run, queue_detection, queue_transcription
from evaluator.runs.journal import Journal
from evaluator.runs.loading import read_input
from evaluator.runs.run_overlays import RunOverlays
from evaluator.runs.run_store import Run, RunStore
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import Options
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import JobError
from explorer.exporting import export_beside
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.tones import write_sentence


class Place:
    """A folder with three sound files, a manifest, a cache and a store of runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = folder / "data" / "corpus.json"
        self.manifest.parent.mkdir()
        self.runs = RunStore(folder / "runs")
        self.overlays = RunOverlays(self.runs, folder / "cache" / "runs")
        for name in ("a", "b", "c"):
            write_sentence(self.manifest.parent / f"{name}.wav", "one two")
        self.write("a", "b", "c")

    def write(self, *names: str) -> None:
        lines = [
            {"audio_filepath": f"{name}.wav", "duration": 1.0, "text": "one two", "pred_text_old": f"old {name}"}
            for name in names
        ]
        self.manifest.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))

    def corpus(self) -> Corpus:
        return open_corpus("corpus", [self.manifest], cache=self.folder / "cache")

    def run(self, system: str, texts: dict[str, str]) -> Run:
        corpus = self.corpus()
        run = new_run(self.runs, corpus, Query(), kind="transcribe", system=system, settings={})
        say(run, {utterance(corpus, name): text for name, text in texts.items()})
        return run


def say(run: Run, texts: dict[str, str]) -> None:
    with Journal(run.journal) as journal:
        journal.append([{"id": name, "text": text} for name, text in texts.items()])


def utterance(corpus: Corpus, name: str) -> str:
    return next(str(row["id"]) for row in corpus.page(Query(), 0, 9, ("audio",)) if row["audio"] == f"{name}.wav")


def column(corpus: Corpus, system: str) -> dict[str, str | None]:
    rows = corpus.page(Query(), 0, 99, ("audio", f"hypothesis_{system}"))
    return {Path(row["audio"]).stem: row[f"hypothesis_{system}"] for row in rows}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_runs_the_corpus_stays_as_it_is(place: Place) -> None:
    corpus = place.corpus()
    assert place.overlays.lay(corpus) is corpus


def test_a_run_without_results_is_no_column_yet(place: Place) -> None:
    corpus = place.corpus()
    place.run("tiny", {})
    assert place.overlays.lay(corpus) is corpus


def test_a_run_becomes_a_column_and_the_newest_run_counts(place: Place) -> None:
    place.run("tiny", {"a": "one", "b": "two"})
    laid = place.overlays.lay(place.corpus())
    assert laid.systems == ("old", "tiny")
    assert column(laid, "tiny") == {"a": "one", "b": "two", "c": None}
    assert laid.column("hypothesis_tiny").origin == "run"
    place.run("tiny", {"b": "newer", "c": ""})
    assert column(place.overlays.lay(place.corpus()), "tiny") == {"a": "one", "b": "newer", "c": ""}


def test_a_run_overrides_the_manifest_only_where_it_has_a_result(place: Place) -> None:
    place.run("old", {"b": "fresh"})
    laid = place.overlays.lay(place.corpus())
    assert laid.systems == ("old",)
    assert column(laid, "old") == {"a": "old a", "b": "fresh", "c": "old c"}
    out = place.folder / "out.json"
    export_beside(laid, Query(), out, format="nemo")
    assert [orjson.loads(line)["pred_text_old"] for line in out.read_bytes().splitlines()] == [
        "old a",
        "fresh",
        "old c",
    ]


def test_results_find_their_rows_in_a_manifest_that_was_reordered(place: Place) -> None:
    place.run("tiny", {"a": "text of a", "c": "text of c"})
    time.sleep(0.01)
    place.write("c", "b")
    assert column(place.overlays.lay(place.corpus()), "tiny") == {"c": "text of c", "b": None}


def test_failures_and_damage_are_left_out(place: Place) -> None:
    corpus = place.corpus()
    run = place.run("tiny", {"a": "one"})
    with run.journal.open("ab") as file:
        file.write(orjson.dumps({"id": utterance(corpus, "b"), "error": "broken"}) + b'\n\xff\xfe\n{"id": ')
    assert column(place.overlays.lay(corpus), "tiny") == {"a": "one", "b": None, "c": None}


def test_looking_again_costs_nothing_and_news_are_noticed(place: Place) -> None:
    run = place.run("tiny", {"a": "one"})
    corpus = place.corpus()
    first = place.overlays.lay(corpus)
    before = place.overlays.revision(corpus)
    assert place.overlays.lay(corpus) is first
    say(run, {utterance(corpus, "b"): "a rather long text, so that the journal has more than doubled" * 3})
    assert place.overlays.revision(corpus) != before
    assert column(place.overlays.lay(corpus), "tiny")["b"] is not None


def test_small_news_wait_until_the_journal_rests(place: Place) -> None:
    run = place.run("tiny", {"a": "a long text that makes the journal's next line small beside it" * 4})
    corpus = place.corpus()
    before = place.overlays.revision(corpus)
    say(run, {utterance(corpus, "b"): "b"})
    assert place.overlays.revision(corpus) == before
    long_ago = time.time() - 60
    os.utime(run.journal, (long_ago, long_ago))
    assert place.overlays.revision(corpus) != before
    assert column(place.overlays.lay(corpus), "tiny")["b"] == "b"


def test_old_files_are_tidied_away(place: Place) -> None:
    corpus = place.corpus()
    for number in range(6):
        place.run("tiny", {"a": f"{number}"})
        assert column(place.overlays.lay(corpus), "tiny")["a"] == f"{number}"
    assert len(list((place.folder / "cache" / "runs").iterdir())) == 3


def test_a_selection_becomes_the_input_of_a_run(place: Place) -> None:
    jobs, corpus = JobStore(place.folder / "jobs.sqlite"), place.corpus()
    chosen = Query(filters=(Filter("audio", (Test("eq", "b.wav"),)),))
    system = System(name="tiny", engine="nemo", model="/models/tiny.nemo", options={"decoder": "ctc"})
    job = queue_transcription(
        jobs, place.runs, corpus, chosen, system=system, options=Options(vad="skip"), scope="audio is b.wav"
    )
    assert System(**job.spec["system"]) == system
    assert Options.of(job.spec["options"]) == Options(vad="skip")
    run = place.runs.get(str(job.spec["run"]))
    (row,) = read_input(run.input).inputs(without=())
    assert (row.id, row.path, row.duration) == (utterance(corpus, "b"), str(place.manifest.parent / "b.wav"), 1.0)
    assert run.settings["model"] == "/models/tiny.nemo"
    assert run.roots == corpus.roots
    assert job.spec["scope"] == run.settings["scope"] == "audio is b.wav"


def test_one_utterance_becomes_the_input_of_a_run(place: Place) -> None:
    jobs, corpus = JobStore(place.folder / "jobs.sqlite"), place.corpus()
    one = corpus.utterance(utterance(corpus, "c"))
    job = queue_detection(jobs, place.runs, corpus, one, options=Options(), scope="one utterance")
    (row,) = read_input(place.runs.get(str(job.spec["run"])).input).inputs(without=())
    assert (row.id, row.path) == (one.id, str(place.manifest.parent / "c.wav"))


def test_nothing_to_do_is_said_so(place: Place) -> None:
    jobs, nothing = JobStore(place.folder / "jobs.sqlite"), Query(filters=(Filter("audio", (Test("eq", "x"),)),))
    with pytest.raises(JobError, match="no utterances"):
        queue_detection(jobs, place.runs, place.corpus(), nothing, options=Options(), scope="")
    assert place.runs.all() == []
    assert jobs.recent() == []
