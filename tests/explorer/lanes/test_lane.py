"""Lanes from fields and files, on the utterance's time; what is wrong with them is a sentence in the lane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import SpeechDataError
from explorer.lanes.lane import Lane, own_lanes
from explorer.lanes.lane_files import READERS, read_ctm, read_rttm, read_textgrid
from explorer.segments import Segment
from tests.explorer.manifests import ids, opened, row

CTM = """;; a comment
talk 1 0.50 0.25 hello 0.9
talk 1 10.20 0.30 world
other 1 0.00 1.00 elsewhere
"""
RTTM = """SPEAKER talk 1 0.0 4.0 <NA> <NA> anna <NA> <NA>
SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA>
SPEAKER talk 1 3.5 8.0 <NA> <NA> bert <NA> <NA>
"""
LONG_GRID = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 12
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 12
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = ""
        intervals [2]:
            xmin = 1.5
            xmax = 2
            text = "say ""yes"""
        intervals [3]:
            xmin = 2
            xmax = 12
            text = "12 = 3"
    item [2]:
        class = "TextTier"
        name = "bell"
        xmin = 0
        xmax = 12
        points: size = 1
        points [1]:
            number = 4.25
            mark = "H*"
'''
SHORT_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
12
<exists>
2
"IntervalTier"
"words"
0
12
3
0
1.5
""
1.5
2
"say ""yes""\"
2
12
"12 = 3"
"TextTier"
"bell"
0
12
1
4.25
"H*"
"""


def lanes(folder: Path, fields: dict[str, Any], **options: Any) -> dict[str, Lane]:
    corpus = opened(folder, [row("talk.wav", **fields)])
    return {lane.name: lane for lane in own_lanes(corpus, corpus.utterance(ids(corpus)[0]), **options)}


def test_words_of_the_row_are_on_the_utterances_time(tmp_path: Path) -> None:
    found = lanes(
        tmp_path,
        {
            "offset": 100.0,
            "duration": 3.0,
            "words": [["two", 1.0, 1.5], ["one", 0.2, 0.9]],
            "timestamp": {"word": [{"word": "a", "start": 0.5, "end": 9.0, "start_offset": 6}], "segment": []},
        },
    )
    assert found["words"].segments == (Segment(0.2, 0.9, "one"), Segment(1.0, 1.5, "two"))
    assert found["timestamp.word"].segments == (Segment(0.5, 3.0, "a"),)  # cut to the utterance
    assert set(found) == {"words", "timestamp.word"}


@pytest.mark.parametrize(
    "words",
    [
        [{"word": "a"}],
        ["a", "b"],
        [["a", 1]],
        [["a", 2.0, 1.0]],
        [["a", -1, 1]],
        [{"word": "a", "start": "0", "end": 1}],
    ],
)
def test_words_without_times_say_so(tmp_path: Path, words: list[Any]) -> None:
    lane = lanes(tmp_path, {"words": words})["words"]
    assert lane.segments == ()
    assert lane.problem
    assert 'entry 1 of the field "words" has no times' in lane.problem


def test_files_that_the_row_names_are_on_the_recordings_time(tmp_path: Path) -> None:
    (tmp_path / "times").mkdir()
    (tmp_path / "times" / "a.ctm").write_text(CTM)
    (tmp_path / "times" / "a.rttm").write_text(RTTM)
    fields = {"offset": 10.0, "duration": 5.0, "ctm_filepath": "times/a.ctm", "rttm_filepath": "times/a.rttm"}
    found = lanes(tmp_path, fields)
    (word,) = found["a.ctm"].segments
    assert (word.label, round(word.start, 6), round(word.end, 6)) == ("world", 0.2, 0.5)
    assert found["a.rttm"].kind == "speakers"
    assert found["a.rttm"].segments == (Segment(0.0, 1.5, "bert"),)


def test_files_of_the_recordings_name_are_found_beside_it_and_in_lane_folders(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data" / "talk.TextGrid").write_text(LONG_GRID)
    (tmp_path / "elsewhere" / "talk.rttm").write_text("SPEAKER talk 1 0.5 0.5 <NA> <NA> speech <NA> <NA>\n")
    found = lanes(tmp_path / "data", {"duration": 12.0}, folders=[tmp_path / "elsewhere"])
    assert {name: lane.kind for name, lane in found.items()} == {
        "talk.TextGrid words": "words",
        "talk.TextGrid bell": "labels",
        "talk.rttm": "speech",
    }


def test_a_file_that_is_read_by_two_names_is_one_lane(tmp_path: Path) -> None:
    (tmp_path / "talk.ctm").write_text("talk 1 0 1 one\n")
    assert set(lanes(tmp_path, {"ctm_filepath": "talk.ctm"})) == {"talk.ctm"}


def test_files_outside_the_roots_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.ctm").write_text("x 1 0 1 word\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "talk.ctm").symlink_to(tmp_path / "secret.ctm")
    (tmp_path / "other.rttm").write_text("SPEAKER x 1 0 1 <NA> <NA> anna <NA> <NA>")
    found = lanes(tmp_path / "data", {"rttm_filepath": "../other.rttm"})
    for lane in found.values():
        assert lane.segments == ()
        assert lane.problem
        assert "outside the corpus's folders" in lane.problem
    assert set(found) == {"other.rttm", "talk.ctm"}


def test_what_is_missing_or_of_another_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.ctm").write_text("x 1 0 1 word\ny 1 0 1 word\n")
    found = lanes(tmp_path, {"ctm_filepath": "b.ctm", "rttm_filepath": "none.rttm"})
    assert found["b.ctm"].problem == 'b.ctm has 2 recordings, none is "talk"'
    assert found["none.rttm"].problem
    assert "is not there" in found["none.rttm"].problem


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "talk.ctm").write_text("talk 1 0 1 one\n")
    corpus = opened(tmp_path, [row("talk.wav")])
    utterance = corpus.utterance(ids(corpus)[0])
    assert own_lanes(corpus, utterance)[0].segments[0].label == "one"
    (tmp_path / "talk.ctm").write_text("talk 1 0 1 another\n")
    assert own_lanes(corpus, utterance)[0].segments[0].label == "another"


def test_ctm() -> None:
    talk, other = read_ctm(CTM.encode(), "a.ctm")
    assert (talk.recording, talk.kind) == ("talk", "words")
    assert talk.segments == (Segment(0.5, 0.75, "hello"), Segment(10.2, 10.5, "world"))
    assert other.recording == "other"
    two = read_ctm(b"r A 0 1 hi\nr B 1 1 ho\n", "a.ctm")
    assert [track.name for track in two] == ["channel A", "channel B"]


def test_rttm_of_a_detector_is_speech() -> None:
    (turns,) = read_rttm(RTTM.encode(), "a.rttm")
    assert turns.segments == (Segment(0, 4, "anna"), Segment(3.5, 11.5, "bert"))
    (speech,) = read_rttm(b"SPEAKER x 1 1.0 2.0 <NA> <NA> speech <NA> <NA>", "a.rttm")
    assert speech.kind == "speech"


@pytest.mark.parametrize(
    "content",
    [LONG_GRID.encode(), SHORT_GRID.encode(), LONG_GRID.encode("utf-16"), ("\ufeff" + SHORT_GRID).encode()],
    ids=["long", "short", "utf-16", "utf-8 with a mark"],
)
def test_textgrids_of_both_kinds(content: bytes) -> None:
    words, bell = read_textgrid(content, "a.TextGrid")
    assert (words.name, words.kind) == ("words", "words")
    assert words.segments == (Segment(1.5, 2, 'say "yes"'), Segment(2, 12, "12 = 3"))
    assert (bell.name, bell.kind, bell.segments) == ("bell", "labels", (Segment(4.25, 4.27, "H*"),))


@pytest.mark.parametrize(
    ("format", "content", "part"),
    [
        ("ctm", b"talk 1 0.5 hello", "a:1: expected recording, channel, start, duration and word"),
        ("ctm", b"\ntalk 1 zero 1 hello", 'a:2: "zero" and "1" should be start and duration'),
        ("ctm", b"talk 1 -1 1 hello", "a:1: a start of -1 s"),
        ("ctm", b"talk 1 nan 1 hello", "a:1: a start of nan s"),
        ("ctm", b"\xff\xfe\x00", "not valid UTF-16"),
        ("rttm", b"SPEAKER talk 1 0.5 1.0", "a:1: expected SPEAKER"),
        ("textgrid", b"hello", "is no TextGrid"),
        ("textgrid", LONG_GRID[:300].encode(), "ends in the middle of a tier"),
        ("textgrid", LONG_GRID.replace("xmin = 1.5", 'xmin = "x"').encode(), 'a:20: expected a number, found "x"'),
    ],
)
def test_faults_are_told_with_their_line(format: str, content: bytes, part: str) -> None:
    with pytest.raises(SpeechDataError) as told:
        READERS[format](content, "a")
    assert part in str(told.value)


@given(st.sampled_from(list(READERS)), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(format: str, content: bytes) -> None:
    try:
        tracks = READERS[format](content, "a")
    except SpeechDataError:
        return
    assert all(segment.start <= segment.end for track in tracks for segment in track.segments)


@given(st.binary(max_size=40), st.integers(0, len(LONG_GRID)))
def test_a_damaged_textgrid_is_read_or_refused(noise: bytes, at: int) -> None:
    content = LONG_GRID.encode()
    try:
        read_textgrid(content[:at] + noise + content[at + len(noise) :], "a")
    except SpeechDataError:
        return
