"""Runs: start a configured recognizer or detector on a selection, watch it, stop it, resume it, read what it said.

Only names of configured systems come from the browser; what they mean is in the configuration. Jobs belong to the
workspace: every tab sees the same list, and closing one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.components.job_list import failure_list, jobs_list, log_tail, shown_as, title
from evaluator.components.scopes import rows_of, scope_choices
from evaluator.components.transcribe_panel import register as register_panel
from evaluator.detectors import DETECTORS
from evaluator.engines import ENGINES
from evaluator.plugins import Plugin
from evaluator.runs.journal import failures
from evaluator.stores import EvaluatorStores
from evaluator.transcribing.checkpoints import CheckpointFolder, checkpoint_folder
from evaluator.transcribing.systems import System
from evaluator.transcribing.transcription import VADS
from evaluator.workspace import Workspace
from explorer.components.cards import attributes, button, help_mark, icon, panel, refusal, state
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, SpeechDataError
from explorer.formatting import count
from explorer.querying.parameters import Parameters

PATH = "/runs"
TITLE = "Runs"
TAB = "Transcribe"
JOBS_SHOWN = 50
POLL_MS = 1000
FOLDER = "checkpoints:"
"""What the value of the select begins with when it means all checkpoints of a folder."""


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The form over the corpus and view of the address, and the jobs of the workspace."""
    corpus = stores.corpus(query)
    jobs = stores.jobs.recent(limit=JOBS_SHOWN)
    return html.Div(
        [
            html.Div(
                html.Div(
                    [
                        html.H1("Runs"),
                        html.P(
                            "Transcribe this corpus with a recognizer; the texts become a column beside the others."
                        ),
                    ]
                ),
                className="page-head",
            ),
            dcc.Interval(id="runs-tick", interval=POLL_MS, disabled=not stores.jobs.active()),
            dcc.Store(id="runs-news"),
            dcc.Store(id="runs-seen"),
            dcc.Store(id="runs-doomed"),
            dcc.ConfirmDialog(id="runs-confirm"),
            html.Div(id="runs-deleted", **attributes(aria_live="polite")),
            html.Div(
                [
                    panel("New run", _form(stores, corpus, query)),
                    panel("Systems", _systems(stores), help_text="Recognizers named in the configuration file."),
                ],
                className="runs-top",
            ),
            panel(
                "Jobs",
                html.Div(jobs_list(jobs, open_corpora=stores.library.names()), id="runs-jobs"),
                aside=html.Span("One worker does them in order; it goes on when you close this tab."),
            ),
            dbc.Offcanvas(
                html.Div(id="runs-detail-body", tabIndex=0),
                id="runs-detail",
                title=html.Span("Job", id="runs-detail-title"),
                labelledby="runs-detail-title",
                placement="end",
                is_open=False,
                scrollable=True,
            ),
        ],
        className="page",
    )


def _form(stores: EvaluatorStores, corpus: Corpus, query: Parameters) -> Component:
    if not stores.desk.systems and not stores.desk.checkpoints:
        return state(
            "bi-gear",
            "No system is configured",
            "Name one under systems: in a configuration file and start with --config, for example "
            "systems.mine.engine=nemo systems.mine.model=/models/x.nemo on the command line.",
        )
    scopes = scope_choices(corpus, query)
    defaults = stores.config.transcribe
    ready = [name for name, system in stores.desk.systems.items() if not system.missing()]
    ready += [FOLDER + folder.name for folder in _folders(stores) if isinstance(folder, CheckpointFolder)]
    return html.Div(
        [
            _field("System", "runs-system", _system_select(stores, ready)),
            _field(
                "Rows",
                "runs-scope",
                dbc.RadioItems(id="runs-scope", options=scopes, value=scopes[0]["value"], className="runs-scopes"),
            ),
            _field(
                "Voice activity detection",
                "runs-vad",
                dbc.Select(
                    id="runs-vad",
                    options=[{"value": name, "label": text} for name, text in VADS.items()],
                    value=defaults.vad,
                ),
                help_text="A detector finds who speaks when. Models trained on short utterances need long audio cut.",
            ),
            _field(
                "Detector of speech",
                "runs-detector",
                dbc.Select(
                    id="runs-detector",
                    options=[{"value": name, "label": name} for name in stores.desk.detectors],
                    value=defaults.detector,
                ),
                help_text=" ".join(f"{name}: {DETECTORS[name].help}" for name in stores.desk.detectors),
            ),
            html.Div(
                [
                    _field(
                        "Longest chunk (s)",
                        "runs-chunk",
                        dbc.Input(id="runs-chunk", type="number", step="any", value=defaults.chunk_seconds),
                        help_text="With VAD, no piece of audio given to the model is longer than this.",
                    ),
                    _field(
                        "Batch (s of audio)",
                        "runs-batch",
                        dbc.Input(id="runs-batch", type="number", step="any", value=defaults.batch_seconds),
                        help_text="How much audio the model hears at once; a batch that does not fit is halved.",
                    ),
                ],
                className="runs-numbers",
            ),
            html.Div(
                [
                    button("bi-play-fill", "Start", id="runs-start", kind="primary", disabled=not ready),
                    button("bi-soundwave", "Only detect speech", id="runs-detect"),
                ],
                className="row-flex",
            ),
            html.Div(id="runs-message", **attributes(aria_live="polite")),
        ],
        className="runs-form",
    )


def _system_select(stores: EvaluatorStores, ready: list[str]) -> Component:
    options = [{"value": name, "label": name, "disabled": name not in ready} for name in stores.desk.systems]
    for folder in _folders(stores):
        if isinstance(folder, CheckpointFolder):
            told = f"{folder.name}: all {count(len(folder.checkpoints))} checkpoints"
            options.append({"value": FOLDER + folder.name, "label": told, "disabled": False})
    return dbc.Select(id="runs-system", options=options, value=ready[0] if ready else None)


def _folders(stores: EvaluatorStores) -> list[CheckpointFolder | str]:
    """The configured folders of checkpoints as they are now; of one that cannot be used the sentence that says why."""
    found: list[CheckpointFolder | str] = []
    for name, folder in stores.desk.checkpoints.items():
        try:
            found.append(checkpoint_folder(name, folder))
        except SpeechDataError as error:
            found.append(str(error))
    return found


def _field(label: str, control: str, body: Component, *, help_text: str = "") -> Component:
    head = html.Div(
        [html.Label(label, htmlFor=control), help_mark(help_text) if help_text else None], className="row-flex nowrap"
    )
    return html.Div([head, body], className="runs-field")


def _systems(stores: EvaluatorStores) -> Component:
    rows: list[Component] = []
    for name, system in stores.desk.systems.items():
        missing = system.missing()
        rows.append(
            html.Tr(
                [
                    html.Td(html.B(name)),
                    html.Td(system.engine),
                    html.Td(_model(system), className="wrap"),
                    html.Td(_installed(missing)),
                ]
            )
        )
    rows += [_folder_row(folder) for folder in _folders(stores)]
    head = html.Thead(html.Tr([html.Th(text) for text in ("System", "Engine", "Model", "Here")]))
    table = html.Table([head, html.Tbody(rows)], className="plain runs-systems")
    return html.Div([html.Div(table, className="table-scroll") if rows else None, _engines()])


def _model(system: System) -> list[Component | str]:
    """The model that the operator named, and where it runs unless that is left to the engine."""
    named = html.Code(system.model) if system.model else "built in"
    return [named] if system.device == "auto" else [named, f" on {system.device}"]


def _folder_row(folder: CheckpointFolder | str) -> Component:
    """A folder of checkpoints: what each would be called, and what in it is none."""
    if isinstance(folder, str):
        return html.Tr([html.Td(), html.Td("nemo"), html.Td(folder, className="wrap", colSpan=2)])
    names = html.Details(
        [
            html.Summary(f"{count(len(folder.checkpoints))} checkpoints"),
            html.Ul([html.Li([html.B(one.system), " ", html.Code(one.path.name)]) for one in folder.checkpoints]),
        ],
        className="runs-engines",
    )
    left_out = html.P(f"Left out: {'; '.join(folder.left_out)}.", className="wrap") if folder.left_out else None
    place = html.Td([html.Code(str(folder.folder)), names, left_out], className="wrap")
    return html.Tr([html.Td(html.B(folder.name)), html.Td("nemo"), place, html.Td(_installed(ENGINES["nemo"].missing))])


def _engines() -> Component:
    entries: list[Plugin] = [*ENGINES.values(), *DETECTORS.values()]
    items: list[Component] = []
    for entry in entries:
        items += [html.Dt([entry.name, " ", _installed(entry.missing)]), html.Dd(entry.help)]
    return html.Details(
        [html.Summary("Engines and detectors"), html.Dl(items, className="guide")], className="runs-engines"
    )


def _installed(missing: str) -> Component:
    if missing:
        return html.Span(missing, className="badge-soft warn wrap")
    return html.Span([icon("bi-check-lg"), "installed"], className="badge-soft ok")


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Attach the form, the list and the details, and the panel of the utterance view."""
    register_panel(app, stores)
    _register_form(app, stores)
    _register_jobs(app, stores)
    _register_deleting(app, stores)
    _register_details(app, stores)


def _register_form(app: Dash, stores: EvaluatorStores) -> None:
    @app.callback(
        Output("runs-news", "data"),
        Output("runs-message", "children"),
        Input("runs-start", "n_clicks"),
        Input("runs-detect", "n_clicks"),
        State("runs-system", "value"),
        State("runs-scope", "value"),
        State("runs-vad", "value"),
        State("runs-detector", "value"),
        State("runs-chunk", "value"),
        State("runs-batch", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def start(
        _starts: int | None,
        _detects: int | None,
        system: str | None,
        scope: str,
        vad: str,
        detector: str,
        chunk_seconds: float | None,
        batch_seconds: float | None,
        search: str | None,
    ) -> tuple[Any, Any]:
        parameters = Parameters.of(search)
        try:
            if chunk_seconds is None or batch_seconds is None:
                raise ConfigError("The longest chunk and the batch must be numbers of seconds.")
            if detector not in stores.desk.detectors:
                raise ConfigError(f'The detector "{detector}" cannot be used here; choose another.')
            options = stores.desk.options(
                vad=vad, detector=detector, chunk_seconds=chunk_seconds, batch_seconds=batch_seconds
            )
            corpus = stores.corpus(parameters)
            rows, words = rows_of(corpus, parameters, scope)
            if ctx.triggered_id == "runs-detect":
                job = stores.desk.detect(corpus, rows, options=options, scope=words)
            elif (system or "").startswith(FOLDER):
                name = str(system).removeprefix(FOLDER)
                job = stores.desk.transcribe_checkpoints(corpus, rows, name, options=options, scope=words)
            else:
                job = stores.desk.transcribe(corpus, rows, system or "", options=options, scope=words)
        except SpeechDataError as error:
            return no_update, refusal(error)
        return job.id, None


def _register_jobs(app: Dash, stores: EvaluatorStores) -> None:
    @app.callback(
        Output("runs-jobs", "children"),
        Output("runs-seen", "data"),
        Output("runs-tick", "disabled"),
        Input("runs-tick", "n_intervals"),
        Input("runs-news", "data"),
        Input("revision", "data"),
        State("runs-seen", "data"),
    )
    def show(_tick: int | None, _news: Any, _revision: Any, seen: str | None) -> tuple[Any, Any, bool]:
        jobs = stores.jobs.recent(limit=JOBS_SHOWN)
        now = shown_as(jobs)
        idle = not any(job.active for job in jobs)
        if now == seen:
            return no_update, no_update, idle
        return jobs_list(jobs, open_corpora=stores.library.names()), now, idle

    @app.callback(
        Output("runs-news", "data", allow_duplicate=True),
        Input({"type": "runs-cancel", "job": ALL}, "n_clicks"),
        Input({"type": "runs-resume", "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def steer(_cancels: list[int | None], _resumes: list[int | None]) -> Any:
        clicked = ctx.triggered_id
        if not isinstance(clicked, Mapping) or not ctx.triggered[0]["value"]:
            return no_update
        if clicked["type"] == "runs-cancel":
            stores.jobs.cancel(int(clicked["job"]))
        else:
            stores.desk.resume(int(clicked["job"]))
        return f"{clicked['type']} {clicked['job']} {ctx.triggered[0]['value']}"


def _register_deleting(app: Dash, stores: EvaluatorStores) -> None:
    @app.callback(
        Output("runs-confirm", "displayed"),
        Output("runs-confirm", "message"),
        Output("runs-doomed", "data"),
        Input({"type": "runs-delete", "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(_clicks: list[int | None]) -> tuple[Any, Any, Any]:
        clicked = ctx.triggered_id
        if not isinstance(clicked, Mapping) or not ctx.triggered[0]["value"]:
            return no_update, no_update, no_update
        job = stores.jobs.get(int(clicked["job"]))
        question = f"Delete job {job.id} ({title(job)}) with all its results? Its columns disappear from the tables."
        return True, f"{question} The files are moved to the trash folder of the workspace.", job.id

    @app.callback(
        Output("runs-deleted", "children"),
        Output("runs-news", "data", allow_duplicate=True),
        Input("runs-confirm", "submit_n_clicks"),
        State("runs-doomed", "data"),
        prevent_initial_call=True,
    )
    def delete(confirmed: int | None, job_id: int | None) -> tuple[Any, Any]:
        if not confirmed or job_id is None:
            return no_update, no_update
        try:
            said, tone = stores.desk.delete(job_id), "banner"
        except SpeechDataError as error:
            said, tone = str(error), "banner warn"
        return html.Div(said, className=tone, role="status"), f"deleted {job_id}"


def _register_details(app: Dash, stores: EvaluatorStores) -> None:
    @app.callback(
        Output("runs-detail", "is_open"),
        Output("runs-detail-title", "children"),
        Output("runs-detail-body", "children"),
        Input({"type": "runs-log", "job": ALL}, "n_clicks"),
        Input({"type": "runs-failures", "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def details(_logs: list[int | None], _failures: list[int | None]) -> tuple[Any, Any, Any]:
        clicked = ctx.triggered_id
        if not isinstance(clicked, Mapping) or not ctx.triggered[0]["value"]:
            return no_update, no_update, no_update
        job = stores.jobs.get(int(clicked["job"]))
        if clicked["type"] == "runs-log":
            return True, f"Log of job {job.id}", log_tail(Workspace(stores.workspace).log(job.id))
        corpus = str(job.spec.get("corpus", ""))
        left = {id: told for run in job.runs for id, told in failures(stores.runs.get(run).journal).items()}
        utterances = job.kind != "synthesize"  # what failed there is a sentence, and has no utterance yet
        body = failure_list(left, corpus=corpus, linked=utterances and corpus in stores.library.names())
        return True, f"Failures of job {job.id}", body
