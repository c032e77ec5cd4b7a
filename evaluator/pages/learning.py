"""The learning curve: how the error rate of a training's checkpoints falls with the step (or epoch), best one marked.

The address says which utterances and systems as for the leaderboard, and ``axis=`` step or epoch. The figure and the
table have the same numbers; a click on a point opens the leaderboard with that checkpoint as the baseline.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import Response

from evaluator.comparing.comparison import Comparison
from evaluator.comparing.comparison_columns import span
from evaluator.comparing.comparison_report import base
from evaluator.comparing.learning_curve import Axis, Curve, Point, as_csv, axes_of, curves, drawable
from evaluator.comparing.learning_figure import learning_figure
from evaluator.comparison_store import Making
from evaluator.components import standings, waiting
from evaluator.components.compare_controls import compare_controls, shown_systems, systems_of
from evaluator.components.compare_head import SHARED, compare_head, nothing_to_compare
from evaluator.components.downloads import attachment, ready
from evaluator.scoring.score_columns import scored_systems
from explorer.components.cards import attributes, csv_link, icon, state
from explorer.components.shell import parameter_select
from explorer.errors import QueryError
from explorer.figures import CONFIG
from explorer.formatting import EMPTY, count, percent
from explorer.querying.parameters import PLACE, Parameters

PATH = "/learning"
TITLE = "Learning curve"
UNDER = "/compare"
CARRIED = ("axis",)
OWN = (*SHARED, "axis")
AXIS_HELP = "What lies on the horizontal axis, as the names of the systems tell it."


def layout(stores: Any, query: Parameters) -> Component:
    """The curves of the systems that the address asks for; how to get some where there are none."""
    corpus = stores.corpus(query)
    if not scored_systems(corpus):
        return html.Div([compare_head(corpus, query), nothing_to_compare(corpus, query)], className="page")
    axes = axes_of(shown_systems(corpus, query))
    if not axes:
        return html.Div([compare_head(corpus, query), _no_curve(query)], className="page")
    axis = _axis(query, axes)
    choice = parameter_select("axis", "Against", [(one, one) for one in axes], axis, help_text=AXIS_HELP)
    controls = compare_controls(PATH, corpus, query.only(OWN), more=[choice])
    found = _find(stores, query)
    if isinstance(found, Making):
        return html.Div([compare_head(corpus, query), controls, waiting.waiting("learning", found)], className="page")
    head = compare_head(corpus, query, actions=[_download(query, axis)])
    return html.Div([head, controls, _panel(found, axis, query)], className="page")


def _asked(stores: Any, query: Parameters) -> Parameters:
    """The address with the systems that can be drawn where it names none: others would only narrow the utterances."""
    if systems_of(query):
        return query
    corpus = stores.corpus(query)
    known = scored_systems(corpus)
    axes = axes_of(known)
    drawn = drawable(known, _axis(query, axes)) if axes else []
    named = query if query.get("baseline") in drawn else query.without(("baseline",))
    return named.plus(("system", name) for name in drawn) if len(drawn) < len(known) else named


def _find(stores: Any, query: Parameters) -> Comparison | Making:
    return standings.ask(stores, _asked(stores, query))


def _key(stores: Any, query: Parameters) -> tuple[Hashable, ...]:
    return standings.key(stores, _asked(stores, query))


def _cancel(stores: Any, query: Parameters) -> None:
    stores.standings.cancel(_key(stores, query))


def _axis(query: Parameters, axes: list[Axis]) -> Axis:
    asked = query.get("axis") or axes[0]
    for axis in axes:
        if asked == axis:
            return axis
    raise QueryError(f'the curve cannot be drawn against "{asked[:40]}"; the systems\' names tell: {", ".join(axes)}')


def _no_curve(query: Parameters) -> Component:
    text = (
        "A curve needs two systems whose names say when they were saved, such as tiny-e1 and tiny-e4. A folder of "
        "checkpoints that is transcribed on the Runs page (checkpoints: in the configuration) names them so."
    )
    runs = dcc.Link([icon("bi-mic"), "Runs"], href=query.only(PLACE).href("/runs"), className="btn btn-primary")
    return html.Div(state("bi-graph-down", "No training to draw", text, actions=[runs]), className="panel")


def _download(query: Parameters, axis: Axis) -> Component:
    return csv_link(query.only(SHARED).replaced(axis=axis).href("/export/learning.csv"), "learning.csv")


def _panel(found: Comparison, axis: Axis, query: Parameters) -> Component:
    drawn, others = curves(found, axis)
    if not found.common:
        text = f"Of {count(found.selected)} utterances none was scored for every system. Leave some out."
        return html.Div(state("bi-intersect", "No utterance in common", text), className="panel")
    title = f"Word error rate against {axis}"
    unknown = f" Not drawn, no two of one training at different {axis}s: {', '.join(others)}." if others else ""
    graph = dcc.Graph(
        figure=learning_figure(drawn, axis, href=lambda point: _against(point, query)),
        config=CONFIG,
        className="chart",
        id="learning-graph",
    )
    figure = html.Figure(
        [
            html.Figcaption(
                [html.B(title), html.Span(f"The band is the 95 % interval; ringed is the best. {_best(drawn)}")]
            ),
            graph,
        ],
        className="learning-figure",
        role="group",
        **attributes(aria_label=f"{title}. The table below has the same numbers."),
    )
    return html.Div(
        [figure, _table(drawn, axis, query), html.P(f"{base(found)}.{unknown}", className="rates-key")],
        className="panel",
        id="learning-curve",
    )


def _best(drawn: tuple[Curve, ...]) -> str:
    told = [f"{curve.name}: {curve.best.standing.system}" for curve in drawn if curve.best is not None]
    return f"Best of {', of '.join(told)}." if told else ""


def _against(point: Point, query: Parameters) -> str:
    """The leaderboard with a checkpoint as the baseline."""
    return query.only(SHARED).replaced(baseline=point.standing.system).href(UNDER)


def _table(drawn: tuple[Curve, ...], axis: Axis, query: Parameters) -> Component:
    titles = ("Training", axis.capitalize(), "System", "WER", "95 %", "Words", "Best")
    head = [
        html.Th(title, scope="col", className="num" if title in (titles[1], "WER", "95 %", "Words") else "")
        for title in titles
    ]
    rows = [
        html.Tr(
            [
                html.Td(curve.name),
                html.Td(count(point.at), className="num"),
                html.Td(dcc.Link(point.standing.system, href=_against(point, query)), className="system"),
                html.Td(EMPTY if point.standing.wer is None else percent(point.standing.wer), className="num"),
                html.Td(span(point.standing.interval), className="num"),
                html.Td(count(point.standing.counts.words.length), className="num"),
                html.Td(
                    html.Span([icon("bi-check-lg"), "best"], className="badge-soft ok") if point == curve.best else None
                ),
            ]
        )
        for curve in drawn
        for point in curve.points
    ]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="plain rates learning")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Checkpoints"))


def register(app: Dash, stores: Any) -> None:
    """Clicks on points, waiting, and the download."""
    waiting.register(app, "learning", stores, _find, _cancel)
    app.clientside_callback(
        ClientsideFunction("earmark", "openBin"),
        Output("learning-graph", "className"),
        Input("learning-graph", "clickData"),
        prevent_initial_call=True,
    )

    @app.server.get("/export/learning.csv", endpoint="export_learning")
    def download() -> Response:
        def written(query: Parameters) -> str:
            found = ready(_find(stores, query))
            return as_csv(found, _axis(query, axes_of([row.system for row in found.standings])))

        return attachment("learning.csv", "text/csv", written)
