"""What an address of the vocabulary and corpora pages shows: rows, links, times of words, downloads, refusals."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator

import pytest
from dash import Dash

from explorer.comparing.corpora_view import MOST, choice
from explorer.comparing.duplicates import Duplicates
from explorer.errors import QueryError, UnknownCorpus
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from explorer.stores import Stores
from explorer.vocabulary import vocabulary_views
from tests.corpora import explorer_app, loaded, opened
from tests.explorer.manifests import row, write_manifest

TIMES = [["Stop", 0.25, 0.5], ["it", 0.75, 1.0], ["stop", 1.25, 1.5]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    folder = tmp_path_factory.mktemp("views")
    with opened(folder, utterances=40) as stores:
        rows = [row("a.wav", text="no time"), row("b.wav", text="Stop it stop", words=TIMES)]
        stores.library.open("timed", [write_manifest(folder / "timed.json", rows)])
        loaded(stores.library, "timed")
        yield stores


@pytest.fixture(scope="module")
def app(stores: Stores) -> Dash:
    return explorer_app(stores)


def shown(stores: Stores, address: str) -> list[dict[str, object]]:
    here = vocabulary_views.place(stores, Parameters.of(address))
    assert vocabulary_views.waiting_for(stores, here) is None
    listing = vocabulary_views.listing(stores, here)
    return vocabulary_views.page(stores, here, listing, Query.from_pairs(here.parameters.pairs), 0, 100)


def test_every_link_of_a_word_leads_to_as_many_rows_as_it_says(stores: Stores) -> None:
    corpus = stores.corpus({"corpus": "tones"})
    rows = shown(stores, "?corpus=tones")
    assert len(rows) == 14
    for entry in rows:
        link = Parameters.of(str(entry["link:word"]).partition("?")[2])
        assert corpus.extent(Query.from_pairs(link.pairs)).utterances == entry["utterances"]
        assert link["u"] == entry["first"]


def test_a_word_opens_at_its_time(stores: Stores) -> None:
    here = vocabulary_views.place(stores, Parameters.of("?corpus=timed"))
    links = {str(entry["word"]): str(entry["link:word"]) for entry in shown(stores, "?corpus=timed")}

    def at(word: str) -> str | None:
        href = vocabulary_views.timed(stores, here, word, links[word])
        return Parameters.of(href.partition("?")[2]).get("t")

    assert at("it") == "0.750"
    assert at("stop") == "1.250"
    assert at("no") is None
    for href in ("/elsewhere?u=1", "/utterances?corpus=timed", "/utterances?u=gone"):
        assert vocabulary_views.timed(stores, here, "it", href) == href


def test_oov_by_the_words_of_another_corpus(stores: Stores) -> None:
    rows = shown(stores, "?corpus=tones&known=timed&f=oov:eq:true")
    assert len(rows) == 14  # timed knows none of them
    assert shown(stores, "?corpus=tones&known=tones&f=oov:eq:true") == []
    with pytest.raises(UnknownCorpus, match="gone"):
        shown(stores, "?corpus=tones&known=gone")


def test_what_cannot_be_shown_is_refused(stores: Stores) -> None:
    with pytest.raises(QueryError, match="no tab"):
        vocabulary_views.place(stores, Parameters.of("?tab=letters"))
    with pytest.raises(QueryError, match="no column"):
        shown(stores, "?corpus=tones&f=gone:eq:1")
    with pytest.raises(QueryError, match="at most"):
        choice(stores, Parameters(tuple(("with", f"c{number}") for number in range(MOST + 1))))


@pytest.mark.parametrize("tab", vocabulary_views.TABS)
def test_every_tab_is_downloaded(app: Dash, stores: Stores, tab: str) -> None:
    number = len(shown(stores, f"?corpus=tones&tab={tab}"))
    reply = app.server.test_client().get(f"/export/vocabulary.csv?corpus=tones&tab={tab}")
    assert reply.status_code == 200
    assert f"filename=tones-{tab}.csv" in reply.headers["Content-Disposition"]
    assert len(list(csv.DictReader(io.StringIO(reply.get_data(as_text=True))))) == number


def test_a_download_that_cannot_be_made_says_why(app: Dash) -> None:
    client = app.server.test_client()
    assert client.get("/export/vocabulary.csv?corpus=gone").status_code == 404
    assert client.get("/export/vocabulary.csv?corpus=tones&sort=gone").status_code == 400
    refused = client.get("/export/duplicates.csv?with=tones&with=empty")
    assert refused.status_code == 400
    assert "not been searched" in refused.get_json()["error"]


def test_corpora_are_chosen_by_the_address(stores: Stores) -> None:
    chosen = choice(stores, Parameters.of("?with=timed&with=tones&with=gone"))
    assert chosen.names == ("timed", "tones")
    assert len(chosen.missing) == 1
    assert Parameters.of(chosen.toggled("tones").partition("?")[2]).pairs == (("with", "timed"),)
    assert choice(stores, Parameters.of("?corpus=empty")).names[0] == "empty"


def test_duplicates_are_searched_listed_and_downloaded(app: Dash, stores: Stores) -> None:
    address = "with=tones&with=timed"
    chosen = choice(stores, Parameters.of(address))
    stores.comparisons.search(chosen.corpora, chosen.folding, content=False)
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        found = stores.comparisons.duplicates(chosen.corpora, chosen.folding, content=False)
        if isinstance(found, Duplicates):
            break
        time.sleep(0.02)
    assert isinstance(found, Duplicates)
    assert found.shared["text"].found == 0
    reply = app.server.test_client().get(f"/export/duplicates.csv?{address}")
    assert reply.get_data(as_text=True).strip() == "kind,group,what,corpus,utterance,row"
    assert json.dumps(found.shared["file"].rows[("tones", "timed")]) == "0"
