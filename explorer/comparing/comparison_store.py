"""ComparisonStore: what was compared between corpora, remembered, and the searches for duplicates that are going on.

Words of a corpus are counted once per folding. A search for duplicates runs in its own thread, tells how far it is, and
can be cancelled; its result is kept until the corpora change.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from explorer.comparing.corpora_comparison import Overlay, frequencies, overlay
from explorer.comparing.duplicates import Cancelled, Duplicates, find_duplicates
from explorer.vocabulary.word_list import WordList, words_of
from explorer.vocabulary.words import Folding

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

T = TypeVar("T")
REMEMBERED = 32
STAGES = {"rows": "Reading rows", "sizes": "Looking at files", "content": "Comparing bytes"}


@dataclass(frozen=True, slots=True)
class Searching:
    """How far a search is: ``stage`` is a key of STAGES; ``failure`` the sentence it ended with, "" while it runs."""

    stage: str = "rows"
    done: int = 0
    total: int = 0
    failure: str = ""


class ComparisonStore:
    """Safe from several threads. Call ``close`` at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._remembered: OrderedDict[Hashable, object] = OrderedDict()
        self._searches: dict[Hashable, Searching] = {}
        self._cancelled: set[Hashable] = set()
        self._one_at_a_time = threading.Semaphore()

    def frequencies(self, corpus: Corpus, folding: Folding) -> Mapping[str, int]:
        """The words of a corpus with their counts."""
        return self._get(("words", corpus.content_key, folding.tag), lambda: frequencies(corpus, folding))

    def word_list(self, corpus: Corpus) -> WordList:
        """The words of a corpus as a word list."""
        return self._get(("list", corpus.name, corpus.content_key), lambda: words_of(corpus))

    def overlay(self, corpora: Sequence[Corpus], column: str) -> Overlay:
        """The distributions of a column in these corpora."""
        names = tuple((corpus.name, corpus.content_key) for corpus in corpora)
        return self._get(("overlay", column, names), lambda: overlay(corpora, column))

    def duplicates(
        self, corpora: Sequence[Corpus], folding: Folding, *, content: bool
    ) -> Duplicates | Searching | None:
        """What a search found, or how far it is; None when none has been started."""
        key = _key(corpora, folding, content)
        with self._lock:
            found = self._remembered.get(key)
            return found if isinstance(found, Duplicates) else self._searches.get(key)

    def search(self, corpora: Sequence[Corpus], folding: Folding, *, content: bool) -> None:
        """Start a search unless it is going on or done."""
        key = _key(corpora, folding, content)
        with self._lock:
            running = self._searches.get(key)
            if key in self._remembered or (running is not None and not running.failure):
                return
            self._searches[key] = Searching()
            self._cancelled.discard(key)
        work = threading.Thread(target=self._work, args=(key, corpora, folding, content), daemon=True)
        work.name = "duplicates"
        work.start()

    def cancel(self, corpora: Sequence[Corpus], folding: Folding, *, content: bool) -> None:
        """End a search; what it has found so far is thrown away."""
        key = _key(corpora, folding, content)
        with self._lock:
            if key in self._searches:
                self._cancelled.add(key)

    def close(self) -> None:
        """End all searches."""
        with self._lock:
            self._cancelled.update(self._searches)

    def _work(self, key: Hashable, corpora: Sequence[Corpus], folding: Folding, content: bool) -> None:
        def tell(stage: str, done: int, total: int) -> None:
            with self._lock:
                if key in self._cancelled:
                    raise Cancelled
                self._searches[key] = Searching(stage, done, total)

        failure = ""
        try:
            with self._one_at_a_time:
                found = find_duplicates(corpora, folding, content=content, tell=tell)
            self._get(key, lambda: found)
        except Cancelled:
            failure = "The search was cancelled."
        # The edge of a thread: whatever it is, the page must say it instead of waiting for ever.
        except Exception as error:  # noqa: BLE001
            failure = f"The search failed: {error}"
        with self._lock:
            if failure:
                self._searches[key] = Searching(failure=failure)
            else:
                del self._searches[key]

    def _get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._remembered[key] = made
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return made


def _key(corpora: Sequence[Corpus], folding: Folding, content: bool) -> Hashable:
    return ("duplicates", tuple((corpus.name, corpus.content_key) for corpus in corpora), folding.tag, content)
