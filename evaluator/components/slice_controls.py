"""Which slots an address shows, and the controls that change them. Component ids start with "slices"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.slots import Slot, configured, parsed
from evaluator.components.compare_head import SHARED
from explorer.columns import Column
from explorer.components.cards import icon
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.parameters import Parameters

KEPT = (*SHARED, "slice", "show")
"""The parameters that links on the page keep."""
USUAL = ("gender", "accent", "domain", "language", "speaker", "duration")
"""Columns of which the first two that a corpus has are shown at first."""
AT_FIRST = 2
MOST = 6
"""Slots of one address."""
LEFT_OUT = frozenset({"audio", "source", "line", "row", "id", "reference"})


def slots_of(stores: Any, corpus: Corpus, query: Parameters) -> tuple[Slot, ...]:
    """The slots of the address, else those configured that the corpus has columns for, else usual ones.

    Raises:
        QueryError: a slot cannot be understood, or there are too many.
        ConfigError: the configuration's cannot.
    """
    named = [value for name, value in query.pairs if name == "slice"]
    if len(named) > MOST:
        raise QueryError(f"{len(named)} slices were asked for; {MOST} fit on a page")
    if named:
        return tuple(parsed(text) for text in named if text)
    known = {column.name for column in corpus.columns}
    if stores.config.slots:
        return tuple(slot for slot in configured(stores.config.slots) if slot.column in known)[:MOST]
    return tuple(Slot(name) for name in USUAL if name in known)[:AT_FIRST]


def chooser(corpus: Corpus, slots: Sequence[Slot]) -> Component:
    """The select that adds a slot."""
    shown = {slot.column for slot in slots}
    options = [
        {"value": column.name, "label": column.label + (" (intervals)" if column.kind == "number" else "")}
        for column in corpus.columns
        if column.kind in ("text", "number", "flag")
        and column.origin != "score"
        and not column.system
        and not column.hidden
        and column.name not in LEFT_OUT | shown
    ]
    add = dbc.Select(
        id="slices-add",
        options=options,
        placeholder="Add a column…",
    )
    label = html.Label("Slice by", htmlFor="slices-add", className="control-label")
    return html.Div(
        [html.Div([label, add], className="slices-add"), dcc.Store(id="slices-goto"), html.Div(id="slices-error")]
    )


def slot_tools(path: str, number: int, slots: Sequence[Slot], column: Column, query: Parameters) -> list[Component]:
    """The edges of a number's intervals, and the way to take the table away."""
    rest = [slot for place, slot in enumerate(slots) if place != number]
    tools: list[Component] = []
    if column.kind == "number":
        box = dbc.Input(
            id={"type": "slices-edges", "index": number},
            type="text",
            value=",".join(f"{edge:g}" for edge in slots[number].edges),
            placeholder="edges, such as 2, 5, 10",
            debounce=True,
            autocomplete="off",
            size="sm",
        )
        name = html.Span(f"Edges of the intervals of {column.label}", className="visually-hidden")
        tools.append(html.Label([name, box]))
    cross = dcc.Link(
        [icon("bi-x-lg"), html.Span(f"Do not slice by {column.label}", className="visually-hidden")],
        href=with_slots(query, rest).href(path),
        className="icon-button",
        title=f"Do not slice by {column.label}",
    )
    return [*tools, cross]


def with_slots(query: Parameters, slots: Sequence[Slot]) -> Parameters:
    """The address with these slots; none is said, too, so that none come by themselves."""
    pairs = [("slice", str(slot)) for slot in slots] or [("slice", "")]
    return query.only(KEPT).without(("slice",)).plus(pairs)
