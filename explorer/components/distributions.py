"""The distribution of every column and the alphabet of the references; every bar and letter leads to its rows.

Component ids start with "overview", the page they belong to. A distribution starts as a placeholder that the page's
script asks to be filled when it comes near the screen (``data-ask``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import orjson
from dash import dcc, html
from dash.development.base_component import Component

from explorer import figures
from explorer.columns import Column
from explorer.components.cards import attributes, help_mark
from explorer.components.shell import parameter_select
from explorer.components.table import explanation
from explorer.corpora.corpus import Corpus
from explorer.corpora.stats import Histogram, Statistics, TopValues, histogram, top_values
from explorer.formatting import count
from explorer.formatting import value as printed
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Test

LONG_TEXTS = ("reference", "hypothesis_")
FEW_SYSTEMS = 2
"""Systems whose scores are all drawn; of more, one is chosen."""
LEFT_OUT = frozenset({"audio", "source", "line", "row", "id"})


def alphabet(known: Statistics, parameters: Parameters) -> Component | None:
    """Every character with its count, frequent ones first, odd ones named; None when there is no reference."""
    if not known.alphabet:
        return None
    letters = sorted(known.alphabet.items(), key=lambda item: (-item[1], item[0]))
    most = letters[0][1]
    chips = [_letter(letter, number, most, parameters) for letter, number in letters]
    head = [
        html.H2("Alphabet"),
        help_mark("Every character of the references with its count. Control and other odd characters are named."),
        html.P(f"{count(len(letters))} different characters; a click finds their utterances"),
    ]
    return html.Section(
        [html.Div(head, className="section-head"), html.Div(chips, className="alphabet")], className="section"
    )


def _letter(letter: str, number: int, most: int, parameters: Parameters) -> Component:
    odd = unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") or (
        letter.isspace() and letter != " "
    )
    name = unicodedata.name(letter, "").lower() or f"U+{ord(letter):04X}"
    shown = "space" if letter == " " else f"U+{ord(letter):04X}" if odd else letter
    if unicodedata.combining(letter):
        shown = f"◌{letter}"
    found = Query(filters=(Filter("reference", (Test("contains", letter),)),))
    return dcc.Link(
        [
            html.Span(className="level", style={"width": f"{100 * number / most:.1f}%"}),
            html.Span(shown, className="glyph"),
            html.Span(count(number), className="count"),
        ],
        href=parameters.plus(found.pairs()).href("/utterances"),
        title=f"{name} (U+{ord(letter):04X}), {count(number)} times",
        className="letter odd" if odd else "letter",
    )


def drawn_columns(corpus: Corpus) -> list[Column]:
    """Columns with a distribution: every number and flag, and texts that are categories rather than transcripts."""
    drawn = [
        column
        for column in corpus.columns
        if column.kind in ("number", "flag", "text")
        and not column.hidden
        and column.name not in LEFT_OUT
        and not column.name.startswith(LONG_TEXTS)
    ]
    return sorted(drawn, key=lambda column: (column.origin == "score", column.kind != "number"))


def distributions(corpus: Corpus, system: str | None) -> Component:
    """One placeholder for each column with a distribution; of many systems only the scores of ``system``."""
    columns = drawn_columns(corpus) if corpus.size or not corpus.complete else []
    systems = list(dict.fromkeys(column.system for column in columns if column.origin == "score" and column.system))
    if len(systems) <= FEW_SYSTEMS:
        sections = [_section("Distributions", "A click on a bar opens its utterances", columns)] if columns else []
    else:
        chosen = system if system in systems else systems[0]
        choice = parameter_select("system", "System", [(name, name) for name in systems], chosen)
        scores = [column for column in columns if column.origin == "score" and column.system == chosen]
        others = [column for column in columns if column.origin != "score" or not column.system]
        told = f"One of {len(systems)} systems, utterance by utterance"
        sections = [
            _section("Distributions", "A click on a bar opens its utterances", others),
            _section("Scores", told, scores, aside=choice),
        ]
    return html.Div(sections, id="overview-figures")


def _section(title: str, told: str, columns: Sequence[Column], *, aside: Component | None = None) -> Component:
    return html.Section(
        [
            html.Div([html.H2(title), html.P(told), aside], className="section-head"),
            html.Div([_placeholder(column) for column in columns], className="figures"),
        ],
        className="section",
    )


def _placeholder(column: Column) -> Component:
    ask = f'{{"column":{orjson.dumps(column.name).decode()},"type":"overview-ask"}}'
    return html.Div(
        [
            html.Div(
                [
                    html.H3(column.label, title=column.name),
                    html.Span(column.unit, className="unit") if column.unit else None,
                    help_mark(explanation(column)),
                ],
                className="figure-head",
            ),
            dcc.Store(id={"type": "overview-ask", "column": column.name}),
            html.Div(
                html.Div(className="skeleton figure-wait"),
                id={"type": "overview-body", "column": column.name},
                className="figure-body",
            ),
        ],
        className="figure",
        **attributes(data_ask=ask),
    )


def bars(corpus: Corpus, column: Column, parameters: Parameters) -> Component:
    """The distribution of a column over the whole corpus: a histogram of numbers, else its frequent values."""
    if column.kind == "number":
        drawn = _histogram(histogram(corpus, Query(), column.name), column, parameters)
    else:
        drawn = _top_values(top_values(corpus, Query(), column.name), column, parameters)
    so_far = None if corpus.complete else html.Div("of the rows loaded so far", className="figure-facts")
    return html.Div([drawn, so_far])


def _histogram(found: Histogram, column: Column, parameters: Parameters) -> Component:
    if not len(found.counts):
        return html.Div(html.P("No row has a value.", className="muted"))

    def href(start: float, end: float, last: bool) -> str:
        tests = (Test("ge", start), Test("le" if last else "lt", end))
        query = Query(filters=tuple(Filter(column.name, (test,)) for test in tests))
        return parameters.plus(query.pairs()).href("/utterances")

    numbers = {"min": found.minimum, "median": found.median, "mean": found.mean, "max": found.maximum}
    # The unit stands beside the title.
    plain = replace(column, unit="", style="decimal" if column.style == "seconds" else column.style)
    known = [html.Span([f"{name} ", html.B(printed(plain, number))]) for name, number in numbers.items()]
    missing = html.Span(["without a value ", html.B(count(found.missing))]) if found.missing else None
    return html.Div(
        [
            dcc.Graph(
                id={"type": "overview-graph", "column": column.name},
                figure=figures.histogram(found, column, href=href),
                config=figures.CONFIG,
                style={"height": "150px"},
            ),
            html.Div([*known, missing], className="figure-facts"),
        ]
    )


def _top_values(found: TopValues, column: Column, parameters: Parameters) -> Component:
    if not found.values:
        return html.P("No row has a value.", className="muted")
    most = max(number for _value, number in found.values)
    if most == 1 and found.distinct > len(found.values):
        return _all_different(found, column)

    def entry(shown: str, number: int, test: Test) -> Component:
        query = Query(filters=(Filter(column.name, (test,)),))
        return html.Li(
            dcc.Link(
                [
                    html.Span(className="bar", style={"width": f"{100 * min(1.0, number / most):.2f}%"}),
                    html.Span(shown, className="bar-name", title=shown),
                    html.Span(count(number), className="bar-count"),
                ],
                href=parameters.plus(query.pairs()).href("/utterances"),
            )
        )

    rows = [
        entry(str(printed(column, value)) or "(empty)", number, Test("eq", value)) for value, number in found.values
    ]
    if found.missing:
        rows.append(entry("without a value", found.missing, Test("empty", None)))
    rest = [
        html.Span([html.B(count(found.distinct)), " different values"]),
        html.Span([html.B(count(found.other)), " rows have rarer ones"]) if found.other else None,
    ]
    return html.Div([html.Ul(rows, className="barlist"), html.Div(rest, className="figure-facts")])


def _all_different(found: TopValues, column: Column) -> Component:
    """A field like an id has no distribution: say so, with a few examples."""
    examples = [html.Li(html.Span(printed(column, value), className="bar-name")) for value, _number in found.values[:4]]
    told = html.P([html.B(count(found.distinct)), " values, all different, such as"], className="muted")
    return html.Div([told, html.Ul(examples, className="examples")])
