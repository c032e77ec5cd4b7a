"""Crew: child processes that do pieces of work side by side, asked in JSON lines on their standard input.

    python -m MODULE        reads an order, answers {"ready": true} or {"error": sentence}; then an answer for each line

A child that dies or does not answer in time takes only its own piece of work with it: that piece raises MemberDied, and
the next one gets a new child. When this process dies, however it dies, its children find their input closed and end.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from explorer.errors import EngineError

PROJECT = Path(__file__).resolve().parent.parent
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class MemberDied(Exception):
    """The child ended in the middle of a piece of work; the message says how."""


class Crew:
    """``count`` children of a module, started when they are first needed; ``close`` ends them whatever they do.

    ``order`` is the first line each of them reads.
    """

    def __init__(self, module: str, order: Mapping[str, Any], *, count: int) -> None:
        self._idle: queue.SimpleQueue[_Member] = queue.SimpleQueue()
        self._members = [_Member(module, order) for _ in range(count)]
        for member in self._members:
            self._idle.put(member)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="crew")

    def ask(self, work: Mapping[str, Any], *, seconds: float) -> Future[dict[str, Any]]:
        """The answer to a piece of work, some time from now; after ``seconds`` of work its child is given up.

        The future raises MemberDied, or EngineError when no child can be made ready.
        """
        return self._threads.submit(self._asked, work, seconds)

    def _asked(self, work: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        member = self._idle.get()
        try:
            return member.ask(work, seconds=seconds)
        finally:
            self._idle.put(member)

    def close(self) -> None:
        """End all children now; work that waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for member in self._members:
            member.close()
        self._threads.shutdown(wait=True)


class _Member:
    """One child and its pipes; one thread at a time asks it."""

    def __init__(self, module: str, order: Mapping[str, Any]) -> None:
        self._module = module
        self._order = order
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def ask(self, work: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        if self._child is None:
            answer = self._said(self._order, seconds=600)  # loading a model may take its time
            if "error" in answer:
                self.close()
                raise EngineError(str(answer["error"]))
        return self._said(work, seconds=seconds)

    def _said(self, line: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        child = self._started()
        late = threading.Event()
        limit = threading.Timer(seconds, _kill, (child, late.set))
        limit.start()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            answer = _exchanged(child.stdin, child.stdout, line)
        finally:
            limit.cancel()
        if answer is not None:
            return answer
        self._child = None
        code = child.wait()
        raise MemberDied(f"did not end within {seconds:.0f} s" if late.is_set() else _ending(code))

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise MemberDied("was ended")
            if self._child is None:
                paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
                self._child = subprocess.Popen(
                    [sys.executable, "-m", self._module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)},
                )
            return self._child

    def close(self) -> None:
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            child.kill()
            child.wait()


def _kill(child: subprocess.Popen[bytes], first: Callable[[], None]) -> None:
    first()
    child.kill()


def _exchanged(stdin: BinaryIO | Any, stdout: BinaryIO | Any, line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The child's answer to a line; None when it died."""
    try:
        stdin.write(orjson.dumps(dict(line)) + b"\n")
        stdin.flush()
        answer = stdout.readline()
    except (OSError, ValueError):
        return None
    return orjson.loads(answer) if answer.endswith(b"\n") else None


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def serve(ready: Callable[[dict[str, Any]], Callable[[dict[str, Any]], dict[str, Any]]]) -> None:
    """The child's side: take the order, then answer line by line; what libraries print goes to standard error.

    ``ready`` makes of the order the function that answers; a SpeechDataError of it is told as the reason.
    """
    from explorer.errors import SpeechDataError

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the owner, who ends its children
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lines = sys.stdin.buffer
    try:
        answer = ready(orjson.loads(lines.readline()))
    except SpeechDataError as error:
        answers.write(orjson.dumps({"error": str(error)}) + b"\n")
        answers.flush()
        return
    answers.write(b'{"ready":true}\n')
    answers.flush()
    for line in lines:
        answers.write(orjson.dumps(answer(orjson.loads(line))) + b"\n")
        answers.flush()
