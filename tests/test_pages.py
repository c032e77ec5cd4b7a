"""Every page over every kind of corpus, in process: layouts, the table's answers, downloads, the error boundary."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from dash._utils import to_json

import explorer.pages
from explorer.columns import Column
from explorer.components import distributions, filters, shell, table
from explorer.components.banners import changed_banner
from explorer.components.guide import guide
from explorer.config_files import load
from explorer.corpora.corpus import Corpus
from explorer.corpora.library import Library
from explorer.doors import media
from explorer.errors import UnknownUtterance
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Sort, Test
from explorer.stores import Stores
from tests.corpora import MARKUP, explorer_app, loaded, opened

CORPORA = ("tones", "faulty", "empty")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("corpora")) as stores:
        yield stores


@pytest.fixture(scope="module")
def app(stores: Stores) -> Dash:
    return explorer_app(stores)


@pytest.fixture
def tones(stores: Stores) -> Corpus:
    return stores.corpus({"corpus": "tones"})


def text(component: Any) -> str:
    return str(to_json(component))


def answer(app: Dash, output: str, **values: Any) -> dict[str, Any]:
    """What the server answers to a callback, as the browser asks it: values by "id.property", the first is new."""
    listed = next(entry for key, entry in app.callback_map.items() if output in key)
    key = next(key for key in app.callback_map if output in key)
    given = {name.replace("__", ".").replace("_", "-"): value for name, value in values.items()}

    def filled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**e, "value": given.get(f"{e['id']}.{e['property']}".replace("_", "-"))} for e in entries]

    spec = app._callback_list
    outputs = next(entry for entry in spec if entry["output"] == key)["output"]
    names = outputs.strip(".").split("...") if outputs.startswith("..") else [outputs]
    body = {
        "output": outputs,
        "outputs": [{"id": n.rsplit(".", 1)[0], "property": n.rsplit(".", 1)[1]} for n in names],
        "inputs": filled(listed["inputs"]),
        "state": filled(listed["state"]),
        "changedPropIds": [next(iter(given))],
    }
    reply = app.server.test_client().post("/_dash-update-component", json=body)
    assert reply.status_code == 200, reply.get_data(as_text=True)[-2000:]
    return dict(reply.get_json()["response"])


@pytest.mark.parametrize("page", explorer.pages.PAGES, ids=lambda page: page.TITLE)
@pytest.mark.parametrize("name", CORPORA)
def test_every_page_shows_every_kind_of_corpus(page: Any, name: str, stores: Stores) -> None:
    corpus = stores.corpus({"corpus": name})
    parameters = Parameters((("corpus", name),))
    if page.PATH == "/utterance":
        if not corpus.size:
            with pytest.raises(UnknownUtterance):
                page.layout(stores, parameters)
            return
        parameters = parameters.replaced(u=corpus.page(Query(), 0, 1, ())[0]["id"])
    assert len(text(page.layout(stores, parameters))) > 200


@pytest.mark.parametrize("name", CORPORA)
def test_every_distribution_is_drawn(name: str, stores: Stores) -> None:
    corpus = stores.corpus({"corpus": name})
    drawn = distributions.drawn_columns(corpus)
    assert drawn or not corpus.size
    for column in drawn:
        assert text(distributions.bars(corpus, column, Parameters((("corpus", name),))))


def test_a_bar_leads_to_exactly_its_rows(tones: Corpus) -> None:
    column = tones.column("duration")
    figure = _found(distributions.bars(tones, column, Parameters((("corpus", "tones"),))), "figure")
    bars = figure["data"][0]
    assert sum(bars["y"]) == tones.size
    for href, count in zip(bars["customdata"], bars["y"], strict=True):
        query = Query.from_pairs(Parameters.of(href.partition("?")[2]).pairs)
        assert tones.extent(query).utterances == count


def test_a_frequent_value_leads_to_exactly_its_rows(tones: Corpus) -> None:
    shown = json.loads(to_json(distributions.bars(tones, tones.column("speaker"), Parameters())))
    links = list(_all(shown, "href"))
    assert len(links) == 5
    for href in links:
        query = Query.from_pairs(Parameters.of(href.partition("?")[2]).pairs)
        assert tones.extent(query).utterances == 50


def test_odd_characters_are_named(stores: Stores) -> None:
    page = text(explorer.pages.overview.layout(stores, Parameters((("corpus", "faulty"),))))
    assert "U+200B" in page
    assert "zero width space" in page


def test_the_problems_page_lists_each_with_its_address(stores: Stores) -> None:
    page = explorer.pages.problems.layout(stores, Parameters((("corpus", "faulty"),)))
    corpus = stores.corpus({"corpus": "faulty"})
    assert corpus.problem_count >= 4
    assert {problem.message for problem in corpus.problems} <= set(_strings(json.loads(to_json(page))))
    assert "No problems" in text(explorer.pages.problems.layout(stores, Parameters((("corpus", "tones"),))))


def test_the_utterance_page_shows_nested_fields_and_texts(stores: Stores, tones: Corpus) -> None:
    last = tones.page(Query(), tones.size - 1, tones.size, ())[0]["id"]
    layout = explorer.pages.utterance.layout(stores, Parameters((("corpus", "tones"), ("u", last))))
    page = set(_strings(json.loads(to_json(layout))))
    assert {"late", media.address("tones", last)} <= page
    assert json.dumps({"size": [1, 2.5]}, indent=2) in page


def test_rows_come_filtered_sorted_and_searched(app: Dash, tones: Corpus) -> None:
    request = {
        "startRow": 0,
        "endRow": 100,
        "filterModel": {"duration": {"filterType": "number", "type": "greaterThan", "filter": 2.0}},
        "sortModel": [{"colId": "words", "sort": "desc"}],
    }
    reply = answer(
        app,
        "utterances-grid.getRowsResponse",
        utterances_grid__getRowsRequest=request,
        utterances_external__data={"search": "seven", "kept": []},
        utterances_columns__data=["duration", "words"],
        utterances_view__data=[],
        url__search="?corpus=tones",
    )
    rows = reply["utterances-grid"]["getRowsResponse"]
    query = Query((Filter("duration", (Test("gt", 2.0),)),), (Sort("words", True),), "seven")
    assert rows["rowCount"] == tones.extent(query).utterances > 0
    assert all(row["duration"] > 2 for row in rows["rowData"])
    assert [row["words"] for row in rows["rowData"]] == sorted((r["words"] for r in rows["rowData"]), reverse=True)
    assert [tuple(pair) for pair in reply["utterances-view"]["data"]] == query.pairs()


def test_a_bad_pattern_is_answered_with_a_sentence_not_with_silence(app: Dash) -> None:
    model = {"reference": {"filterType": "text", "type": "matches", "filter": "(unclosed"}}
    reply = answer(
        app,
        "utterances-grid.getRowsResponse",
        utterances_grid__getRowsRequest={"startRow": 0, "endRow": 100, "filterModel": model, "sortModel": []},
        utterances_external__data={"search": "", "kept": []},
        utterances_columns__data=["reference"],
        utterances_view__data=[],
        url__search="?corpus=tones",
    )
    assert reply["utterances-grid"]["getRowsResponse"] == {"rowData": [], "rowCount": 0}
    assert "alert" in json.dumps(reply["utterances-error"])


def test_routing_knows_pages_strangers_and_mistakes(app: Dash) -> None:
    def visit(path: str, search: str = "?corpus=tones") -> str:
        return json.dumps(answer(app, "page.children", route__data={"path": path, "search": search, "visit": 1}))

    assert "utterances-grid" in visit("/utterances")
    assert "There is no such page" in visit("/nowhere")
    assert "This page cannot be shown" in visit("/", "?corpus=gone")
    assert "This filter cannot be used" in visit("/utterances", "?corpus=tones&f=gone:eq:1")
    assert "This page cannot be shown" in visit("/utterance", "?corpus=tones&u=0")


def test_a_page_that_breaks_becomes_a_sentence(stores: Stores) -> None:
    class Broken:
        PATH = "/broken"
        TITLE = "Broken"

        def layout(self, _stores: Any, _query: Any) -> Any:
            raise ZeroDivisionError("secret detail")

        def register(self, app: Any, stores: Any) -> None: ...

    body, _title = shell._page((Broken(),), stores, "/broken", Parameters())
    assert "ZeroDivisionError" in text(body)
    assert "secret detail" not in text(body)


def test_two_apps_live_in_one_process(stores: Stores, app: Dash) -> None:
    other = explorer_app(stores)
    for one in (app, other):
        reply = answer(one, "page.children", route__data={"path": "/", "search": "", "visit": 1})
        assert "overview-figures" in json.dumps(reply)


@pytest.mark.parametrize("name", ["tones", "faulty"])
def test_every_column_explains_itself(name: str, stores: Stores) -> None:
    columns = stores.corpus({"corpus": name}).columns
    shown = set(_strings(json.loads(to_json(guide(columns)))))
    for column in columns:
        assert column.help
        assert len(table.explanation(column)) > 8
    assert {column.help for column in columns if not column.system} <= shown


def test_each_chip_takes_its_own_piece_away(tones: Corpus) -> None:
    query = Query(
        (Filter("duration", (Test("ge", 1.0),)), Filter("speaker", (Test("eq", "s1"), Test("eq", "s2")))),
        (Sort("words"),),
        "two",
    )
    chips = text(filters.chips(query, tones, prefix="utterances"))
    for words in ("Duration is at least", "s1", "two", "Clear all"):
        assert words in chips
    assert filters.without(query, 0).filters == query.filters[1:]
    assert filters.without(query, 2) == Query(query.filters, query.sort, "")
    assert filters.without(query, -1) == Query(sort=query.sort)
    assert filters.chips(Query(sort=query.sort), tones, prefix="utterances") == []


def test_the_manifest_of_a_view_is_what_the_view_shows(app: Dash, tones: Corpus) -> None:
    query = Query((Filter("speaker", (Test("eq", "s3"),)),), (Sort("duration", True),))
    address = Parameters((("corpus", "tones"),)).plus(query.pairs())
    reply = app.server.test_client().get(address.href("/export/utterances.jsonl"))
    assert reply.status_code == 200
    assert "attachment; filename=tones.jsonl" in reply.headers["Content-Disposition"]
    lines = [json.loads(line) for line in reply.get_data(as_text=True).splitlines()]
    assert len(lines) == 50
    assert {line["speaker"] for line in lines} == {"s3"}
    assert [line["duration"] for line in lines] == sorted((line["duration"] for line in lines), reverse=True)
    assert {"text", "pred_text", "pred_text_b", "room"} <= lines[0].keys()
    assert all(Path(line["audio_filepath"]).is_absolute() for line in lines)  # a download lies elsewhere


def test_the_csv_of_a_view_has_a_line_for_each_row(app: Dash) -> None:
    reply = app.server.test_client().get("/export/utterances.csv?corpus=tones&f=words:eq:3")
    rows = list(csv.DictReader(io.StringIO(reply.get_data(as_text=True))))
    assert len(rows) == 25
    assert {row["text"] for row in rows} == {"one two three"}
    assert {row["words"] for row in rows} == {"3"}  # derived values come along


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/export/utterances.csv?corpus=gone", 404),
        ("/export/utterances.csv?corpus=tones&f=gone:eq:1", 400),
        ("/export/problems.json?corpus=gone", 404),
    ],
)
def test_a_download_that_cannot_be_made_says_why(app: Dash, address: str, status: int) -> None:
    reply = app.server.test_client().get(address)
    assert reply.status_code == status
    assert reply.get_json()["error"]


def test_problems_are_downloaded_as_csv_and_json(app: Dash, stores: Stores) -> None:
    corpus = stores.corpus({"corpus": "faulty"})
    client = app.server.test_client()
    rows = list(csv.DictReader(io.StringIO(client.get("/export/problems.csv?corpus=faulty").get_data(as_text=True))))
    listed = client.get("/export/problems.json?corpus=faulty").get_json()
    assert len(rows) == len(listed) == corpus.problem_count
    assert [entry["message"] for entry in listed] == [problem.message for problem in corpus.problems]


def test_markup_in_a_manifest_stays_text(app: Dash, stores: Stores, tones: Corpus) -> None:
    column = tones.column("reference")
    markup = next(row for row in tones.page(Query(search="onerror"), 0, 5, ["reference"]))
    assert markup["reference"] == MARKUP
    page = json.loads(to_json(explorer.pages.utterance.layout(stores, Parameters.of(f"corpus=tones&u={markup['id']}"))))
    assert MARKUP in list(_strings(page))
    assert "dangerously" not in json.dumps(page)
    assert column.kind == "text"


def _all(tree: Any, key: str) -> Iterator[Any]:
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        for value in tree.values():
            yield from _all(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from _all(value, key)


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _strings(value)


def _found(component: Any, key: str) -> Any:
    return next(_all(json.loads(to_json(component)), key))


def test_a_corpus_without_a_good_line_says_what_was_wrong(tmp_path: Path) -> None:
    manifest = tmp_path / "broken.jsonl"
    manifest.write_text('{broken\n{"duration": 1}\n', encoding="utf-8")
    with opened(tmp_path / "corpora") as stores:
        stores.library.open("broken", [manifest])
        loaded(stores.library, "broken")
        page = explorer.pages.overview.layout(stores, Parameters((("corpus", "broken"),)))
    shown = set(_strings(json.loads(to_json(page))))
    assert "broken has no utterances" in shown
    assert any("broken.jsonl:1: broken JSON" in words for words in shown)
    assert "overview-ask" not in text(page)


def test_a_corpus_without_its_sound_says_where_it_should_be(tmp_path: Path) -> None:
    lines = ('{"audio_filepath": "gone/a.wav", "duration": 2.0, "text": "a"}', '{"audio_filepath": "gone/b.wav"}')
    (tmp_path / "m.json").write_text("\n".join(lines))
    library = Library(tmp_path / "cache")
    library.open("lost", [tmp_path / "m.json"])
    loaded(library, "lost")
    stores = Stores(library=library, config=load())
    page = explorer.pages.overview.layout(stores, Parameters.of(""))
    shown = " ".join(_strings(json.loads(to_json(page))))
    assert f"{tmp_path}/gone/a.wav does not exist" in shown
    assert "--audio-base-path" in shown
    assert "2.0\u00a0s on average" in shown  # one of two rows has a duration
    assert "sound missing or unreadable; the rows are here" in shown
    problems = text(explorer.pages.problems.layout(stores, Parameters.of("")))
    assert "1 problem in one file, beside 2 utterances" in problems
    assert "A faulty line is left out" not in problems
    library.close()


def test_a_file_that_is_gone_is_not_called_changed(tmp_path: Path) -> None:
    here = tmp_path / "here.json"
    here.touch()
    assert "here.json has changed on disk since it was loaded." in text(changed_banner([here]))
    assert "gone.json is no longer on disk." in text(changed_banner([tmp_path / "gone.json"]))


def test_of_many_systems_the_scores_of_one_are_drawn() -> None:
    systems = ("a", "b", "c")
    scores = [
        Column(name=f"wer_{s}", label=f"WER {s}", kind="number", help="", origin="score", style="percent", system=s)
        for s in systems
    ]
    duration = Column(name="duration", label="Duration", kind="number", help="", style="seconds")

    class Scored:
        size, complete = 3, True
        columns = (duration, *scores)

    drawn = text(distributions.distributions(Scored(), "b"))  # type: ignore[arg-type]
    assert '"column":"wer_b"' in drawn
    assert '"column":"wer_a"' not in drawn
    assert '"column":"duration"' in drawn
    assert '"value":"c"' in drawn
    few = Scored()
    few.columns = (duration, *scores[:2])
    assert '"column":"wer_a"' in text(distributions.distributions(few, None))  # type: ignore[arg-type]


def test_a_first_corpus_that_cannot_be_opened_leaves_the_switch_to_the_others(tmp_path: Path) -> None:
    library = Library(tmp_path / "cache")
    try:
        library.open("gone", [tmp_path / "gone.json"])
        good = tmp_path / "good.json"
        good.write_text('{"audio_filepath": "a.wav", "duration": 1.0, "text": "x"}\n')
        library.open("good", [good])
        loaded(library, "good")
        config = load([], [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"])
        app = explorer_app(Stores(config=config, library=library))
        shown = text(answer(app, "shell-nav.children", route__data={"path": "/", "search": ""}))
        assert "cannot be opened" in shown
        assert '"value":"good"' in shown
    finally:
        library.close()
