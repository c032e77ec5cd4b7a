"""A server that dies in the middle of a test loses no rating that it has acknowledged, and counts none twice."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from evaluator.ledger import Ledger
from evaluator.listening.store import ListeningTests
from tests.evaluator.killed_server import Server, running
from tests.evaluator.listening.designs import LINK, designed


@pytest.mark.slow
def test_ratings_outlive_a_killed_server(tmp_path: Path) -> None:
    rows = []
    for system in ("kalos", "lento", "mira"):
        soundfile.write(tmp_path / f"{system}.wav", np.full(800, 0.1), 16_000)
        rows += [
            {
                "audio_filepath": f"{system}.wav",
                "offset": 0.001 * n,
                "system": system,
                "sentence_id": f"s{n}",
                "text": f"say {n}",
            }
            for n in range(6)
        ]
    manifest = tmp_path / "tts.json"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    url = f"sqlite:///{tmp_path}/l.sqlite"
    ledger = Ledger(url)
    tests = ListeningTests(tmp_path / "workspace" / "listening", ledger)
    test = designed("acr")
    tests.create(test)
    acknowledged: dict[str, int] = {}
    with running(Server(tmp_path, manifest, url)) as server, httpx.Client(timeout=30) as client:
        here = f"http://127.0.0.1:{server.port}/listen/{LINK}"
        own = client.post(here, data={"name": "Ann"}).headers["Location"].rsplit("/", 1)[1]
        who, _ = tests.rater(test, own)
        for number, screen in enumerate(who.screens):
            value = 1 + number % 5
            heard = {"1": client.get(f"{here}/{own}/{screen.id}/1.wav").headers["X-Receipt"]}
            if number % 3 == 1:  # what was heard before the server died can be rated after it
                server.kill()
                server.start()
            body = {"values": [value], "seconds": 1.5, "heard": heard}
            assert client.post(f"{here}/{own}/{screen.id}", json=body).status_code == 200
            acknowledged[screen.id] = value
            if number % 3 == 0:
                server.kill()
                server.start()
                client.post(f"{here}/{own}/{screen.id}", json=body)  # a browser that got no answer sends it again
        page = client.get(f"{here}/{own}").text
        assert '"screen": null' in page
    answers = tests.answers(test)
    assert {answer.screen.id: answer.values[0] for answer in answers} == acknowledged
    assert len(answers) == len(who.screens)
    ledger.close()
