"""What the vocabulary page shows at an address: which listing, what has to be counted first, and where its rows lead.

tab=words           the words of the references (the default)
tab=hypotheses      words that systems say and no reference has
tab=characters      the character inventory
normalizer=         how written words are put together
f= sort= search=    as for utterances, over the listing's columns
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.columns import Column
from explorer.errors import QueryError, SpeechDataError
from explorer.querying.listing import Listing
from explorer.querying.parameters import PLACE, Parameters
from explorer.querying.query import Query
from explorer.vocabulary.characters import characters_listing, having
from explorer.vocabulary.vocabulary_store import Counting
from explorer.vocabulary.word_list import WordList
from explorer.vocabulary.word_listing import heard_listing, saying, words_listing
from explorer.vocabulary.word_times import time_of
from explorer.vocabulary.words import AS_WRITTEN, Folding

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus
    from explorer.stores import Stores

PATH = "/vocabulary"
TABS = {"words": "Words", "hypotheses": "Only in hypotheses", "characters": "Characters"}
"""Value of ``tab=`` -> what the tab is called."""

LINKED = {"words": ("word", "first", "last"), "hypotheses": ("word", "first"), "characters": ("glyph", "utterances")}
"""The columns whose cells lead to utterances."""


@dataclass(frozen=True, slots=True)
class Place:
    """The corpus and the view of it that an address names."""

    corpus: Corpus
    parameters: Parameters
    tab: str

    @property
    def address(self) -> Parameters:
        """The place alone, with the corpus's name: what links to utterances begin with."""
        return self.parameters.only(PLACE).replaced(corpus=self.corpus.name)


def place(stores: Stores, parameters: Parameters) -> Place:
    """What the address names.

    Raises:
        UnknownCorpus, QueryError: there is no such corpus or tab.
    """
    tab = parameters.get("tab", "words")
    if tab not in TABS:
        raise QueryError(f'there is no tab "{tab[:40]}"; there are {", ".join(TABS)}')
    return Place(stores.corpus(parameters), parameters, tab)


def word_list(stores: Stores, here: Place) -> WordList | None:
    """What OOV words are told by: the words of the corpus that ``known=`` names, else the corpus's own word list.

    Raises:
        UnknownCorpus: no corpus of that name is open.
        ManifestError: the file of the word list cannot be read.
    """
    name = here.parameters.get("known")
    return stores.comparisons.word_list(stores.library.get(name)) if name else stores.word_list(here.corpus)


def counting_of(stores: Stores, here: Place) -> tuple[list[str], Folding]:
    """The text columns that the tab needs counted, and how: as they are, where a folding has laid its own texts."""
    folding = stores.folding(here.parameters)
    if here.tab == "characters":
        return ["reference"], AS_WRITTEN if folding.prefix else folding
    heard = [f"hypothesis_{system}" for system in here.corpus.systems] if here.tab == "hypotheses" else []
    return [f"{folding.prefix}{column}" for column in ("reference", *heard)], folding.counting()


def waiting_for(stores: Stores, here: Place) -> Counting | None:
    """How far the counting is that the tab needs; None when everything is there."""
    if not here.corpus.complete:
        return Counting(0, 0)
    columns, folding = counting_of(stores, here)
    if not {column.name for column in here.corpus.columns}.issuperset(columns):
        return stores.folding_progress(here.parameters)
    return stores.vocabularies.prepare(here.corpus, columns, folding)


def mark(stores: Stores, here: Place) -> list[str]:
    """What the listing depends on: it is another one when this is."""
    columns, folding = counting_of(stores, here)
    listed = word_list(stores, here)
    versions = [stores.vocabularies.version(here.corpus, column, folding) for column in columns]
    known = [] if listed is None else [listed.version]
    accuracies = [one.version for one in stores.word_accuracies(here.corpus)] if here.tab == "words" else []
    return [here.tab, *versions, *known, *accuracies]


def listing(stores: Stores, here: Place) -> Listing:
    """The listing of the tab; everything it needs must have been counted (``waiting_for``).

    Raises:
        QueryError: it has not been counted yet.
        ManifestError: the corpus's word list cannot be read.
    """
    return stores.vocabularies.listing(tuple(mark(stores, here)), lambda: _made(stores, here))


def _made(stores: Stores, here: Place) -> Listing:
    corpus, counted = here.corpus, stores.vocabularies
    columns, folding = counting_of(stores, here)
    reference = counted.words(corpus, columns[0], folding)
    if reference is None:
        raise QueryError(f'the words of "{corpus.name}" have not been counted yet; open its vocabulary page')
    if here.tab == "characters":
        characters = counted.characters(corpus, folding)
        assert characters is not None  # it is written before the words are
        written = (word for word, _ in corpus.words(corpus.counts["vocabulary"]))
        return characters_listing(corpus.alphabet, characters, written)
    listed = word_list(stores, here)
    known = None if listed is None else listed.folded(stores.folding(here.parameters))
    if here.tab == "words":
        return words_listing(reference, folding, known=known, accuracies=stores.word_accuracies(corpus))
    heard = {s: counted.words(corpus, name, folding) for s, name in zip(corpus.systems, columns[1:], strict=True)}
    return heard_listing(reference, {s: words for s, words in heard.items() if words is not None}, folding, known=known)


def page(stores: Stores, here: Place, shown: Listing, query: Query, start: int, stop: int) -> list[dict[str, Any]]:
    """The rows ``start`` <= position < ``stop`` with the addresses of their links, as ``link:<column>``."""
    rows = shown.rows(query)[max(0, start) : max(0, stop)]
    values = shown.values(rows, shown.content.column_names)
    linked = {"words": _word_links, "hypotheses": _heard_links, "characters": _character_links}[here.tab]
    links = linked(stores, here, values)
    kept = [column.name for column in shown.columns]
    return [
        {"row": int(row), **{name: entry[name] for name in kept}, **more}
        for row, entry, more in zip(rows, values, links, strict=True)
    ]


def _word_links(stores: Stores, here: Place, values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    (column, *_), _ = counting_of(stores, here)
    alphabet = here.corpus.alphabet if column == "reference" else None
    ids = _ids(here.corpus, [entry[name] for name in ("first", "last") for entry in values])
    links = []
    for entry, first, last in zip(values, ids[: len(values)], ids[len(values) :], strict=True):
        view = saying(entry["spellings"], alphabet, column=column).pairs()
        links.append(
            {
                "said": entry["word"],
                "link:word": here.address.plus(view).plus((("u", first),)).href("/utterances"),
                "first": first,
                "link:first": here.address.replaced(u=first).href("/utterance"),
                "last": last,
                "link:last": here.address.replaced(u=last).href("/utterance"),
            }
        )
    return links


def _heard_links(stores: Stores, here: Place, values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    firsts = _ids(here.corpus, [entry["first"] for entry in values])
    links = []
    for entry, first in zip(values, firsts, strict=True):
        view = heard_view(stores, here, entry["word"], entry["loudest"])
        links.append(
            {
                "said": entry["word"],
                "link:word": here.address.plus(view.pairs()).href("/utterances"),
                "first": first,
                "link:first": here.address.replaced(u=first).href("/utterance"),
            }
        )
    return links


def timed(stores: Stores, here: Place, word: str, href: str) -> str:
    """The address of a link with the time of a word, when the utterance it opens has one (``t=``, seconds).

    The times are those of the lanes under its waveform: its own fields and files first, then what systems heard.
    """
    path, _, search = href.partition("?")
    address = Parameters.of(search)
    if path not in ("/utterances", "/utterance") or "u" not in address:
        return href
    try:
        lanes = stores.lanes(here.corpus, here.corpus.utterance(address["u"]))
    except SpeechDataError:
        return href  # the page it leads to says what is wrong
    fold = stores.folding(here.parameters).apply()
    times = (time_of(lane.segments, word, fold) for lane in reversed(lanes) if lane.kind == "words")
    found = next((time for time in times if time is not None), None)
    return href if found is None else address.replaced(t=f"{found:.3f}").href(path)


def heard_view(stores: Stores, here: Place, word: str, system: str) -> Query:
    """The utterances in which a system says a word."""
    folding = stores.folding(here.parameters)
    column = f"{folding.prefix}hypothesis_{system}"
    counts = stores.vocabularies.words(here.corpus, column, folding.counting())
    return saying([word] if counts is None else spelled(counts, word), column=column)


def spelled(counts: Any, word: str) -> list[str]:
    """The spellings of a counted word, the most frequent first."""
    import pyarrow.compute as pc

    found = pc.index(counts["word"], word).as_py()
    return [word] if found < 0 else list(counts["spellings"][found].as_py())


def word_view(stores: Stores, here: Place, word: str) -> Query:
    """The utterances whose reference has a word."""
    folding = stores.folding(here.parameters)
    column = f"{folding.prefix}reference"
    counts = stores.vocabularies.words(here.corpus, column, folding.counting())
    alphabet = None if folding.prefix else here.corpus.alphabet
    return saying([word] if counts is None else spelled(counts, word), alphabet, column=column)


def _character_links(_stores: Stores, here: Place, values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        dict.fromkeys(
            ("link:glyph", "link:utterances"),
            here.address.plus(having(entry["character"]).pairs()).href("/utterances"),
        )
        for entry in values
    ]


def _ids(corpus: Corpus, rows: Sequence[int]) -> list[str]:
    """The ids of rows, which may occur several times."""
    unique = np.unique(np.array(rows, np.int32))
    known = dict(zip(unique.tolist(), (id for id, _ in corpus.listed(unique, ())), strict=True))
    return [known[row] for row in rows]


def export_records(here: Place, shown: Listing, query: Query) -> tuple[list[str], Iterator[list[Any]]]:
    """The names and the rows of a CSV of the view: all columns, rates as fractions, utterances by their ids."""
    names = [column.name for column in shown.columns]
    if here.tab == "characters":
        names.insert(0, "character")
    return names, _records(here.corpus, shown, shown.rows(query), names)


def _records(corpus: Corpus, shown: Listing, rows: np.ndarray, names: list[str], size: int = 5_000) -> Iterator[Any]:
    places = [name for name in ("first", "last") if name in names]
    for start in range(0, rows.size, size):
        values = shown.values(rows[start : start + size], names)
        for name in places:
            for entry, id in zip(values, _ids(corpus, [entry[name] for entry in values]), strict=True):
                entry[name] = id
        yield from ([entry[name] for name in names] for entry in values)


def shown_columns(here: Place, shown: Listing) -> list[Column]:
    """The columns of the grid, visible ones first: links are texts there, whatever the listing holds."""
    return [column for column in shown.columns if not column.hidden] + [c for c in shown.columns if c.hidden]
