"""The duplicates of corpora side by side: the search's progress, how many rows are elsewhere too, and the list of them.

Component ids start with "corpora", the page they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from explorer.comparing.comparison_store import STAGES, Searching
from explorer.comparing.corpora_view import EXPORT, Choice
from explorer.comparing.duplicates import KINDS, Duplicates, Group
from explorer.components.cards import icon, panel, progress_bar, state
from explorer.components.corpora_parts import matrix, utterances_of
from explorer.components.grid import whole
from explorer.formatting import count
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Test

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

SHOWN_GROUPS = 500
SHOWN_VALUES = 20


def searching(chosen: Choice, found: Searching | None) -> Component:
    """What to do about duplicates that nobody has looked for yet, or how far the search is."""
    total = sum(corpus.size for corpus in chosen.corpora)
    running = found is not None and not found.failure
    start = _button("corpora-search", "Look for duplicates", "btn-primary", shown=not running)
    cancel = _button("corpora-cancel", "Cancel", "btn-secondary", shown=running)
    if found is None:
        text = f"Texts and sound files of {count(total)} utterances are compared" + (
            ", and the bytes of files of the same size." if chosen.content else "."
        )
        return state("bi-intersect", "Duplicates across corpora", text, actions=[start, cancel])
    if found.failure:
        return state("bi-pause-circle", "Not compared", found.failure, actions=[start, cancel])
    share = 100 * found.done / found.total if found.total else 0
    bar = progress_bar(STAGES[found.stage], share)
    text = f"{count(found.done)} of {count(found.total)}"
    return state("bi-hourglass-split", STAGES[found.stage], text, actions=[bar, cancel, start])


def _button(id: str, label: str, kind: str, *, shown: bool) -> Component:
    style = {} if shown else {"display": "none"}
    return html.Button(label, id=id, type="button", className=f"btn {kind}", style=style)


def duplicates(chosen: Choice, found: Duplicates) -> Component:
    """How many rows are elsewhere too, and the list of what is."""
    kinds = [kind for kind in KINDS if kind in found.shared]
    pairs = [(a, b) for place, a in enumerate(chosen.names) for b in chosen.names[place + 1 :]]
    rows = [
        html.Tr(
            [
                html.Th([a, " and ", b]),
                *(html.Td(_pair(found, kind, a, b), className="num") for kind in kinds),
            ]
        )
        for a, b in pairs
    ]
    head = [html.Th("Rows of … that the other has"), *(html.Th(KINDS[kind], className="num") for kind in kinds)]
    listed = [(kind, group) for kind in kinds for group in found.shared[kind].groups[:SHOWN_GROUPS]]
    total = sum(found.shared[kind].found for kind in kinds)
    parts: list[Any] = [matrix(head, rows)]
    if "content" not in kinds:
        parts.append(_bytes_too(chosen))
    elif found.unreadable:
        parts.append(
            html.P(f"{count(found.unreadable)} files could not be read and were not compared.", className="muted")
        )
    if listed:
        shown = "" if len(listed) == total else f"The first {count(len(listed))} of {count(total)}. "
        parts.append(html.P(f"{shown}Long texts come first: short ones are said twice by chance.", className="muted"))
        parts.append(_grid(chosen, listed))
    else:
        parts.append(html.P([icon("bi-check2-circle"), " Nothing is in more than one of them."], className="muted"))
    badge = html.Span(count(total), className=f"badge-soft {'warn' if total else 'ok'}")
    address = chosen.address(chosen.names)
    export = html.A([icon("bi-download"), "CSV"], href=address.href(EXPORT), className="btn btn-secondary btn-sm")
    hidden = html.Div(
        [_button(f"corpora-{name}", name, "btn-secondary", shown=False) for name in ("search", "cancel")],
        style={"display": "none"},
    )
    return html.Div([panel("Duplicates", [*parts, hidden], aside=[badge, export if total else None])])


def _bytes_too(chosen: Choice) -> Component:
    return html.P(
        dcc.Link(
            [icon("bi-files"), "Compare the bytes of files too"],
            href=chosen.href(chosen.names, content=True),
            className="btn btn-secondary btn-sm",
            title="Finds copies under other names; files of the same size are read",
        )
    )


def _pair(found: Duplicates, kind: str, a: str, b: str) -> Any:
    rows = found.shared[kind].rows
    there, back = rows[a, b], rows[b, a]
    if not there and not back:
        return html.Span("0", className="muted")
    return html.Span(
        [html.B(f"{count(there)} · {count(back)}")], title=f"{count(there)} rows of {a}, {count(back)} of {b}"
    )


def _grid(chosen: Choice, listed: Sequence[tuple[str, Group]]) -> Component:
    columns: list[dict[str, Any]] = [
        {"colId": "kind", "field": "kind", "headerName": "Duplicate", "width": 190},
        {"colId": "what", "field": "what", "headerName": "Text or file", "flex": 1, "minWidth": 220,
         "tooltipField": "what"},
    ]  # fmt: skip
    data: list[dict[str, Any]] = [
        {"kind": KINDS[kind], "what": group.what, "key": number} for number, (kind, group) in enumerate(listed)
    ]
    for number, corpus in enumerate(chosen.corpora):
        columns.append(
            {"colId": f"c{number}", "field": f"c{number}", "headerName": corpus.name, "width": 130,
             "cellRenderer": "CellLink", "filter": False}
        )  # fmt: skip
        for entry, link in zip(data, _links(chosen, corpus, listed), strict=True):
            if link is not None:
                entry[f"c{number}"], entry[f"link:c{number}"] = link
    return whole(
        "corpora-grid",
        columns,
        data,
        kind="duplicates-grid",
        row_height=32,
        height=f"{min(420, 110 + 32 * len(data))}px",
    )


def _links(chosen: Choice, corpus: Corpus, listed: Sequence[tuple[str, Group]]) -> list[tuple[str, str] | None]:
    """For each group: how many rows of the corpus it has, and the address of these rows."""
    rows = sorted({row for _, group in listed for row in group.rows.get(corpus.name, ())[:SHOWN_VALUES]})
    values = corpus.listed(np.array(rows, np.int32), ("reference", "audio")) if rows else []
    known = dict(zip(rows, values, strict=True))
    links: list[tuple[str, str] | None] = []
    for kind, group in listed:
        found = group.rows.get(corpus.name, ())
        if not found:
            links.append(None)
            continue
        column, place = ("reference", 0) if kind == "text" else ("audio", 1)
        written = dict.fromkeys(known[row][1][place] for row in found[:SHOWN_VALUES])
        view = Query(filters=(Filter(column, tuple(Test("eq", text) for text in written)),))
        address = Parameters.of(utterances_of(chosen, corpus.name, view).partition("?")[2])
        href = address.plus((("u", known[found[0]][0]),)).href("/utterances")
        links.append(("1 row" if len(found) == 1 else f"{count(len(found))} rows", href))
    return links
