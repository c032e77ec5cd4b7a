"""The rules page: make the filter of the address a rule of a recipe, see the recipe, and take it along.

A recipe is a file of the workspace (evaluator/review/recipe_files.py) that ``app.py apply`` runs without a browser.
"""

from __future__ import annotations

import shlex
from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from evaluator.review.recipe import Recipe
from evaluator.review.recipe_files import rule
from evaluator.stores import EvaluatorStores
from explorer.components.cards import attributes, button, help_mark, icon, panel, state
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, SpeechDataError
from explorer.formatting import count, hours
from explorer.querying.expression import conditions, parse
from explorer.querying.one_filter import one_filter
from explorer.querying.parameters import PLACE, VIEW, Parameters
from explorer.querying.query import Query

PATH = "/rules"
TITLE = "Rules"
UNDER = "/review"
CARRIED = ("recipe",)

USUAL = "recipe"
ACTIONS = {
    "reject": ("Reject", "The reason", "too short"),
    "tag": ("Tag", "The word that is added to the list in “tags”", "check"),
    "set": ("Set a field", "Field = value", "lang = en"),
    "replace": ("Replace in the text", "Pattern (RE2)", " please$"),
    "keep": ("Keep: later rules leave these rows alone", "Why", "checked by hand"),
}
HELP = (
    "A recipe is a list of rules that can be run again over every delivery of a corpus. Rules apply in their order; a "
    "rejected or kept row is left alone by later ones."
)


def layout(stores: EvaluatorStores, query: Parameters) -> Component:
    """The form for the filter of the address, and the recipe."""
    corpus = stores.corpus(query)
    name = query.get("recipe") or next(iter(stores.recipes.names()), USUAL)
    return html.Div(
        [
            html.Div(
                html.Div(
                    [html.H1("Rules"), html.P("Decisions about many rows at once, written down to be made again.")]
                ),
                className="page-head",
            ),
            html.Div(
                [
                    panel("This filter as a rule", _form(stores, corpus, query, name), help_text=HELP),
                    html.Div(_recipe(stores, query, name), id="rules-recipe"),
                ],
                className="runs-top rules-top",
            ),
        ],
        className="page",
    )


def _form(stores: EvaluatorStores, corpus: Corpus, query: Parameters, name: str) -> Component:
    if stores.config.review.read_only:
        return html.P("This Earmark is read-only (review.read_only): no rule can be added.", className="muted")
    try:
        where = _where(stores, corpus, query)
    except SpeechDataError as error:
        return state("bi-exclamation-triangle", "This filter cannot be a rule", str(error), tone="bad")
    extent = corpus.extent(Query(where=where))
    rows = f"{count(extent.utterances)} of {count(corpus.size)} utterances, {hours(extent.hours)}"
    place = query.only((*PLACE, *VIEW))
    another = dcc.Link("Choose other rows", href=place.href("/utterances"))
    _title, label, example = ACTIONS["reject"]
    options = [{"value": action, "label": words[0]} for action, words in ACTIONS.items()]
    fields = [
        html.Div([html.Span("Filter", className="rules-label"), html.Code(where or "every row"),
                  html.Span([rows, ". ", another], className="muted")], className="runs-field"),
        html.Div([html.Label("What to do with them", htmlFor="rules-action"),
                  dbc.Select(id="rules-action", options=options, value="reject")], className="runs-field"),
        html.Div([html.Label(label, htmlFor="rules-what", id="rules-what-label"),
                  dbc.Input(id="rules-what", placeholder=example, maxlength=500, autocomplete="off")],
                 className="runs-field"),
        html.Div([html.Label("Put in its place", htmlFor="rules-put"),
                  dbc.Input(id="rules-put", maxlength=500, autocomplete="off")],
                 id="rules-put-field", className="runs-field", hidden=True),
        html.Div([html.Label("Name of the rule", htmlFor="rules-name"),
                  dbc.Input(id="rules-name", placeholder="for the summary", maxlength=80, autocomplete="off")],
                 className="runs-field"),
        html.Div([html.Label(["Recipe ", help_mark("One that is there, or a new one.")], htmlFor="rules-file"),
                  dbc.Input(id="rules-file", value=name, list="rules-files", maxlength=64, autocomplete="off"),
                  html.Datalist([html.Option(value=one) for one in stores.recipes.names()], id="rules-files")],
                 className="runs-field"),
        html.Div(button("bi-plus-lg", "Add the rule", id="rules-add", kind="primary"), className="row-flex"),
        html.Div(id="rules-said", **attributes(aria_live="polite")),
    ]  # fmt: skip
    return html.Div(fields, className="runs-form")


def _where(stores: EvaluatorStores, corpus: Corpus, query: Parameters) -> str:
    """The filter of the address in words that a recipe understands.

    Raises:
        QueryError: it cannot be understood.
        ConfigError: it names what only these pages know.
    """
    where = one_filter(Query.from_pairs(query.pairs), corpus.columns)
    corpus.extent(Query(where=where))
    if not where:
        return where
    known = stores.headless_columns(query)
    here = {column.name: column for column in corpus.columns}
    for condition in conditions(parse(where)):
        column = here.get(condition.column)
        if column is not None and column.name not in known:
            raise ConfigError(
                f"{column.label} is known to these pages alone, not to a manifest of its own; choose rows without it."
            )
    return where


def _recipe(stores: EvaluatorStores, query: Parameters, name: str) -> Component:
    """The rules of a recipe, where it is, and how to run it."""
    try:
        found, path = stores.recipes.read(name), stores.recipes.path(name)
    except SpeechDataError as error:
        return panel(name, state("bi-exclamation-triangle", "This recipe cannot be read", str(error), tone="bad"))
    others = [
        dcc.Link(one, href=query.replaced(recipe=one).href(PATH), className="badge-soft")
        for one in stores.recipes.names()
        if one != name
    ]
    more = [html.P(["Others: ", *others], className="rules-others")] if others else []
    if found is None:
        text = "Add a rule, and it begins here."
        return panel(f"{name}.yaml", [state("bi-list-check", "No rules yet", text), *more])
    href = query.only(PLACE).replaced(recipe=name).href("/export/recipe.yaml")
    download = html.A([icon("bi-download"), "YAML"], href=href, download="", className="btn btn-secondary btn-sm")
    corpus = stores.library.get(query.get("corpus") or stores.library.first())
    chosen = query.get("normalizer")
    options = [f"normalizer={chosen}"] if chosen and chosen != stores.normalizer else []
    run = [
        "python",
        "app.py",
        "apply",
        str(path),
        *map(str, corpus.sources),
        "-o",
        f"{corpus.name}-clean.json",
        *options,
    ]
    return panel(
        f"{name}.yaml",
        [
            _table(found),
            html.P("Run it over this corpus, or the next delivery:", className="muted"),
            html.Pre(shlex.join(run), className="rules-command", tabIndex=0, **attributes(aria_label="Command")),
            *more,
        ],
        aside=download,
    )


def _table(found: Recipe) -> Component:
    head = html.Tr([html.Th(name, scope="col") for name in ("Rule", "Rows where", "What is done")])
    body = [
        html.Tr([html.Th(one.name, scope="row"), html.Td(html.Code(one.where or "every row")), html.Td(one.told)])
        for one in found.rules
    ]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="plain")
    return html.Div(table, className="table-scroll", tabIndex=0, **attributes(role="region", aria_label="Rules"))


def register(app: Dash, stores: EvaluatorStores) -> None:
    """Ask for what an action needs, and add the rule."""

    @app.callback(
        Output("rules-what-label", "children"),
        Output("rules-what", "placeholder"),
        Output("rules-put-field", "hidden"),
        Input("rules-action", "value"),
        prevent_initial_call=True,
    )
    def choose(action: str) -> tuple[Any, ...]:
        _title, label, example = ACTIONS.get(action, ACTIONS["reject"])
        return label, example, action != "replace"

    @app.callback(
        Output("rules-recipe", "children"),
        Output("rules-said", "children"),
        Input("rules-add", "n_clicks"),
        State("rules-action", "value"),
        State("rules-what", "value"),
        State("rules-put", "value"),
        State("rules-name", "value"),
        State("rules-file", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def add(
        clicks: int | None, action: str, what: str | None, put: str | None, name: str | None, file: str | None,
        search: str | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        if not clicks:
            return no_update, no_update
        query, recipe = Parameters.of(search), (file or USUAL).strip().removesuffix(".yaml")
        try:
            if stores.config.review.read_only:
                raise ConfigError("this Earmark is read-only (review.read_only): no rule can be added")
            where = _where(stores, stores.corpus(query), query)
            made = rule(action, (what or "") if action == "replace" else (what or "").strip(), put or "",
                        where=where, name=(name or "").strip())  # fmt: skip
            rules = len(stores.recipes.add(recipe, made).rules)
        except SpeechDataError as error:
            text = str(error)
            words = html.Span(text[:1].upper() + text[1:])
            return no_update, html.Div([icon("bi-exclamation-triangle"), words], className="banner warn", role="alert")
        told = f"Rule {rules} of {recipe}.yaml."
        return _recipe(stores, query, recipe), html.Div(
            [icon("bi-check2-circle"), html.Span(told)], className="banner ok", role="status"
        )
