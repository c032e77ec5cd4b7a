"""NeMo manifests: what becomes a row, what becomes a Problem and with which address, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from explorer.corpora.opening import open_corpus
from explorer.errors import ManifestError
from explorer.formats import Reading, nemo
from explorer.formats.lines import blocks
from explorer.formats.rows import identity
from explorer.querying.query import Query
from tests.explorer.manifests import ids, opened, row, said, write_manifest

GOOD = row("good.wav")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"audio_filepath": "a.wav", "duration": 1.0', "the line is cut off: the file ends inside a JSON object"),
        ('{"audio_filepath": "a.wav" "duration": 1}', "broken JSON at character 28: expecting ',' delimiter"),
        ("[1, 2]", "the line is a list, expected a JSON object"),
        ('"text"', "the line is a text, expected a JSON object"),
        ("null", "the line is null, expected a JSON object"),
        ("17", "the line is a number, expected a JSON object"),
        (b'{"audio_filepath": "\xe9.wav"}', "the line is not valid UTF-8 (byte 0xe9 at 21)"),
        (
            '{"audio_filepath": "a.wav", "text": "\\ud800"}',
            "the line holds half of a surrogate pair, which is no character",
        ),
        (row(duration=-1), '"duration" is -1, expected seconds > 0'),
        (row(duration=0), '"duration" is 0, expected seconds > 0'),
        (row(duration=0.0), '"duration" is 0.0, expected seconds > 0'),
        (row(duration=float("nan")), '"duration" is NaN, expected seconds > 0'),
        (row(duration=float("inf")), '"duration" is Infinity, expected seconds > 0'),
        (
            row(duration=10**400),
            '"duration" is 100000000000000000000000000000000000000…, expected seconds > 0 and less',
        ),
        (row(duration=1e12), "expected seconds > 0 and less than 30 years"),
        (row(duration="1.5"), '"duration" is "1.5", expected seconds > 0'),
        (row(duration=True), '"duration" is true, expected seconds > 0'),
        (row(duration=[1.5]), '"duration" is [1.5], expected seconds > 0'),
        (row(offset=-0.5), '"offset" is -0.5, expected seconds >= 0'),
        (row(offset="0"), '"offset" is "0", expected seconds >= 0'),
        (row(offset=False), '"offset" is false, expected seconds >= 0'),
        ({"duration": 1.0, "text": "x"}, '"audio_filepath" is missing, expected the path of a sound file'),
        (row(audio_filepath=None), '"audio_filepath" is missing, expected the path of a sound file'),
        (row(audio_filepath=""), '"audio_filepath" is empty, expected the path of a sound file'),
        (row(audio_filepath="  "), '"audio_filepath" is empty, expected the path of a sound file'),
        (
            row(audio_filepath=["a.wav", "b.wav"]),
            '"audio_filepath" is ["a.wav", "b.wav"], expected the path of a sound',
        ),
        (row(text=5), '"text" is 5, expected text'),
        (row(text=["a"]), '"text" is ["a"], expected text'),
        (row(pred_text=5), '"pred_text" is 5, expected text'),
        (row(pred_text_small={"a": 1}), '"pred_text_small" is {"a": 1}, expected text'),
        (row(text=None, normalized_text=3), '"normalized_text" is 3, expected text'),
        ("{" * 100_000, "broken JSON"),
    ],
)
def test_a_faulty_line_is_a_problem_with_its_address_and_the_rest_loads(tmp_path: Path, line: object, sentence: str):
    last = isinstance(line, str) and "cut off" in sentence
    path = write_manifest(tmp_path / "m.json", [GOOD, row("second.wav"), *([] if last else [line, row("last.wav")])])
    if last:
        path.write_bytes(path.read_bytes() + line.encode())  # type: ignore[union-attr]
    corpus = open_corpus("test", [path], cache=tmp_path / "cache")
    [problem] = corpus.problems
    assert str(problem).startswith("m.json:3: ")
    assert sentence in str(problem)
    assert corpus.problem_count == 1
    assert corpus.size == (2 if last else 3)


def test_the_second_row_with_the_same_audio_and_times_is_a_duplicate(tmp_path: Path):
    rows = [row(), row(text="other"), row(duration=2), row(offset=1), row(channel=0), row(channel=1), row(channel=1)]
    corpus = opened(tmp_path, rows)
    assert corpus.size == 5
    assert said(corpus) == [
        "manifest.jsonl:2: the line repeats line 1: same audio, offset and duration",
        "manifest.jsonl:7: the line repeats line 6: same audio, offset and duration",
    ]


def test_a_duplicate_in_another_file_names_that_file(tmp_path: Path):
    one = write_manifest(tmp_path / "one" / "m.json", [row("/x/a.wav")])
    two = write_manifest(tmp_path / "two" / "m.json", [row("/x/b.wav"), row("/x/a.wav")])
    corpus = open_corpus("test", [one, two], cache=tmp_path / "cache")
    assert corpus.size == 2
    assert said(corpus) == ["two/m.json:2: the line repeats one/m.json:1: same audio, offset and duration"]


def test_an_identity_is_the_same_on_every_load_and_in_any_order(tmp_path: Path):
    rows = [row(f"{n}.wav", offset=n) for n in range(5)]
    there = ids(opened(tmp_path / "there", rows))
    back = ids(opened(tmp_path / "back", [*rows[::-1], row("new.wav")]))
    assert there == list(back[4::-1])
    assert identity("0.wav", 0.0, 1.5) == there[0]
    assert all(len(id) == 16 and int(id, 16) >= 0 for id in there)


def test_a_whole_number_of_seconds_is_the_same_identity_however_it_is_written(tmp_path: Path):
    assert opened(tmp_path, [row(duration=3), row(duration=3.0)]).problem_kinds == {"duplicate": 1}


def test_the_reference_is_text_else_the_text_file_else_the_normalized_text(tmp_path: Path):
    (tmp_path / "t.txt").write_bytes("\ufefffrom a file\r\n".encode())
    corpus = opened(
        tmp_path,
        [
            row("0.wav", text="own", text_filepath="t.txt", normalized_text="n"),
            row("1.wav", text=None, text_filepath="t.txt", normalized_text="n"),
            row("2.wav", text=None, normalized_text="n"),
            row("3.wav", text=None),
            row("4.wav", text="", normalized_text="n"),
            row("5.wav", text=None, text_filepath="gone.txt"),
            row("6.wav", text=None, text_filepath="../../etc/passwd"),
        ],
    )
    found = [values["reference"] for values in corpus.page(Query(), 0, 9, ["reference"])]
    assert found == ["own", "from a file", "n", None, ""]
    assert '"text_filepath" gone.txt cannot be read: no such file or directory' in said(corpus)[0]
    assert "lies outside the corpus's folders" in said(corpus)[1]


def test_audio_filename_is_taken_where_audio_filepath_is_missing(tmp_path: Path):
    corpus = opened(tmp_path, [{"audio_filename": "x.wav", "duration": 1}])
    assert corpus.page(Query(), 0, 1, ["audio"])[0]["audio"] == "x.wav"


def test_crlf_byte_order_mark_blank_lines_and_a_missing_last_line_end_are_no_trouble(tmp_path: Path):
    path = tmp_path / "m.json"
    one, two = (json.dumps(row(name)).encode() for name in ("a.wav", "b.wav"))
    path.write_bytes(b"\xef\xbb\xbf" + one + b"\r\n\r\n   \n" + two)
    corpus = open_corpus("test", [path], cache=tmp_path / "cache")
    assert corpus.problem_count == 0
    assert [values["line"] for values in corpus.page(Query(), 0, 9, ["line"])] == [1, 4]


def test_of_a_key_that_occurs_twice_the_last_value_counts(tmp_path: Path):
    corpus = opened(tmp_path, ['{"audio_filepath": "a.wav", "duration": 1, "text": "one", "text": "two"}'])
    assert corpus.page(Query(), 0, 1, ["reference"])[0]["reference"] == "two"


def test_a_line_of_ten_megabytes_loads(tmp_path: Path):
    corpus = opened(tmp_path, [GOOD, row("long.wav", text="word " * 2_000_000), row("last.wav")])
    assert corpus.size == 3
    assert corpus.counts["words"] == 2 + 2_000_000 + 2


def test_a_line_that_is_too_long_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nemo, "LONGEST_LINE", 1_000)
    corpus = opened(tmp_path, [GOOD, row("long.wav", text="x" * 1_000)])
    assert corpus.size == 1
    assert "at most 1,000 are read" in said(corpus)[0]


def test_gzip_is_recognized_by_its_content(tmp_path: Path):
    path = tmp_path / "m.json"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode() + b"\n"))
    assert open_corpus("test", [path], cache=tmp_path / "cache").size == 1


def test_a_gzip_file_that_breaks_off_keeps_what_came_before(tmp_path: Path):
    rows = [row(f"{n}.wav", text=str(hash(str(n)))) for n in range(2_000)]
    path = write_manifest(tmp_path / "m.json", rows)
    whole = gzip.compress(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    corpus = open_corpus("test", [path], cache=tmp_path / "cache")
    assert 100 < corpus.size < 2_000
    assert "the gzip data is damaged or cut off" in said(corpus)[-1]


def test_an_empty_file_is_an_empty_corpus(tmp_path: Path):
    for number, content in enumerate((b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b""))):
        path = tmp_path / f"{number}.json"
        path.write_bytes(content)
        corpus = open_corpus("test", [path], cache=tmp_path / "cache")
        assert (corpus.size, corpus.problem_count, corpus.systems) == (0, 0, ())
        assert [c.name for c in corpus.columns][:4] == ["audio", "offset", "duration", "reference"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"audio_filepath": "a.wav"}]', "it is one JSON array"),
        (b'[\n  {"audio_filepath": "a.wav"},\n  {"audio_filepath": "b.wav"}\n]', "one JSON array over several lines"),
        (b'[{"audio_filepath": "a.wav"},\n{"audio_filepath": "b.wav"}]', "one JSON array over several lines"),
        (b'{\n  "audio_filepath": "a.wav"\n}', "one pretty-printed JSON object"),
        (b"a list of sounds\n" + b"a.wav 1.0 x\n" * 30, "none of its first 20 lines begins with an opening brace"),
        (b"RIFF\x00\x00\x00\x00WAVE", "is a binary file"),
        ('{"audio_filepath": "a.wav"}\n'.encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_manifest_at_all_is_refused_with_a_reason(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "m.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=sentence) as caught:
        open_corpus("test", [path], cache=tmp_path / "cache")
    assert str(path) in str(caught.value)


def test_a_manifest_that_is_not_there_or_an_empty_folder_is_refused(tmp_path: Path):
    for path, reason in ((tmp_path / "none.json", "no such file"), (tmp_path, "holds no corpus")):
        with pytest.raises(ManifestError, match=reason):
            open_corpus("test", [path], cache=tmp_path / "cache")


def test_a_single_faulty_line_is_a_problem_not_a_refusal(tmp_path: Path):
    assert said(opened(tmp_path, ["not json"])) == ["manifest.jsonl:1: broken JSON at character 1: expecting value"]


def test_reading_at_once_and_line_by_line_gives_the_same_rows(tmp_path: Path):
    """A faultless block takes the quick way; one faulty line sends the same lines through the careful one."""
    rows = [row(f"{n}.wav", text=None if n % 3 else "x y", offset=n / 2 if n % 2 else None, snr=n) for n in range(50)]
    quick = write_manifest(tmp_path / "quick.json", rows)
    careful = write_manifest(tmp_path / "careful.json", [*rows, "broken"])
    [one], [two] = (list(nemo.read(path, Reading(index=0, names=("m",)))) for path in (quick, careful))
    for name in ("lines", "ids", "audio", "offset", "duration", "reference", "fields", "order"):
        assert getattr(one, name) == getattr(two, name), name
    assert (one.problems, len(two.problems)) == ([], 1)


def test_line_numbers_go_on_from_block_to_block(tmp_path: Path):
    path = write_manifest(tmp_path / "m.json", [row(f"{n}.wav") for n in range(1_000)])
    read = list(blocks(path, size=4_096))
    assert len(read) > 10
    assert [block.first for block in read[:2]] == [1, 1 + len(read[0].lines)]
    numbers = [n for batch in nemo.read(path, Reading(index=0, names=("m",), block_bytes=4_096)) for n in batch.lines]
    assert numbers == list(range(1, 1_001))


def test_the_role_of_a_field():
    assert nemo.role("pred_text").system == "pred_text"
    assert nemo.role("pred_text_large").system == "large"
    assert nemo.role("pred_text_").system is None
    assert nemo.role("lang").name == "language"
    for system in ("pred_text", "large", "x_y"):
        assert nemo.role(nemo.prediction_field(system)).system == system
