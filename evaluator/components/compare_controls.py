"""What is compared with what: chips to choose systems, the baseline, and what is resampled whole.

Every page of compare_head.py can show these controls: they change SHARED parameters of the address and keep the page's.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.scoring.score_columns import scored_systems
from explorer.components.cards import attributes, icon
from explorer.components.shell import parameter_select
from explorer.corpora.corpus import Corpus
from explorer.formatting import count
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query

UTTERANCES = "-"
"""The value of ``by`` that resamples utterances: no column is meant."""
FEW = 6
"""Systems that are chosen by chips in sight; more stand behind one line, or they would fill a telephone's screen."""
LOOKED_AT = 2_000
"""Rows that tell whether a column's values hold utterances together: of 100,000 recordings in any order, too, some
have come twice by then."""


def blocks_of(query: Parameters) -> str | None:
    """The column of the address whose values are resampled whole; None: utterances are."""
    named = query.get("by", UTTERANCES)
    return None if named == UTTERANCES else named


def systems_of(query: Parameters) -> tuple[str, ...]:
    """The systems that the address names; none means all."""
    return tuple(value for name, value in query.pairs if name == "system")


def shown_systems(corpus: Corpus, query: Parameters) -> list[str]:
    """The scored systems that the address names, or all, in the corpus's order."""
    known, chosen = scored_systems(corpus), systems_of(query)
    return [name for name in known if name in chosen] or list(known)


def compare_controls(path: str, corpus: Corpus, query: Parameters, *, more: Sequence[Component] = ()) -> Component:
    """The controls for the page at ``path``; ``query`` holds what its links keep, ``more`` are controls of its own."""
    shown = shown_systems(corpus, query)
    few = len(scored_systems(corpus)) <= FEW
    label = html.Span("Systems", className="control-label")
    return html.Div(
        [
            html.Div([label, *_chips(path, corpus, query)], className="chips") if few else None,
            html.Div(
                [
                    None if few else _chooser(path, corpus, query),
                    parameter_select(
                        "baseline",
                        "Baseline",
                        [(name, name) for name in shown],
                        query.get("baseline") or shown[0],
                        help_text="What every other system is compared with.",
                    ),
                    parameter_select(
                        "by",
                        "Resample",
                        [
                            (UTTERANCES, "utterances"),
                            *((name, f"whole {label}") for name, label in block_columns(corpus, query.get("by", ""))),
                        ],
                        query.get("by", UTTERANCES),
                        help_text="Utterances of one speaker (or session) are not independent; resampling whole "
                        "speakers gives honest, usually wider, intervals.",
                    ),
                    *more,
                ],
                className="chips",
            ),
        ],
        className="panel compare-controls",
    )


def _chooser(path: str, corpus: Corpus, query: Parameters) -> Component:
    """Many systems behind one line that says how many are compared; assets/disclosure.js keeps it open."""
    known, shown = scored_systems(corpus), shown_systems(corpus, query)
    number = count(len(known)) if len(shown) == len(known) else f"{count(len(shown))} of {count(len(known))}"
    first = query.get("baseline") if query.get("baseline") in shown else shown[0]
    everyone = query.without(("system",))
    quick = [
        dcc.Link("All", href=everyone.href(path), className="btn btn-link btn-sm"),
        dcc.Link(
            "None but the baseline",
            href=everyone.plus([("system", str(first))]).href(path),
            className="btn btn-link btn-sm",
        ),
    ]
    summary = html.Summary(["Systems", html.Span(number, className="badge-soft")], title="Choose systems")
    chips = html.Div([*_chips(path, corpus, query), *quick], className="chips")
    return html.Details([summary, chips], className="systems-chooser", **attributes(data_remember="systems"))


def _chips(path: str, corpus: Corpus, query: Parameters) -> list[Component]:
    """A chip for every system, to leave it out or add it; leaving out the last one brings all back."""
    known, shown = scored_systems(corpus), shown_systems(corpus, query)
    chips: list[Component] = []
    for name in known:
        on = name in shown
        kept = [one for one in shown if one != name] if on else [one for one in known if one in shown or one == name]
        pairs = [("system", one) for one in kept] if len(kept) < len(known) else []
        target = query.without(("system",)).plus(pairs) if kept else query
        if on and query.get("baseline") == name:
            target = target.without(("baseline",))
        chips.append(
            dcc.Link(
                [icon("bi-check-square" if on else "bi-square"), name],
                href=target.href(path),
                className="chip on" if on else "chip",
                title=f"{'Leave out' if on else 'Add'} {name}",
            )
        )
    return chips


def block_columns(corpus: Corpus, chosen: str = "") -> list[tuple[str, str]]:
    """Columns whose values may hold utterances together: the manifest's own texts but the spoken ones, and those of
    which every one of the first LOOKED_AT rows has a value of its own; always the ``chosen`` one. Names and labels."""
    spoken = {"audio", "reference"}
    texts = [
        column
        for column in corpus.columns
        if column.origin == "manifest" and column.kind == "text" and not column.system and column.name not in spoken
    ]
    rows = corpus.page(Query(), 0, LOOKED_AT, [column.name for column in texts])
    found = []
    for column in texts:
        values = [row[column.name] for row in rows if row[column.name] is not None]
        if column.name == chosen or len(set(values)) < len(values):
            found.append((column.name, column.label))
    return found
