"""Rewriting: the manifest of a corpus with some rows changed or left out, and every byte of the others as it was.

A line of JSON keeps its fields, their order and its spelling; a changed text goes to ``text``, and what stood there is
kept in ``text_original`` (the first one, when a manifest is corrected again). Sources of other formats have no lines
to keep: their rows are written as a NeMo manifest, as every export does. Lines that are no utterances are left out and
counted.
"""

from __future__ import annotations

import gzip
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import orjson

from evaluator.review.json_line import changed
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError
from explorer.exporting.rows import exact_json, outside_columns, outside_names, records
from explorer.formats import format_of
from explorer.formats.lines import blocks
from explorer.places.paths import is_remote
from explorer.querying.query import Query

TEXT, ORIGINAL, REJECTED = "text", "text_original", "rejected"
_LOOKED_AT = 100
_LINES_KEPT = ("nemo", "leaderboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a row: ``left_out``, or another text, and fields to set."""

    text: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    left_out: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the row stays as it is."""
        return self.text is None and not self.fields and not self.left_out


@dataclass(slots=True)
class Rewritten:
    """What became of the lines; ``no_utterances`` are faulty or repeated ones."""

    rows: int = 0
    changed: int = 0
    left_out: int = 0
    no_utterances: int = 0


def rewrite(corpus: Corpus, query: Query, changes: Mapping[int, Change], output: Path) -> Rewritten:
    """Write the rows of the query in the order of the sources to ``output``, with the changes by row number.

    Raises:
        ConfigError: it cannot be written.
        QueryError: the query does not fit the corpus.
    """
    told = Rewritten()
    with written_whole(output) as stream:
        for line in _lines(corpus, query, changes, told):
            stream.write(line)
    return told


def paths_note(corpus: Corpus, output: Path) -> str:
    """What to do about sounds that are named relative to the manifest, when the new one lies elsewhere; or ""."""
    elsewhere = [folder for folder in corpus.folders_by_name.values() if folder != output.parent]
    some = corpus.listed(np.arange(min(corpus.size, _LOOKED_AT), dtype=np.int32), ("audio",))
    relative = any(not is_remote(Path(audio)) and not Path(audio).expanduser().is_absolute() for _, (audio,) in some)
    if not elsewhere or not relative:
        return ""
    return f"Its paths of sounds are relative, as they were: open it with --audio-base-path {elsewhere[0]}."


@contextmanager
def written_whole(output: Path) -> Iterator[BinaryIO]:
    """A file that takes its place only when all of it is written; gzip when its name ends in .gz.

    Raises:
        ConfigError: it cannot be written.
    """
    beside = output.with_name(f".{uuid.uuid4().hex[:8]}.{output.name}")
    try:
        with beside.open("wb") as stream:
            if output.suffix != ".gz":
                yield stream
            else:
                # Without name and time, so that the same lines are the same bytes.
                with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
        beside.replace(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {(error.strerror or str(error)).lower()}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _lines(corpus: Corpus, query: Query, changes: Mapping[int, Change], told: Rewritten) -> Iterator[bytes]:
    if all(not is_remote(path) and path.is_file() and format_of(path).name in _LINES_KEPT for path in corpus.sources):
        found = _kept_lines(corpus, query, changes, told)
    else:
        found = _made_lines(corpus, query, changes, told)
    last = b"\n"
    for line in found:
        yield b"" if last.endswith(b"\n") else b"\n"  # the last line of a source may lack its end
        yield line
        last = line


def _kept_lines(corpus: Corpus, query: Query, changes: Mapping[int, Change], told: Rewritten) -> Iterator[bytes]:
    """The lines of the sources themselves."""
    wanted = _numbered(corpus, query)
    every = wanted if not query.selects else _numbered(corpus, Query())
    for name, path in corpus.sources_by_name.items():
        rows, known = wanted[name], every[name]
        for block in blocks(path):
            for number, line in enumerate(block.lines, block.first):
                row = int(rows[number]) if number < len(rows) else -1
                if row < 0:
                    told.no_utterances += bool(line.strip()) and not (number < len(known) and known[number] >= 0)
                    continue
                change = changes.get(row)
                if change is not None and change.left_out:
                    told.left_out += 1
                    continue
                told.rows += 1
                if change is None or change.nothing:
                    yield line
                else:
                    told.changed += 1
                    yield changed(line, _values(change, orjson.loads(line) if _plain(line) else exact(line)))


def _plain(line: bytes) -> bool:
    return b"NaN" not in line and b"Infinity" not in line


def exact(line: bytes) -> dict[str, Any]:
    """The object of a line that has what only Python's json reads."""
    import json

    return dict(json.loads(line))


def _values(change: Change, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to set in a row that says ``entry``."""
    values: dict[str, Any] = {}
    if change.text is not None:
        values[TEXT] = change.text
        if ORIGINAL not in entry:
            values[ORIGINAL] = entry.get(TEXT, entry.get("normalized_text"))
    return values | dict(change.fields)


def _numbered(corpus: Corpus, query: Query) -> dict[str, np.ndarray]:
    """The row of each line number, by source; -1 for none."""
    rows: dict[str, list[np.ndarray]] = defaultdict(list)
    lines: dict[str, list[np.ndarray]] = defaultdict(list)
    for batch in corpus.batches(("source", "line"), query):
        number, row = batch["line"].to_numpy(), batch["row"].to_numpy()
        sources = np.array(batch["source"].to_pylist(), dtype=object)
        for name in dict.fromkeys(sources.tolist()):
            rows[name].append(row[sources == name])
            lines[name].append(number[sources == name])
    found = {}
    for name in corpus.sources_by_name:
        at = np.concatenate(lines[name]).astype(np.int64) if lines[name] else np.zeros(0, np.int64)
        found[name] = np.full(int(at.max()) + 1 if at.size else 0, -1, dtype=np.int64)
        if at.size:
            found[name][at] = np.concatenate(rows[name])
    return found


def _made_lines(corpus: Corpus, query: Query, changes: Mapping[int, Change], told: Rewritten) -> Iterator[bytes]:
    """The rows as a NeMo manifest, in row order."""
    columns = outside_columns(corpus)
    names = outside_names(columns)
    rows = np.sort(corpus.rows(query))
    in_order = Query.from_pairs([pair for pair in query.pairs() if pair[0] != "sort"])
    for row, values in zip(rows.tolist(), records(corpus, in_order, columns), strict=True):
        change = changes.get(row)
        if change is not None and change.left_out:
            told.left_out += 1
            continue
        entry = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        if change is not None and not change.nothing:
            told.changed += 1
            entry |= _values(change, entry)
        told.rows += 1
        yield exact_json(entry).encode() + b"\n"
