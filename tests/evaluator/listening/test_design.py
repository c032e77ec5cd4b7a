"""Designs as files: what is written is read back, and what makes no sense is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluator.listening.design import as_yaml, named, new_link, read
from evaluator.listening.kinds import KINDS, checked_values
from explorer.errors import ConfigError, QueryError
from tests.evaluator.listening.designs import designed


@pytest.mark.parametrize("kind", KINDS)
def test_a_design_is_read_back_as_it_was_written(kind: str, tmp_path: Path) -> None:
    test = designed(kind, title="Störung: «наш» тест", raters=("Ann", "Bo"), link=new_link())
    (tmp_path / "t.yaml").write_text(as_yaml(test), encoding="utf-8")
    assert read(tmp_path / "t.yaml") == test


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "mos"}, 'no kind of listening test "mos"'),
        ({"id": "Round 1"}, "small letters"),
        ({"link": "short"}, "16 to 64"),
        ({"systems": ("a", "a")}, "twice"),
        ({"systems": ("a",), "kind": "ab"}, "needs 2 systems"),
        ({"sentences": ()}, "no sentence"),
        ({"per_rater": 0}, "per_rater is 0"),
        ({"checks": 21}, "0 to 20"),
        ({"anchor": True}, "anchor needs MUSHRA"),
        ({"reference": "nobody"}, "none of its systems"),
    ],
)
def test_designs_that_make_no_sense_are_refused_with_the_reason(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        designed(**changed)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "must hold the entries"),
        ("a: [", "is no YAML"),
        ("titel: x", 'no entry "titel"'),
        ("id: x", "also needs title, kind"),
        ("per_rater: many", "expected a whole number"),
        ("systems: x", "expected a list"),
        ("loudness: 3", "expected true or false"),
        ("title: 3", "expected a text"),
    ],
)
def test_files_that_are_no_design_are_told_with_their_place(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_ids_are_made_of_titles_and_never_twice() -> None:
    assert named("MOS, round 2!") == "mos-round-2"
    assert named("MOS, round 2!", ["mos-round-2", "mos-round-2-2"]) == "mos-round-2-3"
    assert named("???") == "test"


def test_links_are_not_guessable() -> None:
    links = {new_link() for _ in range(100)}
    assert len(links) == 100
    assert min(map(len, links)) >= 24


@pytest.mark.parametrize(
    ("kind", "slots", "values"),
    [("acr", 1, [5]), ("ab", 2, [-1]), ("ab", 2, [0]), ("cmos", 2, [-3]), ("mushra", 3, [0, 100, 57])],
)
def test_answers_on_the_scale_are_taken(kind: str, slots: int, values: list[int]) -> None:
    assert checked_values(KINDS[kind], values, slots=slots) == tuple(values)


@pytest.mark.parametrize(
    ("kind", "slots", "values"),
    [
        ("acr", 1, []),
        ("acr", 1, [6]),
        ("acr", 1, [0]),
        ("acr", 1, [4.5]),
        ("acr", 1, [True]),
        ("acr", 1, ["4"]),
        ("acr", 1, [None]),
        ("ab", 2, [-1, 1]),
        ("cmos", 2, [4]),
        ("mushra", 3, [1, 2]),
        ("mushra", 2, [101, 0]),
    ],
)
def test_other_answers_are_not(kind: str, slots: int, values: list[object]) -> None:
    with pytest.raises(QueryError):
        checked_values(KINDS[kind], values, slots=slots)
