"""Raw against normalized rates, and what each rule contributed, as records, CSV and text: the tables behind the page.

JSON and CSV have fractions (null and empty cells where undefined), the text percent and percentage points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evaluator.comparing.comparison_columns import points
from evaluator.comparing.contributions import Contributions, Stage, difference
from evaluator.normalizers.lost_letters import LostLetters
from evaluator.normalizers.registry import Normalizer
from explorer.formatting import EMPTY, count, percent

ORDER = (
    "Rules are applied in this order; a rule's contribution is the WER after it minus the WER before it, so it depends "
    "on what the rules before it have done. All together are exactly the difference between raw and normalized."
)
NAMES = (
    "system",
    "normalizer",
    "rule_number",
    "rule",
    "utterances_scored",
    "utterances_changed",
    "wer",
    "wer_change",
    "errors",
    "reference_words",
    "substitutions",
    "deletions",
    "insertions",
    "cer",
)


def report(chosen: Normalizer, found: Sequence[Contributions], lost: Sequence[LostLetters]) -> dict[str, Any]:
    """What ``app.py normalizers --json`` prints."""
    return {
        "normalizer": {"name": chosen.name, "version": chosen.version},
        "warnings": [one.sentence(chosen) for one in lost],
        "systems": {
            one.system: {
                "utterances": one.scored,
                "wer_raw": one.raw.words.rate,
                "wer": one.normalized.words.rate,
                "wer_change": difference(one.raw, one.normalized),
                "cer_raw": one.raw.cer,
                "cer": one.normalized.cer,
                "words_raw": one.raw.words.length,
                "words": one.normalized.words.length,
                "rules": [
                    {
                        "rule": stage.rule,
                        "utterances_changed": stage.changed,
                        "wer": stage.words.rate,
                        "wer_change": one.points(place),
                        "errors": stage.words.errors,
                        "words": stage.words.length,
                    }
                    for place, stage in enumerate(one.stages)
                    if place
                ],
            }
            for one in found
        },
    }


def records(chosen: Normalizer, found: Sequence[Contributions]) -> Iterator[list[Any]]:
    """The lines of the CSV, in the order of NAMES: for each system the raw rate (rule 0), then every rule."""
    for one in found:
        for place, stage in enumerate(one.stages):
            words = stage.words
            yield [
                one.system,
                chosen.tag,
                place,
                stage.rule or "raw",
                one.scored,
                stage.changed,
                words.rate,
                one.points(place) if place else None,
                words.errors,
                words.length,
                words.substitutions,
                words.deletions,
                words.insertions,
                stage.cer,
            ]


def as_text(chosen: Normalizer, found: Sequence[Contributions], lost: Sequence[LostLetters]) -> str:
    """Two tables for a terminal: systems raw and normalized, and the points of each rule for each system."""
    head = ["system", "raw WER", "WER", "points", "raw CER", "CER", "raw words", "words", "utterances"]
    systems = [
        [
            one.system,
            rate(one.raw.words.rate),
            rate(one.normalized.words.rate),
            change(difference(one.raw, one.normalized)),
            rate(one.raw.cer),
            rate(one.normalized.cer),
            count(one.raw.words.length),
            count(one.normalized.words.length),
            count(one.scored),
        ]
        for one in found
    ]
    parts = [
        f'normalizer "{chosen.name}" version {chosen.version}, against texts as they are written',
        _table(head, systems),
    ]
    if found and chosen.steps:
        rules = [[step.name, *_effects(found, place)] for place, step in enumerate(chosen.steps, 1)]
        names = [name for one in found for name in (one.system, "utts")]
        parts += ["", "points of WER, and utterances changed", _table(["rule", *names], rules)]
        parts += ["", ORDER]
    return "\n".join([*parts, *(f"\nwarning: {one.sentence(chosen)}" for one in lost)])


def _effects(found: Sequence[Contributions], place: int) -> Iterator[str]:
    for one in found:
        yield from (change(one.points(place)), count(one.stages[place].changed))


def rate(fraction: float | None) -> str:
    """A rate in percent, a dash where there is none."""
    return EMPTY if fraction is None else percent(fraction)


def change(fraction: float | None) -> str:
    """A difference in percentage points with its sign, a dash where there is none."""
    return EMPTY if fraction is None else points(fraction)


def told(stage: Stage) -> str:
    """What a rate of a stage was divided by."""
    return f"{count(stage.words.errors)} errors of {count(stage.words.length)} reference words"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
