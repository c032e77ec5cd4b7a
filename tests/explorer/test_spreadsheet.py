"""Cells of CSV: what spreadsheets would run is guarded, and everything comes back as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import spreadsheet
from explorer.corpora.opening import open_corpus
from explorer.exporting import Wanted, export_to
from explorer.querying.query import Query
from tests.explorer.manifests import opened, row

TEXTS = st.text(st.sampled_from("'=+-@\t\r1.5e,\"\nä "), max_size=8)


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+x", "'+x"),
        ("- he said", "'- he said"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("-1.5e3", "-1.5e3"),
        ("+49", "+49"),
        ("-1+1", "'-1+1"),
        ("", ""),
        ("a=1", "a=1"),
    ],
)
def test_only_what_a_spreadsheet_would_run_is_guarded(text: str, guarded: str) -> None:
    assert spreadsheet.guarded(text) == guarded
    assert spreadsheet.unguarded(guarded) == text


@given(TEXTS)
def test_nothing_that_was_guarded_is_a_formula_and_all_comes_back(text: str) -> None:
    guarded = spreadsheet.guarded(text)
    assert spreadsheet.unguarded(guarded) == text
    assert spreadsheet.all_unguarded(pa.array([guarded])).to_pylist() == [text]
    if guarded[:1] in ("=", "+", "-", "@", "\t", "\r"):
        float(guarded)


def test_a_table_is_what_the_standard_library_reads() -> None:
    records = [["a,b", 1.5, True], ['"', None, False], ["=x", [1, "é"], {"a": None}], ["\n", "", -3]]
    written = b"".join(spreadsheet.lines(["one", "=two", "three"], iter(records))).decode()
    assert list(csv.reader(io.StringIO(written, newline=""))) == [
        ["one", "'=two", "three"],
        ["a,b", "1.5", "true"],
        ['"', "", "false"],
        ["'=x", '[1, "é"]', '{"a": null}'],
        ["\n", "", "-3"],
    ]
    many = b"".join(spreadsheet.lines(["n"], ([n] for n in range(5_000))))
    assert many.decode().split() == ["n", *map(str, range(5_000))]


@given(st.lists(TEXTS.filter(lambda text: "\r" not in text), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exported_texts_are_read_as_they_were(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("formulas")
    rows = [row(f"{number}.wav", text=text, **{"=note": f"x{text}"}) for number, text in enumerate(texts)]
    corpus = opened(folder, rows)
    out = folder / "out.csv"
    export_to(corpus, Query(), out, format="csv", wanted=Wanted())
    again = open_corpus("again", [out], cache=folder / "cache")
    shown = [entry["reference"] for entry in again.page(Query(), 0, 99, ("reference",))]
    assert shown == texts
    assert "=note" in {column.field for column in again.columns}


def test_texts_go_out_as_they_are_where_that_is_wanted(tmp_path: Path) -> None:
    corpus = opened(tmp_path, [row("a.wav", text="=1+1")])
    for formulas, cell in (("guarded", "'=1+1"), ("plain", "=1+1")):
        export_to(corpus, Query(), tmp_path / "out.csv", format="csv", wanted=Wanted(formulas=formulas))  # type: ignore[arg-type]
        with (tmp_path / "out.csv").open(newline="") as file:
            assert next(csv.DictReader(file))["text"] == cell
