"""Crew: child processes that do pieces of work side by side (explorer/child.py says how they are asked).

A child that dies or does not answer in time takes only its own piece of work with it: that piece raises ChildDied, and
the next one gets a new child.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from explorer.child import Child


class Crew:
    """``count`` children of a module, started when they are first needed; ``close`` ends them whatever they do.

    ``order`` is the first line each of them reads.
    """

    def __init__(self, module: str, order: Mapping[str, Any], *, count: int) -> None:
        self._idle: queue.SimpleQueue[Child] = queue.SimpleQueue()
        self._members = [Child(module, order) for _ in range(count)]
        for member in self._members:
            self._idle.put(member)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="crew")

    def ask(self, work: Mapping[str, Any], *, seconds: float) -> Future[dict[str, Any]]:
        """The answer to a piece of work, some time from now; after ``seconds`` of work its child is given up.

        The future raises ChildDied, or EngineError when no child can be made ready.
        """
        return self._threads.submit(self._asked, work, seconds)

    def _asked(self, work: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        member = self._idle.get()
        try:
            member.renew()
            return member.ask(work, seconds=seconds)
        finally:
            self._idle.put(member)

    def close(self) -> None:
        """End all children now; work that waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for member in self._members:
            member.close()
        self._threads.shutdown(wait=True)
