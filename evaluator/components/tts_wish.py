"""What the listening room's address asks for, checked against the corpus."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluator.spoken import SPOKEN_FORMS
from evaluator.tts.room import score_columns
from explorer.columns import Column
from explorer.components.filter_box import fault
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import VIEW, Parameters
from explorer.querying.query import Query, Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the address asks for, checked against the corpus."""

    query: Query
    typed: str
    wrong: str
    judge: str | None
    score: Column | None
    order: str
    spoken: str
    only_gaps: bool
    page: int

    @classmethod
    def of(cls, parameters: Parameters, corpus: Corpus, *, spoken: str) -> Wish:
        """The wish of an address; what it does not say, or says wrongly, is the usual."""
        query = Query.from_pairs(parameters.only(VIEW).pairs)
        typed = query.where
        wrong = fault(typed, corpus.columns)
        if wrong is not None:
            query = replace(query, where="")
        score = next((c for c in score_columns(corpus) if c.name == parameters.get("show")), None)
        order = parameters.get("order", "source")
        if score is not None and order in ("down", "up"):
            query = replace(query, sort=(Sort(score.name, order == "down"),))
        judge = parameters.get("judge")
        chosen = parameters.get("spoken", spoken)
        number = parameters.get("page", "1")
        return cls(
            query=query,
            typed=typed,
            wrong="" if wrong is None else f"At character {wrong.start + 1}: {wrong.reason}. Not applied.",
            judge=judge if judge in corpus.systems else corpus.systems[0] if corpus.systems else None,
            score=score,
            order=order if order in ("down", "up") else "source",
            spoken=chosen if chosen in (*SPOKEN_FORMS, "corpus") else spoken,
            only_gaps=parameters.get("gaps") == "only",
            page=max(1, int(number)) if number.isdecimal() and len(number) < 9 else 1,
        )
