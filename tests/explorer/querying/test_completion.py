"""Completion of the filter box: it offers what the grammar and the columns allow, and what it offers is accepted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.columns import Column
from explorer.errors import ExpressionError
from explorer.querying.completion import Completion, complete, frequent_values, written_value
from explorer.querying.expression import beginning, parse
from tests.explorer.manifests import opened, row
from tests.explorer.querying.test_filtering import COLUMNS

KNOWN = tuple(COLUMNS.values())
VALUES = [("anna", 10), ("Anna Maria", 5), ("2024-05-01", 2), ('say "x"', 1)]


def values(_column: Column, start: str) -> Sequence[tuple[str, int]]:
    return [(value, rows) for value, rows in VALUES if value.lower().startswith(start.lower())]


def at_end(text: str) -> Completion:
    return complete(text, len(text), KNOWN, values)


@pytest.mark.parametrize(
    ("text", "start", "first"),
    [
        ("", 0, "{reference} "),
        ("{", 0, "{reference} "),
        ("{du", 0, "{duration} "),
        ("dur", 0, "{duration} "),
        ("wer", 0, "{wer_small} "),
        ("pred_text", 0, "{hypothesis_small} "),
        ("recor", 0, "{when {{it}}} "),
        ("{duration}", 10, None),
        ("{duration} ", 11, "> "),
        ("{duration} > ", 13, None),
        ("{duration} > {", 13, "{wer_small} "),
        ("{duration} > {wo", 13, "{words} "),
        ("{duration} > {refer", 19, None),
        ("{duration} > 3", 14, None),
        ("{duration} > 3 ", 15, "&& "),
        ("{duration} > 3 a", 15, "&& "),
        ("{duration} > 3 |", 15, "|| "),
        ("{text} ", 7, "contains "),
        ("{text} st", 7, "starts with "),
        ("{text} starts wi", 7, "starts with "),
        ("{text} is n", 7, "is not empty "),
        ("{text} not ", 7, "not contains "),
        ("{text} = ", 9, "anna "),
        ("{text} = an", 9, "anna "),
        ('{text} = "Anna M', 9, '"Anna Maria" '),
        ("{text} = 2024", 9, '"2024-05-01" '),
        ("{noisy} = ", 10, "true "),
        ("{text} in (", 11, "anna "),
        ("{text} in (anna", 11, '"Anna Maria" '),
        ("{text} in (anna ", 16, ")"),
        ("({text} = a ", 12, "&& "),
        ("{wer_small} > 30", 14, "30% "),
        ("{wer_small} > 1.5", 14, "1.5% "),
        ("!(", 2, "{reference} "),
        ("{text} = )", 10, None),
    ],
)
def test_what_is_offered_first(text: str, start: int, first: str | None):
    found = at_end(text)
    assert (found.start, found.options[0].text if found.options else None) == (start, first)


def test_a_completion_in_the_middle_replaces_the_whole_token():
    found = complete("{du} > 3", 3, KNOWN, values)
    assert (found.start, found.end, found.options[0].text) == (0, 4, "{duration} ")
    found = complete("durat > 3", 3, KNOWN, values)
    assert (found.start, found.end) == (0, 5)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_taking_any_options_in_a_row_never_leaves_the_language(choices: list[int]):
    text = ""
    for choice in choices:
        found = at_end(text)
        if found.options:
            text = text[: found.start] + found.options[choice % len(found.options)].text
        else:
            text += "3 "  # numbers are not offered
        assert beginning(text) is not None, text


@given(st.text(st.sampled_from("{}duration wer_small>=<&|!()'\"in3%,"), max_size=25), st.integers(0, 30))
def test_no_text_and_no_place_upset_it(text: str, caret: int):
    found = complete(text, min(caret, len(text)), KNOWN, values)
    assert 0 <= found.start <= found.end <= len(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_offered_value_means_itself(value: str):
    tree = parse(f"{{a}} = {written_value(value)}")
    assert tree.values[0].text == value


def test_hidden_columns_are_offered_only_when_asked_for():
    hidden = Column(name="scoring_small", label="Scoring small", kind="text", hidden=True, help=".")
    assert "scoring_small" not in str(complete("", 0, (*KNOWN, hidden), values))
    assert complete("{scor", 5, (*KNOWN, hidden), values).options[0].text == "{scoring_small} "


def test_frequent_values_come_from_the_corpus(tmp_path):
    rows = [row(f"{n}.wav", duration=n + 1.0, text="word " * n, tag=["b", "b", "B c", "a", None][n]) for n in range(5)]
    corpus = opened(tmp_path, rows)
    found = frequent_values(corpus)
    assert found(corpus.column("tag"), "") == [("b", 2), ("B c", 1), ("a", 1)]
    assert found(corpus.column("tag"), "b") == [("b", 2), ("B c", 1)]
    assert found(corpus.column("reference"), "") == ()
    with pytest.raises(ExpressionError):
        parse("{tag} = B c")
    assert written_value("B c") == '"B c"'
