"""Two systems of the address, ``baseline=`` and ``other=``, for the pages that look at what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.comparison_store import Making
from evaluator.components.compare_controls import shown_systems
from evaluator.components.waiting import waiting
from evaluator.scoring.edits import column_name
from evaluator.scoring.score_columns import scored_systems
from explorer.components.cards import icon, state
from explorer.components.shell import parameter_select
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import nearest

NOBODY = "-"
"""The value of ``other`` when one system is looked at alone."""

SHARED = (*PLACE, *VIEW, "baseline", "system", "other")
"""The parameters of these pages that links between them keep."""


def pair_of(corpus: Corpus, query: Parameters) -> tuple[str, str | None]:
    """The two systems of the address: the baseline, or the first, and the next one; None when it says nobody.

    Raises:
        QueryError: a named system is not scored here.
    """
    known = scored_systems(corpus)
    named = [query.get("baseline"), query.get("other")]
    for name in named:
        if name and name != NOBODY and name not in known:
            raise QueryError(f'no system "{name[:80]}" is scored here{nearest(name, known)}')
    candidates = list(dict.fromkeys([*shown_systems(corpus, query), *known]))
    if not candidates:
        raise QueryError(f"no system of {corpus.name} is scored")
    first = named[0] or candidates[0]
    rest = [name for name in candidates if name != first]
    if named[1] == NOBODY or not rest:
        return first, None
    return first, named[1] if named[1] and named[1] != first else rest[0]


def both_of(corpus: Corpus, query: Parameters) -> tuple[str, str]:
    """The two systems of the address.

    Raises:
        QueryError: a named system is not scored here, or there is only one.
    """
    first, second = pair_of(corpus, query)
    if second is None:
        raise QueryError(f"there is no second system beside {first}")
    return first, second


def pair_controls(corpus: Corpus, query: Parameters, *, alone: bool, more: Sequence[Component] = ()) -> Component:
    """The two selects; with ``alone`` the second can be nobody."""
    known = scored_systems(corpus)
    first, second = pair_of(corpus, query)
    others = [(name, name) for name in known if name != first] + ([(NOBODY, "nobody")] if alone else [])
    chosen = [
        parameter_select("baseline", "System", [(name, name) for name in known], first, help_text="The first system."),
        parameter_select(
            "other", "Against", others, second or NOBODY, help_text="The second system: what is new or gone with it."
        ),
    ]
    return html.Div(html.Div([*chosen, *more], className="chips"), className="panel compare-controls")


def scoring(stores: Any, query: Parameters, *, needs: int) -> Making | None:
    """How far the scores are that a page waits for, which needs so many scored systems; None where there are enough.

    Raises:
        QueryError: they could not be made.
    """
    scored = stores.scored(query)
    if len(scored_systems(scored)) >= needs:
        return None
    known = stores.scores.progress(scored, stores.chosen_normalizer(query))
    if known is not None and known.failure:
        raise QueryError(known.failure)
    return None if known is None else Making(known.done, known.total)


def not_scored(stores: Any, query: Parameters, name: str, *, needs: int = 1) -> Component | None:
    """What stands in place of the page ``name`` that needs so many scored systems; None where there are enough."""
    corpus = stores.corpus(query)
    if len(scored_systems(corpus)) >= needs:
        return None
    if (making := scoring(stores, query, needs=needs)) is not None:
        return waiting(name, making)
    runs = dcc.Link(
        [icon("bi-mic"), "Run a recognizer"], href=query.only(PLACE).href("/runs"), className="btn btn-primary"
    )
    many = "a system" if needs == 1 else "two systems"
    text = f"This page needs {many}: fields pred_text_NAME of the manifest, joined files, or runs made here."
    return html.Div(
        state("bi-bar-chart-steps", "There is nothing to look at yet", text, actions=[runs]), className="panel"
    )


def named_edits(corpus: Corpus, query: Parameters) -> list[str]:
    """The systems whose edits the filter of an address names."""
    values = [value for name, value in query.pairs if name in VIEW]
    return [system for system in scored_systems(corpus) if any(column_name(system) in value for value in values)]


def pages_key(corpus: Corpus, query: Parameters, *parameters: str) -> tuple[Any, ...]:
    """What a result depends on that is made of rows of a corpus and these parameters of the address."""
    return (corpus.key, query.only((*VIEW, *parameters)).pairs)
