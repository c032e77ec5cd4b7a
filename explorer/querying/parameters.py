"""What the address says: the query parameters of a page's URL, in order, as an immutable mapping.

A page is a function of its URL. Most parameters occur once (``corpus=``, ``u=``) and are read like a mapping; some
repeat (``f=``) and are read from ``pairs``. Where a name occurs twice, the mapping gives the first value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

VIEW = ("f", "sort", "search", "where")
"""The parameters that a Query reads and writes."""

PLACE = ("corpus", "normalizer")
"""The parameters that stay the same from page to page."""


@dataclass(frozen=True, slots=True)
class Parameters(Mapping[str, str]):
    """The (name, value) pairs of a URL's query, in order."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, search: str | None) -> Parameters:
        """From the part of a URL after its path, with or without the question mark."""
        return cls(tuple(parse_qsl((search or "").lstrip("?"), keep_blank_values=True)))

    def __getitem__(self, name: str) -> str:
        for key, value in self.pairs:
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.pairs))

    def __len__(self) -> int:
        return len(dict(self.pairs))

    def only(self, names: Iterable[str]) -> Parameters:
        """The pairs with one of these names."""
        kept = frozenset(names)
        return Parameters(tuple(pair for pair in self.pairs if pair[0] in kept))

    def without(self, names: Iterable[str]) -> Parameters:
        """The pairs with none of these names."""
        dropped = frozenset(names)
        return Parameters(tuple(pair for pair in self.pairs if pair[0] not in dropped))

    def replaced(self, **values: str | None) -> Parameters:
        """Each named parameter set to one value, at the end; None takes it away."""
        added = tuple((name, value) for name, value in values.items() if value is not None)
        return Parameters(self.without(values).pairs + added)

    def plus(self, pairs: Iterable[tuple[str, str]]) -> Parameters:
        """These pairs after the present ones."""
        return Parameters(self.pairs + tuple(pairs))

    def search(self) -> str:
        """``?name=value&...``, or "" without parameters; ``Parameters.of`` reads it back."""
        return f"?{urlencode(self.pairs, quote_via=quote)}" if self.pairs else ""

    def href(self, path: str) -> str:
        """The address of a page with these parameters."""
        return path + self.search()
