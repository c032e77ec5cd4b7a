"""The raters' door: what was not sent and played cannot be rated, and receipts hold where they have to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import DEFAULTS, create_app, open_stores
from evaluator.listening.design import ListeningTest
from evaluator.listening.receipts import Receipts
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from tests.evaluator.listening.designs import LINK, designed
from tests.explorer.manifests import write_manifest, write_sound

HERE = f"/listen/{LINK}"


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[EvaluatorStores]:
    rows = []
    for system in ("kalos", "lento", "mira"):
        for number in range(6):
            name = f"{system}-{number}.wav"
            write_sound(tmp_path / name)
            rows.append(
                {"audio_filepath": name, "duration": 0.05, "system": system, "sentence_id": f"s{number}", "text": "say"}
            )
    opened = open_stores(load([DEFAULTS], [f"workspace={tmp_path / 'w'}", f"cache.folder={tmp_path / 'cache'}"]))
    opened.library.open("tts", [write_manifest(tmp_path / "tts.json", rows)])
    yield opened
    opened.close()


def begun(stores: EvaluatorStores, kind: str = "ab") -> tuple[FlaskClient, ListeningTest, str]:
    """A client, the test and the address of a rater who has begun."""
    test = designed(kind)
    stores.listening.create(test)
    client = create_app(stores).server.test_client()
    return client, test, joined(client, "Ann")


def joined(client: FlaskClient, name: str) -> str:
    return client.post(HERE, data={"name": name}).headers["Location"]


def receipts(client: FlaskClient, own: str, screen: str, places: int = 2) -> dict[str, str]:
    return {str(n): client.get(f"{own}/{screen}/{n}.wav").headers["X-Receipt"] for n in range(1, 1 + places)}


def send(client: FlaskClient, own: str, screen: str, **told: Any) -> int:
    return client.post(f"{own}/{screen}", json={"values": [1], "seconds": 2.0, **told}).status_code


def test_only_what_was_sent_and_played_can_be_rated(stores: EvaluatorStores) -> None:
    client, test, own = begun(stores)
    refused = client.post(f"{own}/001", json={"values": [1], "seconds": 2.0})
    assert refused.status_code == 409
    assert refused.get_json() == {
        "error": "Not every recording was heard to its end. Listen to all of this screen, then rate."
    }
    first = receipts(client, own, "001")
    bob = joined(client, "Bob")
    wrong: list[Any] = [
        None,
        [],
        {"1": first["1"]},
        {"1": first["1"], "2": first["1"]},
        {"1": first["1"], "2": 7},
        {"1": first["1"], "2": "ü"},
        receipts(client, own, "002"),
        receipts(client, bob, "001"),
    ]
    assert [send(client, own, "001", heard=heard) for heard in wrong] == [409] * len(wrong)
    assert stores.listening.answers(test) == []
    assert send(client, own, "001", heard=first) == 200
    assert send(client, own, "001") == 200  # a browser that got no answer sends it again, whatever it still has
    assert [answer.screen.id for answer in stores.listening.answers(test)] == ["001"]
    assert send(client, own, "999", heard=first) == 422


def test_a_second_answer_is_told_what_counts_and_the_same_again_is_not(stores: EvaluatorStores) -> None:
    client, test, own = begun(stores)
    heard = receipts(client, own, "001")

    def sent(value: int) -> Any:
        return client.post(f"{own}/001", json={"values": [value], "heard": heard}).get_json()

    first = sent(1)
    assert (first["screen"]["id"], first["instead"]) == ("002", None)
    assert sent(1) == first
    assert sent(-1) == {**first, "instead": [1]}
    assert [answer.values for answer in stores.listening.answers(test)] == [(1,)]


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (0, None),
        (1, "The first screen is for getting used to it; it does not count."),
        (3, "The first 3 screens are for getting used to it; they do not count."),
    ],
)
def test_the_welcome_counts_the_screens_of_training(stores: EvaluatorStores, training: int, told: str | None) -> None:
    stores.listening.create(designed(training=training))
    text = create_app(stores).server.test_client().get(HERE).text
    assert told in text if told else "getting used" not in text


def test_a_receipt_holds_after_a_restart_and_says_nothing_of_the_system(
    stores: EvaluatorStores, tmp_path: Path
) -> None:
    client, test, own = begun(stores)
    rater = own.rsplit("/", 1)[1]
    given = receipts(client, own, "001")
    again = Receipts(tmp_path / "w" / "listening")
    assert all(again.holds(receipt, rater, "001", place) for place, receipt in given.items())
    assert not Receipts(tmp_path / "elsewhere").holds(given["1"], rater, "001", "1")
    # The same recording has another receipt on every screen, and different ones on the same place do not look alike.
    everything = [
        r
        for screen in stores.listening.rater(test, rater)[0].screens
        for r in receipts(client, own, screen.id).values()
    ]
    assert len(set(everything)) == len(everything)


def test_a_hidden_reference_is_heard_among_the_others_and_the_shown_one_need_not_be(stores: EvaluatorStores) -> None:
    test = designed("mushra", reference="mira")
    stores.listening.create(test)
    client = create_app(stores).server.test_client()
    own = joined(client, "Ann")
    assert client.get(f"{own}/001/reference.wav").status_code == 200
    heard = receipts(client, own, "001", len(stores.listening.rater(test, own.rsplit("/", 1)[1])[0].screens[0].slots))
    assert client.post(f"{own}/001", json={"values": [50] * len(heard), "heard": heard}).status_code == 200


def test_a_folder_that_cannot_be_written_still_gives_receipts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    receipts = Receipts(tmp_path / "file")
    assert receipts.holds(receipts.of("ann", "001", "1"), "ann", "001", "1")
