"""The corpus at a glance: its size, its letters, and the distribution of every field; a click opens those rows.

Numbers come from the statistics made when the corpus was built. Each distribution is asked for when it comes near the
screen, one query each, so the page of a million rows is there as soon as that of ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from explorer.components.cards import icon, problem_kinds, state, tile
from explorer.components.distributions import alphabet, bars, distributions, drawn_columns
from explorer.corpora.corpus import Corpus
from explorer.corpora.sound_list import absent_sound
from explorer.corpora.stats import Statistics, statistics
from explorer.formatting import count, counted, hours
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Filter, Query, Test
from explorer.records import SOUND_PROBLEMS
from explorer.stores import Stores

PATH = "/"
TITLE = "Overview"


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
                    html.Div(_table_link(parameters) if corpus.size else None, className="page-actions"),
                ],
                className="page-head",
            ),
            html.Div(_changing(stores, corpus, parameters), id="overview-changing"),
            html.Div(distributions(corpus, query.get("system")), id="overview-distributions"),
        ],
        className="page",
    )


def _table_link(parameters: Parameters) -> Component:
    return dcc.Link(
        [icon("bi-table"), "Open the table"], href=parameters.href("/utterances"), className="btn btn-primary"
    )


def _mark(stores: Stores, corpus: Corpus, query: Parameters) -> list[Any]:
    return [stores.revision(query), [column.name for column in drawn_columns(corpus)]]


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
    parts = [_unheard(corpus), _tiles(corpus, known, parameters), *sections, alphabet(known, parameters)]
    return [part for part in parts if part is not None]


def _nothing(corpus: Corpus, parameters: Parameters) -> Component:
    """A corpus without a good line: what was wrong with the lines, most frequent first."""
    number = corpus.problem_count
    if not number:
        said = state("bi-inbox", f"{corpus.name} has no utterances", "Its files are empty: there is no line in them.")
        return html.Div(said, className="panel")
    lines = "The only line has a problem" if number == 1 else f"All lines have problems, {count(number)} in all"
    first = corpus.problems[0]
    link = dcc.Link("See the problems", href=parameters.href("/problems"), className="btn btn-primary")
    said = state(
        "bi-inbox",
        f"{corpus.name} has no utterances",
        f"{lines}, so nothing could be loaded. The first: {first}",
        tone="bad",
        actions=[link],
    )
    return html.Div([said, problem_kinds(corpus)], className="panel")


def _tiles(corpus: Corpus, known: Statistics, parameters: Parameters) -> Component:
    partial = not corpus.complete
    so_far = "of the rows loaded so far" if partial else ""
    on_average = "" if known.mean_duration is None else f"{hours(known.mean_duration)} on average"
    as_written = "of all references, as they are written"
    numbers = (
        ("Audio", hours(known.hours), on_average, "Sum of all known durations."),
        ("Utterances", count(known.utterances), "one row of the manifest each", "Rows that were loaded."),
        ("Words", count(known.words), "in references", f"Words {as_written}, split at white space."),
        (
            "Vocabulary",
            count(known.vocabulary),
            "distinct words",
            f"Distinct words {as_written}: upper and lower case differ.",
        ),
    )
    tiles = [
        tile(label, value, note=so_far or note, partial=partial, help_text=told) for label, value, note, told in numbers
    ]
    problems = corpus.problem_count
    tiles.append(
        tile(
            "Problems",
            count(problems),
            note=so_far or _faults(corpus),
            partial=partial,
            tone="warn" if problems else "plain",
            href=parameters.href("/problems"),
            help_text="Lines that could not be loaded or do not hold what they promise: open the list.",
        )
    )
    if known.unknown_durations:
        unknown = Query(filters=(Filter("duration", (Test("empty", None),)),))
        tiles.append(
            tile(
                "Unknown durations",
                count(known.unknown_durations),
                note="their sound could not be read"
                if corpus.tables.measured
                else "read from the audio in the background",
                tone="warn",
                href=parameters.plus(unknown.pairs()).href("/utterances"),
                help_text="Rows without a duration: open them.",
            )
        )
    return html.Div(tiles, className="tiles")


def _faults(corpus: Corpus) -> str:
    """What the problems have cost."""
    silent = sum(corpus.problem_kinds.get(kind, 0) for kind in SOUND_PROBLEMS)
    lines = corpus.problem_count - silent
    if not silent:
        return "faulty lines, left out" if lines else "every line was loaded"
    if not lines:
        return "sound missing or unreadable; the rows are here"
    return f"{counted(lines, 'faulty line')} left out, {count(silent)} without sound"


def _unheard(corpus: Corpus) -> Component | None:
    """Said when no sound is where it should be: most often the folder is not the one that the paths count from."""
    absent = absent_sound(corpus) if corpus.size else None
    if absent is None:
        return None
    told = (
        f"No sound is where the manifest says: {absent} does not exist. If the files lie elsewhere, start Earmark with "
        "--audio-base-path FOLDER (audio_root in a configuration). Everything but the sound works as it is."
    )
    return html.Div([icon("bi-volume-mute"), html.Span(told)], className="banner warn inside", role="status")


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
        return bars(corpus, corpus.column(id["column"]), place)

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
        redrawn: Any = no_update
        again: list[Any] = [number + 1 if number else no_update for number in asked]
        if fresh[1] != mark[1]:
            redrawn, again = distributions(corpus, parameters.get("system")), [no_update] * len(asked)
        return _changing(stores, corpus, place), redrawn, again, fresh

    app.clientside_callback(
        ClientsideFunction("earmark", "openBin"),
        Output("overview-figures", "id"),
        Input({"type": "overview-graph", "column": ALL}, "clickData"),
        prevent_initial_call=True,
    )
