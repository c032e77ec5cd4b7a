"""Each signal on rows that were made wrong by hand, and on rows that only look so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.alignment_edits import find_edits
from evaluator.suspicion import SIGNALS, edges, far_off, levels, pace, repeats, sound_format, writing
from evaluator.suspicion.building import strength_column
from evaluator.suspicion.evidence import Facts, Finding
from evaluator.suspicion.ranking import Choice
from explorer.corpora.corpus import Corpus, Overlay
from explorer.sound.signal_measures import MEASURES, speech_ratio_column
from tests.evaluator.suspected import clean, lacking, reasons, scored, sentence, store, strengths, suspected

CLEAN = 30


def with_last(*wrong: Mapping[str, Any], systems: str = "ab") -> list[dict[str, Any]]:
    """Clean rows, then clean rows with these fields changed."""
    rows = [clean(n, *systems) for n in range(CLEAN)]
    return rows + [clean(CLEAN + n, *systems, **fields) for n, fields in enumerate(wrong)]


def only(corpus: Corpus, signal: str) -> list[float]:
    """The strengths of the rows that were made wrong; none of the clean ones has any."""
    found = strengths(corpus, signal)
    assert found[:CLEAN] == [0.0] * CLEAN
    return found[CLEAN:]


# ---- very high CER


def test_cer_by_hand() -> None:
    """12 errors in 20 characters, usually 5 %: 12/28 is 0.3286 above twice 5 %, of the 0.9 that are left."""
    found = far_off.excess(np.array([12.0]), np.array([20.0]), 0.05)
    assert found[0] == pytest.approx((12 / 28 - 0.1) / 0.9)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 0.4))
def test_cer_is_monotone(one: int, other: int, usual: float) -> None:
    low, high = sorted((one, other))
    found = far_off.excess(np.array([low, high], float), np.array([30.0, 30.0]), usual)
    assert 0 <= found[0] <= found[1] <= 1


def test_cer_is_that_of_the_nearest_system(tmp_path: Path) -> None:
    text = sentence(CLEAN)
    rows = with_last(
        {"pred_text_a": "zzz", "pred_text_b": text}, {"pred_text_a": "zzz qqq", "pred_text_b": f"{text[:9]} qqq"}
    )
    corpus = suspected(tmp_path, rows)
    first, second = only(corpus, "cer")
    assert first == 0
    assert second > 0.4
    assert "even the nearest system, b, has a CER of" in reasons(corpus)[-1]


def test_a_system_that_is_always_wrong_tells_nothing(tmp_path: Path) -> None:
    rows = [clean(n, "a", pred_text_a="zz yy") for n in range(30)]
    assert lacking(tmp_path, rows)["cer"].startswith("no system's usual CER is below 40")


# ---- pace


def test_pace_by_hand() -> None:
    """Median 2, absolute deviations 1, 0, 1, 0, 4: their median is 1."""
    z = pace.robust_z(np.array([1.0, 2.0, 3.0, 2.0, 6.0, np.nan]))
    assert z[4] == pytest.approx(4 / 1.4826)
    assert math.isnan(z[5])
    assert pace.strength(np.array([3.0, -5.0, np.nan])).tolist() == [0, pytest.approx(0.85 * (1 - math.exp(-1))), 0]


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_pace_grows_with_the_distance(one: float, other: float) -> None:
    near, far = sorted((one, other), key=abs)
    found = pace.strength(np.array([near, far]))
    assert 0 <= found[0] <= found[1] <= pace.TRUST


def test_pace_says_which_way(tmp_path: Path) -> None:
    corpus = suspected(tmp_path, with_last({"duration": 0.3}, {"duration": 40.0}, {"text": None}))
    long, short, none = only(corpus, "pace")
    assert long > 0.5
    assert short > 0.5
    assert none == 0
    told = reasons(corpus)
    assert "more text than speech" in told[CLEAN]
    assert "more speech than text" in told[CLEAN + 1]


# ---- cut sound


def test_words_missing_at_both_ends() -> None:
    references = pa.array(["a b c d e", "a b c d e", "a b c", "a b c", "a b c"])
    one = pa.array(["c d", "a b d e", "", "a b c", None])
    other = pa.array(["b c d", "a b c d", "", "b c", "b c"])
    before, after = edges.cut(find_edits(references, [one, other]))
    assert before.tolist() == [1, 0, 0, 0, 1]
    assert after.tolist() == [1, 0, 0, 0, 0]


@given(st.integers(0, 9), st.integers(0, 9), st.floats(0.1, 20))
def test_the_chance_of_a_cut_grows_with_the_words(one: int, other: int, surprise: float) -> None:
    few, many = sorted((one, other))
    found = edges.chance(np.array([few, many]), np.array([surprise, surprise]))
    assert 0 <= found[0] <= found[1] <= 1


def test_cut_sound_is_told(tmp_path: Path) -> None:
    text = sentence(CLEAN).split()
    late, early = " ".join(text[3:]), " ".join(sentence(CLEAN + 1).split()[:-2])
    corpus = suspected(
        tmp_path, with_last({"pred_text_a": late, "pred_text_b": late}, {"pred_text_a": early, "pred_text_b": early})
    )
    first, second = only(corpus, "edges")
    assert first > second > 0.1
    assert "none of 2 systems hears the first 3 words of the reference: cut sound?" in reasons(corpus)[CLEAN]
    assert "none of 2 systems hears the last 2 words" in reasons(corpus)[CLEAN + 1]


# ---- nothing written, nothing heard


def test_empty_texts(tmp_path: Path) -> None:
    heard = {"pred_text_a": "um well", "pred_text_b": "um well yes"}
    wrong = [
        {"text": "", **heard},
        {"pred_text_a": "", "pred_text_b": ""},
        {"text": None},
        {"text": "", "pred_text_a": "", "pred_text_b": "um"},
        {"text": ""} | {"pred_text_a": None, "pred_text_b": None},
    ]
    corpus = suspected(tmp_path, with_last(*wrong))
    found = only(corpus, "empty")
    assert found == pytest.approx([0.9 * 3 / 4, 0.9 * 255 / 256, 0.45, 0, 0.45])
    told = reasons(corpus)[CLEAN:]
    assert "the reference is empty, and all 2 systems hear 2 words or more" in told[0]
    assert "all 2 systems hear nothing at all where the reference has 8 words" in told[1]
    assert "there is no reference, as there is for 34 of 35 utterances" in told[2]
    assert "the reference is empty" in told[4]


def test_where_most_have_no_reference_none_is_missed(tmp_path: Path) -> None:
    rows = [clean(n, "a", "b", **({"text": None} if n % 2 else {})) for n in range(30)]
    assert max(strengths(suspected(tmp_path, rows), "empty")) == 0


# ---- the sound


def measured(folder: Path, values: Sequence[Mapping[str, Any]], rows: Sequence[dict[str, Any]]) -> Corpus:
    """The corpus with these measures of its first rows beside it, and its suspicion."""
    names = dict(MEASURES)
    ratio = speech_ratio_column("energy")
    usual = {"rms": -23.0, "clipped": 0, "clipped_share": 0.0, "snr": 30.0, "sample_rate": 16000, "channels": 1}
    filled = [{**usual, "speech_ratio": 0.8, **one} for one in values]
    columns = [*names.values(), ratio]
    table = {"row": pa.array(range(len(values)), pa.int32())}
    for name, column in [*names.items(), ("speech_ratio", ratio)]:
        kind = pa.string() if column.kind == "text" else pa.float64()
        table[column.name] = pa.array([one.get(name) for one in filled], kind)
    path = folder / "measures.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.table(table), path)
    corpus = scored(folder, rows).laid(Overlay("signal", path, tuple(columns)))
    return store(folder).lay(corpus, Choice())


def test_measured_sound(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"rms": None},
        {"rms": -75.0},
        {"speech_ratio": 0.0},
        {"clipped": 400, "clipped_share": 0.002},
        {"snr": 5.0},
        {"sample_rate": 8000},
        {"channels": 2},
    ]
    corpus = measured(tmp_path, [{}] * CLEAN + wrong, with_last(*[{}] * 7))
    assert only(corpus, "silent") == pytest.approx([0.9, 0.9, 0.9, 0, 0, 0, 0])
    assert only(corpus, "clipped")[3] == pytest.approx(0.35)
    assert only(corpus, "snr")[4] == pytest.approx(0.25 * 5 / 10)
    assert only(corpus, "sample_rate")[5] == pytest.approx(0.7 * (1 - 1 / 37 / 0.2))
    assert only(corpus, "channels")[6] == pytest.approx(0.7 * (1 - 1 / 37 / 0.2))
    told = reasons(corpus)[CLEAN:]
    assert told[0] == "the sound is digital silence"
    assert told[1] == "the sound is almost silent: -75 dBFS"
    assert told[2] == "no speech was detected in the sound"
    assert told[3].startswith("the sound is clipped: 400 samples, 0.20")
    assert told[4] == "noisy: a signal-to-noise ratio of 5 dB"
    assert told[5].startswith("8,000 Hz where 97")
    assert told[6].startswith("2 channels where 97")
    assert told[6].endswith("of the corpus have 1 channel")


def test_pace_takes_the_speech_where_it_was_measured(tmp_path: Path) -> None:
    """The last row is as long as usual, but nearly all of it is silence."""
    corpus = measured(tmp_path, [{}] * CLEAN + [{"speech_ratio": 0.05}], with_last({}))
    assert only(corpus, "pace")[0] > 0.5
    assert "of speech, usual are 17.5" in reasons(corpus)[-1]


def test_rows_that_were_not_measured_are_not_suspected(tmp_path: Path) -> None:
    corpus = measured(tmp_path, [{}] * 10, with_last({}))
    for name in ("silent", "clipped", "snr", "sample_rate", "channels"):
        assert max(strengths(corpus, name)) == 0


def test_half_a_corpus_is_no_minority() -> None:
    strong, usual = sound_format.minority(np.array([8000.0] * 5 + [16000.0] * 5 + [np.nan]))
    assert strong.tolist() == [0.0] * 11
    assert usual in (8000, 16000)
    assert sound_format.minority(np.array([np.nan]))[0].tolist() == [0.0]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-20, 60), st.floats(-20, 60))
def test_levels_are_monotone(one: float, other: float, snr: float, other_snr: float) -> None:
    low, high = sorted((one, other))
    found = levels.clipped_strength(np.array([low, high]))
    assert 0 <= found[0] <= found[1] <= 1
    noisy, clear = sorted((snr, other_snr))
    found = levels.snr_strength(np.array([clear, noisy]))
    assert 0 <= found[0] <= found[1] <= 1


# ---- repeated sounds and texts


def test_partners_by_hand() -> None:
    """Thing 1 stands in four rows with partners 7, 7, 8, 9; thing 2 twice with 5; thing 3 once."""
    things, others = np.array([1, 1, 1, 1, 2, 2, 3]), np.array([7, 7, 8, 9, 5, 5, 5])
    odd, number, partner = repeats.partners(things, others)
    assert odd.tolist() == [0.5, 0.5, 0.75, 0.75, 0, 0, 0]
    assert number.tolist() == [4, 4, 4, 4, 2, 2, 1]
    assert partner.tolist() == [3, 3, 0, 0, -1, -1, -1]


def test_overlaps_by_hand() -> None:
    """
    file 1     |---A---|            0 to 4
                  |--B--|           2 to 4.5: two seconds of 2.5
                      |---C---|     4 to 8: half a second of 2.5, too little
    file 2     |---A-->             two files without a duration
               |---B-->
    """
    file, start = np.array([1, 1, 1, 2, 2]), np.array([0.0, 2.0, 4.0, 0.0, 0.0])
    end, text = np.array([4.0, 4.5, 8.0, np.inf, np.inf]), np.array([1, 2, 3, 1, 2])
    share, other = repeats.overlaps(file, start, end, text)
    assert share.tolist() == pytest.approx([0.8, 0.8, 0, 1, 1])
    assert other.tolist() == [1, 0, -1, 4, 3]
    assert repeats.overlaps(file, start, end, np.ones(5))[0].tolist() == [0] * 5


def test_the_same_sound_with_another_text(tmp_path: Path) -> None:
    third = clean(3)
    again = {"audio_filepath": "0003.wav", "duration": third["duration"] / 2, "offset": third["duration"] / 4}
    rows = with_last(again, {**again, "offset": 99.0}, {**again, "text": third["text"], "speaker": "another"})
    corpus = suspected(tmp_path, rows)
    found = strengths(corpus, "same_sound")
    assert [n for n, value in enumerate(found) if value] == [3, CLEAN]
    assert found[CLEAN] == pytest.approx(0.45)
    assert "of the same sound as line 4, another text" in reasons(corpus)[CLEAN]


def test_the_same_text_with_another_sound(tmp_path: Path) -> None:
    corpus = suspected(tmp_path, [clean(n) for n in range(60)] + [clean(60, text=sentence(3))])
    found = strengths(corpus, "same_text")
    assert [n for n, value in enumerate(found) if value] == [3, 60]
    assert found[60] == pytest.approx(0.25)
    assert reasons(corpus)[3] == "the same text as line 61, with another sound"


def test_prompts_that_are_repeated_on_purpose(tmp_path: Path) -> None:
    corpus, kept = scored(tmp_path, [clean(n, text=sentence(n % 5)) for n in range(30)]), store(tmp_path)
    laid = kept.lay(corpus, Choice())
    assert strength_column("same_text") not in {column.name for column in laid.columns}
    assert kept.lacking(corpus)["same_text"].startswith("texts are repeated here on purpose: 100")


# ---- writing


def alphabet(*texts: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for character in "".join(texts):
        found[character] = found.get(character, 0) + 1
    return found


def test_characters_outside_the_alphabet() -> None:
    english = "the quick brown fox, jumps over the lazy dog's " * 100
    assert writing.rare(alphabet(english, "café 7 \u200b")) == {"7", "\u200b"}
    assert writing.rare(alphabet(english * 12, "café")) == {"é"}
    assert writing.rare(alphabet("short 7")) == set()
    assert writing.rare(alphabet("漢字仮名" * 20_000, "鬱é")) == set()


def test_letters_of_another_script() -> None:
    english = "the quick brown fox jumps over the lazy dog " * 100
    assert writing.foreign(alphabet(english, "саt", "ж")) == {"с", "а", "ж"}
    assert writing.foreign(alphabet(english, "быстрая лиса " * 100)) == set()
    assert writing.foreign(alphabet("漢字かなカナ" * 50)) == set()
    assert writing.foreign(alphabet("مرحبا بكم " * 50, "hi")) == {"h", "i"}
    assert writing.foreign({}) == set()


def test_strange_writing_is_named(tmp_path: Path) -> None:
    rows = [clean(n) for n in range(80)]
    rows += [clean(80, text="the саt sat on a mat"), clean(81, text=f"{sentence(81)} #\u200b")]
    corpus = suspected(tmp_path, rows)
    assert strengths(corpus, "script")[:80] == strengths(corpus, "alphabet")[:80] == [0.0] * 80
    assert strengths(corpus, "script")[80:] == pytest.approx([0.9 * 3 / 4, 0])
    assert strengths(corpus, "alphabet")[80:] == pytest.approx([0, 0.6 * 3 / 4])
    told = reasons(corpus)
    assert "the Cyrillic letter “с” (U+0441 cyrillic small letter es, which looks like c)" in told[80]
    assert "where the corpus is written in Latin" in told[80]
    assert "(U+200B zero width space), which the corpus has once in" in told[81]


# ---- all of them


@pytest.mark.parametrize("name", SIGNALS)
def test_a_corpus_that_does_not_allow_a_signal_says_why(name: str, tmp_path: Path) -> None:
    """One row without text, hypotheses and measures allows none."""
    assert lacking(tmp_path, [clean(0, text=None)])[name]


def test_a_finding_of_nothing_tells_nothing() -> None:
    found = Finding.told(np.array([0.001, 0.5]), lambda rows: [f"row {row}; really" for row in rows])
    assert found.strengths.tolist() == [0, 0.5]
    assert found.reasons.to_pylist() == [None, "row 1, really"]


def test_facts_tell_what_is_measured() -> None:
    facts = Facts(size=0, references=0, normalizer={}, systems={}, columns=frozenset(), alphabet={})
    assert not facts.measured
