"""Counting words and characters: hand-computed tables, and the slow and obvious way for anything Unicode has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from hypothesis import given
from hypothesis import strategies as st

from explorer.vocabulary.words import AS_WRITTEN, CharacterCounter, Folding, WordCounter, count, split

BASIC = Folding(name="basic", version=1, help="", function="evaluator.normalizers.plain:simplify")
TEXTS = st.lists(st.none() | st.text(alphabet="ab A,-'\t\u00a0\u3000\x1fé\u0301", max_size=12), max_size=12)

SAID = ["The cat, the CAT.", None, "", "cat twenty-one", "- one"]
#        row 0             row 1 2   row 3             row 4


def counted(folding: Folding, texts: list[str | None], batch: int = 2) -> dict[str, list[object]]:
    counter = WordCounter(folding)
    for start in range(0, len(texts), batch):
        part = texts[start : start + batch]
        counter.add(np.arange(start, start + len(part), dtype=np.int64), pa.array(part, pa.string()))
    return {row["word"]: list(row.values())[1:] for row in counter.table().to_pylist()}


def test_words_as_written() -> None:
    table = counted(AS_WRITTEN, SAID)
    assert table["cat"] == [1, 1, 3, 3, ["cat"], [1]]
    assert table["The"] == [1, 1, 0, 0, ["The"], [1]]
    assert list(table) == ["-", "CAT.", "The", "cat", "cat,", "one", "the", "twenty-one"]


def test_words_folded() -> None:
    table = counted(BASIC, SAID)
    # count, utterances, first, last, spellings by count then alphabet, their counts
    assert table["cat"] == [3, 2, 0, 3, ["CAT.", "cat", "cat,"], [1, 1, 1]]
    assert table["the"] == [2, 1, 0, 0, ["The", "the"], [1, 1]]
    assert table["one"] == [2, 2, 3, 4, ["one", "twenty-one"], [1, 1]]
    assert table["twenty"] == [1, 1, 3, 3, ["twenty-one"], [1]]
    assert list(table) == ["cat", "one", "the", "twenty"]  # the dash alone is no word


def test_nothing_to_count() -> None:
    assert counted(AS_WRITTEN, []) == {}
    assert counted(BASIC, [None, "", "  ", "..."]) == {}


@given(TEXTS)
def test_splitting_is_what_python_does(texts: list[str | None]) -> None:
    found = split(pa.array(texts, pa.string())).to_pylist()
    assert found == [None if text is None else text.split() for text in texts]


@given(TEXTS, st.integers(1, 5), st.sampled_from([AS_WRITTEN, BASIC]))
def test_counting_is_what_the_obvious_loop_finds(texts: list[str | None], batch: int, folding: Folding) -> None:
    fold = folding.apply()
    said = [[] if text is None else list(fold(text)) for text in texts]
    expected = Counter(word for words in said for word in words)
    table = counted(folding, texts, batch)
    assert {word: row[0] for word, row in table.items()} == expected
    for word, (_, utterances, first, last, spellings, spelled) in table.items():
        rows = [row for row, words in enumerate(said) if word in words]
        assert [utterances, first, last] == [len(rows), rows[0], rows[-1]]
        written = Counter(w for text in texts if text for w in text.split() if word in fold(w))
        assert dict(zip(spellings, spelled, strict=True)) == written  # type: ignore[call-overload]
        assert spelled == sorted(spelled, reverse=True)  # type: ignore[type-var]


@given(TEXTS)
def test_characters_are_counted_once_an_utterance(texts: list[str | None]) -> None:
    expected = Counter(character for text in texts if text for character in set(text))
    counter = CharacterCounter("".join(sorted(expected)))
    for start in range(0, len(texts), 3):
        counter.add(pa.array(texts[start : start + 3], pa.string()))
    table = counter.table()
    assert dict(zip(table["character"].to_pylist(), table["utterances"].to_pylist(), strict=True)) == expected


def test_files_are_written_whole(tmp_path: Path) -> None:
    batch = pa.record_batch({"row": pa.array([0, 1], pa.int32()), "reference": ["a b", "b"]})
    told: list[int] = []
    count(
        [batch],
        AS_WRITTEN,
        {"reference": tmp_path / "w.parquet"},
        alphabet="ab ",
        characters=tmp_path / "c.parquet",
        progress=told.append,
    )
    assert told == [2]
    assert pyarrow.parquet.read_table(tmp_path / "w.parquet")["count"].to_pylist() == [2, 1]
    assert pyarrow.parquet.read_table(tmp_path / "c.parquet")["utterances"].to_pylist() == [1, 2, 1]
    assert {path.name for path in tmp_path.iterdir()} == {"w.parquet", "c.parquet"}
