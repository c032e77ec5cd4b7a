"""What the page about normalizers shows once everything is measured: tables, and the picture of one system's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparing.contribution_figures import waterfall
from evaluator.comparing.contribution_report import ORDER, change, rate, told
from evaluator.comparing.contributions import Contributions, Stage, column_name, difference
from evaluator.comparing.slicing import narrowed
from evaluator.components.normalizer_warning import PATH
from evaluator.normalizers.registry import Normalizer
from explorer import figures
from explorer.components.cards import attributes, help_mark, panel, state
from explorer.components.shell import parameter_select
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, counted
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Filter, Query, Test

HELP = {
    "System": "What recognized: a field pred_text_NAME of the manifest, a joined file, or a run.",
    "Raw WER": "The word error rate of the texts as they are written (normalizer none).",
    "WER": "The word error rate after the normalizer.",
    "Difference": "WER minus raw WER, in percentage points: what the normalizer forgives.",
    "Raw CER": "The character error rate of the texts as they are written.",
    "CER": "The character error rate after the normalizer.",
    "Words": "Reference words before and after the normalizer: what the rates are divided by.",
    "Utterances": "Utterances with a reference and a hypothesis, which all these numbers are about.",
}


def shown(
    corpus: Corpus, chosen: Normalizer, found: Sequence[Contributions], query: Parameters
) -> list[Component | None]:
    """Systems raw and normalized, the rules of one system as a picture and a table, and all rules for all systems."""
    changed = next((one for one in found if difference(one.raw, one.normalized)), found[0])  # a picture of something
    of = next((one for one in found if one.system == query.get("of")), changed)
    note = f"normalizer {chosen.title}, version {chosen.version}"
    aside = html.Span(note, className="nowrap")
    parts: list[Component | None] = [panel("Raw against normalized", _systems(found, of, query), aside=aside)]
    if not chosen.steps:
        text = "This normalizer has no rules: texts are compared as they are written. Choose another one in the header."
        return [*parts, html.Div(state("bi-sliders", "No rules", text), className="panel")]
    choice = parameter_select("of", "System", [(one.system, one.system) for one in found], of.system)
    body = [_figure(of, chosen), _rules(corpus, chosen, of, query), html.P(ORDER, className="rates-key")]
    parts.append(panel("What each rule contributed", body, aside=choice))
    if len(found) > 1:
        parts.append(panel("Points of every rule, for every system", _matrix(chosen, found), aside=aside))
    return parts


def _head(names: Sequence[str], helps: dict[str, str]) -> Component:
    cells = [
        html.Th(
            [name, help_mark(helps[name]) if name in helps else None], scope="col", className="num" if place else ""
        )
        for place, name in enumerate(names)
    ]
    return html.Thead(html.Tr(cells))


def _scrolling(name: str, head: Component, rows: Sequence[Component]) -> Component:
    table = html.Table([head, html.Tbody(list(rows))], className="plain rates")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label=name))


def _systems(found: Sequence[Contributions], of: Contributions, query: Parameters) -> Component:
    rows = [
        html.Tr(
            [
                html.Th(
                    dcc.Link(one.system, href=query.replaced(of=one.system).href(PATH), title="See its rules below"),
                    className="system",
                    scope="row",
                    title=one.system,
                ),
                html.Td(rate(one.raw.words.rate), className="num", title=told(one.raw)),
                html.Td(html.B(rate(one.normalized.words.rate)), className="num", title=told(one.normalized)),
                html.Td(change(difference(one.raw, one.normalized)), className="num"),
                html.Td(rate(one.raw.cer), className="num", title=_characters(one.raw)),
                html.Td(rate(one.normalized.cer), className="num", title=_characters(one.normalized)),
                html.Td(f"{count(one.raw.words.length)} → {count(one.normalized.words.length)}", className="num"),
                html.Td(count(one.scored), className="num"),
            ],
            className="here" if one is of and len(found) > 1 else "",
        )
        for one in found
    ]
    return _scrolling("Raw against normalized", _head(list(HELP), HELP), rows)


def _figure(of: Contributions, chosen: Normalizer) -> Component:
    """The waterfall with its title, unit and base."""
    title = f"WER of {of.system}, rule by rule"
    if any(stage.words.rate is None for stage in of.stages):
        return html.P(f"{title}: undefined, there are no reference words.", className="align-note")
    base = f"{told(of.raw)} raw, {told(of.normalized)} normalized; {counted(of.scored, 'utterance')}; {chosen.printed}"
    graph = dcc.Graph(figure=waterfall(of), config=figures.CONFIG, className="chart", id="normalizers-graph")
    return html.Figure(
        [html.Figcaption([html.B(title), html.Span(base)]), graph],
        className="normalizers-figure",
        role="group",
        **attributes(aria_label=f"{title}. The table below has the same numbers."),
    )


def _rules(corpus: Corpus, chosen: Normalizer, of: Contributions, query: Parameters) -> Component:
    place = query.only(PLACE).replaced(corpus=corpus.name, normalizer=chosen.name)
    wanted = replace(Query.from_pairs(query.only(VIEW).pairs), sort=())
    names = ["Rule", "Contribution", "WER after", "Errors", "Reference words", "Utterances changed"]
    helps = {
        "Contribution": "WER after the rule minus WER before it, in percentage points. Negative: errors are forgiven.",
        "Utterances changed": "Utterances whose reference or hypothesis the rule changed: open them.",
    }
    largest = max((abs(of.points(p) or 0.0) for p in range(1, len(of.stages))), default=0.0)
    rows = [
        html.Tr(
            [
                html.Th("raw", scope="row"),
                html.Td("", className="num"),
                *_counted(of, 0),
                html.Td("", className="num"),
            ]
        )
    ]
    for number, stage in enumerate(of.stages[1:], 1):
        test = Query(filters=(Filter(column_name(of.system), (Test("has", stage.rule),)),))
        href = place.plus(narrowed(wanted, test).pairs()).href("/utterances")
        opened = dcc.Link(count(stage.changed), href=href, title=f"Open the utterances that “{stage.rule}” changed")
        points = of.points(number)
        rows.append(
            html.Tr(
                [
                    html.Th([f"{number}. {stage.rule}", help_mark(stage.help)], scope="row"),
                    html.Td([_bar(points, largest), change(points)], className="num contribution"),
                    *_counted(of, number),
                    html.Td(opened if stage.changed else "0", className="num"),
                ]
            )
        )
    return _scrolling("What each rule contributed", _head(names, helps), rows)


def _counted(of: Contributions, number: int) -> list[Component]:
    stage = of.stages[number]
    before = of.stages[number - 1] if number else stage
    errors, words = (
        f"{count(now)}{f' ({now - then:+,})' if now != then else ''}"
        for now, then in (
            (stage.words.errors, before.words.errors),
            (stage.words.length, before.words.length),
        )
    )
    return [
        html.Td(rate(stage.words.rate), className="num", title=told(stage)),
        html.Td(errors, className="num"),
        html.Td(words, className="num"),
    ]


def _bar(points: float | None, largest: float) -> Component | None:
    """The size of a contribution beside the largest one, to the left when it takes errors away."""
    if not points or not largest:
        return None
    side = "less" if points < 0 else "more"
    style = {"width": f"{50 * abs(points) / largest:.1f}%"}
    return html.Span(
        html.I(className=side, style=style), className="contribution-bar", **attributes(aria_hidden="true")
    )


def _matrix(chosen: Normalizer, found: Sequence[Contributions]) -> Component:
    rows = [
        html.Tr(
            [
                html.Th(f"{number}. {step.name}", scope="row"),
                *(
                    html.Td(change(one.points(number)), className="num", title=_effect(one.stages[number]))
                    for one in found
                ),
            ]
        )
        for number, step in enumerate(chosen.steps, 1)
    ]
    total = [html.Td(html.B(change(difference(one.raw, one.normalized))), className="num") for one in found]
    rows.append(html.Tr([html.Th("all together", scope="row"), *total]))
    return _scrolling("Points of every rule", _head(["Rule", *(one.system for one in found)], {}), rows)


def _characters(stage: Stage) -> str:
    return f"{count(stage.character_errors)} edits of {count(stage.characters)} characters"


def _effect(stage: Stage) -> str:
    return f"{count(stage.changed)} utterances changed, {told(stage)} after it"
