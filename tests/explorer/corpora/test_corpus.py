"""Corpus: fields of every kind, pages, paths, overlays, exports, and the cache it is served from."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from explorer.columns import Column
from explorer.corpora import build, ingest, opening, orders, tables
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.database import Database
from explorer.corpora.opening import open_corpus
from explorer.corpora.recipe import Recipe
from explorer.corpora.sound_list import absent_sound, write_audio_list
from explorer.errors import ForbiddenAudio, ManifestError, MissingAudio, QueryError, SpeechDataError, UnknownUtterance
from explorer.exporting import export_beside
from explorer.querying.query import Filter, Query, Sort, Test
from tests.explorer.manifests import ids, opened, row, said, write_manifest, write_sound

ALL = Query()


def column_values(corpus: Corpus, name: str) -> list[Any]:
    return [values[name] for values in corpus.page(ALL, 0, corpus.size, [name])]


def utterances(corpus: Corpus) -> list[Any]:
    return [corpus.utterance(id) for id in ids(corpus)]


# Fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "number"),
        ([1, 2.5], "number"),
        ([2.5, 1], "number"),
        ([True, None, False], "flag"),
        (["a", None, ""], "text"),
        ([1, "a"], "json"),
        (["a", 1], "json"),
        ([True, 1], "json"),
        ([1.5, True], "json"),
        (["true", True], "json"),
        ([[1, 2], None], "json"),
        ([{"a": {"b": None}}, "x"], "json"),
        ([2**53, 0.5], "number"),
        ([2**53 + 1, 0.5], "json"),
        ([0.5, 2**53 + 1], "json"),
        ([2**63 - 1, -(2**63) + 1], "number"),
        ([2**63, 1], "json"),
        ([2**70, 1], "json"),
        ([1, -(2**70)], "json"),
        ([1e300, 1.5], "number"),
        (['a "quoted" \n line', 7], "json"),
    ],
)
def test_a_field_has_the_type_that_keeps_every_value_exactly(tmp_path: Path, values: list[Any], kind: str):
    """Each value in its own block of lines, so that the column is widened while it already has rows."""
    path = write_manifest(tmp_path / "m.json", [row(f"{n}.wav", x=value) for n, value in enumerate(values)])
    recipe = Recipe.of([path])
    database = Database(memory_mb=256)
    database.attach(None)
    sink = ingest.Ingest(database.cursor())
    from explorer.formats import Reading, nemo

    for batch in nemo.read(path, Reading(index=0, names=("m.json",), block_bytes=1)):
        sink.append(batch, source="m.json", role=nemo.role)
    sink.finish({"source_names": ["m.json"], "fixed": nemo.FIXED_FIELDS})
    corpus = opening._corpus("x", recipe, database, tmp_path, key="k", complete=True)
    assert corpus.column("x").kind == kind
    found = [utterance.extra.get("x") for utterance in utterances(corpus)]
    assert found == values
    exact = kind != "number"  # in a column of numbers 1 may come back as 1.0, which is equal
    assert not exact or [type(value) for value in found] == [type(value) for value in values]


def test_a_field_that_first_appears_in_the_last_row_is_a_column(tmp_path: Path):
    corpus = opened(tmp_path, [*(row(f"{n}.wav") for n in range(100)), row("last.wav", late="x", pred_text_new="y")])
    assert column_values(corpus, "late") == [None] * 100 + ["x"]
    assert corpus.systems == ("new",)
    assert corpus.rows(Query((Filter("late", (Test("filled"),)),))).tolist() == [100]


def test_fields_whose_names_collide_each_have_a_column(tmp_path: Path):
    fields = {"words": "w", "id": "i", "row": "r", "source": "s", "Text": "T", "TEXT": "U", "": "none", 'a"b; --': 1}
    corpus = opened(tmp_path, [row(**fields, reference="ref", lang="de", language="fr")])
    [utterance] = utterances(corpus)
    assert utterance.language == "de"
    assert dict(utterance.extra) == {
        "words_field": "w", "id_field": "i", "row_field": "r", "source_field": "s", "Text": "T", "TEXT": "U",
        "_field": "none", 'a"b; --': 1, "reference_field": "ref", "language_field": "fr",
    }  # fmt: skip
    assert corpus.column("words_field").field == "words"
    assert corpus.column("words").origin == "derived"


def test_predictions_become_systems(tmp_path: Path):
    corpus = opened(
        tmp_path, [row("a", pred_text="p", pred_text_x="q"), row("b", pred_text_x=""), row("c", pred_text=None)]
    )
    assert corpus.systems == ("pred_text", "x")
    assert [dict(u.hypotheses) for u in utterances(corpus)] == [{"pred_text": "p", "x": "q"}, {"x": ""}, {}]
    assert corpus.column("hypothesis_x").field == "pred_text_x"


def test_speakers_may_be_numbers(tmp_path: Path):
    corpus = opened(tmp_path, [row("a", speaker=3), row("b", speaker=None)])
    assert [u.speaker for u in utterances(corpus)] == ["3", None]
    assert corpus.column("speaker").kind == "number"


def test_derived_columns_by_hand(tmp_path: Path):
    corpus = opened(
        tmp_path,
        [
            row("a", text="two words", duration=2.0),
            row("b", text="  spaced \t out\u00a0now ", duration=4.0),
            row("c", text="", duration=1.0),
            row("d", text=None, duration=1.0),
            row("e", text="two words", duration=None),
        ],
    )
    assert column_values(corpus, "words") == [2, 3, 0, None, 2]
    assert column_values(corpus, "characters") == [9, 19, 0, None, 9]
    assert column_values(corpus, "word_rate") == [1.0, 0.75, 0.0, None, None]
    assert column_values(corpus, "character_rate") == [4.5, 4.75, 0.0, None, None]


def test_page_values_are_safe_as_json(tmp_path: Path):
    fields = '"n": NaN, "big": 9007199254740993, "nested": {"a": [1]}, "i": -Infinity'
    line = '{"audio_filepath": "a", "duration": 1, ' + fields + "}"
    corpus = opened(tmp_path, [line])
    [values] = corpus.page(ALL, 0, 1, ["n", "big", "nested", "i"])
    assert values == {
        "id": ids(corpus)[0],
        "row": 0,
        "n": None,
        "big": "9007199254740993",
        "nested": '{"a": [1]}',
        "i": None,
    }
    json.dumps(values, allow_nan=False)


# Rows and pages ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Fifty rows; ``n`` counts down from 49."""
    rows = [row(f"{n}.wav", n=49 - n, duration=n + 1, parity=["even", "odd"][n % 2]) for n in range(50)]
    return opened(tmp_path_factory.mktemp("numbered"), rows)


def test_a_page_is_a_slice_of_the_ordered_rows(numbered: Corpus):
    query = Query((Filter("parity", (Test("eq", "odd"),)),), (Sort("n"),))
    assert [values["n"] for values in numbered.page(query, 2, 5, ["n"])] == [4, 6, 8]
    assert [values["row"] for values in numbered.page(query, 2, 5, [])] == [45, 43, 41]
    assert numbered.page(query, 24, 99, ["n"]) == [{"id": ids(numbered)[1], "row": 1, "n": 48}]
    assert numbered.page(query, 25, 99, ["n"]) == []
    assert numbered.page(query, 5, 5, ["n"]) == []


def test_extent_and_totals_add_up(numbered: Corpus):
    odd = Query((Filter("parity", (Test("eq", "odd"),)),))
    assert numbered.extent(ALL).utterances == 50
    assert numbered.extent(ALL).hours == pytest.approx(sum(range(1, 51)) / 3600)
    assert numbered.extent(odd).hours == pytest.approx(sum(range(2, 51, 2)) / 3600)
    assert numbered.totals(odd, ["n", "duration"]) == {"n": sum(range(0, 49, 2)), "duration": sum(range(2, 51, 2))}
    nothing = Query(search="not there")
    assert numbered.totals(nothing, ["n"]) == {"n": 0.0}
    assert numbered.extent(nothing).utterances == 0
    with pytest.raises(QueryError, match="no numbers"):
        numbered.totals(ALL, ["parity"])


def test_neighbours_follow_the_order_of_the_view(numbered: Corpus):
    query, id = Query(sort=(Sort("n"),)), ids(numbered)
    assert numbered.position(query, id[49]) == 0
    assert numbered.neighbour(query, id[49], 1) == id[48]
    assert numbered.neighbour(query, id[49], -1) is None
    assert numbered.neighbour(query, id[0], 1) is None
    assert numbered.position(Query(search="not there"), id[0]) is None
    assert numbered.position(query, "nonsense") is None
    assert numbered.neighbour(query, "nonsense", 1) is None


def test_rows_are_remembered_and_cannot_be_written_to(numbered: Corpus):
    query = Query(sort=(Sort("n"),))
    assert numbered.rows(query) is numbered.rows(Query(sort=(Sort("n"),)))
    with pytest.raises(ValueError, match="read-only"):
        numbered.rows(query)[0] = 5
    assert numbered.rows(query).dtype == np.int32


def test_batches_have_every_row_once_in_row_order(numbered: Corpus):
    batches = list(numbered.batches(["n", "reference"], size=7))
    assert batches[0].schema.names == ["row", "n", "reference"]
    table = pa.Table.from_batches(batches)
    assert table["row"].to_pylist() == list(range(50))
    assert table["row"].type == pa.int32()
    some = pa.Table.from_batches(numbered.batches(["n"], Query((Filter("n", (Test("lt", 3),)),)), size=7))
    assert some["n"].to_pylist() == [2, 1, 0]


def test_an_unknown_utterance_or_column_is_an_error(numbered: Corpus):
    for id in ("0" * 16, "nonsense", "' OR 1=1 --", ""):
        with pytest.raises(UnknownUtterance):
            numbered.utterance(id)
    with pytest.raises(QueryError, match='did you mean "parity"'):
        numbered.column("party")


def test_an_empty_corpus_answers_everything(tmp_path: Path):
    corpus = opened(tmp_path, [])
    query = Query((Filter("duration", (Test("gt", 1),)),), (Sort("reference"),), "x")
    assert corpus.rows(query).tolist() == []
    assert corpus.page(query, 0, 10, ["reference"]) == []
    assert corpus.extent(query) == type(corpus.extent(query))(0, 0.0, 0)
    assert corpus.totals(query, ["duration"]) == {"duration": 0.0}
    assert list(corpus.batches(["reference"])) == []
    export_beside(corpus, query, tmp_path / "out.json", format="nemo")
    assert (tmp_path / "out.json").read_bytes() == b""


# Paths ------------------------------------------------------------------------------------------------------------


def test_audio_paths_are_found_where_they_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = tmp_path / "root"
    for place in ("data/both.wav", "data/near.wav", "root/both.wav", "root/far.wav", "home/own.wav", "else/abs.wav"):
        write_sound(tmp_path / place)
    names = ["both.wav", "near.wav", "far.wav", "none.wav", "~/own.wav", str(tmp_path / "else/abs.wav")]
    path = write_manifest(tmp_path / "data" / "m.json", [row(name) for name in names])
    corpus = open_corpus("test", [path], cache=tmp_path / "cache", audio_root=root, roots=["~"])
    found = [str(utterance.path.relative_to(tmp_path)) for utterance in utterances(corpus)]
    assert found == ["root/both.wav", "data/near.wav", "root/far.wav", "root/none.wav", "home/own.wav", "else/abs.wav"]
    assert corpus.audio_path(utterances(corpus)[4]).is_file()
    with pytest.raises(MissingAudio):
        corpus.audio_path(utterances(corpus)[3])
    with pytest.raises(ForbiddenAudio, match="roots"):
        corpus.audio_path(utterances(corpus)[5])


def test_no_path_leads_out_of_the_roots(tmp_path: Path):
    write_sound(tmp_path / "data" / "in.wav")
    secret = write_sound(tmp_path / "secret" / "s.wav")
    (tmp_path / "data" / "link.wav").symlink_to(secret)
    (tmp_path / "data" / "folder").symlink_to(secret.parent)
    (tmp_path / "data" / "loop.wav").symlink_to(tmp_path / "data" / "loop.wav")
    names = ["in.wav", "link.wav", "folder/s.wav", "../secret/s.wav", str(secret), "/etc/passwd", "loop.wav", "x\0.wav"]
    path = write_manifest(tmp_path / "data" / "m.json", [row(name) for name in names])
    found = utterances(open_corpus("test", [path], cache=tmp_path / "cache"))
    corpus = open_corpus("test", [path], cache=tmp_path / "cache")
    assert corpus.audio_path(found[0]) == tmp_path / "data" / "in.wav"
    for utterance in found[1:6]:
        with pytest.raises(ForbiddenAudio):
            corpus.audio_path(utterance)
    for utterance in found[6:]:
        with pytest.raises(MissingAudio):
            corpus.audio_path(utterance)


# Missing durations ------------------------------------------------------------------------------------------------


def test_missing_durations_are_read_from_the_sound(tmp_path: Path):
    write_sound(tmp_path / "two.wav", seconds=2)
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    rows = [
        row("two.wav", duration=None, text="a b"),
        row("two.wav", duration=None, offset=0.5),
        row("two.wav", duration=1.25),
        row("two.wav", duration=None, offset=3),
        row("gone.wav", duration=None),
        row("broken.wav", duration=None),
        row("/etc/hostname", duration=None),
    ]
    corpus = opened(tmp_path, rows)
    assert column_values(corpus, "duration") == [2.0, 1.5, 1.25, None, None, None, None]
    assert column_values(corpus, "word_rate")[0] == 1.0
    assert corpus.extent(ALL).unknown_durations == 4
    assert corpus.problem_kinds == {
        "offset beyond the end": 1, "missing audio": 1, "unreadable audio": 1, "forbidden audio": 1,
    }  # fmt: skip
    assert said(corpus)[0] == 'manifest.jsonl:4: "offset" is 3 and has no sound behind it: two.wav has 2.000 s'
    assert corpus.size == 7
    again = open_corpus("test", corpus.sources, cache=tmp_path / "cache")
    assert (again.key, again.problems) == (corpus.key, corpus.problems)


# Several sources ----------------------------------------------------------------------------------------------------


def test_several_files_are_one_corpus_with_lines_counted_in_each(tmp_path: Path):
    one = write_manifest(tmp_path / "one.json", [row("a.wav"), "broken", row("b.wav", x=1)])
    two = write_manifest(
        tmp_path / "sub" / "two.json", [row("a.wav"), row("c.wav", y="z", duration=-1), row("d.wav", y="z")]
    )
    corpus = open_corpus("test", [one, two], cache=tmp_path / "cache")
    assert [(u.source, u.line) for u in utterances(corpus)] == [
        ("one.json", 1), ("one.json", 3), ("two.json", 1), ("two.json", 3),
    ]  # fmt: skip
    assert [problem.source for problem in corpus.problems] == ["one.json", "two.json"]
    assert utterances(corpus)[3].path == tmp_path / "sub" / "d.wav"


# Overlays -----------------------------------------------------------------------------------------------------------


def score(name: str, **fields: Any) -> Column:
    return Column(name=name, label=name, kind="number", help="", origin="score", **fields)


def lay(folder: Path, name: str, columns: dict[str, Any], rows: list[int], **fields: Any) -> Overlay:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table({"row": pa.array(rows, pa.int32()), **columns}), path)
    return Overlay(name, path, tuple(score(column, **fields) for column in columns))


def test_an_overlay_is_filtered_sorted_and_summed_like_any_column(numbered: Corpus, tmp_path: Path):
    laid = numbered.laid(lay(tmp_path, "scores", {"wer_a": [0.5, 0.25, 1.0]}, [30, 10, 20]))
    assert laid.column("wer_a").origin == "score"
    assert laid.rows(Query(sort=(Sort("wer_a"),)))[:4].tolist() == [10, 30, 20, 0]
    assert laid.rows(Query((Filter("wer_a", (Test("ge", 0.5),)),))).tolist() == [20, 30]
    assert laid.rows(Query((Filter("wer_a", (Test("empty"),)),))).size == 47
    both = Query((Filter("wer_a", (Test("filled"),)), Filter("duration", (Test("gt", 15),))), (Sort("n"),))
    assert laid.rows(both).tolist() == [30, 20]
    assert laid.totals(ALL, ["wer_a", "n"]) == {"wer_a": 1.75, "n": sum(range(50))}
    assert laid.page(ALL, 10, 11, ["wer_a", "n"])[0] == {"id": ids(numbered)[10], "row": 10, "wer_a": 0.25, "n": 39}
    table = pa.Table.from_batches(laid.batches(["wer_a", "n"], size=9))
    assert table["wer_a"].to_pylist()[9:12] == [None, 0.25, None]
    with pytest.raises(QueryError):
        numbered.column("wer_a")


def test_an_overlay_of_the_same_name_is_replaced_and_keys_tell_snapshots_apart(numbered: Corpus, tmp_path: Path):
    one = numbered.laid(lay(tmp_path, "a", {"x": [1]}, [0]))
    two = one.laid(lay(tmp_path, "b", {"y": [2]}, [0]))
    three = two.laid(lay(tmp_path, "a", {"z": [3]}, [0]))
    assert [overlay.name for overlay in three.overlays] == ["b", "a"]
    assert [c.name for c in three.columns if c.origin == "score"] == ["y", "z"]
    assert [c.name for c in two.columns if c.origin == "score"] == ["x", "y"]
    assert len({corpus.key for corpus in (numbered, one, two, three)}) == 4
    assert three.totals(ALL, ["y", "z"]) == {"y": 2, "z": 3}


def test_a_run_overlay_adds_a_system(numbered: Corpus, tmp_path: Path):
    path = tmp_path / "run.parquet"
    pq.write_table(pa.table({"row": pa.array([1], pa.int32()), "hypothesis_mine": ["heard it"]}), path)
    column = Column(name="hypothesis_mine", label="mine", kind="text", help="", origin="run", system="mine")
    laid = numbered.laid(Overlay("run", path, (column,)))
    assert laid.systems == ("mine",)
    assert dict(laid.utterance(ids(laid)[1]).hypotheses) == {"mine": "heard it"}
    assert laid.rows(Query(search="HEARD")).tolist() == [1]
    export_beside(laid, Query(search="heard"), tmp_path / "out.json", format="nemo")
    [line] = (tmp_path / "out.json").read_text().splitlines()
    assert json.loads(line)["pred_text_mine"] == "heard it"


def test_an_overlay_that_does_not_belong_is_refused(numbered: Corpus, tmp_path: Path):
    with pytest.raises(SpeechDataError, match="another version"):
        numbered.laid(lay(tmp_path, "far", {"x": [1]}, [50]))
    damaged = replace(lay(tmp_path, "bad", {"x": [1]}, [0]), columns=(score("absent"),))
    with pytest.raises(SpeechDataError, match="cannot be laid"):
        numbered.laid(damaged)
    damaged.path.write_bytes(b"PAR1 no")
    with pytest.raises(SpeechDataError, match="cannot be laid"):
        numbered.laid(damaged)


def test_overlays_of_dead_snapshots_are_dropped(tmp_path: Path):
    corpus = opened(tmp_path, [row()])
    for number in range(5):
        corpus.laid(lay(tmp_path, f"o{number}", {"x": [number]}, [0]))
    corpus.laid(lay(tmp_path, "last", {"x": [1]}, [0]))
    [(count,)] = corpus.tables._fetch("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'lay%'", ())
    assert count <= 2


# Export -------------------------------------------------------------------------------------------------------------

json_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | json_texts
nested = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_texts, inner, max_size=3)
)
free_names = json_texts.filter(lambda name: not name.startswith(("pred_text", "text", "audio_file", "normalized_text")))
manifest_rows = st.fixed_dictionaries(
    {"duration": st.floats(0.01, 1e6), "text": st.none() | json_texts},
    optional={
        "offset": st.floats(0, 1e6) | st.integers(0, 100),
        "pred_text": st.none() | json_texts,
        "pred_text_b": st.none() | json_texts,
        "speaker": scalars,
        "lang": json_texts,
        "number": st.integers() | st.floats(allow_nan=False),
        "any": nested,
        "Any": st.booleans(),
    },
)


def as_read(entry: dict[str, Any]) -> dict[str, Any]:
    """What a manifest line means: null is the same as missing, no offset is offset 0."""
    return {"offset": 0, **{name: value for name, value in entry.items() if value is not None}}


@settings(
    max_examples=12,
    deadline=None,
    phases=set(Phase) - {Phase.shrink, Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(manifest_rows, st.dictionaries(free_names, nested, max_size=2)), max_size=20))
def test_reading_what_was_written_gives_the_same_values(
    tmp_path: Path, rows: list[tuple[dict[str, Any], dict[str, Any]]]
):
    entries = [{"audio_filepath": f"{n}.wav"} | free | fixed for n, (fixed, free) in enumerate(rows)]
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    corpus = opened(folder, entries)
    assert corpus.problems == ()
    export_beside(corpus, ALL, folder / "out.json", format="nemo")
    written = [json.loads(line) for line in (folder / "out.json").read_bytes().split(b"\n") if line]
    assert [as_read(entry) for entry in written] == [as_read(entry) for entry in entries]
    again = open_corpus("again", [folder / "out.json"], cache=folder / "cache")
    assert ids(again) == ids(corpus)


def test_a_manifest_export_has_the_fields_under_their_names_in_their_order(tmp_path: Path):
    entry = {
        "text": "a",
        "zeta": 1,
        "audio_filepath": "a.wav",
        "pred_text_x": "b",
        "lang": "de",
        "duration": 2.5,
        "n": [1],
    }
    corpus = opened(tmp_path, [entry, row("b.wav", late=True)])
    export_beside(corpus, ALL, tmp_path / "out.json", format="nemo")
    first, second = (tmp_path / "out.json").read_text().splitlines()
    assert list(json.loads(first).items()) == list(entry.items())
    assert json.loads(second) == row("b.wav", late=True)
    export_beside(corpus, ALL, tmp_path / "some.json", format="nemo", columns=["reference", "words"])
    assert json.loads((tmp_path / "some.json").read_text().splitlines()[0]) == {"text": "a", "words": 1}


def test_an_export_follows_the_query_and_keeps_what_json_barely_can(tmp_path: Path):
    lines = ['{"audio_filepath": "a", "duration": 2, "x": NaN, "big": 99999999999999999999999}', row("b", duration=1)]
    corpus = opened(tmp_path, lines)
    export_beside(corpus, Query(sort=(Sort("duration"),)), tmp_path / "out.json", format="nemo")
    second, first = map(json.loads, (tmp_path / "out.json").read_text().splitlines())
    assert second["audio_filepath"] == "b"
    assert first["big"] == 99999999999999999999999
    assert first["x"] != first["x"]


def test_csv_keeps_text_as_it_is_where_that_is_wanted(tmp_path: Path):
    texts = ['say "hi", then\nleave', "=1+1", "  spaces  ", "tab\tü \r x"]
    corpus = opened(tmp_path, [row(f"{n}.wav", text=text, n={"a": 1}, f=True) for n, text in enumerate(texts)])
    export_beside(corpus, ALL, tmp_path / "out.csv", format="csv", formulas="plain")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    assert [entry["text"] for entry in found] == texts
    own = {"audio_filepath": "0.wav", "duration": "1.5", "text": texts[0], "n": '{"a": 1}', "f": "true"}
    assert found[0].items() >= own.items()


@pytest.mark.parametrize("kind", ["nemo", "csv"])
def test_paths_lead_to_the_sound_wherever_the_export_lies(tmp_path: Path, kind: str):
    corpus = opened(tmp_path / "here", [row("wav/a.wav", text="x")])
    for folder, written in (("here", "wav/a.wav"), ("there", str(tmp_path / "here" / "wav" / "a.wav"))):
        out = tmp_path / folder / f"out-{kind}.{'csv' if kind == 'csv' else 'json'}"
        out.parent.mkdir(exist_ok=True)
        export_beside(corpus, ALL, out, format=kind)
        again = open_corpus("again", [out], roots=[tmp_path], cache=tmp_path / "cache")
        assert column_values(again, "audio") == [written]
        assert utterances(again)[0].path == tmp_path / "here" / "wav" / "a.wav"


def test_the_audio_list_has_what_an_engine_needs(tmp_path: Path):
    corpus = opened(tmp_path, [row("a.wav", offset=1.5), row("/abs/b.wav"), row("c.wav")])
    query = Query((Filter("line", (Test("lt", 3),)),), (Sort("line", True),))
    write_audio_list(corpus, query, tmp_path / "list.parquet")
    table = pq.read_table(tmp_path / "list.parquet")
    assert table.to_pylist() == [
        {"id": ids(corpus)[0], "row": 0, "path": str(tmp_path / "a.wav"), "offset": 1.5, "duration": 1.5},
        {"id": ids(corpus)[1], "row": 1, "path": "/abs/b.wav", "offset": 0.0, "duration": 1.5},
    ]
    write_audio_list(corpus, Query(search="not there"), tmp_path / "none.parquet")
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


# The cache ----------------------------------------------------------------------------------------------------------


def test_the_cache_is_used_again_and_a_changed_file_is_another_version(tmp_path: Path):
    first = opened(tmp_path, [row()])
    [file] = (tmp_path / "cache").glob("*.duckdb")
    made = file.stat().st_ino
    assert opened(tmp_path, [row()]).size == 1  # written again: the same content at another time
    path = tmp_path / "manifest.jsonl"
    os.utime(path, ns=(1, 1))
    one = open_corpus("test", [path], cache=tmp_path / "cache")
    assert one.key != first.key
    assert open_corpus("test", [path], cache=tmp_path / "cache").key == one.key
    assert file.stat().st_ino == made
    root = open_corpus("test", [path], cache=tmp_path / "cache", audio_root=tmp_path / "other")
    assert root.key != one.key


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest.Ingest, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        opened(tmp_path, [row()])
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_file()] == []


def test_a_half_built_file_is_never_used_and_swept_after_a_day(tmp_path: Path):
    (tmp_path / "cache").mkdir()
    path = write_manifest(tmp_path / "m.json", [row()])
    half = tmp_path / "cache" / f"{Recipe.of([path]).key}.123.abc{build.BUILDING}"
    half.write_bytes(b"half")
    assert open_corpus("test", [path], cache=tmp_path / "cache").size == 1
    assert half.exists()
    os.utime(half, (0, 0))
    list(build.build(Recipe.of([path]), tmp_path / "cache"))
    assert not half.exists()


def test_a_damaged_cache_file_is_made_again(tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row()])
    open_corpus("test", [path], cache=tmp_path / "cache")
    [file] = (tmp_path / "cache").glob("*.duckdb")
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ManifestError, match="delete it and open again"):
        opening.opened("test", Recipe.of([path]), tmp_path / "cache")
    assert open_corpus("test", [path], cache=tmp_path / "cache").size == 1


def test_nothing_is_written_beside_the_manifest(tmp_path: Path):
    path = write_manifest(tmp_path / "data" / "m.json", [row(duration=None)])
    open_corpus("test", [path], cache=tmp_path / "cache")
    assert list((tmp_path / "data").iterdir()) == [path]


@pytest.mark.slow
def test_two_processes_may_build_the_same_corpus_at_once(tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row(f"{n}.wav") for n in range(3_000)])
    order = build.order_for(Recipe.of([path]), tmp_path / "cache")
    command = [sys.executable, "-m", "explorer.corpora.build"]
    children = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(build.__file__).parents[2]
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(order)
        child.stdin.close()
    told = [child.stdout.read() for child in children if child.stdout is not None]
    assert [child.wait() for child in children] == [0, 0]
    assert all('"built"' in text and '"progress"' in text for text in told)
    assert open_corpus("test", [path], cache=tmp_path / "cache").size == 3_000
    assert len([file for file in (tmp_path / "cache").iterdir() if file.is_file()]) == 1


def test_problems_are_listed_up_to_a_limit_and_counted_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ingest, "MOST_PROBLEMS", 3)
    corpus = opened(tmp_path, [row(), *["broken"] * 5, *[row(duration=-1)] * 2])
    assert len(corpus.problems) == 3
    assert corpus.problem_count == 7
    assert corpus.problem_kinds == {"broken JSON": 5, "bad duration": 2}


def test_too_many_fields_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ingest, "MOST_FIELDS", 3)
    corpus = opened(tmp_path, [row(a=1, b=2, c=3, d=4, e=5)])
    assert [name for name in "abcde" if name in {c.name for c in corpus.columns}] == ["a", "b", "c"]
    assert corpus.problem_kinds == {"too many fields": 1}


def test_a_glimpse_finds_ids_by_their_beginning_then_texts_and_stops_at_enough(tmp_path: Path) -> None:
    texts = ["a red lamp", "a blue lamp", "nothing", "Lamp"]
    corpus = opened(tmp_path, [row(f"{number}.wav", text=text) for number, text in enumerate(texts)])
    known = ids(corpus)
    assert [found["reference"] for found in corpus.glimpse(known[2][:8], 5, ("reference",))[0]] == ["nothing"]
    assert {found["id"] for found in corpus.glimpse("lamp", 5, ())[0]} == {known[0], known[1], known[3]}
    assert len(corpus.glimpse("lamp", 2, ())[0]) == 2
    assert corpus.glimpse("50%_", 5, ()) == ([], 4)


def test_a_glimpse_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LOOKED_AT_ONCE", 10)
    corpus = opened(tmp_path, [row(f"{number}.wav", text=f"nr {number}") for number in range(35)])
    assert corpus.glimpse("said by nobody", 5, ()) == ([], 35)
    assert corpus.glimpse("said by nobody", 5, (), seconds=0.0) == ([], 0)
    found, looked = corpus.glimpse("nr 2", 3, ("reference",))
    assert ([values["reference"] for values in found], looked) == (["nr 2", "nr 20", "nr 21"], 35)
    ticks = iter([0.0, 0.1, 0.2, 9.0])
    monkeypatch.setattr(tables.time, "monotonic", lambda: next(ticks))
    assert corpus.glimpse("said by nobody", 5, (), seconds=1.0) == ([], 20)


@given(
    texts=st.lists(st.sampled_from([None, "", "a", "b", "aa", "B", "ä", "ﬀ", "z z"]), min_size=1, max_size=30),
    wanted=st.sampled_from(["a", "A", "ä", "Ä", "z", ""]),
    case=st.sampled_from([str.lower, str.upper, str]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_orders_and_cases_change_no_answer(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    texts: list[str | None],
    wanted: str,
    case: Any,
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    rows = [
        row(f"{n}.wav", text=None if text is None else case(text), duration=1 + n % 3) for n, text in enumerate(texts)
    ]
    answers = []
    for at_least in (1, 10**9):
        monkeypatch.setattr(orders, "FROM_ROWS", at_least)
        corpus = open_corpus("x", [write_manifest(folder / "m.json", rows)], cache=folder / f"cache-{at_least}")
        assert corpus.tables.ordered == (frozenset({"reference"}) if at_least == 1 else frozenset())
        short = (Filter("duration", (Test("lt", 2.5),)),)
        told = [
            Filter("reference", (Test(name, wanted or "a"),)) for name in ("contains", "starts", "ends", "excludes")
        ]
        queries = [Query(f, (Sort("reference", down),)) for f in ((), short) for down in (False, True)]
        queries += [Query(search=wanted), *(Query((one,)) for one in told)]
        answers.append([corpus.rows(query).tolist() for query in queries])
    assert answers[0] == answers[1]


def test_problems_stand_in_the_order_of_their_lines(tmp_path: Path):
    rows = [row("a.wav"), row("gone.wav", duration=None), "{", row("b.wav")]
    corpus = opened(tmp_path, rows)
    assert [(problem.line, problem.kind) for problem in corpus.problems] == [(2, "missing audio"), (3, "broken JSON")]


def test_sound_is_absent_when_no_row_has_its_file(tmp_path: Path):
    rows = [row(f"wav/{n}.wav") for n in range(30)]
    corpus = opened(tmp_path, rows)
    assert absent_sound(corpus) == tmp_path / "wav" / "0.wav"
    write_sound(tmp_path / "wav" / "29.wav")
    assert absent_sound(corpus) is None  # the last row is one of those that are looked at


def test_nobody_looks_for_sound_in_storage(tmp_path: Path):
    assert absent_sound(opened(tmp_path, [row("s3://bucket/a.wav")])) is None
