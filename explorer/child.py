"""Child: a process that does work which may end it, asked in JSON lines on its standard input.

    python -m MODULE        reads an order, answers {"ready": true} or {"error": sentence}; then an answer for each line

An answer with ``"bytes": n`` is followed by so many bytes. A child that dies or does not answer in time raises
ChildDied, and the next line gets a new one. When this process dies, however it dies, its children find their input
closed and end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import orjson

from explorer.errors import EngineError, SpeechDataError

PROJECT = Path(__file__).resolve().parent.parent
READY_SECONDS = 600.0
"""How long a child may take to be ready: loading a model may take its time."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_PIPE_BYTES = 1 << 20

Respond: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any] | tuple[Mapping[str, Any], memoryview]]
"""The child's answer to a line: a dict, or one and bytes that go with it."""


class ChildDied(Exception):
    """The child ended in the middle of a piece of work; the message says how."""


class Child:
    """One process of a module, started when it is first needed; one thread at a time asks it.

    ``order`` is the first line that it reads.
    """

    def __init__(self, module: str, order: Mapping[str, Any]) -> None:
        self._module = module
        self._order = order
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process without waiting for it."""
        self._started()

    def renew(self) -> None:
        """Let go of a process that has ended while nobody asked it: what is asked next is not to blame."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._process, self._ready = None, False

    def ask(self, work: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        """The answer to a piece of work; after ``seconds`` the process is given up. Its bytes are under "content".

        Raises:
            ChildDied: it ended, or was ended.
            EngineError: no process can be made ready.
        """
        process = self._started()
        if not self._ready:
            answer = self._said(process, self._order, seconds=READY_SECONDS)
            if "error" in answer:
                self.close()
                raise EngineError(str(answer["error"]))
            self._ready = True
        return self._said(process, work, seconds=seconds)

    def close(self) -> None:
        """End the process now; it is not started again."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _said(self, process: subprocess.Popen[bytes], line: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
        late = threading.Event()
        limit = threading.Timer(seconds, _kill, (process, late.set))
        limit.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            answer = _exchanged(process.stdin, process.stdout, line)
        finally:
            limit.cancel()
        if answer is not None:
            return answer
        self._process, self._ready = None, False
        code = process.wait()
        raise ChildDied(f"did not end within {seconds:.0f} s" if late.is_set() else _ending(code))

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise ChildDied("was ended")
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self._module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment() | _ONE_THREAD,
                )
            return self._process


def environment() -> dict[str, str]:
    """The environment of a child of ours: this one's, in which Earmark's own modules are found from any folder."""
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _kill(process: subprocess.Popen[bytes], first: Callable[[], None]) -> None:
    first()
    process.kill()


def _exchanged(stdin: Any, stdout: Any, line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The child's answer to a line; None when it died."""
    try:
        stdin.write(orjson.dumps(dict(line)) + b"\n")
        stdin.flush()
        told = stdout.readline()
        if not told.endswith(b"\n"):
            return None
        answer: dict[str, Any] = orjson.loads(told)
        if "bytes" in answer:
            content = bytearray(answer["bytes"])
            if stdout.readinto(content) != len(content):
                return None
            answer["content"] = content
    except (OSError, ValueError):
        return None
    return answer


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def serve(ready: Callable[[dict[str, Any]], Respond]) -> None:
    """The child's side: take the order, then answer line by line.

    ``ready`` makes of the order the function that answers; a SpeechDataError of it is told as the reason. What Python
    prints goes to standard error. What libraries written in C print goes nowhere: decoders complain there about every
    damaged byte (libmpg123 about every jump), and what is wrong with a sound is told by its answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the owner, who ends its children
    answers = os.fdopen(os.dup(1), "wb")
    _widen(answers)
    sys.stdout = sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    lines = sys.stdin.buffer
    order = lines.readline()
    if not order:
        return  # the owner ended before it had said anything
    try:
        respond = ready(orjson.loads(order))
    except SpeechDataError as error:
        answers.write(orjson.dumps({"error": str(error)}) + b"\n")
        answers.flush()
        return
    answers.write(b'{"ready":true}\n')
    answers.flush()
    for line in lines:
        answer = respond(orjson.loads(line))
        told, content = answer if isinstance(answer, tuple) else (answer, None)
        answers.write(orjson.dumps(told) + b"\n")
        if content is not None:
            answers.write(content)
        answers.flush()


def _widen(pipe: BinaryIO | Any) -> None:
    """Let a pipe hold a megabyte, where the system can: a sixteenth of the turns between the two processes."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
