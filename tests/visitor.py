"""A visitor without a browser: asks a running server over HTTP what the JavaScript of the page asks it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

ROWS = "utterances-grid.getRowsResponse"
TIMEOUT_S = 60


class Visitor:
    """Somebody who looks at the utterances of one corpus; not for several threads."""

    def __init__(self, host: str, port: int, corpus: str) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        self._corpus = corpus
        listed = json.loads(self.get("/_dash-dependencies"))
        self._callbacks = {entry["output"]: entry for entry in listed}
        self.view: list[list[str]] = []

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def get(self, path: str, *, first_bytes: int | None = None) -> bytes:
        """The content at a path, or the first bytes of it by an HTTP range."""
        headers = {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"}
        return self._answer("GET", path, None, headers)

    def rows(
        self,
        start: int,
        *,
        filters: Mapping[str, Mapping[str, Any]] | None = None,
        sort: Sequence[Mapping[str, str]] = (),
        columns: Sequence[str] = ("reference", "duration", "words"),
    ) -> dict[str, Any]:
        """A page of the grid: ``rowData`` from ``start`` on, and ``rowCount`` of the filter."""
        request = {"startRow": start, "endRow": start + 100, "filterModel": filters or {}, "sortModel": list(sort)}
        told = {
            "utterances-grid.getRowsRequest": request,
            "utterances-external.data": {"search": "", "kept": []},
            "utterances-columns.data": list(columns),
            "utterances-view.data": self.view,
            "url.search": f"?corpus={self._corpus}",
        }
        answered = self.call(ROWS, told)
        self.view = answered.get("utterances-view", {}).get("data", self.view)
        return dict(answered["utterances-grid"]["getRowsResponse"])

    def described(self) -> dict[str, Any]:
        """What stands above the grid for the present view: chips, count and hours, links."""
        told = {"utterances-view.data": self.view, "url.search": f"?corpus={self._corpus}"}
        return self.call("utterances-extent.children", told)

    def media(self, id: str, kind: str, *, first_bytes: int | None = None) -> bytes:
        """The sound ("audio") or the waveform ("peaks") of an utterance."""
        return self.get(f"/media/{self._corpus}/{id}/{kind}", first_bytes=first_bytes)

    def call(self, output: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """The server's answer to the callback with that output, given properties by ``id.property``."""
        entry = next(entry for key, entry in self._callbacks.items() if output in key.strip(".").split("..."))
        names = entry["output"].strip(".").split("...")

        def filled(places: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
            return [{**place, "value": told.get(f"{place['id']}.{place['property']}")} for place in places]

        body = {
            "output": entry["output"],
            "outputs": [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names],
            "inputs": filled(entry["inputs"]),
            "state": filled(entry["state"]),
            "changedPropIds": [next(iter(told))],
        }
        sent = json.dumps(body).encode()
        answered = self._answer("POST", "/_dash-update-component", sent, {"Content-Type": "application/json"})
        return dict(json.loads(answered)["response"])

    def _answer(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        self._connection.request(method, path, body, dict(headers))
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status not in (200, 206):
            raise RuntimeError(f"{method} {path} was answered with {reply.status}: {content[:300]!r}")
        return content
