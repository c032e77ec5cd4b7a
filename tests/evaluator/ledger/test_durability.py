"""Nothing that was acknowledged is ever lost: eight clients save while the server is killed twenty times.

The server is the product itself in its own process, killed with SIGKILL at random moments and started again. A client
that gets no answer sends the same edit again, as the page does.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from evaluator.ledger import Ledger, review_space
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query
from tests.evaluator.killed_server import Server, running

CLIENTS, EDITS, KILLS = 8, 1000, 20
CHAIN = 5
"""Edits that a client makes of one utterance, each over the one before it."""


class Client(threading.Thread):
    """Somebody who saves edits and remembers which of them were acknowledged."""

    def __init__(self, name: str, port: int, subjects: list[str]) -> None:
        super().__init__(name=name)
        self._port, self._subjects = port, subjects
        self.acknowledged: dict[str, dict[str, object]] = {}
        self.refused: list[str] = []
        self.repeated = 0

    def run(self) -> None:
        for subject in self._subjects:
            base = None
            for number in range(CHAIN):
                edit = {"key": str(uuid4()), "who": self.name, "subject": subject, "field": "reference", "base": base}
                edit["new"] = f"{self.name} says {number}"
                event = self._save(edit)
                if event is None:
                    return
                self.acknowledged[str(edit["key"])] = event
                base = event["id"]

    def _save(self, edit: dict[str, object]) -> dict[str, object] | None:
        body, limit = json.dumps({"edits": [edit]}), time.monotonic() + 120
        while time.monotonic() < limit:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            try:
                connection.request("POST", "/api/review/talks/events", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = json.loads(answer.read())
                if answer.status == 200:
                    return dict(content["events"][0])
                if content["kind"] not in ("unavailable", "unknown"):  # unknown: the corpus is still being opened
                    self.refused.append(content["error"])
                    return None
            except (OSError, http.client.HTTPException, ValueError):
                self.repeated += 1
            finally:
                connection.close()
            time.sleep(0.01)
        self.refused.append("no answer in two minutes")
        return None


@pytest.mark.slow
@pytest.mark.timeout(900)  # a minute on two idle cores; twenty starts of the product take longer on a busy machine
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_acknowledged_edit_is_there_once(database: str, tmp_path: Path, request: pytest.FixtureRequest):
    chances = random.Random(20)
    url = f"sqlite:///{tmp_path}/l.sqlite" if database == "sqlite" else request.getfixturevalue("postgres").database()
    manifest = tmp_path / "talks.json"
    subjects = EDITS // CHAIN
    rows = [{"audio_filepath": f"{n}.wav", "duration": 1.0, "text": f"row {n}"} for n in range(subjects)]
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = open_corpus("talks", [manifest], cache=tmp_path / "cache")
    ids = [id for id, _ in corpus.listed(corpus.rows(Query()), ("audio",))]
    kills_at = sorted(chances.sample(range(1, EDITS - 2 * CLIENTS), KILLS))
    with running(Server(tmp_path, manifest, url)) as server:
        clients = [Client(f"client {n}", server.port, ids[n::CLIENTS]) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for count in kills_at:
            while sum(len(client.acknowledged) for client in clients) < count and any(c.is_alive() for c in clients):
                time.sleep(0.0005)
            time.sleep(chances.uniform(0, 0.02))
            server.kill()
            server.start()
        for client in clients:
            client.join()
    assert [client.refused for client in clients] == [[]] * CLIENTS
    ledger = Ledger(url)
    events = ledger.events(review_space("talks"))
    acknowledged = {key: event for client in clients for key, event in client.acknowledged.items()}
    assert len(acknowledged) == EDITS
    assert {event.key: event.plain() for event in events} == acknowledged
    assert len(events) == EDITS  # none twice
    assert [event.id for event in events] == list(range(1, EDITS + 1))
    state = ledger.state(review_space("talks"))
    assert {subject: fields["reference"].new[-1] for subject, fields in state.items()} == dict.fromkeys(ids, "4")
    assert sum(client.repeated for client in clients) >= KILLS  # the kills were felt
    ledger.close()
