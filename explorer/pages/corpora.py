"""Corpora side by side: numbers, distributions over each other, words, speakers and duplicates of several open corpora.

The address names the corpora (``with=``, repeated); see explorer/comparing/corpora_view.py. Numbers come from what
was counted when the corpora were built, so the page of a million rows is there at once; duplicates are searched in
the background.
"""

from __future__ import annotations

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer.comparing.comparison_store import Searching
from explorer.comparing.corpora_comparison import COMPARED, oov_matrix, shared_speakers, summary, word_overlaps
from explorer.comparing.corpora_view import PATH, Choice, choice
from explorer.comparing.duplicates import Duplicates
from explorer.components import corpora_parts, duplicates_parts
from explorer.components.cards import icon, state
from explorer.querying.parameters import PLACE, Parameters
from explorer.stores import Stores

__all__ = ["PATH", "TITLE", "layout", "register"]

TITLE = "Corpora"
AT_ONCE = 50_000
"""Rows that are searched for duplicates without being asked: a fraction of a second."""

TICK_MS = 800


def layout(stores: Stores, query: Parameters) -> Component:
    """The corpora of the address side by side, or how to open more than one."""
    chosen = choice(stores, query)
    body = _body(stores, chosen) if len(chosen.corpora) > 1 else [_alone(chosen), _no_duplicates()]
    names = " and ".join(filter(None, (", ".join(chosen.names[1:-1]), chosen.names[-1]))) if chosen.names[1:] else ""
    told = f"{names} compared with {chosen.names[0]}" if names else "Several open corpora side by side"
    alone = ", each by itself" if chosen.folding.prefix else ""
    folding = f'. Words by the normalizer "{chosen.folding.name}", version {chosen.folding.version}{alone}.'
    return html.Div(
        [
            html.Div(
                html.Div([html.H1("Corpora side by side"), html.P(told + (folding if names else "."))]),
                className="page-head",
            ),
            corpora_parts.chooser(chosen) if len(chosen.open) > 1 else None,
            *(html.Div([icon("bi-exclamation-triangle"), text], className="banner warn") for text in chosen.missing),
            dcc.Interval(id="corpora-tick", interval=TICK_MS, disabled=_settled(stores, chosen)),
            dcc.Store(id="corpora-mark", data=_mark(chosen)),
            *body,
        ],
        className="page",
    )


def _alone(chosen: Choice) -> Component:
    """One corpus or none: what the page is for, and how to get there."""
    if len(chosen.open) > 1:
        link = dcc.Link("Compare all", href=chosen.parameters.only(PLACE).href(PATH), className="btn btn-primary")
        text = "Choose a second one above: its numbers, distributions, words, speakers and duplicates stand beside it."
        return html.Div(
            state("bi-columns-gap", "One corpus has nothing beside it", text, actions=[link]), className="panel"
        )
    text = (
        "Open train, dev and test together, and this page shows how their lengths and words drift apart, which words "
        "one does not know of another, and which speakers, texts and sound files are in more than one:"
    )
    command = html.Pre(
        "app.py train.json dev.json test.json\n\n# or in a configuration:\ncorpora:\n"
        "  train: {manifests: [train.json]}\n  dev: {manifests: [dev.json]}",
        className="command",
    )
    return html.Div(state("bi-columns-gap", "One corpus is open", text, actions=[command]), className="panel")


def _no_duplicates() -> Component:
    """What the callback of the search needs to find on the page, where there is nothing to search."""
    buttons = [html.Button(id=f"corpora-{name}", type="button") for name in ("search", "cancel")]
    return html.Div(buttons, id="corpora-duplicates", style={"display": "none"})


def _body(stores: Stores, chosen: Choice) -> list[Component]:
    known = {corpus.name: stores.comparisons.frequencies(corpus, chosen.folding) for corpus in chosen.corpora}
    summaries = [summary(corpus, known[corpus.name]) for corpus in chosen.corpora]
    drawn = [
        corpora_parts.distribution(chosen, stores.comparisons.overlay(chosen.corpora, column)) for column in COMPARED
    ]
    total = sum(corpus.size for corpus in chosen.corpora)
    if not chosen.content and total < AT_ONCE and all(corpus.complete for corpus in chosen.corpora):
        stores.comparisons.search(chosen.corpora, chosen.folding, content=False)
    return [
        html.Div(corpora_parts.numbers(chosen, summaries), className="panel"),
        html.Div(drawn, className="figures corpora-figures", id="corpora-figures"),
        corpora_parts.words(chosen, word_overlaps(known), oov_matrix(known)),
        corpora_parts.speakers(chosen, shared_speakers(chosen.corpora)),
        html.Div(_duplicates(stores, chosen), id="corpora-duplicates"),
    ]


def _duplicates(stores: Stores, chosen: Choice) -> Component:
    found = stores.comparisons.duplicates(chosen.corpora, chosen.folding, content=chosen.content)
    if isinstance(found, Duplicates):
        return duplicates_parts.duplicates(chosen, found)
    return html.Div(duplicates_parts.searching(chosen, found), className="panel")


def _settled(stores: Stores, chosen: Choice) -> bool:
    """Whether nothing on the page will change by itself."""
    found = stores.comparisons.duplicates(chosen.corpora, chosen.folding, content=chosen.content)
    running = isinstance(found, Searching) and not found.failure
    small = not chosen.content and sum(corpus.size for corpus in chosen.corpora) < AT_ONCE
    begun = small and found is None and len(chosen.corpora) > 1
    return not running and not begun and not chosen.missing and all(corpus.complete for corpus in chosen.corpora)


def _mark(chosen: Choice) -> list[str]:
    return [corpus.content_key for corpus in chosen.corpora] + list(chosen.missing)


def register(app: Dash, stores: Stores) -> None:
    """Attach the search for duplicates and the clicks on figures."""

    @app.callback(
        Output("corpora-duplicates", "children"),
        Output("corpora-tick", "disabled"),
        Input("corpora-tick", "n_intervals"),
        Input("corpora-search", "n_clicks"),
        Input("corpora-cancel", "n_clicks"),
        State("corpora-mark", "data"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def look(
        tick: int | None, search: int | None, cancel: int | None, mark: list[str], address: str | None, path: str
    ) -> tuple[Any, Any]:
        chosen = choice(stores, Parameters.of(address))
        if _mark(chosen) != mark:
            set_props("route", {"data": {"path": path, "search": address or "", "visit": f"corpora {tick}"}})
            return no_update, no_update
        if len(chosen.corpora) < 2:
            return no_update, _settled(stores, chosen)
        if ctx.triggered_id == "corpora-search" and search:
            stores.comparisons.search(chosen.corpora, chosen.folding, content=chosen.content)
        elif ctx.triggered_id == "corpora-cancel" and cancel:
            stores.comparisons.cancel(chosen.corpora, chosen.folding, content=chosen.content)
        elif ctx.triggered_id != "corpora-tick":
            return no_update, no_update
        return _duplicates(stores, chosen), _settled(stores, chosen) and ctx.triggered_id != "corpora-cancel"

    app.clientside_callback(
        ClientsideFunction("earmark", "openBin"),
        Output("corpora-figures", "id"),
        Input({"type": "corpora-graph", "column": ALL}, "clickData"),
        prevent_initial_call=True,
    )
