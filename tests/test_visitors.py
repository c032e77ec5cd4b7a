"""Several people at once on a real server: each gets the answers to their own questions."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import waitress

from explorer.querying.query import Filter, Query, Sort, Test
from explorer.stores import Stores
from tests.corpora import explorer_app, opened
from tests.visitor import Visitor

VISITORS = 10
STEPS = 8


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stores, int]]:
    with opened(tmp_path_factory.mktemp("visited")) as stores:
        server = waitress.create_server(explorer_app(stores).server, host="127.0.0.1", port=0, threads=8)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield stores, int(server.effective_port)
        server.close()
        thread.join(10)


def test_nobody_sees_the_rows_of_another(served: tuple[Stores, int]) -> None:
    stores, port = served
    corpus = stores.corpus({"corpus": "tones"})
    together = threading.Barrier(VISITORS, timeout=30)

    def visit(number: int) -> int:
        """Filters that only this visitor asks for, in an own order; the number of rows looked at."""
        source = random.Random(number)
        visitor = Visitor("127.0.0.1", port, "tones")
        together.wait()
        looked = 0
        try:
            for step in range(STEPS):
                least, descending = 10 + (number + step) % 15 + number / 100, source.random() < 0.5
                model = {"snr": {"filterType": "number", "type": "greaterThan", "filter": least}}
                order = [{"colId": "words", "sort": "desc" if descending else "asc"}]
                found = visitor.rows(0, filters=model, sort=order, columns=("snr", "words"))
                query = Query((Filter("snr", (Test("gt", least),)),), (Sort("words", descending),))
                assert found["rowCount"] == corpus.extent(query).utterances
                assert [row["id"] for row in found["rowData"]] == [r["id"] for r in corpus.page(query, 0, 100, ())]
                assert [tuple(pair) for pair in visitor.view] == query.pairs()
                assert f"{found['rowCount']:,}" in str(visitor.described())
                chosen = source.choice(found["rowData"])
                expected = stores.library.get("tones").utterance(chosen["id"])
                sound = visitor.media(chosen["id"], "audio")
                assert sound[:4] == b"RIFF"
                assert expected.duration is not None
                assert abs(len(sound) - 44 - 2 * 16_000 * expected.duration) < 100
                looked += len(found["rowData"])
        finally:
            visitor.close()
        return looked

    with ThreadPoolExecutor(VISITORS) as pool:
        assert all(looked > 0 for looked in pool.map(visit, range(VISITORS)))
