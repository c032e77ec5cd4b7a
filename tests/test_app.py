"""The command line as a user types it: each command in its own process, on real files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app import main
from evaluator.commands.opening import corpus_names, split_overrides
from tests.explorer.manifests import write_manifest

ROOT = Path(__file__).resolve().parent.parent


def run(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def row(name: str, duration: float, **texts: str) -> str:
    return json.dumps({"audio_filepath": f"{name}.wav", "duration": duration, **texts})


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Five utterances, one without text, one without hypothesis, and two faulty lines (4 and 6)."""
    lines = [
        row("a", 2.0, text="the cat sat", pred_text="the cat sat", pred_text_b="a cat"),
        row("b", 3.0, text="on the mat", pred_text="on mat", pred_text_b="on the mat now"),
        row("c", 1.0, text="", pred_text="uh", pred_text_b=""),
        "{broken",
        row("d", 4.0, text="hello", pred_text_b="Hello!"),
        row("e", -1, text="never", pred_text="never"),
        row("f", 5.0, pred_text="no reference", pred_text_b="none"),
    ]
    path = tmp_path / "m.json"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> str:
    return f"cache.folder={tmp_path / 'cache'}"


def test_stats_counts_what_loaded_and_lists_what_did_not(manifest: Path, cache: str) -> None:
    done = run("stats", str(manifest), cache, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["utterances"] == 5
    assert report["hours"] == pytest.approx(15.0 / 3600)
    assert report["words"] == 7
    assert report["vocabulary"] == 6
    assert report["alphabet"]["t"] == 5
    assert [(p["line"], p["field"]) for p in report["problems"]] == [(4, None), (6, "duration")]


def test_a_reader_who_has_seen_enough_is_no_error(manifest: Path, cache: str) -> None:
    command = [sys.executable, str(ROOT / "app.py"), "stats", str(manifest), cache]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_score_pools_counts_and_says_what_it_left_out(manifest: Path, cache: str) -> None:
    done = run("score", str(manifest), "--json", cache, "--normalizer", "none")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["normalizer"]["name"] == "none"
    plain, b = report["systems"]["pred_text"], report["systems"]["b"]
    # pred_text: "the cat sat" 3 H; "on the mat" 2 H 1 D; "" against "uh" 1 I.
    assert {k: plain[k] for k in ("scored", "words", "hits", "substitutions", "deletions", "insertions")} == {
        "scored": 3, "words": 6, "hits": 5, "substitutions": 0, "deletions": 1, "insertions": 1,
    }  # fmt: skip
    assert plain["wer"] == pytest.approx(2 / 6)
    assert sum(plain["excluded"].values()) == 2
    # b: "a cat" 1 S 1 D 1 H; "on the mat now" 3 H 1 I; "" 0; "hello" against "Hello!" 1 S.
    assert {k: b[k] for k in ("scored", "words", "hits", "substitutions", "deletions", "insertions")} == {
        "scored": 4, "words": 7, "hits": 4, "substitutions": 2, "deletions": 1, "insertions": 1,
    }  # fmt: skip
    assert b["wer"] == pytest.approx(4 / 7)
    assert sum(b["excluded"].values()) == 1


def test_the_basic_normalizer_forgives_case_and_punctuation(manifest: Path, cache: str) -> None:
    report = json.loads(run("score", str(manifest), cache, "--json").stdout)
    assert report["normalizer"]["name"] == "basic"
    assert report["systems"]["b"]["hits"] == 5


def test_a_missing_manifest_is_a_sentence_and_exit_code_2(cache: str) -> None:
    done = run("stats", "/nowhere/at-all.json", cache)
    assert done.returncode == 2
    assert "at-all.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_option_names_the_nearest(manifest: Path) -> None:
    done = run("stats", str(manifest), "server.prt=9000")
    assert done.returncode == 2
    assert "server.port" in done.stderr


def test_nothing_to_open_says_what_to_do() -> None:
    done = run("serve")
    assert done.returncode == 2
    assert "app.py demo" in done.stderr


def test_an_open_address_without_a_token_is_refused(manifest: Path, cache: str, tmp_path: Path) -> None:
    done = run(str(manifest), "--host", "0.0.0.0", cache, f"workspace={tmp_path / 'w'}")
    assert done.returncode == 2
    [sentence] = done.stderr.splitlines()  # whatever was made by then goes without a word
    assert "token" in sentence


def test_a_missing_manifest_is_refused_before_the_server_starts(tmp_path: Path, cache: str) -> None:
    done = run(str(tmp_path / "gone.json"), cache, f"workspace={tmp_path / 'w'}")
    assert done.returncode == 2
    assert "gone.json is no manifest" in done.stderr


def test_a_taken_port_is_a_sentence(manifest: Path, cache: str, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(str(manifest), "--port", str(port), cache, f"workspace={tmp_path / 'w'}")
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "Earmark is at" not in done.stdout


def test_flags_and_overrides_may_stand_anywhere(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.json"
    odd.write_text("")
    assert split_overrides([str(odd), "server.port=1", "x.json"]) == ([odd, Path("x.json")], ["server.port=1"])


def test_corpus_names_are_short_and_unique() -> None:
    paths = [Path("/x/dev/m.json"), Path("/x/test/m.jsonl.gz"), Path("/x/test/n.json"), Path("/y/test/m.json")]
    assert corpus_names(paths) == ["m", "test-m", "n", "m-2"]


def test_what_the_encoder_looks_up_is_there_before_the_first_answer(tmp_path: Path) -> None:
    code = (
        "import sys, app\n"
        "from explorer.config_files import load\n"
        f"config = load([app.DEFAULTS], ['cache.folder={tmp_path / 'cache'}', 'workspace={tmp_path / 'workspace'}'])\n"
        "stores = app.open_stores(config)\n"
        "assert app.create_app(stores).server.test_client().get('/_dash-layout').status_code == 200\n"
        "stores.close()\n"
        "assert hasattr(sys.modules['pandas'], 'NaT') and hasattr(sys.modules['PIL.Image'], 'Image')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_predictions_of_the_command_line_belong_to_one_corpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        write_manifest(tmp_path / f"{name}.json", [row(name, 1.5, text="one two")])
    heard = write_manifest(tmp_path / "heard.jsonl", [row("a", 1.5, pred_text="one two")])
    cache = f"cache.folder={tmp_path}/cache"
    assert main(["score", str(tmp_path / "a.json"), "--predictions", f"big={heard}", cache]) == 0
    told = capsys.readouterr()
    assert "big: 1 of 1 utterances have a hypothesis from heard.jsonl" in told.err
    assert told.out.splitlines()[2].split()[:3] == ["big", "0.00", "%"]
    assert main(["score", str(tmp_path / "a.json"), "--join-on", "utt", cache]) == 2
    assert "--join-on says what the files of --predictions are joined by" in capsys.readouterr().err
    both = ["serve", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--predictions", f"big={heard}", cache]
    assert main(both) == 2
    assert "--predictions belong to one corpus" in capsys.readouterr().err


def test_where_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(tmp_path / "a.json", [row("a", 1.5), row("b", 4.0)])
    assert main(["stats", str(manifest), "--where", "{duration} > 3", f"cache.folder={tmp_path}/cache"]) == 0
    assert "utterances         1\n" in capsys.readouterr().out
    assert main(["stats", str(manifest), "--where", "{duration} >", f"cache.folder={tmp_path}/cache"]) == 2
    assert "at character 13 of the filter: expected a value after >" in capsys.readouterr().err
