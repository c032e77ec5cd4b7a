"""What the command palette can jump to on this server: pages, corpora, columns and utterances, as one JSON answer.

``/palette?corpus=..&text=..`` answers with the lists ``pages``, ``corpora``, ``columns`` and ``utterances``. The first
three are all there are (the browser filters while somebody types); the utterances are at most ``MOST`` whose id begins
with the text or whose reference or hypotheses contain it, and none without a text; ``looked_at`` is less than ``of``
where there are so many utterances that PATIENCE ended before all had been looked at. An error is answered as
``{"error": sentence}``, as by the other routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, request

from explorer.errors import SpeechDataError, UnknownCorpus
from explorer.querying.parameters import Parameters

if TYPE_CHECKING:
    from explorer.stores import Page, Stores

MOST = 8
PATIENCE = 1.0
"""Seconds that somebody who is typing waits for utterances."""

SHORTEST = 2
"""Letters of a text before utterances are looked for."""


def register(server: Flask, stores: Stores, pages: Sequence[Page]) -> None:
    """Attach the palette's route to ``server``."""

    def answer() -> Response:
        try:
            found = places(stores, pages, Parameters(tuple(request.args.items(multi=True))))
        except SpeechDataError as error:
            return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
        return Response(orjson.dumps(found), mimetype="application/json", headers={"Cache-Control": "no-store"})

    server.add_url_rule("/palette", "palette", answer)


def places(stores: Stores, pages: Sequence[Page], parameters: Parameters) -> dict[str, Any]:
    """Everything the palette can lead to, for the corpus of the address.

    An address with a corpus that is not open has no columns and utterances, but the pages and corpora lead out of it.
    """
    try:
        corpus = stores.corpus(parameters)
    except UnknownCorpus:
        corpus = None
    text = parameters.get("text", "").strip()
    found: list[dict[str, Any]] = []
    looked = size = 0
    if corpus and len(text) >= SHORTEST:
        found, looked = corpus.glimpse(text, MOST, ("reference", "audio"), seconds=PATIENCE)
        size = corpus.size
    return {
        "corpus": corpus.name if corpus else None,
        "pages": [{"path": p.PATH, "title": p.TITLE} for p in pages if getattr(p, "IN_MENU", True)],
        "corpora": list(stores.library.names()),
        "columns": [{"name": c.name, "label": c.label, "help": c.help} for c in corpus.columns] if corpus else [],
        "utterances": found,
        "looked_at": looked,
        "of": size,
    }
