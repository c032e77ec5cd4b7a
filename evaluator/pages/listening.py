"""Blind listening tests: the tests of this workspace, the form for a new one, and what the raters of one have said.

The address says what is shown: ``test=`` a test's results (``screened=no``: with everybody), ``new=1`` the form, else
the list. Raters never see this page; they are given a link to the rating room (rating_door.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response

from evaluator.comparison_store import Making
from evaluator.components import waiting
from evaluator.components.downloads import attachment, ready
from evaluator.components.listening_form import FORM, designed, form, most_screens
from evaluator.components.listening_results import results_view
from evaluator.components.listening_sentences import SPREAD_PAGE
from evaluator.doors.rating_door import PREFIX
from evaluator.listening.design import ListeningTest, as_yaml
from evaluator.listening.kinds import KINDS
from evaluator.listening.reports import COLUMNS, records, report
from evaluator.listening.result_store import Found
from evaluator.tts.stimulus_set import StimulusSet
from explorer import spreadsheet
from explorer.components.cards import attributes, icon, state
from explorer.errors import SpeechDataError
from explorer.formatting import count, counted
from explorer.querying.parameters import PLACE, Parameters

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/listening"
TITLE = "Blind listening tests"
TAB = "Blind tests"
UNDER = "/tts"
POLL_MS = 3000
MIME_TYPES = {"csv": "text/csv", "json": "application/json", "yaml": "application/yaml"}
OWN = ("test", "new", "screened", SPREAD_PAGE)
WAITING = "listening-results"


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The list, the form, or a test's results."""
    if query.get("test"):
        return _results_page(stores, query)
    tests, faults = stores.listening.all()
    head = html.Div(
        [
            html.Div([html.H1(TITLE), html.P("Which voice sounds better, by people who do not know which is which.")]),
            html.Div(_new_link(query), className="page-actions"),
        ],
        className="page-head",
    )
    if query.get("new"):
        body: list[Component | None] = [form(_material(stores, query), read_only=stores.ledger.read_only)]
    else:
        body = [*(_fault(sentence) for sentence in faults), _list(stores, tests, query)]
    return html.Div([head, *body], className="page listening")


def _new_link(query: Parameters) -> list[Component]:
    if query.get("new"):
        return [dcc.Link("All tests", href=query.without(OWN).href(PATH), className="btn btn-secondary")]
    address = query.without(OWN).replaced(new="1").href(PATH)
    return [dcc.Link([icon("bi-plus-lg"), "New test"], href=address, className="btn btn-primary")]


def _fault(sentence: str) -> Component:
    return html.Div([icon("bi-exclamation-triangle"), html.Span(sentence)], className="banner warn", role="alert")


def _list(stores: EvaluatorStores, tests: list[ListeningTest], query: Parameters) -> Component:
    if not tests:
        return state(
            "bi-headphones",
            "No listening test yet",
            "A test asks people which recordings sound better, without telling them what they hear. Ratings of "
            "opinion, preferences, comparisons and sliders are there; each rater gets a balanced part in random order.",
        )
    rows = [_row(stores, test, query) for test in tests]
    heads = ["Test", "Kind", "Systems", "Sentences", "Raters", "Ratings", "Link for raters"]
    numbers = ("Sentences", "Raters", "Ratings")
    head = html.Tr([html.Th(name, scope="col", className="num" if name in numbers else "") for name in heads])
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="plain rates")
    return html.Div(table, className="table-scroll panel", tabIndex=0, **attributes(role="region", aria_label="Tests"))


def _row(stores: EvaluatorStores, test: ListeningTest, query: Parameters) -> Component:
    raters = stores.listening.raters(test)
    address = query.only(PLACE).replaced(corpus=test.corpus, test=test.id).href(PATH)
    return html.Tr(
        [
            html.Th(dcc.Link(test.title, href=address), scope="row"),
            html.Td(test.scale.title),
            html.Td(", ".join(test.systems), className="wrap"),
            html.Td(count(len(test.sentences)), className="num"),
            html.Td(count(len(raters)), className="num"),
            html.Td(count(sum(done for _, done in raters)), className="num"),
            html.Td(_link(test)),
        ]
    )


def _link(test: ListeningTest) -> Component:
    address = f"{PREFIX}/{test.link}"
    return html.Span(
        [
            html.A("Open", href=address, target="_blank", rel="noreferrer", className="btn btn-sm btn-secondary"),
            dcc.Clipboard(content=address, title="Copy the path of the link", className="copy"),
        ],
        className="row-flex nowrap",
    )


def _material(stores: EvaluatorStores, query: Parameters) -> StimulusSet:
    return stores.stimuli.of(stores.library.get(query.get("corpus") or stores.library.first()))


def _results_page(stores: EvaluatorStores, query: Parameters) -> Component:
    test = stores.listening.get(query["test"])
    files = [
        html.A(
            [icon("bi-download"), label],
            href=f"/export/listening/{test.id}.{ending}" + ("?screened=no" if query.get("screened") == "no" else ""),
            className="btn btn-secondary",
        )
        for label, ending in (("Ratings CSV", "csv"), ("JSON", "json"), ("Test YAML", "yaml"))
    ]
    everybody = query.get("screened") == "no"
    switch = dcc.Link(
        [icon("bi-toggle-on" if everybody else "bi-toggle-off"), "with raters who were left out"],
        href=query.replaced(screened=None if everybody else "no").href(PATH),
        className="btn btn-secondary",
    )
    sentences = counted(len(test.sentences), "sentence")
    about = (
        f"{test.scale.title}: {', '.join(test.systems)} on {sentences} of {test.corpus}; "
        f"{counted(test.per_rater, 'screen')} a rater, seed {test.seed}. “{test.asked}”"
    )
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1(test.title), html.P(about)]),
                    html.Div([_link(test), switch, *files, _retire(stores)], className="page-actions"),
                ],
                className="page-head",
            ),
            dcc.Interval(id="listening-tick", interval=POLL_MS),
            dcc.Store(id="listening-seen"),
            html.Div(_results(stores, query, find(stores, query)), id="listening-body"),
        ],
        className="page listening",
    )


def _retire(stores: EvaluatorStores) -> Component | None:
    if stores.ledger.read_only:
        return None
    button = html.Button([icon("bi-archive"), "Retire"], type="button", className="btn btn-secondary")
    told = "The link will open nothing any more. The ratings stay in the ledger, the file in listening/retired."
    return dcc.ConfirmDialogProvider(button, id="listening-retire", message=told)


def find(stores: EvaluatorStores, query: Parameters) -> Found | Making:
    """The results of the address's test, or how far they are.

    Raises:
        UnknownTest: there is no such test.
        CancelledComparison: somebody has given them up.
    """
    test = stores.listening.get(query.get("test", ""))
    return stores.listened.of(test, screened=query.get("screened") != "no")


def _results(stores: EvaluatorStores, query: Parameters, found: Found | Making) -> Component:
    if isinstance(found, Making):
        return waiting.waiting(WAITING, found)
    test = stores.listening.get(query.get("test", ""))
    raters = stores.listening.raters(test)
    return results_view(test, found, raters, heard=_utterances(stores, test), query=query, path=PATH)


def _cancel(stores: EvaluatorStores, query: Parameters) -> None:
    test = stores.listening.get(query.get("test", ""))
    stores.listened.cancel(test, screened=query.get("screened") != "no")


def _utterances(stores: EvaluatorStores, test: ListeningTest) -> dict[tuple[str, str], str]:
    """The utterance of each (sentence, system); nothing when the corpus is not open: results need no sound."""
    if test.corpus not in stores.library.names():
        return {}
    cells = stores.stimuli.of(stores.library.get(test.corpus)).cells
    return {(sentence, system): one.id for sentence, own in cells.items() for system, one in own.items()}


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Make tests, look for new ratings, and the downloads."""

    @app.callback(
        Output("listening-message", "children"),
        Output("url", "href", allow_duplicate=True),
        Input("listening-make", "n_clicks"),
        *(State(f"listening-{name}", "value") for name in FORM),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def make(clicks: int | None, *filled: Any) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        *values, search = filled
        query = Parameters.of(search)
        try:
            taken = [test.id for test in stores.listening.all()[0]]
            test = designed(_material(stores, query), dict(zip(FORM, values, strict=True)), taken)
            stores.listening.create(test)
        except SpeechDataError as error:
            return _fault(str(error)), no_update
        return None, query.only(PLACE).replaced(test=test.id).href(PATH)

    @app.callback(
        Output("url", "href", allow_duplicate=True),
        Input("listening-retire", "submit_n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def retire(clicks: int | None, search: str | None) -> Any:
        query = Parameters.of(search)
        if not clicks:
            return no_update
        stores.listening.retire(stores.listening.get(query.get("test", "")))
        return query.without(OWN).href(PATH)

    @app.callback(
        Output("listening-question", "placeholder"),
        Output("listening-per_rater", "value"),
        Input("listening-kind", "value"),
        Input("listening-systems", "value"),
        Input("listening-sentences", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def suggest(kind: str, systems: list[str] | None, sentences: Any, search: str | None) -> tuple[Any, Any]:
        most = most_screens(_material(stores, Parameters.of(search)), kind, systems or [], sentences)
        return KINDS[kind].question, no_update if most is None else max(1, min(20, most))

    @app.callback(
        Output("listening-body", "children"),
        Output("listening-seen", "data"),
        Input("listening-tick", "n_intervals"),
        State("listening-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_tick: int | None, seen: str | None, search: str | None) -> tuple[Any, Any]:
        query = Parameters.of(search)
        found = find(stores, query)
        test = stores.listening.get(query.get("test", ""))
        now = f"{stores.listening.revision(test)} {found.making}" if isinstance(found, Found) else None
        if now is None or now == seen:  # what is made for the first time tells its own progress
            return no_update, no_update
        return _results(stores, query, found), now

    waiting.register(app, WAITING, stores, find, _cancel)

    @app.server.get("/export/listening/<id>.<any(csv,json,yaml):ending>", endpoint="export_listening")
    def download(id: str, ending: str) -> Response:
        test = stores.listening.get(id)

        def written(query: Parameters) -> str | Iterable[bytes]:
            match ending:
                case "csv":
                    return spreadsheet.lines(COLUMNS, records(test, stores.listening.answers(test)))
                case "yaml":
                    return as_yaml(test)
                case _:
                    found = ready(find(stores, query.replaced(test=id)))
                    ready(found.making or found)  # a file has the newest ratings or is not there yet
                    return report(test, found.answers, found.results).decode()

        return attachment(f"{test.id}.{ending}", MIME_TYPES[ending], written)
