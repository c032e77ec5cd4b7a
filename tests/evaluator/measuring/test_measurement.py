"""Measuring a run: order, caching by file version, interruption, damaged files and dying processes; the same bytes."""

from __future__ import annotations

import os
import signal
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from evaluator.crew import Crew
from evaluator.measuring import measurement as measuring
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.measuring.measure_results import result_path
from evaluator.measuring.measurement import MeasureOptions, measure
from evaluator.measuring.measuring_process import measure_sound
from evaluator.runs.journal import failures, read_journal
from evaluator.runs.run_store import Run, RunStore
from explorer.child import ChildDied
from explorer.corpora.opening import open_corpus
from explorer.errors import EngineError, UnreadableAudio
from explorer.places.sounds import Sound
from explorer.querying.query import Query
from explorer.sound.signal_measures import MEASURES
from tests.evaluator.tones import EnergyDetector, write_input, write_sentence
from tests.evaluator.watch import Watch
from tests.explorer.sounds import manifest, voice

RATE = 16_000
QUICK = MeasureOptions(detector=None)


@pytest.fixture
def runs(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def sounds(folder: Path, count: int, *, seconds: float = 1.0) -> list[tuple[str, Path, float | None]]:
    """Voices of rising loudness in files whose names are not in the order of the rows."""
    rows: list[tuple[str, Path, float | None]] = []
    for n in range(count):
        path = folder / f"{(n * 7) % count:03}.wav"
        soundfile.write(path, voice(seconds, seed=n % 5) * (n + 1) / count, RATE)
        rows.append((f"u{n}", path, seconds))
    return rows


def new_run(
    runs: RunStore,
    folder: Path,
    rows: Sequence[tuple[str, Path, float | None]],
    options: MeasureOptions = QUICK,
) -> Run:
    run = runs.create(
        kind="measure",
        system="signal",
        corpus="c",
        sources=(folder / "m.json",),
        roots=(folder,),
        settings={"options": options.plain()},
    )
    write_input(run, rows)
    return run


def done(run: Run) -> Run:
    return run.describe({"ended": "now"})


def bytes_of(run: Run) -> tuple[bytes, bytes]:
    return run.journal.read_bytes(), result_path(run).read_bytes()


def test_results_are_those_of_each_sound_in_the_order_of_the_disk(tmp_path: Path, runs: RunStore) -> None:
    rows = sounds(tmp_path, 30)
    run = new_run(runs, tmp_path, rows)
    watch = Watch()
    outcome = measure(run, options=MeasureOptions(), monitor=watch, processes=2)
    assert (outcome.stopped, outcome.totals.utterances, outcome.totals.failures) == (False, 30, 0)
    assert outcome.note.startswith("30 measured now at ")
    table = pq.read_table(result_path(run)).to_pylist()
    assert [line["id"] for line in table] == [id for id, path, _ in sorted(rows, key=lambda row: row[1])]
    assert [line["at"] for line in table] == list(range(30))
    from evaluator.detectors import load_detector

    for line in table[::9]:
        path = next(path for id, path, _ in rows if id == line["id"])
        expected, seconds = measure_sound(path, duration=1.0, detector=load_detector("energy"))
        assert {name: line[name] for name in expected} == expected
        assert line["seconds"] == seconds == 1.0
    last = watch.reports[-1]
    assert (last.done, last.total, last.audio_done) == (30, 30, 30.0)


@pytest.mark.parametrize("stop_at", [2, 3, 5])
def test_interrupted_and_resumed_gives_the_same_bytes(
    tmp_path: Path, runs: RunStore, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "BATCH", 4)
    rows = [*sounds(tmp_path, 40), ("gone", tmp_path / "017x.wav", 1.0)]
    whole = new_run(runs, tmp_path, rows)
    measure(whole, options=QUICK, monitor=Watch(), processes=2)
    parts = new_run(runs, tmp_path, rows)
    assert measure(parts, options=QUICK, monitor=Watch(stop_at), processes=2).stopped
    with parts.journal.open("ab") as journal:
        journal.write(b'{"id":"u1","at":')  # what a crash leaves
    assert not measure(parts, options=QUICK, monitor=Watch(), processes=1).stopped
    assert bytes_of(parts) == bytes_of(whole)
    assert list(failures(parts.journal)) == ["gone"]


def test_what_an_earlier_run_knows_is_taken_over_and_a_changed_file_measured_again(
    tmp_path: Path, runs: RunStore
) -> None:
    rows = sounds(tmp_path, 12)
    first = new_run(runs, tmp_path, rows)
    measure(first, options=QUICK, monitor=Watch(), processes=1)
    again = new_run(runs, tmp_path, rows)
    outcome = measure(again, options=QUICK, monitor=Watch(), earlier=[first])
    assert outcome.note == "0 measured now, 12 known from earlier runs."
    assert bytes_of(again) == bytes_of(first)

    id, path, _ = rows[3]
    soundfile.write(path, np.zeros(RATE), RATE)
    changed = new_run(runs, tmp_path, rows)
    outcome = measure(changed, options=QUICK, monitor=Watch(), earlier=[first, again], processes=1)
    assert "11 known" in outcome.note
    lines = {line["id"]: line for line in read_journal(changed.journal)}
    assert lines[id]["values"]["peak"] is None
    other = new_run(runs, tmp_path, rows)
    outcome = measure(other, options=MeasureOptions(detector="energy"), monitor=Watch(), earlier=[first], processes=1)
    assert outcome.note.startswith("12 measured now"), "another detector has other results"


def test_a_cut_is_another_sound_than_its_file(tmp_path: Path, runs: RunStore) -> None:
    rows = sounds(tmp_path, 1, seconds=2.0)
    first = new_run(runs, tmp_path, rows)
    measure(first, options=QUICK, monitor=Watch(), processes=1)
    cut = new_run(runs, tmp_path, [("u0", rows[0][1], 1.5)])
    outcome = measure(cut, options=QUICK, monitor=Watch(), earlier=[first], processes=1)
    assert outcome.note.startswith("1 measured now")
    (line,) = read_journal(cut.journal)
    assert line["values"]["duration_difference"] == 0.5


def test_damaged_and_forbidden_files_fail_alone_with_a_sentence(tmp_path: Path, runs: RunStore) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    rows = sounds(inside, 5)
    (inside / "junk.wav").write_bytes(b"RIFF junk")
    rows += [("junk", inside / "junk.wav", 1.0), ("gone", inside / "gone.wav", None), ("short", rows[0][1], 1.0)]
    soundfile.write(tmp_path / "outside.wav", voice(1.0), RATE)
    rows.append(("outside", tmp_path / "outside.wav", 1.0))
    run = new_run(runs, inside, rows)
    outcome = measure(run, options=QUICK, monitor=Watch(), processes=2)
    assert (outcome.totals.utterances, outcome.totals.failures) == (9, 3)
    told = failures(run.journal)
    assert "does not exist" in told["gone"]
    assert "cannot be decoded" in told["junk"]
    assert "outside the corpus's audio folders" in told["outside"]


def test_failures_are_tried_again_when_asked_and_end_in_the_same_order(tmp_path: Path, runs: RunStore) -> None:
    rows = sounds(tmp_path, 6)
    hidden = rows[2][1].rename(tmp_path / "hidden")
    run = new_run(runs, tmp_path, rows)
    measure(run, options=QUICK, monitor=Watch(), processes=1)
    assert list(failures(run.journal)) == ["u2"]
    hidden.rename(rows[2][1])
    measure(run, options=QUICK, monitor=Watch(), processes=1)
    assert list(failures(run.journal)) == ["u2"]
    measure(run, options=QUICK, monitor=Watch(), retry="failures", processes=1)
    assert failures(run.journal) == {}
    fresh = new_run(runs, tmp_path, rows)
    measure(fresh, options=QUICK, monitor=Watch(), processes=1)
    assert result_path(run).read_bytes() == result_path(fresh).read_bytes()


def test_a_detector_that_cannot_be_loaded_is_a_sentence(tmp_path: Path, runs: RunStore) -> None:
    run = new_run(runs, tmp_path, sounds(tmp_path, 2))
    options = MeasureOptions(detector="energy", detector_options={"treshold": 1})
    with pytest.raises(EngineError, match='no option "treshold"; did you mean "threshold"'):
        measure(run, options=options, monitor=Watch(), processes=1)


def test_a_sound_that_kills_its_process_fails_alone(
    tmp_path: Path, runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_PROCESS", "tests.evaluator.deadly_process")
    rows = sounds(tmp_path, 8)
    rows.append(("killer", tmp_path / "003-killer.wav", 1.0))
    run = new_run(runs, tmp_path, rows)
    outcome = measure(run, options=QUICK, monitor=Watch(), processes=2)
    assert (outcome.totals.utterances, outcome.totals.failures) == (9, 1)
    assert "was ended by signal 9" in failures(run.journal)["killer"]


def test_a_crew_gives_up_who_takes_too_long_and_ends_with_its_owner() -> None:
    crew = Crew("tests.evaluator.deadly_process", {"detector": None, "options": {}, "roots": []}, count=1)
    try:
        with pytest.raises(ChildDied, match="did not end within 1 s"):
            crew.ask({"sounds": [["sleeper", 0, 60]]}, seconds=1.0).result()
        assert crew.ask({"sounds": []}, seconds=60).result() == {"measured": []}
        child = crew._members[0]._process
        assert child is not None
    finally:
        crew.close()
    assert child.returncode == -signal.SIGKILL


def test_members_of_an_archive_are_measured_in_its_order_and_again_when_it_changes(
    tmp_path: Path, runs: RunStore
) -> None:
    files = sounds(tmp_path, 12)
    tar = tmp_path / "audio.tar"

    def pack() -> list[tuple[str, Path, float | None]]:
        with tarfile.open(tar, "w") as archive:
            for _, path, _ in files:
                archive.add(path, path.name)
        with tarfile.open(tar) as archive:
            members = [Sound(str(tar), m.offset_data, m.size, m.name) for m in archive.getmembers()]
        return [(id, cast(Path, m.locator), s) for (id, _, s), m in zip(files, members, strict=True)]

    packed = new_run(runs, tmp_path, pack()[::-1])
    measure(packed, options=QUICK, monitor=Watch(), processes=1)
    table = pq.read_table(result_path(packed))
    assert table["id"].to_pylist() == [id for id, *_ in files]
    plain = new_run(runs, tmp_path, files)
    measure(plain, options=QUICK, monitor=Watch(), processes=1)
    peaks = {line["id"]: line["values"]["peak"] for line in read_journal(plain.journal)}
    assert table["peak"].to_pylist() == [peaks[id] for id, *_ in files]
    again = new_run(runs, tmp_path, pack())
    os.utime(tar, ns=(1, 1))
    outcome = measure(again, options=QUICK, monitor=Watch(), earlier=[packed], processes=1)
    assert outcome.note.startswith("12 measured now")


def test_the_measures_become_columns_and_the_newest_run_counts(tmp_path: Path, runs: RunStore) -> None:
    rows = sounds(tmp_path, 6)
    source = manifest(
        tmp_path, [{"audio_filepath": path.name, "duration": 1.0, "text": "x"} for _, path, _ in rows], name="m.json"
    )
    corpus = open_corpus("c", [source], cache=tmp_path / "cache")
    ids = [row["id"] for row in corpus.page(Query(), 0, 6, ())]
    overlays = MeasureOverlays(runs, tmp_path / "overlays")
    assert overlays.lay(corpus) is corpus
    named = [(id, path, seconds) for id, (_, path, seconds) in zip(ids, rows, strict=True)]
    first = new_run(runs, tmp_path, named, MeasureOptions())
    measure(first, options=MeasureOptions(), monitor=Watch(), processes=1)
    laid = overlays.lay(corpus)
    assert {f"signal_{name}" for name in MEASURES} | {"signal_speech_ratio_energy"} <= {c.name for c in laid.columns}
    peaks = laid.numbers("signal_peak")
    assert np.all(np.diff(peaks) > 0)
    done(first)
    assert overlays.lay(corpus) is not laid
    assert overlays.lay(corpus) is overlays.lay(corpus)

    soundfile.write(rows[0][1], voice(1.0), RATE)
    newer = new_run(runs, tmp_path, named[:1])
    measure(newer, options=QUICK, monitor=Watch(), processes=1)
    newest = overlays.lay(corpus)
    assert newest.numbers("signal_peak")[0] == pytest.approx(-6.02, abs=0.01)
    assert np.array_equal(newest.numbers("signal_peak")[1:], peaks[1:])
    assert newest.numbers("signal_speech_ratio_energy")[0] == laid.numbers("signal_speech_ratio_energy")[0]
    (row,) = newest.page(Query(), 5, 6, ("signal_codec", "signal_sample_rate", "signal_clipped"))
    assert (row["signal_codec"], row["signal_sample_rate"]) == ("WAV PCM_16", RATE)


def test_the_speech_ratio_is_that_of_the_detector_also_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluator.measuring import measuring_process

    path = tmp_path / "a.wav"
    seconds = write_sentence(path, "one . . two . . three . .")
    monkeypatch.setattr(measuring_process, "STRETCH", 2.0)
    values, decoded = measure_sound(path, detector=EnergyDetector())
    assert decoded == seconds
    assert values["speech_ratio"] == pytest.approx(0.9 / seconds, abs=0.02)


def test_a_truncated_file_has_lost_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, voice(4.0), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    values, seconds = measure_sound(path, duration=4.0)
    assert 0.5 < seconds < 3.5
    assert values["lost"] == pytest.approx(4.0 - seconds, abs=1e-6)
    with pytest.raises(UnreadableAudio):
        measure_sound(path, offset=9.0)


def test_an_hour_needs_little_memory(tmp_path: Path) -> None:
    """In a process of its own: its peak memory is that of the measuring."""
    import subprocess

    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as out:
        for n in range(60):
            out.write(voice(60.0, seed=n % 2))
    code = (
        "import resource, sys; from evaluator.measuring.measuring_process import measure_sound\n"
        "from evaluator.detectors import load_detector\n"
        "measure_sound(sys.argv[2], duration=1.0, detector=load_detector('energy'))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "values, seconds = measure_sound(sys.argv[1], detector=load_detector('energy'))\n"
        "assert seconds == 3600.0\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    soundfile.write(tmp_path / "short.wav", voice(1.0), RATE)
    told = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "short.wav")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
        env=os.environ,
    )
    assert int(told.stdout) < 250_000, "kB; the samples alone are 230,000, a stretch of ten minutes is 38,000"
