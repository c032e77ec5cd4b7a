"""Words in their text, edits that take a word over, and the live alignment of a text that is being edited."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.normalizers.registry import ABSENT, NORMALIZERS, Normalizer, normalizer
from evaluator.review.live_alignment import MOST_CELLS, drawing, timed
from evaluator.review.word_edits import utf16_places
from evaluator.review.word_spans import is_spaceless, word_spans
from evaluator.scoring.alignment import count_errors
from explorer.segments import Segment

BASIC = normalizer("basic")
TEXTS = st.text(st.sampled_from("abcAB '-,.éß😀今天\u0301\n"), max_size=40)


def applied(text: str, edit: list[Any]) -> str:
    """The text with an edit, counted in UTF-16 as a browser does it."""
    start, end, put = edit
    units = text.encode("utf-16-le")
    return (units[: 2 * start] + put.encode("utf-16-le") + units[2 * end :]).decode("utf-16-le")


def edits(text: str, heard: str, chosen: Normalizer = BASIC) -> list[str]:
    """The text after each single difference is taken over, in order."""
    columns = drawing(text, {"a": heard}, chosen, said={})["columns"]
    return [applied(text, cell[4]) for *_, cells in columns for cell in cells if cell[4] is not None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Cat, sat.", ["The", "Cat", "sat"]),
        ("twenty-one", ["twenty", "one"]),
        ("  two   words ", ["two", "words"]),
        ("don't “quote”", ["don't", "quote"]),
        ("...", []),
        ("", []),
    ],
)
def test_words_are_found_where_they_are_written(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text, BASIC)] == words


@given(TEXTS, st.sampled_from(sorted(name for name, one in NORMALIZERS.items() if one.version != ABSENT)))
def test_every_word_has_a_place_in_order(text: str, name: str) -> None:
    chosen = normalizer(name)
    spans = word_spans(text, chosen)
    assert len(spans) == len(chosen.words(text))
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


def test_a_normalizer_that_joins_words_gives_them_one_place() -> None:
    def joined(text: str) -> str:
        return " ".join(text.split()).replace("two hundred", "200")

    chosen = Normalizer(name="j", version=1, title="j", help="", apply=joined, lines=joined, maker="", by_word=False)
    text = "over two hundred cats"
    assert [text[start:end] for start, end in word_spans(text, chosen)] == ["over", "two hundred", "cats"]
    assert edits("over two hundred cats", "over 300 cats", chosen) == ["over 300 cats"]


@pytest.mark.parametrize(
    ("text", "heard", "expected"),
    [
        ("the Cat, sat", "the bat sat", ["the bat, sat"]),
        ("well, yes", "yes", ["yes"]),
        ("hello there", "hello", ["hello"]),
        ("a cat", "a big cat", ["a big cat"]),
        ("a cat", "a cat now", ["a cat now"]),
        ("", "hello", ["hello"]),
        ("twenty-one", "twenty-two", ["twenty-two"]),
        ("😀 a cat", "a bat", ["😀 a bat"]),
        ("שלום עולם", "שלום לכם", ["שלום לכם"]),
        ("今天天气很好", "今天天汽很好", ["今天天汽很好"]),
        ("今天很好", "今天天气很好", ["今天天很好", "今天气很好"]),
        ("same", "same", []),
    ],
)
def test_a_difference_is_taken_over(text: str, heard: str, expected: list[str]) -> None:
    assert edits(text, heard) == expected


@given(TEXTS, TEXTS)
def test_taking_a_difference_over_is_never_worse_by_more_than_the_word(text: str, heard: str) -> None:
    """White space is kept sound: words next to the one that was taken stay words of their own."""
    before = len(BASIC.words(text))
    for after in edits(text, heard):
        assert abs(len(BASIC.words(after)) - before) <= 2 + len(heard)
    if not is_spaceless(text) and not is_spaceless(heard) and edits(text, heard):
        errors = count_errors(BASIC.words(text), BASIC.words(heard)).errors
        assert errors > 0


@given(
    st.lists(st.sampled_from(["cat", "dog", "a", "the"]), max_size=8),
    st.lists(st.sampled_from(["cat", "dog", "a"]), max_size=8),
)
def test_taking_every_difference_in_turn_gives_the_hypothesis(reference: list[str], heard: list[str]) -> None:
    text, wanted = " ".join(reference), " ".join(heard)
    for _ in range(40):
        left = edits(text, wanted)
        if not left:
            break
        text = left[0]
    assert text.split() == heard


def test_rates_are_those_of_the_aligner_and_say_their_base() -> None:
    drawn = drawing("a b c d", {"x": "a x c", "y": "a b c d"}, BASIC, said={})
    assert [system["wer"] for system in drawn["systems"]] == ["50.0\u00a0%", "0.0\u00a0%"]
    assert drawn["systems"][0]["told"] == [("S", 1), ("D", 1), ("I", 0)]
    assert [system["same"] for system in drawn["systems"]] == [False, True]
    assert drawn["base"] == "of 4 words, 7 characters"


def test_without_words_there_is_no_rate() -> None:
    drawn = drawing("", {"x": "a b"}, BASIC, said={})
    assert drawn["systems"][0]["wer"] == "undefined"
    assert "no rate" in drawn["base"]


def test_a_text_without_spaces_is_compared_by_characters() -> None:
    drawn = drawing("今天天气", {"x": "今天天汽"}, BASIC, said={})
    assert drawn["unit"] == "character"
    assert [column[0] for column in drawn["columns"]] == list("今天天气")
    assert drawn["systems"][0]["cer"] == "25.0\u00a0%"
    assert drawn["systems"][0]["told"][0] == ("S", 1)
    assert is_spaceless("วันนี้อากาศดี")
    assert not is_spaceless("hello 今")


@pytest.mark.parametrize(
    ("text", "heard", "expected"),
    [
        ("the cat sat", ["the bat sat", "the bat sat", "the cat sat"], "the bat sat"),
        ("a b c", ["a", "a", "a b c"], "a"),
        ("call emma", ["set a timer", "set a timer", "set timer"], "set a timer"),
        ("one", ["one two three", "one two three", "one two"], "one two three"),
        ("😀 cat", ["a bat", "a bat", "a bat"], "😀 a bat"),
        ("same", ["same", "other", "same"], "same"),
        ("the cat", ["the bat", "the bat"], "the cat"),  # two are no majority
    ],
)
def test_the_majority_is_taken_word_by_word(text: str, heard: list[str], expected: str) -> None:
    drawn = drawing(text, {str(number): one for number, one in enumerate(heard)}, BASIC, said={})
    for edit in reversed(drawn["majority"]):
        text = applied(text, edit)
    assert text.rstrip() == expected


def test_words_know_when_they_are_said() -> None:
    said = {"x": (Segment(0.0, 0.4, "The"), Segment(0.5, 0.9, "cat"))}
    drawn = drawing("the hat", {"x": "The cat"}, BASIC, said=said)
    assert [column[3:5] for column in drawn["columns"]] == [[0.0, 0.4], [0.5, 0.9]]
    assert timed(["a", "b"], (), BASIC) == [None, None]


def test_a_long_text_is_folded_and_quick_enough() -> None:
    words = [f"w{number % 97}" for number in range(17_000)]
    heard = list(words)
    heard[8_000] = "other"
    drawn = drawing(" ".join(words), {"x": " ".join(heard)}, BASIC, said={})
    assert len(drawn["columns"]) < MOST_CELLS
    assert sum(part if isinstance(part, int) else 1 for part in drawn["columns"]) + drawn["hidden"] == 17_000
    [taken] = [cell[4] for part in drawn["columns"] if not isinstance(part, int) for cell in part[5] if cell[4]]
    assert applied(" ".join(words), taken).split() == heard


@given(st.text(max_size=30))
def test_places_in_utf16(text: str) -> None:
    places = utf16_places(text)
    for at in range(len(text) + 1):
        assert places(at) == len(text[:at].encode("utf-16-le", "surrogatepass")) // 2
