"""The vocabulary: words with counts, accuracies and OOV, words only in hypotheses, characters; each leads to its rows.

The grid works as that of the utterances: it asks for a hundred rows at a time and says how it is filtered and sorted;
the answer sets ``vocabulary-view``, from which the address and the export follow. What a tab shows is decided in
explorer/vocabulary/vocabulary_views.py. Big corpora are counted first; the page says how far that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer.components import listing_grid, vocabulary_parts
from explorer.querying.listing import Listing
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query
from explorer.stores import Stores
from explorer.vocabulary import vocabulary_views
from explorer.vocabulary.vocabulary_store import Counting
from explorer.vocabulary.vocabulary_views import LINKED, PATH, Place

__all__ = ["PATH", "TITLE", "layout", "register"]

TITLE = "Vocabulary"

EXPORT = "/export/vocabulary.csv"
TICK_MS = 700
NOTHING = {
    "words": "No word passes this filter",
    "hypotheses": "No such word: systems say nothing here that no reference has",
    "characters": "No character passes this filter",
}
EMPTY = NOTHING | {
    "words": "No words: no utterance has a reference",
    "characters": "No characters: no utterance has a reference",
}
"""Said where the whole list is empty, not only the part that a filter leaves."""
SEARCH = {"words": "Find a word", "hypotheses": "Find a word", "characters": "Find a character by itself, code or name"}


def layout(stores: Stores, query: Parameters) -> Component:
    """The tab that the address names, or how far its counting is."""
    here = vocabulary_views.place(stores, query)
    waiting = vocabulary_views.waiting_for(stores, here)
    body = [_waiting(waiting)] if waiting is not None else _body(stores, here)
    mark = [] if waiting is not None else vocabulary_views.mark(stores, here)
    return html.Div(
        [
            vocabulary_parts.head(stores, here),
            dcc.Store(id="vocabulary-mark", data=mark),
            vocabulary_parts.tabs(here),
            *body,
        ],
        className="page",
    )


def _waiting(counting: Counting) -> Component:
    return html.Div(
        [
            dcc.Interval(id="vocabulary-tick", interval=TICK_MS),
            html.Div(vocabulary_parts.progress(counting), id="vocabulary-progress"),
        ],
        className="panel",
    )


def _body(stores: Stores, here: Place) -> list[Component]:
    shown = vocabulary_views.listing(stores, here)
    view = Query.from_pairs(here.parameters.pairs)
    shown.rows(view)  # a filter that does not fit is an error of the page, not of its table
    drawn = {
        "words": vocabulary_parts.words,
        "characters": vocabulary_parts.characters,
        "hypotheses": vocabulary_parts.hypotheses,
    }[here.tab](stores, here, shown)
    return [
        *drawn,
        *listing_grid.frame(
            "vocabulary",
            vocabulary_views.shown_columns(here, shown),
            view,
            linked=LINKED[here.tab],
            nothing=NOTHING[here.tab] if shown.size else EMPTY[here.tab],
            search=SEARCH[here.tab],
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    """What the grid lists: a listing_grid.Source."""

    stores: Stores

    def listing(self, parameters: Parameters) -> Listing:
        return vocabulary_views.listing(self.stores, vocabulary_views.place(self.stores, parameters))

    def page(self, parameters: Parameters, shown: Listing, view: Query, start: int, stop: int) -> list[dict[str, Any]]:
        here = vocabulary_views.place(self.stores, parameters)
        return vocabulary_views.page(self.stores, here, shown, view, start, stop)

    def things(self, parameters: Parameters) -> str:
        return "characters" if parameters.get("tab") == "characters" else "words"

    def export(self, parameters: Parameters, view: Query) -> Component:
        here = vocabulary_views.place(self.stores, parameters)
        address = parameters.only((*PLACE, "tab", "known")).replaced(corpus=here.corpus.name).plus(view.pairs())
        return listing_grid.export_link(address, EXPORT, f"{here.corpus.name}-{here.tab}.csv")

    def opened(self, parameters: Parameters, said: str, href: str) -> str:
        here = vocabulary_views.place(self.stores, parameters)
        return vocabulary_views.timed(self.stores, here, said, href)


def register(app: Dash, stores: Stores) -> None:
    """Attach the grid, the waiting, the figures and the address."""
    listing_grid.register(app, "vocabulary", _Words(stores))
    _register_waiting(app, stores)

    @app.callback(
        Output("vocabulary-goto", "data"),
        Input({"type": "vocabulary-graph", "name": ALL}, "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_word(_clicks: Any, search: str | None) -> Any:
        points = (ctx.triggered[0]["value"] or {}).get("points") if ctx.triggered else None
        if not points:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        word = points[0]["customdata"]
        view = vocabulary_views.word_view(stores, here, word[0] if isinstance(word, list) else word)
        return here.address.plus(view.pairs()).href("/utterances")


def _register_waiting(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("vocabulary-progress", "children"),
        Input("vocabulary-tick", "n_intervals"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def look(tick: int | None, search: str | None, path: str) -> Any:
        here = vocabulary_views.place(stores, Parameters.of(search))
        counting = vocabulary_views.waiting_for(stores, here)
        if counting is None:
            set_props("route", {"data": {"path": path, "search": search or "", "visit": f"counted {tick}"}})
            return no_update
        return vocabulary_parts.progress(counting)

    @app.callback(
        Output("vocabulary-progress", "children", allow_duplicate=True),
        Input("vocabulary-cancel", "n_clicks"),
        Input("vocabulary-again", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def steer(cancel: int | None, again: int | None, search: str | None) -> Any:
        if not cancel and not again:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        act = stores.vocabularies.cancel if ctx.triggered_id == "vocabulary-cancel" else stores.vocabularies.again
        act(here.corpus, *vocabulary_views.counting_of(stores, here))
        return vocabulary_parts.progress(vocabulary_views.waiting_for(stores, here) or Counting(0, 0))

    @app.callback(
        Output("vocabulary-mark", "data"),
        Input("revision", "data"),
        State("vocabulary-mark", "data"),
        State("url", "search"),
        State("url", "pathname"),
    )
    def renew(revision: str | None, drawn: Sequence[str], search: str | None, path: str) -> Any:
        if revision is None or not drawn:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        if vocabulary_views.mark(stores, here) == list(drawn):
            return no_update
        set_props("route", {"data": {"path": path, "search": search or "", "visit": revision}})
        return no_update
