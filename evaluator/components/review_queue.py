"""The signals of the review queue: what each looks for and found, its weight, and how far the ranking is.

A part of the review page: ``queue_panel`` stands above its list, ``register`` keeps the progress moving. Weights are
links, so a queue is an address (``signals=vote:2,cer:0``) and needs no mouse and no script.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import strength_column
from evaluator.suspicion.queue import has_suspicion
from evaluator.suspicion.ranking import PARAMETER, Choice
from evaluator.suspicion.store import SuspicionProgress
from explorer.components.cards import attributes, help_mark, icon
from explorer.corpora.corpus import Corpus
from explorer.formatting import count
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Test

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/review"
POLL_MS = 1000
STEPS = ((0.0, "off"), (0.5, "½"), (1.0, "1"), (2.0, "2"), (4.0, "4"))
HELP = (
    "What makes an utterance suspicious. Each signal finds a strength between 0 and 1 and says why; the score puts "
    "them together by their weights: 0 switches a signal off, 2 counts it twice."
)


def queue_panel(stores: EvaluatorStores, query: Parameters) -> Component:
    """The signals of the corpus of the address, folded away; ranking begins now if it has not yet."""
    _begin(stores, query)
    body, pending = _body(stores, query)
    return html.Div(
        [
            html.Div(body, id="review-queue-body"),
            dcc.Interval(id="review-queue-tick", interval=POLL_MS, disabled=not pending),
        ],
        id="review-queue",
        className="review-queue",
    )


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Follow the ranking, give it up, and begin it again."""

    @app.callback(
        Output("review-queue-body", "children"),
        Output("review-queue-tick", "disabled"),
        Input("review-queue-tick", "n_intervals"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def look(_ticks: int | None, search: str | None) -> tuple[Any, Any]:
        query = Parameters.of(search)
        _begin(stores, query)
        body, pending = _body(stores, query, ready=query.without(("u",)).href(PATH))
        return body, not pending

    @app.callback(
        Output("review-queue-body", "children", allow_duplicate=True),
        Output("review-queue-tick", "disabled", allow_duplicate=True),
        Input("review-queue-cancel", "n_clicks"),
        Input("review-queue-again", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def press(cancelled: int | None, again: int | None, search: str | None) -> tuple[Any, Any]:
        if not (cancelled or again):
            return no_update, no_update
        query = Parameters.of(search)
        corpus = stores.scored(query)
        act = stores.suspicions.cancel if ctx.triggered_id == "review-queue-cancel" else stores.suspicions.again
        act(corpus)
        return _body(stores, query)[0], False


def _begin(stores: EvaluatorStores, query: Parameters) -> None:
    """Have the signals made, once everything is scored that can be."""
    corpus = stores.scored(query)
    if corpus.complete and not _scoring(stores, query, corpus):
        stores.suspicions.begin(corpus)


def _scoring(stores: EvaluatorStores, query: Parameters, corpus: Corpus) -> bool:
    working = stores.scores.progress(corpus, stores.chosen_normalizer(query))
    return working is not None and not working.failure


def _body(stores: EvaluatorStores, query: Parameters, *, ready: str | None = None) -> tuple[list[Component], bool]:
    """What there is to say, and whether to look again; ``ready`` is where to go once the ranking is there."""
    base = stores.scored(query)
    now = stores.suspicions.progress(base)
    scoring = not base.complete or _scoring(stores, query, base)
    waiting = scoring or (now is not None and not now.failure)
    corpus = stores.corpus(query)
    note = _note(now, scoring=scoring, ready=ready if has_suspicion(corpus) else None)
    return [note, _signals(corpus, query, stores.suspicions.lacking(base))], waiting


def _note(now: SuspicionProgress | None, *, scoring: bool, ready: str | None) -> Component:
    """How far the ranking is, with the buttons that a callback looks at, shown or not; ``ready`` is where it is."""
    working = now is not None and not now.failure and not scoring
    failed = now is not None and bool(now.failure) and not scoring
    parts: list[Component | None] = []
    if scoring:
        parts = [html.Span("Ranking begins when the corpus is loaded and scored.")]
    elif now is not None and now.failure:
        parts = [html.Span(now.failure)]
    elif now is not None:
        share = now.done / now.total if now.total else 0.0
        bar = html.Div(className="progress-bar", style={"width": f"{share:.0%}"})
        parts = [
            html.Span(f"Ranking: {count(now.done)} of {count(now.total)} utterances"),
            html.Div(bar, className="progress"),
        ]
    elif ready is not None:
        link = html.A("Show the queue", href=ready, className="btn btn-primary btn-sm")
        parts = [html.Span("The utterances are ranked."), link]
    again = "Rank after all" if now is not None and now.cancelled else "Try again"
    parts += [
        _button("cancel", "Cancel", shown=working),
        _button("again", again, shown=failed),
    ]
    shown = scoring or now is not None or ready is not None
    return html.Div(parts, className="review-queue-note", role="alert" if failed else "status", hidden=not shown)


def _button(name: str, text: str, *, shown: bool) -> Component:
    return html.Button(
        text,
        id=f"review-queue-{name}",
        type="button",
        n_clicks=0,
        hidden=not shown,
        className="btn btn-secondary btn-sm",
    )


def _signals(corpus: Corpus, query: Parameters, lacking: Mapping[str, str]) -> Component:
    choice = Choice.of(query.get(PARAMETER))
    on = choice.switched_on(name for name in SIGNALS if name not in lacking)
    ranked = has_suspicion(corpus)
    head = f"{len(on)} of {len(SIGNALS)} signals rank this list" if ranked else "Signals"
    rows = [
        _unavailable(name, lacking[name]) if name in lacking else _signal(corpus, query, choice, name, ranked=ranked)
        for name in sorted(SIGNALS, key=lambda name: name in lacking)
    ]
    usual = dcc.Link(
        "Usual weights", href=query.replaced(**{PARAMETER: ""}).href(PATH), className="btn btn-secondary btn-sm"
    )
    return html.Details(
        [
            html.Summary([icon("bi-sliders"), html.Span(head)]),
            html.Div(
                [
                    html.Div([html.Span("Weights", className="control-label"), help_mark(HELP, place="at-start")]),
                    html.Ul(rows, className="review-signals"),
                    usual if choice.weights else None,
                ],
                className="review-queue-signals",
            ),
        ],
        open=PARAMETER in query,  # so whoever changes weights sees them until the address forgets them
    )


def _signal(corpus: Corpus, query: Parameters, choice: Choice, name: str, *, ranked: bool) -> Component:
    signal = SIGNALS[name]
    weight = choice.weight(name)
    steps = STEPS if weight in dict(STEPS) else tuple(sorted((*STEPS, (weight, f"{weight:g}"))))
    links = [
        html.B(text, className="on", **attributes(aria_current="true"))
        if step == weight
        else dcc.Link(
            text,
            href=query.replaced(**{PARAMETER: str(choice.replaced(name, step))}).href(PATH),
            title=f"{signal.title}: {f'weight {step:g}' if step else 'switch off'}",
        )
        for step, text in steps
    ]
    found = _found(corpus, query, name) if ranked else None
    return html.Li(
        [
            html.Div([html.Span(signal.title), help_mark(signal.help), found], className="review-signal-head"),
            html.Div(links, className="review-weights", role="group", **attributes(aria_label=signal.title)),
        ],
        className="" if weight else "off",
    )


def _found(corpus: Corpus, query: Parameters, name: str) -> Component:
    """How many utterances the signal is about, as a link to them in the table."""
    where = Query(filters=(Filter(strength_column(name), (Test("gt", 0),)),))
    number = corpus.extent(where).utterances
    place = query.only(("corpus", "normalizer", PARAMETER))
    if not number:
        return html.Span("0", className="badge-soft", title="No utterance shows it")
    address = place.plus([*where.pairs(), ("sort", f"-{strength_column(name)}")]).href("/utterances")
    return dcc.Link(count(number), href=address, className="badge-soft", title="Show these utterances in the table")


def _unavailable(name: str, reason: str) -> Component:
    return html.Li(
        [
            html.Div([html.Span(SIGNALS[name].title), help_mark(SIGNALS[name].help)], className="review-signal-head"),
            html.Div(["not here: ", reason], className="muted"),
        ],
        className="lacking",
    )
