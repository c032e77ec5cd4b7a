"""Every word under one system against another: how often each recognizes it, and which words make the difference.

Below the figure stands its table. A word leads to the utterances that say it, the first at the word when its time is
known. ``known=`` names a corpus whose words are the word list; filters, order and search of the table have an ``l``
in front. The counts are those of the utterances that the address selects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing.slicing import narrowed
from evaluator.comparing.word_scatter import BUBBLES, Place, accuracies_on, places, words_listing
from evaluator.comparison_store import Making, Tell
from evaluator.components import waiting
from evaluator.components.compare_head import compare_head
from evaluator.components.downloads import attachment
from evaluator.components.pair_controls import SHARED, both_of, named_edits, not_scored, pair_controls, scoring
from evaluator.components.standings import compared
from explorer import figures, scatter_figures
from explorer.components import listing_grid
from explorer.components.cards import help_mark, state
from explorer.errors import QueryError
from explorer.formatting import count, percent
from explorer.querying.listing import Listing
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Filter, Query, Test
from explorer.scatter_figures import Bubbles
from explorer.vocabulary import vocabulary_views

PATH = "/words"
TITLE = "Words A against B"
TAB = "Words"
UNDER = "/compare"
PREFIX = "l"
KEPT = (*SHARED, "known")

HELP = (
    "A bubble stands for the words that both systems recognize equally often; the bigger, the oftener they are said. "
    "Above the dotted line (blue) the second system is better, below it (orange) the first. Diamonds are not in the "
    "word list. Click a bubble for its utterances, or, of several words, for their lines in the table."
)


def layout(stores: Any, query: Parameters) -> Component:
    """The figure and its table, or how far the counting is."""
    corpus = stores.corpus(query)
    head = compare_head(corpus, query)
    if (missing := not_scored(stores, query, "words", needs=2)) is not None:
        return html.Div([head, missing], className="page")
    controls = pair_controls(corpus, query, alone=False)
    found = find(stores, query)
    if isinstance(found, Making):
        return html.Div([head, controls, waiting.waiting("words", found)], className="page")
    if found is None:
        text = "Words are not counted one by one under this normalizer; choose another one in the header."
        return html.Div([head, controls, html.Div(state("bi-fonts", "No words", text), className="panel")])
    view = listing_grid.fitting(listing_grid.view_of(query, PREFIX), found.columns)
    found.rows(view)  # a filter that does not fit is an error of the page, not of its table
    first, second = _pair(stores, query)
    return html.Div(
        [
            compare_head(corpus, query, actions=[html.Div(id="words-exports")]),
            controls,
            _panel(found, first, second, _rows(query)),
            *listing_grid.frame(
                "words",
                found.columns,
                view,
                linked=["word"],
                nothing="No word passes this filter",
                search="Find a word",
                prefix=PREFIX,
            ),
        ],
        className="page",
    )


def find(stores: Any, query: Parameters) -> Listing | Making | None:
    """The words of the address's systems, or how far they are; None where scores have no counts of words."""
    if (making := scoring(stores, query, needs=2)) is not None:
        return making
    here = vocabulary_views.place(stores, query.only((*PLACE, "known")))
    counting = vocabulary_views.waiting_for(stores, here)  # a word's utterances are found by its spellings
    if counting is not None and counting.failure:
        raise QueryError(counting.failure)
    if counting is not None:
        if counting.resting:
            stores.vocabularies.again(here.corpus, *vocabulary_views.counting_of(stores, here))
        return Making(counting.done, counting.total)
    pair = _pair(stores, query)
    listed = vocabulary_views.word_list(stores, here)
    words = None if listed is None else listed.folded(stores.folding(here.parameters))
    wanted = replace(_wanted(query), sort=())
    known = {one.system: one for one in stores.word_accuracies(here.corpus)}
    if not wanted.selects and not known.keys() >= set(pair):
        return None
    rows = compared(stores, query)

    def make(tell: Tell) -> Listing:
        if not wanted.selects:
            first, second = (known[name] for name in pair)
        else:
            laid = stores.edits.with_edits(rows, named_edits(rows, query), tell)
            first, second = accuracies_on(laid, wanted, pair, stores.tables)
        return words_listing(first, second, known=words)

    versions = (rows.key, tuple(wanted.pairs())) if wanted.selects else tuple(known[name].version for name in pair)
    key = ("words", *pair, *versions, None if listed is None else listed.version)
    found: Listing | Making = stores.findings.get(key, make)
    return found


def _wanted(query: Parameters) -> Query:
    """The rows of the address."""
    return Query.from_pairs(query.only(VIEW).pairs)


def _rows(query: Parameters) -> str:
    """What is counted, in words."""
    return "the utterances that the filter selects" if _wanted(query).selects else "the whole corpus"


def _cancel(stores: Any, query: Parameters) -> None:
    here = vocabulary_views.place(stores, query.only(PLACE))
    stores.vocabularies.cancel(here.corpus, *vocabulary_views.counting_of(stores, here))


def _pair(stores: Any, query: Parameters) -> tuple[str, str]:
    return both_of(stores.scored(query), query)


def _panel(found: Listing, first: str, second: str, rows: str) -> Component:
    shown, number = places(found, first, second)
    more = f" The {count(BUBBLES)} biggest of {count(number)} bubbles are drawn." if number > len(shown) else ""
    occurrences = sum(found.content[f"count_{first}"].to_pylist())
    told = (
        f"{count(found.size)} different words of {rows}, said {count(occurrences)} times where {first} was "
        f"scored. Accuracy is the share of these that was recognized.{more}"
    )
    graph = dcc.Graph(
        id="words-graph",
        figure=_figure(shown, first, second),
        config=figures.CONFIG,
        style={"height": f"{scatter_figures.HEIGHT}px"},
    )
    return html.Div(
        [
            html.Div([html.H3(f"Word accuracy: {first} against {second}"), help_mark(HELP)], className="figure-head"),
            html.P(told, className="rates-key scatter-about"),
            graph if shown else html.P("There is nothing to draw.", className="muted"),
        ],
        className="figure scatter-panel words-panel",
    )


def _figure(shown: list[Place], first: str, second: str) -> Any:
    bubbles = Bubbles(
        x=[100 * place.first for place in shown],
        y=[100 * place.second for place in shown],
        counts=[place.occurrences for place in shown],
        told=[_told(place, first, second) for place in shown],
        keys=[[place.words[0] if place.number == 1 else None, place.first, place.second] for place in shown],
        marked=[place.oov for place in shown],
    )
    titles = (f"recognized by {first}", f"recognized by {second}")
    drawn = scatter_figures.against(bubbles, titles=titles, limit=100.0, better="higher", suffix=" %")
    return drawn.update_layout(dragmode=False)


def _told(place: Place, first: str, second: str) -> str:
    rest = f" and {count(place.number - len(place.words))} more" if place.number > len(place.words) else ""
    oov = " (not in the word list)" if place.oov else ""
    return (
        f"<b>{escape(', '.join(place.words))}</b>{rest}{oov}<br>{count(place.occurrences)} times<br>"
        f"{escape(first)} {percent(place.first)}<br>{escape(second)} {percent(place.second)}"
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """What the grid lists: a listing_grid.Source."""

    stores: Any

    def listing(self, parameters: Parameters) -> Listing:
        found = find(self.stores, parameters)
        if not isinstance(found, Listing):
            raise QueryError("the words are being counted again; try again in a moment")
        return found

    def page(self, parameters: Parameters, shown: Listing, view: Query, start: int, stop: int) -> list[dict[str, Any]]:
        here = vocabulary_views.place(self.stores, parameters.only(PLACE))
        rows = shown.rows(view)[max(0, start) : max(0, stop)]
        wanted = _wanted(parameters)
        return [
            entry | {"row": int(row), "said": entry["word"], "link:word": self._href(here, entry["word"], wanted)}
            for row, entry in zip(rows, shown.values(rows), strict=True)
        ]

    def things(self, _parameters: Parameters) -> str:
        return "words"

    def export(self, parameters: Parameters, view: Query) -> Component:
        address = parameters.only(KEPT).plus(listing_grid.written(view, PREFIX))
        return listing_grid.export_link(address, "/export/words.csv", "words.csv")

    def opened(self, parameters: Parameters, said: str, href: str) -> str:
        """The first utterance that says a word, at the word."""
        here = vocabulary_views.place(self.stores, parameters.only(PLACE))
        address = Parameters.of(href.partition("?")[2])
        first = here.corpus.page(Query.from_pairs(address.pairs), 0, 1, ())
        if first:
            href = address.replaced(u=first[0]["id"]).href("/utterances")
        return vocabulary_views.timed(self.stores, here, said, href)

    def of_word(self, parameters: Parameters, word: str) -> str:
        here = vocabulary_views.place(self.stores, parameters.only(PLACE))
        return self.opened(parameters, word, self._href(here, word, _wanted(parameters)))

    def _href(self, here: vocabulary_views.Place, word: str, wanted: Query) -> str:
        """The utterances of the address that say a word."""
        found = narrowed(replace(wanted, sort=()), vocabulary_views.word_view(self.stores, here, word))
        return here.address.plus(found.pairs()).href("/utterances")


def register(app: Dash, stores: Any) -> None:
    """Attach the table, the bubbles, the waiting, and the download."""
    source = _Words(stores)
    listing_grid.register(app, "words", source)
    waiting.register(app, "words", stores, find, _cancel)

    @app.callback(
        Output("words-goto", "data"),
        Input("words-graph", "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_bubble(clicked: Mapping[str, Any] | None, search: str | None) -> Any:
        points = (clicked or {}).get("points") or ()
        if not points or "customdata" not in points[0]:
            return no_update
        parameters = Parameters.of(search)
        word, *shares = points[0]["customdata"]
        if word is not None:
            return source.of_word(parameters, str(word))
        names = (f"accuracy_{system}" for system in _pair(stores, parameters))
        filters = tuple(Filter(name, (Test("eq", float(share)),)) for name, share in zip(names, shares, strict=True))
        return parameters.only(KEPT).plus(listing_grid.written(Query(filters), PREFIX)).href(PATH)

    @app.server.get("/export/words.csv", endpoint="export_words")
    def download() -> Response:
        return attachment(
            "words.csv", "text/csv", lambda query: listing_grid.spread(source.listing(query), query, PREFIX)
        )
