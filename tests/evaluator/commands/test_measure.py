"""``app.py measure``: files with the measures as fields, a summary, exit codes, and going on after an interruption."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

import app
from evaluator.runs.journal import read_journal
from evaluator.runs.run_store import RunStore
from explorer.sound.signal_measures import MEASURES
from tests.explorer.sounds import manifest, voice

RATE = 16_000
pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = []
    for number in range(6):
        soundfile.write(tmp_path / f"{number}.wav", voice(1.0, seed=number) / (number + 1), RATE)
        rows.append({"audio_filepath": f"{number}.wav", "duration": 1.0, "text": f"voice {number}", "note": number})
    return manifest(tmp_path, rows)


def measure(source: Path, *words: str) -> int:
    folder = source.parent
    return app.main(
        ["measure", str(source), *words, f"workspace={folder / 'workspace'}", f"cache.folder={folder / 'cache'}"]
    )


def test_a_summary_is_printed_and_progress_goes_to_standard_error(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure(source) == 0
    printed, told = capsys.readouterr()
    peak = next(line for line in printed.splitlines() if line.startswith("Peak level"))
    assert "-6.02" in peak
    assert peak.endswith(" 6")
    assert "Speech ratio (energy)" in printed
    assert "6 utterances, 6.0\u00a0s of audio. 6 measured now" in told
    assert measure(source, "--detector", "none") == 0
    assert "Speech ratio" not in capsys.readouterr().out


def test_the_manifest_is_written_with_the_measures_as_json_and_csv(source: Path) -> None:
    out = source.parent / "out.json"
    assert measure(source, "-o", str(out), "--where", "{note} >= 2") == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["note"] for line in lines] == [2, 3, 4, 5]
    assert {f"signal_{name}" for name in MEASURES} - set(lines[0]) <= {"signal_snr"}
    table = source.parent / "out.csv"
    assert measure(source, "-o", str(table)) == 0
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [f"voice {n}" for n in range(6)]
    assert float(rows[0]["signal_peak"]) == pytest.approx(-6.02, abs=0.01)


def test_failures_are_listed_by_line_and_the_exit_code_says_so(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source.parent / "3.wav").unlink()
    assert measure(source) == 1
    told = capsys.readouterr().err
    assert "failed: manifest.json:4: " in told
    assert "does not exist" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--detector", "ear"), 'There is no detector "ear"; known are: silero, energy, nemo.'),
        (("-o", "out.xml"), "neither .csv nor .json"),
        (("-o", "/no/such/folder/out.csv"), "does not exist"),
        (("--where", "{nothing} > 1"), "nothing"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    source: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], sentence: str
) -> None:
    assert measure(source, *words) == 2
    assert sentence in capsys.readouterr().err


def test_an_interrupted_command_goes_on_where_it_stopped(tmp_path: Path) -> None:
    rows = []
    soundfile.write(tmp_path / "a.flac", voice(60.0), RATE)
    for number in range(1500):
        rows.append({"audio_filepath": "a.flac", "offset": number * 0.03, "duration": 10.0, "text": ""})
    source = manifest(tmp_path, rows)
    command = [sys.executable, "app.py", "measure", str(source)]
    command += [f"workspace={tmp_path / 'workspace'}", f"cache.folder={tmp_path / 'cache'}"]
    root = Path(__file__).resolve().parents[3]
    child = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, start_new_session=True)
    store = RunStore(tmp_path / "workspace" / "runs")
    deadline = time.monotonic() + 60
    while not any(run.journal.exists() and run.journal.stat().st_size for run in store.all()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait() == 130
    (run,) = store.all()
    before = run.journal.read_bytes()
    assert 0 < len(list(read_journal(run.journal))) < 1500
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert f"Going on with the unfinished run {run.id}" in done.stderr
    assert store.get(run.id).ended
    assert run.journal.read_bytes().startswith(before)
    assert len(list(read_journal(run.journal))) == 1500
