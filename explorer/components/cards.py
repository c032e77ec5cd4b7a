"""Small pieces that every page is made of: number tiles, help marks, panels, facts, empty states.

Texts from a corpus are passed as children, which React escapes; nothing here builds HTML from strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import orjson
from dash import html
from dash.development.base_component import Component

from explorer.formatting import count

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

Tone = Literal["plain", "ok", "bad", "warn"]


def attributes(**values: Any) -> dict[str, Any]:
    """HTML attributes with hyphens: ``attributes(aria_label="Menu", data_popup="export")``."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def icon(name: str) -> Component:
    """A Bootstrap icon, silent for screen readers: ``icon("bi-mic")``."""
    return html.I(className=f"bi {name}", **attributes(aria_hidden="true"))


def help_mark(text: str, *, place: str = "") -> Component:
    """A mark that shows ``text`` on hover and on focus; ``place`` "at-start" or "at-end" keeps it inside an edge."""
    return html.Button(
        icon("bi-question-circle"),
        type="button",
        className=f"help {place}".strip(),
        **attributes(data_help=text, aria_label=text),
    )


def tile(
    label: str,
    value: str,
    *,
    unit: str = "",
    note: str = "",
    help_text: str = "",
    href: str | None = None,
    tone: Tone = "plain",
    partial: bool = False,
) -> Component:
    """One number, its unit, what it counts and where a click leads; ``partial`` while a corpus is still loading."""
    from dash import dcc

    inside = [
        html.Div(
            [label, help_mark(help_text, place="at-start") if help_text and not href else None], className="tile-label"
        ),
        html.Div([value, html.Span(unit, className="unit") if unit else None], className="tile-value", title=value),
        html.Div(note, className="tile-note"),
    ]
    names = " ".join(part for part in ("tile", tone if tone != "plain" else "", "partial" if partial else "") if part)
    if href:
        return dcc.Link(inside, href=href, className=names, title=help_text)
    return html.Div(inside, className=names)


def panel(title: str, body: Any, *, aside: Any = None, help_text: str = "", id: str | None = None) -> Component:
    """A titled surface; ``aside`` stands at the right of the title."""
    head = [html.H2(title), help_mark(help_text) if help_text else None]
    if aside is not None:
        head.append(html.Div(aside, className="aside"))
    options: dict[str, Any] = {"id": id} if id else {}
    return html.Section(
        [html.Div(head, className="panel-head"), html.Div(body, className="panel-body")], className="panel", **options
    )


def state(
    icon_name: str, title: str, text: str, *, actions: Sequence[Component] = (), tone: Tone = "plain", level: int = 2
) -> Component:
    """A designed empty, waiting or error state: what is (not) here, why, and what to do."""
    heading = html.H1(title) if level == 1 else html.H2(title)
    return html.Div(
        [icon(icon_name), heading, html.P(text), html.Div(list(actions), className="actions") if actions else None],
        className=f"state {tone}",
        role="alert" if tone == "bad" else "status",
    )


def refusal(error: Exception) -> Component:
    """Why what a button asked for was not done; stands beside the button."""
    return html.Div([icon("bi-exclamation-triangle"), str(error)], className="banner warn")


def csv_link(href: str, file_name: str, title: str | None = None) -> Component:
    """The download of what a page shows, as CSV."""
    return html.A(
        [icon("bi-download"), "CSV"], href=href, className="btn btn-secondary", download=file_name, title=title
    )


def problem_kinds(corpus: Corpus) -> Component:
    """How many problems of each kind a corpus has, frequent ones first."""
    kinds = sorted(corpus.problem_kinds.items(), key=lambda kind: -kind[1])
    badges = [
        html.Span([name or "other", html.B(count(number))], className="badge-soft warn") for name, number in kinds
    ]
    return html.Div(badges, className="chips kinds")


def button(
    icon_name: str,
    label: str,
    *,
    id: str | dict[str, Any],
    kind: Literal["primary", "secondary"] = "secondary",
    disabled: bool = False,
    hotkey: str = "",
    hotkey_help: str = "",
) -> Component:
    """A button with a picture and a word; ``hotkey`` presses it, and the list of keys tells ``hotkey_help``."""
    keys = attributes(data_hotkey=hotkey, data_hotkey_help=hotkey_help) if hotkey else {}
    return html.Button(
        [icon(icon_name), label], id=id, type="button", className=f"btn btn-{kind}", disabled=disabled, **keys
    )


def progress_bar(name: str, share: float | None) -> Component:
    """How much is done, in per cent, with a name for those who cannot see it; moving stripes while it is unknown."""
    moving = "" if share is not None else " progress-bar-striped progress-bar-animated"
    width = 100.0 if share is None else min(100.0, share)
    now = {} if share is None else {"aria_valuenow": f"{width:.0f}"}
    return html.Div(
        html.Div(className=f"progress-bar{moving}", style={"width": f"{width:.1f}%"}),
        className="progress",
        role="progressbar",
        **attributes(aria_label=name, aria_valuemin="0", aria_valuemax="100", **now),
    )


def facts(values: Mapping[str, Any]) -> Component:
    """Names and values; a nested value is shown as indented JSON, an absent one as a dash."""
    rows: list[Component] = []
    for name, value in values.items():
        rows += [html.Dt(name), html.Dd(_fact(value))]
    return html.Dl(rows, className="facts")


def _fact(value: Any) -> Any:
    if value is None:
        return html.Span("–", className="muted", title="unknown")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple):
        return html.Pre(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode())
    if isinstance(value, Component):
        return value
    return str(value)
