"""Confusion pairs, deletions and insertions of a system, and what is new or gone with another one.

Every number leads to exactly its utterances, opened at the word where its time is known. The address says everything:
the systems (``baseline=``, ``other=``), the kind (``tab=``), which utterances (``f=``, ``search=``, ``where=``), and,
with an ``l`` in front, filters, order and search of the list itself (``lf=``, ``lsort=``, ``lsearch=``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Dash, dcc, html
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparing.confusions import TABS, Confusions, confusions, utterances_with
from evaluator.comparison_store import Making, Tell
from evaluator.components import pair_controls, waiting
from evaluator.components.compare_head import compare_head
from evaluator.components.downloads import attachment, ready
from evaluator.components.pair_controls import SHARED, named_edits, not_scored, pages_key, pair_of, scoring
from evaluator.components.standings import compared
from evaluator.scoring.edit_times import time_of_edit
from evaluator.scoring.score_columns import normalizer_of
from explorer.components import listing_grid
from explorer.components.cards import attributes
from explorer.errors import QueryError
from explorer.formatting import count, percent
from explorer.querying.listing import Listing
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query, Sort

PATH = "/errors"
TITLE = "Errors"
UNDER = "/compare"
CARRIED = ("other",)
PREFIX = "l"
LINKED = ("word", "heard", "gained", "lost")
THINGS = {"confusions": "confusion pairs", "deletions": "deleted words", "insertions": "inserted words"}
TITLES = {"confusions": "Confusions", "deletions": "Deletions", "insertions": "Insertions"}


def layout(stores: Any, query: Parameters) -> Component:
    """The list that the address asks for, or how far its counting is."""
    corpus = stores.corpus(query)
    exports = html.Div(id="errors-exports")
    head = compare_head(corpus, query, actions=[exports])
    if (missing := not_scored(stores, query, "errors")) is not None:
        return html.Div([compare_head(corpus, query), missing], className="page")
    tab = _tab(query)
    controls = pair_controls.pair_controls(corpus, query, alone=True)
    found = find(stores, query)
    if isinstance(found, Making):
        return html.Div([compare_head(corpus, query), controls, waiting.waiting("errors", found)], className="page")
    shown = found.lists[tab]
    view = listing_grid.fitting(listing_grid.view_of(query, PREFIX), shown.columns)
    shown.rows(view)  # a filter that does not fit is an error of the page, not of its table
    linked = [name for name in (*LINKED, *(f"count_{s}" for s in found.systems)) if name in shown.content.column_names]
    return html.Div(
        [
            head,
            controls,
            html.P(_about(found, normalizer_of(corpus)), className="rates-key errors-about"),
            _tabs(found, query, tab),
            *listing_grid.frame(
                "errors",
                shown.columns,
                view,
                linked=linked,
                nothing="No error passes this filter",
                search="Find a word",
                prefix=PREFIX,
                tools=_shortcuts(found, query),
            ),
        ],
        className="page",
    )


def find(stores: Any, query: Parameters) -> Confusions | Making:
    """The edits of the systems of the address, or how far they are."""
    if (making := scoring(stores, query, needs=1)) is not None:
        return making
    scored = compared(stores, query)
    systems = [name for name in pair_of(scored, query) if name]
    wanted = Query.from_pairs(query.only(VIEW).pairs)

    def make(tell: Tell) -> Confusions:
        return confusions(
            stores.edits.with_edits(scored, [*systems, *named_edits(scored, query)], tell), wanted, systems
        )

    found: Confusions | Making = stores.confusions.get(_key(stores, query), make)
    return found


def _key(stores: Any, query: Parameters) -> tuple[Any, ...]:
    return ("errors", *pages_key(compared(stores, query), query, "baseline", "other", "system"))


def _cancel(stores: Any, query: Parameters) -> None:
    stores.confusions.cancel(_key(stores, query))


def _tab(query: Parameters) -> str:
    tab = query.get("tab", "confusions")
    if tab not in TABS:
        raise QueryError(f'there is no tab "{tab[:40]}"; there are {", ".join(TABS)}')
    return tab


def _about(found: Confusions, chosen: Any) -> str:
    """What was counted, in words, with every base."""
    told = []
    for name, counts in found.counts.items():
        rate = f", WER {percent(counts.rate)}" if counts.rate is not None else ""
        kinds = f"{count(counts.substitutions)} S, {count(counts.deletions)} D, {count(counts.insertions)} I"
        told.append(f"{name}: {count(counts.errors)} errors ({kinds}) in {count(counts.length)} words{rate}")
    both = "both systems were" if len(found.systems) == 2 else "it was"
    under = f" Normalizer {chosen.printed}." if chosen else ""
    return f"{'; '.join(told)}. On the {count(found.utterances)} utterances that {both} scored on.{under}"


def _tabs(found: Confusions, query: Parameters, chosen: str) -> Component:
    items = []
    for tab, title in TITLES.items():
        href = query.only(SHARED).replaced(tab=None if tab == "confusions" else tab).href(PATH)
        number = html.Span(count(found.lists[tab].size), className="badge-soft")
        link = dcc.Link([title, " ", number], href=href, className=f"nav-link{' active' if tab == chosen else ''}")
        items.append(html.Li(link, className="nav-item", **attributes(aria_current="page") if tab == chosen else {}))
    return html.Ul(items, className="nav nav-tabs tabs", **attributes(aria_label="Kinds of errors"))


def _shortcuts(found: Confusions, query: Parameters) -> list[Component]:
    """Orders that answer a question."""
    if len(found.systems) < 2:
        return []
    rest = query.only((*SHARED, "tab"))
    chosen = listing_grid.view_of(query, PREFIX).sort
    orders = {"Most added": Sort("change", descending=True), "Most removed": Sort("change")}
    return [
        dcc.Link(
            label,
            href=rest.plus(listing_grid.written(Query(sort=(order,)), PREFIX)).href(PATH),
            className=f"btn btn-secondary{' active' if chosen == (order,) else ''}",
            title=f"What {found.systems[1]} does more often, or less often, than {found.systems[0]} comes first",
        )
        for label, order in orders.items()
    ]


@dataclass(frozen=True, slots=True)
class _Errors:
    """What the grid lists: a listing_grid.Source."""

    stores: Any

    def found(self, parameters: Parameters) -> Confusions:
        found = find(self.stores, parameters)
        if isinstance(found, Making):
            raise QueryError("the errors are being counted again; try again in a moment")
        return found

    def listing(self, parameters: Parameters) -> Listing:
        return self.found(parameters).lists[_tab(parameters)]

    def page(self, parameters: Parameters, shown: Listing, view: Query, start: int, stop: int) -> list[dict[str, Any]]:
        found = self.found(parameters)
        rows = shown.rows(view)[max(0, start) : max(0, stop)]
        place = parameters.only(PLACE).replaced(corpus=self.stores.corpus(parameters).name)
        return [
            entry | {"row": int(row), "said": entry["edit"]} | _links(found, place, entry)
            for row, entry in zip(rows, shown.values(rows, shown.content.column_names), strict=True)
        ]

    def things(self, parameters: Parameters) -> str:
        return THINGS[_tab(parameters)]

    def export(self, parameters: Parameters, view: Query) -> Component:
        address = parameters.only((*SHARED, "tab")).plus(listing_grid.written(view, PREFIX))
        return listing_grid.export_link(address, "/export/errors.csv", f"{_tab(parameters)}.csv")

    def opened(self, parameters: Parameters, said: str, href: str) -> str:
        """The first utterance of a link, at the edit."""
        path, _, search = href.partition("?")
        address = Parameters.of(search)
        corpus = self.stores.corpus(address)
        query = Query.from_pairs(address.pairs)
        first = corpus.page(query, 0, 1, ())
        if not first:
            return href
        utterance = corpus.utterance(first[0]["id"])
        chosen = normalizer_of(corpus)
        system = address.get("of", "")
        lanes = self.stores.lanes(corpus, utterance)
        time = None if chosen is None else time_of_edit(utterance, system, said, lanes, chosen)
        address = address.without(("of",)).replaced(u=utterance.id)
        return (address if time is None else address.replaced(t=f"{time:.3f}")).href(path)


def _links(found: Confusions, place: Parameters, entry: Mapping[str, Any]) -> dict[str, str]:
    """Where the numbers of a line lead: to the rows that were counted, with the edit."""

    def href(system: str, without: str = "") -> str:
        query = utterances_with(entry["edit"], system=system, without=without)
        pairs = Query((*found.rows.filters, *query.filters), (), found.rows.search, found.rows.where).pairs()
        return place.plus(pairs).replaced(of=system).href("/utterances")

    first, second = found.systems[0], found.systems[-1]
    links = {f"link:count_{name}": href(name) for name in found.systems if entry[f"count_{name}"]}
    links |= dict.fromkeys(("link:word", "link:heard"), href(first if entry[f"count_{first}"] else second))
    if first != second:
        links |= {"link:gained": href(second, first)} if entry["gained"] else {}
        links |= {"link:lost": href(first, second)} if entry["lost"] else {}
    return links


def register(app: Dash, stores: Any) -> None:
    """Attach the grid, the waiting, and the download."""
    source = _Errors(stores)
    listing_grid.register(app, "errors", source)
    waiting.register(app, "errors", stores, find, _cancel)

    @app.server.get("/export/errors.csv", endpoint="export_errors")
    def download() -> Response:
        def rows(query: Parameters) -> Iterable[bytes]:
            return listing_grid.spread(ready(find(stores, query)).lists[_tab(query)], query, PREFIX)

        tab = request.args.get("tab")
        return attachment(f"{tab if tab in TABS else 'confusions'}.csv", "text/csv", rows)
