"""The review panel of an utterance: what was decided about it and by whom, and the way to its review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.ledger import Event, review_space
from evaluator.review.accepted import outdated
from explorer.components.cards import icon, panel
from explorer.errors import LedgerUnavailable
from explorer.querying.parameters import Parameters

if TYPE_CHECKING:
    from evaluator.stores import EvaluatorStores
    from explorer.corpora.corpus import Corpus, Utterance

DECIDED = {"accept": "Accepted", "reject": "Rejected"}


def review_panel(stores: EvaluatorStores, corpus: Corpus, utterance: Utterance) -> Component | None:
    """What people said about the utterance, and a link to its review."""
    try:
        # Nobody is made to wait for a ledger that nobody has used.
        space = review_space(corpus.name)
        known = stores.ledger.state(space, [utterance.id]) if stores.ledger.begun else {}
        later = outdated(stores.ledger, space, known, {utterance.id: utterance.reference}) if known else {}
    except LedgerUnavailable as error:
        return panel("Review", html.P(str(error), className="muted"), aside=_link(corpus, utterance))
    said = [_words(known.get(utterance.id, {}), utterance.reference, later.get(utterance.id))]
    return panel("Review", said, aside=_link(corpus, utterance))


def _words(events: dict[str, Event], reference: str | None, changed_by: str | None) -> Component:
    decided, corrected, comment = events.get("decision"), events.get("reference"), events.get("comment")
    parts: list[Component] = []
    if decided is not None and decided.new is not None:
        reason = f" ({decided.comment})" if decided.comment else ""
        since = f", before the text was changed by {changed_by}" if changed_by else ""
        parts.append(html.P([html.B(DECIDED[decided.new]), f"{reason} by {decided.who}{since}"]))
    if corrected is not None and corrected.new is not None and corrected.new != reference:
        parts.append(html.P([html.B("Corrected"), f" by {corrected.who}: ", html.Bdi(corrected.new)]))
    if comment is not None and comment.new:
        parts.append(html.P([html.B(f"{comment.who}: "), html.Bdi(comment.new)]))
    nothing = html.P("Nobody has said anything about this utterance.", className="muted")
    return html.Div(parts or [nothing], className="review-said-panel")


def _link(corpus: Corpus, utterance: Utterance) -> Component:
    address = Parameters((("corpus", corpus.name), ("u", utterance.id))).href("/review")
    inside: list[Component | str] = [icon("bi-check2-square"), "Review it"]
    title = "Listen, correct, accept or reject"
    return dcc.Link(inside, href=address, className="btn btn-secondary btn-sm", title=title)
