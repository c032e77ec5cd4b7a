"""The results of a listening test as components: means with intervals, pairs with tests, spread, raters, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from evaluator.comparing.comparison_columns import p_value
from evaluator.comparing.significance import Interval
from evaluator.components.listening_sentences import number_table, sentences
from evaluator.components.listening_words import told
from evaluator.listening.clustered_tests import LEAST
from evaluator.listening.design import ListeningTest
from evaluator.listening.pairs import PairResult
from evaluator.listening.rating_statistics import RESAMPLES, SEED, Mean
from evaluator.listening.ratings import Rater
from evaluator.listening.result_store import Found
from evaluator.listening.results import Results
from evaluator.listening.screening import hasty
from explorer.components.cards import help_mark, icon, panel, progress_bar, tile
from explorer.components.whisker import whisker
from explorer.formatting import EMPTY, count, counted, decimal, percent
from explorer.querying.parameters import Parameters

INTERVAL_HELP = (
    "Where the mean lies with 95 % probability, had other raters and other sentences of the same kind been asked: both "
    f"are resampled ({RESAMPLES:,} times, seed {SEED})."
)
ALPHA_HELP = (
    "Krippendorff's alpha for interval data: 1 is full agreement, 0 what chance gives. Listening tests of naturalness "
    "often lie between 0.2 and 0.6."
)
P_HELP = (
    "How often luck alone would make a difference this large: Student's t of the mean over its standard error, which "
    "allows for raters and sentences that come several times (two-way clustered), with one degree of freedom fewer "
    "than there are raters or sentences, whichever are fewer; two-sided, corrected by Holm's method for several pairs. "
    f"Fewer than {LEAST} raters or sentences are not tested. With few raters it is more careful than the interval. "
    "Where all ratings are the same there is no spread to judge by: one more is assumed that says the opposite."
)
BASE_HELP = "What p is of: ratings, raters, sentences."
SIGN_HELP = (
    "The sign test, two-sided, uncorrected: as if every rating were by another rater about another sentence. It is too "
    "small where they repeat, and stands here to be set beside tests that report it."
)


def results_view(
    test: ListeningTest,
    newest: Found,
    raters: Sequence[tuple[Rater, int]],
    *,
    heard: Mapping[tuple[str, str], str],
    query: Parameters,
    path: str,
) -> Component:
    """All of it, the warnings first; ``heard`` has the utterance of each (sentence, system) that can be opened.

    ``query`` is the address under ``path``, with the page of sentences.
    """
    found, hurried = newest.results, hasty(newest.answers)
    return html.Div(
        [
            _older(newest, sum(done for _, done in raters)),
            *(_banner(sentence) for sentence in found.warnings),
            _tiles(test, found, raters),
            _means(test, found) if found.systems else None,
            _pairs(test, found) if found.pairs else None,
            _raters(found, raters, hurried) if raters else None,
            sentences(test, found, heard, query, path) if found.spread else None,
        ],
        className="listening-results",
    )


def _older(newest: Found, answers: int) -> Component | None:
    """Says that newer ratings are being counted while these numbers are shown."""
    if newest.making is None:
        return None
    done, total = newest.making.done, newest.making.total
    since = max(0, answers - len(newest.answers))
    more = f"{count(since)} have" if since != 1 else "1 has"
    first = f"the first {counted(len(newest.answers), 'rating')}" if len(newest.answers) != 1 else "the first rating"
    told = f"These numbers are of {first}; {more} come since and will be counted."
    bar = progress_bar("Counting the newest ratings", 100 * done / total if total else None)
    return html.Div(
        [icon("bi-hourglass-split"), html.Span(told), html.Div(bar, className="banner-bar")],
        className="banner is-older",
        role="status",
    )


def _banner(sentence: str) -> Component:
    return html.Div([icon("bi-exclamation-triangle"), html.Span(sentence)], className="banner warn", role="status")


def _tiles(test: ListeningTest, found: Results, raters: Sequence[tuple[Rater, int]]) -> Component:
    finished = sum(done == len(rater.screens) for rater, done in raters)
    return html.Div(
        [
            tile("Raters", count(found.raters), note=f"{count(finished)} finished, {count(len(raters))} began"),
            tile("Ratings", count(found.answers), note="screens that count"),
            tile(
                "Agreement",
                decimal(found.agreement if found.agreement is None else round(found.agreement, 2) + 0.0),  # never -0.00
                note="Krippendorff's alpha",
                help_text=ALPHA_HELP,
            ),
            tile("Left out", count(len(found.left_out)), note="raters who missed checks or were screened"),
        ],
        className="tiles",
    )


def _means(test: ListeningTest, found: Results) -> Component:
    scale = (float(test.scale.low), float(test.scale.high))
    rows = [
        html.Tr(
            [
                html.Th(_named(test, result.system), scope="row"),
                html.Td(decimal(result.mean.value), className="num"),
                html.Td(
                    [_whisker(result.mean, scale), html.Span(_ends(result.mean.interval))], className="num whiskered"
                ),
                html.Td(count(result.mean.ratings), className="num"),
                html.Td(count(result.mean.raters), className="num"),
                html.Td(count(result.mean.sentences), className="num"),
            ]
        )
        for result in found.systems
    ]
    heads = [
        "System",
        f"Mean, {test.scale.low} to {test.scale.high}",
        ["95 %", help_mark(INTERVAL_HELP)],
        "Ratings",
        "Raters",
        "Sentences",
    ]
    return panel(test.scale.unit if test.scale.unit == "MOS" else "Means", number_table(heads, rows, "Means"))


def _named(test: ListeningTest, system: str) -> Any:
    if system == test.reference:
        return [system, html.Span("hidden reference", className="badge-soft")]
    if system == "anchor" and test.anchor:
        return [system, html.Span("3.5 kHz low-pass", className="badge-soft")]
    return system


def _pairs(test: ListeningTest, found: Results) -> Component:
    body = _preferences if test.kind == "ab" else _differences
    return panel("Pairs", [body(test, found.pairs), html.Ul([html.Li(told(test, pair)) for pair in found.pairs])])


def _preferences(_test: ListeningTest, pairs: Sequence[PairResult]) -> Component:
    rows = []
    for pair in pairs:
        told_of = pair.preference
        if told_of is None:
            continue
        picture = None
        if told_of.interval is not None and told_of.share is not None:
            picture = whisker(told_of.interval.low, told_of.interval.high, told_of.share, (0.0, 1.0))
        rows.append(
            html.Tr(
                [
                    html.Th(f"{pair.a} against {pair.b}", scope="row"),
                    html.Td(EMPTY if told_of.share is None else percent(told_of.share, digits=1), className="num"),
                    html.Td([picture, html.Span(_percents(told_of.interval))], className="num whiskered"),
                    html.Td(" / ".join(map(count, (told_of.wins, told_of.none, told_of.losses))), className="num"),
                    html.Td(p_value(pair.p).removeprefix("= "), className="num"),
                    html.Td(_base(pair), className="num"),
                    html.Td(p_value(told_of.p).removeprefix("= "), className="num"),
                ]
            )
        )
    heads = [
        "Pair",
        ["For the first named", help_mark("Share of those who decided; no preference is not counted.")],
        ["95 %", help_mark("Wilson's interval of the decided ratings, as if each were independent.")],
        "First named / none / second",
        ["p", help_mark(P_HELP)],
        ["p is of", help_mark(f"{BASE_HELP} Of the decided ones.")],
        ["Sign test", help_mark(SIGN_HELP)],
    ]
    return number_table(heads, rows, "Preferences")


def _differences(test: ListeningTest, pairs: Sequence[PairResult]) -> Component:
    means = [pair.mean for pair in pairs if pair.mean is not None]
    reach = max((abs(end) for mean in means for end in (mean.value, *_tuple(mean.interval))), default=1.0)
    rows = []
    for pair in pairs:
        if pair.mean is None:
            continue
        cells = [
            html.Th(f"{pair.a} minus {pair.b}" if test.kind != "cmos" else f"{pair.a} against {pair.b}", scope="row"),
            html.Td(_signed(pair.mean.value), className="num"),
            html.Td(
                [_whisker(pair.mean, (-reach, reach)), html.Span(_ends(pair.mean.interval, signed=True))],
                className="num whiskered",
            ),
            html.Td(count(pair.mean.ratings), className="num"),
            html.Td(p_value(pair.p).removeprefix("= "), className="num"),
            html.Td(_base(pair), className="num"),
        ]
        rows.append(html.Tr(cells))
    heads = [
        "Pair",
        f"Difference, {test.scale.unit}",
        ["95 %", help_mark(INTERVAL_HELP)],
        "Ratings",
        ["p", help_mark(P_HELP)],
        ["p is of", help_mark(BASE_HELP)],
    ]
    return number_table(heads, rows, "Differences")


def _base(pair: PairResult) -> str:
    return " / ".join(map(count, (pair.tested.ratings, pair.tested.raters, pair.tested.sentences)))


def _raters(found: Results, raters: Sequence[tuple[Rater, int]], hurried: Mapping[str, int]) -> Component:
    why = {one.rater: f"left out: {one.why}" for one in found.left_out}
    rows = []
    for rater, done in raters:
        told = why.get(rater.id, "counts" if done else "has not rated yet")
        if rater.id in hurried:
            told += f"; {count(hurried[rater.id])} of {count(done)} answered faster than the recordings last"
        rows.append(
            html.Tr(
                [
                    html.Th(rater.name, scope="row"),
                    html.Td(f"{count(done)} of {count(len(rater.screens))}", className="num"),
                    html.Td(f"{rater.joined:%Y-%m-%d %H:%M} UTC", className="num"),
                    html.Td(told),
                ]
            )
        )
    return panel("Raters", number_table(["Rater", "Rated", "Began", "In the results"], rows, "Raters", texts=(0, 3)))


def _whisker(mean: Mean, scale: tuple[float, float]) -> Component | None:
    return None if mean.interval is None else whisker(mean.interval.low, mean.interval.high, mean.value, scale)


def _tuple(interval: Interval | None) -> tuple[float, ...]:
    return () if interval is None else (interval.low, interval.high)


def _ends(interval: Interval | None, *, signed: bool = False) -> str:
    if interval is None:
        return EMPTY
    shown = _signed if signed else decimal
    return f"{shown(interval.low)} to {shown(interval.high)}"


def _percents(interval: Interval | None) -> str:
    return EMPTY if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _signed(number: float) -> str:
    return f"{'+' if number > 0 else ''}{decimal(number)}"
