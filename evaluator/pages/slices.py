"""Error rates on parts of a test set: by speaker, accent, length or whatever else is known, as heat maps with bases.

The address says everything: ``slice=`` (a column, or ``duration:2,5,10``; several) and ``show=delta`` (differences from
the baseline), beside the systems, the filter and what is resampled. Without ``slice=`` the configuration's slots count.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing.slices import Slices, sliced
from evaluator.comparing.slices_report import as_csv
from evaluator.comparing.slots import Slot, with_edges
from evaluator.comparison_store import Making, Tell
from evaluator.components import waiting
from evaluator.components.compare_controls import blocks_of, compare_controls, systems_of
from evaluator.components.compare_head import compare_head
from evaluator.components.downloads import attachment, ready
from evaluator.components.pair_controls import named_edits, not_scored, pages_key, scoring
from evaluator.components.slice_controls import KEPT, chooser, slot_tools, slots_of, with_slots
from evaluator.components.slice_table import slice_table
from evaluator.components.standings import compared
from explorer.components.cards import csv_link, icon, state
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

PATH = "/slices"
TITLE = "Slices"
UNDER = "/compare"
CARRIED = ("slice",)


def layout(stores: Any, query: Parameters) -> Component:
    """A heat map for every slot of the address, or how far they are."""
    corpus = stores.corpus(query)
    if (missing := not_scored(stores, query, "slices")) is not None:
        return html.Div([compare_head(corpus, query), missing], className="page")
    slots = slots_of(stores, corpus, query)
    deltas = query.get("show") == "delta"
    controls = compare_controls(PATH, corpus, query.only(KEPT), more=[_switch(query, deltas=deltas)])
    choice = chooser(corpus, slots)
    shown: list[Component]
    if not slots:
        text = "Choose a column above: the error rates of its values, or of intervals of a number, side by side."
        shown = [html.Div(state("bi-grid-3x3", "Sliced by nothing yet", text), className="panel")]
        actions: Sequence[Component] = ()
    else:
        found = find(stores, query)
        if isinstance(found, Making):
            head = compare_head(corpus, query)
            return html.Div([head, controls, choice, waiting.waiting("slices", found)], className="page")
        place = query.only(PLACE).replaced(corpus=corpus.name)
        shown = [
            slice_table(one, place, deltas=deltas, tools=slot_tools(PATH, number, slots, one.column, query))
            for number, one in enumerate(found)
        ]
        actions = [_download(query)]
    return html.Div(
        [
            compare_head(corpus, query, actions=actions),
            controls,
            choice,
            *shown,
        ],
        className="page",
    )


def find(stores: Any, query: Parameters) -> tuple[Slices, ...] | Making:
    """The slices of the address, or how far they are."""
    if (making := scoring(stores, query, needs=1)) is not None:
        return making
    scored = _rows(stores, query)
    slots = slots_of(stores, scored, query)
    wanted = Query.from_pairs(query.only(VIEW).pairs)

    def make(tell: Tell) -> tuple[Slices, ...]:
        laid = stores.edits.with_edits(scored, named_edits(scored, query), tell)
        found: list[Slices] = []
        for number, slot in enumerate(slots):

            def told(done: int, total: int, before: int = number) -> None:
                tell(round(100 * (before + done / max(1, total))), 100 * len(slots))

            asked = partial(sliced, laid, wanted, slot, systems=systems_of(query), means=stores.means(laid))
            whole = found[0].whole if found else None
            named = query.get("baseline", "")
            found.append(asked(baseline=named, blocks=blocks_of(query), whole=whole, progress=told))
        return tuple(found)

    found: tuple[Slices, ...] | Making = stores.findings.get(_key(stores, query), make)
    return found


def _rows(stores: Any, query: Parameters) -> Corpus:
    """The corpus with what its filter and its slots ask for."""
    named = {slot.column for slot in slots_of(stores, stores.corpus(query), query)}
    return compared(stores, query, named)


def _key(stores: Any, query: Parameters) -> tuple[Any, ...]:
    return ("slices", *pages_key(_rows(stores, query), query, "baseline", "system", "by", "slice"))


def _cancel(stores: Any, query: Parameters) -> None:
    stores.findings.cancel(_key(stores, query))


def _switch(query: Parameters, *, deltas: bool) -> Component:
    return dcc.Link(
        [icon("bi-toggle-on" if deltas else "bi-toggle-off"), "differences from the baseline"],
        href=query.only(KEPT).replaced(show=None if deltas else "delta").href(PATH),
        className="chip on" if deltas else "chip",
        title="WER minus the baseline's WER on each slice, with its interval: where is it better, where worse?",
    )


def _download(query: Parameters) -> Component:
    return csv_link(
        query.only(KEPT).href("/export/slices.csv"),
        "slices.csv",
        "Every slice and system with base, interval and difference, rates as fractions",
    )


def register(app: Dash, stores: Any) -> None:
    """Attach the choice of slots, the waiting, and the download."""
    waiting.register(app, "slices", stores, find, _cancel)
    app.clientside_callback(
        ClientsideFunction("earmark", "followAddress"),
        Output("slices-goto", "id"),
        Input("slices-goto", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("slices-goto", "data"),
        Output("slices-error", "children"),
        Input("slices-add", "value"),
        Input({"type": "slices-edges", "index": ALL}, "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def choose(added: str, edges: Sequence[str | None], search: str | None) -> tuple[Any, Any]:
        query = Parameters.of(search)
        slots = list(slots_of(stores, stores.corpus(query), query))
        if ctx.triggered_id == "slices-add":
            return (with_slots(query, [*slots, Slot(added)]).href(PATH), None) if added else (no_update, None)
        place = ctx.triggered_id["index"]
        written = {spec["id"]["index"]: edge for edge, spec in zip(edges, ctx.inputs_list[1], strict=True)}[place]
        try:
            changed = with_edges(slots[place], written or "")
        except QueryError as error:
            sign = icon("bi-exclamation-triangle")
            return no_update, html.Div([sign, str(error)], className="banner warn", role="alert")
        if changed == slots[place]:
            return no_update, None
        return with_slots(query, [*slots[:place], changed, *slots[place + 1 :]]).href(PATH), None

    @app.server.get("/export/slices.csv", endpoint="export_slices")
    def download() -> Response:
        return attachment("slices.csv", "text/csv", lambda query: as_csv(ready(find(stores, query))))
