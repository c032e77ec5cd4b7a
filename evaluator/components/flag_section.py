"""Suspicious hypotheses on the leaderboard: how many each system has by each rule, every count a link to its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.scoring.hallucination import RULES, column_name
from explorer.components.cards import attributes, help_mark, panel
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, percent
from explorer.querying.conditions import SEPARATOR
from explorer.querying.expression import field_text
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query

MOST_COMBINATIONS = 2 ** len(RULES)
HELP = (
    "Hypotheses that are suspicious by themselves, as written, whatever their error rate. The thresholds are in the "
    "configuration (hallucination:)."
)


def flag_section(corpus: Corpus, query: Parameters, systems: Sequence[str]) -> Component | None:
    """Counts by system and rule over the utterances of the view; None while nothing has been looked through."""
    known = {column.name for column in corpus.columns}
    looked = [system for system in systems if column_name(system) in known]
    if not looked:
        return None
    asked = Query.from_pairs(query.pairs)
    found = {system: flag_counts(corpus, asked, system) for system in looked}
    shown = [rule for rule in RULES if any(counts[rule] for counts, _, _ in found.values())]
    head = [
        html.Th("System", scope="col"),
        *(html.Th([rule, help_mark(RULES[rule])], scope="col", className="num") for rule in shown),
        html.Th(
            ["any", help_mark("At least one of them, and its share of all hypotheses.")], scope="col", className="num"
        ),
        html.Th("Hypotheses", scope="col", className="num"),
    ]
    rows = [
        html.Tr(
            [
                html.Td(system, className="system"),
                *(_cell(counts[rule], f"{field_text(column_name(system))} has {rule}", asked, query) for rule in shown),
                _cell(flagged, f"{field_text(column_name(system))} is not empty", asked, query, of=heard),
                html.Td(count(heard), className="num"),
            ]
        )
        for system, (counts, flagged, heard) in found.items()
    ]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="plain rates flags")
    region = attributes(role="region", aria_label="Suspicious hypotheses")
    body = html.Div(table, className="table-scroll", tabIndex=0, **region)
    return html.Div(panel("Suspicious hypotheses", body, help_text=HELP), className="compare-flags", id="compare-flags")


def flag_counts(corpus: Corpus, asked: Query, system: str) -> tuple[Counter[str], int, int]:
    """How many hypotheses of a system break each rule, how many any, and how many there are."""
    values, _, _, _ = corpus.counted(replace(asked, sort=()), column_name(system), MOST_COMBINATIONS)
    counts: Counter[str] = Counter()
    for flags, number in values:
        counts.update(dict.fromkeys(filter(None, str(flags).split(SEPARATOR)), number))
    flagged = sum(number for flags, number in values if flags)
    return counts, flagged, sum(number for _, number in values)


def _cell(number: int, condition: str, asked: Query, query: Parameters, *, of: int | None = None) -> Component:
    """A count as a link to its utterances."""
    if not number:
        return html.Td("0", className="num muted")
    where = f"({asked.where}) && {condition}" if asked.where else condition
    address = query.only(PLACE).plus(replace(asked, where=where, sort=()).pairs())
    share = f" ({percent(number / of)})" if of else ""
    return html.Td([dcc.Link(count(number), href=address.href("/utterances")), share], className="num")
