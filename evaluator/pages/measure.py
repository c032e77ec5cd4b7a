"""Measure the sound: start a job that measures level, clipping, bandwidth, SNR... of a view or corpus, and watch it.

The values become columns beside the others: the table sorts and filters by them, the overview draws them.
"""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.components.job_list import job_panel, measure_columns, shown_as
from evaluator.components.scopes import rows_of, scope_choices
from evaluator.detectors import DETECTORS
from evaluator.jobs.job_table import Job
from evaluator.stores import EvaluatorStores
from explorer.components.cards import attributes, help_mark, icon, panel, refusal, state
from explorer.components.guide import guide
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.sound.signal_measures import MEASURES, speech_ratio_column

PATH = "/measure"
TITLE = "Measure the sound"
UNDER = "/runs"
TAB = "Measure"
POLL_MS = 1000
SPEEDS = {
    "energy": "thousands of times real time",
    "silero": "some 400 times real time on each core",
    "nemo": "some hundred times real time on each core, after half a minute of loading",
    "none": "leaves this column out",
}


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The form over the corpus and view of the address, what is measured, and how the last job gets on."""
    corpus = stores.corpus(query)
    job = _last(stores, corpus)
    return html.Div(
        [
            html.Div(
                html.Div(
                    [
                        html.H1(TITLE),
                        html.P("Levels, clipping, bandwidth, noise and silence of every utterance, as columns."),
                    ]
                ),
                className="page-head",
            ),
            dcc.Interval(id="measure-tick", interval=POLL_MS, disabled=job is None or not job.active),
            dcc.Store(id="measure-seen"),
            html.Div(
                [
                    html.Div(
                        [
                            panel("New measuring", _form(stores, corpus, query)),
                            html.Div(
                                _status(job, corpus, query), id="measure-status", **attributes(aria_live="polite")
                            ),
                        ],
                        className="measure-side",
                    ),
                    panel("What is measured", guide(_measures(stores))),
                ],
                className="runs-top",
            ),
        ],
        className="page",
    )


def _measures(stores: EvaluatorStores) -> list[Any]:
    detector = stores.config.measure.detector
    return [*MEASURES.values(), *([] if detector == "none" else [speech_ratio_column(detector)])]


def _form(stores: EvaluatorStores, corpus: Corpus, query: Parameters) -> Component:
    if not corpus.complete:
        return state("bi-hourglass", "Still loading", "Measuring can start when all rows of the corpus are there.")
    scopes = scope_choices(corpus, query)
    configured = stores.config.measure.detector
    names = [*stores.desk.detectors, "none"]
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Rows", htmlFor="measure-scope"),
                    dbc.RadioItems(
                        id="measure-scope", options=scopes, value=scopes[0]["value"], className="runs-scopes"
                    ),
                ],
                className="runs-field",
            ),
            html.Div(
                [
                    html.Div(
                        [
                            html.Label("Speech ratio by", htmlFor="measure-detector"),
                            help_mark(" ".join(f"{name}: {DETECTORS[name].help}" for name in stores.desk.detectors)),
                        ],
                        className="row-flex nowrap",
                    ),
                    dbc.Select(
                        id="measure-detector",
                        options=[{"value": name, "label": f"{name} ({SPEEDS.get(name, '')})"} for name in names],
                        value=configured if configured in names else "none",
                    ),
                ],
                className="runs-field",
            ),
            html.P("Files that were measured before and have not changed are not measured again.", className="muted"),
            html.Div(
                html.Button(
                    [icon("bi-speedometer2"), "Measure"],
                    id="measure-start",
                    type="button",
                    className="btn btn-primary",
                    disabled=not corpus.size,
                ),
                className="row-flex",
            ),
            html.Div(id="measure-message", **attributes(aria_live="polite")),
        ],
        className="runs-form",
    )


def _last(stores: EvaluatorStores, corpus: Corpus) -> Job | None:
    """The newest measuring of this corpus."""
    jobs = (job for job in stores.jobs.recent() if job.kind == "measure" and job.spec.get("corpus") == corpus.name)
    return next(jobs, None)


def _status(job: Job | None, corpus: Corpus, query: Parameters) -> Component | None:
    """How a job gets on, what can be done about it, and where its results are."""
    if job is None:
        return None
    place = query.only(PLACE).replaced(corpus=corpus.name)
    view = query.only((*PLACE, *VIEW)).replaced(corpus=corpus.name)
    actions: list[Component] = []
    if job.active and job.cancel_asked is None:
        actions.append(
            html.Button([icon("bi-x-lg"), "Cancel"], id="measure-cancel", type="button", className="btn btn-secondary")
        )
    if job.progress.done > job.progress.failures:
        table = view.replaced(cols=measure_columns()).href("/utterances")
        actions += [
            _link("bi-table", "Show in the table", table),
            _link("bi-bar-chart", "Distributions", place.href("/")),
        ]
    actions.append(_link("bi-list-task", "All jobs, logs and failures", place.href("/runs")))
    return job_panel(job, actions)


def _link(icon_name: str, text: str, href: str) -> Component:
    return dcc.Link([icon(icon_name), text], href=href, className="btn btn-secondary")


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Attach the button and the watching."""

    @app.callback(
        Output("measure-message", "children"),
        Output("measure-tick", "disabled"),
        Output("measure-tick", "n_intervals"),
        Input("measure-start", "n_clicks"),
        State("measure-scope", "value"),
        State("measure-detector", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def start(clicks: int | None, scope: str, detector: str, search: str | None) -> tuple[Any, Any, Any]:
        if not clicks:
            return no_update, no_update, no_update
        parameters = Parameters.of(search)
        try:
            corpus = stores.corpus(parameters)
            rows, words = rows_of(corpus, parameters, scope)
            stores.desk.measure(corpus, rows, detector=detector, scope=words)
        except SpeechDataError as error:
            return refusal(error), no_update, no_update
        return None, False, 0

    @app.callback(
        Output("measure-status", "children"),
        Output("measure-seen", "data"),
        Output("measure-tick", "disabled", allow_duplicate=True),
        Input("measure-tick", "n_intervals"),
        State("measure-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def watch(_tick: int | None, seen: str | None, search: str | None) -> tuple[Any, Any, bool]:
        parameters = Parameters.of(search)
        corpus = stores.library.get(parameters.get("corpus") or stores.library.first())
        job = _last(stores, corpus)
        now = "" if job is None else shown_as([job])
        idle = job is None or not job.active
        if now == seen:
            return no_update, no_update, idle
        return _status(job, corpus, parameters), now, idle

    @app.callback(
        Output("measure-tick", "n_intervals", allow_duplicate=True),
        Input("measure-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, search: str | None) -> Any:
        parameters = Parameters.of(search)
        job = _last(stores, stores.library.get(parameters.get("corpus") or stores.library.first()))
        if not clicks or job is None or not job.active:
            return no_update
        stores.jobs.cancel(job.id)
        return 0
