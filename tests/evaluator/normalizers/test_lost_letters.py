"""Letters that a normalizer takes out: told for scripts that lose some, and for nothing else."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from evaluator.normalizers.lost_letters import LostLetters, lost_letters
from evaluator.normalizers.registry import NORMALIZERS, Normalizer
from evaluator.normalizers.text_rules import of_rules
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

HINDI = ["मुझे किताब की ज़रूरत है", "का कि की", "हिन्दी में"]
TAMIL = ["தமிழ் மொழி", "நான் வந்தேன்"]
ARABIC = ["كَتَبَ الولدُ الدرسَ", "هذا كتاب"]
ENGLISH = ["Twenty one colours, can't they?", "Uh, Mr. Smith's GONNA pay ten dollars", "o two hmm"]
GERMAN = ["Die Straße ist über dem Fluß", "schöne Grüße"]
RUSSIAN = ["Ёлка и йод", "мой дом"]
OWN = of_rules("vowels", "rules: [{name: a, pattern: 'а'}]", NORMALIZERS, where="r")  # Cyrillic
ASCII_ONLY = of_rules("ascii", "rules: [{name: a, pattern: '[^ -~]'}]", NORMALIZERS, where="r")


def lost(folder: Path, texts: list[str], chosen: Normalizer) -> dict[str, LostLetters]:
    corpus = scored_corpus(folder, [row(f"{place}.wav", text=text) for place, text in enumerate(texts)])
    return {one.script: one for one in lost_letters(corpus, chosen)}


@pytest.mark.parametrize("name", ["none", "basic"])
@pytest.mark.parametrize("texts", [HINDI, TAMIL, ARABIC, ENGLISH, GERMAN, RUSSIAN])
def test_earmarks_own_lose_nothing(tmp_path: Path, name: str, texts: list[str]) -> None:
    assert lost(tmp_path, texts, NORMALIZERS[name]) == {}


@pytest.mark.parametrize("name", ["whisper_basic", "whisper_english"])
def test_english_loses_nothing(tmp_path: Path, name: str) -> None:
    assert lost(tmp_path, ENGLISH, NORMALIZERS[name]) == {}


@pytest.mark.parametrize(
    ("texts", "script", "letter"), [(HINDI, "Devanagari", "ि"), (TAMIL, "Tamil", "்"), (ARABIC, "Arabic", "\u064e")]
)
@pytest.mark.parametrize("name", ["whisper_basic", "whisper_english"])
def test_vowel_signs_are_told(tmp_path: Path, texts: list[str], script: str, letter: str, name: str) -> None:
    found = lost(tmp_path, texts, NORMALIZERS[name])
    assert list(found) == [script]
    one = found[script]
    assert letter in one.letters
    assert one.marks
    told = one.sentence(NORMALIZERS[name])
    assert NORMALIZERS[name].title in told
    assert f"out of {script} words" in told
    assert f"“{one.before}” becomes “{one.after}”" in told
    assert NORMALIZERS[name].apply(one.before) == one.after != one.before


def test_by_hand(tmp_path: Path) -> None:
    one = lost(tmp_path, ["का का कि"], NORMALIZERS["whisper_basic"])["Devanagari"]
    assert one.letters == {"ा": 2, "ि": 1}
    assert (one.before, one.after, one.occurrences) == ("का", "क", 3)


def test_accents_are_told_but_not_of_normalizers_that_keep_them(tmp_path: Path) -> None:
    # Whisper basic composes first and takes marks only, so that é, which is a letter, stays.
    assert list(lost(tmp_path, GERMAN, NORMALIZERS["whisper_english"])) == ["Latin"]
    assert lost(tmp_path, GERMAN, NORMALIZERS["whisper_basic"]) == {}


def test_own_rules_that_take_letters(tmp_path: Path) -> None:
    one = lost(tmp_path, ["мама дома мама"], OWN)["Cyrillic"]
    assert (one.letters, one.before, one.after, one.marks) == ({"а": 3}, "мама", "мм", False)
    everything = lost(tmp_path / "b", ["мой дом", "plain words"], ASCII_ONLY)
    assert list(everything) == ["Cyrillic"]
    assert "becomes nothing" in everything["Cyrillic"].sentence(ASCII_ONLY)


def test_a_few_words_without_a_letter_are_no_loss(tmp_path: Path) -> None:
    # A rule about one word takes a letter out of that word only.
    rare = of_rules("rare", "rules: [{name: a, pattern: '\\\\bhonour\\\\b', replace: honor}]", NORMALIZERS, where="r")
    assert lost(tmp_path, ["honour", "our house"], rare) == {}
    assert lost(tmp_path / "alone", ["honour"], rare) == {}  # u by itself comes through


def test_one_foreign_word_in_a_thousand_is_enough(tmp_path: Path) -> None:
    few, enough = ["café", *["plain words"] * 500], ["café", *["plain words"] * 499]
    assert lost(tmp_path, few, NORMALIZERS["whisper_english"]) == {}
    one = lost(tmp_path / "b", enough, NORMALIZERS["whisper_english"])["Latin"]
    assert "takes 1 mark out of Latin words (\u25cc\u0301): “café” becomes “cafe”" in one.sentence(OWN)


def test_what_is_remembered_keeps_no_corpus_alive(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav", text="का कि")])
    assert (
        lost_letters(corpus, NORMALIZERS["whisper_basic"]) == lost_letters(corpus, NORMALIZERS["whisper_basic"]) != ()
    )
    watched = weakref.ref(corpus)
    del corpus
    gc.collect()
    assert watched() is None


def test_no_references(tmp_path: Path) -> None:
    assert lost(tmp_path, [], NORMALIZERS["whisper_basic"]) == {}
