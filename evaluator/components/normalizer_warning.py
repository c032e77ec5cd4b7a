"""The warning wherever rates are shown under a normalizer that takes letters or marks out of the references."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.normalizers.lost_letters import lost_letters
from evaluator.normalizers.registry import Normalizer
from explorer.components.cards import icon
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import Parameters

PATH = "/normalizers"


def normalizer_warning(corpus: Corpus, chosen: Normalizer | None, *, link: bool = True) -> Component | None:
    """What is lost, a sentence for each script; None when nothing is. ``link`` leads to what each rule does."""
    lost = lost_letters(corpus, chosen) if chosen is not None else ()
    if chosen is None or not lost:
        return None
    place = Parameters((("corpus", corpus.name), ("normalizer", chosen.name)))
    see = dcc.Link("What each rule does", href=place.href(PATH)) if link else None
    told = [html.Span(one.sentence(chosen), dir="auto") for one in lost]
    return html.Div(
        [icon("bi-exclamation-triangle"), html.Div([*told, " ", see], className="normalizer-lost")],
        className="banner warn normalizer-warning",
        role="note",
    )
