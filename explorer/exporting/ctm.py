"""CTM: a line a word, ``recording channel begin duration word``, sorted by recording, channel and begin.

Words have times only where the source has them (a CTM, an alignment, NeMo's timestamps): no time is made up, and the
utterances without are left out, as the comment in the first line says. Times count from the recording's start, channels
from 1. Source: https://github.com/usnistgov/SCTK, doc/infmts.htm
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explorer.exporting import Wanted, Written
from explorer.exporting.spoken import Names, joined, seconds, spoken
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the file; see Writer."""
    rows = corpus.rows(query)
    names = Names(spoken(corpus, rows, wanted))
    written = Written()
    lines: list[tuple[bytes, int, float, str]] = []
    for one in spoken(corpus, rows, wanted):
        if not one.words:
            written.left_out["without word times"] += 1
            continue
        written.rows += 1
        recording, channel = names.recording(one), (one.channel or 0) + 1
        for word in one.words:
            times = f"{seconds(one.offset + word.start)} {seconds(word.end - word.start)}"
            line = f"{recording} {channel} {times} {joined(word.label)}"
            lines.append((recording.encode(), channel, one.offset + word.start, line))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f";; {written.sentence()}\n")
        file.writelines(f"{line}\n" for *_, line in sorted(lines))
    return written
