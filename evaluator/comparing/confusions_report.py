"""Lists of errors as people and programs read them: JSON, text and CSV, in the order of the page.

JSON has every number as it is and null where something is unknown; the text prints percent, with the base and the
normalizer. Of one system the most frequent edits come first, of two those that changed most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.comparing.confusions import TABS, Confusions
from evaluator.comparing.text_table import aligned
from evaluator.normalizers.registry import Normalizer
from explorer import spreadsheet
from explorer.formatting import EMPTY, count, counted, percent

CHANGES = ("change", "gained", "lost")


def report(found: Confusions, chosen: Normalizer, *, top: int) -> dict[str, Any]:
    """What ``errors --json`` prints: the ``top`` first edits of each kind, and how many different ones there are."""
    return {
        "normalizer": {"name": chosen.name, "version": chosen.version},
        "utterances": found.utterances,
        "systems": {
            name: {
                "words": counts.length,
                "errors": counts.errors,
                "substitutions": counts.substitutions,
                "deletions": counts.deletions,
                "insertions": counts.insertions,
                "wer": counts.rate,
            }
            for name, counts in found.counts.items()
        },
        "different": {tab: found.lists[tab].size for tab in TABS},
        **{tab: [_edit(entry, found.systems) for entry in _first(found, tab, top)] for tab in TABS},
    }


def _first(found: Confusions, tab: str, top: int) -> list[dict[str, Any]]:
    listed = found.lists[tab]
    return listed.values(range(min(top, listed.size)))  # type: ignore[arg-type]


def _edit(entry: Mapping[str, Any], systems: Sequence[str]) -> dict[str, Any]:
    return {
        "said": entry.get("word"),
        "heard": entry.get("heard"),
        "count": {name: entry[f"count_{name}"] for name in systems},
        "utterances": {name: entry[f"utterances_{name}"] for name in systems},
        **{name: entry[name] for name in CHANGES if name in entry},
    }


def as_text(found: Confusions, chosen: Normalizer, *, top: int) -> str:
    """Totals, then a table for each kind, for a terminal."""
    return "\n\n".join([_totals(found, chosen), *(_table(found, tab, top) for tab in TABS)])


def _totals(found: Confusions, chosen: Normalizer) -> str:
    both = "both systems were" if len(found.systems) == 2 else "it was"
    lines = [f"{counted(found.utterances, 'utterance')} that {both} scored on; normalizer {chosen.printed}"]
    for name, counts in found.counts.items():
        rate = EMPTY if counts.rate is None else percent(counts.rate)
        kinds = f"{count(counts.substitutions)} S, {count(counts.deletions)} D, {count(counts.insertions)} I"
        words = counted(counts.length, "word")
        lines.append(f"{name}: {counted(counts.errors, 'error')} ({kinds}) in {words}, WER {rate}")
    return "\n".join(lines)


def _table(found: Confusions, tab: str, top: int) -> str:
    listed = found.lists[tab]
    head = f"{tab}: {count(listed.size)} different"
    if not listed.size:
        return head
    shown = [column for column in listed.columns if not column.hidden]
    rows = [[column.label for column in shown]]
    for entry in _first(found, tab, top):
        rows.append([_cell(entry[column.name], signed=column.name == "change") for column in shown])
    more = [f"and {count(listed.size - top)} more"] if listed.size > top else []
    return "\n".join([head, *aligned(rows, left=sum(column.kind == "text" for column in shown)), *more])


def _cell(value: str | int, *, signed: bool) -> str:
    if isinstance(value, str):
        return value
    return f"{value:+,}" if signed else count(value)


def as_csv(found: Confusions, *, top: int) -> str:
    """A line for each edit: its kind, what was said and heard, and every number."""
    numbers = [column.name for column in found.lists["confusions"].columns if column.kind == "number"]
    records = (
        [TABS[tab], entry.get("word"), entry.get("heard"), *(entry[name] for name in numbers)]
        for tab in TABS
        for entry in _first(found, tab, top)
    )
    return b"".join(spreadsheet.lines(("kind", "said", "heard", *numbers), records)).decode()
