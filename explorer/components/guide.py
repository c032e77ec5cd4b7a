"""The column guide: every column of a corpus with its definition, unit, direction and field, grouped by origin."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from explorer.columns import Column, Origin

GROUPS: tuple[tuple[Origin, str], ...] = (
    ("manifest", "From the manifest"),
    ("derived", "Derived from it"),
    ("signal", "Measured in the sound"),
    ("run", "Recognized here"),
    ("score", "Scores"),
)


def guide(columns: Sequence[Column]) -> Component:
    """All columns, explained; those of many systems that mean the same are explained once."""
    parts: list[Component] = []
    for origin, title in GROUPS:
        entries = _entries([column for column in columns if column.origin == origin])
        if entries:
            parts += [html.H3(title), html.Dl(entries)]
    return html.Div(parts, className="guide")


def _entries(columns: Sequence[Column]) -> list[Component]:
    entries: list[Component] = []
    for column in _one_per_meaning(columns):
        marks = [
            html.Span(column.unit, className="badge-soft") if column.unit else None,
            html.Span(f"{column.better} is better", className="badge-soft accent") if column.better else None,
            html.Code(column.field or column.name),
        ]
        entries += [html.Dt([column.label, *marks]), html.Dd(column.help)]
    return entries


def _one_per_meaning(columns: Sequence[Column]) -> list[Column]:
    """The first of each group of columns that differ only in their system."""
    seen: set[str] = set()
    chosen: list[Column] = []
    for column in columns:
        stem = column.name.removesuffix(f"_{column.system}") if column.system else column.name
        key = f"{column.origin} {stem}"
        if key not in seen:
            seen.add(key)
            chosen.append(column)
    return chosen
