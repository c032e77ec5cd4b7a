"""What stands under the header when something goes on, and the pages shown when something went wrong.

A banner says what is happening to the corpus (loading, changed on disk); an error page says in one sentence what is
wrong and offers the next step. Both are plain functions of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from explorer.components.cards import attributes, icon, progress_bar, state
from explorer.places.paths import is_remote


class Progress(Protocol):
    """How far the library is with a corpus."""

    @property
    def stage(self) -> str:
        """What is being done."""

    @property
    def done(self) -> int:
        """How much of it is done."""

    @property
    def total(self) -> int:
        """How much there is; 0 when unknown."""

    @property
    def message(self) -> str:
        """A sentence about it; may be empty."""


def progress_banner(progress: Progress) -> Component:
    """Loading goes on in the background: how far it is; numbers on the page are of the rows loaded so far."""
    share = min(100.0, 100 * progress.done / progress.total) if progress.total else None
    text = progress.message or progress.stage
    bar = progress_bar(text, share)
    return html.Div(
        [
            icon("bi-hourglass-split"),
            html.Span(text),
            bar,
            html.Span(f"{share:.0f} %" if share is not None else "", className="num muted"),
        ],
        className="banner",
        role="status",
    )


def failed_banner(sentence: str) -> Component:
    """Reading the corpus again has failed: why, what is still shown, and another try."""
    return html.Div(
        [
            icon("bi-exclamation-triangle"),
            html.Span(f"{sentence}. What was loaded before stays as it is."),
            dbc.Button("Try again", id="shell-reload", color="secondary", size="sm"),
        ],
        className="banner warn",
        role="alert",
    )


def changed_banner(sources: Sequence[Path]) -> Component:
    """Files of the corpus are not what was loaded any more: offer to load them again."""
    names = ", ".join(source.name for source in sources[:3]) + (" …" if len(sources) > 3 else "")
    one = len(sources) == 1
    told = f"{names} {'has' if one else 'have'} changed on disk since {'it was' if one else 'they were'} loaded."
    if not any(is_remote(source) or source.exists() for source in sources):
        told = f"{names} {'is' if one else 'are'} no longer on disk. What was loaded stays as it is."
    return html.Div(
        [
            icon("bi-arrow-repeat"),
            html.Span(told),
            dbc.Button("Reload", id="shell-reload", color="secondary", size="sm"),
        ],
        className="banner warn",
        role="status",
    )


def error_page(
    sentence: str,
    *,
    title: str = "This page cannot be shown",
    again: str | None = None,
    label: str = "Show all rows",
) -> Component:
    """A whole page for one error sentence; ``again`` is the same page without what was wrong in its address, under the
    ``label`` that says so."""
    actions = [dcc.Link(label, href=again, className="btn btn-primary")] if again else []
    actions.append(dcc.Link("Back to the overview", href="/", className="btn btn-secondary"))
    return html.Div(
        state("bi-exclamation-triangle", title, sentence, tone="bad", level=1, actions=actions), className="page"
    )


def not_found(path: str) -> Component:
    """The page for an address that leads nowhere."""
    return html.Div(
        state(
            "bi-signpost-split",
            "There is no such page",
            f"Nothing is at {path}. The pages of Earmark are in the bar above.",
            level=1,
            actions=[dcc.Link("Go to the overview", href="/", className="btn btn-primary")],
        ),
        className="page",
    )


def away_banner(*, id: str) -> Component:
    """Said while the server cannot be reached; ``assets/connection.js`` shows it and takes it away again."""
    return html.Div(
        [icon("bi-plug"), html.Span("The server does not answer; trying again. What you see stays as it is.")],
        id=id,
        className="banner warn",
        role="alert",
    )


def tour_offer(*, id: str) -> Component:
    """Offered to who has not seen the tour; ``assets/tour.js`` shows it, and never again after either button."""
    start = html.Button("Take the tour", type="button", className="btn btn-primary", **attributes(data_tour_start="1"))
    never = html.Button("No, thanks", type="button", className="btn btn-link", **attributes(data_tour_never="1"))
    words = html.Span("New here? Five steps show what Earmark does.")
    return html.Div([icon("bi-signpost-2"), words, start, never], id=id, className="banner", role="status")


def failed_visit(*, id: str) -> Component:
    """In place of a page that could not be had; ``assets/connection.js`` shows it and does what the button says."""
    again = html.Button("Try again", type="button", className="btn btn-primary", **attributes(data_visit_again="1"))
    failed = state(
        "bi-plug",
        "This page did not arrive",
        "The server failed to answer, or cannot be reached. Nothing is lost: the address above holds the whole view.",
        tone="bad",
        actions=[again],
    )
    return html.Div(failed, id=id, className="page")
