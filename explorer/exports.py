"""Downloads: the rows of a view as a NeMo manifest or CSV, and the problems of a corpus as CSV or JSON.

The address of a download is the address of the view: ``/export/utterances.jsonl?corpus=..&f=..&sort=..&search=..``.
Files are written to a temporary folder and sent from there, so that a million rows never stand in memory. An error is
answered as JSON ``{"error": sentence}``, as by the media routes.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, request, send_file

from explorer import vocabulary_views
from explorer.errors import QueryError, SpeechDataError, UnknownCorpus
from explorer.export import outside_columns
from explorer.listing import csv_lines
from explorer.parameters import Parameters
from explorer.query import Query

if TYPE_CHECKING:
    from explorer.corpus import Corpus
    from explorer.records import Problem
    from explorer.stores import Stores

KINDS = {"jsonl": ("manifest", "application/x-ndjson"), "csv": ("csv", "text/csv")}
"""Ending of the address -> (kind of ``Corpus.export``, media type)."""


def register(server: Flask, stores: Stores) -> None:
    """Attach the download routes to ``server``."""
    server.add_url_rule(
        "/export/utterances.<any(jsonl,csv):ending>",
        "export_utterances",
        _answering_errors(lambda ending: utterances(stores, _address(), ending)),
    )
    server.add_url_rule(
        "/export/problems.<any(csv,json):ending>",
        "export_problems",
        _answering_errors(lambda ending: problems(stores, _address(), ending)),
    )
    server.add_url_rule(
        "/export/vocabulary.<any(csv):ending>",
        "export_vocabulary",
        _answering_errors(lambda ending: vocabulary(stores, _address(), ending)),
    )


def _address() -> Parameters:
    return Parameters(tuple(request.args.items(multi=True)))


def _answering_errors(view: Callable[[str], Response]) -> Callable[[str], Response]:
    @wraps(view)
    def answer(ending: str) -> Response:
        try:
            return view(ending)
        except SpeechDataError as error:
            status = 404 if isinstance(error, UnknownCorpus) else 400 if isinstance(error, QueryError) else 500
            return Response(orjson.dumps({"error": str(error)}), status=status, mimetype="application/json")

    return answer


def utterances(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """The rows of the address's query, in its order; a CSV has derived values and scores (fractions) besides.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, or says nonsense.
    """
    kind, media_type = KINDS[ending]
    corpus = stores.corpus(parameters)
    query = Query.from_pairs(parameters.pairs)
    folder = tempfile.TemporaryDirectory(prefix="earmark-export-")
    try:
        path = Path(folder.name) / f"export.{ending}"
        if kind == "manifest":
            corpus.export(query, path, kind="manifest")
        else:
            corpus.export(query, path, kind="csv", columns=spreadsheet_columns(corpus))
        response = send_file(
            path, mimetype=media_type, as_attachment=True, download_name=_file_name(corpus.name, ending)
        )
    except BaseException:
        folder.cleanup()
        raise
    response.call_on_close(folder.cleanup)
    return response


def spreadsheet_columns(corpus: Corpus) -> list[str]:
    """Everything a manifest of the corpus has, then what was derived and scored, by column name."""
    written = [column.name for column in outside_columns(corpus)]
    seen = set(written)
    made = [
        c.name
        for c in corpus.columns
        if c.origin in ("derived", "signal", "score") and not c.hidden and c.name not in seen
    ]
    return written + made


def vocabulary(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """The words or characters of the address's tab that pass its filters, in its order.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, says nonsense, or its words are still to be counted.
    """
    here = vocabulary_views.place(stores, parameters)
    shown = vocabulary_views.listing(stores, here)
    names, records = vocabulary_views.export_records(here, shown, Query.from_pairs(parameters.pairs))
    response = Response(csv_lines(names, records), mimetype="text/csv")
    name = _file_name(f"{here.corpus.name}-{here.tab}", ending)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def problems(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """All listed problems of the address's corpus."""
    corpus = stores.corpus(parameters)
    text = problems_csv(corpus.problems) if ending == "csv" else problems_json(corpus.problems)
    media_type = "text/csv" if ending == "csv" else "application/json"
    name = _file_name(f"{corpus.name}-problems", ending)
    return send_file(io.BytesIO(text), mimetype=media_type, as_attachment=True, download_name=name)


def problems_csv(listed: Iterable[Problem]) -> bytes:
    """UTF-8 CSV with the columns source, line, field, message."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(("source", "line", "field", "message"))
    rows.writerows((p.source, p.line, p.field, p.message) for p in listed)
    return written.getvalue().encode("utf-8", "surrogatepass")


def problems_json(listed: Iterable[Problem]) -> bytes:
    """A JSON list of objects with the keys source, line, field, message."""
    rows = [{"source": p.source, "line": p.line, "field": p.field, "message": p.message} for p in listed]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2)


def _file_name(stem: str, ending: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).strip("._") or "corpus"
    return f"{safe}.{ending}"
