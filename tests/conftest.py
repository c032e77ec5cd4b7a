"""What all tests share: how property tests are run, and the databases of the ledger.

Property tests are judged by their law, not by the speed of a busy machine, and draw the same examples every time, so
that a green suite stays green for the next person. ``pytest --hypothesis-profile=explore`` draws new and many more.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import NoPostgres, Server, server

settings.register_profile("earmark", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("earmark")


def pytest_configure() -> None:
    """Have children of the tests hear Ctrl+C: a shell lets what it runs in the background ignore it, and they would."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A private PostgreSQL server; the tests are skipped, with the reason, where there can be none."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(server())
        except NoPostgres as reason:
            pytest.skip(str(reason))
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is not there yet (SQLite) or empty (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger' / 'ledger.sqlite'}"
    return str(request.getfixturevalue("postgres").database())
