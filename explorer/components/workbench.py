"""The parts of the utterances page: tool bar, column chooser, grid, downloads, and the inspector's head.

Component ids start with "utterances", the page they belong to; the page module has the callbacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from explorer.components import filters, table
from explorer.components.cards import attributes, icon
from explorer.components.grid import served
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.exporting import BY_ENDING
from explorer.formatting import count, counted, hours
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query
from explorer.stores import Stores

BLOCK = 100
"""Rows of one answer."""


def toolbar(corpus: Corpus, view: Query, visible: Sequence[str]) -> Component:
    """Search, columns, downloads, other rooms' actions, and how much the filter selects."""
    return html.Div(
        [
            html.Div(
                [
                    icon("bi-search"),
                    dbc.Input(
                        id="utterances-search",
                        type="search",
                        value=view.search,
                        debounce=300,
                        placeholder="Search in reference and hypotheses",
                        autocomplete="off",
                    ),
                    html.Label(
                        [html.Span("Search in reference and hypotheses", className="visually-hidden"), "/"],
                        htmlFor="utterances-search",
                        className="keycap",
                        **attributes(data_hotkey="/", data_hotkey_help="search in texts"),
                    ),
                ],
                className="searchbox",
            ),
            _columns_popup(corpus, visible),
            _popup("utterances-export-popup", "bi-download", "Export", html.Div(id="utterances-exports")),
            html.Div(id="utterances-actions", className="row-flex"),
            html.Div(id="utterances-extent", className="extent", role="status"),
        ],
        className="toolbar",
        role="toolbar",
        **attributes(aria_label="Table tools"),
    )


def _popup(id: str, icon_name: str, label: str, body: Any) -> Component:
    button = html.Button(
        [icon(icon_name), label],
        type="button",
        className="btn btn-secondary",
        **attributes(data_popup=id, aria_expanded="false", aria_haspopup="true", aria_controls=id),
    )
    return html.Div([button, html.Div(body, id=id, className="popup")], className="dropdown-panel")


def _columns_popup(corpus: Corpus, visible: Sequence[str]) -> Component:
    body = [
        html.Label("Find a column", htmlFor="utterances-choice-search", className="visually-hidden"),
        dbc.Input(id="utterances-choice-search", type="search", placeholder="Find a column"),
        dbc.Checklist(id="utterances-choice", options=choices(corpus), value=list(visible), className="choices"),
        html.Div(
            [
                html.Span("Drag headers to reorder", className="muted"),
                html.Button(
                    "Reset",
                    id="utterances-reset",
                    type="button",
                    className="btn btn-link btn-sm",
                    title="The usual columns, widths and order again",
                    **attributes(data_command="Reset the columns of the table"),
                ),
            ],
            className="row-flex",
        ),
    ]
    return _popup("utterances-columns-popup", "bi-layout-three-columns", "Columns", body)


def choices(corpus: Corpus) -> list[dict[str, str]]:
    """The options of the column chooser, with what each column means."""
    return [
        {"label": column.label, "value": column.name, "title": table.explanation(column)} for column in corpus.columns
    ]


def grid(corpus: Corpus, view: Query, visible: Sequence[str]) -> Component:
    """The table itself; rows come a block at a time when it asks for them."""
    return dag.AgGrid(
        id="utterances-grid",
        rowModelType="infinite",
        columnDefs=table.definitions(corpus.columns, visible, view),
        getRowId="params.data.row.toString()",
        defaultColDef={
            "resizable": True,
            "sortable": True,
            "floatingFilter": True,
            # A system may have a long name: its header takes more lines instead of an ellipsis.
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        dashGridOptions={
            **served(nothing=_no_rows(corpus), filters=table.project(view, corpus.columns).model, rows_at_once=BLOCK),
            "suppressDragLeaveHidesColumns": True,
            "maintainColumnOrder": True,
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
        },
        className="grid grid-frame",
        style={"width": "100%", "height": None},
    )


def _no_rows(corpus: Corpus) -> str:
    if corpus.size:
        return "No utterance passes this filter"
    if not corpus.complete:
        return "The first rows are being loaded"
    why = f": {counted(corpus.problem_count, 'line')} could not be read, see Problems" if corpus.problem_count else ""
    return f"{corpus.name} has no utterances{why}"


def inspector_head() -> Component:
    """The line over the utterance beside the table: its place in the view, step, open alone, close."""
    return html.Div(
        [
            html.Span(id="utterances-place", className="place grow"),
            _button("utterances-previous", "bi-chevron-up", "Previous utterance", hotkey="k"),
            _button("utterances-next", "bi-chevron-down", "Next utterance", hotkey="j"),
            html.Span(id="utterances-alone"),
            _button("utterances-close", "bi-x-lg", "Close the utterance", hotkey="x"),
        ],
        className="inspector-head",
    )


def _button(id: str, icon_name: str, text: str, *, hotkey: str) -> Component:
    return html.Button(
        icon(icon_name),
        id=id,
        type="button",
        className="icon-button",
        title=f"{text} ({hotkey})",
        **attributes(aria_label=text, data_hotkey=hotkey, data_hotkey_help=text.lower()),
    )


def extent_text(corpus: Corpus, view: Query) -> list[Any]:
    """Utterances and hours of the view, and of how many."""
    extent = corpus.extent(view)
    more = "" if corpus.complete else "+"
    whole = html.Span(f" of {count(corpus.size)}{more}") if filters.pieces(view) else more
    unknown = f" · {count(extent.unknown_durations)} of unknown duration" if extent.unknown_durations else ""
    things = " utterance · " if extent.utterances == 1 and not whole else " utterances · "
    return [
        html.B(count(extent.utterances)),
        whole,
        things,
        html.B(hours(extent.hours)),
        unknown,
    ]


def export_links(parameters: Parameters, view: Query) -> list[Component]:
    """Downloads of the view in the words of its address, which names the corpus."""
    address = parameters.only(PLACE).plus(view.pairs())
    links = [
        html.A(
            [icon(export.icon), html.Span([export.title, html.Small(export.help)])],
            href=address.href(f"/export/utterances.{ending}"),
            download="",  # the server names the file, and says in its name how many rows had to be left out
            className="menu-link",
            **attributes(data_command=f"Export this view: {export.title}"),
        )
        for ending, export in BY_ENDING.items()
    ]
    return [html.Small("The rows of this view", className="muted"), *links]


def action_links(stores: Stores, parameters: Parameters, view: Query) -> list[Component]:
    """Other rooms' buttons: the same corpus and query on their page."""
    address = parameters.only(PLACE).plus(view.pairs())
    return [
        dcc.Link([icon(a.icon), a.label], href=address.href(a.path), title=a.help, className="btn btn-secondary")
        for a in stores.actions
    ]


def failure(error: SpeechDataError) -> Component:
    """The sentence over a table whose rows cannot be had."""
    return html.Div([icon("bi-exclamation-triangle"), html.Span(str(error))], className="banner warn", role="alert")


def place(corpus: Corpus, view: Query, id: str) -> list[Any]:
    """Where the utterance stands in the view."""
    position = corpus.position(view, id)
    if position is None:
        return ["Not among the rows of this filter"]
    return [html.B(count(position + 1)), f" of {count(corpus.extent(view).utterances)}"]
