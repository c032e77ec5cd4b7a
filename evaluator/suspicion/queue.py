"""The queue: a view's utterances with the likely errors first, and why each of them is there.

The order is that of the column ``suspicion``, so a queue is a view as any other: whoever wants another order asks for
it with ``sort=``, and filters apply. Everything here reads the columns that the store laid beside the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import strength_column
from evaluator.suspicion.columns import REASONS, SCORE
from evaluator.suspicion.evidence import SEPARATOR
from evaluator.suspicion.ranking import Choice
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query, Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One signal about one utterance: ``words`` say why, ``strength`` is before its weight, from 0 to 1."""

    signal: str
    title: str
    words: str
    strength: float


def has_suspicion(corpus: Corpus) -> bool:
    """Whether the columns of suspicion are beside the corpus."""
    return any(column.name == SCORE for column in corpus.columns)


def queued(corpus: Corpus, query: Query) -> Query:
    """The view with the likely errors first, unless it asks for another order or nothing is ranked."""
    if query.sort or not has_suspicion(corpus):
        return query
    return replace(query, sort=(Sort(SCORE, descending=True),))


def columns_read(corpus: Corpus) -> tuple[str, ...]:
    """The columns that ``reasons`` needs; none when nothing is ranked."""
    if not has_suspicion(corpus):
        return ()
    present = {column.name for column in corpus.columns}
    return (SCORE, REASONS, *(name for name in map(strength_column, SIGNALS) if name in present))


def reasons(values: Mapping[str, Any], choice: Choice) -> tuple[Reason, ...]:
    """Why an utterance is suspected under ``choice``, by its values of ``columns_read``; what counts most comes first.

    >>> row = {"suspicion_reasons": "more text than speech", "suspicion_pace": 0.5, "suspicion_vote": 0.0}
    >>> [(one.signal, one.words) for one in reasons(row, Choice())]
    [('pace', 'more text than speech')]
    """
    found = [
        (name, float(values[strength_column(name)]))
        for name in choice.switched_on(SIGNALS)
        if (values.get(strength_column(name)) or 0) > 0
    ]
    told = (values.get(REASONS) or "").split(SEPARATOR)
    listed = [
        Reason(signal=name, title=SIGNALS[name].title, words=words, strength=strength)
        for (name, strength), words in zip(found, told, strict=False)
    ]
    return tuple(sorted(listed, key=lambda one: -one.strength * choice.weight(one.signal)))
