"""The same sound with another text, the same text with another sound.

A manifest's rows of exactly the same cut are problems, not utterances (the later ones are left out). What remains are
cuts of one file and speaker that overlap. Files are the same when their paths are as they are written, relative ones in
the folder of their manifest; texts are the same when their words are, after normalizing. Both are compared by 64-bit
hashes, as in explorer/comparing/duplicates.py.

    same_sound    the cut that begins next, before or after, overlaps for the share o > MOSTLY of the shorter of the
                  two, and its text is another:    trust * o / 2, as one of the two may be right
    same_text     of n rows with one text of LONG words or more, s have this row's sound:    trust * (1 - s / n)

Where more than OFTEN of all long texts occur again (prompts that many speakers read), a text that is repeated says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import numpy as np
import pyarrow as pa

from evaluator.scoring.alignment_batches import word_counts
from evaluator.suspicion.evidence import Batch, Facts, Finding, Observed, Signal, words_column
from explorer.formatting import count, percent

MOSTLY = 0.5
LONG = 5
OFTEN = 0.05
SOUND_TRUST, TEXT_TRUST = 0.9, 0.5

_SQL = """
SELECT hash(CASE WHEN audio LIKE '/%' OR audio LIKE '~%' OR contains(audio, '://')
                 THEN audio ELSE folder || '/' || audio END, speaker) AS file,
       hash(text) AS text
FROM arriving ORDER BY row
"""


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    """Keys of file and text, 64 bits; where the cut begins and ends, how many words the text has, and its line."""
    words = batch.words("reference")
    sources = batch.values("source").cast(pa.string()).dictionary_encode()
    folders = pa.array([facts.folders.get(one, one) for one in sources.dictionary.to_pylist()], pa.string())
    arriving = pa.table(
        {
            "row": batch.rows,
            "audio": batch.values("audio"),
            "speaker": batch.values("speaker") if "speaker" in batch else pa.nulls(len(batch), pa.string()),
            "folder": folders.take(sources.indices),
            "text": words,
        }
    )
    with duckdb.connect(":memory:", config={"threads": 1}) as database:
        database.register("arriving", arriving)
        keys = database.sql(_SQL).to_arrow_table().combine_chunks()
    start, seconds = np.nan_to_num(batch.numbers("offset")), batch.numbers("duration")
    return {
        "file": keys["file"].chunk(0) if len(batch) else pa.array([], pa.uint64()),
        "start": pa.array(start),
        "end": pa.array(start + np.where(np.isnan(seconds), np.inf, seconds)),
        "text": keys["text"].chunk(0) if len(batch) else pa.array([], pa.uint64()),
        "words": pa.array(np.where(words.is_null().to_numpy(zero_copy_only=False), -1, word_counts(words))),
        "line": batch.values("line"),
    }


def overlaps(file: np.ndarray, start: np.ndarray, end: np.ndarray, text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row the share of the shorter cut that overlaps with the next or the one before, if its text is another
    (else 0), and that row (-1: none)."""
    share, other = np.zeros(len(file)), np.full(len(file), -1, np.int64)
    order = np.lexsort((end, start, file))
    left, right = order[:-1], order[1:]
    alike = (file[left] == file[right]) & (text[left] != text[right])
    left, right = left[alike], right[alike]
    both = np.minimum(end[left], end[right]) - np.maximum(start[left], start[right])
    shorter = np.minimum(end[left] - start[left], end[right] - start[right])
    found = np.ones(len(left))
    np.divide(both, shorter, out=found, where=np.isfinite(shorter) & (shorter > 0))
    for here, there in ((left, right), (right, left)):
        better = (found > MOSTLY) & (found > share[here])
        share[here[better]], other[here[better]] = np.minimum(found[better], 1.0), there[better]
    return share, other


def partners(things: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row 1 - s / n, n, and a row with the same thing and another partner (-1: none).

    n rows have the same of ``things``, s of them the same of ``others``, too.
    """
    odd, number, partner = np.zeros(len(things)), np.ones(len(things), np.int64), np.full(len(things), -1, np.int64)
    if not len(things):
        return odd, number, partner
    at = np.lexsort((others, things))
    new = np.concatenate([[True], things[at][1:] != things[at][:-1]])
    new_pair = new | np.concatenate([[True], others[at][1:] != others[at][:-1]])
    group, pair = np.cumsum(new) - 1, np.cumsum(new_pair) - 1
    sizes, pair_sizes = np.bincount(group), np.bincount(pair)
    first, last = np.flatnonzero(new), np.append(np.flatnonzero(new)[1:], len(at)) - 1
    odd[at], number[at] = 1 - pair_sizes[pair] / sizes[group], sizes[group]
    # Rows of the group's first pair are told its last row, all others its first.
    theirs = np.where(pair == pair[first][group], at[last][group], at[first][group])
    partner[at] = np.where(pair_sizes[pair] < sizes[group], theirs, -1)
    return odd, number, partner


def _judge_sound(observed: Observed, facts: Facts) -> Finding:
    file, start, end, text, lines = (observed[name].to_numpy() for name in ("file", "start", "end", "text", "line"))
    written = np.flatnonzero(observed["words"].to_numpy() >= 0)
    share, other = np.zeros(len(file)), np.full(len(file), -1, np.int64)
    share[written], found = overlaps(*(values[written] for values in (file, start, end, text)))
    other[written] = np.where(found >= 0, written[found], -1) if written.size else found

    def tell(flagged: np.ndarray) -> Iterable[str]:
        for row in flagged.tolist():
            yield f"{percent(share[row], digits=0)} of the same sound as line {count(lines[other[row]])}, another text"

    return Finding.told(SOUND_TRUST * share / 2, tell)


def _judge_text(observed: Observed, facts: Facts) -> Finding:
    words, lines = observed["words"].to_numpy(), observed["line"].to_numpy()
    long = np.flatnonzero(words >= LONG)
    file, start = observed["file"].to_numpy()[long], np.round(1000 * observed["start"].to_numpy()[long])
    sound = file ^ start.astype(np.uint64)
    odd, number, partner = partners(observed["text"].to_numpy()[long], sound)
    repeated = float((odd > 0).mean()) if long.size else 0.0
    if repeated > OFTEN:
        told = f"texts are repeated here on purpose: {percent(repeated, digits=0)} of those of {LONG} words or more"
        return Finding.none(len(words), told)
    strengths, place = np.zeros(len(words)), np.zeros(len(words), np.int64)
    strengths[long], place[long] = TEXT_TRUST * odd, np.arange(long.size)

    def tell(flagged: np.ndarray) -> Iterable[str]:
        for at in place[flagged].tolist():
            more = f" ({count(number[at])} rows have this text)" if number[at] > 2 else ""
            yield f"the same text as line {count(lines[long[partner[at]]])}, with another sound{more}"

    return Finding.told(strengths, tell)


def _lacking(facts: Facts) -> str:
    return "" if facts.references else "there are no references"


def _read(facts: Facts) -> tuple[str, ...]:
    return (words_column(facts, "reference"), "audio", "offset", "duration", "speaker", "source", "line")


SAME_SOUND = Signal(
    name="same_sound",
    title="Same sound, other text",
    help="Two cuts of one file and speaker overlap for more than half of the shorter one, and have different texts. "
    "Repetitions of exactly the same cut are listed on the page Problems.",
    unit="% of the sound",
    needs="references",
    trust=SOUND_TRUST,
    lacking=_lacking,
    columns=_read,
    observe=_observe,
    judge=_judge_sound,
)
SAME_TEXT = Signal(
    name="same_text",
    title="Same text, other sound",
    help=f"A text of {LONG} words or more stands beside several sounds, in a corpus in which texts are hardly ever "
    "repeated: perhaps it was copied into the wrong row.",
    unit="rows",
    needs="references that are not repeated on purpose",
    trust=TEXT_TRUST,
    lacking=_lacking,
    columns=_read,
    observe=_observe,
    judge=_judge_text,
)
