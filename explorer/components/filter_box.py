"""The filter box above a table: an expression with completion, its fault by position, and the whole query in words.

The expression is ``where`` of the query (explorer/querying/expression.py). What is typed is applied when it can be
understood; otherwise the table keeps the last filter that could be, and says so. The browser's side, the keyboard and
the list of completions, is assets/filterbox.js. Component ids start with "utterances", the page they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer.columns import Column
from explorer.components import filters
from explorer.components.cards import attributes, icon
from explorer.corpora.corpus import Corpus
from explorer.errors import ExpressionError, SpeechDataError
from explorer.querying.completion import Completion, complete, frequent_values
from explorer.querying.expression import LONGEST
from explorer.querying.filtering import where_sentence
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from explorer.stores import Stores

TYPING_MS = 350
"""Milliseconds without a key after which an expression is read."""

SHOWN_BEFORE = 28
"""Characters before a faulty place that are shown with it: what a telephone has room for."""

EXAMPLES = (
    ("{duration} > 3 && {text} contains seven", "both hold; || is or, ! is not, brackets group"),
    ('{speaker} in (anna, "van der Berg")', "one of several; a value with spaces stands in quotes"),
    ("{WER} > 30%", "the same as 0.3; rates are always one or the other"),
    ("{noise} is empty", "no value; also: is not empty"),
    ('{text} matches "^(yes|no)\\b"', "a regular expression (RE2)"),
    ("{recorded} >= 2024-05-01", "texts that begin with a date"),
)


def fault(where: str, columns: Sequence[Column]) -> ExpressionError | None:
    """Why an expression cannot be applied to these columns; None when it can, or when there is none."""
    try:
        if where:
            where_sentence(where, columns)
    except ExpressionError as error:
        return error
    return None


def filter_box(view: Query, corpus: Corpus, *, typed: str) -> Component:
    """The box with what is ``typed`` in it; ``view`` is what the table shows, without it when it is faulty."""
    wrong = fault(typed, corpus.columns)
    box = html.Div(
        [
            icon("bi-funnel"),
            dbc.Input(
                id="utterances-where",
                type="text",
                value=typed,
                debounce=TYPING_MS,
                maxlength=LONGEST,
                placeholder="Filter, for example {duration} > 3 && {text} contains seven",
                autocomplete="off",
            ),
            html.Label(
                [html.Span("Filter expression", className="visually-hidden"), "f"],
                htmlFor="utterances-where",
                className="keycap",
                **attributes(data_hotkey="f", data_hotkey_help="write a filter"),
            ),
            html.Button(
                icon("bi-x-lg"),
                id="utterances-where-clear",
                type="button",
                className="icon-button",
                title="Clear the filter",
                **attributes(aria_label="Clear the filter"),
            ),
            _help(),
            html.Div(
                id="utterances-where-list",
                role="listbox",
                className="filterbox-list",
                **attributes(aria_label="Completions"),
            ),
        ],
        id="utterances-where-box",
        className="filterbox",
    )
    return html.Div(
        [
            box,
            html.Div(_explained(wrong, typed), id="utterances-where-fault", role="status"),
            html.Div(sentence(view, corpus), id="utterances-sentence", className="filterbox-sentence"),
            dcc.Store(id="utterances-where-typed"),
        ],
        className="filterbox-row",
    )


def _help() -> Component:
    id = "utterances-where-help"
    rows = [html.Div([html.Code(text), html.Small(told, className="muted")]) for text, told in EXAMPLES]
    button = html.Button(
        icon("bi-question-circle"),
        type="button",
        className="icon-button",
        title="How filters are written",
        **attributes(
            data_popup=id,
            aria_expanded="false",
            aria_haspopup="true",
            aria_controls=id,
            aria_label="How filters are written",
        ),
    )
    popup = html.Div(rows, id=id, className="popup at-end filterbox-help", tabIndex=-1)
    return html.Div([button, popup], className="dropdown-panel")


def sentence(view: Query, corpus: Corpus) -> str:
    """The whole query in words, when the box has a part in it."""
    return view.sentence(corpus) + "." if view.where else ""


def _explained(wrong: ExpressionError | None, text: str) -> list[Any]:
    """The expression with the faulty place marked, and what is wrong there; a click puts the cursor there."""
    if wrong is None:
        return []
    before, marked, after = text[: wrong.start], text[wrong.start : wrong.end], text[wrong.end :]
    before = before if len(before) <= SHOWN_BEFORE else "…" + before[-SHOWN_BEFORE:]
    line = html.Code([before, html.Mark(marked or "\u2423"), after], **attributes(aria_hidden="true"))
    message = html.Span([f"At character {wrong.start + 1}: ", wrong.reason, ". Not applied."])
    place = attributes(data_place=str(wrong.start))
    button = html.Button([icon("bi-exclamation-triangle"), message], type="button", className="filterbox-goto", **place)
    return [html.Div([button, line], className="filterbox-fault")]


def options(completion: Completion, text: str) -> list[Component]:
    """The list of completions; what choosing one does stands in the attributes of its row."""
    return [
        html.Div(
            [html.Span(option.label), html.Small(option.detail, className="muted")],
            id=f"utterances-where-option-{number}",
            role="option",
            className="filterbox-option",
            **attributes(
                aria_selected="false",
                data_text=option.text,
                data_start=str(completion.start),
                data_end=str(completion.end),
                data_of=text,
            ),
        )
        for number, option in enumerate(completion.options)
    ]


def register(app: Dash, stores: Stores) -> None:
    """Attach the box: reading what is typed, completing it, and saying what the table shows."""

    @app.callback(
        Output("utterances-external", "data", allow_duplicate=True),
        Output("utterances-where-fault", "children"),
        Input("utterances-where", "value"),
        State("utterances-external", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def read(typed: str | None, external: Mapping[str, Any], search: str | None) -> tuple[Any, Any]:
        where = (typed or "").strip()
        corpus = stores.corpus(Parameters.of(search))
        wrong = fault(where, corpus.columns)
        if wrong is not None or where == external.get("where", ""):
            return no_update, _explained(wrong, where)
        return {**external, "where": where}, []

    @app.callback(
        Output("utterances-sentence", "children"),
        Input("utterances-view", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def say(pairs: Sequence[Sequence[str]], search: str | None) -> Any:
        view = Query.from_pairs(filters.names(pairs))
        return sentence(view, stores.corpus(Parameters.of(search)))

    @app.callback(
        Output("utterances-where-list", "children"),
        Input("utterances-where-typed", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def offer(typed: Mapping[str, Any] | None, search: str | None) -> Any:
        if not typed:
            return []
        text, caret = str(typed["text"])[:LONGEST], int(typed["caret"])
        try:
            corpus = stores.corpus(Parameters.of(search))
            found = complete(text, max(0, min(caret, len(text))), corpus.columns, frequent_values(corpus))
        except SpeechDataError:
            return []  # a list that does not open; what is wrong is said by ``read``
        return options(found, text)

    app.clientside_callback(
        ClientsideFunction("earmark", "filterOptions"),
        Output("utterances-where-typed", "id"),
        Input("utterances-where-list", "children"),
        prevent_initial_call=True,
    )
