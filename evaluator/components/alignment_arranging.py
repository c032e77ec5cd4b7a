"""Which systems the alignment shows and in which order: a list of buttons that assets/alignment.js obeys.

The choice is the browser's: it stands in the address (``side=``, ``without=``) and is remembered for the corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from explorer.components.cards import attributes, icon


def arranging(systems: Sequence[str]) -> Component | None:
    """The buttons for two or more systems, folded away at first."""
    if len(systems) < 2:
        return None
    rows = [
        html.Li(
            [
                _button(
                    [icon("bi-eye"), icon("bi-eye-slash"), name],
                    "align-toggle",
                    data_align_toggle=name,
                    aria_pressed="true",
                ),
                _button([icon("bi-arrow-up")], "icon-button", data_align_up=name, aria_label=f"Move {name} up"),
                _button([icon("bi-arrow-down")], "icon-button", data_align_down=name, aria_label=f"Move {name} down"),
            ]
        )
        for name in systems
    ]
    reset = _button(["Show all in the usual order"], "btn btn-link btn-sm", data_align_reset="1")
    body = [html.Summary("Arrange systems"), html.Ol(rows, className="align-arrange"), reset]
    return html.Details(body, className="align-arranging")


def _button(shown: list[Any], names: str, **more: str) -> Component:
    return html.Button(shown, type="button", className=names, **attributes(**more))
