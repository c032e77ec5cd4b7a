"""Building: all signals of a corpus from one pass over it, as a Parquet file.

The same loop runs in the server for small corpora and, for big ones, in a child process that reads the columns as an
Arrow stream from standard input (evaluator/arrow_process.py), with the corpus's facts in the stream's metadata:

    python -m evaluator.suspicion.building '{"path": "/cache/evidence.parquet"}' < columns.arrow

The file has a line for every row: ``row``, and for each signal that the corpus allows ``suspicion_<signal>``, its
strength (float32), and ``reason_<signal>`` (null where the strength is 0). Why others are not there stands in its
metadata. It gets its name only when it is whole.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.normalizers.registry import Normalizer, order_of, ordered
from evaluator.scoring.score_columns import normalizer_of, scored_systems
from evaluator.suspicion import SIGNALS
from evaluator.suspicion.evidence import Batch, Facts, Finding, Pooled
from evaluator.suspicion.vote import VOTE, alike
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query

FACTS = b"facts"
LACKING = b"lacking"
_COUNTS = ("hits", "substitutions", "deletions", "insertions", "character_errors", "reference_characters")
_SPEECH = "signal_speech_ratio_"


def strength_column(signal: str) -> str:
    """The column with the strength of a signal."""
    return f"suspicion_{signal}"


def reason_column(signal: str) -> str:
    """The column with the reasons of a signal."""
    return f"reason_{signal}"


def facts_of(corpus: Corpus, fallback: Normalizer) -> Facts:
    """What is known of a corpus and of the scores laid beside it; ``fallback`` normalizes where there are none."""
    systems = scored_systems(corpus)
    names = [f"{kind}_{system}" for system in systems for kind in _COUNTS]
    sums = corpus.totals(Query(), names) if names else {}
    pooled = {system: Pooled(**{kind: round(sums[f"{kind}_{system}"]) for kind in _COUNTS}) for system in systems}
    columns = frozenset(column.name for column in corpus.columns)
    return Facts(
        size=corpus.size,
        references=corpus.size - corpus.counts["without_reference"],
        normalizer=order_of(normalizer_of(corpus) or fallback),
        systems=pooled,
        columns=columns,
        alphabet=dict(corpus.alphabet),
        speech=min((name for name in columns if name.startswith(_SPEECH)), default=None),
        folders={name: str(folder) for name, folder in corpus.folders_by_name.items()},
    )


def allowed(facts: Facts) -> tuple[str, ...]:
    """The signals that the corpus allows as far as is known before it is read."""
    return tuple(name for name, signal in SIGNALS.items() if not signal.lacking(facts))


def columns_for(facts: Facts) -> tuple[str, ...]:
    """The columns that the signals read, those that the corpus has, each once."""
    wanted = (column for name in allowed(facts) for column in SIGNALS[name].columns(facts))
    return tuple(dict.fromkeys(column for column in wanted if column in facts.columns))


def build(
    batches: Iterable[pa.RecordBatch],
    facts: Facts,
    path: Path,
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Make the file of all signals; ``progress`` is told the number of rows observed."""
    names, chosen = allowed(facts), ordered(facts.normalizer)
    observed: dict[str, dict[str, list[pa.Array]]] = {name: defaultdict(list) for name in names}
    rows: list[pa.Array] = [pa.array([], pa.int32())]
    done = 0
    for content in batches:
        batch = Batch(content, facts, chosen)
        if not done and VOTE.name in names:  # the first batch has enough pairs to know the systems by
            facts = replace(facts, same=alike(batch.edits))
        rows.append(batch.rows)
        for name in names:
            for key, values in SIGNALS[name].observe(batch, facts).items():
                observed[name][key].append(values)
        done += content.num_rows
        if progress is not None:
            progress(done)
    lacking = {name: signal.lacking(facts) for name, signal in SIGNALS.items() if name not in names}
    columns: dict[str, Any] = {"row": pa.chunked_array(rows)}
    for name in names:
        finding = _judged(name, observed.pop(name), facts, done)
        if finding.lacking:
            lacking[name] = finding.lacking
        else:
            columns[strength_column(name)] = pa.array(finding.strengths, pa.float32())
            columns[reason_column(name)] = finding.reasons
    _publish(pa.table(columns).replace_schema_metadata({LACKING: json.dumps(lacking)}), path)


def _judged(name: str, parts: Mapping[str, list[pa.Array]], facts: Facts, rows: int) -> Finding:
    if not rows:
        return Finding.none(0, "there are no utterances")
    return SIGNALS[name].judge({key: pa.chunked_array(values) for key, values in parts.items()}, facts)


def _publish(table: pa.Table, path: Path) -> None:
    building = path.with_name(f"{path.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}.building")
    try:
        pq.write_table(table, building, compression="zstd", row_group_size=1 << 17)
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def written(facts: Facts) -> bytes:
    """Facts as JSON, for the child process."""
    return json.dumps({**asdict(facts), "columns": sorted(facts.columns)}).encode()


def read_facts(content: bytes) -> Facts:
    """The inverse of ``written``."""
    told = json.loads(content)
    systems = {name: Pooled(**counts) for name, counts in told["systems"].items()}
    return Facts(**{**told, "systems": systems, "columns": frozenset(told["columns"])})


def main(arguments: Sequence[str]) -> int:
    """Build from the Arrow stream on standard input as the JSON argument says."""
    order = json.loads(arguments[0])
    os.nice(5)  # the server, which people are waiting for, goes first
    gc.disable()  # nothing here makes cycles
    with pa.ipc.open_stream(sys.stdin.buffer) as stream:
        build(stream, read_facts((stream.schema.metadata or {})[FACTS]), Path(order["path"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
