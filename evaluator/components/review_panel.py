"""The review panel of an utterance: what was decided about it and by whom, and the way to its review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from evaluator.doors.names import asking
from evaluator.ledger import Event
from evaluator.review.overlap import Overlap
from evaluator.review.shown import Shown, shown
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
        who = asking(stores.config)
        known = shown(stores.ledger, corpus.name, {utterance.id: utterance.reference}, who)
    except LedgerUnavailable as error:
        return panel("Review", html.P(str(error), className="muted"), aside=_link(corpus, utterance))
    said = known.get(utterance.id, Shown(events={}))
    words = [_words(said.events, utterance.reference, said.changed_by), *_overlap(said.overlap, who)]
    return panel("Review", words, aside=_link(corpus, utterance))


def _overlap(overlap: Overlap | None, who: str) -> list[Component]:
    """What is to be known where two people decide."""
    if overlap is None or overlap.state in ("agreed", "settled"):
        return []
    names = " and ".join(overlap.people)
    if overlap.state == "disputed":
        return [html.P([f"{names} do not agree; nothing of it applies before somebody decides again."])]
    hidden = " What they say is shown when you have decided." if overlap.is_blind(who) else ""
    return [html.P(f"{names} decide about this each for themselves.{hidden}", className="muted")]


def _words(events: Mapping[str, Event], reference: str | None, changed_by: str | None) -> Component:
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
