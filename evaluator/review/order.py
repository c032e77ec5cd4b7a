"""Orders: which utterances are gone through, and one after the other in which way, fixed when it begins.

Whoever reviews ``{decision} is empty`` would otherwise lose the ground: every decision takes a row out of the view, and
"next" would skip one. An order keeps the row numbers that its view had, which stay true as long as the corpus's
sources do. Orders are made again at no cost but time: the last few are remembered, an older one is asked for anew.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError

REMEMBERED = 16
"""Orders in memory; one of a million rows takes 4 MB."""


class UnknownOrder(SpeechDataError):
    """An order is not remembered any more, or belongs to another version of the corpus: ask for it again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order:
    """The rows of one version of a corpus in the order in which somebody goes through them, int32."""

    token: str
    content_key: str
    rows: np.ndarray

    @property
    def size(self) -> int:
        """How many utterances there are to go through."""
        return len(self.rows)

    def place(self, row: int) -> int | None:
        """The place of a row, from 0; None when it is not among them."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if found.size else None


class OrderStore:
    """The orders that people go through just now; shared by threads."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._orders: OrderedDict[str, Order] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, corpus: Corpus, rows: np.ndarray) -> Order:
        """Remember these rows of the corpus in this order, under a token of its own."""
        order = Order(token=uuid.uuid4().hex[:12], content_key=corpus.content_key, rows=rows)
        with self._lock:
            self._orders[order.token] = order
            while len(self._orders) > self._most:
                self._orders.popitem(last=False)
        return order

    def get(self, corpus: Corpus, token: str) -> Order:
        """The order of that token.

        Raises:
            UnknownOrder: it is forgotten, or the corpus was loaded anew since.
        """
        with self._lock:
            order = self._orders.get(token)
            if order is not None:
                self._orders.move_to_end(token)
        if order is None or order.content_key != corpus.content_key:
            raise UnknownOrder("this list is out of date; it is made again")
        return order
