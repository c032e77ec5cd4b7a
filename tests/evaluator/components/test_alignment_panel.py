"""The alignment panel and the rates section, as the component trees that a browser is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash.development.base_component import Component

from evaluator.comparing.comparison import Means
from evaluator.comparing.speed import told_by_runs
from evaluator.comparing.table_store import TableStore
from evaluator.components.alignment_panel import alignment_panel
from evaluator.components.normalizer_control import normalizer_control
from evaluator.components.rates_section import rates_section
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.scoring.scores import ScoreStore
from explorer.corpora.corpus import Corpus
from explorer.errors import UnknownCorpus
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import ROWS, scored_corpus
from tests.explorer.manifests import row


def stores(folder: Path, *, at_once: int = 100) -> Any:
    """What the two need of EvaluatorStores, with a real ScoreStore and no runs."""
    runs = SimpleNamespace(of=lambda sources, kind: [])
    tables = TableStore()
    return SimpleNamespace(
        means=lambda corpus: Means(tables, speeds={**tables.speeds(corpus), **told_by_runs(corpus, runs)}),
        scores=ScoreStore(folder / "scores", at_once=at_once),
        normalizer="basic",
        normalizers=NORMALIZERS,
        library=SimpleNamespace(first=lambda: "birds", get=unknown),
        chosen_normalizer=lambda parameters: NORMALIZERS["basic"],
        runs=runs,
    )


def unknown(name: str) -> Any:
    raise UnknownCorpus(f"no corpus {name}")


def nodes(component: Any) -> Iterator[Component]:
    """All components of a tree."""
    if isinstance(component, list | tuple):
        for child in component:
            yield from nodes(child)
    elif isinstance(component, Component):
        yield component
        yield from nodes(getattr(component, "children", None))


def text(component: Any) -> str:
    """What can be read in a tree, no-break spaces as spaces."""
    if isinstance(component, list | tuple):
        return "".join(map(text, component))
    if isinstance(component, Component):
        return text(getattr(component, "children", None))
    return "" if component is None else str(component).replace("\u00a0", " ")


def classed(component: Any, name: str) -> list[Component]:
    return [node for node in nodes(component) if name in (getattr(node, "className", None) or "").split()]


def drawn(component: Any) -> list[list[tuple[str, str]]]:
    """The columns of the drawing: (class without prefix, text) from the reference down."""
    columns = []
    for column in classed(component, "align-column"):
        cells = [(cell.className.replace("align-cell", "").strip(), text(cell)) for cell in column.children]
        columns.append([(name.removeprefix("align-"), shown) for name, shown in cells])
    return columns


def panel_of(folder: Path, fields: dict[str, Any], normalizer: str = "basic") -> Component:
    corpus = scored_corpus(folder, [row("a.wav", **fields), row("b.wav", pred_text_other="x")])
    store = stores(folder)
    laid = store.scores.lay(corpus, normalizer)
    first = laid.page(Query(), 0, 1, ())[0]["id"]
    panel = alignment_panel(store, laid, laid.utterance(first))
    assert panel is not None
    return panel


def test_columns_letters_and_classes(tmp_path: Path) -> None:
    panel = panel_of(
        tmp_path,
        {"text": "The cat sat down.", "pred_text_tiny": "a the cut sat", "pred_text_large": "the cat sat down"},
    )
    assert drawn(panel) == [
        [("gap", "***"), ("insert", "aI"), ("", " ")],
        [("reference", "the"), ("equal", "the"), ("equal", "the")],
        [("reference", "cat"), ("substitute", "cutS"), ("equal", "cat")],
        [("reference", "sat"), ("equal", "sat"), ("equal", "sat")],
        [("reference", "down"), ("delete", "***D"), ("equal", "down")],
    ]
    assert [text(node) for node in nodes(panel) if node._type == "U"] == ["u"]
    assert [text(badge) for badge in classed(panel, "align-badge")] == [
        "tiny WER 75.0 % · 1 S 1 D 1 I of 4 words",
        "large WER 0.0 % · 0 S 0 D 0 I of 4 words",
    ]
    assert "normalizer basic, version 1" in text(panel)
    assert "no hypothesis for this utterance: other" in text(panel)


def test_the_normalizer_of_the_address_is_used_and_named(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, {"text": "The cat.", "pred_text_tiny": "the cat"}, normalizer="none")
    assert [cells[1][0] for cells in drawn(panel)] == ["substitute", "substitute"]
    assert "normalizer none, version 1" in text(panel)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": None, "pred_text_tiny": "hello"}, "has no reference"),
        ({"text": "", "pred_text_tiny": "um"}, "every word heard counts as an insertion"),
        ({"text": "", "pred_text_tiny": "um"}, "tiny no WER · 0 S 0 D 1 I the reference is empty"),
        ({"text": "...", "pred_text_tiny": "?"}, "there is nothing to align"),
        ({"text": "one two", "pred_text_tiny": ""}, "tiny WER 100.0 % · 0 S 2 D 0 I of 2 words"),
        ({"text": "one", "pred_text_tiny": "one"}, "of 1 word"),
        ({"text": "one two"}, "no hypothesis for this utterance"),
    ],
)
def test_edges_are_sentences(tmp_path: Path, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in text(panel_of(tmp_path, fields))


def test_without_reference_and_systems_there_is_no_panel(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav", text=None)])
    utterance = corpus.utterance(corpus.page(Query(), 0, 1, ())[0]["id"])
    assert alignment_panel(stores(tmp_path), corpus, utterance) is None


def test_texts_are_children_and_never_markup(tmp_path: Path) -> None:
    attack = "<img src=x onerror=alert(1)> <script>1</script>"
    panel = panel_of(tmp_path, {"text": attack, "pred_text_tiny": attack + " more"}, normalizer="none")
    assert "<script>1</script>" in text(panel)
    assert not {node._type for node in nodes(panel)} & {"Iframe", "Script", "Markdown", "DangerouslySetInnerHTML"}


def test_an_hour_of_words_is_folded_to_what_is_wrong(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(5_000)]
    heard = [*words[:2_000], "wrong", *words[2_001:]]
    panel = panel_of(tmp_path, {"text": " ".join(words), "pred_text_tiny": " ".join(heard)})
    columns = classed(panel, "align-column")
    assert [text(column) for column in classed(panel, "align-fold")] == [
        "… 1,997 correct words …",
        "… 2,996 correct words …",
    ]
    assert len(columns) == 2 + 7
    assert len(list(nodes(panel))) < 500


def test_an_hour_of_errors_is_cut_with_a_sentence(tmp_path: Path) -> None:
    words = " ".join(f"w{number}" for number in range(5_000))
    panel = panel_of(tmp_path, {"text": words, "pred_text_tiny": words.replace("w", "v")})
    assert "5,000 S 0 D 0 I of 5,000 words" in text(panel)
    assert "The last 1,999 columns are not drawn" in text(panel)


def table_rows(section: Component) -> list[list[str]]:
    return [[text(cell) for cell in node.children] for node in nodes(section) if node._type == "Tr"]


def test_rates_of_all_systems(tmp_path: Path) -> None:
    store = stores(tmp_path)
    corpus = store.scores.lay(scored_corpus(tmp_path), "basic")
    section = rates_section(store, corpus, Query())
    assert section is not None
    header, tiny, large = table_rows(section)
    told = dict(zip(header, tiny, strict=True))
    assert told["System"] == "tiny"
    assert (told["WER"], told["CER"], told["WMR"], told["MWA"]) == ("57.14 %", "54.17 %", "71.43 %", "71.43 %")
    assert (told["S"], told["D"], told["I"], told["Words"], told["Scored"]) == (
        "14.29 %",
        "14.29 %",
        "28.57 %",
        "7",
        "3 of 6",
    )
    assert told["Left out"] == ("2 missing reference, 1 missing hypothesis, 1 scored without a rate (empty reference)")
    assert dict(zip(header, large, strict=True))["WER"] == "20.00 %"
    assert "normalizer basic, version 1" in text(section)
    assert "RTFx" not in header
    # tiny was scored on 3 utterances and large on 4: neither is called the best.
    assert not classed(section, "best")
    assert "cannot be compared as they are" in text(section)


def test_the_best_is_marked_among_systems_that_heard_the_same(tmp_path: Path) -> None:
    store = stores(tmp_path)
    corpus = store.scores.lay(scored_corpus(tmp_path, ROWS[:3]), "basic")
    section = rates_section(store, corpus, Query())
    assert section is not None
    assert [text(cell) for cell in classed(section, "best")][:2] == ["0.00 %", "0.00 %"]
    assert "Bold is the best system" in text(section)


def test_rates_lead_to_their_utterances(tmp_path: Path) -> None:
    store = stores(tmp_path)
    corpus = store.scores.lay(scored_corpus(tmp_path), "basic")
    links = {text(node): node.href for node in nodes(rates_section(store, corpus, Query())) if node._type == "Link"}
    assert links["57.14 %"] == "/utterances?corpus=birds&normalizer=basic&sort=-wer_tiny"
    found = links["1 missing hypothesis"]
    assert "f=scoring_tiny%3Aeq%3Amissing%20hypothesis" in found


def test_rates_belong_to_the_query(tmp_path: Path) -> None:
    store = stores(tmp_path)
    corpus = store.scores.lay(scored_corpus(tmp_path), "basic")
    query = Query(filters=(Filter("audio", (Test("eq", "b.wav"),)),))
    header, tiny, _ = table_rows(rates_section(store, corpus, query))
    told = dict(zip(header, tiny, strict=True))
    assert (told["WER"], told["Scored"]) == ("50.00 %", "1 of 1")
    assert "MWA" not in header


def test_rtfx_is_shown_for_runs(tmp_path: Path) -> None:
    store = stores(tmp_path)
    ended = SimpleNamespace(system="tiny", ended=True, settings={"audio_seconds": 120.0, "wall_seconds": 8.0})
    going = SimpleNamespace(system="tiny", ended=False, settings={})
    store.runs.of = lambda sources, kind: [ended, going]
    corpus = store.scores.lay(scored_corpus(tmp_path), "basic")
    header, tiny, large = table_rows(rates_section(store, corpus, Query()))
    place = header.index("RTFx")
    assert (tiny[place], large[place]) == ("15.00", "–")


def test_nothing_to_score_says_how_to_get_something(tmp_path: Path) -> None:
    corpus = scored_corpus(tmp_path, [row("a.wav")])
    section = rates_section(stores(tmp_path), corpus, Query())
    assert "Nothing to score yet" in text(section)
    assert [node.href for node in nodes(section) if node._type == "Link"] == ["/runs?corpus=birds"]


def test_scores_under_way_are_shown_as_such(tmp_path: Path) -> None:
    store = stores(tmp_path, at_once=0)
    corpus = store.scores.lay(scored_corpus(tmp_path), "basic")
    section = rates_section(store, corpus, Query())
    assert "Scoring 2 systems: " in text(section)
    assert "of 6 utterances" in text(section)
    store.scores.close()


def test_a_preview_waits_for_the_whole(tmp_path: Path) -> None:
    store = stores(tmp_path)
    preview: Corpus = replace(scored_corpus(tmp_path), complete=False)
    assert store.scores.lay(preview, "basic") is preview
    assert "when the corpus is loaded" in text(rates_section(store, preview, Query()))


def test_what_the_normalizer_made_stands_beside_what_was_written(tmp_path: Path) -> None:
    fields = {"text": "Twenty one, can't", "pred_text_tiny": "21 can not"}
    panel = panel_of(tmp_path, fields, "whisper_english")
    [details] = classed(panel, "align-written")
    said = text(details)
    assert "Texts as they are written, and as Whisper English makes them" in said
    assert "Twenty one, can't 21 can not" in said
    assert "by lower case, contractions, punctuation, numbers" in said
    assert said.count("21 can not") == 2  # what was heard stays as it is
    [same] = classed(panel_of(tmp_path / "b", {"text": "yes", "pred_text_tiny": "no"}), "align-written")
    assert text(same.children[0]) == "Texts as they are written"


def test_the_control_offers_every_normalizer(tmp_path: Path) -> None:
    control = normalizer_control(stores(tmp_path), {"normalizer": "none"})
    [select] = [node for node in nodes(control) if node._type == "Select"]
    assert select.value == "none"
    assert [option["value"] for option in select.options] == list(NORMALIZERS)
    assert [node.value for node in nodes(normalizer_control(stores(tmp_path), {})) if node._type == "Select"] == [
        "basic"
    ]
