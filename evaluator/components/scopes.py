"""What a job can be about: the utterance and the view of the address, and the whole corpus; as choices and as rows."""

from __future__ import annotations

from evaluator.launching import Rows
from explorer.corpora.corpus import Corpus
from explorer.formatting import count, hours
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query


def scope_choices(corpus: Corpus, query: Parameters) -> list[dict[str, str]]:
    """The choices of a radio list, the narrowest first."""
    view = Query.from_pairs(query.pairs)
    choices = []
    if "u" in query:
        choices.append({"value": "utterance", "label": f"This utterance ({query['u']})"})
    if view.selects:
        choices.append({"value": "view", "label": f"{_sentence(corpus, view)} ({_extent(corpus, view)})"})
    choices.append({"value": "corpus", "label": f"The whole corpus {corpus.name} ({_extent(corpus, Query())})"})
    return choices


def rows_of(corpus: Corpus, query: Parameters, scope: str) -> tuple[Rows, str]:
    """The rows of a chosen scope, and the words for them.

    Raises:
        UnknownUtterance, QueryError: the address does not fit the corpus.
    """
    if scope == "utterance":
        utterance = corpus.utterance(query.get("u", ""))
        return utterance, f"one utterance, {utterance.audio}"
    if scope == "view":
        view = Query.from_pairs(query.pairs)
        return view.selection(), _sentence(corpus, view)
    return Query(), "the whole corpus"


def _sentence(corpus: Corpus, view: Query) -> str:
    """The view in words, without its order."""
    return view.selection().sentence(corpus)


def _extent(corpus: Corpus, view: Query) -> str:
    extent = corpus.extent(view)
    return f"{count(extent.utterances)} utterances, {hours(extent.hours)}"
