"""Punctuation and capitals: how often a system's marks and cases are wrong, on texts as they are written.

No normalizer takes part: these rates are about what normalizers forgive.

Conventions. A text is words and marks. A mark is a character of punctuation (Unicode P*) that does not stand between
two characters of words (so not the hyphen of e-mail, the apostrophe of don't, the point of 3.5). For the alignment,
words are in lower case and all marks are one symbol; then the one aligner finds the fewest errors, and

- a mark against the same mark is a hit, against another one a substitution; a mark of the reference against a word or
  nothing is a deletion, one of the hypothesis against a word or nothing an insertion;
  punctuation error rate = (S + D + I) / (hits + S + D + I), all operations on marks;
- a word against the same word has a case error when the letters' cases differ;
  capitalization error rate = case errors / matched words that have letters with case.

Both are undefined where the references carry none: no mark in the utterances, or no mixed case in the corpus.

Source of the punctuation error rate: Meister et al. (2023), "LibriSpeech-PC: Benchmark for Evaluation of Punctuation
and Capitalization Capabilities of end-to-end ASR Models"; NeMo's ``punct_er`` computes the same from given marks, with
its own choice among equally good alignments and without lower case.

    python -m evaluator.scoring.written '{"files": {"tiny": "/cache/tiny.written"}}' < texts

reads batches as evaluator/scoring/counting.py does, and writes a Parquet file for each system with the columns row, and
NUMBERS and RATES with ``_<system>``.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from evaluator.arrow_process import fed
from evaluator.scoring.alignment import align
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.system_files import counted, system_files

NUMBERS = (
    "mark_hits",
    "mark_substitutions",
    "mark_deletions",
    "mark_insertions",
    "cased_words",
    "case_errors",
)
RATES = ("punctuation_error_rate", "capitalization_error_rate")
MARK = "\0"
"""What every mark is for the alignment; no word is."""

_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc\uff07"), "'")

Counts = tuple[int, int, int, int, int, int]


def carries_case(alphabet: Iterable[str]) -> bool:
    """Whether texts of these characters tell upper from lower case."""
    return {"Lu", "Ll"} <= {unicodedata.category(character) for character in alphabet}


def carries_marks(alphabet: Iterable[str]) -> bool:
    """Whether texts of these characters have punctuation, apostrophes and hyphens aside."""
    return any(unicodedata.category(c)[0] == "P" and c not in "'-\u2019" for c in alphabet)


@lru_cache(maxsize=1 << 17)
def pieces(token: str) -> tuple[tuple[str, str], ...]:
    """The words and marks of a stretch without white space: what it is for the alignment, and as it is written."""
    token = unicodedata.normalize("NFC", token).translate(_APOSTROPHES)
    inside = [_of_word(character) for character in token]
    found: list[tuple[str, str]] = []
    word = ""
    for place, character in enumerate(token):
        if inside[place]:
            word += character
            continue
        between = 0 < place < len(token) - 1 and inside[place - 1] and inside[place + 1]
        if between and character == "'":
            word += character
            continue
        if word:
            found.append((word.lower(), word))
            word = ""
        if not between and unicodedata.category(character)[0] == "P":
            found.append((MARK, character))
    return (*found, (word.lower(), word)) if word else tuple(found)


def _of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" or character in "\u200c\u200d"


def count(reference: str, hypothesis: str) -> Counts:
    """The numbers of NUMBERS for a pair of written texts."""
    said = [piece for token in reference.split() for piece in pieces(token)]
    heard = said if reference == hypothesis else [piece for token in hypothesis.split() for piece in pieces(token)]
    hits = substitutions = deletions = insertions = cased = wrong = 0
    for op in align([key for key, _ in said], [key for key, _ in heard]).ops:
        if op.kind == "equal":
            for left, right in zip(op.reference, op.hypothesis, strict=True):
                (key, ours), (_, theirs) = said[left], heard[right]
                if key == MARK:
                    hits, substitutions = (hits + 1, substitutions) if ours == theirs else (hits, substitutions + 1)
                elif ours.upper() != key:
                    cased, wrong = cased + 1, wrong + (ours != theirs)
            continue
        deletions += sum(said[place][0] == MARK for place in op.reference)
        insertions += sum(heard[place][0] == MARK for place in op.hypothesis)
    return hits, substitutions, deletions, insertions, cased, wrong


def punctuation_rate(hits: int, substitutions: int, deletions: int, insertions: int) -> float | None:
    """The punctuation error rate, a fraction; None where the reference has no marks."""
    if not hits + substitutions + deletions:
        return None
    return (substitutions + deletions + insertions) / (hits + substitutions + deletions + insertions)


def system_counts(numbers: Sequence[float]) -> dict[str, Any]:
    """Sums of NUMBERS as the fields of SystemCounts that they are."""
    *marks, cased, wrong = map(round, numbers)
    return {"punctuation": ErrorCounts(*marks), "cased_words": cased, "case_errors": wrong}


def columns_of(system: str) -> list[str]:
    """The names of a system's columns in its file, without ``row``."""
    return [f"{name}_{system}" for name in (*NUMBERS, *RATES)]


def write_written(
    batches: Iterable[pa.RecordBatch],
    files: Mapping[str, Path],
    *,
    case: bool,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Count for the systems that ``files`` names; ``case``: whether the corpus carries it; ``progress``: rows done."""
    kinds = [pa.int32()] * len(NUMBERS) + [pa.float64()] * len(RATES)
    schemas = {
        system: pa.schema([("row", pa.int32()), *zip(columns_of(system), kinds, strict=True)]) for system in files
    }
    with system_files(schemas, files) as writers:
        for batch in counted(batches, progress):
            references = batch.column("reference").to_pylist()
            for system, writer in writers.items():
                heard = batch.column(f"hypothesis_{system}").to_pylist()
                lines = [_line(*pair, case=case) for pair in zip(references, heard, strict=True)]
                columns = [
                    pa.array(column, kind) for column, kind in zip(zip(*lines, strict=True), kinds, strict=True)
                ] or [pa.array([], kind) for kind in kinds]
                writer.write_batch(pa.record_batch([batch.column("row"), *columns], schema=schemas[system]))


def _line(reference: str | None, hypothesis: str | None, *, case: bool) -> tuple[float | None, ...]:
    if reference is None or hypothesis is None:
        return (None,) * (len(NUMBERS) + len(RATES))
    found = count(reference, hypothesis)
    cased, wrong = found[4:] if case else (0, 0)
    return (*found[:4], cased, wrong, punctuation_rate(*found[:4]), wrong / cased if cased else None)


def main(arguments: Sequence[str]) -> int:
    """Count the Arrow stream on standard input as the JSON argument says."""
    return fed(arguments, lambda stream, files, order: write_written(stream, files, case=order["case"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
