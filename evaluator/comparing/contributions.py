"""What each rule of a normalizer did: utterances it changed, and what that did to the errors of every system.

Rules are applied one after the other to references and hypotheses alike, and everything is counted again after each of
them: the contribution of rule k is the rate after rules 1 to k minus the rate after rules 1 to k-1. It depends on the
order (a contraction that punctuation was taken from first is none any more), and all of them together are exactly the
difference between the raw rate (normalizer ``none``) and the normalized one.

Conventions: only utterances with reference and hypothesis count, as in every rate. An utterance is changed by a rule
when its reference or hypothesis is another text afterwards, white space squeezed. The rules that changed an utterance
stand in one text, "; " between them, so that the filter ``has`` finds those of one: ``{rules_tiny} has "numbers"``.

    python -m evaluator.comparing.contributions '{"normalizer": {...}, "files": {"tiny": "/t.rules"}}'

reads batches on standard input as evaluator/scoring/counting.py does, and writes a Parquet file for each system with
the columns row and rules_<system>: a line for every utterance that a rule changed. The counts stand in its metadata,
as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from evaluator.arrow_process import fed
from evaluator.normalizers.plain import squeeze
from evaluator.normalizers.registry import NORMALIZERS, Normalizer, ordered
from evaluator.scoring.alignment_batches import count_pairs, word_counts
from evaluator.scoring.counting import normalised, parts_of
from evaluator.scoring.error_rate import ErrorCounts
from evaluator.scoring.system_files import counted, system_files
from explorer.querying.conditions import SEPARATOR

COUNTS = b"counts"
KINDS = 7
"""Hits, substitutions, deletions, insertions, character errors, reference words, reference characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The errors of a system after some rules, and the utterances that the last of them changed (the first stage is the
    raw one: no rule, none changed)."""

    rule: str
    help: str
    changed: int
    words: ErrorCounts
    characters: int
    character_errors: int

    @property
    def cer(self) -> float | None:
        """Character edits divided by reference characters, a fraction; None without any."""
        return self.character_errors / self.characters if self.characters else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """A system under no rule, then after each rule of the normalizer, in their order; over ``scored`` utterances."""

    system: str
    scored: int
    stages: tuple[Stage, ...]

    @property
    def raw(self) -> Stage:
        """Before any rule."""
        return self.stages[0]

    @property
    def normalized(self) -> Stage:
        """After all rules."""
        return self.stages[-1]

    def points(self, place: int) -> float | None:
        """What the rule of that stage (from 1) added to the WER, a fraction; None where a rate is undefined."""
        return difference(self.stages[place - 1], self.stages[place])


def difference(before: Stage, after: Stage) -> float | None:
    """The WER after minus the WER before, a fraction; None where one of them is undefined."""
    rates = before.words.rate, after.words.rate
    return None if rates[0] is None or rates[1] is None else rates[1] - rates[0]


def column_name(system: str) -> str:
    """The column with the rules that changed something for a system."""
    return f"rules_{system}"


def rules_path(scores: Path) -> Path:
    """The file of what rules did beside a file of scores: it depends on the same things."""
    return scores.with_name(scores.name + ".rules")


def write_contributions(
    batches: Iterable[pa.RecordBatch],
    chosen: Normalizer,
    files: Mapping[str, Path],
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Measure the rules for the systems that ``files`` names, all in one pass; ``progress`` is told the rows done."""
    listed = pa.dictionary(pa.int32(), pa.string())
    schemas = {system: pa.schema([("row", pa.int32()), (column_name(system), listed)]) for system in files}
    with system_files(schemas, files) as opened:
        writers = {system: _Writer(file, chosen) for system, file in opened.items()}
        for batch in counted(batches, progress):
            for part in parts_of(batch):
                _measure(part, chosen, writers)
        for writer in writers.values():
            writer.finish()


def read_contributions(system: str, path: Path, chosen: Normalizer) -> Contributions:
    """What ``write_contributions`` wrote about a system."""
    told = json.loads(pyarrow.parquet.read_metadata(path).metadata[COUNTS])
    named = [("", "Texts as they are written."), *((step.name, step.help) for step in chosen.steps)]
    stages = [
        Stage(
            rule=rule,
            help=help,
            changed=changed,
            words=ErrorCounts(*numbers[:4]),
            character_errors=numbers[4],
            characters=numbers[6],
        )
        for (rule, help), numbers, changed in zip(named, told["numbers"], told["changed"], strict=True)
    ]
    return Contributions(system=system, scored=told["scored"], stages=tuple(stages))


class _Counter:
    """The counts of one system's pairs in a batch, renewed rule by rule where a text changed."""

    def __init__(self, rows: np.ndarray, references: np.ndarray, hypotheses: np.ndarray) -> None:
        both = (references >= 0) & (hypotheses >= 0)
        self.rows, self._references, self._hypotheses = rows[both], references[both], hypotheses[both]
        self.numbers = np.zeros((KINDS, len(self.rows)), np.int64)
        self.changed: list[np.ndarray] = []

    def begin(self, texts: pa.Array) -> None:
        """Count the pairs of the raw texts."""
        self._count(texts, np.ones(len(self.rows), bool))

    def renew(self, texts: pa.Array, differ: np.ndarray) -> None:
        """Count the pairs again that have one of the texts that differ (bool)."""
        changed = differ[self._references] | differ[self._hypotheses]
        self.changed.append(changed)
        if changed.any():
            self._count(texts, changed)

    def _count(self, texts: pa.Array, chosen: np.ndarray) -> None:
        references = texts.take(pa.array(self._references[chosen]))
        words = word_counts(references)
        found = count_pairs(references, texts.take(pa.array(self._hypotheses[chosen])), words)
        self.numbers[:5, chosen] = found.numbers
        self.numbers[5, chosen] = words
        self.numbers[6, chosen] = pc.utf8_length(references).to_numpy(zero_copy_only=False)


def _measure(part: pa.RecordBatch, chosen: Normalizer, writers: Mapping[str, _Writer]) -> None:
    """All rules on a batch; every different text goes through them once, whoever said it."""
    columns = ["reference", *(f"hypothesis_{system}" for system in writers)]
    raw = pa.concat_arrays([normalised(part.column(name), NORMALIZERS["none"]) for name in columns])
    encoded = raw.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy().reshape(len(columns), -1)
    rows = part.column("row").to_numpy()
    counters = {system: _Counter(rows, codes[0], codes[place]) for place, system in enumerate(writers, 1)}
    shown: pa.Array = encoded.dictionary
    for system, counter in counters.items():
        counter.begin(shown)
        writers[system].note(0, counter)
    texts: Sequence[str] = shown.to_pylist()
    for place, step in enumerate(chosen.steps, 1):
        texts = step.texts(texts)
        squeezed = pa.array([squeeze(text) for text in texts], pa.string())
        differ = pc.not_equal(squeezed, shown).to_numpy(zero_copy_only=False)
        shown = squeezed
        for system, counter in counters.items():
            counter.renew(shown, differ)
            writers[system].note(place, counter)
    for system, counter in counters.items():
        writers[system].add(counter)


class _Writer:
    """Collects what rules did for one system in its file."""

    def __init__(self, file: pyarrow.parquet.ParquetWriter, chosen: Normalizer) -> None:
        self._file = file
        self._names = [step.name for step in chosen.steps]
        self._numbers = np.zeros((len(self._names) + 1, KINDS), np.int64)
        self._changed = np.zeros(len(self._names) + 1, np.int64)
        self._scored = 0

    def note(self, place: int, counter: _Counter) -> None:
        """Add the counts of a batch after the rule at ``place`` (0: before any)."""
        self._numbers[place] += counter.numbers.sum(axis=1)
        if place:
            self._changed[place] += int(counter.changed[place - 1].sum())

    def add(self, counter: _Counter) -> None:
        """Write which rules changed which rows of a batch."""
        self._scored += len(counter.rows)
        if not counter.changed:
            return
        flags = np.stack(counter.changed, axis=1)
        some = flags.any(axis=1)
        patterns, codes = np.unique(flags[some], axis=0, return_inverse=True)
        told = [
            SEPARATOR.join(name for name, on in zip(self._names, pattern, strict=True) if on) for pattern in patterns
        ]
        listed = pa.DictionaryArray.from_arrays(pa.array(codes.reshape(-1), pa.int32()), pa.array(told, pa.string()))
        batch = [pa.array(counter.rows[some], pa.int32()), listed]
        self._file.write_batch(pa.record_batch(batch, schema=self._file.schema))

    def finish(self) -> None:
        """Write the counts, too."""
        told = {"scored": self._scored, "numbers": self._numbers.tolist(), "changed": self._changed.tolist()}
        self._file.add_key_value_metadata({COUNTS.decode(): json.dumps(told)})


def main(arguments: Sequence[str]) -> int:
    """Measure the rules on the Arrow stream on standard input as the JSON argument says."""
    return fed(arguments, lambda stream, files, order: write_contributions(stream, ordered(order["normalizer"]), files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
