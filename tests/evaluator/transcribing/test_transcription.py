"""Working a run through: real sound files of whistled words, damaged ones among them, cancelled and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluator.runs.journal import failures, read_journal
from evaluator.runs.run_store import Run, RunStore
from evaluator.transcribing.transcription import Options, detect, transcribe
from explorer.errors import ConfigError, EngineError
from explorer.sound.audio import Audio
from tests.evaluator.tones import (
    EnergyDetector,
    ToneRecognizer,
    sentence,
    spoken_run,
    tones_in,
    write_input,
    write_sentence,
)
from tests.evaluator.watch import Watch

WORDS = ("one", "two", "three", "four", "five")


@pytest.fixture
def runs(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def texts(run: Run) -> dict[str, str]:
    found = [(line["id"], line["text"]) for line in read_journal(run.journal) if "text" in line]
    assert len(found) == len(dict(found)), "a result occurs twice"
    return dict(found)


def many(count: int) -> dict[str, str]:
    return {f"u{n}": " ".join(WORDS[(n + k) % 5] for k in range(1 + n % 7)) for n in range(count)}


def test_the_whistles_are_understood() -> None:
    words = tones_in(Audio(sentence("one . five"), 8000))
    assert [(w.label, round(w.start, 2), round(w.end, 2)) for w in words] == [("one", 0.0, 0.3), ("five", 1.5, 1.8)]


def test_every_utterance_gets_its_text_words_and_time(runs: RunStore, tmp_path: Path) -> None:
    said = many(30)
    run = spoken_run(runs, tmp_path, said)
    watch, model = Watch(), ToneRecognizer()
    outcome = transcribe(run, model, options=Options(batch_seconds=10, batch_size=6), monitor=watch)
    assert texts(run) == said
    assert not outcome.stopped
    assert (outcome.totals.utterances, outcome.totals.failures) == (30, 0)
    seconds = sum(0.5 * len(text.split()) for text in said.values())
    assert outcome.totals.audio_seconds == pytest.approx(seconds)
    assert outcome.totals.rtfx is not None
    line = next(line for line in read_journal(run.journal) if line["id"] == "u1")  # "two three"
    assert line["words"] == [["two", 0.0, 0.3], ["three", 0.5, 0.8]]
    assert line["seconds"] == 1.0
    last = watch.reports[-1]
    assert (last.done, last.total, last.failures) == (30, 30, 0)
    assert last.audio_done == pytest.approx(last.audio_total) == pytest.approx(seconds)
    assert not (run.folder / "attempt.json").exists()


def test_batches_are_sorted_by_length_and_filled_by_seconds(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, many(30))
    model = ToneRecognizer()
    transcribe(run, model, options=Options(batch_seconds=6, batch_size=4), monitor=Watch())
    assert all(len(batch) <= 4 and max(batch) * len(batch) <= 6 for batch in model.batches)
    flat = [seconds for batch in model.batches for seconds in batch]
    assert flat == sorted(flat, reverse=True)


def test_other_rates_and_stereo_are_brought_to_the_models(runs: RunStore, tmp_path: Path) -> None:
    run = runs.create(kind="transcribe", system="t", corpus="c", sources=(), roots=(tmp_path,), settings={})
    high = sentence("one three", rate=44100)
    soundfile.write(tmp_path / "high.wav", np.column_stack([high, np.zeros_like(high)]), 44100)
    write_input(run, [("high", tmp_path / "high.wav", 1.0)])
    transcribe(run, ToneRecognizer(), options=Options(channel=0), monitor=Watch())
    assert texts(run) == {"high": "one three"}
    again = runs.create(kind="transcribe", system="t", corpus="c", sources=(), roots=(tmp_path,), settings={})
    write_input(again, [("high", tmp_path / "high.wav", 1.0)])
    transcribe(again, ToneRecognizer(), options=Options(channel=1), monitor=Watch())
    assert texts(again) == {"high": ""}


def test_damaged_inputs_fail_alone(runs: RunStore, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    good = {f"g{n}": "one two" for n in range(6)}
    run = spoken_run(runs, tmp_path, good)
    (tmp_path / "junk.wav").write_bytes(b"not a sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0, np.float32), 8000)
    soundfile.write(tmp_path / "nan.wav", np.full(4000, np.nan, np.float32), 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "one.wav", np.zeros(1, np.float32), 8000)
    (tmp_path / "way out.wav").symlink_to(tmp_path_factory.mktemp("outside") / "secret.wav")
    write_sentence(tmp_path / "way out.wav", "five")
    rows = [
        (name, path, seconds)
        for name, path, seconds in (
            ("g0", tmp_path / "g0.wav", 1.0),
            ("junk", tmp_path / "junk.wav", 1.0),
            ("g1", tmp_path / "g1.wav", None),
            ("gone", tmp_path / "gone.wav", 1.0),
            ("empty", tmp_path / "empty.wav", 1.0),
            ("nothing", tmp_path / "nothing.wav", None),
            ("nan", tmp_path / "nan.wav", 0.5),
            ("one", tmp_path / "one.wav", None),
            ("forbidden", tmp_path / "way out.wav", 1.0),
            ("folder", tmp_path, 1.0),
            ("g2", tmp_path / "g2.wav", 1.0),
        )
    ]
    write_input(run, rows)
    outcome = transcribe(run, ToneRecognizer(), options=Options(), monitor=Watch())
    assert texts(run) == {"g0": "one two", "g1": "one two", "g2": "one two", "nan": "", "one": ""}
    failed = failures(run.journal)
    assert set(failed) == {"junk", "gone", "empty", "nothing", "forbidden", "folder"}
    assert "gone.wav" in failed["gone"]
    assert "outside" in failed["forbidden"]
    assert outcome.totals.failures == 6


def test_a_batch_too_big_for_memory_is_halved(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {f"u{n}": "one two" for n in range(16)})
    model = ToneRecognizer(memory_seconds=2.5)  # two utterances of 1 s fit, four do not
    outcome = transcribe(run, model, options=Options(batch_size=8), monitor=Watch())
    assert (len(texts(run)), outcome.totals.failures) == (16, 0)
    assert [len(batch) for batch in model.batches if len(batch) > 2] == [8, 4]  # the lesson is learnt once
    assert sum(len(batch) for batch in model.batches if len(batch) <= 2) == 16


def test_one_that_never_fits_is_its_own_failure(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"long": "one two three four five", "a": "one", "b": "two"})
    transcribe(run, ToneRecognizer(memory_seconds=2.0), options=Options(), monitor=Watch())
    assert texts(run) == {"a": "one", "b": "two"}
    assert failures(run.journal) == {"long": "The whistle is too long."}


def test_one_that_breaks_the_model_is_its_own_failure(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {**many(9), "bad": "one boom"})
    transcribe(run, ToneRecognizer(), options=Options(batch_size=4), monitor=Watch())
    assert texts(run) == many(9)
    assert failures(run.journal) == {"bad": "boom"}


def test_a_model_that_always_fails_ends_the_run(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {f"u{n}": "boom" for n in range(60)})
    with pytest.raises(EngineError, match="failed for each of the first"):
        transcribe(run, ToneRecognizer(), options=Options(batch_size=10), monitor=Watch())
    assert 20 <= len(failures(run.journal)) < 60


def test_stopped_and_resumed_nothing_is_lost_or_repeated(runs: RunStore, tmp_path: Path) -> None:
    said = many(40)
    run = spoken_run(runs, tmp_path, said)
    options = Options(batch_size=4, batch_seconds=8)
    outcome = transcribe(run, ToneRecognizer(), options=options, monitor=Watch(stop_at=4))
    assert outcome.stopped
    first = texts(run)
    assert 0 < len(first) < 40
    with run.journal.open("ab") as file:
        file.write(b'{"id":"u39","text":"to')  # a crash in the middle of a line
    watch = Watch()
    outcome = transcribe(run, ToneRecognizer(), options=options, monitor=watch)
    assert (outcome.stopped, outcome.totals.utterances) == (False, 40)
    assert texts(run) == said
    assert watch.reports[0].done == len(first)
    assert watch.reports[0].audio_done > 0


def test_failures_are_tried_again_only_when_asked(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"a": "one", "b": "two"})
    hidden = (tmp_path / "b.wav").rename(tmp_path / "hidden.wav")
    transcribe(run, ToneRecognizer(), options=Options(), monitor=Watch())
    assert set(failures(run.journal)) == {"b"}
    hidden.rename(tmp_path / "b.wav")
    transcribe(run, ToneRecognizer(), options=Options(), monitor=Watch())
    assert set(failures(run.journal)) == {"b"}
    outcome = transcribe(run, ToneRecognizer(), options=Options(), monitor=Watch(), retry="failures")
    assert failures(run.journal) == {}
    assert texts(run) == {"a": "one", "b": "two"}
    assert (outcome.totals.utterances, outcome.totals.failures) == (2, 0)


#           0 s      0.8 s   3.6 s: 2.8 s of silence after "two"       words are 0.3 s, pauses 0.2 s
LONG = "one two . . . three four . . . five"


def test_long_audio_is_cut_at_pauses_and_stitched(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"long": LONG, "short": "one two"})
    model = ToneRecognizer()
    options = Options(vad="chunk", chunk_seconds=4)
    transcribe(run, model, detector=EnergyDetector(), options=options, monitor=Watch())
    assert texts(run) == {"long": "one two three four five", "short": "one two"}
    assert max(seconds for batch in model.batches for seconds in batch) <= 4
    line = next(line for line in read_journal(run.journal) if line["id"] == "long")
    #  one 0-0.3, two 0.5-0.8, silence to 4, three 4.0-4.3, four 4.5-4.8, silence to 8, five 8.0-8.3
    for (word, start, end), (name, at) in zip(
        line["words"], [("one", 0), ("two", 0.5), ("three", 4), ("four", 4.5), ("five", 8)], strict=True
    ):
        assert word == name
        assert (start, end) == (pytest.approx(at, abs=0.02), pytest.approx(at + 0.3, abs=0.02))
    assert [[pytest.approx(s, abs=0.02) for s in pair] for pair in line["speech"]] == [[0, 0.8], [4, 4.8], [8, 8.3]]


def test_skipping_shows_the_model_only_speech(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"long": LONG, "silence": ". . ."})
    model = ToneRecognizer()
    outcome = transcribe(run, model, detector=EnergyDetector(), options=Options(vad="skip"), monitor=Watch())
    assert texts(run) == {"long": "one two three four five", "silence": ""}
    assert sum(seconds for batch in model.batches for seconds in batch) == pytest.approx(1.9, abs=0.1)
    assert outcome.totals.audio_seconds == pytest.approx(11.5)
    line = next(line for line in read_journal(run.journal) if line["id"] == "long")
    assert line["words"][-1] == ["five", pytest.approx(8.0, abs=0.02), pytest.approx(8.3, abs=0.02)]


def test_a_failing_piece_is_named(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"long": "one . . . boom . . . two"})
    options = Options(vad="skip")
    transcribe(run, ToneRecognizer(), detector=EnergyDetector(), options=options, monitor=Watch())
    assert failures(run.journal) == {"long": "boom (from 3.50 s to 3.80 s)"}


def test_detection_writes_segments_and_survives_damage(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"a": "one two . . three", "b": ". ."}, kind="detect")
    (tmp_path / "b.wav").write_bytes(b"junk")
    outcome = detect(run, EnergyDetector(), options=Options(), monitor=Watch())
    lines = {line["id"]: line for line in read_journal(run.journal)}
    starts = [(round(s, 1), round(e, 1), label) for s, e, label in lines["a"]["segments"]]
    assert starts == [(0.0, 0.8, "speech"), (3.0, 3.3, "speech")]
    assert "error" in lines["b"]
    assert (outcome.totals.utterances, outcome.totals.failures) == (2, 1)


def test_vad_without_a_detector_is_refused(runs: RunStore, tmp_path: Path) -> None:
    run = spoken_run(runs, tmp_path, {"a": "one"})
    with pytest.raises(ConfigError, match="needs a detector"):
        transcribe(run, ToneRecognizer(), options=Options(vad="skip"), monitor=Watch())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"vad": "maybe"}, "not a VAD option"),
        ({"batch_size": 0}, "must be from 1"),
        ({"chunk_seconds": 1e9}, "to 3600"),
        ({"chunks": 3}, "not an option of a job"),
    ],
)
def test_wrong_options_are_sentences(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Options.of(values)


def test_an_utterance_that_was_there_when_the_worker_died_is_done_alone_then_given_up(
    runs: RunStore, tmp_path: Path
) -> None:
    run = spoken_run(runs, tmp_path, {"a": "one", "b": "two", "c": "three"})
    attempt = run.folder / "attempt.json"
    attempt.write_bytes(b'{"deaths": {}, "present": ["a", "b"]}')
    model = ToneRecognizer()
    transcribe(run, model, options=Options(), monitor=Watch(stop_at=2))  # stop after the first batch: c, then suspects
    assert texts(run) == {"c": "three"}
    attempt.write_bytes(b'{"deaths": {"a": 2, "b": 1}, "present": ["a"]}')  # a alone killed two more
    transcribe(run, model, options=Options(), monitor=Watch())
    assert texts(run) == {"c": "three", "b": "two"}
    assert "died three times" in failures(run.journal)["a"]
    assert [len(batch) for batch in model.batches] == [1, 1]
