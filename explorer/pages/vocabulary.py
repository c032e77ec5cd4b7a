"""The vocabulary: words with counts, accuracies and OOV, words only in hypotheses, characters; each leads to its rows.

The grid works as that of the utterances: it asks for a hundred rows at a time and says how it is filtered and sorted;
the answer sets ``vocabulary-view``, from which the address and the export follow. What a tab shows is decided in
explorer/vocabulary_views.py. Big corpora are counted first; the page says how far that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer import figures, vocabulary_figures, vocabulary_views
from explorer.components import listing_grid
from explorer.components.cards import attributes, help_mark, icon, state, tile
from explorer.components.shell import parameter_select
from explorer.errors import SpeechDataError
from explorer.formatting import count, percent
from explorer.listing import Listing
from explorer.parameters import PLACE, Parameters
from explorer.query import Filter, Query, Test
from explorer.stores import Stores
from explorer.vocabulary import VocabularyFacts, facts, ranks, sample
from explorer.vocabulary_store import Counting
from explorer.vocabulary_views import LINKED, TABS, Place
from explorer.word_list import out_of_vocabulary

PATH = "/vocabulary"
TITLE = "Vocabulary"

EXPORT = "/export/vocabulary.csv"
TICK_MS = 700
NOTHING = {
    "words": "No word passes this filter",
    "hypotheses": "No such word: systems say nothing here that no reference has",
    "characters": "No character passes this filter",
}
SEARCH = {"words": "Find a word", "hypotheses": "Find a word", "characters": "Find a character by itself, code or name"}


def layout(stores: Stores, query: Parameters) -> Component:
    """The tab that the address names, or how far its counting is."""
    here = vocabulary_views.place(stores, query)
    waiting = vocabulary_views.waiting_for(stores, here)
    body = [_waiting(waiting)] if waiting is not None else _body(stores, here)
    mark = [] if waiting is not None else vocabulary_views.mark(stores, here)
    return html.Div(
        [_head(stores, here), dcc.Store(id="vocabulary-mark", data=mark), _tabs(here), *body], className="page"
    )


def _head(stores: Stores, here: Place) -> Component:
    folding = stores.folding(here.parameters)
    known = vocabulary_views.word_list(stores, here)
    listed = f" OOV by {known.path.name}, {count(len(known.words))} words." if known is not None else ""
    if here.tab == "characters":
        return _titled("Every character of the references as it is written.", None)
    told = f'{folding.help} Normalizer "{folding.name}", version {folding.version}.{listed}'
    switch = [
        dcc.Link(
            "As written" if other.function is None else f"Folded: {other.name}",
            href=here.parameters.without(("f", "sort", "search")).replaced(normalizer=other.name).href(PATH),
            className=f"btn btn-secondary{' active' if other == folding else ''}",
            title=other.help,
        )
        for other in stores.foldings()
    ]
    choice = html.Div(switch, className="btn-group", role="group") if len(switch) > 1 else None
    return _titled(told, choice)


def _titled(told: str, choice: Component | None) -> Component:
    return html.Div(
        [
            html.Div([html.H1(TITLE), html.P(told)]),
            html.Div([choice, html.Div(id="vocabulary-exports")], className="page-actions"),
        ],
        className="page-head",
    )


def _tabs(here: Place) -> Component:
    address = here.parameters.only((*PLACE, "known"))
    items = []
    for tab, title in TABS.items():
        if tab == "hypotheses" and tab != here.tab and not here.corpus.systems:
            continue
        chosen = tab == here.tab
        href = (address if tab == "words" else address.replaced(tab=tab)).href(PATH)
        link = dcc.Link(title, href=href, className=f"nav-link{' active' if chosen else ''}")
        items.append(html.Li(link, className="nav-item", **attributes(aria_current="page") if chosen else {}))
    return html.Ul(items, className="nav nav-tabs tabs", **attributes(aria_label="Parts of the vocabulary"))


def _waiting(counting: Counting) -> Component:
    return html.Div(
        [
            dcc.Interval(id="vocabulary-tick", interval=TICK_MS),
            html.Div(_progress(counting), id="vocabulary-progress"),
        ],
        className="panel",
    )


def _progress(counting: Counting) -> Component:
    """How far a counting is, with a button to end it or to begin again."""
    resting = bool(counting.failure) or counting.resting
    # Both are always there: a callback needs its inputs.
    cancel = _button("vocabulary-cancel", "Cancel", "btn-secondary", shown=bool(counting.total) and not resting)
    again = _button("vocabulary-again", "Count", "btn-primary", shown=resting)
    if counting.failure:
        return state("bi-exclamation-triangle", "Not counted", counting.failure, actions=[again, cancel], tone="bad")
    if counting.resting:
        return state("bi-pause-circle", "Not counted", "Counting was cancelled.", actions=[again, cancel])
    if not counting.total:
        text = "The corpus is still being loaded. This page opens by itself."
        return state("bi-hourglass-split", "One moment", text, actions=[cancel, again])
    text = f"{count(counting.done)} of {count(counting.total)} utterances. This page opens by itself."
    bar = dbc.Progress(value=100 * counting.done / counting.total, style={"width": "260px"})
    return state("bi-hourglass-split", "Counting words", text, actions=[bar, cancel, again])


def _button(id: str, label: str, kind: str, *, shown: bool) -> Component:
    style = {} if shown else {"display": "none"}
    return html.Button(label, id=id, type="button", className=f"btn {kind}", style=style)


def _body(stores: Stores, here: Place) -> list[Component]:
    shown = vocabulary_views.listing(stores, here)
    view = Query.from_pairs(here.parameters.pairs)
    shown.rows(view)  # a filter that does not fit is an error of the page, not of its table
    kept = listing_grid.table.project(view, shown.columns).kept
    drawn = {"words": _words, "characters": _characters, "hypotheses": _hypotheses}[here.tab](stores, here, shown)
    toolbar = html.Div(
        [
            listing_grid.searchbox("vocabulary-search", view.search, SEARCH[here.tab]),
            html.Button(
                [icon("bi-x-circle"), "Clear filters"],
                id="vocabulary-clear",
                type="button",
                className="btn btn-secondary",
            ),
            html.Div(id="vocabulary-extent", className="extent", role="status"),
        ],
        className="toolbar",
        role="toolbar",
        **attributes(aria_label="Table tools"),
    )
    return [
        dcc.Store(id="vocabulary-view", data=view.pairs()),
        dcc.Store(id="vocabulary-external", data={"search": view.search, "kept": Query(filters=kept).pairs()}),
        dcc.Store(id="vocabulary-watch", data=1),
        dcc.Store(id="vocabulary-goto"),
        *drawn,
        toolbar,
        html.Div(id="vocabulary-error"),
        html.Div(
            listing_grid.grid(
                "vocabulary-grid",
                vocabulary_views.shown_columns(here, shown),
                view,
                linked=LINKED[here.tab],
                nothing=NOTHING[here.tab],
            ),
            className="listing-frame",
        ),
    ]


def _words(stores: Stores, here: Place, shown: Listing) -> list[Component]:
    known = facts(shown.content)
    drawn = [_pictures(here, shown)] if shown.size else []
    return [html.Div(_word_tiles(stores, here, shown, known), className="tiles"), *drawn]


def _word_tiles(stores: Stores, here: Place, shown: Listing, known: VocabularyFacts) -> list[Component]:
    once = Query(filters=(Filter("count", (Test("eq", 1),)),))
    tiles = [
        tile("Running words", count(known.tokens), note="in references", help_text="Every occurrence of every word."),
        tile("Different words", count(known.types), note="the vocabulary", help_text="Words told apart as said above."),
        tile(
            "Only once",
            percent(known.once / known.types if known.types else None, digits=1),
            note=f"{count(known.once)} words",
            href=_filtered(here, once),
            help_text="Share of the different words that occur a single time (hapax legomena): see them.",
        ),
    ]
    listed = vocabulary_views.word_list(stores, here)
    if listed is None:
        return tiles
    words, numbers = (shown.content[name].to_pylist() for name in ("word", "count"))
    found = out_of_vocabulary(dict(zip(words, numbers, strict=True)), listed.folded(stores.folding(here.parameters)))
    outside = _filtered(here, Query(filters=(Filter("oov", (Test("eq", True),)),)))
    return [
        *tiles,
        tile(
            "OOV, running words",
            percent(found.token_rate),
            note=f"{count(found.tokens)} of {count(found.all_tokens)}",
            href=outside,
            tone="warn" if found.tokens else "ok",
            help_text="Share of the running words that are not in the word list: see them.",
        ),
        tile(
            "OOV, different words",
            percent(found.type_rate),
            note=f"{count(found.types)} of {count(found.all_types)}",
            href=outside,
            tone="warn" if found.types else "ok",
            help_text="Share of the different words that are not in the word list: see them.",
        ),
    ]


def _filtered(here: Place, query: Query) -> str:
    address = here.parameters.without(("f", "sort", "search"))
    return address.plus(query.pairs()).href(PATH)


def _pictures(here: Place, shown: Listing) -> Component:
    """Rank and frequency; accuracy by frequency of one system."""
    places, numbers = ranks(shown.content)
    words = [row["word"] for row in shown.values(places - 1, ["word"])]
    zipf = vocabulary_figures.rank_frequency(places.tolist(), numbers.tolist(), words)
    drawn = [
        _figure(
            "vocabulary-zipf",
            "Count by rank",
            zipf,
            "The n-th most frequent word and its count, both on logarithmic axes (Zipf). Click a point for its rows.",
        )
    ]
    systems = [column.system for column in shown.columns if column.name.startswith("accuracy_") and column.system]
    if systems:
        chosen = here.parameters.get("system", systems[0])
        chosen = chosen if chosen in systems else systems[0]
        drawn.append(_scatter(shown, systems, chosen))
    return html.Div(drawn, className="figures vocabulary-figures")


def _scatter(shown: Listing, systems: Sequence[str], system: str) -> Component:
    scored = f"scored_{system}"
    some = sample(shown.size)
    rows = [row for row in shown.values(some, ["word", scored, f"accuracy_{system}"]) if row[scored]]
    figure = vocabulary_figures.accuracy_by_count(
        [row[scored] for row in rows], [row[f"accuracy_{system}"] for row in rows], [row["word"] for row in rows]
    )
    of = "" if len(some) == shown.size else f" {count(len(rows))} of {count(shown.size)} words are drawn."
    told = f"Every point is a word: how often it was scored, and how often {system} recognized it.{of} Click a point."
    choice = parameter_select("system", "", [(name, name) for name in systems], system) if len(systems) > 1 else system
    return _figure("vocabulary-scatter", "Accuracy by count", figure, told, aside=choice)


def _figure(id: str, title: str, figure: Any, told: str, *, aside: Any = None) -> Component:
    return html.Div(
        [
            html.Div([html.H3(title), help_mark(told), html.Div(aside, className="grow end")], className="figure-head"),
            dcc.Graph(id=id, figure=figure, config=figures.CONFIG, style={"height": f"{vocabulary_figures.HEIGHT}px"}),
        ],
        className="figure",
    )


def _hypotheses(_stores: Stores, here: Place, shown: Listing) -> list[Component]:
    said = " and ".join(here.corpus.systems) if len(here.corpus.systems) < 4 else f"{len(here.corpus.systems)} systems"
    text = f"{count(shown.size)} words that {said or 'no system'} said and no reference has: look here for inventions."
    return [html.P(text, className="muted")]


def _characters(_stores: Stores, here: Place, shown: Listing) -> list[Component]:
    odd = Query(filters=(Filter("odd", (Test("eq", True),)),))
    found = int(np.count_nonzero(shown.content["odd"].to_numpy(zero_copy_only=False)))
    tiles = [
        tile("Characters", count(shown.size), note="in references", help_text="Different characters, spaces included."),
        tile(
            "Worth a look",
            count(found),
            note="odd, with reasons",
            href=_filtered(here, odd),
            tone="warn" if found else "ok",
            help_text="Characters that are odd beside the others, or anywhere: see them with the reasons.",
        ),
    ]
    return [html.Div(tiles, className="tiles")]


def register(app: Dash, stores: Stores) -> None:
    """Attach the grid, the waiting, the figures and the address."""
    _register_browser_side(app)
    _register_grid(app, stores)
    _register_waiting(app, stores)

    @app.callback(
        Output("vocabulary-goto", "data"),
        Input("vocabulary-zipf", "clickData"),
        Input("vocabulary-scatter", "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def open_word(_zipf: Any, _scatter: Any, search: str | None) -> Any:
        points = (ctx.triggered[0]["value"] or {}).get("points") if ctx.triggered else None
        if not points:
            return no_update
        here = vocabulary_views.place(stores, Parameters.of(search))
        word = points[0]["customdata"]
        view = vocabulary_views.word_view(stores, here, word[0] if isinstance(word, list) else word)
        return here.address.plus(view.pairs()).href("/utterances")


def _register_grid(app: Dash, stores: Stores) -> None:
    @app.callback(
        Output("vocabulary-grid", "getRowsResponse"),
        Output("vocabulary-view", "data"),
        Output("vocabulary-extent", "children"),
        Output("vocabulary-error", "children"),
        Input("vocabulary-grid", "getRowsRequest"),
        State("vocabulary-external", "data"),
        State("vocabulary-view", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def rows(
        request: Mapping[str, Any] | None,
        external: Mapping[str, Any],
        before: Sequence[Sequence[str]],
        search: str | None,
    ) -> tuple[Any, ...]:
        if request is None:
            return (no_update,) * 4
        try:
            here = vocabulary_views.place(stores, Parameters.of(search))
            shown = vocabulary_views.listing(stores, here)
            view = listing_grid.asked(shown.columns, request, external, before)
            number = len(shown.rows(view))
            page = vocabulary_views.page(stores, here, shown, view, int(request["startRow"]), int(request["endRow"]))
        except SpeechDataError as error:
            # The grid must get an answer, or it waits for ever; the sentence stands above it.
            said = html.Div([icon("bi-exclamation-triangle"), str(error)], className="banner warn", role="alert")
            return {"rowData": [], "rowCount": 0}, no_update, None, said
        kind = "characters" if here.tab == "characters" else "words"
        of = f" of {count(shown.size)}" if number != shown.size else ""
        extent = [html.B(count(number)), f"{of} {kind}"]
        pairs = view.pairs()
        same = [list(pair) for pair in pairs] == [list(pair) for pair in before]
        return {"rowData": page, "rowCount": number}, no_update if same else pairs, extent, None

    @app.callback(
        Output("vocabulary-exports", "children"),
        Input("vocabulary-view", "data"),
        State("url", "search"),
    )
    def describe(pairs: Sequence[Sequence[str]], search: str | None) -> Component:
        here = vocabulary_views.place(stores, Parameters.of(search))
        address = here.parameters.only((*PLACE, "tab", "known")).replaced(corpus=here.corpus.name)
        address = address.plus((name, value) for name, value in pairs)
        return listing_grid.export_link(address, EXPORT, f"{here.corpus.name}-{here.tab}.csv")


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
        return _progress(counting)

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
        act(here.corpus, vocabulary_views.columns_to_count(here), stores.folding(here.parameters))
        return _progress(vocabulary_views.waiting_for(stores, here) or Counting(0, 0))

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


def _register_browser_side(app: Dash) -> None:
    def browser(function: str, output: Any, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    browser("watchListing", Output("vocabulary-watch", "id"), Input("vocabulary-watch", "data"), initial=True)
    browser("writeListing", Output("vocabulary-view", "id"), Input("vocabulary-view", "data"))
    browser(
        "searchListing",
        Output("vocabulary-external", "data"),
        Input("vocabulary-search", "value"),
        State("vocabulary-external", "data"),
    )
    browser("refetchListing", Output("vocabulary-external", "id"), Input("vocabulary-external", "data"))
    browser(
        "clearListing",
        [
            Output("vocabulary-grid", "filterModel"),
            Output("vocabulary-external", "data", allow_duplicate=True),
            Output("vocabulary-search", "value"),
        ],
        Input("vocabulary-clear", "n_clicks"),
    )
    browser("followAddress", Output("vocabulary-goto", "id"), Input("vocabulary-goto", "data"))
