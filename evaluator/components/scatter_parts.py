"""The parts of the scatter page: the figure, the table behind it, and how many utterances are better and worse."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.scatter import Density, cells_query
from evaluator.comparing.slicing import narrowed
from explorer import scatter_figures
from explorer.components.cards import attributes
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, percent
from explorer.querying.expression import field_text
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query
from explorer.scatter_figures import Bubbles

LISTED = 100
"""Cells in the table behind the figure; the download has all."""


def outcomes(corpus: Corpus, found: Density, query: Parameters) -> list[Component]:
    """How many utterances are better, equal and worse under the second system, each with the way to them."""
    first, second = (f"{found.of}_{system}" for system in found.systems)
    told = (
        (f"{found.systems[1]} better", found.better, f"{field_text(second)} < {field_text(first)}"),
        ("equal", found.equal, f"{field_text(second)} = {field_text(first)}"),
        (f"{found.systems[1]} worse", found.worse, f"{field_text(second)} > {field_text(first)}"),
    )
    place = query.only(PLACE).replaced(corpus=corpus.name)
    return [
        dcc.Link(
            [html.Span(label), html.B(count(number))],
            href=place.plus(_narrowed(found, where).pairs()).href("/utterances"),
            className="chip",
            title=f"See and hear these {count(number)} utterances",
        )
        for label, number, where in told
    ]


def _narrowed(found: Density, where: str) -> Query:
    return narrowed(found.rows, Query(where=where))


def _span(found: Density, place: int) -> str:
    """An interval as people read it."""
    rate = found.of == "wer"
    low, last = found.edges[place], place + 1 == len(found.edges)
    high = None if last else found.edges[place + 1]
    shown = (lambda end: percent(end, digits=1)) if rate else count
    if last and place:
        return f"{shown(low)} or more"
    if not rate and high is not None and high - low == 1:
        return shown(low)
    return f"{shown(low)} to under {shown(high)}" if high is not None else shown(low)


def figure(found: Density, *, lasso: bool) -> Any:
    """The cells as bubbles; dragging selects with a lasso, or with a box."""
    scale = 100.0 if found.of == "wer" else 1.0
    edges = [scale * edge for edge in found.edges]
    width = edges[1] - edges[0] if len(edges) > 1 else scale
    # Numbers of errors one by one are drawn where they are, intervals in their middle.
    shift = 0.0 if found.of == "errors" and width == 1 else width / 2
    first, second = found.systems
    cells = list(zip(found.x.tolist(), found.y.tolist(), found.counts.tolist(), strict=True))
    shown = Bubbles(
        x=[edges[x] + shift for x, _, _ in cells],
        y=[edges[y] + shift for _, y, _ in cells],
        counts=[number for _, _, number in cells],
        told=[
            f"<b>{count(number)} utterance{'' if number == 1 else 's'}</b><br>"
            f"across: {_span(found, x)}<br>up: {_span(found, y)}"
            for x, y, number in cells
        ],
        keys=[[x, y] for x, y, _ in cells],
    )
    unit = "WER" if found.of == "wer" else "errors"
    drawn = scatter_figures.against(
        shown,
        titles=(f"{unit} of {first}", f"{unit} of {second}"),
        limit=max([edges[place] + 2 * shift for place in (found.x.max(), found.y.max())]) if cells else 1.0,
        better="lower",
        suffix=" %" if found.of == "wer" else "",
    )
    return drawn.update_layout(dragmode="lasso" if lasso else "select")


def table(corpus: Corpus, found: Density, query: Parameters) -> Component:
    """The biggest cells as a table."""
    place = query.only(PLACE).replaced(corpus=corpus.name)
    order = sorted(range(len(found.counts)), key=lambda cell: -int(found.counts[cell]))[:LISTED]
    unit = "WER" if found.of == "wer" else "Errors"
    head = [html.Th(f"{unit} of {system}", scope="col") for system in found.systems]
    rows = []
    for cell in order:
        x, y, number = int(found.x[cell]), int(found.y[cell]), int(found.counts[cell])
        href = place.plus(cells_query(found, [(x, y)]).pairs()).href("/utterances")
        link = dcc.Link(count(number), href=href)
        rows.append(html.Tr([html.Td(_span(found, x)), html.Td(_span(found, y)), html.Td(link, className="num")]))
    cells = html.Table(
        [html.Thead(html.Tr([*head, html.Th("Utterances", scope="col", className="num")])), html.Tbody(rows)],
        className="plain",
    )
    more = f"The {LISTED} biggest of {count(len(found.counts))} cells" if len(found.counts) > LISTED else "The numbers"
    region = attributes(role="region", aria_label="Numbers of the figure")
    return html.Details([html.Summary(more), html.Div(cells, className="table-scroll", tabIndex=0, **region)])
