"""A panel of the utterance view: what was measured in its sound, each value with its definition."""

from __future__ import annotations

import numpy as np
from dash import html
from dash.development.base_component import Component

from evaluator.stores import EvaluatorStores
from explorer.components.cards import attributes, help_mark
from explorer.components.table import explanation
from explorer.corpora.corpus import Corpus, Utterance
from explorer.formatting import value


def signal_panel(stores: EvaluatorStores, corpus: Corpus, utterance: Utterance) -> Component | None:
    """The measures of the utterance; None when nobody has measured it."""
    columns = [column for column in corpus.columns if column.origin == "signal"]
    if not columns:
        return None
    ((_id, values),) = corpus.listed(np.array([utterance.row], np.int32), [column.name for column in columns])
    if all(content is None for content in values):
        return None
    rows: list[Component] = []
    for column, content in zip(columns, values, strict=True):
        rows += [
            html.Dt([column.label, " ", help_mark(explanation(column))]),
            html.Dd(value(column, content), className="num"),
        ]
    body = [html.Summary("Measured in the sound"), html.Dl(rows, className="facts")]
    return html.Section(
        html.Details(body), className="panel panel-body", **attributes(aria_label="Measured in the sound")
    )
