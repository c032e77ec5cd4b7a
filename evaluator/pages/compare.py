"""Systems side by side on the same utterances: rates with intervals, differences from a baseline, how sure they are.

The address says everything: ``baseline=``, ``system=`` (several; none means all), ``by=`` (the column that is resampled
whole), ``rows=own`` (each system on what it was scored on), ``order=`` (the column that sorts) and
``columns=all``, beside the filter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from dash import Dash, dcc, html
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing import comparison_report, own_report
from evaluator.comparing.comparison import Comparison, Standing, own_standings
from evaluator.comparing.comparison_columns import in_order, ordered
from evaluator.comparing.comparison_report import caption, sentence
from evaluator.comparison_store import Making, Tell
from evaluator.components import standings, waiting
from evaluator.components.compare_controls import blocks_of, compare_controls, systems_of
from evaluator.components.compare_head import SHARED, compare_head, nothing_to_compare
from evaluator.components.compare_table import COLUMNS, ORDER, standings_table
from evaluator.components.downloads import attachment, ready
from evaluator.components.flag_section import flag_section
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from explorer.components.cards import icon, state
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, counted
from explorer.querying.parameters import VIEW, Parameters
from explorer.querying.query import Query

PATH = "/compare"
TITLE = "Compare"

TAB = "Leaderboard"
CARRIED = SHARED
OWN = (*SHARED, "rows", ORDER, COLUMNS)
EXPORTS: dict[str, tuple[str, str, Callable[[Comparison], str], Callable[[own_report.OwnRates], str]]] = {
    "csv": ("CSV", "text/csv", comparison_report.as_csv, own_report.as_csv),
    "md": ("Markdown", "text/markdown", comparison_report.as_markdown, own_report.as_markdown),
    "tex": ("LaTeX", "application/x-tex", comparison_report.as_latex, own_report.as_latex),
    "json": ("JSON", "application/json", comparison_report.as_json, own_report.as_json),
}


def layout(stores: Any, query: Parameters) -> Component:
    """Controls and the standings for what the address asks; how to get systems where there are none."""
    corpus = stores.corpus(query)
    head = compare_head(corpus, query)
    if not scored_systems(corpus):
        return html.Div([head, nothing_to_compare(corpus, query)], className="page")
    controls = compare_controls(PATH, corpus, query.only(OWN), more=[_switch(query), _columns(query)])
    return html.Div([head, controls, _body(stores, corpus, query)], className="page")


def _switch(query: Parameters) -> Component:
    """The switch between the utterances in common and each system's own."""
    own = query.get("rows") == "own"
    return dcc.Link(
        [icon("bi-toggle-on" if own else "bi-toggle-off"), "each system on its own utterances"],
        href=query.only(OWN).replaced(rows=None if own else "own").href(PATH),
        className="chip on" if own else "chip",
        title="Rates over all that each system was scored on; they may be different utterances and are not compared.",
    )


def _columns(query: Parameters) -> Component:
    """The switch between the columns that fit on a laptop and all of them."""
    every = query.get(COLUMNS) == "all"
    return dcc.Link(
        [icon("bi-toggle-on" if every else "bi-toggle-off"), "more columns"],
        href=query.only(OWN).replaced(**{COLUMNS: None if every else "all"}).href(PATH),
        className="chip on" if every else "chip",
        title="WMR, MWA, punctuation and capitals, words, and the probability of improvement; CSV, Markdown and JSON "
        "have them all.",
    )


def find(stores: Any, query: Parameters) -> Comparison | tuple[Standing, ...] | Making:
    """The comparison of the address, or with ``rows=own`` the standings of each system alone; or how far they are."""
    return _ask_own(stores, query) if query.get("rows") == "own" else standings.ask(stores, query)


def _ask_own(stores: Any, query: Parameters) -> tuple[Standing, ...] | Making:
    found: tuple[Standing, ...] | Making = stores.own_standings.get(*_own_asked(stores, query))
    return found


def _own_asked(stores: Any, query: Parameters) -> tuple[Hashable, Callable[[Tell], tuple[Standing, ...]]]:
    """What standings on own rows depend on, and what makes them."""
    corpus = stores.corpus(query)

    def make(tell: Tell) -> tuple[Standing, ...]:
        names = systems_of(query) or scored_systems(corpus)
        asked = Query.from_pairs(query.pairs)
        return own_standings(corpus, asked, names, blocks=blocks_of(query), means=stores.means(corpus), progress=tell)

    return standings.key(stores, query), make


def _body(stores: Any, corpus: Corpus, query: Parameters) -> Component:
    """What was found, how far it is, or why there is nothing to compare."""
    found = find(stores, query)
    if isinstance(found, Making):
        return waiting.waiting("compare", found)
    if isinstance(found, tuple):
        return _own(found, corpus, query)
    if not found.selected:
        whole = dcc.Link("Show all rows", href=query.without(VIEW).href(PATH), className="btn btn-primary")
        told = state("bi-funnel", "Nothing to compare", "The filter matches no utterance.", actions=[whole])
        return html.Div(told, className="panel")
    if not found.common:
        lacking = ", ".join(f"{name} lacks {count(number)}" for name, number in found.lacking.items() if number)
        because = f" ({lacking}). Leave some out." if lacking else "."
        text = f"Of {counted(found.selected, 'utterance')} none was scored for every system{because}"
        return html.Div(state("bi-intersect", "No utterance in common", text), className="panel")
    if any(found.lacking.values()):  # resampled system by system, a second or two for ten: before somebody clicks
        stores.own_standings.begin(*_own_asked(stores, query))
    flags = flag_section(corpus, query, [row.system for row in found.standings])
    return html.Div([_panel(found, query), flags])


def _panel(found: Comparison, query: Parameters) -> Component:
    told = [html.Li(sentence(row, found)) for row in found.standings if row.system != found.baseline]
    left_out = [f"{count(number)} ({name})" for name, number in found.lacking.items() if number]
    note = f" Left out because a system was not scored on them: {', '.join(left_out)}." if left_out else ""
    return html.Div(
        [
            standings_table(PATH, found.standings, query.only(OWN), found),
            html.Ul(told, className="compare-told") if told else None,
            html.P(caption(found) + note, className="rates-key"),
            _downloads(query),
        ],
        className="panel",
        id="compare-standings",
    )


def _downloads(query: Parameters) -> Component:
    place = query.only(OWN)
    links = [
        html.A(
            [icon("bi-download"), label],
            href=place.href(f"/export/compare.{ending}"),
            className="btn btn-secondary",
            download=f"comparison.{ending}",
        )
        for ending, (label, *_) in EXPORTS.items()
    ]
    return html.Div([html.Span("Download", className="control-label"), *links], className="compare-downloads")


def _own(rows: tuple[Standing, ...], corpus: Corpus, query: Parameters) -> Component:
    told = own_report.caption(_rates(rows, corpus, query))
    table = standings_table(PATH, rows, query.only(OWN), None)
    return html.Div(
        [table, html.P(told, className="rates-key"), _downloads(query)], className="panel", id="compare-standings"
    )


def _rates(rows: tuple[Standing, ...], corpus: Corpus, query: Parameters) -> own_report.OwnRates:
    chosen = normalizer_of(corpus)
    assert chosen is not None  # there are standings
    return own_report.OwnRates(normalizer=chosen, standings=rows, blocks=blocks_of(query))


def _cancel(stores: Any, query: Parameters) -> None:
    store = stores.own_standings if query.get("rows") == "own" else stores.standings
    store.cancel(standings.key(stores, query))


def register(app: Dash, stores: Any) -> None:
    """Waiting for a comparison, and the downloads."""
    waiting.register(app, "compare", stores, find, _cancel)

    @app.server.get("/export/compare.<any(csv,md,tex,json):ending>", endpoint="export_compare")
    def download(ending: str) -> Response:
        _, media_type, write, write_own = EXPORTS[ending]

        def written(query: Parameters) -> str:
            order = query.get(ORDER, "")
            if query.get("rows") == "own":
                rows = ordered(ready(_ask_own(stores, query)), order)
                return write_own(_rates(rows, stores.corpus(query), query))
            return write(in_order(ready(standings.ask(stores, query)), order))

        return attachment(f"comparison.{ending}", media_type, written)
