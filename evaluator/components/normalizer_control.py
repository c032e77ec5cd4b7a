"""The normalizer of every rate, chosen in the header and kept in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.components.normalizer_warning import PATH
from evaluator.normalizers.lost_letters import lost_letters
from evaluator.normalizers.registry import Normalizer
from explorer.components.cards import icon
from explorer.components.shell import parameter_select
from explorer.errors import SpeechDataError
from explorer.querying.parameters import Parameters

HELP = "What texts go through before they are compared."


def normalizer_control(stores: Any, parameters: Mapping[str, str]) -> Component:
    """A select with all normalizers, at the one the page is shown under, and a mark where it takes letters away."""
    chosen = parameters.get("normalizer") or stores.normalizer
    options = [(known.name, known.title) for known in stores.normalizers.values()]
    known = stores.normalizers.get(chosen)
    told = HELP if known is None else f"{HELP} {known.title}: {known.help}"
    select = parameter_select("normalizer", "Normalizer", options, chosen, help_text=told)
    lost = _lost(stores, parameters, known)
    if not lost:
        return select
    place = Parameters((("corpus", _name(stores, parameters)), ("normalizer", chosen)))
    alarm = dcc.Link(
        [icon("bi-exclamation-triangle"), html.Span(lost, className="visually-hidden")],
        href=place.href(PATH),
        className="normalizer-alarm",
        title=lost,
    )
    return html.Div([select, alarm], className="normalizer-control")


def _name(stores: Any, parameters: Mapping[str, str]) -> str:
    return str(parameters.get("corpus") or stores.library.first())


def _lost(stores: Any, parameters: Mapping[str, str], chosen: Normalizer | None) -> str:
    """What the normalizer takes out of the references of the address's corpus, in a sentence; "" when nothing."""
    try:
        corpus = stores.library.get(_name(stores, parameters))
        return " ".join(one.sentence(chosen) for one in lost_letters(corpus, chosen)) if chosen is not None else ""
    except SpeechDataError:  # there is no such corpus, or it cannot be read: the page says so
        return ""
