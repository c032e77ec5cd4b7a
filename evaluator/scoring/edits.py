"""Edits: which word every system took for which, left out or added, as a column that can be filtered, and as a file.

    a → the       said "a", heard "the": a substitution
    − cat         said "cat", heard nothing: a deletion
    + um          said nothing, heard "um": an insertion

The edits of an utterance stand in one text in their order, with "; " between them, so that the filter ``has`` finds
the utterances with one of them: ``{edits_tiny} has "a → the"``. Inside an edit the spaces are no-break spaces; words
have none of either kind. Edits come from the one aligner: their numbers are the substitutions, deletions and insertions
of every rate.

    python -m evaluator.scoring.edits '{"normalizer": {...}, "files": {"tiny": "/tiny.edits"}}' < texts

reads batches as evaluator/scoring/counting.py does, and writes a Parquet file for each system with the columns row and
edits_<system>: a line for every utterance with an edit. A file gets its name only when it is whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from evaluator.arrow_process import fed
from evaluator.normalizers.registry import Normalizer, ordered
from evaluator.scoring.alignment import Kind, text_edits
from evaluator.scoring.counting import normalised, parts_of
from evaluator.scoring.system_files import counted, system_files
from explorer.querying.conditions import NO_BREAK, SEPARATOR

ARROW = "→"
LEFT_OUT = "−"
ADDED = "+"
WRITTEN: Mapping[Kind, str] = {
    "substitute": f"{{0}}{NO_BREAK}{ARROW}{NO_BREAK}{{1}}",
    "delete": f"{LEFT_OUT}{NO_BREAK}{{0}}",
    "insert": f"{ADDED}{NO_BREAK}{{1}}",
}


def column_name(system: str) -> str:
    """The column with the edits of a system."""
    return f"edits_{system}"


def edits_path(scores: Path) -> Path:
    """The file of edits beside a file of scores: it depends on the same things."""
    return scores.with_name(scores.name + ".edits")


def written(said: str | None, heard: str | None) -> str:
    """An edit as its text; at least one of both words is there."""
    kind: Kind = "insert" if said is None else "delete" if heard is None else "substitute"
    return WRITTEN[kind].format(said, heard)


def parted(edit: str) -> tuple[Kind, str | None, str | None]:
    """What ``written`` made the text of: the kind, what was said, and what was heard."""
    parts = edit.split(NO_BREAK)
    if len(parts) == 3:
        return "substitute", parts[0], parts[2]
    return ("delete", parts[1], None) if parts[0] == LEFT_OUT else ("insert", None, parts[1])


def write_edits(
    batches: Iterable[pa.RecordBatch],
    chosen: Normalizer,
    files: Mapping[str, Path],
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the edits of the systems that ``files`` names, all in one pass; ``progress`` is told the rows done."""
    schemas = {system: pa.schema([("row", pa.int32()), (column_name(system), pa.string())]) for system in files}
    with system_files(schemas, files) as writers:
        for batch in counted(batches, progress):
            for part in parts_of(batch):
                references = normalised(part.column("reference"), chosen).to_pylist()
                rows = part.column("row").to_pylist()
                for system, writer in writers.items():
                    hypotheses = normalised(part.column(f"hypothesis_{system}"), chosen).to_pylist()
                    found = _erring(rows, references, hypotheses)
                    writer.write_batch(pa.record_batch([list(found), list(found.values())], schema=schemas[system]))


def _erring(rows: Sequence[int], references: Sequence[str | None], hypotheses: Sequence[str | None]) -> dict[int, str]:
    """The edits of the rows that have any; nothing is known of a row without reference or hypothesis."""
    return {
        row: SEPARATOR.join([written(said, heard) for said, heard in text_edits(reference, hypothesis)])
        for row, reference, hypothesis in zip(rows, references, hypotheses, strict=True)
        if reference is not None and hypothesis is not None and reference != hypothesis
    }


def main(arguments: Sequence[str]) -> int:
    """Write the edits of the Arrow stream on standard input as the JSON argument says."""
    return fed(arguments, lambda stream, files, order: write_edits(stream, ordered(order["normalizer"]), files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
