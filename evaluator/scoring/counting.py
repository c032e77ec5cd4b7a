"""Scoring: a stream of references and hypotheses in, one Parquet file of counts per system out.

The same loop runs in the server for small corpora and, for big ones, in a child process that reads the texts as an
Arrow stream from standard input: counting a million utterances takes seconds of an interpreter's whole time.

    python -m evaluator.scoring.counting '{"normalizer": {"name": "basic", "rules": ""},
        "files": {"tiny": "/cache/tiny.parquet"}, "texts": null}' < texts.arrow

A batch has the columns row, reference and hypothesis_<system>. A file has one line for every row: how it was scored
(``SCORED``, ``EMPTY_REFERENCE``, or why not), and its counts, which are missing where it was not. Beside it,
``<file>.words`` has a line for every reference word: how often it occurs in scored rows and how often it was a hit;
``<file>.marks`` has a line for every word error, in the order of rows and places: the row, the place (the number of the
reference word, of an insertion that of the word it stands before) and whether it is an insertion. A file gets its name
only when it is whole, after those beside it have theirs.

The words of all references are not counted again here: the corpus has counted them (as they are written), so they come
with the stream, as JSON in its schema's metadata, and are normalised word by word. A normalizer that goes over whole
texts does not allow that: under it the words are counted here, and what it made of the texts is kept, for filters and
the vocabulary: of the references in the file ``texts``, of a system's hypotheses in ``<file>.text``.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from evaluator.arrow_process import fed
from evaluator.normalizers.registry import Normalizer, ordered
from evaluator.scoring.alignment_batches import count_pairs, occurrences, word_counts

SCORED = "scored"
EMPTY_REFERENCE = "empty reference"
MISSING_REFERENCE = "missing reference"
MISSING_HYPOTHESIS = "missing hypothesis"
EXCLUDED = (MISSING_REFERENCE, MISSING_HYPOTHESIS)
STATES = (SCORED, EMPTY_REFERENCE, *EXCLUDED)

COUNTS = ("hits", "substitutions", "deletions", "insertions", "character_errors")
LENGTHS = ("reference_words", "reference_characters")
NUMBERS = (*COUNTS, *LENGTHS)
RATES = ("wer", "cer")
ERRORS = "errors"
"""Substitutions, deletions and insertions together."""
NORMALIZED = "normalized_"
"""What the name of a text column begins with once it went through a normalizer."""

_SCHEMA = pa.schema(
    [
        ("row", pa.int32()),
        ("scoring", pa.dictionary(pa.int8(), pa.string())),
        *((name, pa.int32()) for name in NUMBERS),
        (ERRORS, pa.int32()),
        *((name, pa.float64()) for name in RATES),
    ]
)
VOCABULARY = b"vocabulary"
_WORDS = pa.schema([("word", pa.string()), ("count", pa.int64()), ("hits", pa.int64())])
_MARKS = pa.schema([("row", pa.int32()), ("place", pa.int32()), ("inserted", pa.bool_())])
MOST_BYTES = 1 << 29


def columns_of(system: str) -> list[str]:
    """The names of a system's columns in its file, without ``row``: scoring_tiny, hits_tiny, ... wer_tiny, cer_tiny."""
    return [f"{name}_{system}" for name in _SCHEMA.names[1:]]


def words_path(path: Path) -> Path:
    """The file of word counts beside a file of scores."""
    return path.with_name(path.name + ".words")


def text_path(path: Path) -> Path:
    """The file of normalised hypotheses beside a file of scores, under a normalizer that goes over whole texts."""
    return path.with_name(path.name + ".text")


def marks_path(path: Path) -> Path:
    """The file of word errors beside a file of scores."""
    return path.with_name(path.name + ".marks")


def score(
    batches: Iterable[pa.RecordBatch],
    chosen: Normalizer,
    files: Mapping[str, Path],
    *,
    vocabulary: Mapping[str, int],
    texts: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Score the systems that ``files`` names, all in one pass.

    ``vocabulary`` counts the words of all references as they are written (a normalizer by word needs it); ``texts`` is
    where the normalised references go, if they are wanted; ``progress`` is told the number of rows done.
    """
    writers = {system: _Writer(system, path, keep=not chosen.by_word) for system, path in files.items()}
    kept = _TextWriter("reference", texts) if texts is not None else None
    everywhere: Counter[str] = Counter()
    done = 0
    try:
        for batch in batches:
            for part in parts_of(batch):
                references = normalised(part.column("reference"), chosen)
                lengths = _lengths(references)
                if kept is not None:
                    kept.add(part.column("row"), references)
                if not chosen.by_word:
                    spoken = references.filter(lengths[0] > 0)
                    everywhere.update(dict(occurrences(pc.split_pattern(spoken, " ").flatten())))
                for system, writer in writers.items():
                    hypotheses = normalised(part.column(f"hypothesis_{system}"), chosen)
                    writer.add(part.column("row"), references, hypotheses, lengths)
            done += batch.num_rows
            if progress is not None:
                progress(done)
        for written, count in vocabulary.items() if chosen.by_word else ():
            for word in chosen.words(written):
                everywhere[word] += count
        if kept is not None:
            kept.publish()
        for writer in writers.values():
            writer.publish(everywhere)
    finally:
        for writer in writers.values():
            writer.discard()
        if kept is not None:
            kept.discard()


def normalised(texts: pa.StringArray, chosen: Normalizer) -> pa.StringArray:
    """The texts as the normalizer makes them, all at once; a missing one stays missing."""
    if not len(texts):
        return texts
    block = _joined(texts.fill_null(""))
    if block.count("\n") >= len(texts):
        block = _joined(pc.replace_substring(texts.fill_null(""), "\n", " "))
    lines = pc.split_pattern(pa.array([chosen.lines(block)], pa.string()), "\n").flatten()
    return pc.if_else(texts.is_valid(), lines, pa.scalar(None, pa.string())) if texts.null_count else lines


def _joined(texts: pa.StringArray) -> str:
    """The texts with line feeds between them."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return str(pc.binary_join(whole, "\n")[0].as_py())


def parts_of(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch, in halves where its texts are too long to be one text."""
    if batch.num_rows > 1 and batch.nbytes > MOST_BYTES:
        half = batch.num_rows // 2
        for part in (batch.slice(0, half), batch.slice(half)):
            yield from parts_of(part)
    else:
        yield batch


def _building(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(f"{path.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}.building")


class _TextWriter:
    """Collects the normalised texts of one column in a temporary file beside its place."""

    def __init__(self, column: str, path: Path) -> None:
        self._path, self._building = path, _building(path)
        self._schema = pa.schema([("row", pa.int32()), (f"{NORMALIZED}{column}", pa.string())])
        self._file = pyarrow.parquet.ParquetWriter(self._building, self._schema, compression="zstd")

    def add(self, rows: pa.Array, texts: pa.StringArray) -> None:
        """Keep the texts of a batch."""
        self._file.write_batch(pa.record_batch([rows, texts.cast(pa.string())], schema=self._schema))

    def publish(self) -> None:
        """Give the finished file its name."""
        self._file.close()
        self._building.replace(self._path)

    def discard(self) -> None:
        """Remove what was not published."""
        self._file.close()
        self._building.unlink(missing_ok=True)


class _Writer:
    """Collects the scores of one system in temporary files beside their place; with ``keep`` its texts, too."""

    def __init__(self, system: str, path: Path, *, keep: bool) -> None:
        self._path = path
        self._building = _building(path)
        self._texts = _TextWriter(f"hypothesis_{system}", text_path(path)) if keep else None
        names = ["row", *columns_of(system)]
        self._schema = pa.schema([field.with_name(name) for field, name in zip(_SCHEMA, names, strict=True)])
        self._file = pyarrow.parquet.ParquetWriter(self._building, self._schema, compression="zstd")
        self._marks = pyarrow.parquet.ParquetWriter(marks_path(self._building), _MARKS, compression="zstd")
        self._missed: Counter[str] = Counter()
        self._unscored: Counter[str] = Counter()

    def add(self, rows: pa.Array, references: pa.StringArray, hypotheses: pa.StringArray, lengths: np.ndarray) -> None:
        """Score a batch of normalised texts; ``lengths`` is as ``_lengths(references)`` gives it."""
        if self._texts is not None:
            self._texts.add(rows, hypotheses)
        found = count_pairs(references, hypotheses, lengths[0])
        numbers = found.numbers
        without_reference = references.is_null().to_numpy(zero_copy_only=False)
        without_hypothesis = hypotheses.is_null().to_numpy(zero_copy_only=False)
        unscored = references.filter(without_hypothesis & (lengths[0] > 0))
        self._unscored.update(dict(occurrences(pc.split_pattern(unscored, " ").flatten())))
        self._missed.update(dict(occurrences(found.missed)))
        state = np.where(lengths[0] == 0, STATES.index(EMPTY_REFERENCE), STATES.index(SCORED))
        state[without_hypothesis] = STATES.index(MISSING_HYPOTHESIS)
        state[without_reference] = STATES.index(MISSING_REFERENCE)
        excluded = without_reference | without_hypothesis
        errors = np.stack([numbers[1] + numbers[2] + numbers[3], numbers[4]])
        rates = np.divide(errors, lengths, out=np.zeros(lengths.shape), where=lengths > 0)
        undefined = excluded | (lengths[0] == 0)
        arrays = [
            rows,
            pa.DictionaryArray.from_arrays(state.astype(np.int8), list(STATES)),
            *(pa.array(column, mask=excluded) for column in (*numbers, *lengths, errors[0])),
            *(pa.array(rate, mask=undefined) for rate in rates),
        ]
        self._file.write_batch(pa.record_batch(arrays, schema=self._schema))
        pairs, places, inserted = found.marks.T
        marks = [rows.take(pa.array(pairs)), pa.array(places), pa.array(inserted.astype(bool))]
        self._marks.write_batch(pa.record_batch(marks, schema=_MARKS))

    def publish(self, everywhere: Counter[str]) -> None:
        """Give the finished files their names; ``everywhere`` counts the words of all references."""
        self._file.close()
        self._marks.close()
        counts = everywhere - self._unscored
        hits = [count - self._missed[word] for word, count in counts.items()]
        table = pa.table({"word": pa.array(counts, pa.string()), "count": list(counts.values()), "hits": hits})
        words = words_path(self._building)
        pyarrow.parquet.write_table(table.cast(_WORDS), words, compression="zstd")
        words.replace(words_path(self._path))
        marks_path(self._building).replace(marks_path(self._path))
        if self._texts is not None:
            self._texts.publish()
        self._building.replace(self._path)

    def discard(self) -> None:
        """Remove what was not published; nothing is left to remove afterwards."""
        self._file.close()
        self._marks.close()
        for path in (self._building, words_path(self._building), marks_path(self._building)):
            path.unlink(missing_ok=True)
        if self._texts is not None:
            self._texts.discard()


def _lengths(references: pa.StringArray) -> np.ndarray:
    """Words and characters of normalised references, int32 of shape (2, n); 0 where there is none."""
    characters = pc.utf8_length(references.fill_null("")).to_numpy(zero_copy_only=False)
    return np.stack([word_counts(references), characters.astype(np.int32)])


def main(arguments: Sequence[str]) -> int:
    """Score the Arrow stream on standard input as the JSON argument says."""
    return fed(arguments, _scored)


def _scored(stream: pa.RecordBatchReader, files: Mapping[str, Path], order: Mapping[str, Any]) -> None:
    vocabulary = json.loads((stream.schema.metadata or {}).get(VOCABULARY, b"{}"))
    texts = Path(order["texts"]) if order["texts"] else None
    score(stream, ordered(order["normalizer"]), files, vocabulary=vocabulary, texts=texts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
