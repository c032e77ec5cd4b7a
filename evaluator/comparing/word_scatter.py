"""Words of the references under two systems: how often each was said and how often each system recognized it.

Conventions: accuracy is hits divided by scored occurrences, a fraction; nothing is aligned again: those of the whole
corpus were counted with its scores (word_accuracy.py), those of a query's rows are counted from the places of errors
(mean_accuracy.py). ``won`` is hits of the second system minus hits of the first: how many errors
the word cost less. Where systems were scored on different utterances, the occurrences differ, and both are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.comparing.table_store import TableStore
from explorer.columns import Column
from explorer.corpora.corpus import Corpus
from explorer.querying.listing import Listing
from explorer.querying.query import Query
from explorer.vocabulary.word_listing import WordAccuracy

BUBBLES = 2_000
"""Places that a figure has at most; those of most occurrences are drawn."""


@dataclass(frozen=True, slots=True)
class Place:
    """The words that both systems recognized equally often: accuracies, their occurrences together, and the words."""

    first: float
    second: float
    occurrences: int
    words: tuple[str, ...]
    number: int
    oov: bool


def accuracies_on(corpus: Corpus, query: Query, systems: Sequence[str], tables: TableStore) -> tuple[WordAccuracy, ...]:
    """Occurrences and hits of every word of the references on a query's rows, for each system where it was scored.

    Raises:
        QueryError: a system has no scores here, or the query does not fit the columns.
    """
    table, words = tables.table(corpus, query, None), tables.words(corpus, query)
    found = []
    for system in systems:
        scored = table.scored[system]
        said = words.said(scored)
        hits = said - words.missed(scored, tables.marks(corpus, query, system))
        there = said > 0
        counted = {"word": words.vocabulary.filter(pa.array(there)), "count": said[there], "hits": hits[there]}
        found.append(WordAccuracy(system=system, words=pa.table(counted), version=f"{corpus.key} {query.pairs()}"))
    return tuple(found)


def words_listing(first: WordAccuracy, second: WordAccuracy, *, known: frozenset[str] | None = None) -> Listing:
    """Every word that both systems were scored on, those first that make the greatest difference.

    ``known`` are the words of a word list, if there is one.
    """
    joined = first.words.join(second.words, keys="word", join_type="inner", right_suffix="_2")
    joined = joined.filter(pc.and_(pc.greater(joined["count"], 0), pc.greater(joined["count_2"], 0)))
    counts = [joined[name].to_numpy() for name in ("count", "count_2")]
    hits = [joined[name].to_numpy() for name in ("hits", "hits_2")]
    accuracy = [hit / count for hit, count in zip(hits, counts, strict=True)]
    won = hits[1] - hits[0]
    words = joined["word"].to_pylist()
    order = sorted(range(len(words)), key=lambda place: (-abs(int(won[place])), -int(counts[0][place]), words[place]))
    names = (first.system, second.system)
    columns = [Column(name="word", label="Word", kind="text", help="A word of the references.", origin="derived")]
    content: dict[str, np.ndarray | list[str]] = {"word": words}
    if known is not None:
        told = "Whether the word is missing from the word list."
        columns.append(Column(name="oov", label="OOV", kind="flag", help=told, origin="derived"))
        content["oov"] = np.array([word not in known for word in words], bool)

    def add(name: str, label: str, told: str, values: np.ndarray, **options: object) -> None:
        given = {"kind": "number", "style": "integer", "origin": "derived"} | options
        columns.append(Column(name=name, label=label, help=told, **given))  # type: ignore[arg-type]
        content[name] = values

    same = bool((counts[0] == counts[1]).all())
    add(f"count_{names[0]}", "Count" if same else f"Count {names[0]}", "Occurrences that were scored.", counts[0])
    if not same:
        add(f"count_{names[1]}", f"Count {names[1]}", "Occurrences that were scored.", counts[1])
    for name, shares in zip(names, accuracy, strict=True):
        told = f"How often {name} recognized the word, of its scored occurrences."
        add(f"accuracy_{name}", name, told, shares, style="percent", unit="%", better="higher", system=name)
    told = f"How many of them {names[1]} recognized more than {names[0]} (fewer: negative)."
    add("won", "Won", told, won, better="higher")
    table = pa.table(content).take(pa.array(order, pa.int64()))
    return Listing(content=table, columns=tuple(columns), searched=("word",))


def places(listing: Listing, first: str, second: str) -> tuple[list[Place], int]:
    """The words by where they are drawn, most occurrences first, at most BUBBLES of them; and how many there are."""
    found: dict[tuple[float, float, bool], list[int]] = {}
    table = listing.content
    oov = table["oov"].to_pylist() if "oov" in table.column_names else [False] * table.num_rows
    shares = [table[f"accuracy_{name}"].to_pylist() for name in (first, second)]
    for row, key in enumerate(zip(*shares, oov, strict=True)):
        found.setdefault(key, []).append(row)
    counts, words = table[f"count_{first}"].to_numpy(), table["word"]
    sums = {key: int(counts[rows].sum()) for key, rows in found.items()}
    biggest = sorted(found, key=lambda key: -sums[key])[:BUBBLES]

    def drawn() -> Iterator[Place]:
        for key in biggest:
            rows = found[key]
            shown = tuple(words[row].as_py() for row in sorted(rows, key=lambda row: -counts[row])[:6])
            yield Place(key[0], key[1], sums[key], shown, len(rows), key[2])

    return list(drawn()), len(found)
