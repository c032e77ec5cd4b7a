"""STM: a line an utterance, ``recording channel speaker begin end text``, sorted by recording, channel and begin.

Channels are counted from 1; an unknown speaker is ``unknown``. Utterances without a text or a duration are left out, as
the comment in the first line says. Source: https://github.com/usnistgov/SCTK, doc/infmts.htm
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explorer.exporting import Wanted, Written
from explorer.exporting.spoken import Names, joined, one_line, seconds, spoken
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
        if one.text is None:
            written.left_out["without a text"] += 1
        elif one.duration is None:
            written.left_out["of unknown duration"] += 1
        else:
            recording, channel = names.recording(one), (one.channel or 0) + 1
            times = f"{seconds(one.offset)} {seconds(one.offset + one.duration)}"
            line = f"{recording} {channel} {joined(one.speaker or 'unknown')} {times} {one_line(one.text)}".rstrip()
            lines.append((recording.encode(), channel, one.offset, line))
    written.rows = len(lines)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f";; {written.sentence()}\n")
        file.writelines(f"{line}\n" for *_, line in sorted(lines))
    return written
