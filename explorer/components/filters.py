"""The query of a table in words: one chip for each filter, the search and the filter box, and "clear all".

``chips`` draws what ``pieces`` lists, and ``removed`` takes the numbered piece away: the two agree by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from explorer.components.cards import attributes, icon
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query


def pieces(query: Query) -> tuple[Query, ...]:
    """The query as small ones that must all hold: one for each filter, for the search, and for the filter box.

    Sorting is no piece.
    """
    filters = [Query(filters=(item,)) for item in query.filters]
    search = [Query(search=query.search)] if query.search else []
    where = [Query(where=query.where)] if query.where else []
    return (*filters, *search, *where)


def removed(query: Query, number: int) -> Query:
    """The query without the piece of that number."""
    if number < len(query.filters):
        return replace(query, filters=query.filters[:number] + query.filters[number + 1 :])
    return replace(query, search="") if query.search and number == len(query.filters) else replace(query, where="")


def chips(query: Query, corpus: Corpus, *, prefix: str) -> list[Component]:
    """One chip for each piece, then "Clear all"; ids are ``{"type": prefix-chip, "index": number}``.

    The filter box is no chip: it shows itself, with its own cross.
    """
    parts = pieces(replace(query, where=""))
    if not parts:
        return []
    drawn: list[Component] = [
        _chip(part.sentence(corpus).removeprefix("Utterances where "), {"type": f"{prefix}-chip", "index": number})
        for number, part in enumerate(parts)
    ]
    clear = html.Button(
        "Clear all", id={"type": f"{prefix}-chip", "index": -1}, type="button", className="btn btn-link btn-sm"
    )
    return [html.Div([*drawn, clear], className="chips")]


def _chip(words: str, id: dict[str, str | int]) -> Component:
    cross = html.Button(icon("bi-x"), id=id, type="button", **attributes(aria_label=f"Remove the filter: {words}"))
    return html.Span([html.Span(words, title=words), cross], className="chip")


def without(query: Query, number: int) -> Query:
    """The query after a click on chip ``number``; -1 is "Clear all", which keeps the order of the rows."""
    return replace(query, filters=(), search="", where="") if number < 0 else removed(query, number)


def names(pairs: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs as they come back from the browser, where a tuple is a list."""
    return [(name, value) for name, value in pairs]
