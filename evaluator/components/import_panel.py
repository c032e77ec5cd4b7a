"""The import of a previous export on the progress page: a file from the browser, how far it is, what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.doors.names import asking
from evaluator.review.import_store import Import
from evaluator.review.importing import Imported
from explorer.components.cards import attributes, icon, progress_bar
from explorer.components.uploads import content_of, most_bytes
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.querying.parameters import Parameters

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

POLL_MS = 500
HELP = (
    "Corrected manifests, differences and audits that were exported here or elsewhere. What the ledger knows is not "
    "written again, and what it says later stays, so importing a file twice does no harm."
)
ROWS = (
    ("written", "New", "edits that are in the ledger now"),
    ("changed", "To be looked at", "of the new: their row has another text now, so they do not apply yet"),
    ("known", "Known", "edits that were in the ledger already"),
    ("older", "Older", "the ledger has a later edit, which stays"),
    ("differing", "In conflict", "the ledger says something else, which stays; the file does not tell when"),
    ("no_row", "No such row", "edits about rows that this corpus does not have"),
)


def import_panel(stores: EvaluatorStores, query: Parameters) -> Component:
    """The form, and the import that runs or ran last."""
    if reason := stores.ledger.reading_only:
        return html.P(reason, className="muted")
    now = stores.imports.get(_corpus(stores, query))
    limit = most_bytes(stores.config.server)
    return html.Div(
        [
            html.Div(_chooser(limit), id="progress-import-place"),
            html.P(
                [f"Up to {limit >> 20} MB; longer ones with ", html.Code("app.py review import"), "."],
                className="muted",
            ),
            html.Div(_told(now), id="progress-import-told", **attributes(aria_live="polite")),
            html.Button("Cancel", id="progress-import-cancel", type="button", className="btn btn-secondary btn-sm",
                        hidden=not _running(now), n_clicks=0),
            dcc.Interval(id="progress-import-tick", interval=POLL_MS, disabled=not _running(now)),
        ],
        className="runs-form",
    )  # fmt: skip


def _chooser(limit: int) -> Component:
    """The button; a new one after each file, because an old one would not see the same file chosen again."""
    inside = html.Button([icon("bi-upload"), "Choose an export"], type="button", className="btn btn-secondary")
    return dcc.Upload(inside, id="progress-import-file", max_size=limit, multiple=False)


def _corpus(stores: EvaluatorStores, query: Parameters) -> str:
    return query.get("corpus") or stores.library.first()


def _running(now: Import | None) -> bool:
    return now is not None and now.state == "running"


def _told(now: Import | None) -> list[Component]:
    """How far an import is, or what it found."""
    if now is None:
        return []
    told = now.told
    if now.state == "running":
        share = 100 * told.done / told.total if told.total else None
        how_far = f": {count(told.done)} of {count(told.total)} edits" if told.total else ""
        return [html.P(f"Importing {now.name}{how_far}"), progress_bar("Importing", share)]
    if now.state == "failed":
        return [_banner("bi-exclamation-triangle", "warn", now.failure), *_table(told)]
    if now.state == "cancelled":
        return [_banner("bi-x-circle", "warn", f"{now.name}: cancelled. What was written stays."), *_table(told)]
    nothing = "" if told.written else " Nothing in it was new."
    return [_banner("bi-check2-circle", "ok", f"{now.name} was imported.{nothing}"), *_table(told)]


def _banner(picture: str, tone: str, words: str) -> Component:
    return html.Div([icon(picture), html.Span(words)], className=f"banner {tone}", role="status")


def _table(told: Imported) -> list[Component]:
    rows = [
        html.Tr(
            [html.Th(name, scope="row"), html.Td(count(number), className="num"), html.Td(words, className="muted")]
        )
        for key, name, words in ROWS
        if (number := getattr(told, key)) or key in ("written", "known")
    ]
    table = html.Table(html.Tbody(rows), className="plain")
    return [html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Import"))]


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Begin an import, follow it, and end it."""

    def shown(now: Import | None) -> tuple[Any, ...]:
        return _told(now), not _running(now), not _running(now)

    @app.callback(
        Output("progress-import-told", "children"),
        Output("progress-import-cancel", "hidden"),
        Output("progress-import-tick", "disabled"),
        Output("progress-import-place", "children"),
        Input("progress-import-file", "contents"),
        State("progress-import-file", "filename"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def begin(contents: str | None, name: str | None, search: str | None) -> tuple[Any, ...]:
        if not contents or not name:
            return no_update, no_update, no_update, no_update
        query, limit = Parameters.of(search), most_bytes(stores.config.server)
        again = _chooser(limit)
        try:
            content = content_of(contents, limit)
            corpus = stores.library.get(_corpus(stores, query))
            who = asking(stores.config) or "import"
            now = stores.imports.begin(corpus, stores.ledger, name=name, content=content, who=who)
        except SpeechDataError as error:
            text = str(error)
            return (
                [_banner("bi-exclamation-triangle", "warn", text[:1].upper() + text[1:])],
                no_update,
                no_update,
                again,
            )
        return *shown(now), again

    @app.callback(
        Output("progress-import-told", "children", allow_duplicate=True),
        Output("progress-import-cancel", "hidden", allow_duplicate=True),
        Output("progress-import-tick", "disabled", allow_duplicate=True),
        Input("progress-import-tick", "n_intervals"),
        Input("progress-import-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def follow(_ticks: int | None, cancelled: int | None, search: str | None) -> tuple[Any, ...]:
        corpus = _corpus(stores, Parameters.of(search))
        if cancelled and ctx.triggered_id == "progress-import-cancel":
            stores.imports.cancel(corpus)
        return shown(stores.imports.get(corpus))
