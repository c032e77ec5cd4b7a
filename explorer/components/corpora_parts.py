"""The parts of the page of corpora side by side: chooser, numbers, drift, words, speakers, duplicates.

Component ids start with "corpora", the page they belong to. Every number that stands for rows or words is a link to
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from explorer import comparison_figures, figures
from explorer.comparison_store import STAGES, Searching
from explorer.components.cards import attributes, help_mark, icon, panel, state
from explorer.components.grid import THEME
from explorer.corpora_comparison import Overlay, Summary, WordOverlap
from explorer.corpora_view import EXPORT, Choice
from explorer.duplicates import KINDS, Duplicates, Group
from explorer.formatting import EMPTY, count, hours, percent
from explorer.formatting import value as printed
from explorer.parameters import PLACE, Parameters
from explorer.query import Filter, Query, Test
from explorer.word_list import OutOfVocabulary

if TYPE_CHECKING:
    from explorer.corpus import Corpus

SHOWN_GROUPS = 500
SHOWN_SPEAKERS = 60
SHOWN_VALUES = 20

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
    return _table([html.Th(""), *names], rows)


def _mean(one: Summary) -> str:
    known = one.utterances - one.unknown_durations
    return f"{3600 * one.hours / known:.2f} s" if known > 0 else EMPTY


def _ratio(part: int, base: int) -> str:
    return f"{part / base:.1f}" if base > 0 else EMPTY


def _table(head: Sequence[Component], rows: Sequence[Component]) -> Component:
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
    return _table(head, rows)


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


def searching(chosen: Choice, found: Searching | None) -> Component:
    """What to do about duplicates that nobody has looked for yet, or how far the search is."""
    total = sum(corpus.size for corpus in chosen.corpora)
    running = found is not None and not found.failure
    start = _button("corpora-search", "Look for duplicates", "btn-primary", shown=not running)
    cancel = _button("corpora-cancel", "Cancel", "btn-secondary", shown=running)
    if found is None:
        text = f"Texts and sound files of {count(total)} utterances are compared" + (
            ", and the bytes of files of the same size." if chosen.content else "."
        )
        return state("bi-intersect", "Duplicates across corpora", text, actions=[start, cancel])
    if found.failure:
        return state("bi-pause-circle", "Not compared", found.failure, actions=[start, cancel])
    share = 100 * found.done / found.total if found.total else 0
    bar = dbc.Progress(value=share, style={"width": "260px"})
    text = f"{count(found.done)} of {count(found.total)}"
    return state("bi-hourglass-split", STAGES[found.stage], text, actions=[bar, cancel, start])


def _button(id: str, label: str, kind: str, *, shown: bool) -> Component:
    style = {} if shown else {"display": "none"}
    return html.Button(label, id=id, type="button", className=f"btn {kind}", style=style)


def duplicates(chosen: Choice, found: Duplicates) -> Component:
    """How many rows are elsewhere too, and the list of what is."""
    kinds = [kind for kind in KINDS if kind in found.shared]
    pairs = [(a, b) for place, a in enumerate(chosen.names) for b in chosen.names[place + 1 :]]
    rows = [
        html.Tr(
            [
                html.Th([a, " and ", b]),
                *(html.Td(_pair(found, kind, a, b), className="num") for kind in kinds),
            ]
        )
        for a, b in pairs
    ]
    head = [html.Th("Rows of … that the other has"), *(html.Th(KINDS[kind], className="num") for kind in kinds)]
    listed = [(kind, group) for kind in kinds for group in found.shared[kind].groups[:SHOWN_GROUPS]]
    total = sum(found.shared[kind].found for kind in kinds)
    parts: list[Any] = [_table(head, rows)]
    if "content" not in kinds:
        parts.append(_bytes_too(chosen))
    elif found.unreadable:
        parts.append(
            html.P(f"{count(found.unreadable)} files could not be read and were not compared.", className="muted")
        )
    if listed:
        shown = "" if len(listed) == total else f"The first {count(len(listed))} of {count(total)}. "
        parts.append(html.P(f"{shown}Long texts come first: short ones are said twice by chance.", className="muted"))
        parts.append(_grid(chosen, listed))
    else:
        parts.append(html.P([icon("bi-check2-circle"), " Nothing is in more than one of them."], className="muted"))
    badge = html.Span(count(total), className=f"badge-soft {'warn' if total else 'ok'}")
    address = chosen.address(chosen.names)
    export = html.A([icon("bi-download"), "CSV"], href=address.href(EXPORT), className="btn btn-secondary btn-sm")
    hidden = html.Div(
        [_button(f"corpora-{name}", name, "btn-secondary", shown=False) for name in ("search", "cancel")],
        style={"display": "none"},
    )
    return html.Div([panel("Duplicates", [*parts, hidden], aside=[badge, export if total else None])])


def _bytes_too(chosen: Choice) -> Component:
    return html.P(
        dcc.Link(
            [icon("bi-files"), "Compare the bytes of files too"],
            href=chosen.href(chosen.names, content=True),
            className="btn btn-secondary btn-sm",
            title="Finds copies under other names; files of the same size are read",
        )
    )


def _pair(found: Duplicates, kind: str, a: str, b: str) -> Any:
    rows = found.shared[kind].rows
    there, back = rows[a, b], rows[b, a]
    if not there and not back:
        return html.Span("0", className="muted")
    return html.Span(
        [html.B(f"{count(there)} · {count(back)}")], title=f"{count(there)} rows of {a}, {count(back)} of {b}"
    )


def _grid(chosen: Choice, listed: Sequence[tuple[str, Group]]) -> Component:
    columns: list[dict[str, Any]] = [
        {"colId": "kind", "field": "kind", "headerName": "Duplicate", "width": 190},
        {"colId": "what", "field": "what", "headerName": "Text or file", "flex": 1, "minWidth": 220,
         "tooltipField": "what"},
    ]  # fmt: skip
    data: list[dict[str, Any]] = [
        {"kind": KINDS[kind], "what": group.what, "key": number} for number, (kind, group) in enumerate(listed)
    ]
    for number, corpus in enumerate(chosen.corpora):
        columns.append(
            {"colId": f"c{number}", "field": f"c{number}", "headerName": corpus.name, "width": 130,
             "cellRenderer": "CellLink", "filter": False}
        )  # fmt: skip
        for entry, link in zip(data, _links(chosen, corpus, listed), strict=True):
            if link is not None:
                entry[f"c{number}"], entry[f"link:c{number}"] = link
    return dag.AgGrid(
        id="corpora-grid",
        columnDefs=columns,
        rowData=data,
        defaultColDef={"filter": "agTextColumnFilter", "floatingFilter": True, "sortable": True, "resizable": True},
        getRowId="params.data.key.toString()",
        dashGridOptions={"theme": THEME, "animateRows": False, "enableCellTextSelection": True, "rowHeight": 32},
        className="grid grid-frame duplicates-grid",
        style={"width": "100%", "height": f"{min(420, 110 + 32 * len(data))}px"},
    )


def _links(chosen: Choice, corpus: Corpus, listed: Sequence[tuple[str, Group]]) -> list[tuple[str, str] | None]:
    """For each group: how many rows of the corpus it has, and the address of these rows."""
    rows = sorted({row for _, group in listed for row in group.rows.get(corpus.name, ())[:SHOWN_VALUES]})
    values = corpus.listed(np.array(rows, np.int32), ("reference", "audio")) if rows else []
    known = dict(zip(rows, values, strict=True))
    links: list[tuple[str, str] | None] = []
    for kind, group in listed:
        found = group.rows.get(corpus.name, ())
        if not found:
            links.append(None)
            continue
        column, place = ("reference", 0) if kind == "text" else ("audio", 1)
        written = dict.fromkeys(known[row][1][place] for row in found[:SHOWN_VALUES])
        view = Query(filters=(Filter(column, tuple(Test("eq", text) for text in written)),))
        address = Parameters.of(utterances_of(chosen, corpus.name, view).partition("?")[2])
        href = address.plus((("u", known[found[0]][0]),)).href("/utterances")
        links.append(("1 row" if len(found) == 1 else f"{count(len(found))} rows", href))
    return links
