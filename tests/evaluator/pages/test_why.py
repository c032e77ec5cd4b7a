"""The pages of where and why over corpora that have little or nothing to say: never an exception, never a NaN."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dash._utils import to_json

import app as door
from evaluator.comparing.slots import Slot
from evaluator.comparison_store import Making
from evaluator.components.slice_controls import slots_of
from evaluator.pages import errors, normalizers, scatter, slices, words
from evaluator.scoring.scores import ScoringProgress
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.errors import QueryError, SpeechDataError
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from tests.corpora import loaded
from tests.explorer.manifests import row, write_manifest

PAGES = (slices, scatter, words, errors)
BOTH = {"pred_text_a": "one two", "pred_text_b": "one"}
CORPORA: dict[str, list[dict[str, Any]]] = {
    "one": [row("a.wav", speaker="x", **BOTH)],
    "silent": [row(f"{n}.wav", text="", speaker="x", pred_text_a="", pred_text_b="um" * n) for n in range(3)],
    "unreferenced": [row(f"{n}.wav", text=None, **BOTH) for n in range(3)],
    "apart": [row("a.wav", pred_text_a="one"), row("b.wav", pred_text_b="one")],
    "alone": [row("a.wav", pred_text_a="one", speaker="x")],
    "unheard": [row("a.wav")],
    "equal": [row(f"{n}.wav", speaker="x", pred_text_a="one two", pred_text_b="one two") for n in range(12)],
    "empty": [],
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluatorStores]:
    folder = tmp_path_factory.mktemp("why")
    options = [f"cache.folder={folder / 'cache'}", f"workspace={folder / 'workspace'}"]
    opened = door.open_stores(load([door.DEFAULTS], [*options, "slots.speaker=[]", "slots.duration=[1,2]"]))
    try:
        for name, rows in CORPORA.items():
            opened.library.open(name, [write_manifest(folder / f"{name}.json", rows)])
            loaded(opened.library, name)
        yield opened
    finally:
        opened.close()


def shown(page: Any, stores: EvaluatorStores, parameters: Parameters) -> str:
    """The page, once what it shows has been made."""
    find = page.find
    for _ in range(100):
        try:
            if not isinstance(find(stores, parameters), Making):
                break
        except (SpeechDataError, IndexError):
            break  # the page says it
        time.sleep(0.05)
    return str(to_json(page.layout(stores, parameters)))


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_every_page_says_what_there_is(page: Any, name: str, stores: EvaluatorStores) -> None:
    drawn = shown(page, stores, Parameters((("corpus", name),)))
    assert len(drawn) > 300
    assert "NaN" not in drawn
    if name in ("unheard", "empty") or (name == "alone" and page in (scatter, words)):
        assert "There is nothing to look at yet" in drawn


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_a_wrong_system_or_filter_is_a_sentence(page: Any, stores: EvaluatorStores) -> None:
    with pytest.raises(QueryError, match="no system"):
        page.layout(stores, Parameters((("corpus", "one"), ("baseline", "nobody"))))
    if page is words:
        return  # its counts are those of the whole corpus
    with pytest.raises(QueryError, match="no column"):
        page.layout(stores, Parameters((("corpus", "one"), ("f", "gone:eq:1"))))


def test_the_slots_of_the_configuration_are_shown_until_the_address_names_others(stores: EvaluatorStores) -> None:
    corpus = stores.corpus({"corpus": "one"})
    assert slots_of(stores, corpus, Parameters()) == (Slot("speaker"), Slot("duration", (1.0, 2.0)))
    named = Parameters((("slice", "words"),))
    assert slots_of(stores, corpus, named) == (Slot("words"),)
    assert slots_of(stores, corpus, Parameters((("slice", ""),))) == ()
    with pytest.raises(QueryError, match="6 fit on a page"):
        slots_of(stores, corpus, Parameters((("slice", "words"),) * 7))
    plain = SimpleNamespace(config=SimpleNamespace(slots={}))
    assert slots_of(plain, corpus, Parameters()) == (Slot("speaker"), Slot("duration"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_a_page_waits_for_scores_and_says_how_far_they_are(
    page: Any, stores: EvaluatorStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = Parameters((("corpus", "equal"),))
    monkeypatch.setattr(stores.scores, "lay", lambda corpus, chosen: corpus)
    monkeypatch.setattr(stores.scores, "progress", lambda corpus, chosen: ScoringProgress(5, 12))
    assert "5 of 12 done" in str(to_json(page.layout(stores, parameters)))
    assert page.find(stores, parameters) == Making(5, 12)
    failed = ScoringProgress(0, 12, "The texts cannot be scored: no space left")
    monkeypatch.setattr(stores.scores, "progress", lambda corpus, chosen: failed)
    with pytest.raises(QueryError, match="no space left"):
        page.layout(stores, parameters)


def test_words_are_those_of_the_filter(stores: EvaluatorStores) -> None:
    asked = Parameters((("corpus", "silent"), ("where", "{b} contains um")))
    assert "There is nothing to draw" in shown(words, stores, asked)
    some = Parameters((("corpus", "equal"), ("where", "{audio} = 3.wav")))
    drawn = shown(words, stores, some)
    assert "2 different words of the utterances that the filter selects, said 2 times" in drawn
    assert "of the whole corpus, said 24 times" in shown(words, stores, Parameters((("corpus", "equal"),)))
    found = words.find(stores, some)
    [line, _] = words._Words(stores).page(some, found, Query(), 0, 9)
    assert "where=%7Baudio%7D" in line["link:word"]


@pytest.mark.parametrize("page", [*PAGES, normalizers], ids=lambda page: page.TITLE)
@pytest.mark.parametrize("where", ["{suspicion} >= 0", "{flags_b} is empty || {flags_b} is not empty"])
def test_a_filter_may_name_what_is_laid_beside_the_scores(page: Any, where: str, stores: EvaluatorStores) -> None:
    asked = Parameters((("corpus", "equal"), ("where", where), ("slice", "speaker")))
    drawn = shown(page, stores, asked)
    assert "12" in drawn
    assert not isinstance(page.find(stores, asked), Making)


def test_slices_may_be_of_what_is_laid_beside_the_scores(stores: EvaluatorStores) -> None:
    asked = Parameters((("corpus", "equal"), ("slice", "suspicion")))
    assert "no column" not in shown(slices, stores, asked)
    [found] = slices.find(stores, asked)
    assert sum(part.utterances for part in found.slices) == 12
