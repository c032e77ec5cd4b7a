"""The listening room, drawn: the strip of systems, and for each sentence its texts and readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from evaluator.normalizers.plain import simplify
from evaluator.scoring.alignment import align
from evaluator.spoken import SPOKEN_FORMS
from evaluator.tts.room import Cell, RoomRow, RoomSystem
from evaluator.tts.stimulus_set import Sentence
from explorer.columns import Column
from explorer.components.cards import attributes, icon
from explorer.components.player import player
from explorer.errors import MissingPackage
from explorer.formatting import count, counted, percent, seconds, value

KEYS = 10
"""Systems with a digit of their own; the tenth has 0, as on a keyboard."""

ROLES = {"reference": "recording", "context": "voice prompt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What all rows of a page have in common."""

    corpus: str
    systems: Sequence[RoomSystem]
    score: Column | None
    spoken: str
    judge: str | None


def system_strip(shown: Shown) -> Component:
    """A button for each system: a click or its digit goes on with it at the same position."""
    return html.Div(
        [_system(shown, number, system) for number, system in enumerate(shown.systems, start=1)],
        className="tts-systems",
        role="group",
        **attributes(aria_label="Systems; a click goes on with that system at the same position"),
    )


def _system(shown: Shown, number: int, system: RoomSystem) -> Component:
    lines = [html.Span(f"{count(system.sentences)} read")]
    if system.seconds is not None:
        lines.append(html.Span(f"{seconds(system.seconds, digits=1)} each"))
    if system.counts is not None:
        words = f"of {counted(system.counts.length, 'word')}"
        rate = f"WER {percent(system.counts.rate, digits=1)} "
        lines.append(html.Span([rate, html.Small(words)], className="tts-rate"))
    if shown.score is not None and system.score is not None:
        lines.append(html.Span(f"mean {shown.score.label} {value(shown.score, system.score)}"))
    keys = attributes(data_hotkey=str(number % 10), data_hotkey_help=f"hear {system.name}") if number <= KEYS else {}
    return html.Button(
        [
            html.Span([_key(number), html.B(system.name, title=system.name), _role(system)], className="tts-name"),
            html.Span(lines, className="num muted tts-numbers"),
        ],
        type="button",
        className="tts-system",
        **attributes(data_tts_system=str(number), aria_pressed="false"),
        **keys,
    )


def _key(number: int) -> Component | None:
    return html.Kbd(str(number % 10)) if number <= KEYS else None


def _role(system: RoomSystem) -> Component | None:
    return html.Span(ROLES[system.role], className="badge-soft") if system.role in ROLES else None


def row(shown: Shown, one: RoomRow, number: int) -> Component:
    """A sentence: its text as written and as spoken, and a cell for each system."""
    cells = [
        _cell(shown, one.sentence, place, system, one.cells[system.name])
        for place, system in enumerate(shown.systems, start=1)
    ]
    return html.Section(
        [
            html.Header(
                [
                    html.Span(count(number), className="tts-number num"),
                    html.Div([html.H2(_written(one.sentence), dir="auto"), _spoken(shown, one.sentence)]),
                    html.Small(one.sentence.key if one.sentence.key != one.sentence.text else "", className="muted"),
                ],
                className="tts-sentence",
            ),
            html.Div(
                cells,
                className="tts-cells",
                style={"--systems": len(cells)},
                tabIndex=0,  # where it scrolls, it has to scroll with the keyboard
                role="group",
                **attributes(aria_label=f"Readings of sentence {number}"),
            ),
        ],
        className="panel tts-row",
        **attributes(data_tts_row=str(number)),
    )


def _written(sentence: Sentence) -> str:
    return sentence.text or "no text"


def spoken_text(sentence: Sentence, form: str) -> str | None:
    """What is to be said by the form, None where that is not known.

    Raises:
        MissingPackage: the form's packages are not installed.
    """
    if form == "corpus":
        return sentence.spoken
    return None if sentence.text is None else SPOKEN_FORMS[form].load()(sentence.text)


def _spoken(shown: Shown, sentence: Sentence) -> Component | None:
    """The spoken text with what differs from the written one marked; nothing where both are the same."""
    try:
        said = spoken_text(sentence, shown.spoken)
    except MissingPackage as error:
        return html.P([icon("bi-exclamation-triangle"), str(error)], className="tts-spoken muted")
    if said is None or said == sentence.text:
        return None
    parts: list[Component | str] = [icon("bi-chat-quote"), html.Span("spoken ", className="visually-hidden")]
    return html.P([*parts, *marked(sentence.text or "", said)], className="tts-spoken", dir="auto")


def marked(written: str, said: str) -> list[Component | str]:
    """The words of ``said``, those that ``written`` lacks in marks; case and punctuation make no difference."""
    words = said.split()
    aligned = align([_plain(word) for word in written.split()], [_plain(word) for word in words])
    stretches: list[tuple[bool, list[str]]] = []
    for op in aligned.ops:
        own = [words[place] for place in op.hypothesis]
        if own and stretches and stretches[-1][0] == (op.kind == "equal"):
            stretches[-1][1].extend(own)
        elif own:
            stretches.append((op.kind == "equal", own))
    pieces: list[Component | str] = []
    for same, own in stretches:
        pieces += [" ".join(own) if same else html.Mark(" ".join(own)), " "]
    return pieces[:-1]


def _plain(word: str) -> str:
    return simplify(word) or word


def _cell(shown: Shown, sentence: Sentence, number: int, system: RoomSystem, cell: Cell | None) -> Component:
    head: list[Component | None] = [_key(number), html.B(system.name, title=system.name)]
    if cell is None:
        words = "no voice prompt" if system.role == "context" else "not read by this system"
        missing = html.P([icon("bi-slash-circle"), words], className="muted tts-missing")
        return html.Div([html.Div(head, className="tts-cell-head"), missing], className="tts-cell is-missing")
    if cell.fits:
        head.append(html.Span(icon("bi-funnel-fill"), className="tts-fits", title="This reading fits the filter"))
    if cell.stimulus.duration is not None:  # else the player under it has it
        head.append(html.Span(seconds(cell.stimulus.duration), className="num muted"))
    if cell.counts is not None:
        wrong = " tts-wrong" if cell.counts.errors else ""
        text = f"WER {percent(cell.counts.rate, digits=0)}"
        title = (
            f"{counted(cell.counts.errors, 'error')} of {counted(cell.counts.length, 'word')}, heard by {shown.judge}"
        )
        head.append(html.Span(text, className=f"num tts-wer{wrong}", title=title))
    score = None
    if shown.score is not None:
        said = value(shown.score, cell.score)
        score = html.Span([f"{shown.score.label} ", html.B(said)], className="num tts-score", title=shown.score.help)
    heard = None
    if cell.heard is not None:
        heard = html.P(
            [icon("bi-ear"), html.Span(_heard(sentence, cell), dir="auto")],
            className="tts-heard muted",
            title=f"Heard by {shown.judge}",
        )
    return html.Div(
        [
            html.Div(head, className="tts-cell-head"),
            player(
                shown.corpus,
                cell.stimulus.id,
                group=f"tts-{sentence.key}",
                deck=f"tts-{sentence.key}",
                label=f"{system.name}: {sentence.text or sentence.key}",
            ),
            html.Div(
                [score, html.Span(className="num muted tts-lufs", **attributes(data_tts_lufs="1"))],
                className="tts-levels",
            ),
            heard,
        ],
        className="tts-cell",
        **attributes(data_tts_cell=str(number)),
    )


def _heard(sentence: Sentence, cell: Cell) -> list[Component | str]:
    if not cell.heard:
        return ["(nothing heard)"]
    return marked(sentence.text, cell.heard) if sentence.text else [cell.heard]
