"""Independent programs count the same: jiwer in every number, kaldialign and sclite in what their costs promise."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import jiwer
import pytest

from evaluator.scoring.alignment import align, count_character_errors, count_errors, count_texts
from evaluator.scoring.error_rate import ErrorCounts

SCLITE = Path("/usr/lib/sctk/bin/sclite")

# LibriSpeech test-other 1688-142285-0000 and what recognizers made of it.
REFERENCE = (
    "there's iron they say in all our blood and a grain or two perhaps is good but his he makes me harshly feel "
    "has got a little too much of steel anon"
)
HEARD = [
    "their zyon they say in all our blood and a grain or two perhaps is good but his he makes me harshly feel "
    "has got a little too much of steel anon",
    "there's iron they say in all our blood and a grown or to perhaps is good but is he makes me harshly feel "
    "has got a little too much of steel unknown",
    "design they say in all our blood and gore in two packs is good but he is he makes me ha should feel has got "
    "a little too much of steel an owner",
    "",
    REFERENCE,
]


def random_pairs(number: int, seed: int) -> list[tuple[list[str], list[str]]]:
    """Words from alphabets of 1 to 6, so that ties and repetitions are common; a third of them is a changed copy."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(number):
        letters = "abcdef"[: rng.randint(1, 6)]
        reference = rng.choices(letters, k=rng.randint(1, 14))
        if rng.random() < 0.33:
            hypothesis = [w for w in reference if rng.random() > 0.15]
            hypothesis = [rng.choice(letters) if rng.random() < 0.15 else w for w in hypothesis]
        else:
            hypothesis = rng.choices(letters, k=rng.randint(0, 14))
        pairs.append((reference, hypothesis))
    return pairs


def in_jiwer(reference: str, hypothesis: str) -> ErrorCounts:
    output = jiwer.process_words(reference, hypothesis)
    return ErrorCounts(output.hits, output.substitutions, output.deletions, output.insertions)


def test_counts_equal_jiwer_on_ten_thousand_pairs_full_of_ties() -> None:
    for reference, hypothesis in random_pairs(10_000, seed=4):
        texts = " ".join(reference), " ".join(hypothesis)
        expected = in_jiwer(*texts)
        assert count_errors(reference, hypothesis) == expected, texts
        assert ErrorCounts(*count_texts(*texts)[:4]) == expected, texts


def test_places_equal_jiwer() -> None:
    names = {"equal": "equal", "substitute": "substitute", "delete": "delete", "insert": "insert"}
    for reference, hypothesis in random_pairs(1_000, seed=5):
        chunks = jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]
        ours = [
            (names[op.kind], op.reference.start, op.reference.stop, op.hypothesis.start, op.hypothesis.stop)
            for op in align(reference, hypothesis).ops
        ]
        assert ours == [(c.type, c.ref_start_idx, c.ref_end_idx, c.hyp_start_idx, c.hyp_end_idx) for c in chunks]


@pytest.mark.parametrize("hypothesis", HEARD)
def test_counts_equal_jiwer_on_what_recognizers_said(hypothesis: str) -> None:
    assert count_errors(REFERENCE.split(), hypothesis.split()) == in_jiwer(REFERENCE, hypothesis)
    expected = jiwer.process_characters(REFERENCE, hypothesis)
    errors = expected.substitutions + expected.deletions + expected.insertions
    assert count_texts(REFERENCE, hypothesis)[4] == errors
    assert count_character_errors(REFERENCE, hypothesis) / len(REFERENCE) == expected.cer


def test_the_pooled_rate_equals_jiwer() -> None:
    total = sum((count_errors(REFERENCE.split(), heard.split()) for heard in HEARD), ErrorCounts.zero())
    assert total.rate == jiwer.wer([REFERENCE] * len(HEARD), HEARD)


def test_an_empty_reference_counts_as_in_jiwer_and_adds_to_the_pool() -> None:
    assert in_jiwer("", "one two") == count_errors([], ["one", "two"])
    pooled = count_errors([], ["one", "two"]) + count_errors(["a", "b"], ["a", "b"])
    assert pooled.rate == jiwer.wer(["", "a b"], ["one two", "a b"]) == 1.0


def test_errors_equal_kaldialign() -> None:
    kaldialign = pytest.importorskip("kaldialign")
    for reference, hypothesis in random_pairs(2_000, seed=6):
        assert count_errors(reference, hypothesis).errors == kaldialign.edit_distance(reference, hypothesis)["total"]


@pytest.mark.skipif(not SCLITE.exists(), reason="sclite is not installed (Debian package sctk)")
def test_sclite_never_finds_fewer_errors_and_agrees_on_nearly_all(tmp_path: Path) -> None:
    pairs = [(ref, hyp) for ref, hyp in random_pairs(400, seed=7) if hyp]
    pairs += [(REFERENCE.split(), heard.split()) for heard in HEARD if heard]
    for name, side in (("ref", 0), ("hyp", 1)):
        lines = [f"{' '.join(pair[side])} (s_{number:04d})" for number, pair in enumerate(pairs)]
        (tmp_path / f"{name}.trn").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [SCLITE, "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "spu_id", "-o", "pra", "stdout"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    scores = re.findall(r"id: \(s_(\d+)\)\nScores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)", printed)
    assert len(scores) == len(pairs)
    same = 0
    for number, *counts in scores:
        theirs, ours = ErrorCounts(*map(int, counts)), count_errors(*pairs[int(number)])
        assert theirs.length == ours.length
        assert theirs.errors >= ours.errors
        same += theirs.errors == ours.errors
    assert same / len(pairs) > 0.95
