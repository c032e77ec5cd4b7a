"""The same sentences read by several systems, side by side: listen, switch system at the same position, see what is
missing, and how well a recognizer understood each reading. The page is a function of its address."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.tts import Grid, Sentence, Stimulus, SystemSummary, grid, is_tts, summaries
from explorer.components.cards import help_mark, icon, state
from explorer.components.player import player
from explorer.corpus import Corpus
from explorer.formatting import count, percent, seconds
from explorer.parameters import PLACE, VIEW, Parameters
from explorer.query import Query

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores

PATH = "/tts"
TITLE = "TTS"
TAB = "Listening room"

SENTENCES_ON_A_PAGE = 10
KEYS = 9
ROUND_TRIP_HELP = (
    "Round-trip WER: the word error rate of a recognizer's transcript of the synthetic speech against the text that "
    "was to be read, pooled over all words; lower is better. It tells how intelligible the speech is to that "
    "recognizer, not how natural it sounds."
)


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The grid of sentences and systems, or what a corpus needs for it."""
    corpus = stores.corpus(query)
    return html.Div(
        [
            dcc.Store(id="tts-shown", data=_mark(corpus)),
            html.Div(_body(corpus, query), id="tts-body"),
        ],
        className="page tts",
    )


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Draw the page anew when the corpus has changed; ``assets/tts.js`` does the switching in the browser."""

    @app.callback(
        Output("tts-body", "children"),
        Output("tts-shown", "data"),
        Input("revision", "data"),
        State("tts-shown", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def refresh(_revision: str | None, shown: str | None, search: str | None) -> tuple[Any, Any]:
        parameters = Parameters.of(search)
        corpus = stores.corpus(parameters)
        if shown == _mark(corpus):
            return no_update, no_update
        return _body(corpus, parameters), _mark(corpus)


def _mark(corpus: Corpus) -> str:
    return f"{corpus.key} {corpus.complete}"


def _body(corpus: Corpus, parameters: Parameters) -> list[Component | None]:
    if not is_tts(corpus):
        return [_explanation(corpus, parameters)]
    query = Query.from_pairs(parameters.only(VIEW).pairs)
    judge = _judge(corpus, parameters)
    number = _page_number(parameters)
    first = (number - 1) * SENTENCES_ON_A_PAGE
    shown = grid(corpus, query, start=first, stop=first + SENTENCES_ON_A_PAGE, recognizer=judge)
    return [
        html.Div(
            [
                html.Div([html.H1(TITLE), html.P(_sentence(corpus, query, shown))]),
                html.Div(_judges(corpus, parameters, judge), className="page-actions"),
            ],
            className="page-head",
        ),
        html.Div(
            [
                _system_button(number, summary, judge)
                for number, summary in enumerate(summaries(corpus, query, shown.systems, recognizer=judge), start=1)
            ],
            className="tts-systems",
            role="group",
            **_attributes({"aria-label": "Systems; a click goes on with that system at the same position"}),
        ),
        *_rows(corpus, shown),
        _pager(parameters, number, shown.total),
    ]


def _rows(corpus: Corpus, shown: Grid) -> list[Component]:
    if shown.sentences:
        return [_row(corpus, sentence, shown.systems) for sentence in shown.sentences]
    if shown.total:
        return [state("bi-collection", "There is no such page of sentences", "Go back to the first page.")]
    return [
        state(
            "bi-funnel",
            "No sentence fits",
            "No row of the selection has both a system and a sentence; loosen the filter.",
        )
    ]


def _row(corpus: Corpus, sentence: Sentence, systems: Sequence[str]) -> Component:
    cells = [
        _cell(corpus, sentence, number, system, sentence.stimuli[system])
        for number, system in enumerate(systems, start=1)
    ]
    return html.Section(
        [
            html.H2([html.Span(sentence.text or "no text"), html.Small(sentence.key if _is_id(sentence) else "")]),
            html.Div(cells, className="tts-cells", style={"--systems": len(systems)}),
        ],
        className="panel tts-row",
    )


def _is_id(sentence: Sentence) -> bool:
    return sentence.key != sentence.text


def _cell(corpus: Corpus, sentence: Sentence, number: int, system: str, stimulus: Stimulus | None) -> Component:
    key = html.Kbd(str(number)) if number <= KEYS else None
    head: list[Component | None] = [key, html.B(system, title=system)]
    if stimulus is None:
        missing = html.P("not read by this system", className="muted tts-missing")
        return html.Div([html.Div(head, className="tts-cell-head"), missing], className="tts-cell")
    head.append(html.Span(seconds(stimulus.duration), className="num muted"))
    if stimulus.counts is not None:
        wrong = " tts-wrong" if stimulus.counts.errors else ""
        head.append(html.Span(f"WER {percent(stimulus.counts.rate, digits=0)}", className=f"num tts-wer{wrong}"))
    heard = None
    if stimulus.heard is not None:
        heard = html.P([icon("bi-ear"), html.Span(stimulus.heard or "(nothing heard)")], className="tts-heard muted")
    return html.Div(
        [
            html.Div(head, className="tts-cell-head"),
            player(
                corpus.name,
                stimulus.id,
                pictures=("waveform",),
                group=f"tts-{sentence.key}",
                label=f"{system}: {sentence.text or sentence.key}",
            ),
            heard,
        ],
        className="tts-cell",
        **_attributes({"data-tts-cell": str(number)}),
    )


def _system_button(number: int, summary: SystemSummary, judge: str | None) -> Component:
    mean = summary.seconds / summary.sentences if summary.sentences else None
    lines = [html.Span(f"{count(summary.sentences)} read, {seconds(mean, digits=1)} each")]
    if summary.counts is not None and judge is not None:
        lines.append(html.Span(f"round-trip WER {percent(summary.counts.rate, digits=1)}"))
        lines.append(html.Span(f"{count(summary.counts.length)} words"))
    keys = {"data-hotkey": str(number), "data-hotkey-help": f"go on with {summary.name}"} if number <= KEYS else {}
    return html.Button(
        [
            html.Span([html.Kbd(str(number)) if number <= KEYS else None, html.B(summary.name)]),
            html.Span(lines, className="num muted"),
        ],
        type="button",
        className="tts-system",
        **_attributes({"data-tts-system": str(number), **keys}),
    )


def _judges(corpus: Corpus, parameters: Parameters, judge: str | None) -> list[Component]:
    """Whose transcripts are shown: a link for each recognizer of the corpus."""
    if judge is None:
        return []
    links: list[Component] = [
        dcc.Link(
            system,
            href=parameters.replaced(judge=system).href(PATH),
            className=f"btn btn-sm {'btn-primary' if system == judge else 'btn-secondary'}",
        )
        for system in corpus.systems
    ]
    return [html.Span(["Round trip by ", help_mark(ROUND_TRIP_HELP, place="at-end")], className="muted"), *links]


def _judge(corpus: Corpus, parameters: Parameters) -> str | None:
    wanted = parameters.get("judge")
    if wanted in corpus.systems:
        return wanted
    return corpus.systems[0] if corpus.systems else None


def _page_number(parameters: Parameters) -> int:
    """The page the address asks for, from 1; anything that is no such number is the first."""
    wanted = parameters.get("page", "1")
    return max(1, int(wanted)) if wanted.isdecimal() and len(wanted) < 9 else 1


def _pager(parameters: Parameters, number: int, total: int) -> Component | None:
    pages = ceil(total / SENTENCES_ON_A_PAGE)
    if pages <= 1:
        return None

    def link(label: str, target: int) -> Component:
        if not 1 <= target <= pages:
            return html.Span(
                label, className="btn btn-secondary disabled", role="link", **_attributes({"aria-disabled": "true"})
            )
        return dcc.Link(label, href=parameters.replaced(page=str(target)).href(PATH), className="btn btn-secondary")

    return html.Nav(
        [
            link("Previous", number - 1),
            html.Span(f"Page {count(number)} of {count(pages)}", className="num muted"),
            link("Next", number + 1),
        ],
        className="tts-pager",
        **_attributes({"aria-label": "Pages of sentences"}),
    )


def _sentence(corpus: Corpus, query: Query, shown: Grid) -> str:
    said = [
        f"{count(shown.total)} sentences read by {len(shown.systems)} systems. Play one, then press a digit to hear "
        "the same sentence from the same position by another system."
    ]
    if query != Query():
        said.append(f"{query.sentence(corpus)}.")
    if shown.repeated:
        said.append(f"{count(shown.repeated)} further readings of a sentence by the same system are not shown.")
    if shown.without_sentence:
        said.append(f"{count(shown.without_sentence)} utterances lack a system or a sentence and are left out.")
    if not corpus.complete:
        said.append("The corpus is still loading.")
    return " ".join(said)


def _explanation(corpus: Corpus, parameters: Parameters) -> Component:
    return state(
        "bi-megaphone",
        "This corpus is not TTS material",
        f'To compare voices, every row of "{corpus.name}" needs the field "system" (which voice read it), and best '
        'also "sentence_id" (which sentence it is; without it, rows with the same text belong together). With the '
        "transcripts of a recognizer, for example from the Runs page, every reading also shows its round-trip error "
        "rate.",
        level=1,
        actions=[
            dcc.Link("See its utterances", href=parameters.only(PLACE).href("/utterances"), className="btn btn-primary")
        ],
    )


def _attributes(values: dict[str, str]) -> dict[str, Any]:
    """Attributes whose names are no Python names, as keyword arguments of a component."""
    return dict(values)
