"""``app.py transcribe`` in this process: manifests in, a manifest with one more field out, failures told, resumable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from evaluator import engines
from evaluator.commands.transcribe import chosen_system, transcribe_manifest
from evaluator.engines import Engine
from evaluator.runs.run_store import RunStore
from evaluator.transcribing.systems import System
from explorer.config import Cache, Config
from explorer.config import System as Configured
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import ConfigError
from tests.evaluator.tones import write_sentence


@pytest.fixture(autouse=True)
def tones(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Engine("tones", "tests.evaluator.tone_worker:SlowToneRecognizer", "Whistles.", "", (), False)
    monkeypatch.setattr(engines, "ENGINES", {**engines.ENGINES, "tones": entry})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        workspace=tmp_path / "workspace",
        cache=Cache(folder=tmp_path / "cache"),
        systems={"whistle": Configured(engine="tones", options={"seconds": 0.001})},
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    said = {"a": "one two", "b": "three", "c": "four five"}
    lines = []
    for name, text in said.items():
        seconds = write_sentence(tmp_path / f"{name}.wav", text)
        lines.append({"audio_filepath": f"{name}.wav", "duration": seconds, "text": text, "speaker": name.upper()})
    (tmp_path / "in.json").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return open_corpus("in", [tmp_path / "in.json"], cache=tmp_path / "cache")


def read(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_manifest_gets_one_more_field(
    corpus: Corpus, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert transcribe_manifest(corpus, config, model=None, name="whistle", output=out) == 0
    before = read(tmp_path / "in.json")
    assert read(out) == [{**line, "pred_text_whistle": line["text"]} for line in before]
    printed = capsys.readouterr()
    assert "3 utterances, 2.5\u00a0s of audio, RTFx" in printed.err
    assert printed.out.replace("loaded the tones\n", "").replace("a library in C speaks\n", "") == ""
    (run,) = RunStore(tmp_path / "workspace" / "runs").all()
    assert (run.system, run.ended, run.settings["utterances"]) == ("whistle", True, 3)


def test_failures_are_told_with_their_address(
    corpus: Corpus, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.wav").write_bytes(b"junk")
    out = tmp_path / "out.json"
    assert transcribe_manifest(corpus, config, model=None, name="whistle", output=out) == 1
    assert [line.get("pred_text_whistle") for line in read(out)] == ["one two", None, "four five"]
    assert "failed: in.json:2: " in capsys.readouterr().err


def test_an_interrupted_command_goes_on(
    corpus: Corpus, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.evaluator.tone_worker import SlowToneRecognizer

    heard: list[int] = []
    whole = SlowToneRecognizer.transcribe

    def once(self: SlowToneRecognizer, batch: list[object]) -> list[object]:
        if heard:
            raise KeyboardInterrupt
        heard.append(len(batch))
        return whole(self, batch)  # type: ignore[arg-type,return-value]

    config = replace(config, transcribe=replace(config.transcribe, batch_size=1))
    monkeypatch.setattr(SlowToneRecognizer, "transcribe", once)
    with pytest.raises(KeyboardInterrupt):
        transcribe_manifest(corpus, config, model=None, name="whistle", output=tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
    monkeypatch.setattr(SlowToneRecognizer, "transcribe", whole)
    assert transcribe_manifest(corpus, config, model=None, name="whistle", output=tmp_path / "out.json") == 0
    assert "Going on with the unfinished run" in capsys.readouterr().err
    assert len(RunStore(tmp_path / "workspace" / "runs").all()) == 1
    assert [line["pred_text_whistle"] for line in read(tmp_path / "out.json")] == ["one two", "three", "four five"]


def test_a_place_that_cannot_be_written_is_said_before_the_work(corpus: Corpus, config: Config, tmp_path: Path) -> None:
    for out, sentence in (
        (tmp_path / "no" / "out.json", "does not exist"),
        (tmp_path / "in.json", "manifest that is read"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            transcribe_manifest(corpus, config, model=None, name="whistle", output=out)
    assert not (tmp_path / "workspace").exists()


def test_which_system_the_flags_mean(config: Config) -> None:
    def chosen(
        model: str | None = None, name: str | None = None, engine: str | None = None, device: str | None = None
    ) -> System:
        return chosen_system(config, model=model, name=name, engine=engine, device=device)

    assert chosen(name="whistle", device="cpu") == System(
        name="whistle", engine="tones", device="cpu", options={"seconds": 0.001}
    )
    assert chosen(model="x.nemo", name="mine") == System(name="mine", engine="nemo", model="x.nemo")
    assert chosen(name="w", engine="whisper") == System(name="w", engine="whisper")
    for wrong in ({"model": "x.nemo"}, {"name": "nobody"}, {}, {"model": "x.nemo", "name": "a/b"}):
        with pytest.raises(ConfigError):
            chosen(**wrong)
