"""What the progress page shows of the progress: tiles, people, hours, agreement, and edits that no longer fit."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.normalizers.registry import Normalizer
from evaluator.review.agreement import Agreement
from evaluator.review.assigned import to_do
from evaluator.review.figures import hours_figure
from evaluator.review.progress import Person, ReviewProgress
from explorer.components.cards import attributes, help_mark, panel, progress_bar, tile
from explorer.figures import CONFIG
from explorer.formatting import EMPTY, UNDEFINED, count, counted, decimal, hours, percent
from explorer.querying.parameters import PLACE, Parameters

LISTED = 20
HELP = {
    "Person": "The name that edits were saved under.",
    "Assigned": "How many of the utterances that the plan gives them they have decided about; leads to the rest.",
    "Decided": "Utterances they have decided about, whatever others say.",
    "Rejected": "Those of them that they rejected.",
    "Corrected": "Utterances whose text they changed.",
    "Per hour": "Their decisions per hour of work. Pauses of more than five minutes are no work.",
    "Last edit": "When they last saved something, in UTC.",
}
EXPORT_HELP = (
    "Edits whose row has changed since, or is gone, are never applied, nor what two people decide about before they "
    "agree; what was decided before they were to stands until then. The differences name them."
)


def tiles(found: ReviewProgress) -> Component:
    """The numbers of the corpus, over a bar."""
    share = found.share
    left, pace = found.hours_left, decimal(found.per_hour, digits=0)
    agreed = found.agreement
    cards = [
        tile(
            "Decided",
            percent(share, digits=1) if share is not None else UNDEFINED,
            note=f"{count(found.decided)} of {count(found.total)} utterances",
            help_text=(
                "Utterances with a decision that still fits their row and text; of both where two people decide, or "
                "one from before they were to."
            ),
        ),
        tile("Accepted", count(found.accepted), note=_accepted(found)),
        tile("Rejected", count(found.rejected), note=_part(found.rejected, found.decided)),
        tile("Corrected", count(found.corrected), note="texts changed", help_text="Utterances whose text differs now."),
        tile(
            "Left",
            EMPTY if left is None else hours(left),
            note="nobody has a pace yet" if left is None else f"of one person, at {pace}/h",
            help_text="Undecided utterances, at the pace of all: decisions per hour of work, long pauses left out.",
        ),
        tile(
            "Agreement",
            UNDEFINED if agreed.percent is None else percent(agreed.percent, digits=1),
            note=f"{counted(agreed.pairs, 'pair')} of decisions",
            help_text="Pairs of people who decided the same about the same utterance, each before they saw the other.",
        ),
    ]
    if found.waiting:
        cards.append(
            tile(
                "Waiting",
                count(found.waiting),
                note="for a second opinion",
                help_text=(
                    "Utterances that two people decide about, and not both have. What was decided about one before it "
                    "became theirs stands meanwhile, and counts as decided."
                ),
            )
        )
    bar = progress_bar("Decided utterances", None if share is None else 100 * share) if found.total else None
    return html.Div([html.Div(cards, className="tiles"), bar], className="progress-head")


def decided_words(found: ReviewProgress) -> str:
    """What becomes of what is decided when the work is split."""
    if not found.decided:
        return ""
    return (
        f"{counted(found.decided, 'utterance')} {'is' if found.decided == 1 else 'are'} decided already, and nothing "
        "of it is lost: where two people are to decide again, what was decided stands until both have decided "
        "otherwise."
    )


def _accepted(found: ReviewProgress) -> str:
    """Their part, and how many were accepted before their text was changed."""
    later = found.outdated
    return f"and {count(later)} before the text was changed" if later else _part(found.accepted, found.decided)


def _part(number: int, all_of_them: int) -> str:
    return f"{percent(number / all_of_them, digits=1)} of the decided" if all_of_them else "nothing is decided"


def people_table(people: Sequence[Person], query: Parameters) -> Component:
    """One row for each person."""
    head = [
        html.Th([name, help_mark(text, place="at-start" if name == "Person" else "")], scope="col",
                className="" if name == "Person" else "num")
        for name, text in HELP.items()
    ]  # fmt: skip
    names = [person.name for person in people]
    body = [html.Tr(_cells(person, names, query)) for person in people]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="plain rates")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="People"))


def _cells(person: Person, names: Sequence[str], query: Parameters) -> list[Component]:
    assigned = EMPTY if person.assigned is None else f"{count(person.assigned_decided)} / {count(person.assigned)}"
    pace = EMPTY if person.per_hour is None else decimal(person.per_hour, digits=0)
    work = f"{hours(person.working / 3600)} of work" if person.working else "not enough edits in a row"
    last = EMPTY if person.last is None else f"{person.last:%Y-%m-%d %H:%M}"
    return [
        html.Th(person.name, scope="row", className="system", title=person.name),
        html.Td(_to_do(person, names, assigned, query), className="num"),
        html.Td(count(person.decided), className="num"),
        html.Td(count(person.rejected), className="num"),
        html.Td(count(person.corrected), className="num"),
        html.Td(pace, className="num", title=work),
        html.Td(last, className="num"),
    ]


def _to_do(person: Person, names: Sequence[str], words: str, query: Parameters) -> Component | str:
    """How much of their share is done, and a link to the rest."""
    if not person.assigned:
        return words
    left = query.only(PLACE).replaced(where=to_do(person.name, names)).href("/review")
    return dcc.Link(words, href=left, title=f"Review what {person.name} has still to do")


def hours_panel(found: ReviewProgress) -> Component:
    """The decisions of every hour, drawn and in words."""
    if not found.hours:
        return html.P("Only texts, tags or comments were saved so far.", className="muted")
    drawn = dcc.Graph(figure=hours_figure(found.hours), config=CONFIG, style={"height": "190px"})
    busiest = max(found.hours, key=lambda hour: sum(hour[1].values()))
    made = sum(sum(people.values()) for _, people in found.hours)
    stand = "decision that stands" if made == 1 else "decisions that stand"
    words = (
        f"{count(made)} {stand} ({count(found.decided)} utterances decided), "
        f"made in {count(len(found.hours))} {'hour' if len(found.hours) == 1 else 'different hours'}; "
        f"most, {count(sum(busiest[1].values()))}, from {busiest[0]:%Y-%m-%d %H}:00 UTC."
    )
    return html.Div([html.Div(drawn, role="img", **attributes(aria_label=words)), html.P(words, className="muted")])


HOURS_HELP = (
    "Everybody's decisions that stand, in the hour they were made. One that was taken back or made again does not "
    "count; two people who decided alike about the same utterance are two decisions and one decided utterance; an "
    "utterance whose row or text has changed since is not decided."
)
AGREEMENT_HELP = (
    "Of the utterances that two people decide about, each before they see what the other said: their decisions, and "
    "the texts they hold to be right where one of them changed it. Krippendorff's alpha is agreement beyond chance: 1 "
    "is perfect, 0 is what chance gives; above 0.8 is usually taken as reliable. It is undefined when everybody always "
    "decides the same."
)


def agreement_table(agreed: Agreement, normalizer: Normalizer) -> Component:
    """How far people agree, every number with its base."""
    if not agreed.subjects and not agreed.text_pairs:
        text = (
            "No utterance has decisions of two people yet that each made before seeing the other's. Split the work "
            "with an overlap to have some."
        )
        return html.P(text, className="muted")
    words = agreed.between_texts
    rows = [
        ("Same decision", percent(agreed.percent), f"{count(agreed.same)} of {counted(agreed.pairs, 'pair')}"),
        ("Krippendorff's alpha", UNDEFINED if agreed.alpha is None else decimal(agreed.alpha, digits=3),
         f"{counted(agreed.subjects, 'utterance')}, nominal"),
        ("WER between texts", percent(words.rate), f"{counted(agreed.text_pairs, 'pair')}, "
         f"{counted(words.length, 'word')}, {normalizer.printed}"),
    ]  # fmt: skip
    body = [
        html.Tr([html.Th(name, scope="row"), html.Td(value, className="num"), html.Td(base, className="muted")])
        for name, value, base in rows
    ]
    table = html.Table(html.Tbody(body), className="plain")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Agreement"))


def conflicts_panel(found: ReviewProgress, query: Parameters) -> list[Component]:
    """The edits that no longer fit the manifest, and what two people do not agree about."""
    if not found.problems and not found.lost:
        return []
    place = query.only(PLACE)
    rows = [
        html.Li(
            [
                dcc.Link(f"{one.source}:{one.line}", href=place.replaced(u=one.id).href("/review")),
                f": {one.problem}.",
            ]
        )
        for one in found.conflicts[:LISTED]
    ]
    for lost in found.gone[: LISTED - len(rows)]:
        where = f"{lost.seen.audio} at {lost.seen.offset:.2f} s" if lost.seen else lost.id
        maybe = [dcc.Link(" Perhaps this one.", href=place.replaced(u=id).href("/utterance")) for id in lost.alike[:1]]
        rows.append(html.Li([f"{where} is no row of the manifest any more.", *maybe]))
    number = found.problems + found.lost
    more = [html.P(f"and {count(number - len(rows))} more; the differences name them all", className="muted")]
    listed = html.Div([html.Ul(rows), *(more if number > len(rows) else [])])
    return [panel(f"{count(number)} to be looked at again", listed, help_text=EXPORT_HELP)]
