"""Systems side by side on the same utterances: rates with intervals, differences from a baseline, how sure they are.

The address says everything: ``baseline=``, ``system=`` (several; none means all), ``by=`` (the column that is resampled
whole) and ``rows=own`` (each system on what it was scored on), beside the filter of the utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from evaluator.comparison import Comparison, Standing, compare, own_standings
from evaluator.comparison_report import (
    as_csv,
    as_json,
    as_latex,
    as_markdown,
    caption,
    p_value,
    points,
    sentence,
    span,
)
from evaluator.comparison_store import Making
from evaluator.metrics import METRICS
from evaluator.score_columns import normalizer_of, scored_systems
from explorer.components.cards import attributes, help_mark, icon, state
from explorer.components.shell import parameter_select
from explorer.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.formatting import EMPTY, count, percent
from explorer.parameters import PLACE, VIEW, Parameters
from explorer.query import Query

PATH = "/compare"
TITLE = "Compare"
POLL_MS = 1000
UTTERANCES = "-"
"""The value of ``by`` that resamples utterances: no column is meant."""

OWN = (*PLACE, *VIEW, "baseline", "system", "by", "rows")
EXPORTS: dict[str, tuple[str, str, Callable[[Comparison], str]]] = {
    "csv": ("CSV", "text/csv", as_csv),
    "md": ("Markdown", "text/markdown", as_markdown),
    "tex": ("LaTeX", "application/x-tex", as_latex),
    "json": ("JSON", "application/json", as_json),
}
HELP = {
    "System": "What recognized: a field pred_text_NAME of the manifest, a joined file, or a run.",
    "WER": METRICS["wer"].help,
    "95 %": "Where the WER lies with 95 % probability, had other utterances of the same kind been drawn (bootstrap). "
    "The bar shows it on one scale for all systems, the mark is the WER itself.",
    "CER": METRICS["cer"].help,
    "S": METRICS["substitution_rate"].help,
    "D": METRICS["deletion_rate"].help,
    "I": METRICS["insertion_rate"].help,
    "Difference": "WER minus the baseline's WER on the same utterances, in percentage points, with its 95 % interval "
    "(paired bootstrap). Negative is better.",
    "p": "Matched pairs sentence segment word error test (MAPSSWE), two-sided, with Holm's correction for testing "
    "several systems: how often luck alone would make a difference this large between equally good systems.",
    "Win / tie / loss": "Utterances with fewer, as many, and more errors than the baseline's.",
}


def layout(stores: Any, query: Parameters) -> Component:
    """Controls and the standings for what the address asks; how to get systems where there are too few."""
    corpus = stores.corpus(query)
    known = scored_systems(corpus)
    head = html.Div(
        [
            html.Div([html.H1("Compare"), html.P(_about(corpus, query))]),
            html.Div(_downloads(query), className="page-actions") if len(known) > 1 else None,
        ],
        className="page-head",
    )
    if len(known) < 2:
        return html.Div([head, _too_few(stores, corpus, query)], className="page")
    body, pending = _body(stores, query)
    return html.Div(
        [
            head,
            _controls(corpus, query),
            html.Div(body, id="compare-body"),
            dcc.Interval(id="compare-tick", interval=POLL_MS, disabled=not pending),
        ],
        className="page",
    )


def _about(corpus: Corpus, query: Parameters) -> str:
    wanted = Query.from_pairs(query.pairs)
    return f"{wanted.sentence(corpus)} of {corpus.name}." if wanted.selects else f"All utterances of {corpus.name}."


def _too_few(stores: Any, corpus: Corpus, query: Parameters) -> Component:
    scoring = len(corpus.systems) > 1
    title = "Systems are being scored" if scoring else "There is nothing to compare yet"
    text = (
        "Come back in a moment: the overview shows how far it is."
        if scoring
        else "A comparison needs two systems: fields pred_text_NAME of the manifest, joined files, or runs made here."
    )
    runs = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"], href=query.only(PLACE).href("/runs"), className="btn btn-primary"
    )
    return html.Div(state("bi-bar-chart-steps", title, text, actions=[] if scoring else [runs]), className="panel")


def _downloads(query: Parameters) -> list[Component]:
    place = query.only(OWN)
    return [
        html.A(
            [icon("bi-download"), label],
            href=place.href(f"/export/compare.{ending}"),
            className="btn btn-secondary",
            download=f"comparison.{ending}",
        )
        for ending, (label, _, _) in EXPORTS.items()
    ]


def _blocks(query: Parameters) -> str | None:
    named = query.get("by", UTTERANCES)
    return None if named == UTTERANCES else named


def _systems(query: Parameters) -> tuple[str, ...]:
    return tuple(value for name, value in query.pairs if name == "system")


def _controls(corpus: Corpus, query: Parameters) -> Component:
    """Chips to choose systems, the baseline, what is resampled, and which utterances count."""
    known, chosen = scored_systems(corpus), _systems(query)
    shown = [name for name in known if name in chosen] or list(known)
    rest = query.only(OWN)
    chips = []
    for name in known:
        on = name in shown
        kept = [one for one in shown if one != name] if on else [one for one in known if one in shown or one == name]
        pairs = [("system", one) for one in kept] if len(kept) < len(known) else []
        target = rest.without(("system",)).plus(pairs) if kept else rest
        chips.append(
            dcc.Link(
                [icon("bi-check-square" if on else "bi-square"), name],
                href=target.href(PATH),
                className="chip on" if on else "chip",
                title=f"{'Leave out' if on else 'Add'} {name}",
            )
        )
    baseline = query.get("baseline") or shown[0]
    own = query.get("rows") == "own"
    switch = dcc.Link(
        [icon("bi-toggle-on" if own else "bi-toggle-off"), "each system on its own utterances"],
        href=rest.replaced(rows=None if own else "own").href(PATH),
        className="chip on" if own else "chip",
        title="Rates over all that each system was scored on; they may be different utterances and are not compared.",
    )
    return html.Div(
        [
            html.Div([html.Span("Systems", className="control-label"), *chips], className="chips"),
            html.Div(
                [
                    parameter_select(
                        "baseline",
                        "Baseline",
                        [(name, name) for name in shown],
                        baseline,
                        help_text="What every other system is compared with.",
                    ),
                    parameter_select(
                        "by",
                        "Resample",
                        [
                            (UTTERANCES, "utterances"),
                            *((name, f"whole {label}") for name, label in _block_columns(corpus)),
                        ],
                        query.get("by", UTTERANCES),
                        help_text="Utterances of one speaker (or session) are not independent; resampling whole "
                        "speakers gives honest, usually wider, intervals.",
                    ),
                    switch,
                ],
                className="chips",
            ),
        ],
        className="panel compare-controls",
    )


def _block_columns(corpus: Corpus) -> list[tuple[str, str]]:
    """Columns whose values may hold utterances together: the manifest's own texts but the spoken ones."""
    spoken = {"audio", "reference"}
    return [
        (column.name, column.label)
        for column in corpus.columns
        if column.origin == "manifest" and column.kind == "text" and not column.system and column.name not in spoken
    ]


def _ask(stores: Any, query: Parameters) -> Comparison | Making:
    corpus = stores.corpus(query)
    wanted = Query.from_pairs(query.pairs)
    key = _key(corpus, query)

    def make(tell: Callable[[int, int], None]) -> Comparison:
        return compare(
            corpus,
            wanted,
            systems=_systems(query),
            baseline=query.get("baseline", ""),
            blocks=_blocks(query),
            progress=tell,
        )

    found: Comparison | Making = stores.standings.get(key, make)
    return found


def _key(corpus: Corpus, query: Parameters) -> tuple[Any, ...]:
    return (corpus.key, query.only(OWN).without(("corpus", "rows")).pairs)


def _body(stores: Any, query: Parameters) -> tuple[Component, bool]:
    """The standings, or how far they are; and whether to ask again."""
    found = _ask(stores, query)
    if isinstance(found, Making):
        share = found.done / found.total if found.total else 0.0
        bar = html.Div(html.Div(className="progress-bar", style={"width": f"{share:.0%}"}), className="progress")
        text = f"Comparing: {found.done} of {found.total or '?'} systems"
        cancel = html.Button("Cancel", id="compare-cancel", type="button", className="btn btn-secondary", n_clicks=0)
        waiting = html.Div([html.Span(text), bar, cancel], className="rates-wait", role="status")
        return html.Div(waiting, className="panel"), True
    if query.get("rows") == "own":
        corpus = stores.corpus(query)
        names = [row.system for row in found.standings]
        rows = own_standings(corpus, Query.from_pairs(query.pairs), names, blocks=_blocks(query))
        return _own_panel(rows, corpus), False
    if not found.common:
        lacking = ", ".join(f"{name} lacks {count(number)}" for name, number in found.lacking.items() if number)
        text = f"Of {count(found.selected)} utterances none was scored for every system ({lacking}). Leave some out."
        return html.Div(state("bi-intersect", "No utterance in common", text), className="panel"), False
    return _panel(found), False


def _panel(found: Comparison) -> Component:
    told = [html.Li(sentence(row, found)) for row in found.standings if row.system != found.baseline]
    left_out = {name: number for name, number in found.lacking.items() if number}
    note = (
        f" Left out because a system was not scored on them: "
        f"{', '.join(f'{count(number)} ({name})' for name, number in left_out.items())}."
        if left_out
        else ""
    )
    return html.Div(
        [
            _table(found.standings, list(HELP), found.baseline),
            html.Ul(told, className="compare-told"),
            html.P(caption(found) + note, className="rates-key"),
        ],
        className="panel",
        id="compare-standings",
    )


def _own_panel(rows: Sequence[Standing], corpus: Corpus) -> Component:
    chosen = normalizer_of(corpus)
    used = f"Normalizer {chosen.name} version {chosen.version}. " if chosen else ""
    bases = ", ".join(f"{row.system}: {count(row.utterances)} utterances" for row in rows)
    text = f"{used}Each system on all it was scored on ({bases}): these rates are not compared with each other."
    return html.Div(
        [_table(rows, list(HELP)[:7], ""), html.P(text, className="rates-key")],
        className="panel",
        id="compare-standings",
    )


def _table(rows: Sequence[Standing], columns: Sequence[str], baseline: str) -> Component:
    ends = [end for row in rows if row.interval for end in (row.interval.low, row.interval.high)]
    scale = (min(ends), max(ends)) if ends else (0.0, 1.0)
    head = [
        html.Th([name, help_mark(HELP[name])], scope="col", className="" if name == "System" else "num")
        for name in columns
    ]
    body = [html.Tr(_cells(row, columns, baseline, scale)) for row in rows]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="plain rates compare")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Standings"))


def _cells(row: Standing, columns: Sequence[str], baseline: str, scale: tuple[float, float]) -> list[Component]:
    words = row.counts.words
    found = row.difference
    rates = {label: METRICS[name].value(row.counts) for label, name in _RATE_COLUMNS.items()}
    base = f"of {count(words.length)} words, {count(row.utterances)} utterances"
    cells: dict[str, Component] = {
        "System": html.Td(
            [row.system, html.Span("baseline", className="badge-soft") if row.system == baseline else None],
            className="system",
            title=row.system,
        ),
        "95 %": html.Td([_whisker(row, scale), html.Span(span(row.interval))], className="num whiskered"),
        "Difference": html.Td(
            EMPTY if found is None else [html.B(points(found.delta)), f" ({span(found.interval, signed=True)})"],
            className="num",
        ),
        "p": html.Td(p_value(row.p_holm).removeprefix("= "), className="num", title=_tests(row)),
        "Win / tie / loss": html.Td(_outcomes(row), className="num"),
        **{
            label: html.Td(EMPTY if rate is None else percent(rate), className="num", title=base)
            for label, rate in rates.items()
        },
    }
    return [cells[name] for name in columns]


def _outcomes(row: Standing) -> str:
    if row.wins is None or row.ties is None or row.losses is None:
        return EMPTY
    return " / ".join(map(count, (row.wins, row.ties, row.losses)))


_RATE_COLUMNS = {"WER": "wer", "CER": "cer", "S": "substitution_rate", "D": "deletion_rate", "I": "insertion_rate"}


def _tests(row: Standing) -> str:
    """The other tests of the same question, on hover."""
    if row.difference is None:
        return ""
    pairs = row.pairs
    parts = [f"p of the paired bootstrap {p_value(row.difference.p_bootstrap)}"]
    parts += (
        [f"MAPSSWE uncorrected {p_value(pairs.p)}, Z = {pairs.z:.3f}, {count(pairs.segments)} segments"]
        if pairs
        else []
    )
    parts += [f"Wilcoxon signed rank {p_value(row.p_wilcoxon)}"] if row.p_wilcoxon is not None else []
    return "; ".join(parts)


def _whisker(row: Standing, scale: tuple[float, float]) -> Component | None:
    """The interval as a bar on the scale of all systems, the rate as a mark on it."""
    if row.interval is None or row.wer is None or scale[1] <= scale[0]:
        return None
    left, right, mark = (_place(end, scale) for end in (row.interval.low, row.interval.high, row.wer))
    return html.Span(
        [
            html.I(className="whisker-bar", style={"left": f"{left:.2f}%", "width": f"{max(0.6, right - left):.2f}%"}),
            html.I(className="whisker-mark", style={"left": f"{mark:.2f}%"}),
        ],
        className="whisker",
        **attributes(aria_hidden="true"),
    )


def _place(value: float, scale: tuple[float, float]) -> float:
    return 100 * min(1.0, max(0.0, (value - scale[0]) / (scale[1] - scale[0])))


def register(app: Dash, stores: Any) -> None:
    """Ask again until a comparison is made; cancel it; and the downloads."""

    @app.callback(
        Output("compare-body", "children"),
        Output("compare-tick", "disabled"),
        Input("compare-tick", "n_intervals"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_ticks: int | None, search: str | None) -> tuple[Any, Any]:
        body, pending = _body(stores, Parameters.of(search))
        return body, not pending

    @app.callback(
        Output("compare-body", "children", allow_duplicate=True),
        Output("compare-tick", "disabled", allow_duplicate=True),
        Input("compare-cancel", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        query = Parameters.of(search)
        stores.standings.cancel(_key(stores.corpus(query), query))
        again = dcc.Link("Compare after all", href=query.href(PATH), className="btn btn-primary", refresh=True)
        return html.Div(
            state("bi-x-circle", "Cancelled", "Nothing was compared.", actions=[again]), className="panel"
        ), True

    @app.server.get("/export/compare.<any(csv,md,tex,json):ending>", endpoint="export_compare")
    def download(ending: str) -> Response:
        query = Parameters(tuple(request.args.items(multi=True)))
        try:
            found = _ask(stores, query)
            while isinstance(found, Making):
                found = _ask(stores, query)
        except SpeechDataError as error:
            return Response(orjson.dumps({"error": str(error)}), status=400, mimetype="application/json")
        _, media_type, write = EXPORTS[ending]
        answer = Response(write(found), mimetype=media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="comparison.{ending}"'
        return answer
