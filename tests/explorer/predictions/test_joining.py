"""Joining prediction files: each row finds its utterance or is listed with its address, and nothing is silent."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.config import CorpusSource
from explorer.config_files import load
from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.errors import ConfigError, ManifestError, PredictionError
from explorer.predictions import elsewhere, joining, prediction_store
from explorer.predictions.join_report import JoinReport
from explorer.predictions.joining import join, overlay, report_path
from explorer.predictions.prediction_store import PredictionStore, named_files, with_predictions
from explorer.predictions.sound_places import DURATION_TOLERANCE, OFFSET_TOLERANCE
from explorer.predictions.taken import LISTED
from explorer.querying.query import Query
from explorer.stores import Stores
from tests.explorer.manifests import opened, row, write_manifest


def segments(files: int = 3, each: int = 4) -> list[dict[str, Any]]:
    """``each`` utterances in every file, 2 s apart and 1.5 s long."""
    return [
        row(f"wav/{file}.flac", offset=2.0 * n, duration=1.5, text=f"said {file} {n}", utt=f"u{file}-{n}")
        | {"number": each * file + n}
        for file in range(files)
        for n in range(each)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return opened(tmp_path_factory.mktemp("joined"), segments())


@pytest.fixture
def joined(corpus: Corpus, tmp_path: Path) -> Callable[..., tuple[JoinReport, dict[str, str]]]:
    """Join a file and tell what each utterance (by ``utt``) has got, through the overlay and the written report."""

    def work(path: Path, *, on: str | None = None, to: Corpus = corpus) -> tuple[JoinReport, dict[str, str]]:
        output = tmp_path / "overlay.parquet"
        report = join(to, path, system="big", join_on=on, output=output)
        assert JoinReport.read(report_path(output).read_text()) == report
        laid = to.laid(overlay(to, output, report))
        assert report.rows == report.joined + sum(report.left_out.values())
        assert report.missing == to.size - report.joined == laid.extent(Query(where="{big} is empty")).utterances
        rows = laid.page(Query(), 0, to.size, ("utt", "hypothesis_big"))
        return report, {one["utt"]: one["hypothesis_big"] for one in rows if one["hypothesis_big"] is not None}

    return work


def heard(rows: Iterable[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    """Manifest rows with a hypothesis each: what was said, in capitals."""
    return [{**one, "pred_text": one["text"].upper(), **changes} for one in rows]


EVERYTHING = {one["utt"]: one["text"].upper() for one in segments()}


PLACES = ["wav/{}", "/data/elsewhere/wav/{}", "./wav/{}", "{}", "C:\\corpus\\wav\\{}", "/home/other/{}"]


@pytest.mark.parametrize("place", PLACES)
def test_the_same_sound_is_found_however_its_path_is_written(joined, tmp_path: Path, place: str):
    rows = [{**one, "audio_filepath": place.format(one["audio_filepath"].split("/")[1])} for one in heard(segments())]
    report, texts = joined(write_manifest(tmp_path / "big.jsonl", rows))
    assert texts == EVERYTHING
    assert (report.rows, report.joined, report.missing, report.left_out, report.problems) == (12, 12, 0, {}, ())
    assert report.joined_on == "sound and time"
    assert report.taken_from == "pred_text"


def test_a_file_of_that_name_elsewhere_is_the_same_only_when_durations_agree(joined, tmp_path: Path):
    elsewhere = [{**one, "audio_filepath": f"/x/{one['audio_filepath'][4:]}"} for one in heard(segments())]
    rows = [elsewhere[0], {**elsewhere[1], "duration": None}, {**elsewhere[2], "duration": 3.0}]
    report, texts = joined(write_manifest(tmp_path / "big.jsonl", rows))
    assert texts == {"u0-0": "SAID 0 0"}
    assert report.left_out == {"no such utterance": 2}
    assert 'called like "wav/0.flac", elsewhere' in report.problems[0].message
    assert "lasts 1.50 s, the row 3.00 s" in report.problems[1].message


def test_segments_of_one_file_are_never_joined_by_the_path_alone(joined, tmp_path: Path):
    without_offset = [{k: v for k, v in one.items() if k not in ("offset", "duration")} for one in heard(segments())]
    report, texts = joined(
        write_manifest(tmp_path / "big.jsonl", [{**o, "x": n} for n, o in enumerate(without_offset)])
    )
    # A missing offset is 0: the first row of each file is that of the segment at 0 s, the others repeat it.
    assert texts == {f"u{file}-0": f"SAID {file} 0" for file in range(3)}
    assert report.left_out == {"repeated": 9}
    report, texts = joined(
        write_manifest(tmp_path / "big.jsonl", [*heard(segments()[:1]), *heard(segments()[1:2], offset=3.0)])
    )
    assert texts == {"u0-0": "SAID 0 0"}
    [problem] = report.problems
    assert str(problem) == ('big.jsonl:2: no utterance of "wav/0.flac" begins at 3.00 s; the nearest begins at 2.00 s')
    assert report.left_out == {"no such utterance": 1}


def test_times_agree_within_the_tolerance_and_not_beyond(joined, tmp_path: Path):
    def of(**changes: float) -> tuple[JoinReport, dict[str, str]]:
        others = heard(segments()[:1])
        return joined(write_manifest(tmp_path / "b.jsonl", [*others, *heard(segments()[5:6], **changes)]))

    assert "u1-1" in of(offset=2.0 + 0.9 * OFFSET_TOLERANCE)[1]
    assert "u1-1" not in of(offset=2.0 + 1.1 * OFFSET_TOLERANCE)[1]
    assert "u1-1" in of(duration=1.5 + 0.9 * DURATION_TOLERANCE)[1]
    report, texts = of(duration=1.5 + 1.1 * DURATION_TOLERANCE)
    assert "u1-1" not in texts
    assert "at 2.00 s lasts 1.50 s, the row 1.61 s" in report.problems[0].message


def test_what_fits_several_sounds_or_utterances_is_joined_with_none(tmp_path: Path):
    rows = [row("a/1.wav", duration=1.0), row("b/1.wav", duration=1.0), row("c/2.wav", duration=1.0),
            row("d/3.wav", duration=1.0, channel=0), row("d/3.wav", duration=1.0, channel=1)]  # fmt: skip
    corpus = opened(tmp_path, rows)
    said = [{"audio_filepath": "1.wav", "pred_text": "x"}, {"audio_filepath": "z/b/1.wav", "pred_text": "y"},
            {"audio_filepath": "3.wav", "pred_text": "x"}, {"audio_filepath": "3.wav", "channel": 1, "pred_text": "z"},
            {"audio_filepath": "c/2.wav", "channel": 7, "pred_text": "w"}]  # fmt: skip
    output = tmp_path / "o.parquet"
    report = join(corpus, write_manifest(tmp_path / "b.jsonl", said), system="s", join_on=None, output=output)
    laid = corpus.laid(overlay(corpus, output, report))
    assert [one["hypothesis_s"] for one in laid.page(Query(), 0, 9, ("hypothesis_s",))] == [None, "y", "w", None, "z"]
    assert report.left_out == {"ambiguous": 2}
    assert [problem.line for problem in report.problems] == [1, 3]
    assert '"1.wav" could be 2 sound files' in report.problems[0].message


@pytest.mark.parametrize("at_once", [1, 5])
def test_rows_written_otherwise_are_placed_a_part_at_a_time(
    joined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    rows = [{**one, "audio_filepath": f"/data/{one['audio_filepath']}"} for one in heard(segments(files=7))]
    path = write_manifest(tmp_path / "big.jsonl", rows)
    whole = joined(path)
    monkeypatch.setattr(elsewhere, "PLACED_AT_ONCE", at_once)
    monkeypatch.setattr(joining, "LOOKED_UP_AT_ONCE", at_once)
    assert joined(path) == whole
    assert whole[1] == EVERYTHING
    assert whole[0].left_out == {"no such utterance": 16}


def test_thousands_of_files_of_one_name_and_of_segments_of_one_file_take_no_time_at_all(tmp_path: Path):
    """Looking at all of them for every row would take minutes."""
    many = 6_000
    ours = [row(f"clips/{n}/audio.wav", utt=f"f{n}") for n in range(many)]
    ours += [row("long.wav", offset=2.0 * n, utt=f"s{n}") for n in range(many)]
    corpus = opened(tmp_path, ours)
    theirs = [row(f"/data/clips/{n}/audio.wav", pred_text=f"f{n}") for n in range(many)]
    theirs += [row("/data/long.wav", offset=2.0 * n, pred_text=f"s{n}") for n in range(many)]
    theirs += [row("/data/long.wav", offset=2.0 * n + 1, pred_text="nobody's") for n in range(many)]
    theirs += [row("audio.wav", offset=float(n), pred_text="whose?") for n in range(many)]
    path, output = write_manifest(tmp_path / "big.jsonl", theirs), tmp_path / "o.parquet"
    began = time.process_time()
    report = join(corpus, path, system="big", join_on=None, output=output)
    assert time.process_time() - began < 15
    laid = corpus.laid(overlay(corpus, output, report))
    assert all(
        one["utt"] == one["hypothesis_big"] for one in laid.page(Query(), 0, 2 * many, ("utt", "hypothesis_big"))
    )
    assert report.left_out == {"no such utterance": many, "ambiguous": many}
    assert "the nearest begins at 0.00 s" in report.problems[0].message
    assert len(report.problems) == LISTED


def test_everything_that_does_not_join_is_listed_with_its_address(joined, tmp_path: Path):
    rows: list[Any] = heard(segments()[:3])
    rows += ["{broken", rows[0], {**rows[1], "offset": 2.001}, {**rows[0], "audio_filepath": "no.wav"}]
    rows += [{k: v for k, v in segments()[4].items() if k != "text"}, {"pred_text": "no sound"}]
    report, texts = joined(write_manifest(tmp_path / "big.jsonl", rows))
    assert texts == {"u0-0": "SAID 0 0", "u0-1": "SAID 0 1", "u0-2": "SAID 0 2"}
    assert report.left_out == {"repeated": 2, "no such utterance": 1, "no hypothesis": 1}
    assert report.faulty == 2
    assert [problem.line for problem in report.problems] == [4, 5, 6, 7, 8, 9]
    assert [problem.line for problem in report.missed] == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert str(report.missed[0]) == "manifest.jsonl:4: no hypothesis of big for wav/0.flac at 6.00 s"
    said = " ".join(report.sentences())
    for part in ("big: 3 of 12 utterances", "Utterances without a hypothesis: 9", "match no utterance: 1",
                 "earlier row, which counts: 2", "have no hypothesis: 1", "could not be read: 2"):  # fmt: skip
        assert part in said


def test_files_of_any_format_are_joined(joined, tmp_path: Path):
    rows = segments()
    lines = {
        "hyp.stm": "".join(
            f"{r['utt'][1]} 1 spk {r['offset']} {r['offset'] + 1.5} {r['text'].upper()}\n" for r in rows
        ),
        "hyp.tsv": "audio\toffset\tpred_text\n"
        + "".join(f"x/{r['audio_filepath']}\t{r['offset']}\t{r['text'].upper()}\n" for r in rows),
        "hyp.txt": "".join(f"{r['utt']} {r['text'].upper()}\n" for r in rows),
        "text": "".join(f"{r['utt']}\t{r['text'].upper()}\n" for r in rows),
        "hyp.trn": ";; a comment\n" + "".join(f"{r['text'].upper()} ({r['utt']})\n" for r in rows),
    }
    for name, content in lines.items():
        (tmp_path / name).write_text(content)
        report, texts = joined(tmp_path / name)
        assert texts == EVERYTHING, name
        assert (report.rows, report.faulty) == (12, 0)


def test_a_field_of_both_joins_tables_and_json_without_sound(joined, tmp_path: Path):
    rows = segments()
    (tmp_path / "h.csv").write_text("utt,pred_text\n" + "".join(f"{r['utt']},{r['text'].upper()}\n" for r in rows))
    table = {"utt": [r["utt"] for r in rows], "pred_text_big": [r["text"].upper() for r in rows]}
    pyarrow.parquet.write_table(pa.table(table), tmp_path / "h.parquet")
    write_manifest(tmp_path / "h.jsonl", [{"key": r["utt"], "pred_text": r["text"].upper()} for r in rows])
    write_manifest(tmp_path / "n.jsonl", [{"number": r["number"], "pred_text": r["text"].upper()} for r in rows])
    for name, on in (("h.csv", "utt"), ("h.parquet", "utt"), ("h.jsonl", "utt=key"), ("n.jsonl", "number")):
        report, texts = joined(tmp_path / name, on=on)
        assert texts == EVERYTHING, name
        assert report.joined_on == on.split("=")[0]


def test_keys_of_the_corpus_that_are_not_unique_join_nothing(tmp_path: Path):
    corpus = opened(tmp_path, [row("a.wav", utt="x"), row("b.wav", utt="x"), row("c.wav", utt="y")])
    (tmp_path / "h.txt").write_text("x one\ny two\ny three\nz four\n")
    report = join(corpus, tmp_path / "h.txt", system="s", join_on="utt", output=tmp_path / "o.parquet")
    assert report.joined == 1
    assert report.left_out == {"ambiguous": 1, "repeated": 1, "no such utterance": 1}
    assert [str(p) for p in report.problems] == [
        'h.txt:1: "x" is the utt of 2 utterances',
        "h.txt:3: the row is for the same utterance as line 2",
        'h.txt:4: no utterance has the utt "z"',
    ]


def test_keyed_text_falls_back_to_sound_names_unless_segments_share_them(tmp_path: Path):
    corpus = opened(tmp_path, [row("x/a.wav"), row("x/b.flac"), row("x/c.wav"), row("x/c.wav", offset=5.0)])
    (tmp_path / "h.txt").write_text("a one\nb two\nc three\n")
    report = join(corpus, tmp_path / "h.txt", system="s", join_on=None, output=tmp_path / "o.parquet")
    assert (report.joined, report.left_out) == (2, {"ambiguous": 1})
    assert report.joined_on == "name of the sound file without its ending"


@pytest.mark.parametrize(
    ("rows", "on", "sentence"),
    [
        (heard(segments(), audio_filepath="other.wav"), None, "no row of big.jsonl (NeMo manifest, 12 rows) fits an"),
        (heard(segments(), pred_text_a="x"), None, "has the predictions of pred_text, a; name the predictions like"),
        (heard(segments()), "nope", 'there is no column "nope"'),
        (heard(segments()), "utt=nope", "no row of big.jsonl"),
    ],
)
def test_a_file_that_cannot_be_joined_at_all_is_an_error(joined, tmp_path: Path, rows, on, sentence: str):
    with pytest.raises(PredictionError) as caught:
        joined(write_manifest(tmp_path / "big.jsonl", rows), on=on)
    assert sentence in str(caught.value)


def test_other_reasons_to_refuse(joined, corpus: Corpus, tmp_path: Path):
    with pytest.raises(PredictionError, match="are not there"):
        joined(tmp_path / "gone.jsonl")
    (tmp_path / "h.csv").write_text("utt,pred_text\nu0-0,x\n")
    with pytest.raises(PredictionError, match="or join it by a field that it shares"):
        joined(tmp_path / "h.csv")
    (tmp_path / "bytes.stm").write_bytes(b"\0\1\2\3")
    with pytest.raises((PredictionError, ManifestError)):
        joined(tmp_path / "bytes.stm")
    late = [*segments()[:2], *heard(segments()[2:])]
    with pytest.raises(PredictionError, match="in its first rows but in later"):
        join(corpus, _in_blocks(tmp_path, late), system="s", join_on="utt", output=tmp_path / "o.parquet")
    write_manifest(tmp_path / "m.jsonl", heard(segments()))
    twice = corpus.laid(overlay(corpus, *_overlay_of(corpus, tmp_path)))
    with pytest.raises(PredictionError, match="already; give the new ones another name"):
        join(twice, tmp_path / "m.jsonl", system="big", join_on=None, output=tmp_path / "p.parquet")


def _in_blocks(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of more than one block whose first has no hypothesis."""
    filler = {**rows[0], "pad": "x" * (1 << 20)}
    return write_manifest(folder / "late.jsonl", [*([filler] * 9), *rows[2:]])


def _overlay_of(corpus: Corpus, folder: Path) -> tuple[Path, JoinReport]:
    output = folder / "first.parquet"
    path = write_manifest(folder / "first.jsonl", heard(segments()))
    return output, join(corpus, path, system="big", join_on=None, output=output)


@settings(max_examples=30)
@given(st.data())
def test_every_row_is_joined_with_the_utterance_it_was_made_from_or_listed(corpus_of_many: Corpus, data: st.DataObject):
    """Rows are made from utterances by moving times a little or a lot, and by writing paths otherwise."""
    chosen = data.draw(st.lists(st.integers(0, 39), max_size=30))
    near = st.floats(-0.9, 0.9).map(lambda share: share * OFFSET_TOLERANCE)
    rows, expected, fitting = [], {}, 0
    for number, place in enumerate(chosen):
        far = data.draw(st.booleans())
        offset = 3.0 * (place % 4) + (0.5 if far else data.draw(near))
        folder = data.draw(st.sampled_from(["", "wav/", "/x/wav/", "y/wav/"]))
        rows.append(
            {"audio_filepath": f"{folder}{place // 4}.wav", "offset": max(0.0, offset), "pred_text": str(number)}
        )
        fitting += not far
        if not far:
            expected.setdefault(place, str(number))
    folder = Path(corpus_of_many.sources[0]).parent
    path = write_manifest(folder / "said.jsonl", [{**r, "duration": 1.0, "n": n} for n, r in enumerate(rows)])
    output = folder / "said.parquet"
    if not expected:
        with pytest.raises(PredictionError):
            join(corpus_of_many, path, system="s", join_on=None, output=output)
        return
    report = join(corpus_of_many, path, system="s", join_on=None, output=output)
    assert report.rows == len(rows) == report.joined + sum(report.left_out.values())
    assert report.joined == len(expected)
    assert report.left_out.get("repeated", 0) + report.left_out.get("no such utterance", 0) == len(rows) - len(expected)
    assert len(report.problems) == len(rows) - len(expected)
    table = pyarrow.parquet.read_table(output).to_pydict()
    assert dict(zip(table["row"], table["hypothesis_s"], strict=True)) == expected


@pytest.fixture(scope="module")
def corpus_of_many(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    rows = [row(f"wav/{n // 4}.wav", offset=3.0 * (n % 4), duration=1.0) for n in range(40)]
    return opened(tmp_path_factory.mktemp("many"), rows)


def test_the_command_line_lays_several_files(corpus: Corpus, tmp_path: Path):
    first = write_manifest(tmp_path / "a.jsonl", heard(segments()))
    second = write_manifest(tmp_path / "b.jsonl", heard(segments()[:5]))
    files = named_files([f"a={first}", f"b={second}"])
    laid, reports = with_predictions(corpus, files, join_on=None, cache=tmp_path / "cache")
    assert laid.systems == ("a", "b")
    assert [report.joined for report in reports] == [12, 5]
    for words in (["a"], ["=x"], ["a/b=x"], ["a="], ["a=x", "a=y"]):
        with pytest.raises(ConfigError):
            named_files(words)


# ---- the store ----


def waited(store: PredictionStore, corpus: Corpus) -> Corpus:
    """The corpus when all its files are joined."""
    end = time.monotonic() + 20
    store.lay(corpus)
    while store.pending(corpus) and time.monotonic() < end:
        time.sleep(0.02)
    return store.lay(corpus)


def store_of(corpus: Corpus, folder: Path, **predictions: Path) -> PredictionStore:
    source = CorpusSource(manifests=corpus.sources, predictions=predictions)
    return PredictionStore({corpus.name: source}, folder=folder / "predictions", cache=folder / "cache")


def test_files_of_the_configuration_become_columns_and_follow_their_changes(corpus: Corpus, tmp_path: Path):
    path = write_manifest(tmp_path / "a.jsonl", heard(segments()[:5]))
    store = store_of(corpus, tmp_path, a=path, gone=tmp_path / "gone.jsonl")
    before = store.revision(corpus)
    laid = waited(store, corpus)
    assert laid.systems == ("a",)
    assert store.revision(corpus) != before
    assert store.lay(corpus) is laid
    joined, failed = store.states(corpus)
    assert joined.report is not None
    assert joined.report.joined == 5
    assert failed.report is None
    assert "are not there" in failed.failure
    time.sleep(0.01)
    write_manifest(path, heard(segments()[:7]))
    assert waited(store, corpus).extent(Query(where="{a} is not empty")).utterances == 7
    # Another process finds the joins done.
    again = store_of(corpus, tmp_path, a=path)
    assert again.lay(corpus).systems == ("a",)


def test_a_file_that_was_sent_survives_a_restart_and_is_joined_anew_with_a_changed_corpus(tmp_path: Path):
    corpus = opened(tmp_path, segments())
    store = store_of(corpus, tmp_path)
    content = "\n".join(map(json.dumps, heard(segments()))).encode()
    report = store.add(corpus, system="sent", name="C:\\x\\my hyps.jsonl", content=content, join_on=None)
    assert report.file == "my hyps.jsonl"
    assert store.lay(corpus).systems == ("sent",)
    with pytest.raises(PredictionError, match='predictions of "sent" already'):
        store.add(corpus, system="sent", name="a.jsonl", content=content, join_on=None)
    restarted = store_of(corpus, tmp_path)
    assert restarted.lay(corpus).systems == ("sent",)
    changed = opened(tmp_path, [row("new.wav"), *segments()])
    assert restarted.lay(changed).systems == ()
    laid = waited(restarted, changed)
    assert laid.page(Query(), 1, 2, ("reference", "hypothesis_sent"))[0]["hypothesis_sent"] == "SAID 0 0"
    assert laid.extent(Query(where="{sent} is empty")).utterances == 1
    restarted.remove(changed, "sent")
    assert restarted.lay(changed).systems == ()
    assert [path.name for path in (tmp_path / "predictions").iterdir()] == ["index.json"]
    with pytest.raises(PredictionError, match="were added here"):
        restarted.remove(changed, "sent")


def test_what_takes_long_is_joined_in_the_background_with_progress_and_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(prediction_store, "PATIENCE", 0.05)
    gate, looking = threading.Event(), threading.Event()
    batches = Corpus.batches

    def slow(self: Corpus, *given: Any, **named: Any) -> Any:
        for batch in batches(self, *given, **named):
            yield batch
            looking.set()
            gate.wait(20)

    monkeypatch.setattr(Corpus, "batches", slow)
    corpus = opened(tmp_path, segments())
    store = store_of(corpus, tmp_path)
    elsewhere = [{**one, "audio_filepath": f"/x/{one['audio_filepath']}"} for one in heard(segments())]
    content = "\n".join(map(json.dumps, elsewhere)).encode()

    def add(system: str) -> None:
        looking.clear()
        assert store.add(corpus, system=system, name="a.jsonl", content=content, join_on=None) is None
        assert looking.wait(20)
        assert store.pending(corpus)
        assert re.search("rows of the file read|of 12 utterances looked at", store.states(corpus)[0].progress)

    add("stopped")
    with pytest.raises(PredictionError, match="already"):
        store.add(corpus, system="stopped", name="a.jsonl", content=content, join_on=None)
    store.remove(corpus, "stopped")
    assert store.states(corpus) == ()
    gate.set()
    gate.clear()
    add("kept")
    gate.set()
    waited(store, corpus)
    (state,) = store.states(corpus)
    assert state.report is not None
    assert [path.suffix for path in (tmp_path / "predictions").iterdir()].count(".jsonl") == 1


@pytest.mark.parametrize(
    ("system", "name", "content", "sentence"),
    [
        ("../x", "a.jsonl", b"", "cannot name a system"),
        ("", "a.jsonl", b"", "cannot name a system"),
        ("ok", "a.exe", b"", "does not end in"),
        ("ok", "a.jsonl.gz", b"", "does not end in"),
        ("ok", "a.parquet", b"", "does not end in"),
        ("ok", "../../a.jsonl", b"", "no row of a.jsonl"),
        ("ok", "a.txt", b"\0\1\2", "a.txt"),
        ("ok", "a.jsonl", b'[{"a": 1}]', "a.jsonl"),
    ],
)
def test_what_cannot_be_sent_leaves_nothing_behind(corpus: Corpus, tmp_path, system, name, content, sentence):
    store = store_of(corpus, tmp_path)
    with pytest.raises((PredictionError, ManifestError)) as caught:
        store.add(corpus, system=system, name=name, content=content, join_on=None)
    assert sentence in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert not list(tmp_path.glob("predictions/*"))


def test_an_upload_cannot_make_the_server_read_other_files(corpus: Corpus, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    rows = [{**segments()[0], "text": None, "text_filepath": str(tmp_path / "secret.txt")}, *segments()[1:2]]
    report = store_of(corpus, tmp_path).add(
        corpus, system="s", name="a.jsonl", content="\n".join(map(json.dumps, rows)).encode(), join_on=None
    )
    assert report.joined == 1
    assert "secret" not in Path(next((tmp_path / "cache").glob("*.parquet"))).read_bytes().decode("latin-1")


def test_stores_show_the_predictions_that_the_configuration_names(tmp_path: Path):
    manifest = write_manifest(tmp_path / "m.jsonl", segments())
    write_manifest(tmp_path / "big.jsonl", heard(segments()))
    (tmp_path / "c.yaml").write_text("corpora: {m: {manifests: [m.jsonl], predictions: {big: big.jsonl}}}\n")
    config = load([tmp_path / "c.yaml"], [f"workspace={tmp_path}/work", f"cache.folder={tmp_path}/cache"])
    assert config.corpora["m"].predictions == {"big": tmp_path / "big.jsonl"}
    library = Library(tmp_path / "cache")
    try:
        library.open("m", [manifest])
        stores = Stores(config=config, library=library)
        end = time.monotonic() + 30
        while (stores.pending({}) or not stores.corpus({}).complete) and time.monotonic() < end:
            stores.corpus({})
            time.sleep(0.05)
        assert stores.corpus({}).systems == ("big",)
        assert stores.corpus({}).page(Query(), 0, 1, ("hypothesis_big",))[0]["hypothesis_big"] == "SAID 0 0"
    finally:
        library.close()
