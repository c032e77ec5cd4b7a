"""Waiting for what is made in the background: how far it is, a way to cancel it, and the page once it is there.

A page that calls ``register`` shows ``waiting`` in place of its body while its result is Making; ids start with the
name of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component

from evaluator.comparison_store import Making
from explorer.components.cards import progress_bar, state
from explorer.errors import SpeechDataError
from explorer.formatting import count
from explorer.querying.parameters import Parameters

POLL_MS = 1000


def waiting(name: str, making: Making) -> Component:
    """In place of the body: what ``register`` keeps up to date."""
    return html.Div(
        [dcc.Interval(id=f"{name}-tick", interval=POLL_MS), html.Div(_told(name, making), id=f"{name}-progress")],
        className="panel",
    )


def _told(name: str, making: Making) -> Component:
    share = 100 * making.done / making.total if making.total else None
    text = f"{count(making.done)} of {count(making.total)} done. " if making.total else ""
    cancel = html.Button("Cancel", id=f"{name}-cancel", type="button", className="btn btn-secondary", n_clicks=0)
    bar = progress_bar("Working", share)
    return state("bi-hourglass-split", "One moment", f"{text}This page opens by itself.", actions=[bar, cancel])


def register(
    app: Dash,
    name: str,
    stores: Any,
    find: Callable[[Any, Parameters], Any],
    cancel: Callable[[Any, Parameters], None],
) -> None:
    """Ask ``find`` again until its result is there; ``cancel`` the making when somebody wants to."""

    @app.callback(
        Output(f"{name}-progress", "children"),
        Output(f"{name}-tick", "disabled"),
        Input(f"{name}-tick", "n_intervals"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def look(tick: int | None, search: str | None, path: str) -> Any:
        try:
            found = find(stores, Parameters.of(search))
        except SpeechDataError as error:
            return state("bi-exclamation-triangle", "This did not work", str(error), tone="bad"), True
        if isinstance(found, Making):
            return _told(name, found), False
        set_props("route", {"data": {"path": path, "search": search or "", "visit": f"made {tick}"}})
        return no_update, True

    @app.callback(
        Output(f"{name}-progress", "children", allow_duplicate=True),
        Output(f"{name}-tick", "disabled", allow_duplicate=True),
        Input(f"{name}-cancel", "n_clicks"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None, search: str | None, path: str) -> Any:
        if not clicks:
            return no_update, no_update
        cancel(stores, Parameters.of(search))
        again = dcc.Link("Begin again", href=f"{path}{search or ''}", className="btn btn-primary", refresh=True)
        return state("bi-x-circle", "Cancelled", "Nothing was counted.", actions=[again]), True
