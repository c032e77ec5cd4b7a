"""The compiled aligner against the one aligner: the same numbers for every pair, ties included."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.normalizers.registry import ABSENT, NORMALIZERS
from evaluator.scoring.alignment import align, count_texts
from evaluator.scoring.alignment_batches import compiled_counts, count_pairs, occurrences, word_counts
from evaluator.scoring.alignment_kernel import LONGEST
from evaluator.scoring.counting import normalised

FEW = [*"abc", "aa", "ab", "ba"]
SCRIPTS = ["we", "wé", "we\u0301", "你好", "مرحبا", "नमस्ते", "😀", "😁x", "ß", "\ud7ff", "\U0010ffff"]


def agree(pairs: list[tuple[str | None, str | None]]) -> None:
    """Both ways of counting give the same for these normalised texts."""
    references = pa.array([reference for reference, _ in pairs], pa.string())
    hypotheses = pa.array([hypothesis for _, hypothesis in pairs], pa.string())
    wanted = np.array([None not in pair for pair in pairs])
    found = compiled_counts(references, hypotheses, word_counts(references), wanted)
    missed: Counter[str] = Counter()
    marks: dict[int, list[tuple[int, bool]]] = {}
    for pair, place, inserted in found.marks.tolist():
        marks.setdefault(pair, []).append((place, bool(inserted)))
    for index, (reference, hypothesis) in enumerate(pairs):
        if reference is None or hypothesis is None:
            assert not found.numbers[:, index].any()
            continue
        expected = count_texts(reference, hypothesis)
        assert tuple(found.numbers[:, index]) == expected[:5], (reference, hypothesis)
        missed.update(expected[-1])
        assert marks.pop(index, []) == marks_of(reference, hypothesis), (reference, hypothesis)
    assert not marks
    assert found.marks[:, 0].tolist() == sorted(found.marks[:, 0].tolist())
    assert Counter(dict(occurrences(found.missed))) == missed


def marks_of(reference: str, hypothesis: str) -> list[tuple[int, bool]]:
    """Place and whether it is an insertion, of every error of the alignment."""
    marks, place = [], 0
    for kind, _, _ in align(reference.split(), hypothesis.split()).pairs():
        if kind != "equal":
            marks.append((place, kind == "insert"))
        place += kind != "insert"
    return marks


def disturbed(words: list[str], rate: float, source: random.Random, vocabulary: list[str]) -> list[str]:
    """The words with substitutions, deletions and insertions, each at ``rate``."""
    heard = []
    for word in words:
        draw = source.random()
        if draw > rate:
            heard.append(source.choice(vocabulary) if draw < 2 * rate else word)
        if source.random() < rate:
            heard.append(source.choice(vocabulary))
    return heard


@pytest.mark.parametrize("vocabulary", [FEW, SCRIPTS, [f"word{n}" for n in range(300)]], ids=["few", "scripts", "many"])
@pytest.mark.parametrize("longest", [6, 40, 150, 700])
def test_random_pairs_agree_with_the_aligner(vocabulary: list[str], longest: int) -> None:
    source = random.Random(longest)
    pairs: list[tuple[str | None, str | None]] = [
        (None, "a"),
        ("a", None),
        (None, None),
        ("", ""),
        ("a", ""),
        ("", "a"),
    ]
    for _ in range(40_000 // longest):
        words = source.choices(vocabulary, k=source.randint(0, longest))
        other = source.choices(vocabulary, k=source.randint(0, longest))
        heard = disturbed(words, source.choice([0.02, 0.1, 0.4]), source, vocabulary)
        pairs.append((" ".join(words), " ".join(source.choice([heard, heard, other]))))
    agree(pairs)


def test_pairs_beyond_what_is_compiled_agree_too() -> None:
    source = random.Random(0)
    words = source.choices(FEW, k=LONGEST)
    long = " ".join(words), " ".join(disturbed(words, 0.1, source, FEW))
    just = " ".join("ab" * (LONGEST // 2)), " ".join("ba" * (LONGEST // 2))
    agree(
        [
            ("a b", "a c"),
            long,
            just,
            ("b " * (LONGEST // 2) + "b", "c"),
            ("x" * LONGEST, "y" * (LONGEST - 1)),
            ("c", "d"),
        ]
    )


TEXTS = st.none() | st.lists(st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1), max_size=12).map(
    lambda tokens: " ".join(word for token in tokens for word in token.split())
)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_texts_agree(pairs: list[tuple[str | None, str | None]]) -> None:
    agree(pairs)


def test_slices_of_arrays_are_counted_at_their_offsets() -> None:
    references, hypotheses = pa.array(["x y", "a b", "c d e"]), pa.array(["zero", "x y", "a c", "c e"])
    left, right = references[1:], hypotheses[2:]
    found = compiled_counts(left, right, word_counts(left), np.ones(2, dtype=bool))
    assert found.numbers.T.tolist() == [[1, 1, 0, 0, 1], [2, 0, 1, 0, 2]]
    assert found.missed.to_pylist() == ["b", "d"]
    others = count_pairs(left, right, word_counts(left))
    assert others.numbers.tolist() == found.numbers.tolist()
    assert others.marks.tolist() == found.marks.tolist() == [[0, 1, 0], [1, 1, 0]]


@pytest.mark.parametrize("name", [name for name, known in NORMALIZERS.items() if known.version != ABSENT])
@given(
    texts=st.lists(st.none() | st.text(st.sampled_from("aB' \t\n\r\x0b\x1c\u00a0\u2028,.é")) | st.text(), max_size=12)
)
@settings(max_examples=200, deadline=None)
def test_a_batch_is_normalised_as_its_texts_are(name: str, texts: list[str | None]) -> None:
    chosen = NORMALIZERS[name]
    found = normalised(pa.array(texts, pa.string()), chosen).to_pylist()
    assert found == [None if text is None else chosen.apply(text) for text in texts]
