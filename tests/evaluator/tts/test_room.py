"""The listening room: rows and cells, gaps that a filter cannot hide, counts pooled; and the page drawn from it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.utils
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from dash import Dash, html

from app import DEFAULTS, open_stores
from evaluator.components.tts_rows import marked
from evaluator.pages import tts as page
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.stores import EvaluatorStores
from evaluator.tts.room import RoomPage, room_page
from evaluator.tts.stimuli import stimulus_set
from explorer.columns import Column
from explorer.config_files import load
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.opening import open_corpus
from explorer.errors import QueryError
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Sort, Test

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


def room(corpus: Corpus, query: Query | None = None, *, start: int = 0, stop: int = 10, **options: Any) -> RoomPage:
    return room_page(corpus, stimulus_set(corpus), query or Query(), start=start, stop=stop, **options)


def durations(found: RoomPage) -> list[list[float | None]]:
    return [[cell and cell.stimulus.duration for cell in row.cells.values()] for row in found.rows]


def test_rows_are_sentences_and_gaps_are_explicit(corpus: Corpus) -> None:
    found = room(corpus, recognizer="ear")
    assert [system.name for system in found.systems] == ["high", "low", "mid"]
    assert [row.sentence.key for row in found.rows] == ["b", "a"]  # in the order of their first row
    assert durations(found) == [[4.0, None, 5.0], [1.0, 2.0, 3.0]]
    assert (found.total, found.missing) == (2, 1)


def test_pages_of_sentences_are_parts_of_the_whole(corpus: Corpus) -> None:
    whole = room(corpus)
    assert room(corpus, start=1, stop=2).rows == whole.rows[1:]
    assert room(corpus, start=2, stop=4).rows == ()
    assert room(corpus, start=2, stop=4).total == 2


def test_a_filter_chooses_sentences_and_hides_no_reading(corpus: Corpus) -> None:
    found = room(
        corpus, Query(filters=(Filter("duration", (Test("gt", 4.5),)), Filter("system", (Test("eq", "mid"),))))
    )
    assert [row.sentence.key for row in found.rows] == ["b"]
    assert durations(found) == [[4.0, None, 5.0]]
    assert [cell and cell.fits for cell in found.rows[0].cells.values()] == [False, None, True]
    assert room(corpus, Query(search="nowhere")).rows == ()


def test_sentences_come_in_the_order_of_their_readings_scores(corpus: Corpus) -> None:
    up, down = (room(corpus, Query(sort=(Sort("duration", d),)), score="duration") for d in (False, True))
    assert [row.sentence.key for row in up.rows] == ["a", "b"]
    assert [row.sentence.key for row in down.rows] == ["b", "a"]  # the reading of 9 s is a repetition, not in the set
    high, low, mid = up.systems
    assert (high.sentences, high.seconds, high.score) == (2, 2.5, 2.5)
    assert (low.sentences, low.score, mid.score) == (1, 2.0, 4.0)


def test_only_gaps(corpus: Corpus) -> None:
    assert [row.sentence.key for row in room(corpus, only_gaps=True).rows] == ["b"]


def test_without_score_columns_there_are_transcripts_and_no_counts(corpus: Corpus) -> None:
    cell = room(corpus, recognizer="ear").rows[1].cells["high"]
    assert cell is not None
    assert (cell.heard, cell.counts) == ("free", None)
    assert [system.counts for system in room(corpus, recognizer="ear").systems] == [None] * 3


def test_counts_are_those_of_the_cell_and_pooled_in_the_column(corpus: Corpus, tmp_path: Path) -> None:
    found = room(with_counts(corpus, tmp_path), recognizer="ear")
    counts = {
        (row.sentence.key, system): cell.counts for row in found.rows for system, cell in row.cells.items() if cell
    }
    assert counts == {
        ("b", "high"): ErrorCounts(0, 0, 2, 0),
        ("b", "mid"): ErrorCounts(2, 0, 0, 0),
        ("a", "high"): ErrorCounts(0, 1, 0, 0),
        ("a", "low"): ErrorCounts(1, 0, 0, 0),
        ("a", "mid"): None,  # nobody transcribed it
    }
    high, low, mid = found.systems
    assert high.counts == ErrorCounts(0, 1, 2, 0)
    assert low.counts == ErrorCounts(1, 0, 0, 0)
    assert mid.counts == ErrorCounts(2, 0, 0, 0)


def test_a_score_that_is_no_number_is_refused(corpus: Corpus) -> None:
    with pytest.raises(QueryError, match="no numbers"):
        room(corpus, score="reference")


def test_what_is_said_differently_is_marked() -> None:
    pieces = marked("Dr. Smith paid $5.", "doctor Smith paid five dollars.")
    assert [p.children if isinstance(p, html.Mark) else p for p in pieces] == [
        "doctor", " ", "Smith paid", " ", "five dollars.",
    ]  # fmt: skip
    assert [isinstance(piece, html.Mark) for piece in pieces] == [True, False, False, False, True]
    assert marked("One, two.", "one two") == ["one two"]
    assert marked("one", "") == []


# ---- the page ----


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[EvaluatorStores]:
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
    overrides = [f"workspace={tmp_path / 'workspace'}", f"cache.folder={tmp_path / 'cache'}"]
    opened = open_stores(load([DEFAULTS], overrides))
    for name in ("voices", "many", "plain"):
        opened.library.open(name, [tmp_path / f"{name}.json"])
    yield opened
    opened.close()


def drawn(stores: EvaluatorStores, search: str) -> str:
    layout = page.layout(stores, Parameters.of(search))
    return json.dumps(layout, cls=plotly.utils.PlotlyJSONEncoder)


def ready(stores: EvaluatorStores, name: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not stores.library.get(name).complete:
        time.sleep(0.02)


def test_the_page_has_a_player_in_every_cell_that_has_a_stimulus(stores: EvaluatorStores) -> None:
    ready(stores, "voices")
    text = drawn(stores, "?corpus=voices")
    assert text.count('"data-group": "tts-a"') == 3
    assert text.count('"data-group": "tts-b"') == 2
    assert text.count("not read by this system") == 1
    assert sorted(re.findall(r'"data-tts-system": "(\d)"', text)) == ["1", "2", "3"]
    assert re.findall(r'"data-hotkey": "(\d)"', text) == ["1", "2", "3"]
    assert "voices.json:6 reads a sentence again" in text
    assert "voices.json:7 lacks a system" in text
    assert "1 reading is missing." in text


def test_the_page_follows_its_address(stores: EvaluatorStores) -> None:
    ready(stores, "voices")
    scored = drawn(stores, "?corpus=voices&show=duration&order=down&spoken=english&judge=ear")
    assert scored.index('"data-tts-row": "1"') < scored.index('"data-tts-row": "2"')
    assert '"Duration "' in scored
    assert "Not applied" in drawn(stores, "?corpus=voices&where=%7Bnothing%7D%20%3E%201")
    assert "No sentence fits" in drawn(stores, "?corpus=voices&search=nowhere")
    filtered = drawn(stores, "?corpus=voices&where=%7Bduration%7D%20%3E%204.5")
    assert "Sentences with a reading that fits: Duration is greater than 4.50" in filtered
    for nonsense in ("show=nothing", "order=x", "spoken=klingon", "judge=nobody", "gaps=x"):
        assert drawn(stores, f"?corpus=voices&{nonsense}").count('"data-tts-cell"') == 5


def test_the_page_shows_ten_sentences_and_leads_on(stores: EvaluatorStores) -> None:
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


def test_the_page_follows_the_filter(stores: EvaluatorStores) -> None:
    ready(stores, "many")
    text = drawn(stores, "?corpus=many&f=sentence_id:eq:s07")
    assert text.count('"data-tts-cell"') == 2
    assert "loosen the filter" in drawn(stores, "?corpus=many&search=nowhere")


def test_another_corpus_is_told_what_it_needs(stores: EvaluatorStores) -> None:
    ready(stores, "plain")
    text = drawn(stores, "?corpus=plain")
    assert "is not TTS material" in text
    assert "sentence_id" in text


def test_two_apps_can_have_the_page(stores: EvaluatorStores) -> None:
    for number in range(2):
        app = Dash(f"app-{number}")
        page.register(app, stores)
        assert any("tts-body" in name for name in app.callback_map) or app._callback_list
