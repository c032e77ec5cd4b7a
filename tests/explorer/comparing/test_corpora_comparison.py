"""Corpora side by side: hand-computed drifts and overlaps, scipy's opinion, and duplicates that were planted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from explorer.comparing.corpora_comparison import (
    common_edges,
    frequencies,
    jensen_shannon,
    kolmogorov_smirnov,
    oov_matrix,
    overlaid,
    overlay,
    shared_speakers,
    summary,
    word_overlaps,
)
from explorer.comparing.duplicates import Cancelled, find_duplicates
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.vocabulary.words import AS_WRITTEN, Folding
from tests.explorer.manifests import row, write_manifest, write_sound
from tests.explorer.tarred import sound, tarred

BASIC = Folding(name="basic", version=1, help="", function="evaluator.normalizers.plain:simplify")
COUNTS = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)
VALUES = st.lists(st.floats(-100, 100), min_size=1, max_size=30)


def corpus(folder: Path, name: str, rows: list[dict[str, Any]]) -> Corpus:
    return open_corpus(name, [write_manifest(folder / f"{name}.jsonl", rows)], cache=folder / "cache")


def test_jensen_shannon_by_hand() -> None:
    same = np.array([0.5, 0.5])
    assert jensen_shannon(same, same) == 0
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == 1
    # p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4): (log2(4/3) + (log2(2/3) + log2(2)) / 2) / 2
    expected = math.sqrt((math.log2(4 / 3) + (math.log2(2 / 3) + 1) / 2) / 2)
    assert jensen_shannon(np.array([1.0, 0]), same) == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_jensen_shannon_is_scipys(p: list[int], q: list[int]) -> None:
    ours = jensen_shannon(np.array(p, float), np.array(q, float))
    theirs = jensenshannon(p, q, base=2)
    assert ours == pytest.approx(0.0 if np.isnan(theirs) else float(theirs), abs=1e-6)


def test_kolmogorov_smirnov_by_hand() -> None:
    # Up to 2, all of the first and half of the second: 1 - 1/2.
    assert kolmogorov_smirnov(np.array([1.0, 2]), np.array([2.0, 3])) == 0.5
    assert kolmogorov_smirnov(np.array([1.0]), np.array([2.0, 3])) == 1
    assert kolmogorov_smirnov(np.array([1.0, 2]), np.array([2.0, 1])) == 0


@given(VALUES, VALUES)
def test_kolmogorov_smirnov_is_scipys(a: list[float], b: list[float]) -> None:
    ours = kolmogorov_smirnov(np.array(a), np.array(b))
    assert ours == pytest.approx(ks_2samp(a, b, method="asymp").statistic)


def test_distributions_are_laid_over_each_other() -> None:
    found = overlaid({"train": np.array([0.5, 1.5, 1.5, np.nan]), "dev": np.array([1.5]), "no": np.array([])}, "x")
    assert sum(found.shares["train"]) == pytest.approx(1)
    assert max(found.shares["train"]) == pytest.approx(2 / 3)
    assert max(found.shares["dev"]) == 1
    assert set(found.shares["no"]) == {0.0}
    assert found.missing == {"train": 1, "dev": 0, "no": 0}
    assert found.medians == {"train": 1.5, "dev": 1.5, "no": None}
    assert found.drifts["no"] is None
    drift = found.drifts["dev"]
    assert drift is not None
    assert drift.kolmogorov_smirnov == pytest.approx(1 / 3)
    assert "train" not in found.drifts


def test_one_long_recording_does_not_press_the_others_together() -> None:
    edges = common_edges([np.append(np.linspace(1, 10, 1000), 3600.0)], 40)
    assert edges[-2] <= 11
    assert edges[-1] == 3600
    assert overlaid({"a": np.array([])}, "x").edges == ()


def test_words_shared_and_unknown(tmp_path: Path) -> None:
    train = corpus(tmp_path, "train", [row(text="The cat sat"), row("b.wav", text="the dog")])
    dev = corpus(tmp_path, "dev", [row(text="the bat, the Cat")])
    vocabularies = {one.name: frequencies(one, BASIC) for one in (train, dev)}
    assert vocabularies["train"] == {"the": 2, "cat": 1, "sat": 1, "dog": 1}
    assert frequencies(dev, AS_WRITTEN) == {"the": 2, "bat,": 1, "Cat": 1}
    overlap = word_overlaps(vocabularies)["train", "dev"]
    assert (overlap.both, overlap.either, overlap.jaccard) == (2, 5, 0.4)
    assert word_overlaps(vocabularies)["dev", "dev"].jaccard == 1
    unknown = oov_matrix(vocabularies)
    assert unknown["dev", "train"].token_rate == 1 / 4
    assert unknown["dev", "train"].type_rate == pytest.approx(1 / 3)
    assert unknown["train", "dev"].token_rate == 2 / 5
    known = summary(train, vocabularies["train"])
    assert (known.words, known.vocabulary, known.utterances, known.speakers) == (5, 4, 2, None)
    assert overlay([train, dev], "words").drifts["dev"] is not None


def test_shared_speakers(tmp_path: Path) -> None:
    train = corpus(tmp_path, "train", [row(speaker=12), row("b.wav", speaker=13), row("c.wav", speaker=12)])
    dev = corpus(tmp_path, "dev", [row(speaker="12"), row("b.wav", speaker="anna")])
    mute = corpus(tmp_path, "mute", [row()])
    assert shared_speakers([train, dev, mute]) == {"12": {"train": 2, "dev": 1}}
    assert shared_speakers([train, mute]) is None
    assert summary(train, {}).speakers == 2


def test_planted_duplicates_are_found(tmp_path: Path) -> None:
    for name, seconds in (("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)):
        write_sound(tmp_path / f"{name}.wav", seconds=seconds)
    (tmp_path / "copy.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    train = corpus(
        tmp_path,
        "train",
        [
            row("a.wav", text="one two three", duration=1.0),
            row("b.wav", text="Hello!", duration=0.5),
            row("b.wav", text="only in train", duration=0.5, offset=1.0),
            row("c.wav", text=None, duration=1.0),
            row("gone.wav", text="", duration=1.0),
        ],
    )
    test = corpus(
        tmp_path,
        "test",
        [
            row("copy.wav", text="something else", duration=1.0),  # the bytes of a.wav
            row("sub/../b.wav", text="hello", duration=0.5),  # the cut and the words of row 1
            row("b.wav", text="also hello", duration=0.25),  # the file of rows 1 and 2
            row("d.wav", text="One, two, three.", duration=1.0),  # the words of row 0
            row("e.wav", text="", duration=1.0),  # no words are no duplicate
        ],
    )
    found = find_duplicates([train, test], BASIC, content=True)

    def groups(kind: str) -> list[tuple[str, dict[str, tuple[int, ...]]]]:
        return [(group.what, dict(group.rows)) for group in found.shared[kind].groups]

    assert groups("text") == [
        ("one two three", {"train": (0,), "test": (3,)}),
        ("Hello!", {"train": (1,), "test": (1,)}),
    ]
    assert groups("cut") == [("b.wav", {"train": (1,), "test": (1,)})]
    assert groups("file") == [("b.wav", {"train": (1, 2), "test": (1, 2)})]
    assert groups("content") == [("a.wav", {"train": (0,), "test": (0,)})]
    assert found.shared["file"].rows == {("train", "test"): 2, ("test", "train"): 2}
    assert found.unreadable == 2  # gone.wav and e.wav
    assert find_duplicates([train], BASIC).shared["text"].found == 0


def test_case_matters_when_words_are_not_folded(tmp_path: Path) -> None:
    a = corpus(tmp_path, "a", [row(text="Yes")])
    b = corpus(tmp_path, "b", [row("b.wav", text="yes")])
    assert find_duplicates([a, b], AS_WRITTEN).shared["text"].found == 0
    assert find_duplicates([a, b], BASIC).shared["text"].found == 1


def test_a_search_can_be_given_up(tmp_path: Path) -> None:
    a = corpus(tmp_path, "a", [row()])

    def stop(stage: str, done: int, total: int) -> None:
        assert (stage, done, total) == ("rows", 1, 1)
        raise Cancelled

    with pytest.raises(Cancelled):
        find_duplicates([a], BASIC, tell=stop)


def test_corpora_of_nothing(tmp_path: Path) -> None:
    a, b = corpus(tmp_path, "a", []), corpus(tmp_path, "b", [])
    assert overlay([a, b], "duration").edges == ()
    assert frequencies(a, BASIC) == {}
    assert word_overlaps({"a": {}, "b": {}})["a", "b"].jaccard is None
    assert find_duplicates([a, b], BASIC).shared["text"].found == 0


def test_bytes_are_compared_inside_tars_too(tmp_path: Path) -> None:
    tarred(tmp_path / "tars", shards=2)
    packed = open_corpus("packed", [tmp_path / "tars" / "tarred_audio_manifest.json"], cache=tmp_path / "cache")
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "copy.flac").write_bytes(sound(1.25, 11))  # row 1 of shard 1
    (tmp_path / "loose" / "other.flac").write_bytes(sound(1.25, 99))
    loose = corpus(tmp_path / "loose", "loose", [row(f"{n}.flac", text=n, duration=1.25) for n in ("copy", "other")])
    found = find_duplicates([packed, loose], BASIC, content=True)
    assert found.unreadable == 0
    assert found.shared["content"].rows == {("packed", "loose"): 1, ("loose", "packed"): 1}
