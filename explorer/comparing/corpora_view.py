"""What the page of corpora side by side shows at an address: which corpora, in which order, and where things lead.

with=train&with=dev     the corpora, the first one is what the others are compared with; without: all open ones
normalizer=             how words are put together
content=yes             duplicates by the bytes of the files too
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.comparing.duplicates import KINDS, Duplicates
from explorer.errors import QueryError, SpeechDataError
from explorer.querying.parameters import Parameters
from explorer.vocabulary.words import Folding

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus
    from explorer.stores import Stores

PATH = "/corpora"
EXPORT = "/export/duplicates.csv"
AT_FIRST = 4
"""Corpora that are shown when the address names none."""

MOST = 8
"""Corpora that can be shown at once: more lines in a figure cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The corpora of an address, those that are open, and those that were asked for and cannot be shown, with why."""

    corpora: tuple[Corpus, ...]
    open: tuple[str, ...]
    missing: tuple[str, ...]
    folding: Folding
    content: bool
    parameters: Parameters

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the chosen corpora."""
        return tuple(corpus.name for corpus in self.corpora)

    def href(self, names: Sequence[str], *, content: bool | None = None) -> str:
        """The address of the page with these corpora, in this order."""
        return self.address(names, content=content).href(PATH)

    def address(self, names: Sequence[str], *, content: bool | None = None) -> Parameters:
        """The parameters of the page with these corpora."""
        bytes_too = self.content if content is None else content
        kept = self.parameters.only(("corpus", "normalizer")).plus(("with", name) for name in names)
        return kept.replaced(content="yes") if bytes_too else kept

    def toggled(self, name: str) -> str:
        """The address with one corpus more or less."""
        names = [one for one in self.names if one != name] if name in self.names else [*self.names, name]
        return self.href(names)


def choice(stores: Stores, parameters: Parameters) -> Choice:
    """The corpora that an address names.

    Raises:
        QueryError: it names more than can be shown.
    """
    opened = stores.library.names()
    named = tuple(dict.fromkeys(value for name, value in parameters.pairs if name == "with"))
    if len(named) > MOST:
        raise QueryError(f"{len(named)} corpora cannot be laid over each other; choose at most {MOST}")
    first = parameters.get("corpus")
    usual = sorted(opened, key=lambda name: name != first)[:AT_FIRST]
    found, missing = [], []
    for name in named or usual:
        try:
            found.append(stores.library.get(name))
        except SpeechDataError as error:
            missing.append(str(error))
    return Choice(
        corpora=tuple(found),
        open=opened,
        missing=tuple(missing),
        folding=stores.folding(parameters),
        content=parameters.get("content") == "yes",
        parameters=parameters,
    )


def duplicate_records(chosen: Choice, found: Duplicates) -> tuple[list[str], Iterator[list[Any]]]:
    """The names and rows of the CSV: a line for every utterance of every group that is listed."""
    return ["kind", "group", "what", "corpus", "utterance", "row"], _records(chosen, found)


def _records(chosen: Choice, found: Duplicates) -> Iterator[list[Any]]:
    for kind in KINDS:
        if kind not in found.shared:
            continue
        for number, group in enumerate(found.shared[kind].groups, 1):
            for corpus in chosen.corpora:
                rows = group.rows.get(corpus.name, ())
                listed = corpus.listed(np.array(rows, np.int32), ()) if rows else []
                for row, (id, _) in zip(rows, listed, strict=True):
                    yield [kind, number, group.what, corpus.name, id, row]
