"""The listening room: a sentence a row, a system a column, one transport that switches systems at the same position.

The page is a function of its address: ``search=``, ``where=``, ``f=`` choose sentences, ``show=`` a score for every
reading, ``order=`` sentences by it, ``judge=`` whose transcripts are shown, ``spoken=`` how texts are spelled out,
``gaps=only`` those that somebody has not read, ``page=``. ``assets/player-deck.js`` plays, ``assets/tts.js`` switches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.components.tts_controls import controls, explanation, nothing, transport
from evaluator.components.tts_rows import Shown, row, system_strip
from evaluator.components.tts_wish import Wish
from evaluator.tts.room import RoomPage, room_page
from evaluator.tts.stimuli import is_tts
from evaluator.tts.stimulus_set import StimulusSet
from explorer.components.pager import pager
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, counted
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/tts"
TITLE = "TTS"
TAB = "Listening room"
CARRIED = ("spoken",)

SENTENCES_ON_A_PAGE = 10
CELLS_ON_A_PAGE = 60
"""Readings on a page, as far as five sentences do not have more: the browser takes time for each."""


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The room of a corpus, or what a corpus needs for it."""
    corpus = stores.corpus(query)
    return html.Div(
        [
            dcc.Store(id="tts-shown", data=_mark(corpus)),
            dcc.Store(id="tts-revision"),
            html.Div(_body(stores, corpus, query), id="tts-body"),
        ],
        className="page tts",
    )


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Draw the page anew when the corpus has changed, but not while somebody listens."""
    app.clientside_callback(
        ClientsideFunction("earmark", "whenQuiet"),
        Output("tts-revision", "data"),
        Input("revision", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("tts-body", "children"),
        Output("tts-shown", "data"),
        Input("tts-revision", "data"),
        State("tts-shown", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def refresh(_revision: str | None, shown: str | None, search: str | None) -> tuple[Any, Any]:
        parameters = Parameters.of(search)
        corpus = stores.corpus(parameters)
        if shown == _mark(corpus):
            return no_update, no_update
        return _body(stores, corpus, parameters), _mark(corpus)


def _mark(corpus: Corpus) -> str:
    return f"{corpus.key} {corpus.complete}"


def _body(stores: EvaluatorStores, corpus: Corpus, parameters: Parameters) -> list[Component | None]:
    if not is_tts(corpus):
        return [explanation(corpus, parameters)]
    stimuli = stores.stimuli.of(corpus)
    wish = Wish.of(parameters, corpus, spoken=_usual_form(stores, stimuli))
    size = max(5, min(SENTENCES_ON_A_PAGE, CELLS_ON_A_PAGE // max(1, len(stimuli.systems))))
    first = (wish.page - 1) * size
    found = room_page(
        corpus,
        stimuli,
        wish.query,
        start=first,
        stop=first + size,
        recognizer=wish.judge,
        score=wish.score.name if wish.score else None,
        only_gaps=wish.only_gaps,
    )
    shown = Shown(corpus=corpus.name, systems=found.systems, score=wish.score, spoken=wish.spoken, judge=wish.judge)
    return [
        html.Div(
            html.Div([html.H1(TITLE), html.P(_sentence(corpus, stimuli, found, wish))]),
            className="page-head",
        ),
        controls(corpus, stimuli, wish),
        html.Div([transport(), system_strip(shown)], className="tts-bar"),
        *([row(shown, one, first + number) for number, one in enumerate(found.rows, start=1)] or [nothing(found)]),
        pager(parameters, PATH, wish.page, found.total, size=size, of="sentences"),
        _problems(stimuli),
    ]


def _usual_form(stores: EvaluatorStores, stimuli: StimulusSet) -> str:
    """The corpus's own spoken texts when it has some, else the configured form."""
    if any(sentence.spoken is not None for sentence in stimuli.sentences):
        return "corpus"
    return stores.config.synthesis.spoken_form


def _sentence(corpus: Corpus, stimuli: StimulusSet, found: RoomPage, wish: Wish) -> str:
    all_of = counted(len(stimuli.sentences), "sentence")
    some = all_of if found.total == len(stimuli.sentences) else f"{count(found.total)} of {all_of}"
    said = [f"{some}, {counted(len(stimuli.systems), 'system')}."]
    if found.missing:
        said.append("1 reading is missing." if found.missing == 1 else f"{count(found.missing)} readings are missing.")
    if wish.query.selection() != Query():
        words = wish.query.selection().sentence(corpus)
        said.append(f"Sentences with a reading that fits: {words.removeprefix('Utterances where ')}.")
    if not corpus.complete:
        said.append("The corpus is still loading.")
    return " ".join(said)


def _problems(stimuli: StimulusSet) -> Component | None:
    if not stimuli.problems:
        return None
    title = f"{counted(len(stimuli.problems), 'note')} on rows that have no place of their own"
    return html.Details([html.Summary(title), html.Ul(list(map(html.Li, stimuli.problems)))], className="tts-problems")
