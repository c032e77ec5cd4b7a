"""Every format: the samples are recognized, read, and their faults addressed; and what each format promises."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus, preview
from explorer.corpora.recipe import Recipe
from explorer.errors import ManifestError
from explorer.formats import FORMATS, format_of
from explorer.querying.query import Query
from tests.explorer.manifests import said, write_sound

TIMES = "words_field"  # the field "words": the column "words" is their number
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RESULTS = "MODEL_nvidia-parakeet-tdt-0.6b-v2_DATASET_hf-audio-esb-datasets-test-only-sorted_ami_test.jsonl"
REFUSED_EMPTY = ("common-voice", "csv", "ljspeech", "folder", "parquet", "voices")
SOURCES = {
    "leaderboard": f"leaderboard/{RESULTS}",
    "nemo": "nemo/manifest.jsonl",
    "nemo-tts": "nemo-tts/magpie.json",
    "voices": "voices",
    "lhotse": "lhotse/cuts.jsonl",
    "kaldi": "kaldi/train",
    "common-voice": "common-voice/dev.tsv",
    "ljspeech": "ljspeech/metadata.csv",
    "csv": "csv/comma.csv",
    "stm": "stm/talk.stm",
    "ctm": "ctm/talk.ctm",
    "folder": "folder",
    "parquet": "parquet/table.parquet",
}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """The sample files, with the sound that some of them name."""
    there = tmp_path / "samples"
    shutil.copytree(SAMPLES, there)
    for name in ("stm/a.wav", "stm/b.wav", "ctm/a.wav", "ctm/b.wav", "folder/a.wav", "folder/inner/b.wav"):
        write_sound(there / name, seconds=2.5)
    for name in ("b-system/s01.wav", "b-system/s02.wav", "a-system/s02.flac", "a-system/extra.wav"):
        write_sound(there / "voices" / name)
    rows = {"path": ["a.wav", "b.wav", "c.wav"], "duration": [1.5, None, -1.0], "text": ["one", None, "negative"]}
    (there / "parquet").mkdir()
    pyarrow.parquet.write_table(pa.table(rows | {"takes": [[1, 2], None, []]}), there / "parquet" / "table.parquet")
    return there


def rows_of(corpus: Corpus, *columns: str) -> list[dict[str, Any]]:
    """The exact values of all rows, without missing ones."""
    names = columns or tuple(c.name for c in corpus.columns if c.origin == "manifest")
    listed = corpus.listed(corpus.rows(Query()), names)
    return [{n: v for n, v in zip(names, values, strict=True) if v is not None} for _, values in listed]


def opened(samples: Path, source: str, **options: Any) -> Corpus:
    return open_corpus("test", [samples / source], cache=samples / "cache", **options)


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_is_recognized_by_its_content_and_by_its_name(samples: Path, name: str):
    path = samples / SOURCES[name]
    assert format_of(path).name == name
    assert path in format_of(path).adapter().files(path) or path.is_dir()


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_opens_with_rows_and_addressed_problems_and_first_shows_a_preview(samples: Path, name: str):
    corpus = opened(samples, SOURCES[name])
    assert corpus.size >= 2
    assert corpus.problem_count >= (name != "folder")
    first = preview("test", Recipe.of([samples / SOURCES[name]]))
    assert 0 < first.size <= corpus.size
    assert rows_of(first, "audio", "reference") == rows_of(corpus, "audio", "reference")[: first.size]
    assert all(len(id) == 16 for id, _ in corpus.listed(corpus.rows(Query()), ("audio",)))


@pytest.mark.parametrize("name", FORMATS)
def test_identities_are_the_same_on_every_load(samples: Path, name: str):
    ids = [[id for id, _ in c.listed(c.rows(Query()), ("audio",))] for c in (opened(samples, SOURCES[name]),) * 2]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_file_is_another_recipe(samples: Path, name: str):
    path = samples / SOURCES[name]
    before = Recipe.of([path])
    assert not before.changed()
    file = format_of(path).adapter().files(path)[-1]
    file.write_bytes(file.read_bytes() + b"\n")
    assert before.changed() == (path,)
    assert Recipe.of([path]).key != before.key


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_source_is_an_empty_corpus_or_a_sentence(tmp_path: Path, name: str):
    suffixes = FORMATS[name].suffixes
    if not suffixes:
        path = tmp_path / "folder"
        path.mkdir()
    else:
        path = tmp_path / ("wav.scp" if name == "kaldi" else f"empty{suffixes[0]}")
        path.write_bytes(b"")
    if name in REFUSED_EMPTY:
        with pytest.raises(ManifestError, match=re.escape(str(path))):
            open_corpus("empty", [path], cache=tmp_path / "cache")
    else:
        assert open_corpus("empty", [path], cache=tmp_path / "cache").size == 0


def test_leaderboard_results_are_the_hypothesis_of_their_model(samples: Path):
    corpus = opened(samples, SOURCES["leaderboard"])
    assert corpus.systems == ("nvidia-parakeet-tdt-0.6b-v2",)
    assert corpus.totals(Query(), ["time", "duration"]) == pytest.approx({"time": 0.06, "duration": 6.4})


def test_kaldi_files_are_joined_on_their_keys(samples: Path):
    corpus = opened(samples, "kaldi/train")
    first = {"utterance_id": "utt1", "recording_id": "rec1", "speaker": "anna", "gender": "f", "audio": "a.wav"}
    assert rows_of(corpus) == [
        first | {"offset": 0.25, "duration": 1.0, "reference": "turn the lights on"},
        first | {"utterance_id": "utt2", "offset": 1.25, "duration": 1.25, "reference": ""},
        first
        | {"utterance_id": "utt3", "recording_id": "rec2", "speaker": "bert", "gender": "m", "audio": "/data/b.flac"}
        | {"offset": 0.0, "duration": 1.5, "reference": "grüße", "channel": 1},
    ]
    assert said(corpus) == [
        'train/segments:4: "wav.scp" is the command "sph2pipe -f wav c.sph |", which is never run; name a sound file',
        'train/segments:5: "end" is 2.0, expected seconds after the start at 3.0',
        'train/segments:6: "segments" names the recording "rec9", which wav.scp lacks',
        'train/text:7: has no entry in segments: "utt7"',
    ]


def test_kaldi_commands_are_never_run(tmp_path: Path):
    touched = tmp_path / "touched"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wav.scp").write_text(f"u1 touch {touched} |\nu2 | touch {touched}\nu3 a.wav\n")
    corpus = open_corpus("k", [tmp_path / "data"], cache=tmp_path / "cache")
    assert corpus.size == 1
    assert corpus.problem_kinds["command"] == 2
    assert not touched.exists()


@pytest.mark.parametrize("shuffled", [False, True])
def test_kaldi_files_may_be_in_any_order(tmp_path: Path, shuffled: bool):
    folder, keys = tmp_path / "data", [f"u{n:03d}" for n in range(200)]
    folder.mkdir()
    (folder / "wav.scp").write_text("".join(f"{key} {key}.wav\n" for key in keys))
    others = keys[::-1] if shuffled else keys
    (folder / "text").write_text("".join(f"{key} said {key}\n" for key in others))
    (folder / "utt2spk").write_text("".join(f"{key} {key[:2]}\n" for key in others))
    (folder / "utt2dur").write_text("".join(f"{key} 1.5\n" for key in others))
    corpus = open_corpus("k", [folder], cache=tmp_path / "cache")
    assert corpus.problem_count == 0
    assert rows_of(corpus, "audio", "reference", "speaker", "duration") == [
        {"audio": f"{key}.wav", "reference": f"said {key}", "speaker": key[:2], "duration": 1.5} for key in keys
    ]


def test_lhotse_cuts_keep_their_times_and_words(samples: Path):
    corpus = opened(samples, "lhotse/cuts.jsonl")
    rows = rows_of(corpus, "audio", "offset", "duration", "reference", "cut_id", TIMES)
    assert rows[0][TIMES] == [
        {"word": "turn", "start": 0.0, "end": 0.3},
        {"word": "on", "start": 0.7, "end": 0.95},
    ]
    times = [(row["audio"], row["offset"], row["duration"], row["reference"], row["cut_id"]) for row in rows]
    assert times == [
        ("a.wav", 0.5, 1.0, "turn the lights on", "cut-1"),
        ("b.wav", 0.25, 1.0, "one", "cut-2"),
        ("b.wav", 1.5, 1.0, "two", "cut-2"),  # as far as it lies inside its cut
        ("a.wav", 0.0, 1.0, "padded", "cut-4"),
    ]
    assert corpus.problem_kinds == {"command": 1}


@pytest.mark.parametrize("source", ["lhotse/pair", "lhotse/pair/dev_supervisions.jsonl"])
def test_lhotse_supervisions_find_their_recordings(samples: Path, source: str):
    corpus = opened(samples, source)
    assert [(row["audio"], row["offset"], row["reference"]) for row in rows_of(corpus)] == [
        ("a.wav", 0.5, "turn the lights on"),
        ("b.wav", 0.0, "grüße"),
    ]
    assert rows_of(corpus, "channel", "language") == [{"channel": 1}, {"channel": 0, "language": "de"}]
    assert said(corpus)[0].endswith('dev_supervisions.jsonl:3: "recording_id" is "rec7", which is no recording')


def test_lhotse_supervisions_without_recordings_are_refused(samples: Path):
    (samples / "lhotse/pair/dev_recordings.jsonl").unlink()
    with pytest.raises(ManifestError, match=r"dev_recordings.jsonl with their recordings is not beside it"):
        opened(samples, "lhotse/pair/dev_supervisions.jsonl")


def test_lhotse_gzip_is_read_like_plain(samples: Path):
    packed = samples / "lhotse" / "packed"
    packed.mkdir()
    content = (samples / "lhotse/cuts.jsonl").read_bytes()
    (packed / "cuts.jsonl.gz").write_bytes(gzip.compress(content))
    assert rows_of(opened(samples, "lhotse/packed")) == rows_of(opened(samples, "lhotse/cuts.jsonl"))


def test_common_voice_takes_quotation_marks_literally_and_finds_clips(samples: Path):
    corpus = opened(samples, "common-voice/dev.tsv")
    rows = rows_of(corpus, "audio", "reference", "speaker", "language", "up_votes")
    first = {"speaker": "c1", "language": "en", "up_votes": 2}
    assert rows[0] == first | {"audio": "clips/common_voice_en_1.mp3", "reference": '"Quoted," he said.'}
    assert rows[1]["reference"] == 'An "open quotation mark'


@pytest.mark.parametrize("source", ["ljspeech", "ljspeech/metadata.csv"])
def test_ljspeech_sounds_lie_in_wavs(samples: Path, source: str):
    corpus = opened(samples, source)
    assert rows_of(corpus)[0] == {
        "audio": "wavs/LJ001-0001.wav",
        "offset": 0.0,
        "reference": 'Printing, in fourteen fifty-five, "so to speak"',
        "raw_text": 'Printing, in 1455, "so to speak"',
    }
    assert {problem.line for problem in corpus.problems} == {1, 2, 3}  # the third is faulty, the sounds are missing


def test_csv_types_are_those_of_whole_columns(samples: Path):
    corpus = opened(samples, "csv/comma.csv")
    rows = rows_of(corpus, "audio", "duration", "reference", "speaker", "zip", "score", "checked")
    assert rows == [
        {"audio": "a.wav", "duration": 1.5, "reference": "Hello, world"}
        | {"speaker": "1", "zip": "01234", "score": 0.5, "checked": True},
        {"audio": "b.wav", "duration": 2.0, "reference": 'said "yes"'}
        | {"speaker": "2", "zip": "10115", "score": 1.0, "checked": False},
        {"audio": "c.wav", "reference": "two\nlines", "speaker": "anna", "zip": "00000", "checked": True},
        {"audio": "f.wav", "duration": 0.25, "reference": "", "speaker": "4", "zip": "1", "score": 2.0},
    ]
    addresses = {(problem.line, problem.field) for problem in corpus.problems}
    assert {(6, "duration"), (7, None)} <= addresses


def test_csv_quotation_that_is_never_closed_costs_its_own_line_alone(tmp_path: Path):
    lines = [f"{n}.wav,1.5,said {n}\n" for n in range(500)]
    lines[100] = '100.wav,1.5,"never closed\n'
    lines[300] = '300.wav,1.5,"closed far below\n'
    (tmp_path / "t.csv").write_text("audio,duration,text\n" + "".join(lines))
    corpus = open_corpus("t", [tmp_path / "t.csv"], cache=tmp_path / "cache")
    assert corpus.size == 498
    assert {problem.line for problem in corpus.problems} == {102, 302}


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
def test_csv_cells_of_several_lines_may_cross_blocks(tmp_path: Path, block_bytes: int):
    from explorer.formats import Reading, delimited

    path = tmp_path / "t.csv"
    path.write_text('audio,text\n\na.wav,"one\ntwo\n\nthree"\nb.wav,four\r\nc.wav,"five\r\nsix"\n')
    found = list(delimited.read(path, Reading(index=0, names=("t.csv",), block_bytes=block_bytes)))
    rows = [row for batch in found for row in zip(batch.lines, batch.audio, batch.reference, strict=True)]
    assert rows == [(3, "a.wav", "one\ntwo\n\nthree"), (7, "b.wav", "four"), (8, "c.wav", "five\r\nsix")]
    assert not [problem for batch in found for problem in batch.problems]


def test_a_table_without_sound_lists_its_columns(tmp_path: Path):
    (tmp_path / "t.csv").write_text("id,words\n1,one\n")
    with pytest.raises(ManifestError, match='its columns are "id", "words"'):
        open_corpus("t", [tmp_path / "t.csv"], cache=tmp_path / "cache")


def test_columns_of_any_name_can_be_named(tmp_path: Path):
    (tmp_path / "t.csv").write_text("id,words,long\n1.wav,one,2.5\n")
    columns = {"audio": "id", "reference": "words", "duration": "long"}
    corpus = open_corpus("t", [tmp_path / "t.csv"], cache=tmp_path / "cache", columns=columns)
    assert rows_of(corpus) == [{"audio": "1.wav", "offset": 0.0, "duration": 2.5, "reference": "one"}]
    with pytest.raises(ManifestError, match='no column "wav" for the audio'):
        open_corpus("t", [tmp_path / "t.csv"], cache=tmp_path / "cache", columns={"audio": "wav"})


def test_starts_and_ends_become_durations(samples: Path):
    corpus = opened(samples, "csv/tabs.tsv")
    assert rows_of(corpus, "offset", "duration", "reference") == [
        {"offset": 0.5, "duration": 0.75, "reference": 'first "part'},
        {"offset": 1.2, "duration": 0.1, "reference": "second"},
    ]


def test_parquet_keeps_types_and_takes_the_path_of_a_sound_with_bytes(tmp_path: Path):
    import datetime

    table = pa.table(
        {
            "audio": pa.array([{"bytes": b"RIFF", "path": "a.wav"}, {"bytes": None, "path": "b.wav"}]),
            "text": ["one", None],
            "day": [datetime.date(2026, 1, 2), None],
            "takes": [[1, 2], []],
            "raw": [b"\x00", None],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    corpus = open_corpus("t", [tmp_path / "t.parquet"], cache=tmp_path / "cache")
    assert rows_of(corpus) == [
        {"audio": "a.wav", "offset": 0.0, "reference": "one", "day": "2026-01-02", "takes": [1, 2]},
        {"audio": "b.wav", "offset": 0.0, "takes": []},
    ]
    assert corpus.problem_kinds["binary"] == 1


def test_stm_lines_are_utterances_of_the_sound_beside_it(samples: Path):
    corpus = opened(samples, "stm/talk.stm")
    rows = rows_of(corpus, "audio", "offset", "duration", "reference", "speaker", "channel", "ignored")
    assert rows[0] == {"audio": "a.wav", "offset": 0.25, "duration": 1.0} | {
        "reference": "turn the lights on",
        "speaker": "anna",
        "channel": 0,
    }
    assert rows[1]["ignored"] is True
    assert "reference" not in rows[1]
    assert rows[3]["audio"] == "missing"
    assert corpus.problem_kinds["no sound found"] == 1


def test_ctm_words_are_joined_by_file_and_channel_with_their_times(samples: Path):
    corpus = opened(samples, "ctm/talk.ctm")
    rows = rows_of(corpus, "audio", "duration", "reference", "channel", TIMES)
    assert [(row["audio"], row["reference"], row["channel"]) for row in rows] == [
        ("a.wav", "turn the lights", 0),
        ("b.wav", "grüße", 0),
        ("b.wav", "side", 1),
    ]
    assert rows[0]["duration"] == 2.5  # the sound's own
    assert rows[0][TIMES][1:] == [
        {"word": "the", "start": 0.55, "end": 0.75},
        {"word": "lights", "start": 0.75, "end": 1.0},
    ]


def test_a_folder_of_sound_has_the_texts_beside_it(samples: Path):
    corpus = opened(samples, "folder")
    assert rows_of(corpus, "audio", "duration", "reference") == [
        {"audio": "a.wav", "duration": 2.5, "reference": "one two three"},
        {"audio": "inner/b.wav", "duration": 2.5, "reference": "FOUR FIVE"},
    ]
    path = corpus.audio_path(corpus.utterance(corpus.listed(corpus.rows(Query()), ("audio",))[1][0]))
    assert Path(str(path)).name == "b.wav"


def test_sources_of_several_formats_are_one_corpus(samples: Path):
    names = ("nemo/manifest.jsonl", "stm/talk.stm", "kaldi/train", "csv/comma.csv")
    corpus = open_corpus("all", [samples / name for name in names], cache=samples / "cache")
    assert "duplicate" not in corpus.problem_kinds  # "a.wav" of two folders is two sounds
    assert corpus.size == 3 + 4 + 3 + 4
    assert {row["source"] for row in rows_of(corpus, "source")} == {"manifest.jsonl", "talk.stm", "train", "comma.csv"}
    assert len([c for c in corpus.columns if c.name in ("audio", "offset", "duration", "reference")]) == 4
    assert not corpus.column("offset").hidden


def test_a_shard_pattern_is_one_corpus(tmp_path: Path):
    for shard in range(3):
        row = {"audio_filepath": f"{shard}.wav", "duration": 1.0, "text": str(shard)}
        (tmp_path / f"m_{shard}.json").write_text(json.dumps(row) + "\n")
    corpus = open_corpus("m", [tmp_path / "m__OP_0..2_CL_.json"], cache=tmp_path / "cache")
    assert [row["reference"] for row in rows_of(corpus)] == ["0", "1", "2"]
    with pytest.raises(ManifestError, match=r"m_3\.json cannot be opened"):
        Recipe.of([tmp_path / "m_{0..3}.json"])


def test_a_folder_of_nothing_is_refused(tmp_path: Path):
    (tmp_path / "readme.md").write_text("nothing")
    with pytest.raises(ManifestError, match="holds no corpus of a known format and no sound files"):
        Recipe.of([tmp_path])


def test_results_of_synthesis_are_readings_recordings_and_the_voices_they_follow(samples: Path):
    corpus = opened(samples, SOURCES["nemo-tts"])
    rows = rows_of(corpus, "audio", "reference", "system", "stimulus_role", "hypothesis_pred_text", "wer")
    text = "Dr. Smith paid five dollars."
    assert [row["audio"] for row in rows] == [
        "predicted_audio_0.wav", "predicted_audio_1.wav", "gt/0.wav", "voice.wav", "gt/1.wav", "gt/2.wav",
    ]  # fmt: skip
    heard = {"hypothesis_pred_text": "doctor smith paid five dollars", "wer": 0.2}
    assert rows[0] == {"audio": "predicted_audio_0.wav", "reference": text, "system": "magpie"} | heard
    assert rows[2]["system"] == rows[2]["stimulus_role"] == "reference"
    assert rows[2]["hypothesis_pred_text"] == "dr smith paid five dollars"
    assert rows[3] == {"audio": "voice.wav", "system": "context", "stimulus_role": "context"}
    assert [sentence for sentence in said(corpus) if "duration" not in sentence] == [
        'magpie.json:4: "pred_audio_filepath" is missing, expected the path of a sound file or null',
        'magpie.json:5: "gt_text" is 7, expected text',
        'magpie.json:6: "pred_audio_filepath" is " ", expected the path of a sound file',
    ]


def test_a_general_name_of_results_leaves_the_name_to_their_folder(tmp_path: Path):
    (tmp_path / "vits").mkdir()
    line = '{"gt_text": "a", "pred_audio_filepath": "0.wav"}'
    (tmp_path / "vits" / "manifest.json").write_text(
        f"{line}\n" + '{"pred_audio_filepath": "1.wav", "system": "own"}\n'
    )
    corpus = open_corpus("test", [tmp_path / "vits" / "manifest.json"], cache=tmp_path / "cache")
    assert [row["system"] for row in rows_of(corpus, "system")] == ["vits", "own"]


def test_folders_of_voices_are_read_in_the_order_of_their_texts(samples: Path):
    corpus = opened(samples, SOURCES["voices"])
    rows = rows_of(corpus, "audio", "reference", "system", "sentence_id", "normalized_text")
    assert rows == [
        {"audio": "a-system/s02.flac", "reference": "The fog lifted.", "system": "a-system", "sentence_id": "s02"},
        {"audio": "a-system/extra.wav", "system": "a-system", "sentence_id": "extra"},
        {"audio": "b-system/s01.wav", "reference": "Dr. Smith paid $5.", "system": "b-system", "sentence_id": "s01"}
        | {"normalized_text": "doctor smith paid five dollars"},
        {"audio": "b-system/s02.wav", "reference": "The fog lifted.", "system": "b-system", "sentence_id": "s02"},
    ]
    assert sorted(said(corpus)) == [
        'voices/texts.txt:3: "s01" has a text in line 1 already, which counts',
        'voices/texts.txt:4: no system has a sound called "s03"',
        "voices/texts.txt:5: the line is not of the form id|text",
        "voices: a-system/extra.wav has no line in texts.txt",
    ]


def test_folders_of_voices_are_known_by_texts_with_an_empty_line(samples: Path):
    (samples / "voices" / "texts.txt").write_text("s01 One.\n\n \x1c \ns02 Two.\n")
    assert [row["reference"] for row in rows_of(opened(samples, SOURCES["voices"]), "reference")[::2]] == [
        "Two.",
        "One.",
    ]


def test_the_same_relative_path_in_two_folders_is_two_sounds(tmp_path: Path):
    for name in ("a", "b"):
        write_sound(tmp_path / name / "0.wav", seconds=1 if name == "a" else 2)
        (tmp_path / name / "m.json").write_text('{"audio_filepath": "0.wav", "text": "one"}\n')
    sources = [tmp_path / name / "m.json" for name in ("a", "b")]
    corpus = open_corpus("test", sources, cache=tmp_path / "cache")
    assert [row["duration"] for row in rows_of(corpus, "duration")] == [1.0, 2.0]
    assert not corpus.problems
    first, second = (id for id, _ in corpus.listed(corpus.rows(Query()), ("audio",)))
    assert corpus.utterance(second).path == tmp_path / "b" / "0.wav"
    alone = open_corpus("alone", sources[:1], cache=tmp_path / "cache")
    assert alone.utterance(first).path == tmp_path / "a" / "0.wav"
    shared = open_corpus("shared", sources, cache=tmp_path / "cache", audio_root=tmp_path / "a")
    assert shared.size == 1
    assert "repeats" in said(shared)[0]
