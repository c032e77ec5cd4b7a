"""Normalizers: what stays, what goes, and that doing it twice changes nothing more."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings

from evaluator.normalizers.plain import squeeze
from evaluator.normalizers.registry import ABSENT, NORMALIZERS, Normalizer, normalizer, order_of, ordered, registry
from explorer.errors import ConfigError
from tests.evaluator.strategies import ascii_texts, texts

BASIC = NORMALIZERS["basic"]
INSTALLED = [known for known in NORMALIZERS.values() if known.version != ABSENT]
ALL = pytest.mark.parametrize("chosen", INSTALLED, ids=lambda one: one.name)
BY_WORD = pytest.mark.parametrize("chosen", [one for one in INSTALLED if one.by_word], ids=lambda one: one.name)
IDEMPOTENT = pytest.mark.parametrize("chosen", [one for one in INSTALLED if one.idempotent], ids=lambda one: one.name)

EXAMPLES = {
    "There's iron, they say.": "there's iron they say",
    "  Two\tspaces\n and \u00a0 more ": "two spaces and more",
    "twenty-one — twenty–two": "twenty one twenty two",
    "It’s ’tis the dogs’ rock 'n' roll": "it's tis the dogs rock n roll",
    "o'clock o''clock 'o'": "o'clock o clock o",
    "$3.50 + 20% = ?": "3 50 20",
    "user_name and/or e-mail": "user name and or e mail",
    "École ÉCOLE E\u0301cole": "école école école",
    "Straße STRASSE": "straße strasse",
    "ΟΔΟΣ": "οδος",
    "हिन्दी में, कि?": "हिन्दी में कि",
    "தமிழ் மொழி!": "தமிழ் மொழி",
    "می\u200cروم": "می\u200cروم",
    "soft\u00adhyphen \ufeffzero\u200bwidth": "softhyphen zerowidth",
    "great 👍🏽 ❤\ufe0f 👩\u200d🚀 work": "great work",
    "你好，世界。": "你好 世界",
    "¿Qué? ¡Sí!": "qué sí",
    "x² Ⅷ ½": "x² ⅷ ½",
    "": "",
    "...": "",
    "\u0301 lone mark": "lone mark",
}


@pytest.mark.parametrize(("text", "expected"), EXAMPLES.items())
def test_basic(text: str, expected: str) -> None:
    assert BASIC.apply(text) == unicodedata.normalize("NFC", expected)


def test_none_changes_white_space_only() -> None:
    assert NORMALIZERS["none"].apply(" There's\tiron,\u00a0they \n say. ") == "There's iron, they say."


def test_indic_vowel_signs_survive() -> None:
    # Whisper's basic normalizer removes them, which makes different words equal and error rates falsely low.
    assert BASIC.words("कि की का") == ["कि", "की", "का"]


def test_earmarks_own_are_idempotent_and_go_by_word() -> None:
    assert [one.name for one in INSTALLED if one.idempotent and one.by_word] == ["none", "basic"]


@IDEMPOTENT
@given(text=texts)
@settings(max_examples=300)
def test_twice_is_once(chosen: Normalizer, text: str) -> None:
    once = chosen.apply(text)
    assert chosen.apply(once) == once


@ALL
@given(text=texts)
def test_words_are_joined_by_single_spaces(chosen: Normalizer, text: str) -> None:
    assert chosen.apply(text) == " ".join(chosen.words(text))


@BY_WORD
@given(text=texts)
@settings(max_examples=300)
def test_word_by_word_is_all_at_once(chosen: Normalizer, text: str) -> None:
    # Scoring relies on it: the vocabulary is normalised, not every text again.
    assert chosen.words(text) == [word for token in text.split() for word in chosen.words(token)]


@given(texts)
@settings(max_examples=300)
def test_basic_leaves_only_letters_numbers_marks_and_inner_apostrophes(text: str) -> None:
    for word in BASIC.words(text):
        assert not word.startswith("'")
        assert not word.endswith("'")
        assert {unicodedata.category(c)[0] for c in word if c not in "'\u200c\u200d"} <= set("LNM") | {"C"}
        assert not {unicodedata.category(c) for c in word if c not in "\u200c\u200d"} & {"Cf", "Cc", "Zs"}


@given(texts)
def test_what_surrounds_a_text_does_not_matter(text: str) -> None:
    assert BASIC.words(f"start {text} end") == ["start", *BASIC.words(text), "end"]


@given(ascii_texts)
@settings(max_examples=500)
def test_the_quick_way_for_ascii_does_the_same(text: str) -> None:
    # A letter that is not ASCII in another word sends the whole text the general way.
    assert BASIC.words(f"{text} ж") == [*BASIC.words(text), "ж"]


def test_case_and_punctuation_do_not_matter() -> None:
    assert BASIC.apply("HELLO, World!") == BASIC.apply("hello world")


@ALL
def test_every_normalizer_explains_itself(chosen: Normalizer) -> None:
    assert NORMALIZERS[chosen.name] is chosen
    assert chosen.version
    assert chosen.help.endswith(".")
    assert chosen.title
    assert chosen.tag == f"{chosen.name}-{chosen.version}"
    assert len({step.name for step in chosen.steps}) == len(chosen.steps)
    assert all(step.name and step.help.endswith(".") for step in chosen.steps)


@ALL
@given(text=texts)
@settings(max_examples=300)
def test_the_steps_one_after_the_other_are_the_whole(chosen: Normalizer, text: str) -> None:
    made = [squeeze(text)]
    for step in chosen.steps:
        made = list(step.texts(made))
    assert squeeze(made[0]) == chosen.apply(text)


@ALL
def test_another_process_is_told_what_to_make(chosen: Normalizer) -> None:
    assert ordered(order_of(chosen)) is chosen


def test_the_registry_has_the_users_own_last(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("rules: [{name: dots, pattern: '[.]'}]")
    known = registry({"mine": tmp_path / "r.yaml"})
    assert list(known) == [*NORMALIZERS, "mine"]
    assert normalizer("mine", known).apply("a.b. c") == "ab c"
    assert ordered(order_of(known["mine"])).tag == known["mine"].tag


@pytest.mark.parametrize(("name", "sentence"), [("basic", "already"), ("a b", "letters of ASCII"), ("", "letters")])
def test_names_of_own_normalizers(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        registry({name: tmp_path / "r.yaml"})


def test_an_unknown_name_is_an_error_that_lists_the_known() -> None:
    assert normalizer("basic") is BASIC
    with pytest.raises(ConfigError, match='"basik"; known are: none, basic, whisper_english'):
        normalizer("basik")
