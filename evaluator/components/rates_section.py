"""The error rates of every system on the overview: one row a system, sums over the utterances of the query.

Every number explains itself, stands beside its base, and belongs to a named version of a normalizer. A click on a WER
opens the utterances sorted by it, a click on a reason those that were not scored for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.speed import Speed
from evaluator.components.normalizer_warning import PATH as RULES
from evaluator.components.normalizer_warning import normalizer_warning
from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.counting import EMPTY_REFERENCE
from evaluator.scoring.metrics import METRICS, Metric, SystemCounts
from evaluator.scoring.score_columns import normalizer_of
from evaluator.scoring.scores import ScoringProgress, SystemScore, pooled
from explorer.components.cards import attributes, help_mark, icon, state
from explorer.corpora.corpus import Corpus
from explorer.formatting import EMPTY, count, decimal, percent
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Sort, Test

LETTERS = {"substitution_rate": "substitute", "deletion_rate": "delete", "insertion_rate": "insert"}
NUMBERS = {
    "Words": "Words of the references that were scored, after normalization.",
    "Scored": "Utterances with a reference and a hypothesis, of all utterances.",
    "Left out": "Utterances that are in no number of this row, by reason; and those scored without a rate of their own "
    "because their reference is empty (their insertions count).",
}


def rates_section(stores: Any, corpus: Corpus, query: Query) -> Component | None:
    """Error rates of all systems on the rows of ``query``; how to get some when there are none."""
    chosen = normalizer_of(corpus)
    head = [html.H2("Error rates"), help_mark("How often each system was wrong, pooled: all errors over all words.")]
    if not corpus.systems:
        return html.Section([html.Div(head, className="section-head"), _nothing(corpus)], className="section")
    found = [pooled(corpus, query, system) for system in corpus.systems]
    scores = [score for score in found if score is not None]
    if chosen is not None:
        rules = dcc.Link("What each rule does", href=_place(corpus, chosen).href(RULES), className="rates-rules")
        head.append(html.P([f"normalizer {chosen.title}, version {chosen.version} ", help_mark(chosen.help), rules]))
    body: list[Component | None] = [
        normalizer_warning(corpus, chosen),
        _waiting(stores, corpus, chosen, len(found) - len(scores)),
    ]
    if chosen is not None and scores:
        known = stores.means(corpus).speeds
        timed = [_timed(score, known.get(score.system)) for score in scores]
        body += [_table(corpus, query, chosen, timed), _key({score.scored for score in scores})]
    surface = html.Div(body, className="panel")
    return html.Section([html.Div(head, className="section-head"), surface], className="section", id="overview-rates")


def _place(corpus: Corpus, chosen: Normalizer) -> Parameters:
    return Parameters((("corpus", corpus.name), ("normalizer", chosen.name)))


def _nothing(corpus: Corpus) -> Component:
    link = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"],
        href=Parameters((("corpus", corpus.name),)).href("/runs"),
        className="btn btn-primary",
    )
    text = (
        "There are no hypotheses: no field pred_text or pred_text_NAME in the manifest, and no run yet. "
        "Transcribe the corpus to see how good a system is on it."
    )
    return html.Div(state("bi-bullseye", "Nothing to score yet", text, actions=[link]), className="panel")


def _waiting(stores: Any, corpus: Corpus, chosen: Normalizer | None, missing: int) -> Component | None:
    """What is going on with the scores that are not there yet."""
    if not missing:
        return None
    if not corpus.complete:
        return html.Div("Systems are scored when the corpus is loaded.", className="rates-wait", role="status")
    progress = next(
        filter(None, (stores.scores.progress(corpus, one) for one in _candidates(stores, chosen))),
        ScoringProgress(0, corpus.size),
    )
    if progress.failure:
        text = f"{progress.failure} It is tried again when you come back in a minute."
        return html.Div([icon("bi-exclamation-triangle"), html.Span(text)], className="rates-wait", role="alert")
    share = progress.done / progress.total if progress.total else 0.0
    systems = "1 system" if missing == 1 else f"{missing} systems"
    text = f"Scoring {systems}: {count(progress.done)} of {count(progress.total)} utterances"
    bar = html.Div(html.Div(className="progress-bar", style={"width": f"{share:.1%}"}), className="progress")
    return html.Div([html.Span(text), bar], className="rates-wait", role="status")


def _candidates(stores: Any, chosen: Normalizer | None) -> list[Normalizer]:
    """The normalizers whose scores may be under way: the one that is laid, else any, the default first."""
    if chosen is not None:
        return [chosen]
    return sorted(stores.normalizers.values(), key=lambda one: one.name != stores.normalizer)


def _timed(score: SystemScore, speed: Speed | None) -> tuple[SystemScore, SystemCounts]:
    """The score, and its counts with the time that the system took."""
    if speed is None:
        return score, score.counts
    return score, speed.timed(score.counts)


def _table(
    corpus: Corpus, query: Query, chosen: Normalizer, scores: Sequence[tuple[SystemScore, SystemCounts]]
) -> Component:
    shown = [metric for metric in METRICS.values() if any(metric.base(counts) is not None for _, counts in scores)]
    comparable = len({score.scored for score, _ in scores}) == 1
    best = {metric.name: _best(metric, [counts for _, counts in scores]) if comparable else None for metric in shown}
    longest = max((_length(counts) for _, counts in scores), default=0.0)
    place = _place(corpus, chosen)
    header = [
        _heading("System", "What recognized: a field pred_text_NAME of the manifest, or a run.", number=False),
        *(_heading(metric.label, f"{metric.title.capitalize()}. {metric.help}") for metric in shown),
        html.Th(html.Abbr("S D I", title="Substitutions, deletions and insertions in proportion, left to right.")),
        *(_heading(name, told, number=name != "Left out") for name, told in NUMBERS.items()),
    ]
    rows = [
        html.Tr(
            [
                html.Td(score.system, className="system", title=score.system),
                *(_value(metric, score, counts, best[metric.name], place, query) for metric in shown),
                html.Td(_bar(counts, longest)),
                html.Td(count(counts.words.length), className="num", **_sorted_by(counts.words.length)),
                html.Td(_share(score), className="num", **_sorted_by(score.scored)),
                html.Td(_reasons(score, place, query), className="excluded"),
            ]
        )
        for score, counts in scores
    ]
    table = html.Table([html.Thead(html.Tr(header)), html.Tbody(rows)], className="plain rates sortable")
    return html.Div(table, className="table-scroll")


def _share(score: SystemScore) -> str:
    return f"{count(score.scored)} of {count(score.utterances)}"


def _heading(label: str, told: str, *, number: bool = True) -> Component:
    button = html.Button(html.Abbr(label, title=told), type="button")
    return html.Th(button, className="num" if number else "", scope="col")


def _sorted_by(value: float | None) -> dict[str, Any]:
    return attributes(data_value="" if value is None else repr(float(value)))


def _value(
    metric: Metric, score: SystemScore, counts: SystemCounts, best: float | None, place: Parameters, query: Query
) -> Component:
    value, base = metric.value(counts), metric.base(counts)
    printed = EMPTY if value is None else percent(value) if metric.style == "percent" else decimal(value)
    told = f"{metric.title}: {printed} of {count(base)} {metric.base_unit}" if base else f"{metric.title}: undefined"
    told = f"{told}. {counts.time_told}" if metric.name == "rtfx" and counts.time_told else told
    names = "num best" if value is not None and value == best else "num"
    shown: Any = printed
    if metric.name in ("wer", "cer") and value is not None:
        worst = replace(query, sort=(Sort(f"{metric.name}_{score.system}", True),))
        shown = dcc.Link(printed, href=place.plus(worst.pairs()).href("/utterances"))
    return html.Td(shown, className=names, title=told, **_sorted_by(value))


def _best(metric: Metric, counts: Sequence[SystemCounts]) -> float | None:
    """The best value among several systems; None for one alone, which is no competition."""
    values = [value for value in map(metric.value, counts) if value is not None]
    if len(values) < 2 or metric.name in LETTERS:
        return None
    return min(values) if metric.better == "lower" else max(values)


def _length(counts: SystemCounts) -> float:
    """How long the bar of a system is: its word error rate."""
    return METRICS["wer"].value(counts) or 0.0


def _bar(counts: SystemCounts, longest: float) -> Component | None:
    """The three kinds of errors side by side, as long as the rate is beside the worst system's."""
    if not longest:
        return None
    parts = [(kind, METRICS[name].value(counts) or 0.0) for name, kind in LETTERS.items()]
    widths = [(kind, f"{100 * part / longest:.2f}%") for kind, part in parts]
    spans = [html.Span(className=f"part-{kind}", style={"width": width}) for kind, width in widths]
    told = ", ".join(f"{METRICS[name].title} {percent(METRICS[name].value(counts))}" for name in LETTERS)
    return html.Div(spans, className="rates-bar", title=told, role="img", **attributes(aria_label=told))


def _reasons(score: SystemScore, place: Parameters, query: Query) -> list[Any]:
    """Why utterances were not scored, or were scored without a rate, each a link to them."""
    reasons = {**score.excluded, **({EMPTY_REFERENCE: score.empty_references} if score.empty_references else {})}
    labels = {EMPTY_REFERENCE: "scored without a rate (empty reference)"}
    links: list[Any] = []
    for reason, number in reasons.items():
        test = Filter(f"scoring_{score.system}", (Test("eq", reason),))
        found = replace(query, filters=(*query.filters, test))
        links += [", "] if links else []
        label = f"{count(number)} {labels.get(reason, reason)}"
        links.append(dcc.Link(label, href=place.plus(found.pairs()).href("/utterances")))
    return links or [html.Span("none", className="muted")]


def _key(scored: set[int]) -> Component:
    parts = [
        html.Span([html.I(className=f"part-{kind}"), f"{METRICS[name].label}: {METRICS[name].title}"])
        for name, kind in LETTERS.items()
    ]
    compared = "Bold is the best system."
    if len(scored) > 1:
        compared = "Systems were scored on different numbers of utterances: their rates cannot be compared as they are."
    note = html.Span(f"{compared} Point at a rate to see what it is divided by.")
    return html.P([*parts, note], className="rates-key")
