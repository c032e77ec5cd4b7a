"""Shard patterns: what one path stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ManifestError
from explorer.formats.shards import expand

BRACKETS = [("_OP_", "_CL_"), ("{", "}"), ("(", ")"), ("[", "]"), ("<", ">")]


@pytest.mark.parametrize(("start", "end"), BRACKETS)
def test_every_spelling_of_the_brackets(start, end):
    assert expand(f"a/m_{start}0..2{end}.json") == ("a/m_0.json", "a/m_1.json", "a/m_2.json")


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("m.json", ("m.json",)),
        ("{08..10}", ("08", "09", "10")),
        ("{0..10..5}", ("0", "5", "10")),
        ("{2..0}", ("2", "1", "0")),
        ("{a..c}", ("a", "b", "c")),
        ("{en,de}_{0..1}", ("en_0", "en_1", "de_0", "de_1")),
        ("{,x}y", ("y", "xy")),
        ("_OP_0..1_CL_/t_OP_0..1_CL_.tar", ("0/t0.tar", "0/t1.tar", "1/t0.tar", "1/t1.tar")),
    ],
)
def test_a_pattern_stands_for_every_combination(pattern, paths):
    assert expand(pattern) == paths


@pytest.mark.parametrize(
    "path", ["take (2)/m.json", "[v2]/m.json", "{1..b}", "{a..B}", "a{0../1}", "{x}", "(0..1]", "{}", ""]
)
def test_what_is_no_pattern_stands_as_it_is_written(path):
    assert expand(path) == (path,)


def test_too_many_files_are_refused_before_they_are_listed():
    with pytest.raises(ManifestError, match="1,000,000,000,000"):
        expand("{0..999999}/{0..999999}")


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(-4, 4), st.integers(0, 3))
def test_ranges_are_those_of_braceexpand(first, last, step, zeros):
    braceexpand = pytest.importorskip("braceexpand")
    pattern = f"m_{{{first}..{'0' * zeros if last >= 0 else ''}{last}..{step}}}.json"
    assert list(expand(pattern)) == list(braceexpand.braceexpand(pattern, escape=False))
