"""Hallucination: rules that tell a hypothesis which is suspicious by itself, whatever its error rate.

    loop     a phrase of 1 to 6 words follows itself ``repeats`` times or more, and the reference has no such loop
    long     more than ``longer`` times as many words as the reference, and at least ``slack`` words more
    short    fewer than ``shorter`` of the reference's words, and at least ``slack`` words fewer
    fast     more than ``most_characters_per_second`` characters per second of the utterance: nobody speaks so fast
    slow     fewer than ``least_characters_per_second``, in an utterance of 3 seconds or more whose reference is as
             dense as speech usually is: most of it was not written down
    silence  words where a detector heard speech in less than ``speech_ratio`` of the time (measured corpora only)
    script   more than ``foreign_letters`` of its letters are of scripts that the reference has no letter of

Every rule counts on the texts as they are written, because a normalizer may hide what is wrong. The flags of a
hypothesis stand in one text with "; " between them, so that the filter ``has`` finds them: ``{flags_tiny} has loop``.

    python -m evaluator.scoring.hallucination '{"limits": {...}, "files": {"tiny": "/tiny.parquet"}}' < texts.arrow

Source: repetition loops and text in silence are what attention models such as Whisper are known to make up (Koenecke
et al., "Careless Whisper: speech-to-text hallucination harms", FAccT 2024); 30 characters a second is about twice the
fastest fluent English.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from evaluator.arrow_process import fed
from evaluator.scoring.system_files import counted, system_files
from explorer.config import Hallucination as Limits
from explorer.querying.conditions import SEPARATOR
from explorer.vocabulary.characters import COMMON, script

RULES: Mapping[str, str] = {
    "loop": "a phrase that follows itself again and again",
    "long": "far more words than the reference",
    "short": "far fewer words than the reference",
    "fast": "more characters than can be spoken in this time",
    "slow": "hardly any text for an utterance this long",
    "silence": "words where hardly any speech was heard",
    "script": "letters of scripts that the reference does not have",
}
LOOP_WORDS = 6
DENSE = 5.0
"""Characters a second from which on a reference counts as speech throughout."""
LONG_ENOUGH = 3.0
RATIO = "speech_ratio"


def flags_of(
    hypothesis: str | None, reference: str | None, duration: float | None, speech_ratio: float | None, limits: Limits
) -> list[str]:
    """The names of the rules that a hypothesis breaks, in the order of RULES; what is not known breaks none."""
    if hypothesis is None:
        return []
    heard, said = hypothesis.split(), None if reference is None else reference.split()
    found = []
    if loops(heard, limits.repeats) and not (said and loops(said, limits.repeats)):
        found.append("loop")
    if said and len(heard) > limits.longer * len(said) and len(heard) - len(said) >= limits.slack:
        found.append("long")
    if said and len(heard) < limits.shorter * len(said) and len(said) - len(heard) >= limits.slack:
        found.append("short")
    if duration:
        pace = len(hypothesis) / duration
        dense = reference is not None and len(reference) / duration >= DENSE
        if pace > limits.most_characters_per_second:
            found.append("fast")
        elif pace < limits.least_characters_per_second and duration >= LONG_ENOUGH and dense:
            found.append("slow")
    if heard and speech_ratio is not None and speech_ratio < limits.speech_ratio:
        found.append("silence")
    plain = reference is not None and hypothesis.isascii() and reference.isascii()
    if reference and not plain and foreign(hypothesis, reference) > limits.foreign_letters:
        found.append("script")
    return found


def loops(words: Sequence[str], repeats: int) -> bool:
    """Whether a phrase of at most LOOP_WORDS words follows itself so often that it stands there ``repeats`` times."""
    lowered = [word.lower() for word in words]
    for size in range(1, LOOP_WORDS + 1):
        if len(lowered) < size * repeats:
            return False
        same = 0
        for place in range(size, len(lowered)):
            same = same + 1 if lowered[place] == lowered[place - size] else 0
            if same >= size * (repeats - 1):
                return True
    return False


def foreign(hypothesis: str, reference: str) -> float:
    """The share of the hypothesis's letters that are of scripts which the reference has no letter of."""
    known = {script(letter) for letter in set(reference)} - {COMMON}
    letters = Counter(letter for letter in hypothesis if letter.isalpha())
    total = sum(letters.values())
    if not known or not total:
        return 0.0
    return sum(number for letter, number in letters.items() if script(letter) not in (*known, COMMON)) / total


def column_name(system: str) -> str:
    """The column with the flags of a system."""
    return f"flags_{system}"


def write_flags(
    batches: Iterable[pa.RecordBatch],
    limits: Limits,
    files: Mapping[str, Path],
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a file for each system of ``files`` with row and flags_<system>: a line for a hypothesis, "" without any.

    A batch has the columns row, reference, duration, hypothesis_<system>, and maybe ``speech_ratio``. A file gets its
    name only when it is whole.
    """
    schemas = {system: pa.schema([("row", pa.int32()), (column_name(system), pa.string())]) for system in files}
    with system_files(schemas, files) as writers:
        for batch in counted(batches, progress):
            rows, references, durations = (batch.column(n).to_pylist() for n in ("row", "reference", "duration"))
            ratios = batch.column(RATIO).to_pylist() if RATIO in batch.schema.names else [None] * len(rows)
            for system, writer in writers.items():
                heard = batch.column(f"hypothesis_{system}").to_pylist()
                flags = [
                    None if one[0] is None else SEPARATOR.join(flags_of(*one, limits))
                    for one in zip(heard, references, durations, ratios, strict=True)
                ]
                writer.write_batch(pa.record_batch([rows, flags], schema=schemas[system]))


def order_of(limits: Limits, files: Mapping[str, Path]) -> dict[str, object]:
    """What ``main`` is told on its command line."""
    return {"limits": asdict(limits), "files": {system: str(path) for system, path in files.items()}}


def main(arguments: Sequence[str]) -> int:
    """Write the flags of the Arrow stream on standard input as the JSON argument says."""
    return fed(arguments, lambda stream, files, order: write_flags(stream, Limits(**order["limits"]), files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
