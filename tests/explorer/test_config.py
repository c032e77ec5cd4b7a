"""Configuration: merging, paths, secrets, and every kind of mistake with the key it is about."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from explorer.config import Config
from explorer.config_files import PROJECT, known_keys, load
from explorer.errors import ConfigError


def file(folder: Path, content: str, name: str = "c.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_the_project_s_own_file_sets_the_defaults_of_the_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EARMARK_TOKEN", raising=False)
    own, code = load([PROJECT / "configs" / "earmark.yaml"]), Config()
    for section in ("server", "cache", "workspace", "normalizer", "transcribe", "jobs"):
        assert getattr(own, section) == getattr(code, section), section


def test_later_files_and_overrides_win_and_mappings_are_merged(tmp_path: Path):
    one = file(tmp_path, "server: {port: 1, host: a}\nsystems: {x: {engine: nemo, model: big}}", "one.yaml")
    two = file(tmp_path, "server: {port: 2}\nsystems: {y: {engine: whisper}}", "two.yaml")
    config = load([one, two], ["server.threads=3", "systems.x.device=cuda", "cache.folder=null"])
    assert (config.server.port, config.server.host, config.server.threads) == (2, "a", 3)
    assert (config.systems["x"].model, config.systems["x"].device, config.systems["y"].engine) == (
        "big",
        "cuda",
        "whisper",
    )
    assert config.cache.folder == Config().cache.folder


def test_types_are_what_the_dataclasses_say(tmp_path: Path):
    config = load(
        [], ["transcribe.batch_seconds=60", "transcribe.vad=off", "server.trusted_hosts=[a,b]", "server.token=null"]
    )
    assert config.transcribe.batch_seconds == 60.0
    assert isinstance(config.transcribe.batch_seconds, float)
    assert config.transcribe.vad == "off"  # YAML reads a bare off as false
    assert config.server.trusted_hosts == ("a", "b")
    with pytest.raises(FrozenInstanceError):
        config.server.port = 1  # type: ignore[misc]


def test_paths_count_from_the_file_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    path = file(
        tmp_path / "sub",
        "workspace: work\ncache: {folder: ~/cache}\n"
        "corpora: {c: {manifests: [m.json, /abs/n.json], audio_root: sound, roots: [../more]}}\n"
        "systems: {a: {engine: nemo, model: a.nemo}, b: {engine: nemo, model: nvidia/parakeet}, "
        "d: {engine: nemo, model: configs/earmark.yaml.nemo}, e: {engine: nemo, model: ./folder}}",
    )
    config = load([path], ["systems.o.engine=nemo", "systems.o.model=o.nemo"])
    sub = tmp_path / "sub"
    assert config.workspace == sub / "work"
    assert config.cache.folder == Path("~/cache").expanduser()
    assert config.corpora["c"].manifests == (sub / "m.json", Path("/abs/n.json"))
    assert (config.corpora["c"].audio_root, config.corpora["c"].roots) == (sub / "sound", (sub / "../more",))
    models = {name: system.model for name, system in config.systems.items()}
    assert models["a"] == str(sub / "a.nemo")
    assert models["b"] == "nvidia/parakeet"
    assert models["e"] == str(sub / "folder")
    assert models["o"] == str(tmp_path / "o.nemo")


def test_a_path_that_only_the_project_has_is_found_there(tmp_path: Path):
    path = file(tmp_path, "corpora: {c: {manifests: [configs/earmark.yaml]}}")
    assert load([path]).corpora["c"].manifests == (PROJECT / "configs" / "earmark.yaml",)


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EARMARK_TEST_SECRET", "0123")
    path = file(tmp_path, "server: {token: '${oc.env:EARMARK_TEST_SECRET}'}")
    config = load([path])
    assert config.server.token == "0123"


def test_a_secret_that_is_not_set_names_key_and_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EARMARK_TEST_SECRET", raising=False)
    with pytest.raises(ConfigError, match=r"server\.token.*EARMARK_TEST_SECRET"):
        load([], ["server.token=${oc.env:EARMARK_TEST_SECRET}"])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("server.prot=1", 'there is no configuration key "server.prot"; did you mean "server.port"?'),
        ("port=1", 'there is no configuration key "port"; did you mean "server.port"?'),
        ("sever.port=1", 'there is no configuration key "sever"; did you mean "server"?'),
        ("systems.a.modl=x", 'there is no configuration key "systems.a.modl"; did you mean "systems.a.model"?'),
        ("transcribe.batch_secs=1", 'did you mean "transcribe.batch_seconds"?'),
        ("zzz=1", 'there is no configuration key "zzz"; known here: server, cache'),
        ("server.port=high", "\"server.port\" is 'high', expected a whole number"),
        ("server.port=80.5", '"server.port" is 80.5, expected a whole number'),
        ("server.port=true", '"server.port" is true, expected a whole number'),
        ("server.port=null", '"server.port" is null, expected a whole number'),
        ("server.port=70000", '"server.port" is 70000, expected a whole number, 0 to 65535'),
        ("server.threads=0", '"server.threads" is 0, expected a whole number, at least 1'),
        ("server.insecure=1", '"server.insecure" is 1, expected true or false'),
        ("server.host=1", '"server.host" is 1, expected a text'),
        ("server.trusted_hosts=localhost", "\"server.trusted_hosts\" is 'localhost', expected a list"),
        ("server.trusted_hosts=[1]", '"server.trusted_hosts[0]" is 1, expected a text'),
        ("server=3", '"server" is 3, expected a mapping with host, port'),
        ("transcribe.vad=maybe", "\"transcribe.vad\" is 'maybe', expected one of off, chunk, skip"),
        ("jobs.grace_s=.inf", '"jobs.grace_s" is inf, expected a number'),
        ("corpora.c.audio_root=x", '"corpora.c.manifests" is missing'),
        ("corpora.c=m.json", "\"corpora.c\" is 'm.json', expected a mapping with manifests"),
        ("systems.a.engine=nemo,x", None),
        ("server.port", "not of the form key=value"),
        ("=3", "not of the form key=value"),
        ("server.port=[1", "is not valid YAML"),
    ],
)
def test_every_mistake_names_its_key(override: str, sentence: str | None):
    if sentence is None:
        assert load([], [override]).systems["a"].engine == "nemo,x"
        return
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        load([], [override])


def test_files_that_cannot_be_read_are_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such file"):
        load([tmp_path / "none.yaml"])
    with pytest.raises(ConfigError, match="not valid YAML"):
        load([file(tmp_path, "server: {port: [")])
    with pytest.raises(ConfigError, match="must have keys and values"):
        load([file(tmp_path, "- a\n- b")])
    assert load([file(tmp_path, "")]) == load([])


def test_every_key_is_in_the_project_s_file_once():
    text = (PROJECT / "configs" / "earmark.yaml").read_text(encoding="utf-8")
    for key in known_keys():
        if "*" not in key:
            assert re.search(rf"^\s*{key.rpartition('.')[2]}:", text, re.MULTILINE), key
