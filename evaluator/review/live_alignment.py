"""A text that is being edited against every hypothesis: rates, aligned columns, and the edit behind each difference.

Everything comes from the one aligner under one normalizer, so the rates of a text are those that the corpus would show
with it. Where a text is written without spaces between words (Chinese, Japanese, Thai...) the columns are characters,
and so are the letters S, D and I; the word error rate is then still that of the words the normalizer makes.

``drawing`` gives what ``assets/review-differences.js`` draws, as plain lists, because a keystroke must not wait for it:

    columns    [token, start, end, from, to, cells]   a column of the text; token null: some system inserted a word;
                                                      start, end: its place in UTF-16 code units; from, to: seconds
               a number                               so many columns in which all agree, folded
    cells      one of each system: [kind, token, from, to, edit]; kind "=", "S", "D", "I" or "" (nothing there)
    edit       [start, end, put] takes over what the system says there; null where it agrees
    majority   the edits, in order, that take over what more than half of at least three systems say in a column
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.normalizers.registry import Normalizer
from evaluator.review.word_edits import Edit, Ground
from evaluator.review.word_spans import Span, characters, is_spaceless, word_spans
from evaluator.scoring.alignment import AlignedColumn, Cell, align, align_many, count_character_errors, count_errors
from evaluator.scoring.error_rate import ErrorCounts
from explorer.formatting import count, percent
from explorer.segments import Segment

MOST_CELLS = 6_000
LEAST_VOTERS = 3
"""Systems from which on more than half of them is a majority."""

CONTEXT = 3
"""Columns shown on both sides of a difference where long stretches without one are folded."""

LETTERS = {"equal": "=", "substitute": "S", "delete": "D", "insert": "I", None: ""}


@dataclass(frozen=True, slots=True)
class Side:
    """A text as it is compared: its tokens, their places, and where known the times they are said at."""

    text: str
    words: Sequence[str]
    tokens: Sequence[str]
    spans: Sequence[Span]
    times: Sequence[Segment | None]

    @classmethod
    def of(cls, text: str, chosen: Normalizer, *, by_character: bool, said: Sequence[Segment] = ()) -> Side:
        """The text under a normalizer, whose words ``said`` gives times of (whoever said them)."""
        words, spans = chosen.words(text), word_spans(text, chosen)
        times = timed(words, said, chosen)
        if not by_character:
            return cls(text, words, words, spans, times)
        tokens, places = characters(words, spans, text)
        spread = [time for word, time in zip(words, times, strict=True) for _ in word]
        return cls(text, words, tokens, places, spread)

    def written(self, token: int) -> str:
        """The token as it is written in the text."""
        start, end = self.spans[token]
        return self.text[start:end]


def timed(words: Sequence[str], said: Sequence[Segment], chosen: Normalizer) -> list[Segment | None]:
    """The time of each word, from timed words that say (nearly) the same; None where they differ too much."""
    if not said:
        return [None] * len(words)
    labels = [(word, segment) for segment in said for word in chosen.words(segment.label)]
    times: list[Segment | None] = [None] * len(words)
    for op in align(words, [word for word, _ in labels]).ops:
        if op.kind in ("equal", "substitute"):
            for place, other in zip(op.reference, op.hypothesis, strict=True):
                times[place] = labels[other][1]
    return times


def drawing(
    text: str, hypotheses: Mapping[str, str], chosen: Normalizer, *, said: Mapping[str, Sequence[Segment]]
) -> dict[str, Any]:
    """The text against the hypotheses, as the module says; ``said`` are the timed words of systems, "" of the text."""
    by_character = is_spaceless(text) or (not text and any(map(is_spaceless, hypotheses.values())))

    def side(written: str, name: str) -> Side:
        return Side.of(written, chosen, by_character=by_character, said=said.get(name, ()))

    own = side(text, "")
    sides = [side(heard, system) for system, heard in hypotheses.items()]
    columns = align_many(own.tokens, [side.tokens for side in sides])
    ground = Ground.of(text, own.spans, separator="" if by_character else " ")
    shown, hidden = _shown(columns, most=MOST_CELLS // (1 + len(sides)) + 1)
    normalised = " ".join(own.words)
    return {
        "normalizer": {"name": chosen.name, "title": chosen.title, "version": chosen.version, "help": chosen.help},
        "unit": "character" if by_character else "word",
        "words": len(own.words),
        "base": _base(own.words, normalised),
        "systems": [_rates(system, own, side, normalised) for system, side in zip(hypotheses, sides, strict=True)],
        "majority": _majority(columns, own, sides, ground),
        "columns": list(_drawn(columns, shown, own, sides, ground)),
        "hidden": hidden,
    }


def _base(words: Sequence[str], normalised: str) -> str:
    """What the rates are divided by, in words."""
    if not words:
        return "The text is empty: there is no rate, and every word heard counts as an insertion."
    many = "1 word" if len(words) == 1 else f"{count(len(words))} words"
    letters = "1 character" if len(normalised) == 1 else f"{count(len(normalised))} characters"
    return f"of {many}, {letters}"


def _rates(system: str, own: Side, side: Side, normalised: str) -> dict[str, Any]:
    counts = count_errors(own.words, side.words)
    drawn = counts if own.tokens is own.words else count_errors(own.tokens, side.tokens)
    wrong = count_character_errors(normalised, " ".join(side.words))
    return {
        "name": system,
        "text": side.text,
        "wer": percent(counts.rate, digits=1),
        "cer": percent(wrong / len(normalised) if normalised else None, digits=1),
        "same": not counts.errors and not wrong,
        "told": _told(drawn),
    }


def _told(counts: ErrorCounts) -> list[tuple[str, int]]:
    return [("S", counts.substitutions), ("D", counts.deletions), ("I", counts.insertions)]


def _shown(columns: Sequence[AlignedColumn], *, most: int) -> tuple[list[int | range], int]:
    """The numbers of the columns that are drawn, ranges that are folded, and how many at the end are left out."""
    if len(columns) <= most:
        return list(range(len(columns))), 0
    near: set[int] = set()
    for place, column in enumerate(columns):
        if any(cell.kind != "equal" for cell in column.cells):
            near.update(range(max(0, place - CONTEXT), place + CONTEXT + 1))
    pieces: list[int | range] = []
    for place in range(len(columns)):
        if len(pieces) >= most:
            return pieces, len(columns) - place
        last = pieces[-1] if pieces else None
        if place in near:
            pieces.append(place)
        elif isinstance(last, range):
            pieces[-1] = range(last.start, place + 1)
        else:
            pieces.append(range(place, place + 1))
    return pieces, 0


def _majority(columns: Sequence[AlignedColumn], own: Side, sides: Sequence[Side], ground: Ground) -> list[list[Any]]:
    """The edits that more than half of the systems agree on, column by column."""
    if len(sides) < LEAST_VOTERS:
        return []
    edits: list[list[Any]] = []
    place, heard = 0, [0] * len(sides)
    for column in columns:
        votes = Counter((cell.kind, cell.token) for cell in column.cells)
        winner, number = votes.most_common(1)[0]
        if 2 * number > len(sides):
            voter = next(i for i, cell in enumerate(column.cells) if (cell.kind, cell.token) == winner)
            edit = _edit(column.cells[voter], place, heard[voter], sides[voter], ground)
            edits += [[edit.start, edit.end, edit.put]] if edit else []
        place += column.reference is not None
        for system, cell in enumerate(column.cells):
            heard[system] += cell.token is not None
    return edits


def _drawn(
    columns: Sequence[AlignedColumn],
    shown: Sequence[int | range],
    own: Side,
    sides: Sequence[Side],
    ground: Ground,
) -> Iterator[Any]:
    """The columns as lists; keeps count of how far each side has come."""
    wanted = {piece if isinstance(piece, int) else piece.start: piece for piece in shown}
    place, heard = 0, [0] * len(sides)
    for number, column in enumerate(columns):
        piece = wanted.get(number)
        if isinstance(piece, range):
            yield len(piece)
        elif piece is not None:
            yield _column(column, place, heard, own, sides, ground)
        place += column.reference is not None
        for system, cell in enumerate(column.cells):
            heard[system] += cell.token is not None


def _column(
    column: AlignedColumn, place: int, heard: Sequence[int], own: Side, sides: Sequence[Side], ground: Ground
) -> list[Any]:
    cells = [_cell(cell, place, at, side, ground) for cell, at, side in zip(column.cells, heard, sides, strict=True)]
    if column.reference is None:
        return [None, None, None, *_first_time(cells), cells]
    start, end = own.spans[place]
    time = own.times[place]
    times = [round(time.start, 3), round(time.end, 3)] if time else _first_time(cells)
    return [column.reference, ground.units(start), ground.units(end), *times, cells]


def _first_time(cells: Sequence[list[Any]]) -> list[float | None]:
    """When the column is said, as the first system knows that heard something there."""
    return next(([cell[2], cell[3]] for cell in cells if cell[2] is not None), [None, None])


def _cell(cell: Cell, place: int, at: int, side: Side, ground: Ground) -> list[Any]:
    time = side.times[at] if cell.token is not None else None
    edit = _edit(cell, place, at, side, ground)
    return [
        LETTERS[cell.kind],
        cell.token,
        round(time.start, 3) if time else None,
        round(time.end, 3) if time else None,
        [edit.start, edit.end, edit.put] if edit else None,
    ]


def _edit(cell: Cell, place: int, at: int, side: Side, ground: Ground) -> Edit | None:
    match cell.kind:
        case "substitute":
            return ground.replacing(place, side.written(at))
        case "delete":
            return ground.removing(place)
        case "insert":
            return ground.inserting(place, side.written(at))
        case _:
            return None
