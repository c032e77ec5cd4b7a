"""Addresses of the comparison's pages, checked: a name that is nowhere is an error, what changes nothing is told.

Somebody who writes an address by hand, or follows an old link, must not take the numbers of another question for the
answer to theirs.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from evaluator.comparing.comparison_columns import COLUMNS
from evaluator.comparing.slots import parsed
from evaluator.scoring.score_columns import scored_systems
from explorer.components.cards import icon
from explorer.corpora.corpus import Corpus
from explorer.errors import AddressError, QueryError
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import nearest

NONE = "-"
"""The value of ``by`` and ``other`` that names nothing on purpose."""
SYSTEMS = ("baseline", "system", "other")
LISTING = ("lf", "lsort", "lsearch")
OTHERS = ("by", "rows", "order", "columns", "slice", "show", "tab", "known", "of", "drag", "axis", "spoken")
UNDERSTOOD = (*PLACE, *VIEW, *SYSTEMS, *LISTING, *OTHERS)
"""Every parameter that a page of the family reads, or keeps for another."""
VALUES = {"rows": ("own",), "show": ("delta",), "columns": ("all",), "drag": ("lasso",)}
"""The values of switches; without one a page does not know the parameter."""
LONGEST = 60


def check_names(corpus: Corpus, query: Parameters) -> None:
    """Nothing, when every system and column that the address names is there.

    Raises:
        AddressError: one is not.
    """
    systems = tuple(dict.fromkeys([*scored_systems(corpus), *corpus.systems]))
    for pair in query.pairs:
        name, value = pair
        if not value or value == NONE:
            continue
        if name in SYSTEMS and systems and value not in systems:
            told = f'no system "{value[:LONGEST]}" is scored here{nearest(value, systems)}'
            raise AddressError(told, title="There is no such system", wrong=pair)
        if name == "order" and value.removeprefix("-") not in COLUMNS:
            told = f'the standings cannot be ordered by "{value[:LONGEST]}"{nearest(value.removeprefix("-"), COLUMNS)}'
            raise AddressError(told, title="There is no such order", wrong=pair)
        try:
            if name == "by":
                corpus.column(value)
            elif name == "slice":
                corpus.column(parsed(value).column)
        except QueryError as error:
            title = "There is no such column" if name == "by" else "There is no such slice"
            raise AddressError(str(error), title=title, wrong=pair) from error


def ignored(query: Parameters) -> Component | None:
    """A banner about what the address says in vain; None when everything in it is understood."""
    told = []
    for name, value in query.pairs:
        written = f"“{name[:LONGEST]}={value[:LONGEST]}”"
        if name not in UNDERSTOOD:
            told.append(f"{written} is not understood here{nearest(name, UNDERSTOOD)}")
        elif value and value not in VALUES.get(name, (value,)):
            told.append(f'{written} is not understood here; it can be "{VALUES[name][0]}"')
    if not told:
        return None
    said = " ".join(f"{one}{'' if one.endswith('?') else '.'}" for one in told)
    text = f"A part of the address changes nothing: {said}"
    return html.Div([icon("bi-exclamation-triangle"), text], className="banner warn compare-ignored", role="status")
