"""What raters said about each sentence: mean and spread of its ratings, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.listening.design import ListeningTest
from evaluator.listening.results import Results, Spread
from explorer.components.cards import attributes, help_mark, panel
from explorer.components.pager import page_number, pager
from explorer.formatting import EMPTY, count, counted, decimal
from explorer.querying.parameters import Parameters

SPREAD_ROWS = 100
SPREAD_PAGE = "sentences"
"""The parameter of the address with the page that is shown."""


def sentences(
    test: ListeningTest, found: Results, heard: Mapping[tuple[str, str], str], query: Parameters, path: str
) -> Component:
    """A page of them, where raters disagreed most first; ``heard`` has the utterance of each (sentence, system)."""
    total = len(found.spread)
    number = min(page_number(query, SPREAD_PAGE), ceil(total / SPREAD_ROWS))
    ordered = sorted(found.spread, key=lambda spread: -(spread.deviation or 0))
    shown = ordered[(number - 1) * SPREAD_ROWS : number * SPREAD_ROWS]
    rows = [_spread_row(test, spread, heard) for spread in shown]
    heads = [
        "Sentence",
        "System",
        "Mean",
        ["SD", help_mark("Standard deviation of the ratings.")],
        "Lowest to highest",
        "Ratings",
    ]
    note = html.P(f"{counted(total, 'reading')}; where raters disagreed most comes first.", className="muted")
    pages = pager(query, path, number, total, size=SPREAD_ROWS, of="readings", name=SPREAD_PAGE)
    return panel("Sentences", [note, number_table(heads, rows, "Spread of the ratings", texts=(0, 1)), pages])


def _spread_row(test: ListeningTest, spread: Spread, heard: Mapping[tuple[str, str], str]) -> Component:
    names = [spread.system] if spread.other is None else [spread.system, spread.other]
    linked = [_played(test, name, heard.get((spread.sentence, name))) for name in names]
    who = linked if len(linked) == 1 else [linked[0], " against ", linked[1]]
    return html.Tr(
        [
            html.Th(spread.sentence, scope="row"),
            html.Td(who),
            html.Td(decimal(spread.mean), className="num"),
            html.Td(EMPTY if spread.deviation is None else decimal(spread.deviation), className="num"),
            html.Td(f"{decimal(spread.low, digits=0)} to {decimal(spread.high, digits=0)}", className="num"),
            html.Td(count(spread.ratings), className="num"),
        ]
    )


def _played(test: ListeningTest, name: str, utterance: str | None) -> Any:
    if utterance is None:
        return name
    address = Parameters((("corpus", test.corpus), ("u", utterance))).href("/utterance")
    return dcc.Link(name, href=address, title="Open this recording")


def number_table(
    heads: Sequence[Any], rows: Sequence[Component], name: str, *, texts: Sequence[int] = (0,)
) -> Component:
    """A table whose columns are numbers but for those at ``texts``."""
    head = [html.Th(text, scope="col", className="" if place in texts else "num") for place, text in enumerate(heads)]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(list(rows))], className="plain rates compare")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label=name))
