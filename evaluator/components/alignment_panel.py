"""The alignment panel of an utterance: what every system made of each reference word, errors by colour and letter.

Columns wrap like text; the names at the left repeat on every line. Counts come from the same alignments that are
drawn. Words that a system left out are ``***`` with the letter D, added ones stand in columns of their own with I, and
in a substitution (S) the characters that differ are underlined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from dash import html
from dash.development.base_component import Component

from evaluator.components.alignment_arranging import arranging
from evaluator.components.normalizer_warning import normalizer_warning
from evaluator.normalizers.plain import squeeze
from evaluator.normalizers.registry import Normalizer, changing
from evaluator.scoring.alignment import GAP, LETTERS, AlignedColumn, Cell, Kind, align, align_many, count_errors
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.score_columns import normalizer_of
from explorer.components.cards import attributes, facts, help_mark, icon, panel
from explorer.corpora.corpus import Corpus, Utterance
from explorer.formatting import count, percent

MOST_CELLS = 6_000
CONTEXT = 3
"""Words shown on both sides of an error where long stretches without one are folded."""

KINDS: dict[Kind, str] = {"substitute": "substituted", "delete": "left out", "insert": "added"}
HELP = (
    "Each hypothesis is aligned with the reference by the fewest errors: S is a substituted, D a deleted and I an "
    "inserted word. Underlined characters differ from the reference word. WER is errors divided by reference words; "
    "lower is better."
)


def alignment_panel(stores: Any, corpus: Corpus, utterance: Utterance) -> Component | None:
    """Reference and hypotheses, aligned under the normalizer of the address; None without any of them."""
    if utterance.reference is None and not corpus.systems:
        return None
    chosen = normalizer_of(corpus) or stores.chosen_normalizer({})
    body = [normalizer_warning(corpus, chosen), *_body(corpus, utterance, chosen)]
    return panel("Alignment", body, help_text=HELP, aside=_normalizer_note(chosen))


def _normalizer_note(chosen: Normalizer) -> list[Component]:
    note = html.Span(["normalizer ", html.B(chosen.title), f", version {chosen.version}"], className="nowrap")
    return [note, help_mark(chosen.help, place="at-end")]


def _body(corpus: Corpus, utterance: Utterance, chosen: Normalizer) -> list[Component | None]:
    missing = [system for system in corpus.systems if system not in utterance.hypotheses]
    absent = _sentence(f"Not scored, no hypothesis for this utterance: {', '.join(missing)}.") if missing else None
    written = _as_written(utterance, chosen)
    if utterance.reference is None:
        reason = "This utterance has no reference, so nothing can be compared with it and it is not scored."
        return [_sentence(reason), absent, written]
    reference = chosen.words(utterance.reference)
    systems = list(utterance.hypotheses)
    if not systems:
        nobody = absent or _sentence("No system has recognized this utterance yet.")
        return [html.P(" ".join(reference), className="reference-text"), nobody, written]
    heard = [chosen.words(text) for text in utterance.hypotheses.values()]
    badges = [_badge(system, count_errors(reference, words)) for system, words in zip(systems, heard, strict=True)]
    nothing = None
    if not reference:
        nothing = _sentence("The reference is empty: there is no rate, and every word heard counts as an insertion.")
    drawing = _drawing(systems, align_many(reference, heard), corpus.name)
    return [html.Div(badges, className="align-badges"), nothing, arranging(systems), *drawing, absent, written]


def _sentence(text: str) -> Component:
    return html.P(text, className="align-note")


def _badge(system: str, counts: ErrorCounts) -> Component:
    words = "1 word" if counts.length == 1 else f"{count(counts.length)} words"
    rate = f"WER {percent(counts.rate, digits=1)}" if counts.rate is not None else "no WER"
    base = f"of {words}" if counts.length else "the reference is empty"
    name = "align-badge right" if not counts.errors else "align-badge"
    return html.Span([html.B(system), f" {rate} · ", *_numbers(counts), base], className=name)


def _numbers(counts: ErrorCounts) -> Iterator[Component]:
    kinds: tuple[tuple[Kind, int], ...] = (
        ("substitute", counts.substitutions),
        ("delete", counts.deletions),
        ("insert", counts.insertions),
    )
    for kind, number in kinds:
        shown = f"{count(number)} {LETTERS[kind]} "
        yield html.Span(shown, className=f"align-{kind}" if number else "", title=KINDS[kind])


def _drawing(systems: Sequence[str], columns: Sequence[AlignedColumn], corpus: str) -> list[Component]:
    """The columns, and the names that stand at the left of each of their lines."""
    if not columns:
        return [_sentence("Reference and hypotheses are all empty: there is nothing to align.")]
    pieces, hidden = _folded(columns, most=MOST_CELLS // (1 + len(systems)) + 1)
    rows = 1 + len(systems)
    drawn = [_fold(piece, rows=rows) if isinstance(piece, int) else _column(piece, systems) for piece in pieces]
    names = html.Div([html.Span("reference"), *(html.Span(s, title=s) for s in systems)], className="align-names")
    # As many copies as there can be lines; those below the last line are cut off by the style sheet.
    copies = min(len(pieces), 2 + sum(_width(piece) for piece in pieces) // 12)
    view = html.Div(
        [
            html.Div([names] * copies, className="align-gutter", **attributes(aria_hidden="true")),
            html.Div(
                drawn,
                className="align-columns",
                dir="auto",
                tabIndex=0,
                role="group",
                **attributes(aria_label="Aligned words"),
            ),
        ],
        className="align-view",
        **attributes(data_systems=orjson.dumps(list(systems)).decode(), data_corpus=corpus),
    )
    if not hidden:
        return [view]
    return [view, _sentence(f"The last {count(hidden)} columns are not drawn; the counts above include them.")]


def _folded(columns: Sequence[AlignedColumn], *, most: int) -> tuple[list[AlignedColumn | int], int]:
    """The columns if they are at most ``most``, else with long correct stretches as numbers of words, and how many
    columns at the end are left out because it is still too many."""
    if len(columns) <= most:
        return list(columns), 0
    wrong = [place for place, column in enumerate(columns) if any(cell.kind != "equal" for cell in column.cells)]
    near = {place + step for place in wrong for step in range(-CONTEXT, CONTEXT + 1)}
    pieces: list[AlignedColumn | int] = []
    for place, column in enumerate(columns):
        if len(pieces) >= most:
            return pieces, len(columns) - place
        if place in near:
            pieces.append(column)
        elif pieces and isinstance(pieces[-1], int):
            pieces[-1] += 1
        else:
            pieces.append(1)
    return pieces, 0


def _fold(words: int, *, rows: int) -> Component:
    """A column that stands for correct ones, as high as they are so that lines keep their height."""
    text = "1 correct word" if words == 1 else f"{count(words)} correct words"
    height = {"minHeight": f"calc(var(--align-row) * {rows})"}
    return html.Span(html.Span(f"… {text} …"), className="align-column align-fold", style=height)


def _width(piece: AlignedColumn | int) -> int:
    """About how many characters wide a column is."""
    if isinstance(piece, int):
        return 20
    return 2 + max(len(token or GAP) for token in (piece.reference, *(cell.token for cell in piece.cells)))


def _column(column: AlignedColumn, systems: Sequence[str]) -> Component:
    reference = (
        html.Span(GAP, className="align-cell align-gap")
        if column.reference is None
        else html.Span(column.reference, className="align-cell align-reference", title=column.reference)
    )
    cells = [_cell(cell, column.reference, system) for cell, system in zip(column.cells, systems, strict=True)]
    # Who has something in a column of insertions: it goes when all of them are hidden.
    inserting = [f"by-{place}" for place, cell in enumerate(column.cells) if cell.kind == "insert"]
    names = ["align-column", *(["by", *inserting] if inserting else [])]
    return html.Span([reference, *cells], className=" ".join(names))


def _cell(cell: Cell, reference: str | None, system: str) -> Component:
    if cell.kind is None:
        return html.Span("\u00a0", className="align-cell")
    if cell.kind == "equal":
        return html.Span(cell.token, className="align-cell align-equal", title=f"{system}: {cell.token}")
    told = {
        "substitute": f"{system}: “{cell.token}” instead of “{reference}” (substituted)",
        "delete": f"{system}: “{reference}” was left out (deleted)",
        "insert": f"{system}: “{cell.token}” was added (inserted)",
    }[cell.kind]
    shown: Any = cell.token or GAP
    if cell.kind == "substitute":
        shown = _differing(reference or "", cell.token or "")
    letter = html.Span(LETTERS[cell.kind], className="align-letter")
    return html.Span([html.Span(shown), letter], className=f"align-cell align-{cell.kind}", title=told)


def _differing(reference: str, token: str) -> list[Any]:
    """The token with the characters underlined that are not the reference's; all or nothing needs no lines."""
    ops = [op for op in align(list(reference), list(token)).ops if op.hypothesis]
    if all(op.kind != "equal" for op in ops):
        return [token]
    texts = [(op.kind, token[op.hypothesis.start : op.hypothesis.stop]) for op in ops]
    return [text if kind == "equal" else html.U(text) for kind, text in texts]


def _as_written(utterance: Utterance, chosen: Normalizer) -> Component | None:
    """The texts before any normalizer, to be opened; where it changed one, what it made of it, and which rules did."""
    texts = {"reference": utterance.reference, **utterance.hypotheses}
    if all(text is None for text in texts.values()):
        return None
    changed = any(text is not None and chosen.apply(text) != squeeze(text) for text in texts.values())
    title = f"Texts as they are written, and as {chosen.title} makes them" if changed else "Texts as they are written"
    shown = {name: _text(text, chosen) for name, text in texts.items()}
    return html.Details([html.Summary(title), facts(shown)], className="align-written")


def _text(text: str | None, chosen: Normalizer) -> Component:
    if not text:
        return _blank(text)
    made, rules = chosen.apply(text), changing(chosen, text)
    raw = html.Span(text, className="align-raw", dir="auto")
    if made == squeeze(text):
        return raw
    after = html.Span(made, className="align-raw align-made", dir="auto") if made else _blank(made)
    return html.Div([raw, html.Div([icon("bi-arrow-return-right"), " ", after]), html.Div(f"by {', '.join(rules)}")])


def _blank(text: str | None) -> Component:
    return html.Span("missing" if text is None else "empty", className="muted")
