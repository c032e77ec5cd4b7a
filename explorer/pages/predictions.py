"""What other systems heard: prediction files of the corpus, what became of their rows, and a form to add one.

A browser sends the file itself, never a path. Larger files than the server takes are named in the configuration or
on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from explorer.components.cards import attributes, icon, panel, state
from explorer.components.uploads import content_of, most_bytes
from explorer.corpora.corpus import Corpus
from explorer.errors import PredictionError, SpeechDataError
from explorer.formatting import count
from explorer.predictions.prediction_store import UPLOADED
from explorer.predictions.prediction_store import State as FileState
from explorer.predictions.sound_places import DURATION_TOLERANCE, OFFSET_TOLERANCE
from explorer.querying.expression import field_text
from explorer.querying.parameters import PLACE, Parameters
from explorer.records import Problem
from explorer.stores import Stores

PATH = "/predictions"
TITLE = "Predictions"
IN_MENU = False

SHOWN = 100
"""Rows that fit nothing which the page lists; the download has them all."""
BY_SOUND = "(sound and time)"


def layout(stores: Stores, query: Parameters) -> Component:
    """The files there are, and the form."""
    corpus = stores.corpus(query)
    place = query.only(PLACE).replaced(corpus=corpus.name)
    told = (
        "Texts that other systems recognized, joined with the utterances they belong to. "
        "Each becomes a system of its own: scored, compared, filtered by like the manifest's."
    )
    return html.Div(
        [
            html.Div([html.Div([html.H1("Predictions of other systems"), html.P(told)])], className="page-head"),
            dcc.Store(id="predictions-revision", data=stores.revision(query)),
            html.Div(_files(stores, corpus, place), id="predictions-files", className="predictions-files"),
            dcc.Interval(id="predictions-clock", interval=700, disabled=not _joining(stores, corpus)),
            _form(stores, corpus),
        ],
        className="page",
    )


def _form(stores: Stores, corpus: Corpus) -> Component:
    columns = [
        {"label": column.label, "value": column.name}
        for column in corpus.columns
        if column.kind in ("text", "number") and column.origin == "manifest" and column.system is None
    ]
    limit = most_bytes(stores.config.server) >> 20
    body = [
        html.Div(
            [
                html.Span("File", className="predictions-label"),
                dcc.Upload(
                    html.Button([icon("bi-upload"), "Choose a file"], type="button", className="btn btn-secondary"),
                    id="predictions-file",
                    max_size=most_bytes(stores.config.server),
                    multiple=False,
                    className="predictions-upload",
                ),
                html.Div(
                    f"Up to {limit} MB: {', '.join(UPLOADED)}",
                    id="predictions-chosen",
                    className="muted",
                    role="status",
                ),
            ],
            className="predictions-field",
        ),
        html.Div(
            [
                html.Label("Name of the system", htmlFor="predictions-system"),
                dbc.Input(
                    id="predictions-system", placeholder="for example large-v2", autocomplete="off", maxlength=64
                ),
            ],
            className="predictions-field",
        ),
        html.Div(
            [
                html.Label("Joined on", htmlFor="predictions-on"),
                dbc.Select(
                    id="predictions-on", options=[{"label": BY_SOUND, "value": BY_SOUND}, *columns], value=BY_SOUND
                ),
            ],
            className="predictions-field",
        ),
        html.Button(
            [icon("bi-plus-lg"), "Add"], id="predictions-add", type="button", className="btn btn-primary", disabled=True
        ),
    ]
    explained = html.P(
        "By sound and time, a row belongs to the utterance of the same sound file that begins within "
        f"{OFFSET_TOLERANCE:g} s of its offset and lasts as long within {DURATION_TOLERANCE:g} s. Lines of text with "
        "a key (utt words ..., or words ... (utt)) are joined by the column that has their keys.",
        className="muted",
    )
    said = html.Div(id="predictions-said", **attributes(aria_live="polite"))
    return panel("Add predictions", [html.Div(body, className="predictions-form"), explained, said])


def _files(stores: Stores, corpus: Corpus, place: Parameters) -> list[Component]:
    states = stores.predictions.states(corpus) if corpus.complete else ()
    if not states:
        text = "Add a file below, name files in the configuration, or start with --predictions NAME=FILE."
        return [html.Div(state("bi-diagram-2", "No predictions were added", text), className="panel")]
    return [_file(one, place) for one in states]


def _joining(stores: Stores, corpus: Corpus) -> bool:
    """Whether files of the corpus are being joined just now."""
    return stores.predictions.pending(corpus)


def _file(one: FileState, place: Parameters) -> Component:
    attached = one.attached
    joining = one.report is None and not one.failure
    aside: list[Component] = []
    if attached.origin == "upload":
        aside = [
            html.Button(
                [icon("bi-x-lg"), "Cancel"] if joining else [icon("bi-trash"), "Remove"],
                id={"type": "predictions-remove", "index": attached.system},
                type="button",
                className="btn btn-link btn-sm",
                **attributes(aria_label=f"{'Cancel' if joining else 'Remove'} the predictions of {attached.system}"),
            )
        ]
    else:
        aside = [html.Span("named by the configuration", className="muted")]
    return panel(attached.system, _body(one, place), aside=aside)


def _body(one: FileState, place: Parameters) -> list[Any]:
    if one.failure:
        return [
            html.Div([icon("bi-exclamation-triangle"), html.Span(one.failure)], className="banner warn", role="alert")
        ]
    if one.report is None:
        return [
            html.P([icon("bi-hourglass-split"), f" Joining {one.attached.shown} with the corpus ..."], role="status"),
            html.P(one.progress or "beginning", className="muted"),
        ]
    report = one.report
    first, *others = report.sentences()
    column = field_text(f"hypothesis_{report.system}")
    links = [_link("Utterances with a hypothesis", place, f"{column} is not empty")]
    if report.missing:
        links.append(_link("Utterances without one", place, f"{column} is empty"))
    if report.problems or report.missed:
        href = place.plus([("system", report.system)]).href("/export/predictions.csv")
        links.append(
            html.A([icon("bi-download"), "What did not join, CSV"], href=href, download=f"{report.system}.csv")
        )
    return [
        html.P(first),
        html.Ul([html.Li(sentence) for sentence in others]) if others else None,
        html.Div(links, className="predictions-links"),
        _listed("Rows of the file that joined nothing", report.problems, sum(report.left_out.values()) + report.faulty),
        _listed("Utterances of the corpus without a hypothesis", report.missed, report.missing),
    ]


def _link(text: str, place: Parameters, where: str) -> Component:
    return dcc.Link(text, href=place.plus([("where", where)]).href("/utterances"))


def _listed(title: str, problems: Sequence[Problem], number: int) -> Component | None:
    if not problems:
        return None
    rows = [
        html.Tr([html.Td(f"{one.source}:{one.line}", className="nowrap"), html.Td(one.message)])
        for one in problems[:SHOWN]
    ]
    more = html.P(f"and {count(number - SHOWN)} more", className="muted") if number > SHOWN else None
    table = html.Div(html.Table(html.Tbody(rows), className="predictions-problems"), className="table-scroll")
    return html.Details([html.Summary(f"{title} ({count(number)})"), table, more])


def register(app: Dash, stores: Stores) -> None:
    """Attach the form, the removal, and the arrival of files that are joined in the background."""

    @app.callback(
        Output("predictions-chosen", "children"),
        Output("predictions-add", "disabled"),
        Output("predictions-system", "value"),
        Input("predictions-file", "filename"),
        State("predictions-system", "value"),
        prevent_initial_call=True,
    )
    def choose(name: str | None, system: str | None) -> tuple[Any, ...]:
        if not name:
            return no_update, True, no_update
        stem = "".join(c if c.isalnum() or c in "_-." else "_" for c in name.rsplit(".", 1)[0]).strip("._-")
        return html.B(name), False, system or stem[:64]

    @app.callback(
        Output("predictions-files", "children"),
        Output("predictions-said", "children"),
        Output("predictions-clock", "disabled"),
        Input("predictions-add", "n_clicks"),
        State("predictions-file", "contents"),
        State("predictions-file", "filename"),
        State("predictions-system", "value"),
        State("predictions-on", "value"),
        State("url", "search"),
        prevent_initial_call=True,
        running=[(Output("predictions-add", "disabled"), True, False)],
    )
    def add(
        _clicks: int, contents: str | None, name: str | None, system: str | None, on: str | None, search: str | None
    ) -> tuple[Any, ...]:
        parameters = Parameters.of(search)
        corpus = stores.library.get(parameters.get("corpus") or stores.library.first())
        try:
            if not contents or not name:
                raise PredictionError("choose a file first")
            if not corpus.complete:
                raise PredictionError("the corpus is still being loaded; add the file when it is there")
            content = content_of(contents, most_bytes(stores.config.server))
            report = stores.predictions.add(
                corpus,
                system=(system or "").strip(),
                name=name,
                content=content,
                join_on=None if on in (None, "", BY_SOUND) else on,
            )
        except SpeechDataError as error:
            text = str(error)
            said = html.Div(
                [icon("bi-exclamation-triangle"), html.Span(text[:1].upper() + text[1:])],
                className="banner warn",
                role="alert",
            )
            return no_update, said, no_update
        told = report.sentences()[0] if report else "The file has arrived and is being joined; this page can be left."
        said = html.Div([icon("bi-check2-circle"), html.Span(told)], className="banner ok")
        place = parameters.only(PLACE).replaced(corpus=corpus.name)
        return _files(stores, corpus, place), said, not _joining(stores, corpus)

    @app.callback(
        Output("predictions-files", "children", allow_duplicate=True),
        Output("predictions-clock", "disabled", allow_duplicate=True),
        Input("predictions-clock", "n_intervals"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def watch(_ticks: int, search: str | None) -> tuple[Any, bool]:
        parameters = Parameters.of(search)
        corpus = stores.library.get(parameters.get("corpus") or stores.library.first())
        place = parameters.only(PLACE).replaced(corpus=corpus.name)
        return _files(stores, corpus, place), not _joining(stores, corpus)

    @app.callback(
        Output("predictions-files", "children", allow_duplicate=True),
        Output("predictions-said", "children", allow_duplicate=True),
        Input({"type": "predictions-remove", "index": ALL}, "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def remove(clicks: Sequence[int | None], search: str | None) -> tuple[Any, Any]:
        if not any(clicks) or not ctx.triggered_id:
            return no_update, no_update
        parameters = Parameters.of(search)
        corpus = stores.library.get(parameters.get("corpus") or stores.library.first())
        stores.predictions.remove(corpus, ctx.triggered_id["index"])
        return _files(stores, corpus, parameters.only(PLACE).replaced(corpus=corpus.name)), []

    @app.callback(
        Output("predictions-files", "children", allow_duplicate=True),
        Output("predictions-revision", "data"),
        Input("revision", "data"),
        State("predictions-revision", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def renew(revision: str | None, drawn: str, search: str | None) -> tuple[Any, Any]:
        if revision in (None, drawn):
            return no_update, no_update
        parameters = Parameters.of(search)
        corpus = stores.corpus(parameters)
        return _files(stores, corpus, parameters.only(PLACE).replaced(corpus=corpus.name)), revision
