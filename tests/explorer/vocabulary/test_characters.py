"""The character inventory: facts of Unicode, oddities with their reasons, and the way from a character to its rows."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.querying.query import Filter, Query, Test
from explorer.vocabulary.characters import (
    COLUMNS,
    LOOK_ALIKES,
    characters_listing,
    glyph,
    having,
    oddities,
    script,
    word_facts,
)
from explorer.vocabulary.vocabulary_store import VocabularyStore
from explorer.vocabulary.words import AS_WRITTEN, CharacterCounter
from tests.explorer.manifests import opened, row


def reasons(*words: str) -> dict[str, str]:
    found = oddities(Counter(" ".join(words)), word_facts(words))
    return {character: "; ".join(why) for character, why in found.items()}


PLAIN = ["the", "quick", "brown", "fox", "jumps", "over"] * 100


def test_a_plain_text_has_nothing_odd() -> None:
    assert reasons(*PLAIN, "it's", "twenty-one") == {}
    assert reasons("Der", "süße", "Bär", "läuft.", "Ja!") == {}
    assert reasons("東京", "へ", "行く", "カメラ") == {}
    assert reasons("हिन्दी", "में") == {}


@pytest.mark.parametrize(
    ("word", "character", "reason"),
    [
        ("a\x07b", "\x07", "control character"),
        ("\ue000", "\ue000", "private use"),
        ("a\u200bb", "\u200b", "invisible"),
        ("a\u200db", "\u200d", "no script here needs"),
        ("a\u00a0b", "\u00a0", "no plain space (no-break space)"),
        ("\ufffd", "\ufffd", "decoded wrongly"),
        ("\u0301x", "\u0301", "without a base letter, in 1 word"),
        ("cafe\u0301", "\u0301", "decomposed (NFD)"),
        ("\u212b", "\u212b", "not in composed form (NFC): the same as Å (U+00C5)"),
        ("\ufb01x", "\ufb01", "compatibility form of fi"),
        ("с\u0061t", "с", "Cyrillic letter that looks like Latin c"),
        ("с\u0061t", "a", "in 1 word that mix scripts"),
        ("да", "д", "letter of Cyrillic, which is rare here"),
        ("Big", "B", "upper-case letter in an otherwise lower-case alphabet"),
        ("7", "7", "digit or number in an otherwise lower-case alphabet"),
        ("so.", ".", "punctuation in an otherwise lower-case alphabet"),
    ],
)
def test_odd_characters_say_why(word: str, character: str, reason: str) -> None:
    assert reason in reasons(*PLAIN, word)[character]


def test_an_upper_case_alphabet_finds_lower_case_odd() -> None:
    found = reasons(*[word.upper() for word in PLAIN], "oops")
    assert "lower-case letter in an otherwise upper-case alphabet" in found["o"]
    assert "O" not in found


def test_joiners_are_at_home_in_persian() -> None:
    assert "\u200c" not in reasons("می\u200cخواهم")


def test_scripts_are_those_of_unicode() -> None:
    # From Unicode's Scripts.txt: whole blocks of letters whose script is known without a doubt.
    blocks = {
        "Latin": "azAZéßſƀɐḀẞ\uff21\uff5aªº",
        "Greek": "αωΑΩάἀ",
        "Cyrillic": "аяАЯђѓԀ",
        "Han": "一龥㐀\U00020000",
        "Hangul": "가힣ㄱ",
        "Hiragana": "あん",
        "Katakana": "アンｱ",
        "Arabic": "ابی",
        "Hebrew": "את",
        "Devanagari": "अह",
        "Thai": "กฮ",
        "Georgian": "აჰ",
        "Armenian": "աֆ",
        "Ethiopic": "ሀ",
    }
    for name, letters in blocks.items():
        assert {script(letter) for letter in letters} == {name}
    assert {script(character) for character in "1.,'- \u0301\u200b€"} == {"Common"}


def test_look_alikes_are_letters_of_another_script() -> None:
    for letter, latin in LOOK_ALIKES.items():
        assert script(letter) in ("Cyrillic", "Greek")
        assert script(latin) == "Latin"
        assert latin.isascii()


@given(st.characters())
def test_every_character_has_a_glyph_that_can_be_seen(character: str) -> None:
    shown = glyph(character)
    assert shown.isprintable()
    assert shown.strip()


def test_the_listing_and_its_rows(tmp_path: Path) -> None:
    texts = ["Ab a", "b\u200b", "с a", None, "a.b"]
    corpus = opened(tmp_path, [row(f"{i}.wav", text=text) for i, text in enumerate(texts)])
    store = VocabularyStore(tmp_path / "counts")
    store.prepare(corpus, ["reference"], AS_WRITTEN)
    utterances = store.characters(corpus, AS_WRITTEN)
    assert utterances is not None
    words = [word for word, _ in corpus.words()]
    listing = characters_listing(corpus.alphabet, utterances, words)
    rows = {row["character"]: row for row in listing.values(listing.rows(Query()), listing.content.column_names)}
    assert (rows["a"]["count"], rows["a"]["utterances"]) == (3, 3)
    assert (rows["A"]["count"], rows["A"]["utterances"]) == (1, 1)
    assert rows["\u200b"]["code"] == "U+200B"
    assert rows["\u200b"]["category"] == "invisible format character (Cf)"
    assert rows["с"]["odd"]
    assert rows["с"]["script"] == "Cyrillic"
    odd = listing.rows(Query(filters=(Filter("odd", (Test("eq", True),)),)))
    assert {row["character"] for row in listing.values(odd, ["character"])} >= {"\u200b", "с"}
    for character, known in rows.items():
        found = corpus.rows(Query.from_pairs(having(character).pairs())).tolist()
        assert found == [i for i, text in enumerate(texts) if text and character in text]
        assert len(found) == known["utterances"]
    assert {column.name for column in COLUMNS} <= set(listing.content.column_names)


def test_categories_cover_unicode() -> None:
    from explorer.vocabulary.characters import CATEGORIES

    assert {unicodedata.category(chr(code)) for code in range(0x110000)} <= CATEGORIES.keys()


def test_an_empty_alphabet() -> None:
    assert characters_listing({}, CharacterCounter("").table(), []).size == 0
