"""A synthesizer behind HTTP, against a real server on the loopback: templates, answers, limits, refusals."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import soundfile

from evaluator.synthesizers import synthesizer
from evaluator.synthesizers.http import HttpSynthesizer
from explorer.errors import ConfigError, EngineError


def wav(seconds: float = 0.5, rate: int = 22_050) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.1 * np.sin(np.arange(round(seconds * rate)) / 20), rate, format="WAV")
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Remembers what it was asked; each path answers in a way of its own."""

    asked: list[dict[str, Any]]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append({"path": self.path, "body": body, "key": self.headers.get("X-Key")})
        answers = {
            "/wav": (200, wav()),
            "/json": (200, json.dumps({"audio": [{"data": base64.b64encode(wav()).decode()}]}).encode()),
            "/text": (200, b"<html>hello</html>"),
            "/busy": (503, b"come back later"),
            "/moved": (302, b""),
            "/empty": (200, b""),
        }
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            with_rest = time.monotonic() + 3
            while time.monotonic() < with_rest:
                try:
                    self.wfile.write(b"RIFF")
                except OSError:
                    return
                time.sleep(0.05)
            return
        status, content = answers.get(self.path, (200, wav(20.0)))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/wav")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def speaker(server: Server, path: str, **options: Any) -> HttpSynthesizer:
    return HttpSynthesizer(url=f"http://127.0.0.1:{server.server_port}{path}", **options)


def test_the_template_is_filled_and_the_answer_is_sound(server: Server) -> None:
    body = {"input": {"t": "<{text}>"}, "speed": "{rate}", "seed": "{seed}", "who": ["{voice}"], "fixed": 1}
    options = {"body": body, "headers": {"X-Key": "secret"}, "voices": ["anna", "ben"]}
    audio = speaker(server, "/wav", **options).synthesize('a "b" {voice}', voice="ben", rate=1.5, seed=3)
    assert (audio.sample_rate, round(audio.duration, 2)) == (22_050, 0.5)
    asked = server.asked[-1]
    assert asked["body"] == {"input": {"t": '<a "b" {voice}>'}, "speed": 1.5, "seed": 3, "who": ["ben"], "fixed": 1}
    assert asked["key"] == "secret"


def test_a_sound_inside_json_is_found(server: Server) -> None:
    assert speaker(server, "/json", field="audio.0.data").synthesize("one").duration == pytest.approx(0.5)
    with pytest.raises(EngineError, match=r'base64 at "audio\.1\.data"'):
        speaker(server, "/json", field="audio.1.data").synthesize("one")
    with pytest.raises(EngineError, match="base64 at"):
        speaker(server, "/wav", field="audio").synthesize("one")


def test_nothing_to_say_asks_nobody(server: Server) -> None:
    before = len(server.asked)
    assert speaker(server, "/wav").synthesize(" ").samples.size == 0
    assert len(server.asked) == before


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/text", "is no sound file: '<html>"),
        ("/empty", "is no sound file"),
        ("/busy", "answered 503: come back later"),
        ("/moved", "answered 302"),
    ],
)
def test_what_is_no_answer_is_a_sentence(server: Server, path: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        speaker(server, path).synthesize("one")


def test_time_and_size_have_limits(server: Server) -> None:
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"did not answer within 0\.4 s"):
        speaker(server, "/slow", timeout_s=0.4).synthesize("one")
    assert time.monotonic() - began < 2
    with pytest.raises(EngineError, match=r"more than 0\.1 MB"):
        speaker(server, "/big", most_mb=0.1).synthesize("one")


def test_a_server_that_is_away_is_a_sentence() -> None:
    with pytest.raises(EngineError, match="cannot be reached"):
        HttpSynthesizer(url="http://127.0.0.1:9/tts", timeout_s=2).synthesize("one")


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://a/b", "http://", "http://a:99999/"])
def test_only_addresses_are_addresses(url: str) -> None:
    with pytest.raises(ConfigError, match="url"):
        synthesizer("http", {"url": url})


def test_a_header_may_stand_in_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_KEY", "hush")
    speaker(server, "/wav", headers={"X-Key": "env:TTS_KEY"}).synthesize("one")
    assert server.asked[-1]["key"] == "hush"
    monkeypatch.delenv("TTS_KEY")
    with pytest.raises(ConfigError, match="TTS_KEY"):
        speaker(server, "/wav", headers={"X-Key": "env:TTS_KEY"})


def test_a_voice_that_is_not_configured_is_refused(server: Server) -> None:
    with pytest.raises(EngineError, match='no voice "c" here; configured are a, b'):
        speaker(server, "/wav", voices=["a", "b"]).synthesize("one", voice="c")
    with pytest.raises(ConfigError, match="has no option"):
        synthesizer("http", {"url": "http://a", "uri": "x"})
