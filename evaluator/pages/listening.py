"""Blind listening tests: the tests of this workspace, the form for a new one, and what the raters of one have said.

The address says what is shown: ``test=`` a test's results (``screened=no``: with everybody), ``new=1`` the form, else
the list. Raters never see this page; they are given a link to the rating room (rating_door.py).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.listening.design import ListeningTest, as_yaml, named, new_link
from evaluator.listening.kinds import KINDS, kind_of
from evaluator.listening.plans import units
from evaluator.listening.reports import COLUMNS, records, report
from evaluator.listening.results import results
from evaluator.pages.listening_results import results_view
from evaluator.pages.rating_door import PREFIX
from evaluator.stimuli import StimulusSet
from explorer import spreadsheet
from explorer.components.cards import attributes, help_mark, icon, panel, state
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.parameters import PLACE, Parameters

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/listening"
TITLE = "Blind listening tests"
TAB = "Blind tests"
UNDER = "/tts"
POLL_MS = 3000
OWN = ("test", "new", "screened")
NOBODY = "-"
"""The value of the reference that says there is none."""

HELP = {
    "per_rater": "Screens that count, for each rater. Which ones is chosen at random so that all are heard equally "
    "often; more than there are is cut to what there is.",
    "training": "Screens at the beginning for getting used to it; their ratings do not count.",
    "checks": "Attention checks: a recording with loud noise on it. Raters who miss more than half are left out.",
    "reference": "Recordings of a person. With sliders they are shown as the reference and hidden among the others.",
    "anchor": "The reference through a 3.5 kHz low-pass, hidden among the others (sliders only).",
    "raters": "One name a line: only these may rate. Empty: everybody who has the link.",
    "seed": "Makes the random choices; kept in the test's file, so that they can be made again.",
}


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
        body: list[Component | None] = [_form(stores, query)]
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


def _form(stores: EvaluatorStores, query: Parameters) -> Component:
    material = _material(stores, query)
    voices = [*material.names("reference"), *material.names("system")]
    if not material.sentences or not voices:
        return state(
            "bi-megaphone",
            "This corpus has no voices to compare",
            f'Choose a corpus in which several systems read the same sentences; "{material.corpus}" has none.',
        )
    systems = [{"label": name, "value": name} for name in voices]
    references = material.names("reference")
    kinds = [
        {"label": html.Span([html.B(kind.title), html.Small(kind.help)]), "value": kind.name} for kind in KINDS.values()
    ]
    complete = len(material.complete(voices))
    return html.Div(
        [
            panel(
                "What is asked",
                [
                    _field("Title", dbc.Input(id="listening-title", value="", placeholder="Naturalness, round 1")),
                    _field(
                        "Kind", dbc.RadioItems(id="listening-kind", options=kinds, value="acr", className="kinds-list")
                    ),
                    _field(
                        "Question (empty: the kind's own)",
                        dbc.Input(id="listening-question", value="", placeholder=KINDS["acr"].question),
                    ),
                    _field("Instructions for raters", dbc.Textarea(id="listening-instructions", value="", rows=3)),
                ],
            ),
            panel(
                f"What is heard, from {material.corpus}",
                [
                    _field("Systems", dbc.Checklist(id="listening-systems", options=systems, value=voices)),
                    _field(
                        f"Sentences ({count(len(material.sentences))} there, {count(complete)} read by all systems)",
                        dbc.Input(
                            id="listening-sentences",
                            type="number",
                            min=1,
                            max=len(material.sentences),
                            step=1,
                            value=min(20, len(material.sentences)),
                        ),
                    ),
                    _field(
                        "Reference",
                        dbc.Select(
                            id="listening-reference",
                            options=[{"label": "none", "value": NOBODY}, *systems],
                            value=references[0] if references else NOBODY,
                        ),
                        HELP["reference"],
                    ),
                    dbc.Checklist(
                        id="listening-switches",
                        options=[
                            {"label": "Play everything at -23 LUFS", "value": "loudness"},
                            {"label": "Show the sentence while it is heard", "value": "show_text"},
                            {"label": "Hidden anchor (needs sliders and a reference)", "value": "anchor"},
                        ],
                        value=["loudness", "show_text"],
                        switch=True,
                    ),
                ],
            ),
            panel(
                "Who hears how much",
                [
                    html.Div(
                        [
                            _number("Screens per rater", "per_rater", 20, 1, 500),
                            _number("Training screens", "training", 2, 0, 20),
                            _number("Attention checks", "checks", 1, 0, 20),
                            _number("Seed", "seed", secrets.randbelow(1_000_000), 0, 2**31),
                        ],
                        className="listening-numbers",
                    ),
                    _field("Raters", dbc.Textarea(id="listening-raters", value="", rows=2), HELP["raters"]),
                    html.Div(
                        html.Button(
                            [icon("bi-check-lg"), "Make the test"],
                            id="listening-make",
                            type="button",
                            className="btn btn-primary",
                            disabled=stores.ledger.read_only,
                        ),
                        className="row-flex",
                    ),
                    html.Div(id="listening-message", **attributes(aria_live="polite")),
                ],
            ),
        ],
        className="listening-form",
    )


def _field(label: str, control: Component, help_text: str = "") -> Component:
    name = html.Label(label, htmlFor=getattr(control, "id", ""))
    head = html.Div([name, help_mark(help_text)], className="row-flex nowrap") if help_text else name
    return html.Div([head, control], className="runs-field")


def _number(label: str, name: str, value: int, least: int, most: int) -> Component:
    control = dbc.Input(id=f"listening-{name}", type="number", min=least, max=most, step=1, value=value)
    return _field(label, control, HELP[name])


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
    about = (
        f"{test.scale.title}: {', '.join(test.systems)} on {count(len(test.sentences))} sentences of {test.corpus}; "
        f"{count(test.per_rater)} screens a rater, seed {test.seed}. “{test.asked}”"
    )
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1(test.title), html.P(about)]),
                    html.Div([_link(test), switch, *files], className="page-actions"),
                ],
                className="page-head",
            ),
            dcc.Interval(id="listening-tick", interval=POLL_MS),
            dcc.Store(id="listening-seen", data=stores.listening.revision(test)),
            html.Div(_results(stores, test, screened=not everybody), id="listening-body"),
        ],
        className="page listening",
    )


def _results(stores: EvaluatorStores, test: ListeningTest, *, screened: bool) -> Component:
    found = results(test, stores.listening.answers(test), screened=screened)
    return results_view(test, found, stores.listening.raters(test), _utterances(stores, test))


def _utterances(stores: EvaluatorStores, test: ListeningTest) -> dict[tuple[str, str], str]:
    """The utterance of each (sentence, system); nothing when the corpus is not open: results need no sound."""
    if test.corpus not in stores.library.names():
        return {}
    cells = stores.stimuli.of(stores.library.get(test.corpus)).cells
    return {(sentence, system): one.id for sentence, own in cells.items() for system, one in own.items()}


def designed(stores: EvaluatorStores, query: Parameters, form: dict[str, Any]) -> ListeningTest:
    """The test that a filled form describes, with sentences chosen by its seed.

    Raises:
        ConfigError: what is asked for makes no sense.
    """
    import numpy as np

    material = _material(stores, query)
    wanted, switches = list(form["systems"] or ()), set(form["switches"] or ())
    kind = kind_of(str(form["kind"]))
    reference = str(form["reference"]) if form["reference"] in wanted else None
    seed = _whole(form["seed"])
    needed = wanted if kind.holds == "all" else wanted[:0]
    able = [key for key in material.complete(needed) if material.cells[key].keys() & set(wanted)]
    number = min(len(able), max(0, _whole(form["sentences"])))
    places = np.random.default_rng(seed).permutation(len(able))[:number]
    chosen = tuple(able[place] for place in sorted(places))
    return ListeningTest(
        id=named(str(form["title"] or ""), [test.id for test in stores.listening.all()[0]]),
        title=str(form["title"] or "").strip() or "Listening test",
        kind=kind.name,
        corpus=material.corpus,
        systems=tuple(wanted),
        sentences=chosen,
        per_rater=_whole(form["per_rater"]),
        seed=seed,
        link=new_link(),
        question=str(form["question"] or "").strip(),
        instructions=str(form["instructions"] or "").strip(),
        training=_whole(form["training"]),
        checks=_whole(form["checks"]),
        reference=reference,
        anchor="anchor" in switches,
        loudness="loudness" in switches,
        show_text="show_text" in switches,
        raters=tuple(dict.fromkeys(line.strip() for line in str(form["raters"] or "").splitlines() if line.strip())),
    )


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else -1


FORM = (
    "title", "kind", "question", "instructions", "systems", "sentences", "reference", "switches", "per_rater",
    "training", "checks", "seed", "raters",
)  # fmt: skip


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
            test = designed(stores, query, dict(zip(FORM, values, strict=True)))
            stores.listening.create(test)
        except SpeechDataError as error:
            return _fault(str(error)), no_update
        return None, query.only(PLACE).replaced(test=test.id).href(PATH)

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
        material = _material(stores, Parameters.of(search))
        probe = _probe(kind, systems or [], [s.key for s in material.sentences[: max(0, _whole(sentences))]])
        if probe is None:
            return KINDS[kind].question, no_update
        cells = {key: frozenset(own) for key, own in material.cells.items()}
        return KINDS[kind].question, min(20, sum(map(len, units(probe, cells).values())) or 1)

    @app.callback(
        Output("listening-body", "children"),
        Output("listening-seen", "data"),
        Input("listening-tick", "n_intervals"),
        State("listening-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_tick: int | None, seen: int | None, search: str | None) -> tuple[Any, Any]:
        query = Parameters.of(search)
        test = stores.listening.get(query.get("test", ""))
        now = stores.listening.revision(test)
        if now == seen:
            return no_update, no_update
        return _results(stores, test, screened=query.get("screened") != "no"), now

    @app.server.get("/export/listening/<id>.<any(csv,json,yaml):ending>", endpoint="export_listening")
    def download(id: str, ending: str) -> Response:
        test = stores.listening.get(id)
        answers = stores.listening.answers(test)
        match ending:
            case "csv":
                answer = Response(spreadsheet.lines(COLUMNS, records(test, answers)), mimetype="text/csv")
            case "yaml":
                answer = Response(as_yaml(test), mimetype="application/yaml")
            case _:
                found = results(test, answers, screened=request.args.get("screened") != "no")
                answer = Response(report(test, answers, found), mimetype="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="{test.id}.{ending}"'
        return answer


def _probe(kind: str, systems: list[str], sentences: list[str]) -> ListeningTest | None:
    """A test of these, to see how many screens there are; None where there can be none."""
    if not sentences or len(systems) < (1 if kind_of(kind).holds == "one" else 2):
        return None
    return ListeningTest(
        id="probe", title="", kind=kind, corpus="", systems=tuple(systems), sentences=tuple(sentences), per_rater=1,
        seed=0, link="-" * 16,
    )  # fmt: skip
