"""A child process that is fed a corpus's columns as an Arrow stream: work that would take seconds of the server's.

The pipe to it holds little, so what has been written is what has been worked on: the parent knows the progress without
being told. ``fed`` is the child's side of it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from explorer.child import environment


def fed(
    arguments: Sequence[str], work: Callable[[pa.RecordBatchReader, Mapping[str, Path], Mapping[str, Any]], None]
) -> int:
    """Work on the stream on standard input as the JSON argument says; the exit code.

    ``work`` gets the stream, the ``files`` of the order by system, and the whole order.
    """
    order = json.loads(arguments[0])
    os.nice(5)  # the server, which people are waiting for, goes first
    gc.disable()  # a quarter of the time: there are many small objects, and nothing here makes cycles
    with pa.ipc.open_stream(sys.stdin.buffer) as stream:
        work(stream, {name: Path(path) for name, path in order["files"].items()}, order)
    return 0


class ArrowProcess:
    """``python -m MODULE ORDER`` with a stream on its standard input; ``feed`` it once.

    ``work`` is what it does, for the sentence that says it failed ("Scoring").
    """

    def __init__(self, module: str, order: Mapping[str, Any], *, work: str) -> None:
        self._work = work
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed in feed)
        self._child = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(order)],
            stdin=subprocess.PIPE,
            stderr=self._complaints,
            env=environment(),
        )

    def feed(
        self,
        batches: Iterable[pa.RecordBatch],
        *,
        metadata: Mapping[bytes, bytes | str],
        progress: Callable[[int], None],
    ) -> str:
        """Send all batches and wait for the end; the sentence it failed with, "" when it did its work."""
        done = 0
        with self._complaints, self._child as child:
            assert child.stdin is not None
            try:
                writer = None
                for batch in batches:
                    told = batch.replace_schema_metadata(dict(metadata))
                    writer = writer or pa.ipc.new_stream(child.stdin, told.schema)
                    writer.write_batch(told)
                    done += batch.num_rows
                    progress(done)
                if writer is not None:
                    writer.close()
                child.stdin.close()
            except OSError:  # it has ended before it had read everything; its own words follow
                pass
            except BaseException:
                child.kill()  # or it would take what it has got for everything
                raise
            code = child.wait()
            self._complaints.seek(0)
            last = (self._complaints.read().decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        return "" if code == 0 else f"{self._work} ended with code {code}: {last}"

    def kill(self) -> None:
        """End it now; ``feed`` returns."""
        self._child.kill()
