"""The child process that scores a big corpus, or writes its edits, fed with texts from here.

The pipe to it holds little, so what has been written is what has been scored: the parent knows the progress
without being told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from evaluator.normalize import Normalizer, order_of
from evaluator.scoring import VOCABULARY

PROJECT = Path(__file__).resolve().parent.parent


class ScoringProcess:
    """``python -m evaluator.scoring`` for these files, or another ``program`` that reads the same; ``feed`` it once."""

    def __init__(
        self,
        chosen: Normalizer,
        files: Mapping[str, Path],
        *,
        texts: Path | None = None,
        program: str = "evaluator.scoring",
    ) -> None:
        paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        order = {
            "normalizer": order_of(chosen),
            "files": {system: str(path) for system, path in files.items()},
            "texts": str(texts) if texts else None,
        }
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed in feed)
        self._child = subprocess.Popen(
            [sys.executable, "-m", program, json.dumps(order)],
            stdin=subprocess.PIPE,
            stderr=self._complaints,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )

    def feed(
        self,
        batches: Iterable[pa.RecordBatch],
        *,
        progress: Callable[[int], None],
        vocabulary: Mapping[str, int] = MappingProxyType({}),
    ) -> str:
        """Send all texts and wait for the end; the sentence it failed with, "" when the files are there."""
        done = 0
        with self._complaints, self._child as child:
            assert child.stdin is not None
            try:
                writer, metadata = None, {VOCABULARY: json.dumps(dict(vocabulary))}
                for batch in batches:
                    told = batch.replace_schema_metadata(metadata)
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
        return "" if code == 0 else f"Scoring ended with code {code}: {last}"

    def kill(self) -> None:
        """End it now; ``feed`` returns."""
        self._child.kill()
