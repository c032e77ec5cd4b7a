"""Intervals and tests: hand-computed values, laws, and the independent tools (kaldialign, scipy, NIST's sc_stats)."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import kaldialign
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.comparing.matched_pairs import GOOD_WORDS, MatchedPairs, matched_pairs, segment_errors
from evaluator.comparing.significance import alike, difference, holm, p_wilcoxon, rate_interval, resampled_rates
from evaluator.scoring.alignment import LETTERS, align, align_many, count_errors
from evaluator.scoring.score_table import Marks
from tests.evaluator.scoring.test_alignment_oracles import random_pairs

SC_STATS = Path("/usr/lib/sctk/bin/sc_stats")

REFERENCES = [list("abc"), list("def")]
FIRST = [list("abd"), list("eff")]
SECOND = [list("abc"), list("dee")]


def counted(references: list[list[str]], hypotheses: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [count_errors(r, h) for r, h in zip(references, hypotheses, strict=True)]
    return np.array([p.errors for p in pairs]), np.array([p.length for p in pairs])


def test_the_documented_toy_of_kaldialign():
    errors, lengths = counted(REFERENCES, FIRST)
    rates = resampled_rates(errors[:, None], lengths, blocks=None, resamples=10_000, seed=1)[:, 0]
    theirs = kaldialign.bootstrap_wer_ci(REFERENCES, FIRST)
    assert rates.mean() == pytest.approx(0.4989, abs=0.01) == theirs["wer"]
    assert 1.96 * rates.std() == pytest.approx(0.2312, abs=0.01) == theirs["ci95"]
    ours = difference(*(counted(REFERENCES, system)[0] for system in (FIRST, SECOND)), lengths)
    both = kaldialign.bootstrap_wer_ci(REFERENCES, FIRST, SECOND)
    assert ours.improvement == both["p_s2_improv_over_s1"] == 1.0


def test_an_interval_agrees_with_kaldialign_on_many_utterances():
    pairs = random_pairs(300, seed=3)
    errors, lengths = counted([r for r, _ in pairs], [h for _, h in pairs])
    theirs = kaldialign.bootstrap_wer_ci([r for r, _ in pairs], [h for _, h in pairs])
    ours = rate_interval(errors, lengths)
    # Theirs is mean +- 1.96 standard deviations, ours percentiles: equal but for the skew and the luck of drawing.
    assert ours.low == pytest.approx(theirs["ci95min"], abs=0.01)
    assert ours.high == pytest.approx(theirs["ci95max"], abs=0.01)


def test_two_utterances_by_hand():
    """Errors 0 and 1 of one word each: rates 0, 1/2, 1 with the shares 1/4, 1/2, 1/4."""
    rates = resampled_rates(np.array([[0], [1]]), np.array([1, 1]), blocks=None, resamples=20_000, seed=5)[:, 0]
    values, counts = np.unique(rates, return_counts=True)
    assert values.tolist() == [0, 0.5, 1]
    assert counts / len(rates) == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_drawing_distinct_pairs_is_drawing_utterances():
    """The same mean and spread as resampling utterance by utterance, the plain way."""
    rng = np.random.default_rng(8)
    errors, lengths = rng.integers(0, 4, 200), rng.integers(1, 12, 200)
    chosen = rng.integers(0, 200, (20_000, 200))
    plain = errors[chosen].sum(axis=1) / lengths[chosen].sum(axis=1)
    ours = resampled_rates(errors[:, None], lengths, blocks=None, resamples=20_000, seed=9)[:, 0]
    assert ours.mean() == pytest.approx(plain.mean(), rel=0.003)
    assert ours.std() == pytest.approx(plain.std(), rel=0.03)


def test_whole_blocks_are_drawn():
    """Two speakers, one always wrong: every resample has both, one or the other, so the rate is 0, 1/2 or 1."""
    errors, lengths, speakers = np.repeat([1, 0], 50), np.ones(100, int), np.repeat(["a", "b"], 50)
    rates = resampled_rates(errors[:, None], lengths, blocks=speakers, resamples=1000, seed=2)[:, 0]
    assert set(rates.tolist()) == {0.0, 0.5, 1.0}
    over_utterances, over_speakers = (rate_interval(errors, lengths, blocks=b) for b in (None, speakers))
    assert over_speakers.high - over_speakers.low > 3 * (over_utterances.high - over_utterances.low)


def test_nothing_to_resample_is_none_not_nan():
    one, none = np.array([1]), np.array([], int)
    assert rate_interval(one, one) is None
    assert rate_interval(none, none) is None
    assert rate_interval(np.array([1, 2]), np.array([0, 0])) is None
    assert difference(none, none, none) is None
    assert rate_interval(np.array([1, 2, 3]), np.array([4, 4, 4]), blocks=np.array(["x", "x", "x"])) is None
    assert p_wilcoxon(np.array([0.5, 0.5]), np.array([0.5, 0.5])) is None
    assert p_wilcoxon(np.array([]), np.array([])) is None


def test_a_constant_difference_has_no_width():
    """B makes one error fewer in each of 40 utterances of 10 words."""
    a, lengths = np.full(40, 3), np.full(40, 10)
    found = difference(a, a - 1, lengths)
    assert found.delta == pytest.approx(-0.1)
    assert (found.interval.low, found.interval.high) == (pytest.approx(-0.1), pytest.approx(-0.1))
    assert found.improvement == 1.0
    assert found.p_bootstrap == 1 / 10_001


def test_equal_systems_differ_by_nothing():
    a, lengths = np.arange(30) % 3, np.full(30, 5)
    found = difference(a, a, lengths)
    assert (found.delta, found.improvement, found.p_bootstrap) == (0.0, 0.5, 1.0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)), min_size=2, max_size=40))
def test_laws_of_differences(rows: list[tuple[int, int, int]]):
    a, b, lengths = (np.array(column) for column in zip(*rows, strict=True))
    there, back = (difference(*pair, lengths, resamples=200) for pair in ((a, b), (b, a)))
    if lengths.sum() == 0:
        assert there is None
        return
    assert there.delta == pytest.approx(b.sum() / lengths.sum() - a.sum() / lengths.sum())
    assert there.delta == pytest.approx(-back.delta)
    assert there.interval.low <= there.interval.high
    assert 0 < there.p_bootstrap <= 1


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == {"a": pytest.approx(0.03), "b": 0.06, "c": 0.06}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


Case = tuple[Sequence[str], Sequence[str], Sequence[str]]


def marks(cases: Sequence[Case], system: int) -> Marks:
    """The errors of a system (1 or 2) in cases of (reference, A, B), read off the aligner's own alignments."""
    found = []
    for number, case in enumerate(cases):
        place = 0
        for kind, _, _ in align(case[0], case[system]).pairs():
            if kind != "equal":
                found.append((number, place, kind == "insert"))
            place += kind != "insert"
    columns = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Marks(columns[0], columns[1], columns[2].astype(bool))


def outcome(cases: Sequence[Case]) -> MatchedPairs | None:
    return matched_pairs(marks(cases, 1), marks(cases, 2))


def by_columns(case: Case) -> list[tuple[int, int]]:
    """The definition of segments, followed word for word through the columns of an alignment."""
    found, errors, good, is_open = [], [0, 0], 0, False
    for column in align_many(case[0], case[1:]):
        wrong = [cell.kind not in (None, "equal") for cell in column.cells]
        if any(wrong):
            errors = [count + miss for count, miss in zip(errors, wrong, strict=True)]
            good, is_open = 0, True
            continue
        good += 1
        if is_open and good == GOOD_WORDS:
            found.append((errors[0], errors[1]))
            errors, is_open = [0, 0], False
    return [*found, (errors[0], errors[1])] if is_open else found


def drawn(reference: str, a: str, b: str) -> list[tuple[int, int]]:
    case = (reference.split(), a.split(), b.split())
    found = [tuple(pair) for pair in segment_errors(marks([case], 1), marks([case], 2)).tolist()]
    assert found == by_columns(case)
    return found


WORDS = st.lists(st.sampled_from("abc"), max_size=9)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6))
def test_segments_are_those_of_the_columns(cases: list[Case]):
    found = [tuple(pair) for pair in segment_errors(marks(cases, 1), marks(cases, 2)).tolist()]
    assert found == [pair for case in cases for pair in by_columns(case)]


def test_segments_end_after_two_good_words():
    assert drawn("a b c d e f g h i j", "a x c d e f g h i j", "a b c d e f g x i j") == [(1, 0), (0, 1)]
    assert drawn("a b c d e f", "a b c d e f", "a b c d e f k") == [(0, 1)]
    assert drawn("a b c d e f g", "a b x d x f g", "a b c d e f g") == [(2, 0)]  # one good word does not end it
    assert drawn("a b c d", "a x c d", "a b c x") == [(1, 1)]
    assert drawn("a b", "a b", "a b") == []
    assert drawn("", "x", "x y") == [(1, 2)]


def test_matched_pairs_by_hand():
    """Segments (1,0) (0,1) (0,1) (2,0): differences 1 -1 -1 2, mean 1/4, deviation 3/2, Z = 1/3."""
    reference = list("abcdefghij")
    found = outcome([
        (reference, list("axcdefghij"), list("abcdefgxij")),
        (reference, reference, [*reference, "k"]),
        (reference, list("abcxexghij"), reference),
    ])  # fmt: skip
    assert (found.segments, found.mean, found.deviation) == (4, 0.25, 1.5)
    assert found.z == pytest.approx(1 / 3)
    assert found.p == pytest.approx(0.7389, abs=1e-4)


def test_matched_pairs_without_two_segments_is_none():
    assert outcome([]) is None
    assert outcome([(["a"], ["a"], ["b"])]) is None


def test_matched_pairs_of_a_constant_difference():
    found = outcome([(["a", "b", "c"], ["a", "b", "c"], ["a", "b", "x"])] * 3)
    assert (found.mean, found.deviation, found.z, found.p) == (-1, 0, -math.inf, 0)


@pytest.mark.skipif(not SC_STATS.exists(), reason="sc_stats is not installed (Debian package sctk)")
def test_matched_pairs_equal_sc_stats():
    cases = [
        (said, heard, [word if place % 5 else "z" for place, word in enumerate(said)] + ["a"] * (len(heard) % 3))
        for said, heard in random_pairs(250, seed=11)
    ]
    ours = outcome(cases)
    streams = "".join(_sgml(name, [(c[0], c[place]) for c in cases]) for name, place in (("A", 1), ("B", 2)))
    printed = subprocess.run(
        [SC_STATS, "-p", "-t", "mapsswe", "-v", "-n", "-"],
        input=streams,
        capture_output=True,
        encoding="latin-1",
        check=True,
    ).stdout
    found = re.search(r"# segs: (\d+)\).*mean: (\S+)\) \(std dev: (\S+)\) \(Z Stat: (\S+)\)", printed)
    assert int(found[1]) == ours.segments
    printed_numbers = [float(number) for number in found.groups()[1:]]
    assert printed_numbers == pytest.approx([ours.mean, ours.deviation, ours.z], abs=6e-4)


def _sgml(system: str, pairs: list[tuple[list[str], list[str]]]) -> str:
    """sclite's exchange format, with our alignments."""
    names = f'title="{system}" ref_fname="r" hyp_fname="{system}" creation_date="Tue Nov 24 00:00:15 2026" format="2.4"'
    options = 'frag_corr="FALSE" opt_del="FALSE" weight_ali="FALSE" weight_filename=""'
    lines = [f"<SYSTEM {names} {options}>", '<SPEAKER id="s">']
    for number, (reference, heard) in enumerate(pairs):
        steps = [
            f"{LETTERS[kind] or 'C'},{_quoted(said)},{_quoted(understood)}"
            for kind, said, understood in align(reference, heard).pairs()
        ]
        lines += [
            f'<PATH id="(s_{number:04d})" word_cnt="{len(steps)}" sequence="{number}">',
            ":".join(steps),
            "</PATH>",
        ]
    return "\n".join([*lines, "</SPEAKER>", "</SYSTEM>", ""])


def _quoted(word: str | None) -> str:
    return "" if word is None else f'"{word}"'


@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(-3, 3) | st.sampled_from([2**40, -(2**40)]), min_size=columns, max_size=columns),
            min_size=1,
            max_size=30,
        )
    )
)
def test_rows_that_are_alike_are_those_of_numpy(rows: list[list[int]]) -> None:
    table = np.array(rows, np.int64)
    expected, counts = np.unique(table, axis=0, return_counts=True)
    found, numbers = alike(table)
    assert found.tolist() == expected.tolist()
    assert numbers.tolist() == counts.tolist()


@given(st.integers(0, 10_000), st.sampled_from([20, 60, 400]))
def test_wilcoxon_is_scipys(seed: int, size: int):
    from scipy.stats import wilcoxon

    source = np.random.default_rng(seed)
    a, b = source.integers(0, 8, size) / 8, source.integers(0, 9, size) / 8
    differing = a != b
    assert p_wilcoxon(a, b) == pytest.approx(wilcoxon(b[differing], a[differing], method="auto").pvalue)
