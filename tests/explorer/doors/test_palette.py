"""What the command palette is told: pages and corpora always, columns and utterances of the corpus of the address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

import explorer.pages
from explorer.doors.palette import MOST
from explorer.querying.query import Query
from explorer.stores import Stores
from tests.corpora import MARKUP, explorer_app, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("palette"), utterances=60) as stores:
        yield stores


@pytest.fixture(scope="module")
def client(stores: Stores) -> FlaskClient:
    return explorer_app(stores).server.test_client()


def told(client: FlaskClient, **parameters: str) -> dict[str, Any]:
    answer = client.get("/palette", query_string=parameters)
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_pages_of_the_menu_corpora_and_columns_are_always_listed(client: FlaskClient, stores: Stores) -> None:
    found = told(client, corpus="tones")
    menu = [page.PATH for page in explorer.pages.PAGES if getattr(page, "IN_MENU", True)]
    assert [page["path"] for page in found["pages"]] == menu
    assert found["corpora"] == list(stores.library.names())
    assert [column["name"] for column in found["columns"]] == [
        c.name for c in stores.corpus({"corpus": "tones"}).columns
    ]
    assert all(column["help"] for column in found["columns"])
    assert found["utterances"] == []


def test_utterances_are_found_by_text_and_by_the_beginning_of_their_id(client: FlaskClient, stores: Stores) -> None:
    rows = stores.corpus({"corpus": "tones"}).page(Query(), 0, 60, ("reference",))
    assert len(told(client, corpus="tones", text="three four")["utterances"]) == MOST
    markup = told(client, corpus="tones", text="onerror")["utterances"]
    assert [row["reference"] for row in markup] == [MARKUP]
    wanted = rows[33]["id"]
    assert wanted in [row["id"] for row in told(client, corpus="tones", text=wanted[:9])["utterances"]]
    assert told(client, corpus="tones", text="o")["utterances"] == []
    assert told(client, corpus="tones", text="no such text")["utterances"] == []


def test_an_address_with_an_unknown_corpus_still_has_ways_out(client: FlaskClient) -> None:
    found = told(client, corpus="nowhere", text="three")
    assert found["corpus"] is None
    assert found["columns"] == found["utterances"] == []
    assert "tones" in found["corpora"]
    assert found["pages"]
