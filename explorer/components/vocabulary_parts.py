"""The parts of the vocabulary page: head with the folding switch, tabs, progress of a counting, tiles and pictures.

Component ids start with "vocabulary", the page they belong to; the page module has the callbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from explorer import figures
from explorer.components.cards import attributes, help_mark, progress_bar, state, tile
from explorer.components.shell import parameter_select
from explorer.formatting import EMPTY, count, counted, percent
from explorer.querying.listing import Listing
from explorer.querying.parameters import PLACE
from explorer.querying.query import Filter, Query, Test
from explorer.stores import Stores
from explorer.vocabulary import vocabulary_figures, vocabulary_views
from explorer.vocabulary.vocabulary_store import Counting
from explorer.vocabulary.vocabulary_views import PATH, TABS, Place
from explorer.vocabulary.word_list import out_of_vocabulary
from explorer.vocabulary.word_listing import VocabularyFacts, facts, ranks, sample


def head(stores: Stores, here: Place) -> Component:
    """What the words are, the switch of foldings, and the place of the export."""
    folding = stores.folding(here.parameters)
    known = vocabulary_views.word_list(stores, here)
    listed = f" OOV by {known.path.name}, {count(len(known.folded(folding)))} words." if known is not None else ""
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
            html.Div([html.H1("Vocabulary"), html.P(told)]),
            html.Div([choice, html.Div(id="vocabulary-exports")], className="page-actions"),
        ],
        className="page-head",
    )


def tabs(here: Place) -> Component:
    """The tabs of the page as links."""
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


def progress(counting: Counting) -> Component:
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
    bar = progress_bar("Counting words", 100 * counting.done / counting.total)
    return state("bi-hourglass-split", "Counting words", text, actions=[bar, cancel, again])


def _button(id: str, label: str, kind: str, *, shown: bool) -> Component:
    style = {} if shown else {"display": "none"}
    return html.Button(label, id=id, type="button", className=f"btn {kind}", style=style)


def words(stores: Stores, here: Place, shown: Listing) -> list[Component]:
    """What stands over the words: numbers and pictures."""
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
            percent(known.once / known.types, digits=1) if known.types else EMPTY,
            note=counted(known.once, "word"),
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
            "rank",
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
    return _figure("accuracy", "Accuracy by count", figure, told, aside=choice)


def _figure(name: str, title: str, figure: Any, told: str, *, aside: Any = None) -> Component:
    return html.Div(
        [
            html.Div([html.H3(title), help_mark(told), html.Div(aside, className="grow end")], className="figure-head"),
            dcc.Graph(
                id={"type": "vocabulary-graph", "name": name},
                figure=figure,
                config=figures.CONFIG,
                style={"height": f"{vocabulary_figures.HEIGHT}px"},
            ),
        ],
        className="figure",
    )


def hypotheses(_stores: Stores, here: Place, shown: Listing) -> list[Component]:
    """What stands over the words that only systems say."""
    said = " and ".join(here.corpus.systems) if len(here.corpus.systems) < 4 else f"{len(here.corpus.systems)} systems"
    text = f"{count(shown.size)} words that {said or 'no system'} said and no reference has: look here for inventions."
    return [html.P(text, className="muted")]


def characters(_stores: Stores, here: Place, shown: Listing) -> list[Component]:
    """What stands over the characters."""
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
