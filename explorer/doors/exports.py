"""Downloads: the rows of a view in each format of EXPORTS, and the problems of a corpus as CSV or JSON.

The address of a download is the address of the view: ``/export/utterances.jsonl?corpus=..&f=..&sort=..&search=..``.
Files are written to a temporary folder and sent from there, so that a million rows never stand in memory. An error is
answered as JSON ``{"error": sentence}``, as by the media routes.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, request, send_file

from explorer import spreadsheet
from explorer.comparing import corpora_view
from explorer.comparing.duplicates import Duplicates
from explorer.errors import QueryError, SpeechDataError, UnknownCorpus
from explorer.exporting import BY_ENDING, Wanted, export_to
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from explorer.vocabulary import vocabulary_views

if TYPE_CHECKING:
    from explorer.records import Problem
    from explorer.stores import Stores


def register(server: Flask, stores: Stores) -> None:
    """Attach the download routes to ``server``."""
    downloads = (
        ("utterances", tuple(BY_ENDING), utterances),
        ("problems", ("csv", "json"), problems),
        ("predictions", ("csv",), predictions),
        ("vocabulary", ("csv",), vocabulary),
        ("duplicates", ("csv",), duplicates),
    )
    for name, endings, write in downloads:
        server.add_url_rule(
            f"/export/{name}.<any({','.join(map(repr, endings))}):ending>",
            f"export_{name}",
            _answering_errors(partial(_written, write, stores)),
        )


def _written(write: Callable[[Stores, Parameters, str], Response], stores: Stores, ending: str) -> Response:
    """The download that the address of the request asks for."""
    return write(stores, _address(), ending)


def _address() -> Parameters:
    return Parameters(tuple(request.args.items(multi=True)))


def _answering_errors(view: Callable[[str], Response]) -> Callable[[str], Response]:
    def answer(ending: str) -> Response:
        try:
            return view(ending)
        except SpeechDataError as error:
            status = 404 if isinstance(error, UnknownCorpus) else 400 if isinstance(error, QueryError) else 500
            return Response(orjson.dumps({"error": str(error)}), status=status, mimetype="application/json")

    return answer


def utterances(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """The rows of the address's query, in the format of the ending; ``system=`` writes what that system heard.

    The file's name says when utterances had to be left out, the header X-Left-Out why.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, or says nonsense.
    """
    export = BY_ENDING[ending]
    corpus = stores.corpus(parameters)
    query = Query.from_pairs(parameters.pairs)
    folder = tempfile.TemporaryDirectory(prefix="earmark-export-")
    try:
        path = Path(folder.name) / _file_name(corpus.name, export.ending)
        # A download lies elsewhere: relative paths would lead nowhere.
        formulas = stores.config.csv.formulas
        wanted = Wanted(system=parameters.get("system"), absolute=True, formulas=formulas)
        written = export_to(corpus, query, path, format=export.name, wanted=wanted)
        lacking = sum(written.left_out.values())
        stem = f"{corpus.name}-without-{lacking}" if lacking else corpus.name
        response = send_file(
            path, mimetype=export.media_type, as_attachment=True, download_name=_file_name(stem, export.ending)
        )
        if lacking:
            response.headers["X-Left-Out"] = written.sentence()
    except BaseException:
        folder.cleanup()
        raise
    response.call_on_close(folder.cleanup)
    return response


def vocabulary(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """The words or characters of the address's tab that pass its filters, in its order.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, says nonsense, or its words are still to be counted.
    """
    here = vocabulary_views.place(stores, parameters)
    shown = vocabulary_views.listing(stores, here)
    names, records = vocabulary_views.export_records(here, shown, Query.from_pairs(parameters.pairs))
    response = Response(spreadsheet.lines(names, records), mimetype="text/csv")
    name = _file_name(f"{here.corpus.name}-{here.tab}", ending)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def duplicates(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """The duplicates between the corpora of the address that a search has found and listed.

    Raises:
        QueryError: they have not been searched for yet.
    """
    chosen = corpora_view.choice(stores, parameters)
    found = stores.comparisons.duplicates(chosen.corpora, chosen.folding, content=chosen.content)
    if not isinstance(found, Duplicates):
        raise QueryError("these corpora have not been searched for duplicates yet; do that on their page first")
    names, records = corpora_view.duplicate_records(chosen, found)
    response = Response(spreadsheet.lines(names, records), mimetype="text/csv")
    name = _file_name("-".join((*chosen.names, "duplicates")), ending)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def problems(stores: Stores, parameters: Parameters, ending: str) -> Response:
    """All listed problems of the address's corpus."""
    corpus = stores.corpus(parameters)
    text = problems_csv(corpus.problems) if ending == "csv" else problems_json(corpus.problems)
    media_type = "text/csv" if ending == "csv" else "application/json"
    name = _file_name(f"{corpus.name}-problems", ending)
    return send_file(io.BytesIO(text), mimetype=media_type, as_attachment=True, download_name=name)


def predictions(stores: Stores, parameters: Parameters, _ending: str) -> Response:
    """What of the prediction file of ``system=`` did not join, and the utterances it leaves without a hypothesis.

    Raises:
        UnknownCorpus, QueryError: the address names no corpus, or no system whose predictions were joined with it.
    """
    corpus, system = stores.corpus(parameters), parameters.get("system", "")
    reports = [one.report for one in stores.predictions.states(corpus) if one.attached.system == system]
    if not reports or reports[0] is None:
        raise QueryError(f'no predictions of "{system[:80]}" were joined with {corpus.name}')
    text = problems_csv((*reports[0].problems, *reports[0].missed))
    name = _file_name(f"{corpus.name}-{system}-not-joined", "csv")
    return send_file(io.BytesIO(text), mimetype="text/csv", as_attachment=True, download_name=name)


def problems_csv(listed: Iterable[Problem]) -> bytes:
    """UTF-8 CSV with the columns source, line, field, message."""
    rows = ((p.source, p.line, p.field, p.message) for p in listed)
    return b"".join(spreadsheet.lines(("source", "line", "field", "message"), rows))


def problems_json(listed: Iterable[Problem]) -> bytes:
    """A JSON list of objects with the keys source, line, field, message."""
    rows = [{"source": p.source, "line": p.line, "field": p.field, "message": p.message} for p in listed]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2)


def _file_name(stem: str, ending: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).strip("._") or "corpus"
    return f"{safe}.{ending}"
