"""The frame around every page: header, corpus switch, banners, routing, and the one error boundary.

The address is the state: a change of path or parameters is one visit, answered by one page's ``layout``. Parameters
that a page writes itself (``assets/ui.js``, history.replaceState) are no visit. A select made by ``parameter_select``
is a parameter of the address too; other rooms put theirs into the header through ``stores.controls``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component

from explorer.components.banners import (
    away_banner,
    changed_banner,
    error_page,
    failed_banner,
    failed_visit,
    not_found,
    progress_banner,
    tour_offer,
)
from explorer.components.cards import attributes, help_mark, icon
from explorer.components.guide import guide
from explorer.components.navigation import menu, tabs
from explorer.errors import AddressError, QueryError, SpeechDataError
from explorer.formatting import count, hours
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query
from explorer.stores import Page, Stores

__all__ = ["INDEX", "Parameters", "parameter_select", "register", "report", "shell"]

POLL_MS = 2000

# The theme is set before the first pixel is drawn; everything else waits for the scripts.
INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{%title%}</title>
    {%favicon%}
    <script>
      (function () {
        var theme = null;
        try { theme = localStorage.getItem("earmark-theme"); } catch (error) { theme = null; }
        if (theme !== "dark" && theme !== "light") {
          theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        }
        document.documentElement.setAttribute("data-bs-theme", theme);
      })();
    </script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>
      {%config%}
      {%scripts%}
      {%renderer%}
    </footer>
  </body>
</html>"""


def shell(pages: Sequence[Page], stores: Stores) -> Component:
    """The app's layout, before any page is in it."""
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="route"),
            dcc.Store(id="revision"),
            dcc.Store(id="shell-seen"),
            dcc.Store(id="shell-title"),
            dcc.Interval(id="shell-tick", interval=POLL_MS),
            html.A("Skip to the content", href="#page", className="skip"),
            _header(pages),
            html.Div(id="shell-banners", **attributes(aria_live="polite")),
            away_banner(id="shell-away"),
            tour_offer(id="shell-tour"),
            failed_visit(id="shell-failed"),
            html.Main(_waiting(), id="page", tabIndex=-1),
            dbc.Offcanvas(
                # In the order of the keyboard, so that it can be scrolled with it.
                html.Div(id="shell-guide-body", tabIndex=0),
                id="shell-guide",
                title=html.Span("Column guide", id="shell-guide-title"),
                labelledby="shell-guide-title",
                placement="end",
            ),
            html.Div(id="shell-notes", className="notes", **attributes(aria_live="assertive")),
        ]
    )


def _header(pages: Sequence[Page]) -> Component:
    return html.Header(
        [
            dcc.Link([html.Span(icon("bi-soundwave"), className="brand-mark"), "Earmark"], href="/", className="brand"),
            html.Div(
                [
                    html.Nav(
                        menu(pages, "", Parameters(), problems=0),
                        id="shell-nav",
                        **attributes(aria_label="Pages"),
                    ),
                    html.Div(id="shell-controls", className="header-controls"),
                ],
                className="header-menu",
                id="shell-menu",
            ),
            html.Div(
                [
                    html.Div(id="shell-counts", className="header-counts"),
                    _icon_button("bi-search", "Jump to anything (Ctrl+K)", data_palette_open="1"),
                    _icon_button("bi-bookmark", "Saved views (v)", data_views_open="1", data_command="Saved views"),
                    _icon_button("bi-book", "Column guide", id="shell-guide-open", data_command="Column guide"),
                    _icon_button(
                        "bi-question-circle",
                        "Help: keys and tour (?)",
                        data_hotkeys_open="1",
                        data_command="Help: keys",
                    ),
                    _theme_button(),
                    html.Button(
                        icon("bi-list"),
                        id="shell-toggle",
                        type="button",
                        className="icon-button nav-toggle",
                        **attributes(aria_label="Menu", aria_expanded="false", aria_controls="shell-menu"),
                    ),
                ],
                className="header-side",
            ),
        ],
        className="header",
    )


def _icon_button(icon_name: str, text: str, *, id: str | None = None, **more: str) -> Component:
    """A button of the header; ``text`` may end with its key in brackets, which is no part of its name."""
    options: dict[str, Any] = {"id": id} if id else {}
    name = text.partition(" (")[0]
    return html.Button(
        icon(icon_name),
        type="button",
        className="icon-button",
        title=text,
        **options,
        **attributes(aria_label=name, **more),
    )


def _theme_button() -> Component:
    name = "Switch between light and dark theme"
    pictures = (("bi-moon-stars", "theme-light"), ("bi-sun", "theme-dark"))
    return html.Button(
        [html.Span(icon(picture), className=kind) for picture, kind in pictures],
        id="shell-theme",
        type="button",
        className="icon-button",
        title="Light or dark theme",
        **attributes(aria_label=name, data_command=name),
    )


def _waiting() -> Component:
    return html.Div(
        html.Div([html.Div(className="tile skeleton", style={"height": "86px"}) for _ in range(6)], className="tiles"),
        className="page",
        **attributes(aria_busy="true"),
    )


def parameter_select(
    name: str, label: str, options: Sequence[tuple[str, str]], value: str, *, help_text: str = ""
) -> Component:
    """A select that sets the URL parameter ``name``; ``options`` are (value, label). "" hides the label."""
    return html.Label(
        [
            html.Span(
                [label or name.capitalize(), help_mark(help_text) if help_text else None],
                className="control-label" if label else "visually-hidden",
            ),
            dbc.Select(
                id={"type": "shell-parameter", "name": name},
                options=[{"value": key, "label": text} for key, text in options],
                value=value,
            ),
        ],
        className="control",
        title=help_text or label,
        **attributes(data_parameter=name, data_initial=value),
    )


def report(error: Exception) -> None:
    """Show what went wrong in a callback as a note at the edge of the page: the app's ``on_error``."""
    sentence = _sentence(error)
    note = html.Div(
        [icon("bi-exclamation-triangle"), html.Span(sentence)], className="note bad", role="alert", key=sentence
    )
    set_props("shell-notes", {"children": note})


def _sentence(error: Exception) -> str:
    if isinstance(error, SpeechDataError):
        text = str(error)
        return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
    logging.getLogger("earmark").error("A page failed", exc_info=error)
    return f"Earmark itself made a mistake ({type(error).__name__}); the server's log has the details."


def register(app: Dash, pages: Sequence[Page], stores: Stores) -> None:
    """Attach routing, header, banners and theme to ``app``."""
    _register_browser_side(app)

    @app.callback(
        Output("page", "children"),
        Output("shell-nav", "children"),
        Output("shell-controls", "children"),
        Output("shell-title", "data"),
        Output("shell-seen", "data", allow_duplicate=True),
        Input("route", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def visit(route: Mapping[str, Any] | None) -> tuple[Any, ...]:
        if not route:
            return (no_update,) * 5
        parameters = Parameters.of(route["search"])
        body, title = _page(pages, stores, route["path"], parameters)
        navigation = menu(pages, route["path"], parameters, problems=_problems(stores, parameters))
        return [tabs(pages, route["path"], parameters), body], navigation, _controls(stores, parameters), title, None

    @app.callback(
        Output("shell-banners", "children"),
        Output("shell-counts", "children"),
        Output("revision", "data"),
        Output("shell-seen", "data"),
        Input("shell-tick", "n_intervals"),
        Input("route", "data"),
        State("url", "search"),
        State("shell-seen", "data"),
    )
    def look(_tick: int | None, _route: Any, search: str | None, seen: str | None) -> tuple[Any, ...]:
        parameters = Parameters.of(search)
        try:
            now, banners, revision = _watch(stores, parameters)
        except SpeechDataError:
            # The page itself says what is wrong with the address; the header has nothing to count.
            return [], [], no_update, None
        if now == seen:
            return (no_update,) * 4
        return banners, _counts(stores, parameters), revision, now

    @app.callback(
        Output("shell-reload", "disabled"),
        Input("shell-reload", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def reload(clicks: int | None, search: str | None) -> Any:
        if not clicks:
            return no_update
        stores.library.reload(stores.corpus(Parameters.of(search)).name)
        return True

    @app.callback(
        Output("shell-guide", "is_open"),
        Output("shell-guide-body", "children"),
        Input("shell-guide-open", "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def explain(_clicks: int | None, search: str | None) -> tuple[bool, Component]:
        return True, guide(stores.corpus(Parameters.of(search)).columns)


def _register_browser_side(app: Dash) -> None:
    def browser(function: str, output: Output, *inputs: Input | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("earmark", function), output, *inputs, prevent_initial_call=not initial
        )

    browser("route", Output("route", "data"), Input("url", "pathname"), Input("url", "search"), initial=True)
    browser("title", Output("shell-title", "id"), Input("shell-title", "data"))
    browser("toggleTheme", Output("shell-theme", "id"), Input("shell-theme", "n_clicks"))
    browser("toggleMenu", Output("shell-toggle", "id"), Input("shell-toggle", "n_clicks"))
    browser(
        "chooseParameter",
        Output("shell-controls", "id"),
        Input({"type": "shell-parameter", "name": ALL}, "value"),
    )


def _page(pages: Sequence[Page], stores: Stores, path: str, parameters: Parameters) -> tuple[Component, str]:
    """The page at ``path`` and the window's title: the one place where a failing page becomes a sentence."""
    page = next((page for page in pages if path == page.PATH), None)
    if page is None:
        return not_found(path), "Not found · Earmark"
    title = f"{page.TITLE} · Earmark"
    try:
        return page.layout(stores, parameters), title
    except AddressError as error:
        rest = Parameters(tuple(pair for pair in parameters.pairs if pair != error.wrong)).href(path)
        instead = f"Show the page without “{error.wrong[0]}”"
        return error_page(_sentence(error), title=error.title, again=rest, label=instead), title
    except QueryError as error:
        whole = parameters.only(PLACE).href(path)
        return error_page(_sentence(error), title="This filter cannot be used", again=whole), title
    except SpeechDataError as error:
        return error_page(_sentence(error)), title
    except Exception as error:  # noqa: BLE001 - the last line of defence: a blank page would say nothing at all
        return error_page(_sentence(error), title="Something broke"), title


def _problems(stores: Stores, parameters: Parameters) -> int:
    try:
        return stores.corpus(parameters).problem_count
    except SpeechDataError:
        return 0


def _controls(stores: Stores, parameters: Parameters) -> list[Component]:
    """The corpus switch, then what other rooms add."""
    names = list(stores.library.names())
    try:
        name = stores.corpus(parameters).name
    except SpeechDataError:
        name = ""
    controls = []
    chosen = parameters.get("corpus") or name or (names[0] if names else "")
    if chosen and chosen not in names:
        names.insert(0, chosen)
    if names:
        controls.append(parameter_select("corpus", "Corpus", [(n, n) for n in names], chosen))
    added = [control(stores, parameters) for control in stores.controls] if name else []
    return [*controls, *(control for control in added if control is not None)]


def _watch(stores: Stores, parameters: Parameters) -> tuple[str, list[Component], str]:
    """What the header shows depends on: (a token of all of it, the banners, the corpus's revision)."""
    name = stores.corpus(parameters).name
    revision = stores.revision(parameters)
    progress = stores.library.progress(name)
    changed = stores.library.changed(name) if progress is None else ()
    banners = []
    if progress is not None and progress.stage == "failed":
        banners.append(failed_banner(progress.message))
    elif progress is not None:
        banners.append(progress_banner(progress))
    if changed:
        banners.append(changed_banner(changed))
    return f"{name} {revision} {progress} {changed}", banners, revision


def _counts(stores: Stores, parameters: Parameters) -> list[Component]:
    corpus = stores.corpus(parameters)
    extent = corpus.extent(Query())
    more = "" if corpus.complete else "+"
    return [
        html.Span([html.B(f"{count(extent.utterances)}{more}"), " utterances"]),
        html.Span([html.B(f"{hours(extent.hours)}{more}")], className="hours"),
    ]
