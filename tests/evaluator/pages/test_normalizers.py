"""The page about normalizers, the warning wherever rates stand, and the command, over a few utterances."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash._utils import to_json

import app as door
from evaluator.comparing.contribution_report import ORDER
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.pages import normalizers
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from explorer.vocabulary import vocabulary_views
from tests.corpora import loaded
from tests.explorer.manifests import row, write_manifest

ENGLISH = [
    row("a.wav", text="The cat, sat.", pred_text_tiny="the cat sat", pred_text_large="The cat, sat."),
    row("b.wav", text="Twenty one colours", pred_text_tiny="21 colors", pred_text_large="twenty one colors"),
]
HINDI = [row("a.wav", text="का कि", pred_text_tiny="का की")]
PLAIN = [row("a.wav", text="no systems")]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    folder = tmp_path_factory.mktemp("normalizers")
    (folder / "rules.yaml").write_text("rules: [{name: dots, pattern: '[.,]'}, {name: fold, use: lower}]")
    config = load(
        [door.DEFAULTS],
        [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'ws'}", f"normalizers.mine={folder / 'rules.yaml'}"],
    )
    made = door.open_stores(config)
    for name, rows in (("english", ENGLISH), ("hindi", HINDI), ("plain", PLAIN)):
        (folder / name).mkdir()
        made.library.open(name, [write_manifest(folder / name / f"{name}.json", rows)])
        loaded(made.library, name)
    yield made
    made.close()


def shown(stores: EvaluatorStores, **parameters: str) -> str:
    address = Parameters(tuple(parameters.items()))
    for _ in range(100):
        said = str(to_json(normalizers.layout(stores, address)))
        if "This page opens by itself" not in said:
            return said
    raise AssertionError(said)


def test_the_page_tells_raw_normalized_and_every_rule(stores: EvaluatorStores) -> None:
    said = shown(stores, corpus="english", normalizer="whisper_english", of="tiny")
    for told in (
        "Raw against normalized",
        "100.00",
        "-100.00",
        "normalizer Whisper English, version 0.1.15",
        ORDER,
    ):
        assert told in said
    for step in NORMALIZERS["whisper_english"].steps:
        assert f". {step.name}" in said
    assert "WER of tiny, rule by rule" in said
    assert "6 errors of 6 reference words raw, 0 errors of 5 reference words normalized; 2 utterances" in said
    assert "rules_tiny%3Ahas%3Anumbers" in said
    assert "normalizer-warning" not in said


def test_a_filter_selects_what_is_measured(stores: EvaluatorStores, tmp_path: Path) -> None:
    asked = {
        "corpus": "english",
        "normalizer": "whisper_english",
        "of": "tiny",
        "where": "{reference} contains colours",
    }
    said = shown(stores, **asked)
    assert "of english. " in said
    assert "contains" in said
    assert "3 errors of 3 reference words raw, 0 errors of 2 reference words normalized; 1 utterance" in said
    assert "where=%7Breference%7D" in said  # the links and the download, too
    manifest = str(stores.library.get("english").sources[0])
    command = ["normalizers", manifest, "--normalizer", "whisper_english", "--json", f"cache.folder={tmp_path}"]
    assert door.main([*command, "--where", "{reference} contains colours"]) == 0


def test_a_link_of_the_page_opens_exactly_its_utterances(stores: EvaluatorStores) -> None:
    shown(stores, corpus="english", normalizer="whisper_english")
    address = Parameters((("corpus", "english"), ("normalizer", "whisper_english"), ("f", "rules_tiny:has:numbers")))
    corpus = stores.corpus(address)
    rows = corpus.page(Query.from_pairs(address.pairs), 0, 9, ("reference",))
    assert [one["reference"] for one in rows] == ["Twenty one colours"]


def test_own_rules_are_there_as_any_other(stores: EvaluatorStores) -> None:
    said = shown(stores, corpus="english", normalizer="mine")
    assert "1. dots" in said
    assert "2. fold" in said


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"corpus": "plain", "normalizer": "basic"}, "There are no hypotheses"),
        ({"corpus": "english", "normalizer": "none"}, "This normalizer has no rules"),
        ({"corpus": "english", "of": "nobody"}, "WER of tiny, rule by rule"),
    ],
)
def test_nothing_to_show_is_said(stores: EvaluatorStores, parameters: dict[str, str], sentence: str) -> None:
    assert sentence in shown(stores, **parameters)


def test_the_warning_stands_wherever_rates_do(stores: EvaluatorStores) -> None:
    from evaluator.components.alignment_panel import alignment_panel
    from evaluator.components.compare_head import compare_head
    from evaluator.components.normalizer_control import normalizer_control
    from evaluator.components.rates_section import rates_section

    for name, warned in (("whisper_basic", True), ("basic", False)):
        address = Parameters((("corpus", "hindi"), ("normalizer", name)))
        corpus = stores.corpus(address)
        utterance = corpus.utterance(corpus.page(Query(), 0, 1, ())[0]["id"])
        places: list[Any] = [
            normalizer_control(stores, address),
            rates_section(stores, corpus, Query()),
            compare_head(corpus, address),
            alignment_panel(stores, corpus, utterance),
            normalizers.layout(stores, address),
        ]
        for place in places:
            assert (
                "marks out of Devanagari words" in json.dumps(json.loads(to_json(place)), ensure_ascii=False)
            ) == warned


def test_the_table_is_a_csv(stores: EvaluatorStores) -> None:
    client = door.create_app(stores).server.test_client()
    answer = client.get("/export/normalizers.csv?corpus=english&normalizer=basic")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [entry["rule"] for entry in rows if entry["system"] == "tiny"] == [
        "raw", *(step.name for step in NORMALIZERS["basic"].steps)
    ]  # fmt: skip
    assert {entry["normalizer"] for entry in rows} == {"basic-1"}
    assert float(rows[0]["wer"]) == 1.0
    assert client.get("/export/normalizers.csv?corpus=nobody").status_code == 400


def test_the_command_prints_and_tells_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(tmp_path / "english.json", ENGLISH)
    cache = f"cache.folder={tmp_path / 'cache'}"
    assert door.main(["normalizers", str(manifest), cache, "--normalizer", "whisper_english"]) == 0
    said = capsys.readouterr().out
    assert 'normalizer "whisper_english" version 0.1.15' in said
    assert "numbers" in said
    assert ORDER in said
    assert door.main(["normalizers", str(manifest), cache, "--normalizer", "basic", "--json"]) == 0
    tiny = json.loads(capsys.readouterr().out)["systems"]["tiny"]
    assert tiny["wer_raw"] + sum(rule["wer_change"] for rule in tiny["rules"]) == pytest.approx(tiny["wer"])
    assert door.main(["normalizers", str(write_manifest(tmp_path / "plain.json", PLAIN)), cache]) == 1
    assert door.main(["normalizers", str(manifest), cache, "--normalizer", "basik"]) == 2


def test_the_command_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(tmp_path / "hindi.json", HINDI)
    cache = f"cache.folder={tmp_path / 'cache'}"
    assert door.main(["normalizers", str(manifest), cache, "--normalizer", "whisper_basic"]) == 0
    assert "warning: The normalizer Whisper basic takes 2 marks out of Devanagari words" in capsys.readouterr().out


def test_the_readme_names_every_normalizer() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## Normalizers") :]
    assert all(f"| `{name}` |" in section for name in NORMALIZERS)


@pytest.mark.parametrize("name", ["whisper_english", "mine", "basic", "none"])
def test_words_of_the_vocabulary_lead_to_exactly_their_utterances(stores: EvaluatorStores, name: str) -> None:
    here = vocabulary_views.place(stores, Parameters((("corpus", "english"), ("normalizer", name))))
    assert vocabulary_views.waiting_for(stores, here) is None
    listed = vocabulary_views.listing(stores, here)
    page = vocabulary_views.page(stores, here, listed, Query(), 0, 99)
    chosen = stores.normalizers[name]
    assert {entry["said"] for entry in page} == {word for entry in ENGLISH for word in chosen.words(entry["text"])}
    utterances = dict(zip(*(listed.content[column].to_pylist() for column in ("word", "utterances")), strict=True))
    for entry in page:
        address = Parameters.of(entry["link:word"].partition("?")[2])
        found = stores.corpus(address).extent(Query.from_pairs(address.pairs))
        assert found.utterances == utterances[entry["said"]], entry["said"]


def test_words_that_only_systems_say_under_a_normalizer_of_whole_texts(stores: EvaluatorStores) -> None:
    address = Parameters((("corpus", "english"), ("normalizer", "whisper_english"), ("tab", "hypotheses")))
    here = vocabulary_views.place(stores, address)
    assert vocabulary_views.waiting_for(stores, here) is None
    assert vocabulary_views.listing(stores, here).size == 0  # 21 and colors are what the reference says, too
    plain = vocabulary_views.place(stores, address.replaced(normalizer="none"))
    assert vocabulary_views.waiting_for(stores, plain) is None
    assert "colors" in vocabulary_views.listing(stores, plain).content["word"].to_pylist()


def test_characters_are_those_that_are_written(stores: EvaluatorStores) -> None:
    address = Parameters((("corpus", "english"), ("normalizer", "whisper_english"), ("tab", "characters")))
    here = vocabulary_views.place(stores, address)
    assert vocabulary_views.waiting_for(stores, here) is None
    assert "T" in vocabulary_views.listing(stores, here).content["character"].to_pylist()
