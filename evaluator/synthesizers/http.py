"""A synthesizer behind an HTTP endpoint: a request from a template, an answer that is a sound file or has one in JSON.

Only the operator names the address, in the configuration; nothing of a text gets into it. In the template every text is
searched for ``{text}``, ``{voice}``, ``{rate}`` and ``{seed}``; a value that is one of them alone keeps its type, so
``{"speed": "{rate}"}`` sends a number. Redirects are not followed, and an answer is read up to a limit.

    {"url": "http://127.0.0.1:5002/api/tts", "body": {"text": "{text}", "voice": "{voice}"}, "field": "audio.base64"}
"""

from __future__ import annotations

import base64
import binascii
import http.client
import io
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

from explorer.errors import ConfigError, EngineError
from explorer.sound.audio import Audio

_BLOCK = 1 << 16
_SHOWN = 200


class HttpSynthesizer:
    """Asks a server. ``voices`` are those named in the configuration; the first is the default."""

    def __init__(
        self,
        *,
        url: str = "",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        field: str | None = None,
        voices: tuple[str, ...] | list[str] = ("default",),
        timeout_s: float = 60.0,
        most_mb: float = 64.0,
    ) -> None:
        """``field`` is where in a JSON answer the sound is, base64, with dots; None: the answer is the sound itself.

        Raises:
            ConfigError: the address is none, or a value is out of range.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise ConfigError(f'The synthesizer\'s url "{url}" has no valid port.') from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f'The synthesizer\'s url "{url}" is no address; write http://host:port/path.')
        if timeout_s <= 0 or most_mb <= 0 or not voices:
            raise ConfigError("The synthesizer's timeout_s and most_mb must be above 0, and voices name at least one.")
        self.voices = tuple(map(str, voices))
        self._host, self._port, self._secure = parts.hostname, port, parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._body = {"text": "{text}"} if body is None else body
        told = {name: _told(name, value) for name, value in (headers or {}).items()}
        self._headers = {"Content-Type": "application/json", **told}
        self._field = field
        self._timeout = timeout_s
        self._most = round(most_mb * (1 << 20))

    def synthesize(self, text: str, *, voice: str | None = None, rate: float = 1.0, seed: int = 0) -> Audio:
        """``text`` read aloud by the server, at the rate of its answer.

        Raises:
            EngineError: the server does not answer in time, refuses, or answers with something that is no sound.
        """
        name = voice or self.voices[0]
        if name not in self.voices:
            raise EngineError(f'The server has no voice "{name}" here; configured are {", ".join(self.voices)}.')
        if not text.strip():
            return Audio(np.zeros(0, np.float32), 16_000)
        values = {"text": text, "voice": name, "rate": rate, "seed": seed}
        answer = self._asked(orjson.dumps(_filled(self._body, values)))
        return _decoded(self._sound(answer), self._shown)

    def _asked(self, body: bytes) -> bytes:
        """The answer's body, as far as the limit; the time limit holds for all of it."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        deadline = time.monotonic() + self._timeout
        try:
            connection.request("POST", self._path, body=body, headers=self._headers)
            answer = connection.getresponse()
            read = bytearray()
            while block := answer.read1(_BLOCK):
                read += block
                if len(read) > self._most:
                    raise EngineError(f"{self._shown} answered with more than {self._most / (1 << 20):g} MB.")
                if time.monotonic() > deadline:
                    raise TimeoutError
        except TimeoutError as error:
            raise EngineError(f"{self._shown} did not answer within {self._timeout:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise EngineError(f"{self._shown} cannot be reached ({reason}).") from error
        finally:
            connection.close()
        if answer.status != 200:
            said = bytes(read[:_SHOWN]).decode("utf-8", "replace").strip()
            raise EngineError(f"{self._shown} answered {answer.status}{f': {said}' if said else ''}.")
        return bytes(read)

    def _sound(self, answer: bytes) -> bytes:
        """The sound file in an answer."""
        if self._field is None:
            return answer
        try:
            value: Any = orjson.loads(answer)
            for key in self._field.split("."):
                value = value[int(key)] if isinstance(value, list) else value[key]
            return base64.b64decode(value, validate=True)
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, ValueError, binascii.Error) as error:
            raise EngineError(
                f'{self._shown} answered without a sound in base64 at "{self._field}" of its JSON.'
            ) from error

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...] | None:
        """None: a server does not say."""
        return None

    def close(self) -> None:
        """Nothing stays open between texts."""


def _told(name: str, value: str) -> str:
    """A header's value; ``env:NAME`` is that of an environment variable, so that a key stands in no file and no log."""
    if not value.startswith("env:"):
        return value
    variable = value.removeprefix("env:")
    if variable not in os.environ:
        raise ConfigError(f'The synthesizer\'s header "{name}" needs the environment variable {variable}.')
    return os.environ[variable]


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders filled in; what a text has in braces is not looked at again."""
    if isinstance(template, Mapping):
        return {str(key): _filled(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    for name, value in values.items():
        if template == f"{{{name}}}":
            return value
    pieces, rest = [], template
    while rest:
        found = [(at, name) for name in values if (at := rest.find(f"{{{name}}}")) >= 0]
        if not found:
            pieces.append(rest)
            break
        at, name = min(found)
        pieces += [rest[:at], str(values[name])]
        rest = rest[at + len(name) + 2 :]
    return "".join(pieces)


def _decoded(content: bytes, shown: str) -> Audio:
    """The sound of a file in memory, mixed to one channel."""
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        start = content[:40].decode("latin-1")
        raise EngineError(f"{shown} answered with something that is no sound file: {start!r}.") from error
    return Audio(np.ascontiguousarray(samples.mean(axis=1)), int(rate))
