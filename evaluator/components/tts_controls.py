"""The listening room's controls: what is chosen and shown, the transport, the pages, and what stands in for rows."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from evaluator.components.tts_wish import Wish
from evaluator.spoken import SPOKEN_FORMS
from evaluator.tts.room import RoomPage, score_columns
from evaluator.tts.stimulus_set import StimulusSet
from explorer.components.cards import attributes, icon, state
from explorer.components.shell import parameter_select
from explorer.corpora.corpus import Corpus
from explorer.querying.expression import LONGEST
from explorer.querying.parameters import PLACE, Parameters

ROUND_TRIP_HELP = (
    "Whose transcripts are shown under each reading. Round-trip WER: the word error rate of the transcript against the "
    "text that was to be read, pooled over all words; lower is better. It tells how intelligible the speech is to that "
    "recognizer, whose own errors it contains, and not how natural it sounds."
)


def controls(corpus: Corpus, stimuli: StimulusSet, wish: Wish) -> Component:
    """The form that chooses sentences, and the selects of what is shown of them."""
    return html.Div(
        [
            _form(wish),
            html.Div(
                [select for select in _selects(corpus, stimuli, wish) if select is not None], className="tts-selects"
            ),
        ],
        className="tts-controls",
    )


def _form(wish: Wish) -> Component:
    """Search and filter; ``assets/tts.js`` puts them into the address."""
    fields: list[Component] = [
        _field(
            "search", "Search texts", wish.query.search, key="/", help_text="search the texts", icon_name="bi-search"
        ),
        _field(
            "where",
            "Filter readings, such as {wer_whisper} > 20%",
            wish.typed,
            key="f",
            help_text="filter by scores and columns",
            icon_name="bi-funnel",
        ),
        html.Button("Apply", type="submit", className="btn btn-secondary"),
    ]
    if wish.typed or wish.query.search or wish.query.filters:
        fields.append(
            html.Button("Clear", type="button", className="btn btn-link", **attributes(data_tts_clear="1")),
        )
    wrong = html.P([icon("bi-exclamation-triangle"), wish.wrong], className="tts-fault", role="alert")
    return html.Form(
        [html.Div(fields, className="tts-fields"), wrong if wish.wrong else None],
        className="tts-form",
        role="search",
        **attributes(data_tts_form="1"),
    )


def _field(name: str, label: str, text: str, *, key: str, help_text: str, icon_name: str) -> Component:
    return html.Label(
        [
            icon(icon_name),
            html.Span(label, className="visually-hidden"),
            dbc.Input(
                id=f"tts-{name}",
                name=name,
                type="text",
                value=text,
                placeholder=label,
                maxlength=LONGEST,
                autocomplete="off",
            ),
            html.Span(
                key,
                className="keycap",
                **attributes(data_tts_focus=f"tts-{name}", data_hotkey=key, data_hotkey_help=help_text),
            ),
        ],
        className=f"tts-field tts-field-{name}",
    )


def _selects(corpus: Corpus, stimuli: StimulusSet, wish: Wish) -> list[Component | None]:
    columns = score_columns(corpus)
    score = wish.score.name if wish.score else "none"
    forms = [(form.name, form.title) for form in SPOKEN_FORMS.values()]
    if any(sentence.spoken is not None for sentence in stimuli.sentences):
        forms.insert(0, ("corpus", "as the corpus says"))
    judges = [(system, system) for system in corpus.systems]
    orders = [("source", "as in the corpus"), ("down", "highest first"), ("up", "lowest first")]
    gaps = [("all", "all"), ("only", "with missing readings")]
    shown = [("none", "none"), *((column.name, column.label) for column in columns)]
    return [
        parameter_select("judge", "Heard by", judges, wish.judge, help_text=ROUND_TRIP_HELP) if wish.judge else None,
        parameter_select("show", "Score", shown, score, help_text="A number of each reading: a score or any column."),
        parameter_select(
            "order",
            "Order",
            orders,
            wish.order,
            help_text="Sentences in the order of the score of any of their readings.",
        )
        if wish.score
        else None,
        parameter_select("spoken", "Spoken form", forms, wish.spoken, help_text=_FORMS_HELP),
        parameter_select("gaps", "Sentences", gaps, "only" if wish.only_gaps else "all")
        if stimuli.missing() or wish.only_gaps
        else None,
    ]


_FORMS_HELP = "How a text is read aloud, shown where it differs from what is written. " + " ".join(
    f"{form.title}: {form.help}" for form in SPOKEN_FORMS.values()
)


def transport() -> Component:
    """Previous, play, next, where it is, and whether all are equally loud; drawn to life by ``assets/tts.js``."""

    def step(direction: int, key: str, icon_name: str, label: str) -> Component:
        return html.Button(
            icon(icon_name),
            type="button",
            className="icon-button",
            title=f"{label} ({key})",
            **attributes(
                data_tts_step=str(direction), aria_label=label, data_hotkey=key, data_hotkey_help=label.lower()
            ),
        )

    return html.Div(
        [
            step(-1, "k", "bi-skip-start-fill", "Previous sentence"),
            html.Button(
                icon("bi-play-fill"),
                type="button",
                className="tts-play",
                title="Play or pause (space)",
                **attributes(data_tts_play="1", aria_label="Play"),
            ),
            step(1, "j", "bi-skip-end-fill", "Next sentence"),
            html.Span("–:––", className="num tts-clock", **attributes(data_tts_clock="1")),
            html.Span("", className="num tts-length", **attributes(data_tts_length="1")),
            html.Span("", className="tts-now", **attributes(data_tts_now="1")),
            html.Span("", className="visually-hidden", role="status", **attributes(data_tts_said="1")),
            html.Button(
                [html.Span(className="tts-knob"), "Equal loudness", html.Small("−23 LUFS", className="num")],
                type="button",
                role="switch",
                className="tts-level",
                title="Every reading at -23 LUFS as far as its peak allows; off: as it is in the file (m)",
                **attributes(
                    data_tts_level="1",
                    aria_checked="true",
                    data_hotkey="m",
                    data_hotkey_help="equal loudness on or off",
                ),
            ),
        ],
        className="tts-transport",
        role="group",
        **attributes(aria_label="Transport"),
    )


def nothing(found: RoomPage) -> Component:
    """What stands where no row is."""
    if found.total:
        return state("bi-collection", "There is no such page of sentences", "Go back to the first page.")
    return state("bi-funnel", "No sentence fits", "No sentence has a reading that fits; loosen the filter.")


def explanation(corpus: Corpus, parameters: Parameters) -> Component:
    """What a corpus needs to be heard here."""
    return state(
        "bi-megaphone",
        "This corpus is not TTS material",
        f'To compare voices, every row of "{corpus.name}" needs the field "system" (which voice read it), and best '
        'also "sentence_id" (without it, rows with the same text belong together). NeMo\'s TTS results, one manifest '
        "for each system opened as one corpus, and folders of voices with a file of texts will do as well.",
        level=1,
        actions=[
            dcc.Link("See its utterances", href=parameters.only(PLACE).href("/utterances"), className="btn btn-primary")
        ],
    )
