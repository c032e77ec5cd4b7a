"""What will be said before it is: texts spelled out, those that cannot be read, and what each voice leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dash import html
from dash.development.base_component import Component

from evaluator.comparison_store import Making
from evaluator.components.tts_rows import marked
from evaluator.spoken import spoken_form
from evaluator.synthesizers.saying import check_sayable, listed
from evaluator.tts.sayings import Unsaid
from evaluator.tts.synthesis import Line, checked
from explorer.components.cards import icon
from explorer.errors import EngineError, SpeechDataError
from explorer.formatting import counted

PREVIEWED = 6


def spelled(lines: Sequence[Line], form: str, longest: int) -> list[str | SpeechDataError]:
    """Each sentence as it will be said, or why it cannot be."""
    spell = spoken_form(form).load()
    said: list[str | SpeechDataError] = []
    for line in lines:
        try:
            said.append(spell(checked(line.text, longest=longest)))
        except SpeechDataError as error:
            said.append(error)
    return said


def preview(lines: Sequence[Line], said: Sequence[str | SpeechDataError], unsaid: Unsaid | Making) -> list[Component]:
    """The first sentences as they will be said, and those that cannot be, or not in full."""
    if not lines:
        return [html.P("Nothing yet: write a sentence, or choose those of the corpus.", className="muted")]
    rows: list[Component] = []
    wrong, place = 0, 0
    for number, (line, spoken) in enumerate(zip(lines, said, strict=True)):
        if isinstance(spoken, SpeechDataError):
            wrong += 1
            if wrong <= PREVIEWED:
                begins = f"{line.text[:60]}: " if line.text.strip() else ""
                told: list[Component | str] = [icon("bi-exclamation-triangle"), begins, str(spoken)]
                rows.append(html.Li(told, className="synthesize-wrong"))
            continue
        lost = list(_lost(unsaid, place, spoken))
        place += 1
        wrong += bool(lost)
        if number < PREVIEWED or (lost and wrong <= PREVIEWED):
            words: list[Component | str] = [icon("bi-chat-quote"), *marked(line.text, spoken)]
            as_said = None if spoken == line.text else html.Div(words, className="tts-spoken")
            rows.append(html.Li([html.Div(line.text, dir="auto"), as_said, *lost]))
    more = len(lines) - PREVIEWED
    note = f"{counted(len(lines), 'sentence')}" + (", the first ones:" if more > 0 else ":")
    return [html.P(note, className="muted"), *_about_voices(unsaid), html.Ul(rows, className="synthesize-lines")]


def _lost(unsaid: Unsaid | Making, place: int, spoken: str) -> Iterator[Component]:
    """What each voice leaves out of the text at that place of those that can be read."""
    for voice, told in unsaid.items() if not isinstance(unsaid, Making) else ():
        characters = None if isinstance(told, str) else told[place]
        if not characters:
            continue
        try:
            check_sayable(spoken, characters)
        except EngineError as error:
            yield _warned([html.B(f"{voice}: "), str(error)])
        else:
            yield _warned([html.B(voice), f" does not say: {listed(characters)}"])


def _about_voices(unsaid: Unsaid | Making) -> Iterator[Component]:
    """Voices that were not or cannot be asked what they leave out."""
    if isinstance(unsaid, Making):
        yield html.P([icon("bi-hourglass-split"), "Asking the voices which characters they know…"], className="muted")
        return
    for voice, told in unsaid.items():
        if isinstance(told, str):
            yield _warned([html.B(f"{voice}: "), told])
    silent = [voice for voice, told in unsaid.items() if not isinstance(told, str) and told and None in told]
    if silent:
        what = "does" if len(silent) == 1 else "do"
        yield html.P(f"{', '.join(silent)} {what} not tell which characters are known.", className="muted")


def _warned(words: Sequence[Component | str]) -> Component:
    return html.Div([icon("bi-exclamation-triangle"), html.Span(list(words))], className="synthesize-lost")
