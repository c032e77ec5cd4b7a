"""The TTS grid: rows in their cells, gaps explicit, counts pooled; and the page drawn from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.utils
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from dash import Dash

from evaluator.error_rate import ErrorCounts
from evaluator.pages import tts as page
from evaluator.tts import grid, is_tts, summaries
from explorer.columns import Column
from explorer.config import load
from explorer.corpus import Corpus, Overlay, open_corpus
from explorer.errors import QueryError
from explorer.library import Library
from explorer.parameters import Parameters
from explorer.query import Filter, Query, Test
from explorer.stores import Stores

# The sentences a and b by three systems; "low" lacks b, "high" read a twice, and one row names no system:
#
#             high      low       mid
#     a      1.0 s     2.0 s     3.0 s
#     b      4.0 s       -       5.0 s
ROWS: list[dict[str, Any]] = [
    {"sentence_id": "b", "system": "mid", "text": "one two", "duration": 5.0, "pred_text_ear": "one two"},
    {"sentence_id": "a", "system": "high", "text": "three", "duration": 1.0, "pred_text_ear": "free"},
    {"sentence_id": "a", "system": "low", "text": "three", "duration": 2.0, "pred_text_ear": "three"},
    {"sentence_id": "b", "system": "high", "text": "one two", "duration": 4.0, "pred_text_ear": ""},
    {"sentence_id": "a", "system": "mid", "text": "three", "duration": 3.0},
    {"sentence_id": "a", "system": "high", "text": "three", "duration": 9.0, "pred_text_ear": "three"},
    {"sentence_id": "a", "system": None, "text": "three", "duration": 9.0},
]


def corpus_of(folder: Path, rows: Sequence[dict[str, Any]], name: str = "voices") -> Corpus:
    manifest = folder / f"{name}.json"
    lines = [{"audio_filepath": f"{number}.wav", **row} for number, row in enumerate(rows)]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return open_corpus(name, [manifest], cache=folder / "cache")


def with_counts(corpus: Corpus, folder: Path) -> Corpus:
    """The corpus with the counts of "ear" laid beside it, as the scores do; counted by hand."""
    counts = {
        "hits": [2, 0, 1, 0, None, 1, None],
        "substitutions": [0, 1, 0, 0, None, 0, None],
        "deletions": [0, 0, 0, 2, None, 0, None],
        "insertions": [0, 0, 0, 0, None, 0, None],
    }
    table = {"row": pa.array(range(len(ROWS)), pa.int32())}
    table |= {f"{kind}_ear": pa.array(values, pa.int32()) for kind, values in counts.items()}
    pq.write_table(pa.table(table), folder / "counts.parquet")
    columns = tuple(
        Column(name=f"{kind}_ear", label=kind, kind="number", help="Counted by hand.", origin="score", system="ear")
        for kind in counts
    )
    return corpus.laid(Overlay("counts", folder / "counts.parquet", columns))


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return corpus_of(tmp_path, ROWS)


def test_rows_come_into_their_cells_and_gaps_are_explicit(corpus: Corpus) -> None:
    shown = grid(corpus, Query(), start=0, stop=10, recognizer="ear")
    assert shown.systems == ("high", "low", "mid")
    assert [sentence.key for sentence in shown.sentences] == ["b", "a"]  # in the order of their first row
    assert [sentence.text for sentence in shown.sentences] == ["one two", "three"]
    durations = [
        [stimulus and stimulus.duration for stimulus in sentence.stimuli.values()] for sentence in shown.sentences
    ]
    assert durations == [[4.0, None, 5.0], [1.0, 2.0, 3.0]]
    assert shown.sentences[0].stimuli["low"] is None
    assert (shown.total, shown.repeated, shown.without_sentence) == (2, 1, 1)


def test_ids_are_those_of_the_utterances(corpus: Corpus) -> None:
    stimulus = grid(corpus, Query(), start=0, stop=1).sentences[0].stimuli["mid"]
    assert stimulus is not None
    utterance = corpus.utterance(stimulus.id)
    assert (utterance.reference, utterance.extra["system"]) == ("one two", "mid")


def test_pages_of_sentences_are_parts_of_the_whole(corpus: Corpus) -> None:
    whole = grid(corpus, Query(), start=0, stop=10)
    assert grid(corpus, Query(), start=1, stop=2).sentences == whole.sentences[1:]
    assert grid(corpus, Query(), start=2, stop=4).sentences == ()
    assert grid(corpus, Query(), start=2, stop=4).total == 2
    assert grid(corpus, Query(), start=0, stop=0).sentences == ()


def test_a_query_narrows_rows_systems_and_sentences(corpus: Corpus) -> None:
    query = Query(filters=(Filter("duration", (Test("gt", 3.5),)), Filter("system", (Test("filled"),))))
    shown = grid(corpus, query, start=0, stop=10)
    assert shown.systems == ("high", "mid")
    cells = [[stimulus and stimulus.duration for stimulus in s.stimuli.values()] for s in shown.sentences]
    assert cells == [[4.0, 5.0], [9.0, None]]


def test_without_score_columns_there_are_transcripts_and_no_counts(corpus: Corpus) -> None:
    shown = grid(corpus, Query(), start=0, stop=10, recognizer="ear")
    heard = shown.sentences[1].stimuli["high"]
    assert heard is not None
    assert (heard.heard, heard.counts) == ("free", None)
    assert grid(corpus, Query(), start=0, stop=10).sentences[1].stimuli["high"].heard is None  # type: ignore[union-attr]
    assert [summary.counts for summary in summaries(corpus, Query(), shown.systems, recognizer="ear")] == [None] * 3


def test_counts_are_those_of_the_cell_and_pooled_in_the_column(corpus: Corpus, tmp_path: Path) -> None:
    scored = with_counts(corpus, tmp_path)
    shown = grid(scored, Query(), start=0, stop=10, recognizer="ear")
    counts = {
        (sentence.key, system): stimulus.counts
        for sentence in shown.sentences
        for system, stimulus in sentence.stimuli.items()
        if stimulus
    }
    assert counts == {
        ("b", "high"): ErrorCounts(0, 0, 2, 0),
        ("b", "mid"): ErrorCounts(2, 0, 0, 0),
        ("a", "high"): ErrorCounts(0, 1, 0, 0),
        ("a", "low"): ErrorCounts(1, 0, 0, 0),
        ("a", "mid"): None,  # nobody transcribed it
    }
    high, low, mid = summaries(scored, Query(), shown.systems, recognizer="ear")
    assert (high.sentences, high.seconds, high.counts) == (3, 14.0, ErrorCounts(1, 1, 2, 0))
    assert high.counts is not None
    assert high.counts.rate == 3 / 4
    assert (low.sentences, low.seconds, low.counts) == (1, 2.0, ErrorCounts(1, 0, 0, 0))
    assert (mid.sentences, mid.seconds, mid.counts) == (2, 8.0, ErrorCounts(2, 0, 0, 0))


def test_without_sentence_ids_the_text_groups(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "sentence_id"} for row in ROWS]
    shown = grid(corpus_of(tmp_path, rows), Query(), start=0, stop=10)
    assert [(sentence.key, sentence.text) for sentence in shown.sentences] == [
        ("one two", "one two"),
        ("three", "three"),
    ]
    assert shown.sentences[0].stimuli["low"] is None


@pytest.mark.parametrize("ids", [(7, 8), (1.5, 2.0), ("x'; DROP TABLE", "%|:ü")])
def test_ids_and_systems_may_be_numbers_and_any_text(tmp_path: Path, ids: tuple[Any, Any]) -> None:
    rows = [
        {"sentence_id": sentence, "system": system, "text": f"{sentence}", "duration": 1.0 + number}
        for number, (sentence, system) in enumerate((s, y) for s in ids for y in ids)
    ]
    shown = grid(corpus_of(tmp_path, rows), Query(), start=0, stop=10)
    assert len(shown.systems) == 2
    assert len(shown.sentences) == 2
    assert all(stimulus is not None for sentence in shown.sentences for stimulus in sentence.stimuli.values())


def test_a_corpus_without_systems_is_no_tts_material(tmp_path: Path, corpus: Corpus) -> None:
    plain = corpus_of(tmp_path, [{"text": "one", "duration": 1.0}], name="plain")
    assert is_tts(corpus)
    assert not is_tts(plain)
    with pytest.raises(QueryError, match="system"):
        grid(plain, Query(), start=0, stop=1)


def test_a_selection_of_nothing_is_an_empty_grid(corpus: Corpus) -> None:
    shown = grid(corpus, Query(search="nowhere"), start=0, stop=10)
    assert (shown.systems, shown.sentences, shown.total) == ((), (), 0)
    assert summaries(corpus, Query(search="nowhere"), shown.systems) == ()


# ---- the page ----


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    for number in range(len(ROWS)):
        soundfile.write(tmp_path / f"{number}.wav", np.zeros(1600, np.float32), 16000)
    many = [
        {"sentence_id": f"s{number:02d}", "system": system, "text": f"<b>{number}</b>", "duration": 1.0}
        for number in range(23)
        for system in "xy"
    ]
    corpus_of(tmp_path, ROWS)
    corpus_of(tmp_path, many, name="many")
    corpus_of(tmp_path, [{"text": "one", "duration": 1.0}], name="plain")
    library = Library(tmp_path / "cache")
    for name in ("voices", "many", "plain"):
        library.open(name, [tmp_path / f"{name}.json"])
    yield Stores(config=load(), library=library)
    library.close()


def drawn(stores: Stores, search: str) -> str:
    layout = page.layout(stores, Parameters.of(search))  # type: ignore[arg-type]
    return json.dumps(layout, cls=plotly.utils.PlotlyJSONEncoder)


def ready(stores: Stores, name: str) -> None:
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not stores.library.get(name).complete:
        time.sleep(0.02)


def test_the_page_has_a_player_in_every_cell_that_has_a_stimulus(stores: Stores) -> None:
    ready(stores, "voices")
    text = drawn(stores, "?corpus=voices")
    assert text.count('"data-group": "tts-a"') == 3
    assert text.count('"data-group": "tts-b"') == 2
    assert text.count("not read by this system") == 1
    assert sorted(re.findall(r'"data-tts-system": "(\d)"', text)) == ["1", "2", "3"]
    assert re.findall(r'"data-hotkey": "(\d)"', text) == ["1", "2", "3"]
    assert "1 further readings" in text
    assert "1 utterances lack a system" in text


def test_the_page_shows_ten_sentences_and_leads_on(stores: Stores) -> None:
    ready(stores, "many")
    first, last = drawn(stores, "?corpus=many"), drawn(stores, "?corpus=many&page=3")
    assert first.count('"data-tts-cell"') == 20
    assert last.count('"data-tts-cell"') == 6
    assert "/tts?corpus=many&page=2" in first
    assert "/tts?corpus=many&page=2" in last
    assert "page=4" not in last
    assert "no such page" in drawn(stores, "?corpus=many&page=9")
    for nonsense in ("0", "-1", "x", "9" * 30, ""):
        assert drawn(stores, f"?corpus=many&page={nonsense}").count('"data-tts-cell"') == 20


def test_the_page_follows_the_filter(stores: Stores) -> None:
    ready(stores, "many")
    text = drawn(stores, "?corpus=many&f=sentence_id:eq:s07")
    assert text.count('"data-tts-cell"') == 2
    assert "loosen the filter" in drawn(stores, "?corpus=many&search=nowhere")


def test_another_corpus_is_told_what_it_needs(stores: Stores) -> None:
    ready(stores, "plain")
    text = drawn(stores, "?corpus=plain")
    assert "is not TTS material" in text
    assert "sentence_id" in text


def test_two_apps_can_have_the_page(stores: Stores) -> None:
    for number in range(2):
        app = Dash(f"app-{number}")
        page.register(app, stores)  # type: ignore[arg-type]
        assert any("tts-body" in name for name in app.callback_map) or app._callback_list
