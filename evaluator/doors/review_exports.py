"""Downloads of what people said: ``/export/review-<kind>.<ending>`` for each of REVIEW_EXPORTS; progress; recipes.

The address is that of a view, so a filter's rows alone can be had:
``/export/review-manifest.jsonl?corpus=..&where=..``, with ``rejected=`` out, flag or keep. The header X-Not-Applied
counts edits whose row has changed or is gone. An error is JSON, ``{"error": sentence}``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson
from flask import Flask, Response, request, send_file

from evaluator.review.exporting import REVIEW_EXPORTS, Rejected, export_review
from evaluator.review.progress import COLUMNS
from explorer import spreadsheet
from explorer.errors import LedgerUnavailable, QueryError, SpeechDataError, UnknownCorpus
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

_STATUS = ((UnknownCorpus, 404), (QueryError, 400), (LedgerUnavailable, 503))


def register(server: Flask, stores: EvaluatorStores) -> None:
    """Attach the download routes to ``server``."""
    for kind, export in REVIEW_EXPORTS.items():
        server.add_url_rule(
            f"/export/review-{kind}.{export.ending}",
            f"export_review_{kind}",
            _answering(partial(said, stores, kind)),
        )
    server.add_url_rule("/export/recipe.yaml", "export_recipe", _answering(partial(recipe, stores)))
    server.add_url_rule("/export/progress.csv", "export_progress", _answering(partial(progress, stores)))


def said(stores: EvaluatorStores, kind: str, parameters: Parameters) -> Response:
    """What people said about the rows of the address, as a file.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, or says nonsense.
        LedgerUnavailable: the ledger cannot be read.
    """
    export, corpus = REVIEW_EXPORTS[kind], stores.corpus(parameters)
    if not corpus.complete:
        raise QueryError(f"{corpus.name} is still being loaded; export it when all its rows are there")
    folder = tempfile.TemporaryDirectory(prefix="earmark-export-")
    try:
        name = _file_name(f"{corpus.name}-{kind}", export.ending)
        path = Path(folder.name) / name
        rejected = cast(Rejected, parameters.get("rejected") or "out")
        query = Query.from_pairs(parameters.pairs)
        written = export_review(corpus, stores.ledger, query, path, kind=kind, rejected=rejected)
        response = send_file(path, mimetype=export.media_type, as_attachment=True, download_name=name)
        response.headers["X-Not-Applied"] = str(written.not_applied)
    except BaseException:
        folder.cleanup()
        raise
    response.call_on_close(folder.cleanup)
    return response


def progress(stores: EvaluatorStores, parameters: Parameters) -> Response:
    """Everybody's progress as CSV."""
    corpus = stores.library.get(parameters.get("corpus") or stores.library.first())
    found = stores.progresses.whole(corpus, stores.ledger, stores.chosen_normalizer(parameters))
    response = Response(spreadsheet.lines(COLUMNS, found.records()), mimetype="text/csv")
    name = _file_name(f"{stores.corpus(parameters).name}-progress", "csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def recipe(stores: EvaluatorStores, parameters: Parameters) -> Response:
    """A recipe of the workspace, as it is.

    Raises:
        QueryError: there is none of that name.
    """
    name = parameters.get("recipe", "")
    path = stores.recipes.path(name)
    if not path.exists():
        raise QueryError(f'there is no recipe "{name}"')
    return send_file(path, mimetype="application/yaml", as_attachment=True, download_name=path.name)


def _address() -> Parameters:
    return Parameters(tuple(request.args.items(multi=True)))


def _answering(view: Callable[[Parameters], Response]) -> Callable[[], Response]:
    def answer() -> Response:
        try:
            return view(_address())
        except SpeechDataError as error:
            status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
            return Response(orjson.dumps({"error": str(error)}), status=status, mimetype="application/json")

    return answer


def _file_name(stem: str, ending: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).strip("._") or "corpus"
    return f"{safe}.{ending}"
