"""Synthesis: sounds and journal of a run, what cannot be read aloud, going on, and joining the stimulus set."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import plotly.utils
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from app import DEFAULTS, open_stores
from app import main as command
from evaluator.components.synthesize_preview import preview, spelled
from evaluator.jobs.job_table import JobStore, Progress
from evaluator.launching import queue_synthesis
from evaluator.pages import synthesize as page
from evaluator.runs.journal import failures, read_journal
from evaluator.runs.run_store import Run, RunStore
from evaluator.stores import EvaluatorStores
from evaluator.tts.sentences import corpus_lines, free_name, typed_lines
from evaluator.tts.speaking import Voice
from evaluator.tts.stimuli import is_tts, stimulus_set
from evaluator.tts.synthesis import Line, SynthesisOptions, checked, read_input, synthesize
from evaluator.tts.synthesized import TYPED
from evaluator.worker import Worker
from evaluator.workspace import Workspace
from explorer.config_files import load
from explorer.corpora.opening import open_corpus
from explorer.errors import ConfigError, EngineError, JobError
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from explorer.sound.audio import Audio
from tests.explorer.manifests import write_manifest, write_sound

VOICE = Voice(name="robot", engine="espeak")


class Tones:
    """A voice whose sounds are as long as its texts, and that refuses some of them."""

    voices = ("default",)

    def __init__(self) -> None:
        self.said: list[str] = []

    def synthesize(self, text: str, *, voice: str | None = None, rate: float = 1.0, seed: int = 0) -> Audio:
        self.said.append(text)
        if "mute" in text:
            return Audio(np.zeros(1600, np.float32), 16_000)
        if "crash" in text:
            raise RuntimeError("the model fell over")
        return Audio(np.full(160 * len(text), 0.5, np.float32), 16_000)

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(character for character in text if character in "你好"))

    def close(self) -> None:
        """Nothing to give back."""


class Watch:
    """A monitor that stops the run before so many sentences."""

    def __init__(self, stop_at: int = 10**9) -> None:
        self.stop_at, self.seen = stop_at, list[Progress]()

    def report(self, progress: Progress) -> bool:
        self.seen.append(progress)
        return len(self.seen) > self.stop_at


def started(folder: Path, texts: dict[str, str], **options: Any) -> tuple[Run, SynthesisOptions]:
    jobs, runs = JobStore(folder / "jobs.sqlite"), RunStore(folder / "runs")
    chosen = SynthesisOptions(**options)
    lines = [Line(key, text) for key, text in texts.items()]
    job = queue_synthesis(
        jobs, runs, lines, corpus="set", sources=[folder / "m.json"], voice=VOICE, options=chosen, scope="some"
    )
    return runs.get(str(job.spec["run"])), chosen


def rows_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.folder / "manifest.json").read_text().splitlines()]


def test_sentences_become_sounds_with_their_spoken_form_and_times(tmp_path: Path) -> None:
    run, options = started(tmp_path, {"s1": "It costs $5.", "ü/2": "Two."}, spoken_form="english")
    speaker, watch = Tones(), Watch()
    outcome = synthesize(run, speaker, VOICE, options=options, monitor=watch)
    assert speaker.said == ["It costs five dollars.", "Two."]
    assert not outcome.stopped
    assert (outcome.totals.utterances, outcome.totals.failures) == (2, 0)
    first, second = rows_of(run)
    assert first["text"] == "It costs $5."
    assert first["spoken_text"] == "It costs five dollars."
    assert (first["sentence_id"], first["system"], first["text_normalization"]) == ("s1", "robot", "english-1")
    assert first["duration"] == pytest.approx(0.22)
    assert first["real_time_factor"] == pytest.approx(first["inference_seconds"] / first["duration"], abs=1e-4)
    info = soundfile.info(run.folder / first["audio_filepath"])
    assert (info.samplerate, info.subtype, info.frames) == (16_000, "PCM_16", 160 * len("It costs five dollars."))
    assert second["audio_filepath"] != first["audio_filepath"]
    assert Path(second["audio_filepath"]).name.isascii()
    last = watch.seen[-1]
    assert (last.done, last.total, last.audio_done) == (2, 2, pytest.approx(0.26))


def test_what_cannot_be_read_aloud_is_listed_and_the_others_go_on(tmp_path: Path) -> None:
    texts = {"empty": " ", "long": "x" * 51, "signs": "?!", "mute": "mute", "crash": "crash", "good": "good"}
    run, options = started(tmp_path, texts, longest_text=50)
    outcome = synthesize(run, Tones(), VOICE, options=options, monitor=Watch())
    assert failures(run.journal) == {
        "empty": "The text is empty; there is nothing to read aloud.",
        "long": "The text has 51 characters; at most 50 are read aloud at once (synthesis.longest_text). Split it into "
        "sentences.",
        "signs": 'The text "?!" has no letter and no digit; there is nothing to read aloud.',
        "mute": 'The voice made no sound of "mute".',
        "crash": "RuntimeError: the model fell over",
    }
    assert (outcome.totals.utterances, outcome.totals.failures) == (6, 5)
    assert [row["sentence_id"] for row in rows_of(run)] == ["good"]


def test_what_a_voice_leaves_out_is_told_with_the_reading_and_nothing_but_that_is_a_failure(tmp_path: Path) -> None:
    run, options = started(tmp_path, {"some": "say 你好 and 你", "all": "你好!", "none": "good"})
    outcome = synthesize(run, Tones(), VOICE, options=options, monitor=Watch())
    assert failures(run.journal) == {"all": "The voice can say nothing of this text; it has no sound for: 你 好."}
    assert [row.get("unsaid_characters") for row in rows_of(run)] == ["你好", None]
    assert outcome.note.endswith(
        "1 reading lacks characters that the voice does not say: 你 好 (column unsaid_characters)."
    )


@given(st.text(max_size=60))
def test_a_text_is_either_refused_or_left_as_it_is(text: str) -> None:
    if text.strip() and len(text) <= 40 and any(character.isalnum() for character in text):
        assert checked(text, longest=40) == text
    else:
        with pytest.raises(EngineError, match=r"^The text"):
            checked(text, longest=40)


def test_a_run_goes_on_where_it_was_stopped_and_has_its_manifest_meanwhile(tmp_path: Path) -> None:
    run, options = started(tmp_path, {f"s{n}": f"text {n}" for n in range(5)})
    assert synthesize(run, Tones(), VOICE, options=options, monitor=Watch(stop_at=2)).stopped
    assert len(rows_of(run)) == 2
    with run.journal.open("ab") as file:
        file.write(b'{"id": "s2", "te')  # what a crash leaves
    speaker = Tones()
    assert not synthesize(run, speaker, VOICE, options=options, monitor=Watch()).stopped
    assert speaker.said == ["text 2", "text 3", "text 4"]
    assert [row["sentence_id"] for row in rows_of(run)] == [f"s{n}" for n in range(5)]
    assert [line["id"] for line in read_journal(run.journal)] == [f"s{n}" for n in range(5)]
    assert read_input(run)[4] == Line("s4", "text 4")


def test_typed_sentences_keep_the_key_of_the_set_and_others_get_one_of_their_text(tmp_path: Path) -> None:
    rows = [{"audio_filepath": f"{s}.wav", "text": "one", "sentence_id": "k", "system": s} for s in "ab"]
    corpus = open_corpus("set", [write_manifest(tmp_path / "m.json", rows)], cache=tmp_path / "cache")
    stimuli = stimulus_set(corpus)
    first, second = typed_lines(" one \n\ntwo\none", stimuli)
    assert first == Line("k", "one")
    assert second == typed_lines("two", stimuli)[0]
    assert second.id.startswith("t-")
    assert corpus_lines(corpus, stimuli, Query()) == [Line("k", "one")]
    assert corpus_lines(corpus, stimuli, Query(search="nothing")) == []
    with pytest.raises(JobError, match="5,001 sentences are too many"):
        typed_lines("\n".join(map(str, range(5001))), stimuli)


# ---- through the worker, into the stimulus set ----


@pytest.fixture
def stores(tmp_path: Path) -> Any:
    for name in ("a1", "a2", "b1"):
        write_sound(tmp_path / f"{name}.wav")
    rows = [
        {"audio_filepath": f"{system}{n}.wav", "text": f"number {n}", "sentence_id": f"s{n}", "system": system}
        for system, n in (("a", 1), ("a", 2), ("b", 1))
    ]
    write_manifest(tmp_path / "set.json", rows)
    write_manifest(tmp_path / "plain.json", [{"audio_filepath": "a1.wav", "text": "plain words", "duration": 1.0}])
    overrides = [f"workspace={tmp_path / 'workspace'}", f"cache.folder={tmp_path / 'cache'}"]
    opened = open_stores(load([DEFAULTS], overrides))
    opened.library.open("set", [tmp_path / "set.json"])
    opened.library.open("plain", [tmp_path / "plain.json"])
    opened.supervisor.close()  # the jobs are done here
    for name in ("set", "plain"):
        until(lambda name=name: opened.library.get(name).complete and opened.library.progress(name) is None)
    yield opened
    opened.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def done(stores: EvaluatorStores) -> None:
    worker = Worker(Workspace(stores.workspace), heartbeat_s=0.2)
    while (job := worker.jobs.claim("test")) is not None:
        worker.do(job)
    worker.jobs.close()


def no_worker(stores: EvaluatorStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(stores.supervisor), "ensure_worker", lambda _self: None)


def systems(stores: EvaluatorStores, name: str) -> list[str]:
    return [system.name for system in stores.stimuli.of(stores.corpus({"corpus": name})).systems]


def joined(stores: EvaluatorStores, name: str, expected: list[str]) -> None:
    def look() -> bool:
        stores.revision({"corpus": name})
        return (
            name in stores.library.names()
            and stores.corpus({"corpus": name}).complete
            and (systems(stores, name) == expected)
        )

    until(look)


def test_what_is_synthesized_joins_the_set_without_a_restart(stores: EvaluatorStores, monkeypatch: Any) -> None:
    no_worker(stores, monkeypatch)
    before = stores.corpus({"corpus": "set"})
    ids = [row["id"] for row in before.page(Query(), 0, 10, ())]
    lines = corpus_lines(before, stores.stimuli.of(before), Query())
    job = stores.desk.synthesize(before, lines, "espeak", spoken_form="english", scope="all")
    done(stores)
    assert stores.jobs.get(job.id).state == "done"
    assert "Real-time factor" in stores.jobs.get(job.id).message
    joined(stores, "set", ["a", "b", "espeak"])
    corpus = stores.corpus({"corpus": "set"})
    assert [row["id"] for row in corpus.page(Query(), 0, 3, ())] == ids
    found = stores.stimuli.of(corpus)
    assert found.missing() == (("s2", "b"),)
    cell = found.stimulus("s2", "espeak")
    assert cell is not None
    utterance = corpus.utterance(cell.id)
    assert utterance.extra["spoken_text"] == "number two"
    assert utterance.extra["real_time_factor"] > 0
    assert soundfile.info(str(corpus.audio_path(utterance))).samplerate == 22_050
    # A second voice joins too, and a run over the set still belongs to it; a deleted run leaves.
    stores.desk.synthesize(
        corpus, typed_lines("number 1\nsomething new", found), "hibari", spoken_form="none", scope="typed"
    )
    done(stores)
    joined(stores, "set", ["a", "b", "espeak", "hibari"])
    assert len(stores.stimuli.of(stores.corpus({"corpus": "set"})).sentences) == 3
    assert len(stores.runs.of(stores.library.get("set").sources, kind="synthesize")) == 2
    stores.desk.delete(job.id)
    joined(stores, "set", ["a", "b", "hibari"])


def test_elsewhere_typed_texts_become_a_corpus_of_their_own(stores: EvaluatorStores, monkeypatch: Any) -> None:
    no_worker(stores, monkeypatch)
    plain = stores.corpus({"corpus": "plain"})
    assert not is_tts(plain)
    lines = typed_lines("Hello there.", stores.stimuli.of(plain))
    stores.desk.synthesize(plain, lines, "espeak", spoken_form="none", scope="typed")
    done(stores)
    stores.revision({"corpus": "plain"})
    joined(stores, TYPED, ["espeak"])
    assert stores.corpus({"corpus": "plain"}).size == 1


def test_jobs_that_cannot_be_done_are_sentences(stores: EvaluatorStores, monkeypatch: Any) -> None:
    no_worker(stores, monkeypatch)
    corpus = stores.corpus({"corpus": "set"})
    line = [Line("x", "hello")]
    with pytest.raises(ConfigError, match=r'no voice "nobody"; configured are: hibari, espeak'):
        stores.desk.synthesize(corpus, line, "nobody", spoken_form="none", scope="x")
    with pytest.raises(ConfigError, match="no text normalization"):
        stores.desk.synthesize(corpus, line, "espeak", spoken_form="klingon", scope="x")
    with pytest.raises(JobError, match="no sentence"):
        stores.desk.synthesize(corpus, [], "espeak", spoken_form="none", scope="x")
    long = stores.desk.synthesize(corpus, [Line("x", "a" * 10_000)], "espeak", spoken_form="none", scope="x")
    done(stores)
    failed = stores.jobs.get(long.id)
    assert failed.state == "failed"
    assert "No utterance succeeded. The text has 10,000 characters" in failed.message
    wrong = Voice(name="wrong", engine="nemo", model="nowhere.nemo", vocoder="nowhere.nemo", device="cpu")
    job = queue_synthesis(
        stores.jobs,
        stores.runs,
        line,
        corpus="set",
        sources=corpus.sources,
        voice=wrong,
        options=SynthesisOptions(),
        scope="x",
    )
    done(stores)
    assert "There is no model file nowhere.nemo" in stores.jobs.get(job.id).message


def test_the_page_says_what_will_be_said_and_what_cannot_be(stores: EvaluatorStores) -> None:
    layout = json.dumps(page.layout(stores, Parameters.of("?corpus=set")), cls=plotly.utils.PlotlyJSONEncoder)
    assert "hibari" in layout
    assert "The sounds join" in layout
    assert "Those of the view" in json.dumps(
        page.layout(stores, Parameters.of("?corpus=set&search=number")), cls=plotly.utils.PlotlyJSONEncoder
    )
    typed = [Line("a", "It costs $5."), Line("b", "?!"), Line("c", "你 €")]
    unsaid: dict[str, list[str | None] | str] = {
        "robot": ["", "你"],
        "mute": "It cannot be loaded.",
        "far": [None, None],
    }
    said = json.dumps(
        preview(typed, spelled(typed, "english", 100), unsaid), cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False
    )
    assert "five dollars" in said
    assert "has no letter and no digit" in said
    assert " does not say: 你" in said
    assert "It cannot be loaded." in said
    assert "far does not tell" in said
    lines = page.chosen_lines(stores, Parameters.of("?corpus=set&search=2"), "view", None)
    assert lines == [Line("s2", "number 2")]


def test_readings_of_a_sentence_that_a_voice_has_read_get_a_name_of_their_own(tmp_path: Path) -> None:
    rows = [{"audio_filepath": f"{s}.wav", "text": "one", "sentence_id": "k", "system": s} for s in ("hibari", "b")]
    corpus = open_corpus("set", [write_manifest(tmp_path / "m.json", rows)], cache=tmp_path / "cache")
    stimuli = stimulus_set(corpus)
    assert free_name("hibari", stimuli, typed_lines("one", stimuli)) == "hibari-2"
    assert free_name("hibari", stimuli, typed_lines("two", stimuli)) == "hibari"
    assert free_name("espeak", stimuli, typed_lines("one", stimuli)) == "espeak"


# ---- the command line ----


def test_the_command_makes_folders_that_open_as_a_set_and_goes_on(tmp_path: Path, capsys: Any) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("one|It costs $5.\ntwo|The fog lifted.\n", encoding="utf-8")
    common = [str(texts), "--spoken", "english", "-o", str(tmp_path / "out"), f"cache.folder={tmp_path / 'cache'}"]
    assert command(["synthesize", *common, "--system", "espeak"]) == 0
    first = (tmp_path / "out" / "espeak" / "one.wav").stat().st_mtime_ns
    assert command(["synthesize", *common, "--system", "espeak", "--system", "hibari"]) == 0
    assert "espeak: 0 sentences, 2 there before." in capsys.readouterr().err
    assert (tmp_path / "out" / "espeak" / "one.wav").stat().st_mtime_ns == first
    found = stimulus_set(open_corpus("out", [tmp_path / "out"], cache=tmp_path / "cache"))
    assert [system.name for system in found.systems] == ["espeak", "hibari"]
    assert [(s.key, s.text, s.spoken) for s in found.sentences] == [
        ("one", "It costs $5.", "It costs five dollars."),
        ("two", "The fog lifted.", None),
    ]
    table = (tmp_path / "out" / "hibari" / "syntheses.csv").read_text().splitlines()
    assert table[0] == "id,seconds,inference_seconds,real_time_factor,sample_rate"
    assert table[1].endswith(",24000")
    texts.write_text("one|Another text.\n", encoding="utf-8")
    assert command(["synthesize", *common]) == 2
    assert 'has another text for "one"' in capsys.readouterr().err


def test_the_command_reads_manifests_and_tells_what_failed(tmp_path: Path, capsys: Any) -> None:
    rows = [{"audio_filepath": f"{n}.wav", "duration": 1.0, "text": text} for n, text in enumerate(["hello", "?!", ""])]
    manifest = write_manifest(tmp_path / "m.json", rows)
    out = [f"cache.folder={tmp_path / 'cache'}", "-o", str(tmp_path / "out"), "--system", "espeak"]
    assert command(["synthesize", str(manifest), *out]) == 1
    said = capsys.readouterr().err
    assert "has no letter and no digit" in said
    assert len(list((tmp_path / "out" / "espeak").glob("*.wav"))) == 1
    assert command(["synthesize", str(manifest), *out, "--system", "nobody"]) == 2
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    assert command(["synthesize", str(empty), *out]) == 2
    assert "no text to read aloud" in capsys.readouterr().err
