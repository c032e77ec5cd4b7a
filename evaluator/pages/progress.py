"""Progress: how much is decided, by whom, how fast and how well people agree; splitting the work, and the way out.

The numbers follow what people do, without a reload. A filter of the address counts for the exports alone.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.components import import_panel
from evaluator.components.progress_parts import (
    AGREEMENT_HELP,
    EXPORT_HELP,
    HOURS_HELP,
    agreement_table,
    conflicts_panel,
    decided_words,
    hours_panel,
    people_table,
    tiles,
)
from evaluator.review.assignments import Plan, keep_plan, read_fraction, read_people
from evaluator.review.exporting import REVIEW_EXPORTS
from evaluator.review.progress_store import Counting
from evaluator.stores import EvaluatorStores
from explorer.components.cards import attributes, button, icon, panel, progress_bar, refusal, state
from explorer.errors import LedgerError, SpeechDataError
from explorer.formatting import count, percent
from explorer.querying.parameters import PLACE, VIEW, Parameters

PATH = "/progress"
TITLE = "Progress"
UNDER = "/review"
POLL_MS = 3000


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """How far the corpus of the address is."""
    corpus = stores.corpus(query)
    return html.Div(
        [
            html.Div(
                html.Div([html.H1(TITLE), html.P(f"How far people are with {corpus.name}, and the way out.")]),
                className="page-head",
            ),
            dcc.Interval(id="progress-tick", interval=POLL_MS),
            dcc.Store(id="progress-seen"),
            html.Div(_shown(stores, query), id="progress-shown"),
            html.Div(
                [
                    panel("Export", _exports(query), help_text=EXPORT_HELP),
                    html.Div(
                        [
                            panel("Split the work", _split(stores, query)),
                            panel("Import", import_panel.import_panel(stores, query), help_text=import_panel.HELP),
                        ],
                        className="progress-panels",
                    ),
                ],
                className="runs-top",
            ),
        ],
        className="page",
    )


def _shown(stores: EvaluatorStores, query: Parameters) -> list[Any]:
    """Everything that changes while people work."""
    try:
        found = stores.review_progress(query)
    except LedgerError as error:
        return [state("bi-database-x", "The ledger cannot be read", str(error), tone="bad")]
    if isinstance(found, Counting):
        told = f"{count(found.done)} of {count(found.total)} edits are read. Later only what is new will be."
        bar = progress_bar("Counting", 100 * found.done / found.total if found.total else None)
        return [state("bi-hourglass-split", "Counting what was said", told, actions=[bar])]
    if not found.people:
        text = "Decisions and corrections will be counted here as soon as somebody saves one."
        return [tiles(found), state("bi-hourglass", "Nothing is decided yet", text)]
    agreed = agreement_table(found.agreement, stores.chosen_normalizer(query))
    return [
        tiles(found),
        panel("People", people_table(found.people, query), aside=_download(query)),
        html.Div(
            [
                panel("Decisions by the hour", hours_panel(found), help_text=HOURS_HELP),
                panel("Agreement", agreed, help_text=AGREEMENT_HELP),
            ],
            className="runs-top",
        ),
        *conflicts_panel(found, query),
    ]


def _download(query: Parameters) -> Component:
    href = query.only(PLACE).href("/export/progress.csv")
    return html.A([icon("bi-download"), "CSV"], href=href, download="", className="btn btn-secondary btn-sm")


def _exports(query: Parameters) -> Component:
    address = query.only((*PLACE, *VIEW))
    filtered = address.pairs != query.only(PLACE).pairs
    rows = []
    for export in REVIEW_EXPORTS.values():
        path = f"/export/review-{export.name}.{export.ending}"
        links = [("Download", address.href(path))]
        if export.name == "manifest":
            flagged = address.replaced(rejected="flag").href(path)
            links = [("Without rejected rows", address.href(path)), ("Rejected rows flagged", flagged)]
        rows.append(
            html.Div(
                [
                    html.Div(
                        [html.B(export.title), html.Span(export.help, className="muted")], className="export-words"
                    ),
                    html.Div(
                        [
                            html.A(
                                [icon("bi-download"), label], href=href, download="", className="btn btn-secondary",
                                **attributes(aria_label=f"{export.title}: {label}"),
                            )
                            for label, href in links
                        ],
                        className="row-flex",
                    ),
                ],
                className="export-row",
            )
        )  # fmt: skip
    note = "Only the rows of this view's filter are written." if filtered else "The whole corpus is written."
    return html.Div([html.P(note, className="muted"), *rows], className="export-list")


def _split(stores: EvaluatorStores, query: Parameters) -> Component:
    try:
        plan = stores.review_plan(query)
    except SpeechDataError:
        plan = None
    reason = stores.ledger.reading_only
    writable = not reason
    return html.Div(
        [
            html.Div(
                [
                    html.Label("People, with commas between them", htmlFor="progress-names"),
                    dcc.Input(
                        id="progress-names", type="text", value=", ".join(plan.people) if plan else "",
                        placeholder="ann, bo, cy", className="form-control", disabled=not writable, maxLength=4000,
                    ),
                ],
                className="runs-field",
            ),
            html.Div(
                [
                    html.Label("Decided by two people", htmlFor="progress-overlap"),
                    dcc.Input(
                        id="progress-overlap", type="text", value=f"{100 * plan.overlap:g} %" if plan else "10 %",
                        className="form-control", disabled=not writable, maxLength=20,
                    ),
                ],
                className="runs-field",
            ),
            html.P(
                "Each utterance becomes one person's; agreement is measured on those that two people decide about. "
                "Nobody named: everybody does everything.",
                className="muted",
            ),
            html.P(_decided(stores, query), id="progress-decided", className="muted"),
            html.Div(
                button("bi-people", "Split", id="progress-split", kind="primary", disabled=not writable),
                className="row-flex",
            )
            if writable
            else html.P(reason, className="muted"),
            html.Div(_plan_words(plan), id="progress-plan", **attributes(aria_live="polite")),
        ],
        className="runs-form",
    )  # fmt: skip


def _decided(stores: EvaluatorStores, query: Parameters) -> str:
    try:
        found = stores.review_progress(query)
    except LedgerError:  # the page says so above
        return ""
    return "" if isinstance(found, Counting) else decided_words(found)


def _plan_words(plan: Plan | None) -> str:
    if plan is None:
        return "The corpus is not split."
    overlap = f", {percent(plan.overlap, digits=0)} of it twice" if plan.overlap else ", nothing twice"
    return f"Split among {', '.join(plan.people)}{overlap}."


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Attach the watching, the splitting and the import."""
    import_panel.register(app, stores)

    @app.callback(
        Output("progress-shown", "children"),
        Output("progress-seen", "data"),
        Output("progress-decided", "children"),
        Input("progress-tick", "n_intervals"),
        State("progress-seen", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def watch(_tick: int | None, seen: str | None, search: str | None) -> tuple[Any, Any, Any]:
        parameters = Parameters.of(search)
        now = stores.review_revision(parameters)
        if now == seen:
            return no_update, no_update, no_update
        counting = isinstance(stores.review_progress(parameters), Counting)
        return _shown(stores, parameters), None if counting else now, _decided(stores, parameters)

    @app.callback(
        Output("progress-plan", "children"),
        Output("progress-seen", "data", allow_duplicate=True),
        Input("progress-split", "n_clicks"),
        State("progress-names", "value"),
        State("progress-overlap", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def split(clicks: int | None, names: str | None, overlap: str | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        parameters = Parameters.of(search)
        try:
            people = read_people(names or "")
            plan = Plan(people=people, overlap=read_fraction(overlap or "0")) if people else None
            keep_plan(stores.ledger, stores.corpus(parameters).name, plan, who="the progress page")
        except SpeechDataError as error:
            return refusal(error), no_update
        return _plan_words(plan), None
