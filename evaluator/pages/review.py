"""The review page: go through utterances, listen, correct their texts, accept or reject them, by keyboard or mouse.

The page is a frame with everything that does not depend on an utterance; ``assets/review*.js`` fills it and saves. What
is gone through is the view of the address, so any filter of any corpus can be reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import orjson
from dash import Dash, dcc, html
from dash.development.base_component import Component

from evaluator.components import review_queue
from evaluator.components.review_parts import do, editor, side
from evaluator.doors.review_routes import ORDER, QUEUE, TABLE, add_routes, arranged
from evaluator.review.exporting import REVIEW_EXPORTS
from evaluator.review.order import OrderStore
from evaluator.suspicion.queue import has_suspicion
from explorer.components.cards import attributes, icon
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/review"
TITLE = "Review"


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The frame of the page for the view of the address."""
    corpus = stores.corpus(query)
    view = Query.from_pairs(query.pairs)
    sentence = view.sentence(corpus)  # says which column is unknown before anything is asked for
    by_queue = arranged(corpus, query) != view
    reason = stores.ledger.reading_only
    options = replace(stores.config.review, read_only=bool(reason))
    shown = {
        "corpus": corpus.name,
        "view": query.without((*PLACE, "u", "t", "from", "to")).search(),
        "normalizer": query.get("normalizer", ""),
        "key": corpus.content_key,
        "read_only": options.read_only,
        "keys": asdict(options.keys),
        "reasons": list(options.reasons),
        "tags": list(options.tags),
        "advance": options.advance,
        "autoplay": options.autoplay,
    }
    return html.Div(
        [
            html.H1("Review", className="visually-hidden"),
            _bar(query, reading_only=reason),
            _storage(stores),
            _below(),
            html.Div(
                [
                    html.Aside(
                        [
                            _list_head(sentence, query),
                            _orders(corpus, view, query, by_queue=by_queue),
                            review_queue.queue_panel(stores, query),
                            html.Ol(id="review-rows"),
                            html.Div(id="review-pager"),
                        ],
                        className="panel review-list",
                        **attributes(aria_label="Utterances of this list"),
                    ),
                    html.Div(editor(options), id="review-main", className="review-main", tabIndex=-1),
                    html.Div(side(options), id="review-side", className="review-side"),
                    _empty(query),
                ],
                className="review-columns",
            ),
        ],
        id="review",
        className="page review",
        **attributes(data_review=orjson.dumps(shown).decode(), data_state="opening"),
    )


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Answer what the page asks for in the background; everything else happens in the browser."""
    add_routes(app.server, stores, OrderStore())
    review_queue.register(app, stores)


def _bar(query: Parameters, *, reading_only: str) -> Component:
    saved = [
        html.Span(id="review-saved", role="status", **attributes(data_state="saved")),
        _small("retry", "Try again"),
        _small("show", ""),
        _small("discard", "Discard it"),
    ]
    name = html.Button(
        [icon("bi-person"), html.Span(id="review-name-text")],
        type="button",
        className="btn btn-link",
        title="The name that stands beside your edits",
        **attributes(data_review_do="name"),
    )
    reading = html.Span([icon("bi-eye"), "Read-only"], className="badge-soft", title=reading_only)
    return html.Div(
        [
            do("list", "bi-list-ul", "List", kind="secondary review-list-toggle"),
            do("previous", "bi-chevron-left", "Previous utterance", words=False),
            html.Span(id="review-place", className="num review-place", **attributes(aria_live="polite")),
            do("next", "bi-chevron-right", "Next utterance", words=False),
            html.Span(id="review-presence", className="review-presence"),
            html.Span(id="review-said", className="review-said", role="status"),
            html.Div([*([reading] if reading_only else [*saved, name]), _exports(query)], className="review-bar-end"),
        ],
        className="review-bar",
    )


def _exports(query: Parameters) -> Component:
    """What people said about the rows of this list, as files."""
    address = query.only((*PLACE, *VIEW))
    links = []
    for export in REVIEW_EXPORTS.values():
        path = f"/export/review-{export.name}.{export.ending}"
        ways = [(export.title, export.help, address.href(path))]
        if export.name == "manifest":
            ways = [
                (export.title, "Without rejected rows; untouched lines keep their bytes", address.href(path)),
                (f"{export.title}, whole", "Rejected rows marked", address.replaced(rejected="flag").href(path)),
            ]
        links += [
            html.A(
                [icon("bi-download"), html.Span([title, html.Small(words)])],
                href=href,
                download="",
                className="menu-link",
                **attributes(data_command=f"Export the review: {title}"),
            )
            for title, words, href in ways
        ]
    button = html.Button(
        [icon("bi-download"), "Export"],
        type="button",
        className="btn btn-secondary",
        title="Export (x)",
        **attributes(
            data_popup="review-exports",
            data_hotkey="x",
            data_hotkey_help="export",
            aria_expanded="false",
            aria_haspopup="true",
            aria_controls="review-exports",
        ),
    )
    head = html.Small("The rows of this list", className="muted")
    return html.Div(
        [button, html.Div([head, *links], id="review-exports", className="popup at-end")], className="dropdown-panel"
    )


def _small(name: str, text: str) -> Component:
    """A button about an edit that is not saved, hidden until there is one."""
    more = attributes(data_review_do=name)
    return html.Button(
        text, id=f"review-{name}", type="button", hidden=True, className="btn btn-secondary btn-sm", **more
    )


def _storage(stores: EvaluatorStores) -> Component | None:
    """That nothing can be saved, where nobody chose that."""
    if stores.config.review.read_only or not stores.ledger.read_only:
        return None
    return html.Div([icon("bi-lock"), html.Span(stores.ledger.reading_only)], className="banner warn", role="status")


def _below() -> Component:
    """What is to be known of the open utterance: two people decide, its row has changed, the ledger cannot be read."""
    names = ("review-overlap", "review-below", "review-unread")
    return html.Div([html.Div(id=name, className="banner warn", role="alert", hidden=True) for name in names])


def _list_head(sentence: str, query: Parameters) -> Component:
    name = "Show this list in the table"
    inside = [icon("bi-table"), html.Span(name, className="visually-hidden")]
    address = query.only((*PLACE, *VIEW)).href("/utterances")
    table = dcc.Link(inside, href=address, className="icon-button", title=name)
    make = "Make this filter a rule of a recipe"
    words = [icon("bi-list-check"), html.Span(make, className="visually-hidden")]
    rule = dcc.Link(words, href=query.only((*PLACE, *VIEW)).href("/rules"), className="icon-button", title=make)
    return html.Div([html.H2(sentence, className="grow"), rule, table], className="panel-head")


def _orders(corpus: Corpus, view: Query, query: Parameters, *, by_queue: bool) -> Component | None:
    """Likely errors first, or as the table has it; nothing to choose where nothing is ranked."""
    if view.sort or not has_suspicion(corpus):
        return None
    choices = ((QUEUE, "Likely errors first", by_queue), (TABLE, "Table order", not by_queue))
    links = [
        dcc.Link(
            text,
            href=query.without(("t", "from", "to")).replaced(**{ORDER: None if name == QUEUE else name}).href(PATH),
            className=f"review-order{' chosen' if chosen else ''}",
        )
        for name, text, chosen in choices
    ]
    return html.Nav(links, className="review-orders", **attributes(aria_label="Order"))


def _empty(query: Mapping[str, str]) -> Component:
    everything = Parameters.of(None).replaced(**{name: query.get(name) for name in PLACE})
    return html.Div(
        [
            icon("bi-inbox"),
            html.H2("Nothing to review"),
            html.P(id="review-empty-text"),
            html.Div(
                dcc.Link("Review the whole corpus", href=everything.href(PATH), className="btn btn-primary"),
                className="actions",
            ),
        ],
        id="review-empty",
        className="state",
        role="status",
        hidden=True,
    )
