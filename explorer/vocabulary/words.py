"""Words of a text column counted: how often, in how many utterances, where first and last, and how they are spelled.

    python -m explorer.vocabulary.words < texts.arrow       counts as the stream's metadata says (see order_for)

Conventions: a word *as written* is what ``str.split`` gives; a Folding turns it into the words it counts as (none, one
or several), stretch by stretch, so that folding a text is folding its written words. Rows are row numbers in source
order. Counting goes batch by batch over Arrow arrays: the texts of a corpus never stand in memory together.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from explorer.corpora.ingest import OTHER_SPACES

MATRIX_CELLS = 16 << 20
"""Rows times characters that are looked at together: 16 MB."""

WORDS = pa.schema(
    [
        ("word", pa.string()),
        ("count", pa.int64()),
        ("utterances", pa.int64()),
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("spellings", pa.list_(pa.string())),
        ("spelled", pa.list_(pa.int64())),
    ]
)
"""A word, its occurrences, the utterances that have it, the first and last row of them, and its written forms, the
most frequent first, with their counts."""

CHARACTERS = pa.schema([("character", pa.string()), ("utterances", pa.int64())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """How written words are put together: a name and version for the reader, and a text function for the counting.

    ``function`` is "module:name" of a function from a text to its words joined by spaces (None: words stay as they are
    written). It is a name, not a function, because counting runs in another process. With an ``argument`` it makes that
    function of it.

    A folding that needs whole texts (not word by word) has a ``prefix``: columns ``<prefix><column>`` hold the texts as
    it made them, and their words are counted as they are (``counting``). ``apply`` is then for single words only.
    """

    name: str
    version: int | str
    help: str
    function: str | None = None
    argument: str | None = None
    prefix: str = ""

    @property
    def tag(self) -> str:
        """Name and version in one word: a part of cache keys."""
        return f"{self.name}-{self.version}"

    def apply(self) -> Callable[[str], Sequence[str]]:
        """The function from a text to its words."""
        if self.function is None:
            return str.split
        module, _, name = self.function.partition(":")
        normalize = getattr(importlib.import_module(module), name)
        if self.argument is not None:
            normalize = normalize(self.argument)
        return lambda text: normalize(text).split()

    def counting(self) -> Folding:
        """How the words of the columns ``<prefix><column>`` are counted."""
        return replace(self, function=None, argument=None) if self.prefix else self


AS_WRITTEN = Folding(
    name="none",
    version=1,
    help="Words are told apart as they are written: case and punctuation count.",
)


def split(texts: pa.Array) -> pa.Array:
    """The words of each text as ``str.split`` gives them: a list array, null where there is no text.

    Arrow splits three times faster than Python, but only at ASCII's white space; texts with any other go Python's way.
    """
    listed = texts.to_pylist()
    joined = "".join(filter(None, listed))
    if any(space in joined for space in OTHER_SPACES):
        return pa.array([None if text is None else text.split() for text in listed], pa.list_(pa.string()))
    trimmed = pc.ascii_trim_whitespace(texts)
    words = pc.ascii_split_whitespace(trimmed)
    nothing = pc.fill_null(pc.equal(trimmed, ""), False)
    return pc.if_else(nothing, pa.scalar([], pa.list_(pa.string())), words) if pc.any(nothing).as_py() else words


class WordCounter:
    """Counts the words of texts that arrive in batches, in row order."""

    def __init__(self, folding: Folding) -> None:
        self._fold = folding.apply()
        self._folded = folding.function is not None
        self._words: dict[str, int] = {}
        self._forms: dict[str, tuple[int, ...]] = {}
        self._written: dict[str, int] = {}
        # Grown by doubling: counts, utterances, first and last row of every word.
        self._numbers = np.zeros((4, 1024), np.int64)

    def add(self, rows: np.ndarray, texts: pa.Array) -> None:
        """Count the words of a batch; ``rows`` are int64 row numbers that only ever grow."""
        lists = split(texts)
        sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        encoded = pc.dictionary_encode(lists.flatten())
        codes = encoded.indices.to_numpy()
        if not codes.size:
            return
        written = encoded.dictionary.to_pylist()
        if self._folded:
            for word, count in zip(written, np.bincount(codes, minlength=len(written)).tolist(), strict=True):
                self._written[word] = self._written.get(word, 0) + count
        forms = [self._form(word) for word in written]
        words = np.fromiter((word for form in forms for word in form), np.int64)
        lengths = np.fromiter(map(len, forms), np.int64, len(forms))
        parents = np.repeat(rows, sizes)
        if words.size == lengths.size and (lengths == 1).all():
            self._note(words[codes], parents)
        else:
            starts = np.cumsum(lengths) - lengths
            many = lengths[codes]
            ends = np.cumsum(many)
            place = np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - many, many)
            self._note(words[np.repeat(starts[codes], many) + place], np.repeat(parents, many))

    def _form(self, written: str) -> tuple[int, ...]:
        """The numbers of the words that a written word counts as."""
        known = self._forms.get(written)
        if known is None:
            words = self._fold(written) if self._folded else (written,)
            known = tuple(self._words.setdefault(word, len(self._words)) for word in words)
            self._forms[written] = known
        return known

    def _note(self, words: np.ndarray, rows: np.ndarray) -> None:
        if not words.size:
            return
        while self._numbers.shape[1] < len(self._words):
            self._numbers = np.concatenate([self._numbers, np.zeros_like(self._numbers)], axis=1)
        counts, utterances, first, last = self._numbers
        # One sort says everything: (word, row) pairs as single integers, each pair once, in the order of word and row.
        low, bits = int(rows[0]), int(rows[-1] - rows[0]).bit_length()
        pairs = (words << bits) | (rows - low)
        pairs.sort()
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])]
        of_word = pairs >> bits
        begins = np.flatnonzero(np.append(True, of_word[1:] != of_word[:-1]))
        ends = np.append(begins[1:], of_word.size)
        found, within = of_word[begins], (1 << bits) - 1
        unseen = counts[found] == 0
        first[found[unseen]] = (pairs[begins] & within)[unseen] + low
        last[found] = (pairs[ends - 1] & within) + low
        utterances[found] += ends - begins
        counts[: len(self._words)] += np.bincount(words, minlength=len(self._words))

    def table(self) -> pa.Table:
        """What was counted, in the schema WORDS, the most frequent word first, ties in the order of the words."""
        size = len(self._words)
        words = list(self._words)
        counts, utterances, first, last = self._numbers[:, :size]
        spellings, spelled = self._spellings() if self._folded else (None, None)
        order = sorted(range(size), key=lambda number: (-counts[number], words[number]))
        arrays = [
            pa.array(words, pa.string()),
            *(pa.array(numbers, pa.int64()) for numbers in (counts, utterances, first, last)),
            pa.array(spellings if spellings is not None else [[word] for word in words], WORDS.field("spellings").type),
            pa.array(spelled if spelled is not None else [[c] for c in counts.tolist()], WORDS.field("spelled").type),
        ]
        return pa.Table.from_arrays(arrays, schema=WORDS).take(pa.array(order, pa.int64()))

    def _spellings(self) -> tuple[list[list[str]], list[list[int]]]:
        found: list[list[tuple[int, str]]] = [[] for _ in self._words]
        for written, form in self._forms.items():
            for word in dict.fromkeys(form):
                found[word].append((-self._written[written], written))
        for forms in found:
            forms.sort()
        return [[w for _, w in forms] for forms in found], [[-count for count, _ in forms] for forms in found]


class CharacterCounter:
    """Counts in how many utterances each character of a known alphabet occurs."""

    def __init__(self, alphabet: Iterable[str]) -> None:
        self._alphabet = list(alphabet)
        self._numbers = np.full(sys.maxunicode + 1, -1, np.int32)
        for number, character in enumerate(self._alphabet):
            self._numbers[ord(character)] = number
        self._utterances = np.zeros(len(self._alphabet), np.int64)

    def add(self, texts: pa.Array) -> None:
        """Count a batch of texts."""
        at_once = max(1, MATRIX_CELLS // max(1, len(self._alphabet)))
        known = pc.drop_null(texts)
        for start in range(0, len(known), at_once):
            part = known.slice(start, at_once)
            lengths = pc.utf8_length(part).to_numpy()
            joined = "".join(part.to_pylist())
            codes = self._numbers[np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)]
            rows = np.repeat(np.arange(len(part)), lengths)
            seen = np.zeros((len(part), len(self._alphabet)), bool)
            seen[rows[codes >= 0], codes[codes >= 0]] = True
            self._utterances += seen.sum(axis=0)

    def table(self) -> pa.Table:
        """Every character with the number of utterances that have it, in the schema CHARACTERS."""
        return pa.table({"character": self._alphabet, "utterances": self._utterances}, schema=CHARACTERS)


def count(
    batches: Iterable[pa.RecordBatch],
    folding: Folding,
    files: Mapping[str, Path],
    *,
    alphabet: Sequence[str] = (),
    characters: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Count text columns of batches (with the column ``row``) into Parquet files that get their names when whole.

    ``files`` are the columns and where their words go; ``characters`` takes the utterances of each character of
    ``alphabet`` in the first of these columns; ``progress`` is told the number of rows done.
    """
    counters = {column: WordCounter(folding) for column in files}
    letters = CharacterCounter(alphabet) if characters is not None else None
    done = 0
    for batch in batches:
        rows = batch.column("row").to_numpy().astype(np.int64)
        for place, (column, counter) in enumerate(counters.items()):
            texts = batch.column(column).cast(pa.string())
            counter.add(rows, texts)
            if letters is not None and place == 0:
                letters.add(texts)
        done += batch.num_rows
        if progress is not None:
            progress(done)
    if characters is not None and letters is not None:
        publish(letters.table(), characters)
    for column, path in files.items():
        publish(counters[column].table(), path)


def publish(table: pa.Table, path: Path) -> None:
    """Write a table to Parquet under another name and give it its own when it is whole."""
    building = path.with_name(f"{path.stem}.{os.getpid()}.building")
    try:
        pyarrow.parquet.write_table(table, building, compression="zstd")
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def order_for(
    folding: Folding, files: Mapping[str, Path], *, alphabet: Sequence[str] = (), characters: Path | None = None
) -> str:
    """What ``main`` is told, as JSON."""
    told: dict[str, Any] = {"folding": asdict(folding), "files": {name: str(path) for name, path in files.items()}}
    return json.dumps(told | {"alphabet": list(alphabet), "characters": str(characters) if characters else None})


def main() -> int:
    """Count the Arrow stream on standard input as its metadata says."""
    os.nice(5)  # the server, which people are waiting for, goes first
    gc.disable()  # a short life with many small objects and no cycles
    with pa.ipc.open_stream(sys.stdin.buffer) as stream:
        order = json.loads((stream.schema.metadata or {})[ORDER])
        characters = Path(order["characters"]) if order["characters"] else None
        files = {name: Path(path) for name, path in order["files"].items()}
        count(stream, Folding(**order["folding"]), files, alphabet=order["alphabet"], characters=characters)
    return 0


ORDER = b"order"
"""The key of the stream's metadata that says what to do: an alphabet can be longer than a command line."""

if __name__ == "__main__":
    sys.exit(main())
