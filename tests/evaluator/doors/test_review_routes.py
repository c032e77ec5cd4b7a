"""What the review page asks for in the background: orders that hold still, rows, sheets, live rates, faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client

import app as door
from evaluator.review.order import OrderStore, UnknownOrder
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from explorer.errors import LedgerUnavailable
from tests.corpora import loaded, write_manifest


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[EvaluatorStores]:
    config = load([door.DEFAULTS], [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"])
    opened = door.open_stores(config)
    try:
        opened.library.open("tones", [write_manifest(tmp_path / "tones", utterances=60)])
        loaded(opened.library, "tones")
        yield opened
    finally:
        opened.close()


@pytest.fixture
def client(stores: EvaluatorStores) -> Client:
    return door.create_app(stores).server.test_client()


def edit(client: Client, subject: str, field: str, new: Any, *, who: str = "Anna", **more: Any) -> dict[str, Any]:
    body = {
        "edits": [
            {
                "key": f"{subject}{field}{new}{who}"[:200],
                "who": who,
                "subject": subject,
                "field": field,
                "new": new,
                **more,
            }
        ]
    }
    answer = client.post("/api/review/tones/events", json=body)
    assert answer.status_code == 200, answer.json
    return dict(answer.json["events"][0])


def test_an_order_is_the_view_of_the_address_and_holds_still(client: Client) -> None:
    order = client.get("/api/review/tones/order?f=words:gt:8&sort=-words").json
    assert order["total"] == 12
    assert order["at"]["place"] == 0
    rows = client.get(f"/api/review/tones/rows?order={order['token']}&start=0&stop=12").json["rows"]
    assert [len(row["text"].split()) for row in rows] == [10] * 6 + [9] * 6
    assert rows[0]["id"] == order["at"]["id"]
    assert (
        client.get(f"/api/review/tones/order?order=table&f=words:gt:8&u={rows[3]['id']}").json["at"]["id"]
        == rows[3]["id"]
    )


def test_a_row_outside_of_the_order_is_opened_without_a_place(client: Client) -> None:
    first = client.get("/api/review/tones/order?order=table").json["at"]["id"]
    order = client.get(f"/api/review/tones/order?order=table&f=words:gt:8&u={first}").json
    assert order["at"] == {"id": first, "place": None}
    sheet = client.get(f"/api/review/tones/utterances/{first}?order={order['token']}").json
    assert sheet["place"] is None


def test_a_sheet_has_everything_of_an_utterance(client: Client) -> None:
    order = client.get("/api/review/tones/order?order=table").json
    sheet = client.get(f"/api/review/tones/utterances/{order['at']['id']}?order={order['token']}").json
    assert sheet["reference"] == "one"
    assert sheet["place"] == 0
    assert sheet["player"]["data-src"].endswith(order["at"]["id"])
    assert json.loads(sheet["player"]["data-recording"])["count"] == 8
    assert [system["name"] for system in sheet["alignment"]["systems"]] == ["pred_text", "b"]
    assert sheet["events"] == {}
    assert dict(map(tuple, sheet["facts"]))["speaker"] == "s0"


def test_rows_and_sheets_tell_what_was_decided(client: Client) -> None:
    order = client.get("/api/review/tones/order?order=table").json
    id, token = order["at"]["id"], order["token"]
    edit(client, id, "reference", "won")
    edit(client, id, "decision", "reject", comment="bad audio", who="Bo")
    [row] = client.get(f"/api/review/tones/rows?order={token}&start=0&stop=1").json["rows"]
    assert (row["text"], row["corrected"], row["decision"], row["who"]) == ("won", "Anna", "reject", "Bo")
    sheet = client.get(f"/api/review/tones/utterances/{id}?order={token}").json
    assert sheet["events"]["reference"]["new"] == "won"
    assert sheet["events"]["decision"]["comment"] == "bad audio"
    assert [event["field"] for event in sheet["history"]] == ["reference", "decision"]
    assert sheet["alignmentOf"] == "won"
    assert sheet["changed"] == {}


def test_a_ledger_that_is_away_leaves_everything_else(
    stores: EvaluatorStores, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise LedgerUnavailable("The ledger is locked by another program.")

    for name in ("events", "state", "revision"):
        monkeypatch.setattr(type(stores.ledger), name, away)
    order = client.get("/api/review/tones/order?order=table").json
    assert len(client.get(f"/api/review/tones/rows?order={order['token']}&start=0&stop=3").json["rows"]) == 3
    sheet = client.get(f"/api/review/tones/utterances/{order['at']['id']}?order={order['token']}").json
    assert sheet["unread"] == "The ledger is locked by another program."
    assert sheet["reference"] == "one"


def test_a_row_that_changed_underneath_is_told(stores: EvaluatorStores, client: Client, tmp_path: Path) -> None:
    order = client.get("/api/review/tones/order?order=table").json
    edit(client, order["at"]["id"], "reference", "won")
    path = tmp_path / "tones" / "tones.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"text": "one"', '"text": "uno"'), encoding="utf-8")
    stores.library.reload("tones")
    loaded(stores.library, "tones")
    answer = client.get(f"/api/review/tones/utterances/{order['at']['id']}?order={order['token']}")
    assert answer.status_code == 410  # the order is of the earlier version
    order = client.get("/api/review/tones/order?order=table").json
    sheet = client.get(f"/api/review/tones/utterances/{order['at']['id']}?order={order['token']}").json
    [changed] = sheet["changed"].values()
    assert changed == {"was": "one", "now": "uno", "what": "text"}


def test_live_rates_of_a_text(client: Client) -> None:
    order = client.get("/api/review/tones/order?order=table").json
    address = f"/api/review/tones/utterances/{order['at']['id']}/alignment"
    drawn = client.post(address, json={"text": "one one"}).json
    assert [system["wer"] for system in drawn["systems"]] == ["50.0\u00a0%", "0.0\u00a0%"]
    assert drawn["normalizer"]["name"] == "basic"
    assert client.post(f"{address}?normalizer=none", json={"text": "One"}).json["systems"][0]["wer"] == "100.0\u00a0%"
    for odd in ("\x00\x07", "<b>x</b>", "😀" * 100, "word " * 20_000):
        assert client.post(address, json={"text": odd}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/review/gone/order", 404, "gone"),
        ("/api/review/tones/order?f=nothing:eq:1", 400, "nothing"),
        ("/api/review/tones/rows?order=x&start=0&stop=1", 410, "out of date"),
        ("/api/review/tones/rows?order=x", 410, "out of date"),
        ("/api/review/tones/utterances/0?order=x", 404, "0"),
    ],
)
def test_faults_are_sentences(client: Client, path: str, status: int, words: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.json["error"]


def test_a_text_must_come_with_a_request_for_rates(client: Client) -> None:
    order = client.get("/api/review/tones/order?order=table").json
    answer = client.post(f"/api/review/tones/utterances/{order['at']['id']}/alignment", json={"text": 3})
    assert (answer.status_code, "text" in answer.json["error"]) == (400, True)


def test_the_last_orders_are_remembered(stores: EvaluatorStores) -> None:
    corpus = stores.corpus({"corpus": "tones"})
    orders = OrderStore(most=2)
    first, second, third = (orders.keep(corpus, np.arange(n, dtype=np.int32)) for n in (1, 2, 3))
    assert orders.get(corpus, third.token).size == 3
    assert orders.get(corpus, second.token).place(1) == 1
    assert second.place(7) is None
    with pytest.raises(UnknownOrder):
        orders.get(corpus, first.token)


def test_the_next_undecided_row(client: Client) -> None:
    order = client.get("/api/review/tones/order?order=table&f=words:gt:8").json
    token = order["token"]
    rows = client.get(f"/api/review/tones/rows?order={token}&start=0&stop=12").json["rows"]

    def following(start: int) -> dict[str, Any] | None:
        found: dict[str, Any] | None = client.get(f"/api/review/tones/undecided?order={token}&start={start}").json[
            "next"
        ]
        return found

    assert following(1) == {"id": rows[1]["id"], "place": 1}
    for row in rows[1:11]:
        edit(client, row["id"], "decision", "accept")
    assert following(1) == {"id": rows[11]["id"], "place": 11}
    edit(client, rows[4]["id"], "decision", None, base=4)
    assert following(1) == {"id": rows[4]["id"], "place": 4}
    assert following(12) is None


def test_likely_errors_come_first_with_their_reasons(stores: EvaluatorStores, client: Client) -> None:
    stores.corpus({"corpus": "tones"})  # small: ranked while it is asked for
    order = client.get("/api/review/tones/order").json
    rows = client.get(f"/api/review/tones/rows?order={order['token']}&start=0&stop=60").json["rows"]
    scores = [float(row["score"] or 0) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0
    assert rows[0]["why"]
    sheet = client.get(f"/api/review/tones/utterances/{rows[0]['id']}?order={order['token']}").json
    assert sheet["why"][0]["words"] in rows[0]["why"]
    assert sheet["place"] == 0
    by_words = client.get("/api/review/tones/order?sort=-words").json  # another order is asked for
    first = client.get(f"/api/review/tones/rows?order={by_words['token']}&start=0&stop=1").json["rows"][0]
    assert len(first["text"].split()) == 10
