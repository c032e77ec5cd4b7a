"""Synthesize: have configured voices read sentences aloud, typed ones or the corpus's, and listen to them in the room.

A job for each voice makes the sounds; they join the stimulus set of the corpus as further systems. Before it starts the
page shows how the texts will be spelled out, and what of them cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.comparison_store import Making
from evaluator.components.job_list import badge, bar, numbers, shown_as, title
from evaluator.components.synthesize_preview import preview, spelled
from evaluator.jobs.job_table import Job
from evaluator.spoken import SPOKEN_FORMS
from evaluator.stores import EvaluatorStores
from evaluator.synthesizers import SYNTHESIZERS
from evaluator.tts.sentences import corpus_lines, typed_lines
from evaluator.tts.stimuli import is_tts
from evaluator.tts.synthesis import Line, checked
from evaluator.tts.synthesized import TYPED
from explorer.components.cards import attributes, help_mark, icon, panel, refusal, state
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, JobError, SpeechDataError
from explorer.formatting import count, counted
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

PATH = "/synthesize"
TITLE = "Synthesize"
UNDER = "/tts"
TAB = "Synthesize"
POLL_MS = 1000
JOBS_SHOWN = 8
TYPING_MS = 400
AGAIN_MS = 700


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The form over the corpus and view of the address, and the jobs of this corpus."""
    corpus = stores.corpus(query)
    jobs = _jobs(stores, corpus)
    return html.Div(
        [
            html.Div(html.Div([html.H1(TITLE), html.P(_goal(corpus))]), className="page-head"),
            dcc.Interval(id="synthesize-tick", interval=POLL_MS, disabled=not any(job.active for job in jobs)),
            dcc.Interval(id="synthesize-again", interval=AGAIN_MS, disabled=True),
            dcc.Store(id="synthesize-seen"),
            dcc.Store(id="synthesize-asked"),
            html.Div(
                [
                    panel("Sentences and voices", _form(stores, corpus, query)),
                    html.Div(
                        [
                            panel("What will be said", html.Div(preview([], [], {}), id="synthesize-preview")),
                            html.Div(_status(jobs, query), id="synthesize-status", **attributes(aria_live="polite")),
                        ],
                        className="measure-side",
                    ),
                ],
                className="runs-top synthesize",
            ),
        ],
        className="page",
    )


def _goal(corpus: Corpus) -> str:
    if is_tts(corpus) and corpus.name != TYPED:
        return f'The sounds join "{corpus.name}" as further systems; listen to them beside the others.'
    return f'The sounds become the corpus "{TYPED}"; listen to them in its room.'


def _form(stores: EvaluatorStores, corpus: Corpus, query: Parameters) -> Component:
    if not stores.desk.voices:
        return state("bi-megaphone", "No voice is configured", "Name one under voices: in a configuration file.")
    view = Query.from_pairs(query.only(VIEW).pairs)
    scopes = [{"value": "typed", "label": "Typed here, one a line"}]
    if view.selection() != Query():
        scopes.append({"value": "view", "label": f"Those of the view: {view.selection().sentence(corpus)}"})
    scopes.append({"value": "all", "label": "All sentences of the corpus"})
    voices = [
        {"value": name, "label": _voice_label(name, voice.engine, voice.missing()), "disabled": bool(voice.missing())}
        for name, voice in stores.desk.voices.items()
    ]
    usable = [voice["value"] for voice in voices if not voice["disabled"]]
    forms = [{"value": f.name, "label": f.title, "disabled": bool(f.missing)} for f in SPOKEN_FORMS.values()]
    return html.Div(
        [
            html.Div(
                [
                    html.B("Sentences", className="runs-name"),
                    dbc.RadioItems(
                        id="synthesize-scope",
                        options=scopes,
                        value="view" if len(scopes) > 2 else "typed",
                        className="runs-scopes",
                    ),
                    html.Label("Typed sentences", htmlFor="synthesize-text", className="visually-hidden"),
                    dbc.Textarea(
                        id="synthesize-text",
                        placeholder="Dr. Smith paid $5 at 2:30 p.m.\nOne sentence a line.",
                        rows=5,
                        debounce=TYPING_MS,
                    ),
                ],
                className="runs-field",
            ),
            html.Div(
                [
                    html.Div(
                        [
                            html.B("Voices", className="runs-name"),
                            help_mark(" ".join(f"{e.name}: {e.help}" for e in SYNTHESIZERS.values()), place="at-start"),
                        ],
                        className="row-flex nowrap",
                    ),
                    dbc.Checklist(id="synthesize-voices", options=voices, value=usable[:1], className="runs-scopes"),
                ],
                className="runs-field",
            ),
            html.Div(
                [
                    html.Div(
                        [
                            html.Label("Text normalization", htmlFor="synthesize-form"),
                            help_mark(
                                " ".join(f"{f.title}: {f.help} {f.missing}".strip() for f in SPOKEN_FORMS.values()),
                                place="at-start",
                            ),
                        ],
                        className="row-flex nowrap",
                    ),
                    dbc.Select(id="synthesize-form", options=forms, value=stores.config.synthesis.spoken_form),
                ],
                className="runs-field",
            ),
            html.Div(
                html.Button(
                    [icon("bi-megaphone"), "Read aloud"],
                    id="synthesize-start",
                    type="button",
                    className="btn btn-primary",
                ),
                className="row-flex",
            ),
            html.Div(id="synthesize-message", **attributes(aria_live="polite")),
        ],
        className="runs-form",
    )


def _voice_label(name: str, engine: str, missing: str) -> list[Component | str]:
    parts: list[Component | str] = [html.B(name), html.Span(f" {engine}", className="muted") if engine != name else ""]
    return [*parts, html.Small(f" {missing}", className="muted") if missing else ""]


def chosen_lines(stores: EvaluatorStores, parameters: Parameters, scope: str, text: str | None) -> list[Line]:
    """The sentences that the form means.

    Raises:
        JobError: there are too many.
        QueryError: the view does not fit the corpus.
    """
    corpus = stores.corpus(parameters)
    stimuli = stores.stimuli.of(corpus)
    if scope == "typed":
        return typed_lines(text or "", stimuli)
    query = Query.from_pairs(parameters.only(VIEW).pairs) if scope == "view" else Query()
    return corpus_lines(corpus, stimuli, query)


def _jobs(stores: EvaluatorStores, corpus: Corpus) -> list[Job]:
    """The newest syntheses for this corpus, or of typed texts."""
    wanted = (corpus.name, TYPED)
    jobs = (job for job in stores.jobs.recent() if job.kind == "synthesize" and job.spec.get("corpus") in wanted)
    return list(jobs)[:JOBS_SHOWN]


def _status(jobs: Sequence[Job], query: Parameters) -> Component | None:
    if not jobs:
        return None
    items = []
    for job in jobs:
        corpus = str(job.spec.get("corpus", ""))
        actions: list[Component] = []
        if job.active and job.cancel_asked is None:
            id = {"type": "synthesize-cancel", "job": job.id}
            actions.append(
                html.Button([icon("bi-x-lg"), "Cancel"], id=id, type="button", className="btn btn-secondary btn-sm")
            )
        if job.progress.done > job.progress.failures and not job.active:
            href = query.only(PLACE).replaced(corpus=corpus).href("/tts")
            actions.append(dcc.Link([icon("bi-headphones"), "Listen"], href=href, className="btn btn-secondary btn-sm"))
        items.append(
            html.Li(
                [
                    html.Div(
                        [badge(job), html.B(title(job)), html.Span(f"#{job.id}", className="muted num")],
                        className="row-flex",
                    ),
                    bar(job) if job.active else None,
                    html.Div(" · ".join(numbers(job)), className="num job-numbers"),
                    html.P(job.message, className="job-message") if job.message and not job.active else None,
                    html.Div(actions, className="row-flex job-actions"),
                ],
                className=f"job {job.state}",
                key=str(job.id),
            )
        )
    everything = dcc.Link("All jobs, logs and failures", href=query.only(PLACE).href("/runs"))
    return panel("Jobs", html.Ol(items, className="jobs"), aside=everything)


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Attach the preview, the button and the watching."""

    @app.callback(
        Output("synthesize-preview", "children"),
        Output("synthesize-again", "disabled"),
        Input("synthesize-scope", "value"),
        Input("synthesize-text", "value"),
        Input("synthesize-form", "value"),
        Input("synthesize-voices", "value"),
        Input("synthesize-again", "n_intervals"),
        State("url", "search"),
    )
    def show(
        scope: str, text: str | None, form: str, voices: list[str] | None, _again: int | None, search: str | None
    ) -> tuple[Any, bool]:
        try:
            lines = chosen_lines(stores, Parameters.of(search), scope, text)
            said = spelled(lines, form, stores.config.synthesis.longest_text)
            readable = [spoken for spoken in said if isinstance(spoken, str)]
            chosen = [stores.desk.voices[name] for name in voices or () if name in stores.desk.voices]
            unsaid = stores.sayings.of(chosen, readable) if chosen and readable else {}
            return preview(lines, said, unsaid), not isinstance(unsaid, Making)
        except SpeechDataError as error:
            return refusal(error), True

    # What stands in the field at the press: the field itself tells the server only when nobody types any more.
    app.clientside_callback(
        ClientsideFunction("earmark", "synthesisAsked"),
        Output("synthesize-asked", "data"),
        Input("synthesize-start", "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("synthesize-message", "children"),
        Output("synthesize-tick", "disabled"),
        Output("synthesize-tick", "n_intervals"),
        Input("synthesize-asked", "data"),
        State("synthesize-scope", "value"),
        State("synthesize-voices", "value"),
        State("synthesize-form", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def start(
        asked: dict[str, Any] | None, scope: str, voices: list[str], form: str, search: str | None
    ) -> tuple[Any, Any, Any]:
        if not asked:
            return no_update, no_update, no_update
        parameters = Parameters.of(search)
        try:
            _started(stores, parameters, scope=scope, text=asked.get("text"), voices=voices, form=form)
        except SpeechDataError as error:
            return refusal(error), no_update, no_update
        return None, False, 0

    @app.callback(
        Output("synthesize-status", "children"),
        Output("synthesize-seen", "data"),
        Output("synthesize-tick", "disabled", allow_duplicate=True),
        Input("synthesize-tick", "n_intervals"),
        State("synthesize-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def watch(_tick: int | None, seen: str | None, search: str | None) -> tuple[Any, Any, bool]:
        parameters = Parameters.of(search)
        jobs = _jobs(stores, stores.library.get(parameters.get("corpus") or stores.library.first()))
        now, idle = shown_as(jobs), not any(job.active for job in jobs)
        if now == seen:
            return no_update, no_update, idle
        return _status(jobs, parameters), now, idle

    @app.callback(
        Output("synthesize-tick", "n_intervals", allow_duplicate=True),
        Input({"type": "synthesize-cancel", "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def cancel(clicks: list[int | None]) -> Any:
        if not any(clicks) or ctx.triggered_id is None:
            return no_update
        stores.jobs.cancel(int(ctx.triggered_id["job"]))
        return 0


def _started(
    stores: EvaluatorStores, parameters: Parameters, *, scope: str, text: str | None, voices: Sequence[str], form: str
) -> None:
    """Queue a job for each voice.

    Raises:
        ConfigError: no voice is chosen.
        JobError: no sentence can be read aloud.
    """
    if not voices:
        raise ConfigError("Choose at least one voice.")
    lines = chosen_lines(stores, parameters, scope, text)
    if len(lines) == 1:  # a single sentence need not wait for a job to say what is wrong with it
        checked(lines[0].text, longest=stores.config.synthesis.longest_text)
    if not lines:
        raise JobError("There is no sentence to read aloud; write one, or choose those of the corpus.")
    corpus = stores.corpus(parameters)
    number = count(len(lines))
    said = {"typed": counted(len(lines), "typed sentence"), "view": f"{counted(len(lines), 'sentence')} of a view"}
    words = said.get(scope, f"all {number} sentences" if len(lines) != 1 else "the only sentence")
    for voice in voices:
        stores.desk.synthesize(corpus, lines, voice, spoken_form=form, scope=words)
