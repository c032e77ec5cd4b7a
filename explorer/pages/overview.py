"""The corpus at a glance: its size, its letters, and the distribution of every field; a click opens those rows.

Numbers come from the statistics made when the corpus was built. Each distribution is asked for when it comes near the
screen, one query each, so the page of a million rows is there as soon as that of ten.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer import figures
from explorer.columns import Column
from explorer.components.cards import attributes, help_mark, icon, state, tile
from explorer.components.table import explanation
from explorer.corpus import Corpus
from explorer.formatting import count, hours
from explorer.formatting import value as printed
from explorer.parameters import PLACE, Parameters
from explorer.query import Filter, Query, Test
from explorer.stats import Histogram, Statistics, TopValues, histogram, statistics, top_values
from explorer.stores import Stores

PATH = "/"
TITLE = "Overview"

LONG_TEXTS = ("reference", "hypothesis_")
LEFT_OUT = frozenset({"audio", "source", "line", "row", "id"})


def layout(stores: Stores, query: Parameters) -> Component:
    """Cards, other rooms' sections, distributions and the alphabet of the corpus that the address names."""
    corpus = stores.corpus(query)
    parameters = query.only(PLACE).replaced(corpus=corpus.name)
    return html.Div(
        [
            dcc.Store(id="overview-mark", data=_mark(stores, corpus, query)),
            html.Div(
                [
                    html.Div([html.H1(corpus.name), html.P(_sources(corpus))]),
                    html.Div(
                        dcc.Link(
                            [icon("bi-table"), "Open the table"],
                            href=parameters.href("/utterances"),
                            className="btn btn-primary",
                        ),
                        className="page-actions",
                    ),
                ],
                className="page-head",
            ),
            html.Div(_changing(stores, corpus, parameters), id="overview-changing"),
            html.Div(_distributions(corpus), id="overview-distributions"),
        ],
        className="page",
    )


def _mark(stores: Stores, corpus: Corpus, query: Parameters) -> list[Any]:
    return [stores.revision(query), [column.name for column in _drawn(corpus)]]


def _sources(corpus: Corpus) -> str:
    names = ", ".join(source.name for source in corpus.sources[:3])
    more = f" and {len(corpus.sources) - 3} more" if len(corpus.sources) > 3 else ""
    return names + more


def _changing(stores: Stores, corpus: Corpus, parameters: Parameters) -> list[Component]:
    """What is drawn again when the corpus has news: numbers, sections, letters."""
    if not corpus.size and corpus.complete:
        return [_nothing(corpus, parameters)]
    known = statistics(corpus)
    sections = [draw(stores, corpus, Query()) for draw in stores.sections]
    parts = [_tiles(corpus, known, parameters), *sections, _alphabet(known, parameters)]
    return [part for part in parts if part is not None]


def _nothing(corpus: Corpus, parameters: Parameters) -> Component:
    reason = (
        f"All {count(corpus.problem_count)} lines have problems." if corpus.problem_count else "Its files are empty."
    )
    link = dcc.Link("See the problems", href=parameters.href("/problems"), className="btn btn-secondary")
    return html.Div(
        state("bi-inbox", f"{corpus.name} has no utterances", reason, actions=[link] if corpus.problem_count else ()),
        className="panel",
    )


def _tiles(corpus: Corpus, known: Statistics, parameters: Parameters) -> Component:
    partial = not corpus.complete
    so_far = "of the rows loaded so far" if partial else ""
    problems = corpus.problem_count
    duration = f"{hours(known.hours / known.utterances)} on average" if known.utterances else ""
    tiles = [
        tile(
            "Audio",
            hours(known.hours),
            note=so_far or duration,
            partial=partial,
            help_text="Sum of all known durations.",
        ),
        tile(
            "Utterances",
            count(known.utterances),
            note=so_far or "one row of the manifest each",
            partial=partial,
            help_text="Rows that were loaded.",
        ),
        tile(
            "Words",
            count(known.words),
            note=so_far or "in references",
            partial=partial,
            help_text="Words of all references, split at white space, as they are written.",
        ),
        tile(
            "Vocabulary",
            count(known.vocabulary),
            note=so_far or "distinct words",
            partial=partial,
            help_text="Distinct words of all references, as they are written: upper and lower case differ.",
        ),
        tile(
            "Problems",
            count(problems),
            note=so_far or "faulty lines, left out",
            partial=partial,
            tone="warn" if problems else "plain",
            href=parameters.href("/problems"),
            help_text="Lines that could not be loaded or do not hold what they promise: open the list.",
        ),
    ]
    if known.unknown_durations:
        unknown = Query(filters=(Filter("duration", (Test("empty", None),)),))
        tiles.append(
            tile(
                "Unknown durations",
                count(known.unknown_durations),
                note="read from the audio in the background",
                tone="warn",
                href=parameters.plus(unknown.pairs()).href("/utterances"),
                help_text="Rows without a duration: open them.",
            )
        )
    return html.Div(tiles, className="tiles")


def _alphabet(known: Statistics, parameters: Parameters) -> Component | None:
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
            html.Span(className="level", style={"height": f"{100 * number / most:.1f}%"}),
            html.Span(shown, className="glyph"),
            html.Span(count(number), className="count"),
        ],
        href=parameters.plus(found.pairs()).href("/utterances"),
        title=f"{name} (U+{ord(letter):04X}), {count(number)} times",
        className="letter odd" if odd else "letter",
    )


def _drawn(corpus: Corpus) -> list[Column]:
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


def _distributions(corpus: Corpus) -> Component:
    columns = _drawn(corpus)
    if not columns:
        return html.Div()
    return html.Section(
        [
            html.Div(
                [html.H2("Distributions"), html.P("A click on a bar opens its utterances")], className="section-head"
            ),
            html.Div([_placeholder(column) for column in columns], className="figures", id="overview-figures"),
        ],
        className="section",
    )


def _placeholder(column: Column) -> Component:
    ask = f'{{"column":{_json(column.name)},"type":"overview-ask"}}'
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


def _json(text: str) -> str:
    import orjson

    return orjson.dumps(text).decode()


def _bars(corpus: Corpus, column: Column, parameters: Parameters) -> Component:
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


def register(app: Dash, stores: Stores) -> None:
    """Attach the distributions, drawn when asked for, and the news of a corpus that is still being loaded."""

    @app.callback(
        Output({"type": "overview-body", "column": MATCH}, "children"),
        Input({"type": "overview-ask", "column": MATCH}, "data"),
        State({"type": "overview-ask", "column": MATCH}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def draw(asked: int | None, id: Mapping[str, str], search: str | None) -> Any:
        if not asked:
            return no_update
        parameters = Parameters.of(search)
        corpus = stores.corpus(parameters)
        place = parameters.only(PLACE).replaced(corpus=corpus.name)
        return _bars(corpus, corpus.column(id["column"]), place)

    @app.callback(
        Output("overview-changing", "children"),
        Output("overview-distributions", "children"),
        Output({"type": "overview-ask", "column": ALL}, "data"),
        Output("overview-mark", "data"),
        Input("revision", "data"),
        State("overview-mark", "data"),
        State({"type": "overview-ask", "column": ALL}, "data"),
        State("url", "search"),
    )
    def renew(revision: str | None, mark: list[Any], asked: list[int | None], search: str | None) -> tuple[Any, ...]:
        if revision is None or revision == mark[0]:
            return no_update, no_update, [no_update] * len(asked), no_update
        parameters = Parameters.of(search)
        corpus = stores.corpus(parameters)
        place = parameters.only(PLACE).replaced(corpus=corpus.name)
        fresh = _mark(stores, corpus, parameters)
        if fresh[1] == mark[1]:
            figures_again, again = no_update, [number + 1 if number else no_update for number in asked]
        else:
            figures_again, again = _distributions(corpus), [no_update] * len(asked)
        return _changing(stores, corpus, place), figures_again, again, fresh

    app.clientside_callback(
        ClientsideFunction("earmark", "openBin"),
        Output("overview-figures", "id"),
        Input({"type": "overview-graph", "column": ALL}, "clickData"),
        prevent_initial_call=True,
    )
