"""The parts of the page of corpora side by side: chooser, numbers, drift, words, speakers, duplicates.

Component ids start with "corpora", the page they belong to. Every number that stands for rows or words is a link to
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from explorer import figures
from explorer.comparing import comparison_figures
from explorer.comparing.corpora_comparison import Overlay, Summary, WordOverlap
from explorer.comparing.corpora_view import Choice
from explorer.components.cards import attributes, help_mark, icon, panel
from explorer.formatting import EMPTY, count, hours, percent
from explorer.formatting import value as printed
from explorer.querying.parameters import PLACE
from explorer.querying.query import Filter, Query, Test
from explorer.vocabulary.word_list import OutOfVocabulary

if TYPE_CHECKING:
    pass

SHOWN_SPEAKERS = 60

DRIFT_HELP = (
    "JS: Jensen-Shannon distance of the drawn shares, base 2 (Lin 1991). KS: Kolmogorov-Smirnov statistic, the largest "
    "distance of the cumulative distributions. Both are 0 for the same distribution and 1 for nothing in common."
)


def utterances_of(chosen: Choice, name: str, query: Query) -> str:
    """The address of rows of one of the corpora."""
    place = chosen.parameters.only(PLACE).replaced(corpus=name)
    return place.plus(query.pairs()).href("/utterances")


def chooser(chosen: Choice) -> Component:
    """All open corpora as switches; the first of the chosen ones is what the others are compared with."""
    chips = []
    for name in chosen.open:
        inside = name in chosen.names
        mark = f"line-{chosen.names.index(name)}" if inside else ""
        link = dcc.Link(
            [html.Span(className=f"key {mark}") if inside else icon("bi-plus"), name],
            href=chosen.toggled(name),
            className=f"chip corpus-chip{' chosen' if inside else ''}",
            title=f"Leave {name} out" if inside else f"Compare {name} too",
        )
        chips.append(html.Li(link))
    return html.Ul(chips, className="chips plain-list", **attributes(aria_label="Corpora to compare"))


def key(name: str, number: int) -> Component:
    """A corpus's name with the colour and the style of its line."""
    return html.Span([html.Span(className=f"key line-{number}", **attributes(aria_hidden="true")), name])


def numbers(chosen: Choice, summaries: Sequence[Summary]) -> Component:
    """The numbers of every corpus, one column each."""

    def more(one: Summary, text: str) -> str:
        return text if one.complete else f"{text}+"

    known: list[tuple[str, list[str]]] = [
        ("Audio", [more(one, hours(one.hours)) for one in summaries]),
        ("Utterances", [more(one, count(one.utterances)) for one in summaries]),
        ("Mean duration", [_mean(one) for one in summaries]),
        ("Unknown durations", [count(one.unknown_durations) for one in summaries]),
        ("Running words", [more(one, count(one.words)) for one in summaries]),
        ("Words per utterance", [_ratio(one.words, one.utterances - one.without_reference) for one in summaries]),
        ("Different words", [more(one, count(one.vocabulary)) for one in summaries]),
        ("Without reference", [count(one.without_reference) for one in summaries]),
        ("Speakers", [EMPTY if one.speakers is None else count(one.speakers) for one in summaries]),
        ("Systems", [count(one.systems) for one in summaries]),
        ("Problems", [count(one.problems) for one in summaries]),
    ]
    names = []
    for place, one in enumerate(summaries):
        first = [one.name, *(name for name in chosen.names if name != one.name)]
        link = dcc.Link("compare with this", href=chosen.href(first), className="small") if place else None
        names.append(html.Th([key(one.name, place), html.Div(link or html.Small("compared with", className="muted"))]))
    rows = [html.Tr([html.Th(label), *(html.Td(cell, className="num") for cell in cells)]) for label, cells in known]
    return matrix([html.Th(""), *names], rows)


def _mean(one: Summary) -> str:
    known = one.utterances - one.unknown_durations
    return f"{3600 * one.hours / known:.2f} s" if known > 0 else EMPTY


def _ratio(part: int, base: int) -> str:
    return f"{part / base:.1f}" if base > 0 else EMPTY


def matrix(head: Sequence[Component], rows: Sequence[Component]) -> Component:
    """A table of numbers that scrolls sideways where it must."""
    table = html.Table([html.Thead(html.Tr(list(head))), html.Tbody(list(rows))], className="plain matrix")
    return html.Div(table, className="table-scroll", tabIndex=0)


def distribution(chosen: Choice, found: Overlay) -> Component:
    """One column's distributions over each other, with the drifts."""
    column = chosen.corpora[0].column(found.column)

    def href(name: str, start: float, end: float, last: bool) -> str:
        tests = (Test("ge", start), Test("le" if last else "lt", end))
        return utterances_of(chosen, name, Query(filters=tuple(Filter(column.name, (test,)) for test in tests)))

    plain = replace(column, unit="", style="decimal" if column.style == "seconds" else column.style)
    facts = []
    for number, name in enumerate(chosen.names):
        drift = found.drifts.get(name)
        told = f" · JS {drift.jensen_shannon:.3f} · KS {drift.kolmogorov_smirnov:.3f}" if drift else ""
        median = found.medians[name]
        middle = EMPTY if median is None else printed(plain, median)
        missing = f" · {count(found.missing[name])} without" if found.missing[name] else ""
        facts.append(html.Span([key(name, number), " median ", html.B(middle), told, missing]))
    head = [
        html.H3(column.label),
        html.Span(column.unit, className="unit") if column.unit else None,
        help_mark(f"Share of the rows with a value. {column.help} {DRIFT_HELP}"),
    ]
    graph = dcc.Graph(
        id={"type": "corpora-graph", "column": column.name},
        figure=comparison_figures.overlaid(found, column, href=href),
        config=figures.CONFIG,
        style={"height": f"{comparison_figures.HEIGHT}px"},
    )
    return html.Div(
        [html.Div(head, className="figure-head"), graph, html.Div(facts, className="figure-facts")], className="figure"
    )


def words(
    chosen: Choice,
    overlaps: Mapping[tuple[str, str], WordOverlap],
    unknown: Mapping[tuple[str, str], OutOfVocabulary],
) -> Component:
    """Who knows whose words: OOV rates of each against each, and the words two have in common."""
    folding = chosen.folding
    return html.Div(
        [
            panel(
                "Out of vocabulary",
                _matrix(chosen, "of the words of", "unknown to", lambda a, b: _oov(chosen, unknown, a, b)),
                help_text=(
                    "Running words of the corpus in the row that the corpus in the column does not have; below, the "
                    f'same for different words. Normalizer "{folding.name}", version {folding.version}. '
                    "A click shows the words."
                ),
            ),
            panel(
                "Words in common",
                _matrix(chosen, "", "", lambda a, b: _common(overlaps[a, b], same=a == b)),
                help_text="Different words that both have, and their share of the words that either has (Jaccard).",
            ),
        ],
        className="side-by-side",
    )


def _matrix(chosen: Choice, row: str, column: str, cell: Any) -> Component:
    corner = html.Th(html.Small(f"{row} … {column} …" if row else "", className="muted"))
    head = [corner, *(html.Th(key(name, number), className="num") for number, name in enumerate(chosen.names))]
    rows = [
        html.Tr([html.Th(key(a, number)), *(html.Td(cell(a, b), className="num") for b in chosen.names)])
        for number, a in enumerate(chosen.names)
    ]
    return matrix(head, rows)


def _oov(chosen: Choice, unknown: Mapping[tuple[str, str], OutOfVocabulary], a: str, b: str) -> Any:
    if a == b:
        return html.Span(EMPTY, className="muted")
    found = unknown[a, b]
    outside = Query(filters=(Filter("oov", (Test("eq", True),)),))
    address = chosen.parameters.only(PLACE).replaced(corpus=a, known=b).plus(outside.pairs())
    return dcc.Link(
        [html.B(percent(found.token_rate)), html.Small(f"{percent(found.type_rate)} of {count(found.all_types)}")],
        href=address.href("/vocabulary"),
        title=f"{count(found.tokens)} of {count(found.all_tokens)} running words of {a} are not in {b}: see them",
        className="two-lines",
    )


def _common(found: WordOverlap, *, same: bool) -> Any:
    if same:
        return count(found.both)
    return html.Span([html.B(count(found.both)), html.Small(percent(found.jaccard, digits=1))], className="two-lines")


def speakers(chosen: Choice, shared: Mapping[str, Mapping[str, int]] | None) -> Component:
    """The speakers of more than one corpus, with their rows in each."""
    if shared is None:
        body: Any = html.P("Fewer than two of these corpora name their speakers.", className="muted")
    elif not shared:
        body = html.P([icon("bi-check2-circle"), " No speaker is in more than one of them."], className="muted")
    else:
        entries = [
            html.Li([html.B(speaker), *(_speaker(chosen, name, speaker, number) for name, number in by_name.items())])
            for speaker, by_name in list(shared.items())[:SHOWN_SPEAKERS]
        ]
        more = len(shared) - SHOWN_SPEAKERS
        rest = html.P(f"and {count(more)} more", className="muted") if more > 0 else None
        body = html.Div([html.Ul(entries, className="plain-list speakers"), rest])
    badge = html.Span(count(len(shared or ())), className=f"badge-soft {'warn' if shared else 'ok'}")
    return panel(
        "Speakers shared",
        body,
        aside=badge if shared is not None else None,
        help_text="Speakers of more than one corpus, with their utterances in each. A split by speaker has none.",
    )


def _speaker(chosen: Choice, name: str, speaker: str, number: int) -> Component:
    corpus = next(one for one in chosen.corpora if one.name == name)
    text = f"{name} {count(number)}"
    column = corpus.column("speaker")
    if column.kind == "number":
        value: Any = float(speaker) if "." in speaker or "e" in speaker else int(speaker)
    else:
        value = speaker
    if column.kind not in ("text", "number"):
        return html.Span(text)
    return dcc.Link(text, href=utterances_of(chosen, name, Query(filters=(Filter("speaker", (Test("eq", value),)),))))
