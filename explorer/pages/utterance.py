"""One utterance on a page of its own, for a link in a message or a second screen: /utterance?corpus=..&u=..."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer.components.cards import icon
from explorer.components.utterance_view import utterance_view
from explorer.errors import UnknownUtterance
from explorer.querying.parameters import PLACE, Parameters
from explorer.stores import Stores

PATH = "/utterance"
TITLE = "Utterance"
IN_MENU = False


def layout(stores: Stores, query: Parameters) -> Component:
    """The utterance that ``u=`` names."""
    place = query.only(PLACE)
    return html.Div(
        [
            html.Div(
                [
                    html.Div([html.H1("Utterance"), html.P(html.Code(query.get("u", "")))]),
                    html.Div(
                        dcc.Link(
                            [icon("bi-table"), "Show in the table"],
                            href=place.replaced(u=query.get("u")).href("/utterances"),
                            className="btn btn-secondary",
                        ),
                        className="page-actions",
                    ),
                ],
                className="page-head",
            ),
            dcc.Store(id="utterance-refresh"),
            dcc.Store(id="utterance-revision", data=stores.revision(query)),
            html.Div(_body(stores, query), id="utterance-body"),
        ],
        className="page page-narrow",
    )


def _body(stores: Stores, query: Parameters) -> Component:
    if "u" not in query:
        raise UnknownUtterance("The address names no utterance: it should end in u= and the utterance's id.")
    corpus = stores.corpus(query)
    return utterance_view(stores, corpus, corpus.utterance(query["u"]))


def register(app: Dash, stores: Stores) -> None:
    """Draw the utterance again when a panel has news or the corpus changed."""

    @app.callback(
        Output("utterance-body", "children"),
        Output("utterance-revision", "data"),
        Input("utterance-refresh", "data"),
        Input("revision", "data"),
        State("utterance-revision", "data"),
        State("utterance-body", "id"),
        State("url", "search"),
    )
    def refresh(news: Any, revision: str | None, drawn: str | None, _there: str, search: str) -> tuple[Any, Any]:
        if not news and revision in (None, drawn):
            return no_update, no_update
        return _body(stores, Parameters.of(search)), revision
