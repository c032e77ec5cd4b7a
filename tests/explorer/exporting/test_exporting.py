"""Exports: every format is written, read back by its own readers and by ours, and says what it left out."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import soundfile

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import QueryError
from explorer.exporting import EXPORTS, Wanted, export_to
from explorer.formats import FORMATS, format_of
from explorer.querying.query import Query, Sort
from tests.explorer.manifests import opened, row, write_sound

ALL = Query()
WORDS = [{"word": "one", "start": 0.1, "end": 0.4}, {"word": "two", "start": 0.5, "end": 1.0}]
ROWS = [
    row("a.wav", duration=1.5, speaker="anna", lang="en", pred_text="one to", words=WORDS),
    row(
        "a.wav",
        offset=0.25,
        duration=0.75,
        text="=grüße  und\tmehr",
        speaker="ben",
        gender="m",
        nested={"a": [1, None]},
    ),
    row("inner/a.wav", duration=2.0, text="", speaker="anna", channel=1, snr=12.5, big=2**70),
    row("b.wav", duration=None, text=None, late=True),
    row("gone.wav", duration=1.0, text="no sound"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    write_sound(tmp_path / "a.wav", seconds=1.5)
    write_sound(tmp_path / "b.wav", seconds=0.5)
    (tmp_path / "inner").mkdir()
    soundfile.write(tmp_path / "inner" / "a.wav", 0.1 * np.ones((16_000, 2)), 8000)
    return opened(tmp_path, ROWS)


def written(corpus: Corpus, folder: Path, name: str, **wanted: Any) -> tuple[Path, Any]:
    path = folder / f"out.{EXPORTS[name].ending}"
    return path, export_to(corpus, ALL, path, format=name, wanted=Wanted(**wanted))


def back(folder: Path, path: Path) -> Corpus:
    return open_corpus("back", [path], cache=folder / "cache-back", roots=[folder])


def told(corpus: Corpus, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(values) for _, values in corpus.listed(corpus.rows(ALL), columns)]


@pytest.mark.parametrize("name", EXPORTS)
def test_an_empty_selection_is_an_empty_file_of_the_format(corpus: Corpus, tmp_path: Path, name: str):
    path = tmp_path / f"out.{EXPORTS[name].ending}"
    none = Query(search="nobody says this")
    assert export_to(corpus, none, path, format=name, wanted=Wanted()).rows == 0
    assert path.is_file()


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_written_and_what_is_left_out_are_all_rows(corpus: Corpus, tmp_path: Path, name: str):
    _, result = written(corpus, tmp_path, name)
    assert result.rows + sum(result.left_out.values()) == corpus.size
    assert f"{result.rows:,} utterances written" in result.sentence()


def test_a_manifest_comes_back_exactly(corpus: Corpus, tmp_path: Path):
    path, _ = written(corpus, tmp_path, "nemo")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    expected = [{k: v for k, v in entry.items() if v is not None} for entry in ROWS]
    expected[3]["duration"] = 0.5  # measured meanwhile
    assert [{k: v for k, v in line.items() if k != "offset" or v} for line in lines] == expected


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_tables_come_back_with_the_same_rows(corpus: Corpus, tmp_path: Path, name: str):
    path, _ = written(corpus, tmp_path, name)
    again = back(tmp_path, path)
    columns = (
        "audio",
        "offset",
        "duration",
        "reference",
        "speaker",
        "hypothesis_pred_text",
        "gender",
        "snr",
        "channel",
    )
    assert told(again, *columns) == told(corpus, *columns)
    ids = [[id for id, _ in one.listed(one.rows(ALL), ("audio",))] for one in (again, corpus)]
    assert [a == b for a, b in zip(*ids, strict=True)] == [True, True, True, False, True]  # a duration was unknown


def test_pandas_reads_the_csv_and_the_parquet_alike(corpus: Corpus, tmp_path: Path):
    table = pandas.read_csv(
        written(corpus, tmp_path, "csv", formulas="plain")[0], keep_default_na=False, na_values={"duration": [""]}
    )
    other = pandas.read_parquet(written(corpus, tmp_path, "parquet")[0])
    assert list(table.columns) == list(other.columns)
    assert table["text"].tolist() == ["one two", "=grüße  und\tmehr", "", "", "no sound"]
    exact = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pydict()
    assert exact["text"] == ["one two", "=grüße  und\tmehr", "", None, "no sound"]
    assert other["duration"].tolist() == table["duration"].tolist() == [1.5, 0.75, 2.0, 0.5, 1.0]
    assert exact["words"][0] == json.dumps(WORDS)
    schema = pyarrow.parquet.read_schema(tmp_path / "out.parquet")
    assert str(schema.field("snr").type) == "double"
    assert str(schema.field("late").type) == "bool"


def test_a_kaldi_folder_comes_back_with_the_same_rows_and_is_sorted(corpus: Corpus, tmp_path: Path):
    folder = tmp_path / "kaldi"
    result = export_to(corpus, ALL, folder, format="kaldi", wanted=Wanted())
    assert (result.rows, result.left_out) == (5, {})
    for file in folder.iterdir():
        keys = [line.split(b" ", 1)[0] for line in file.read_bytes().splitlines()]
        assert keys == sorted(set(keys)), file.name
    assert len((folder / "wav.scp").read_text().splitlines()) == 4  # two sounds called a.wav are told apart
    assert str(tmp_path / "inner" / "a.wav") in (folder / "wav.scp").read_text()
    again = back(tmp_path, folder)
    kept = ("offset", "duration", "reference", "channel", "gender")
    clean = [(o, d, None if r is None else " ".join(r.split()), c, g) for o, d, r, c, g in told(corpus, *kept)]
    assert sorted(told(again, *kept), key=str) == sorted(clean, key=str)
    speakers = dict(line.split(" ", 1) for line in (folder / "spk2utt").read_text().splitlines())
    assert len(speakers["anna"].split()) == 2


def test_a_kaldi_folder_is_a_zip_in_the_browser(corpus: Corpus, tmp_path: Path):
    path, _ = written(corpus, tmp_path, "kaldi")
    with zipfile.ZipFile(path) as archive:
        assert {"test/wav.scp", "test/segments", "test/text"} <= set(archive.namelist())
    assert not list(tmp_path.glob("*.folder"))


def test_lhotse_itself_reads_the_cuts_and_hears_the_same_sound(corpus: Corpus, tmp_path: Path):
    lhotse = pytest.importorskip("lhotse")
    path, result = written(corpus, tmp_path, "lhotse")
    assert dict(result.left_out) == {"whose sound cannot be read": 1}
    cuts = list(lhotse.load_manifest(path))
    for cut in cuts:
        lhotse.validate(cut)
    assert [cut.duration for cut in cuts] == [1.5, 0.75, 2.0, 0.5]
    assert [[s.text for s in cut.supervisions] for cut in cuts] == [["one two"], ["=grüße  und\tmehr"], [""], []]
    assert cuts[0].supervisions[0].speaker == "anna"
    assert cuts[1].supervisions[0].custom["nested"] == {"a": [1, None]}
    assert cuts[2].channel == 1
    words = cuts[0].supervisions[0].alignment["word"]
    assert [(word.symbol, word.start, word.duration) for word in words] == [("one", 0.1, 0.3), ("two", 0.5, 0.5)]
    samples, _ = soundfile.read(tmp_path / "a.wav", start=2000, frames=6000, dtype="float32")
    assert np.array_equal(cuts[1].load_audio()[0], samples)


def test_what_lhotse_writes_is_read_as_lhotse_means_it(tmp_path: Path):
    lhotse = pytest.importorskip("lhotse")
    from lhotse.supervision import AlignmentItem

    sound = write_sound(tmp_path / "long.wav", seconds=10)
    recording = lhotse.Recording.from_file(sound, recording_id="long")
    said = [
        lhotse.SupervisionSegment(
            id=f"s{n}", recording_id="long", start=n * 2.5, duration=1.5, text=f"word {n}", speaker=f"p{n}"
        ).with_alignment("word", [AlignmentItem("word", n * 2.5, 0.5), AlignmentItem(str(n), n * 2.5 + 0.75, 0.25)])
        for n in range(4)
    ]
    recordings = lhotse.RecordingSet.from_recordings([recording])
    supervisions = lhotse.SupervisionSet.from_segments(said)
    recordings.to_file(tmp_path / "x_recordings.jsonl.gz")
    supervisions.to_file(tmp_path / "x_supervisions.jsonl.gz")
    whole = lhotse.CutSet.from_manifests(recordings, supervisions)
    whole.to_file(tmp_path / "whole.jsonl.gz")
    whole.trim_to_supervisions().to_file(tmp_path / "trimmed.jsonl")
    expected = [("long.wav", n * 2.5, 1.5, f"word {n}", f"p{n}") for n in range(4)]
    times = [{"word": "word", "start": 0.0, "end": 0.5}]
    for name in ("x_supervisions.jsonl.gz", "whole.jsonl.gz", "trimmed.jsonl"):
        corpus = back(tmp_path, tmp_path / name)
        assert format_of(tmp_path / name).name == "lhotse"
        found = told(corpus, "audio", "offset", "duration", "reference", "speaker", "words_field")
        assert [(Path(a).name, *rest) for a, *rest, _ in found] == expected, name
        assert [words for *_, words in found] == [
            [*times, {"word": str(n), "start": 0.75, "end": 1.0}] for n in range(4)
        ], name
        assert corpus.problem_count == 0


def test_stm_comes_back_and_says_what_it_left_out(corpus: Corpus, tmp_path: Path):
    path, result = written(corpus, tmp_path, "stm")
    lines = path.read_text().splitlines()
    assert lines[0] == ";; 4 utterances written; left out: 1 without a text"
    assert lines[1:] == sorted(lines[1:])
    assert any(line.endswith(" 1 ben 0.25 1.00 =grüße und mehr") for line in lines)
    assert any(" 2 anna 0.00 2.00" in line for line in lines)
    assert result.rows == 4


def test_stm_of_a_system_has_what_it_heard(corpus: Corpus, tmp_path: Path):
    path, _ = written(corpus, tmp_path, "stm", system="pred_text")
    assert path.read_text().splitlines()[1].endswith("0.00 1.50 one to")


def test_ctm_has_the_times_of_the_source_and_makes_up_none(corpus: Corpus, tmp_path: Path):
    path, result = written(corpus, tmp_path, "ctm")
    assert dict(result.left_out) == {"without word times": 4}
    lines = path.read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines[1:]] == ["1 0.10 0.30 one", "1 0.50 0.50 two"]


def test_a_ctm_comes_back_as_it_was(tmp_path: Path):
    write_sound(tmp_path / "a.wav", seconds=2)
    text = "a 1 0.25 0.30 turn\na 1 0.55 0.20 the\na 2 0.75 0.25 lights\n"
    (tmp_path / "in.ctm").write_text(text)
    corpus = open_corpus("ctm", [tmp_path / "in.ctm"], cache=tmp_path / "cache")
    path, _ = written(corpus, tmp_path, "ctm")
    assert path.read_text() == ";; 2 utterances written\n" + text


def test_paths_are_written_in_full_when_they_must_be(corpus: Corpus, tmp_path: Path):
    path, _ = written(corpus, tmp_path, "nemo", absolute=True)
    assert json.loads(path.read_text().splitlines()[0])["audio_filepath"] == str(tmp_path / "a.wav")


def test_the_order_is_the_querys_where_a_format_has_one(corpus: Corpus, tmp_path: Path):
    path = tmp_path / "out.jsonl"
    export_to(corpus, Query(sort=(Sort("duration"),)), path, format="nemo", wanted=Wanted())
    durations = [json.loads(line)["duration"] for line in path.read_text().splitlines()]
    assert durations == sorted(durations)


def test_nonsense_is_refused(corpus: Corpus, tmp_path: Path):
    with pytest.raises(QueryError, match='no export "word"; there are nemo, csv'):
        export_to(corpus, ALL, tmp_path / "out", format="word", wanted=Wanted())
    with pytest.raises(QueryError, match='no system "x"; its systems: pred_text'):
        export_to(corpus, ALL, tmp_path / "out.stm", format="stm", wanted=Wanted(system="x"))


def test_lhotse_exports_nothing_from_outside_the_corpus(tmp_path: Path):
    write_sound(tmp_path / "elsewhere" / "secret.wav")
    corpus = opened(tmp_path / "here", [row(str(tmp_path / "elsewhere" / "secret.wav"), duration=1.0)])
    path, result = written(corpus, tmp_path, "lhotse")
    assert dict(result.left_out) == {"outside the corpus's folders": 1}
    assert gzip.decompress(path.read_bytes()) == b""


def test_every_format_that_is_written_is_read(corpus: Corpus, tmp_path: Path):
    assert set(EXPORTS) <= set(FORMATS) | {"nemo"}
