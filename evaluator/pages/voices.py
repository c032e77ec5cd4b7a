"""Automatic scores of voices: a job that scores every reading, the means of each system, and how well a score goes
with what people said in a listening test. The address says which test (``test=``) and which score (``score=``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparison_store import Making
from evaluator.components import waiting
from evaluator.components.job_list import job_panel
from evaluator.jobs.job_table import Job
from evaluator.listening.design import ListeningTest
from evaluator.listening.results import Tell
from evaluator.listening.scores import rated
from evaluator.tts.stimulus_set import StimulusSet
from evaluator.voices.judges import INSTALL, JUDGES, missing_judges
from evaluator.voices.measures import VOICE_MEASURES
from evaluator.voices.summary import (
    Correlation,
    Point,
    Relation,
    by_system,
    relation,
    score_columns,
)
from explorer import figures, spreadsheet
from explorer.columns import Column
from explorer.components.cards import attributes, help_mark, icon, panel, state
from explorer.components.shell import parameter_select
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import EMPTY, counted, decimal, percent
from explorer.point_figures import Dot, scattered
from explorer.querying.parameters import PLACE, Parameters

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/voices"
TITLE = "Scores of voices"
TAB = "Scores"
UNDER = "/tts"
POLL_MS = 1500
WAITING = "voices-relation"


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The scores of a stimulus set, or what a corpus needs for them."""
    corpus = stores.corpus(query)
    material = stores.stimuli.of(stores.library.get(corpus.name))
    if not material.sentences:
        return html.Div(
            state(
                "bi-megaphone",
                "This corpus has no voices to score",
                f'Choose a corpus in which several systems read the same sentences; "{corpus.name}" has none.',
                level=1,
            ),
            className="page",
        )
    job = _last(stores, corpus)
    export = html.A(
        [icon("bi-download"), "CSV"],
        href=query.only(PLACE).replaced(corpus=corpus.name).href("/export/voices.csv"),
        className="btn btn-secondary",
    )
    score = html.Button(
        [icon("bi-speedometer2"), "Score the voices"],
        id="voices-start",
        type="button",
        className="btn btn-primary",
        disabled=not corpus.complete,
    )
    sentences, systems = counted(len(material.sentences), "sentence"), counted(len(material.systems), "system")
    about = f"{sentences} of {corpus.name}, read by {systems}."
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1(TITLE), html.P(about)]),
                    html.Div([score, export], className="page-actions"),
                ],
                className="page-head",
            ),
            dcc.Interval(id="voices-tick", interval=POLL_MS, disabled=job is None or not job.active),
            dcc.Store(id="voices-seen"),
            html.Div(_status(job), id="voices-status", **attributes(aria_live="polite")),
            html.Div(_body(stores, corpus, material, query), id="voices-body", className="listening-results"),
        ],
        className="page",
    )


def _last(stores: EvaluatorStores, corpus: Corpus) -> Job | None:
    """The newest scoring of this corpus."""
    jobs = (
        job
        for job in stores.jobs.recent()
        if job.kind == "measure"
        and job.spec.get("corpus") == corpus.name
        and (job.spec.get("options") or {}).get("voice") is not None
    )
    return next(jobs, None)


def _status(job: Job | None) -> Component | None:
    if job is None or job.state == "done":
        return None
    cancel = html.Button([icon("bi-x-lg"), "Cancel"], id="voices-cancel", type="button", className="btn btn-secondary")
    return job_panel(job, [cancel] if job.active and job.cancel_asked is None else [])


def _body(stores: EvaluatorStores, corpus: Corpus, material: StimulusSet, query: Parameters) -> list[Component | None]:
    columns = score_columns(corpus)
    absent = missing_judges()
    notes = [
        _note(f"{VOICE_MEASURES[name].label} is not scored: the package {JUDGES[name]} is not installed ({INSTALL}).")
        for name in absent
    ]
    if not columns:
        return [
            *notes,
            state(
                "bi-speedometer2",
                "Nothing has been scored yet",
                "“Score the voices” measures pitch, pace, silence, loudness and predicted opinion of every reading, "
                "and its distance from a reference recording where there is one. A recognizer's round trip comes from "
                "Runs.",
            ),
        ]
    return [*notes, _table(corpus, material, columns), _relation(stores, corpus, material, columns, query)]


def _note(sentence: str) -> Component:
    return html.Div([icon("bi-info-circle"), html.Span(sentence)], className="banner", role="status")


def _table(corpus: Corpus, material: StimulusSet, columns: list[Column]) -> Component:
    """Scores down, systems across: few systems have many scores."""
    rows = []
    for column in columns:
        found = by_system(corpus, material, column)
        known = [one.mean for one in found if one.mean is not None]
        best = None if not known or column.better is None else (min if column.better == "lower" else max)(known)
        cells = [
            html.Td(_mean(column, one.mean, best), className="num", title=counted(one.readings, "reading"))
            for one in found
        ]
        unit = f", {column.unit}" if column.unit else ""
        rows.append(html.Tr([html.Th([f"{column.label}{unit}", help_mark(column.help)], scope="row"), *cells]))
    head = [html.Th("Score", scope="col")]
    head += [html.Th(system.name, scope="col", className="num") for system in material.systems]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="plain rates")
    scroll = html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Scores"))
    told = "★ marks the best where a direction is better. Error rates are pooled over a system's readings."
    return panel("Systems", [scroll, html.P(told, className="muted")])


def _mean(column: Column, mean: float | None, best: float | None) -> Any:
    if mean is None:
        return EMPTY
    shown = _shown(column, mean)
    return [html.Span("★ ", title="best"), html.B(shown)] if mean == best else shown


def _shown(column: Column, number: float) -> str:
    return percent(number) if column.style == "percent" else decimal(number)


def _relation(
    stores: EvaluatorStores, corpus: Corpus, material: StimulusSet, columns: list[Column], query: Parameters
) -> Component:
    tests = _tests(stores, corpus)
    if not tests:
        link = dcc.Link(
            "Make a listening test", href=query.only(PLACE).href("/listening"), className="btn btn-secondary"
        )
        told = (
            "How well a score goes with what people hear is shown here once there is a listening test of this corpus."
        )
        return panel("Scores and ratings", state("bi-headphones", "No ratings yet", told, actions=[link]))
    test, column = _chosen(tests, columns, query)
    choice = html.Div(
        [
            parameter_select("test", "Ratings of", [(one.id, one.title) for one in tests], test.id),
            parameter_select("score", "Score", [(one.name, one.label) for one in columns], column.name),
        ],
        className="row-flex",
    )
    found = stores.listened.beside(*_wish(stores, corpus, material, test, column))
    if isinstance(found, Making):
        return panel("Scores and ratings", [choice, waiting.waiting(WAITING, found)])
    if not found.points:
        told = "No reading has both: rate some in the listening test, and score the voices."
        return panel("Scores and ratings", [choice, state("bi-link-45deg", "Nothing to compare yet", told)])
    return panel(
        "Scores and ratings",
        [
            choice,
            html.Ul(
                [
                    html.Li(_told("reading", found.readings)),
                    html.Li(_told("system", found.systems)),
                ]
            ),
            _scatter(corpus, test, column, found.points),
            _outliers(corpus, column, found.outliers),
        ],
    )


def _tests(stores: EvaluatorStores, corpus: Corpus) -> list[ListeningTest]:
    return [test for test in stores.listening.all()[0] if test.corpus == corpus.name]


def _chosen(
    tests: Sequence[ListeningTest], columns: Sequence[Column], query: Parameters
) -> tuple[ListeningTest, Column]:
    test = next((one for one in tests if one.id == query.get("test")), tests[-1])
    return test, next((one for one in columns if one.name == query.get("score")), columns[0])


def _wished(stores: EvaluatorStores, query: Parameters) -> tuple[Any, Callable[[Tell], Relation]]:
    """The same of an address that is shown."""
    corpus = stores.corpus(query)
    material = stores.stimuli.of(stores.library.get(corpus.name))
    return _wish(stores, corpus, material, *_chosen(_tests(stores, corpus), score_columns(corpus), query))


def _wish(
    stores: EvaluatorStores, corpus: Corpus, material: StimulusSet, test: ListeningTest, column: Column
) -> tuple[Any, Callable[[Tell], Relation]]:
    """What the relation of a score and a test's ratings depends on, and how it is made."""
    answers = stores.listening.answers(test)
    return (corpus.key, material.key, column.name, test, len(answers)), lambda tell: relation(
        corpus, material, column, rated(test, answers), tell=tell
    )


def _told(what: str, found: Correlation) -> str:
    if found.rho is None:
        return f"Over {what}s: undefined ({counted(found.points, what)}; too few, or one of both never changes)."
    ends = found.interval
    sure = "" if ends is None else f" (95 %: {decimal(ends.low)} to {decimal(ends.high)})"
    return f"Over {counted(found.points, what)}: Spearman's rho {decimal(found.rho)}{sure}."


def _scatter(corpus: Corpus, test: ListeningTest, column: Column, found: Sequence[Point]) -> Component:
    groups: dict[str, list[Dot]] = {}
    for point in found:
        said = f"rated {decimal(point.rating)} by {point.ratings}"
        told = f"{point.system}, {point.sentence}: {_shown(column, point.score)}, {said}"
        groups.setdefault(point.system, []).append(Dot(point.score, point.rating, told, _address(corpus, point)))
    unit = f", {column.unit}" if column.unit else ""
    figure = scattered(groups, x=f"{column.label}{unit}", y=f"Mean rating, {test.scale.unit}")
    graph = dcc.Graph(id="voices-graph", figure=figure, config=figures.CONFIG, className="chart")
    title = html.P(
        f"{column.label} and mean rating of {counted(len(found), 'reading')}; a click opens one.", className="muted"
    )
    return html.Div([title, graph])


def _address(corpus: Corpus, point: Point) -> str:
    return Parameters((("corpus", corpus.name), ("u", point.utterance))).href("/utterance")


def _outliers(corpus: Corpus, column: Column, found: Sequence[tuple[Point, float]]) -> Component | None:
    rows = [
        html.Tr(
            [
                html.Th(dcc.Link(point.sentence, href=_address(corpus, point)), scope="row"),
                html.Td(point.system),
                html.Td(_shown(column, point.score), className="num"),
                html.Td(decimal(point.rating), className="num"),
                html.Td("scored too high" if apart > 0 else "scored too low"),
            ]
        )
        for point, apart in found
    ]
    if not rows:
        return None
    heads = ("Sentence", "System", column.label, "Mean rating", "Beside people")
    head = html.Tr(
        [html.Th(name, scope="col", className="num" if 1 < place < 4 else "") for place, name in enumerate(heads)]
    )
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="plain rates")
    label = attributes(role="region", aria_label="Where score and people differ most")
    return html.Div(
        [html.H3("Where score and people differ most"), html.Div(table, className="table-scroll", tabIndex=0, **label)]
    )


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Start, watch and cancel the job; clicks in the figure; the download."""

    @app.callback(
        Output("voices-status", "children"),
        Output("voices-tick", "disabled"),
        Input("voices-start", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def start(clicks: int | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        try:
            job = stores.desk.score_voices(stores.corpus(Parameters.of(search)))
        except SpeechDataError as error:
            return html.Div(
                [icon("bi-exclamation-triangle"), html.Span(str(error))], className="banner warn"
            ), no_update
        return _status(job), False

    @app.callback(
        Output("voices-status", "children", allow_duplicate=True),
        Output("voices-body", "children"),
        Output("voices-tick", "disabled", allow_duplicate=True),
        Output("voices-seen", "data"),
        Input("voices-tick", "n_intervals"),
        State("voices-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def watch(_tick: int | None, seen: str | None, search: str | None) -> tuple[Any, Any, Any, Any]:
        query = Parameters.of(search)
        corpus = stores.corpus(query)
        job = _last(stores, corpus)
        material = stores.stimuli.of(stores.library.get(corpus.name))
        body = no_update if seen == corpus.key else _body(stores, corpus, material, query)
        return _status(job), body, job is None or not job.active, corpus.key

    @app.callback(
        Output("voices-status", "children", allow_duplicate=True),
        Input("voices-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, search: str | None) -> Any:
        job = _last(stores, stores.corpus(Parameters.of(search)))
        if not clicks or job is None or not job.active:
            return no_update
        stores.jobs.cancel(job.id)
        return _status(stores.jobs.get(job.id))

    waiting.register(
        app,
        WAITING,
        stores,
        lambda stores, query: stores.listened.beside(*_wished(stores, query)),
        lambda stores, query: stores.listened.cancel_beside(_wished(stores, query)[0]),
    )

    app.clientside_callback(
        "click => click && click.points.length && click.points[0].customdata"
        " ? click.points[0].customdata : window.dash_clientside.no_update",
        Output("url", "href", allow_duplicate=True),
        Input("voices-graph", "clickData"),
        prevent_initial_call=True,
    )

    @app.server.get("/export/voices.csv", endpoint="export_voices")
    def download() -> Response:
        corpus = stores.corpus(Parameters(tuple(request.args.items(multi=True))))
        material = stores.stimuli.of(stores.library.get(corpus.name))
        names = ("score", "unit", "system", "mean", "readings")
        lines = (
            (column.name, column.unit, one.system, one.mean, one.readings)
            for column in score_columns(corpus)
            for one in by_system(corpus, material, column)
        )
        answer = Response(spreadsheet.lines(names, lines), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="{corpus.name}-voices.csv"'
        return answer
