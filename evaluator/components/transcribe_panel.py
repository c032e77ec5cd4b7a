"""A panel of the utterance view: transcribe this utterance with a configured system, or find the speech in it.

The job is one like any other (Runs lists it); the panel watches it, and when it ends the view is drawn again.
"""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from evaluator.components.job_list import badge, bar
from evaluator.jobs.job_table import Job
from evaluator.stores import EvaluatorStores
from explorer.components.cards import attributes, button, icon
from explorer.corpora.corpus import Corpus, Utterance
from explorer.errors import SpeechDataError
from explorer.formatting import seconds
from explorer.querying.parameters import Parameters

POLL_MS = 500


def transcribe_panel(stores: EvaluatorStores, corpus: Corpus, utterance: Utterance) -> Component:
    """The buttons, and what is known about speech in the utterance."""
    ready = [name for name, system in stores.desk.systems.items() if not system.missing()]
    body = html.Div(
        [
            dcc.Store(id="transcribe-utterance", data={"corpus": corpus.name, "id": utterance.id}),
            dcc.Store(id="transcribe-job"),
            dcc.Interval(id="transcribe-tick", interval=POLL_MS, disabled=True),
            html.Div(
                [
                    html.Label("System", htmlFor="transcribe-system", className="visually-hidden"),
                    dbc.Select(
                        id="transcribe-system",
                        options=[{"value": name, "label": name} for name in ready],
                        value=ready[0] if ready else None,
                        disabled=not ready,
                        placeholder="no system is configured",
                        # The view is drawn again with every result; the choice stays.
                        persistence=corpus.name,
                        persistence_type="session",
                        className="transcribe-system",
                    ),
                    button(
                        "bi-mic",
                        "Transcribe this",
                        id="transcribe-start",
                        kind="primary",
                        disabled=not ready,
                        hotkey="t",
                        hotkey_help="transcribe this utterance",
                    ),
                    html.Label("Detector of speech", htmlFor="transcribe-detector", className="visually-hidden"),
                    dbc.Select(
                        id="transcribe-detector",
                        options=[{"value": name, "label": name} for name in stores.desk.detectors],
                        value=next(iter(stores.desk.detectors), None),
                        persistence=corpus.name,
                        persistence_type="session",
                        className="transcribe-system",
                    ),
                    button(
                        "bi-soundwave",
                        "Detect speech",
                        id="transcribe-detect",
                        hotkey="d",
                        hotkey_help="detect speech in this utterance",
                    ),
                ],
                className="row-flex",
            ),
            html.Div(_known(stores, corpus, utterance), id="transcribe-progress", **attributes(aria_live="polite")),
        ],
        className="transcribe",
    )
    return html.Section(body, className="panel panel-body", **attributes(aria_label="Transcribe or detect speech"))


def _known(stores: EvaluatorStores, corpus: Corpus, utterance: Utterance) -> Component | None:
    """What an earlier detection found."""
    speech = stores.runs.segments(corpus.sources, utterance.id)
    if speech is None:
        return None
    total = sum(segment.duration for segment in speech)
    if not speech:
        return html.P("No speech was detected.", className="muted")
    stretches = "one stretch" if len(speech) == 1 else f"{len(speech)} stretches"
    share = f" of {seconds(utterance.duration)}" if utterance.duration else ""
    return html.P(f"Speech: {stretches}, {seconds(total)}{share}.", className="muted")


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Attach the buttons and the watching."""

    @app.callback(
        Output("transcribe-job", "data"),
        Output("transcribe-tick", "disabled"),
        Output("transcribe-progress", "children"),
        Input("transcribe-start", "n_clicks"),
        Input("transcribe-detect", "n_clicks"),
        State("transcribe-system", "value"),
        State("transcribe-detector", "value"),
        State("transcribe-utterance", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def start(
        starts: int | None,
        detects: int | None,
        system: str | None,
        detector: str | None,
        shown: dict[str, str],
        search: str | None,
    ) -> tuple[Any, Any, Any]:
        if not (starts or detects):
            return no_update, no_update, no_update
        try:
            corpus = stores.corpus(Parameters.of(search).replaced(corpus=shown["corpus"]))
            utterance = corpus.utterance(shown["id"])
            words = f"one utterance, {utterance.audio}"
            if ctx.triggered_id == "transcribe-detect":
                options = stores.desk.options(detector=detector)
                job = stores.desk.detect(corpus, utterance, options=options, scope=words)
            else:
                job = stores.desk.transcribe(
                    corpus, utterance, system or "", options=stores.desk.options(), scope=words
                )
        except SpeechDataError as error:
            return no_update, True, html.P(str(error), className="banner warn", role="alert")
        return job.id, False, watched(job)

    @app.callback(
        Output("transcribe-progress", "children", allow_duplicate=True),
        Output("transcribe-tick", "disabled", allow_duplicate=True),
        Output("utterance-refresh", "data", allow_duplicate=True),
        Input("transcribe-tick", "n_intervals"),
        State("transcribe-job", "data"),
        prevent_initial_call=True,
    )
    def watch(_tick: int | None, job_id: int | None) -> tuple[Any, Any, Any]:
        if job_id is None:
            return no_update, True, no_update
        job = stores.jobs.get(job_id)
        if job.active:
            return watched(job), False, no_update
        if job.state != "done":
            return watched(job), True, no_update
        if job.kind == "transcribe":
            done = [icon("bi-check-circle"), html.Span(f"{job.spec['system']['name']}: {job.message}")]
            set_props("shell-notes", {"children": html.Div(done, className="note", role="status", key=str(job.id))})
        return watched(job), True, {"job": job.id}


def watched(job: Job) -> Component:
    """How the job is getting on, in a line."""
    if not job.active:
        words = job.message
    elif job.state == "queued":
        words = "waiting for the worker"
    else:
        words = job.progress.stage or "working"
    return html.Div(
        [html.Div([badge(job), html.Span(words)], className="row-flex"), bar(job) if job.active else None],
        className="transcribe-state",
    )
