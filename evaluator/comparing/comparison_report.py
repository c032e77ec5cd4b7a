"""A comparison as people and programs read it: JSON, text, CSV, Markdown, LaTeX, JUnit, and plain sentences.

JSON has fractions and null; the tables print percent, with the base and the normalizer in their caption.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import orjson

from evaluator.comparing.comparison import Comparison, Standing
from evaluator.comparing.comparison_columns import SOMETIMES, Shown, few, p_value, shown_columns
from evaluator.comparing.gate import Verdict
from evaluator.comparing.significance import Difference, Interval
from evaluator.comparing.text_table import aligned
from evaluator.scoring.metrics import METRICS
from explorer.formatting import count, counted
from explorer.spreadsheet import line

RATES = ("wer", "cer", "substitution_rate", "deletion_rate", "insertion_rate", "wmr", "mwa", *SOMETIMES)
RARE = 0.05


def report(compared: Comparison) -> dict[str, Any]:
    """What ``compare --json`` prints."""
    return {
        "normalizer": {"name": compared.normalizer.name, "version": compared.normalizer.version},
        "selected": compared.selected,
        "utterances": compared.common,
        "lacking": compared.lacking,
        "baseline": compared.baseline,
        "bootstrap": {
            "resamples": compared.resamples,
            "seed": compared.seed,
            "blocks": compared.blocks,
            "block_count": compared.block_count,
        },
        "systems": {row.system: row_report(row) for row in compared.standings},
    }


def row_report(row: Standing) -> dict[str, Any]:
    """Every number about one system: fractions and null."""
    words, found = row.counts.words, row.difference
    return {
        **{name: METRICS[name].value(row.counts) for name in RATES},
        "wer_ci": _ends(row.interval),
        "utterances": row.utterances,
        "words": words.length,
        "vocabulary": row.counts.vocabulary,
        "hits": words.hits,
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
        "characters": row.counts.characters,
        "character_errors": row.counts.character_errors,
        "punctuation_marks": METRICS["punctuation_error_rate"].base(row.counts),
        "cased_words": METRICS["capitalization_error_rate"].base(row.counts),
        "delta": None if found is None else found.delta,
        "delta_ci": None if found is None else _ends(found.interval),
        "improvement": None if found is None else found.improvement,
        "p_bootstrap": None if found is None else found.p_bootstrap,
        "p_mapsswe": row.p_mapsswe,
        "p_mapsswe_holm": row.p_holm,
        "segments": None if row.pairs is None else row.pairs.segments,
        "p_wilcoxon": row.p_wilcoxon,
        "wins": row.wins,
        "ties": row.ties,
        "losses": row.losses,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def sentence(row: Standing, compared: Comparison) -> str:
    """What the difference from the baseline means, in plain words."""
    found = row.difference
    if row.system == compared.baseline:
        return f"{row.system} is the baseline."
    if found is None:
        lacking = "too few utterances with words" if row.counts.words.length else "no words in the references"
        return f"{row.system} and {compared.baseline} cannot be compared: there are {lacking}."
    if found.delta == 0:
        return f"{row.system} makes exactly as many errors as {compared.baseline}."
    points = f"{100 * abs(found.delta):.2f}"
    more = "fewer" if found.delta < 0 else "more"
    claim = f"{row.system} makes {points} points {more} errors than {compared.baseline} (95 %: {_ends_told(found)})"
    if row.p_holm is None:
        return f"{claim}; there are too few errors to test that."
    if row.p_holm < RARE:
        return f"{claim}; a difference this large would be rare if they were equally good (p {p_value(row.p_holm)})."
    return f"{claim}; a difference this large is not unusual between equally good systems (p {p_value(row.p_holm)})."


def _ends_told(found: Difference) -> str:
    """The interval of "fewer" (or "more") errors; where it holds both, each end says which it is."""
    low, high = 100 * found.interval.low, 100 * found.interval.high
    if low < 0 < high:
        ends = f"{-low:.2f} fewer", f"{high:.2f} more"
        return " to ".join(["from " + ends[1], ends[0]] if found.delta < 0 else ["from " + ends[0], ends[1]])
    smaller, larger = sorted((abs(low), abs(high)))
    return f"{smaller:.2f} to {larger:.2f}"


def caption(compared: Comparison) -> str:
    """What every printed table says: the base, the normalizer, how the intervals were made, and which test p is of."""
    return (
        f"{base(compared)}; p: matched pairs test (MAPSSWE) against {compared.baseline}, Holm's correction; those of "
        "Wilcoxon's signed rank test and of the bootstrap are in the CSV and JSON."
    )


def base(compared: Comparison) -> str:
    """What the rates were counted on, the normalizer, and how the intervals were made."""
    unit = f'whole values of "{compared.blocks}" ({count(compared.block_count)})' if compared.blocks else "utterances"
    words = counted(compared.standings[0].counts.words.length if compared.standings else 0, "word")
    return (
        f"{counted(compared.common, 'utterance')} that all systems were scored on, of {count(compared.selected)}; "
        f"{words}; normalizer {compared.normalizer.name} version {compared.normalizer.version}; intervals: "
        f"{count(compared.resamples)} bootstrap resamples of {unit}, seed {compared.seed}"
    )


def cells(columns: Sequence[Shown], standings: Sequence[Standing]) -> list[list[str]]:
    """The standings as text, in the order of the columns."""
    return [[column.text(row) for column in columns] for row in standings]


def as_json(compared: Comparison) -> str:
    """The report as indented JSON."""
    return orjson.dumps(report(compared), option=orjson.OPT_INDENT_2).decode()


def as_csv(compared: Comparison) -> str:
    """One line a system with every number of the JSON report; fractions, empty where undefined."""
    used = f"{compared.normalizer.name}-{compared.normalizer.version}"
    return csv_of(compared.standings, {"baseline": compared.baseline, "normalizer": used})


def csv_of(standings: Sequence[Standing], same: Mapping[str, str]) -> str:
    """A line for each standing, ``same`` at the end of every one; an interval is two columns, low and high."""
    rows = [{"system": row.system, **_flat(row_report(row)), **same} for row in standings]
    return "".join([line(list(rows[0])), *(line(list(row.values())) for row in rows)]) if rows else ""


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in told.items():
        if name.endswith("_ci"):
            flat |= zip((f"{name[:-3]}_low", f"{name[:-3]}_high"), value or (None, None), strict=True)
        else:
            flat[name] = value
    return flat


def as_markdown(compared: Comparison, verdicts: Sequence[Verdict] = ()) -> str:
    """A table for a pull request, with its caption, the sentences, and what the gate found."""
    table = markdown_of(shown_columns(compared.standings), compared.standings)
    told = "\n".join(f"- {sentence(row, compared)}" for row in compared.standings if row.system != compared.baseline)
    gate = "\n".join(f"- **{_outcome(one)}** `{one.condition}`: {one.told}" for one in verdicts)
    return "\n\n".join(part for part in (table, caption(compared), told, gate) if part) + "\n"


def markdown_of(columns: Sequence[Shown], standings: Sequence[Standing]) -> str:
    """The columns of the standings as a Markdown table."""
    titles = [column.title for column in columns]
    rows = [titles, ["---", *["---:"] * (len(titles) - 1)], *cells(columns, standings)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def as_latex(compared: Comparison) -> str:
    """A table for a paper, of the columns that a page shows first; it needs the package booktabs."""
    return latex_of(few(shown_columns(compared.standings)), compared.standings, caption(compared))


def latex_of(columns: Sequence[Shown], standings: Sequence[Standing], told: str) -> str:
    """The columns of the standings as a LaTeX table with a caption."""
    titles = [column.title for column in columns]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{_tex(told)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(titles) - 1)}}}",
            r"\toprule",
            " & ".join(map(_tex, titles)) + r" \\",
            r"\midrule",
            *(" & ".join(map(_tex, row)) + r" \\" for row in cells(columns, standings)),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "\u00a0": "~"}
_TEX |= {character: f"\\{character}" for character in "%&_#${}"} | {"<": "$<$", ">": "$>$"}


_MINUS = re.compile(r"(?<![\w-])-(?=\d)")


def _tex(text: str) -> str:
    return _MINUS.sub("$-$", "".join(_TEX.get(character, character) for character in text))


def as_junit(compared: Comparison, verdicts: Sequence[Verdict]) -> str:
    """The gate's conditions as test cases, for a build server to show."""
    failed = [one for one in verdicts if one.holds]
    unknown = [one for one in verdicts if one.holds is None]
    suite = ElementTree.Element(
        "testsuite",
        name="earmark compare",
        tests=str(len(verdicts)),
        failures=str(len(failed)),
        errors=str(len(unknown)),
    )
    for one in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname=one.system, name=one.condition)
        if one.holds is not False:
            kind = "failure" if one.holds else "error"
            ElementTree.SubElement(case, kind, message=one.told).text = caption(compared)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _outcome(verdict: Verdict) -> str:
    return {True: "failed", False: "passed", None: "undefined"}[verdict.holds]


def as_text(compared: Comparison, verdicts: Sequence[Verdict] = ()) -> str:
    """The table for a terminal, its caption, the sentences and what the gate found."""
    columns = shown_columns(compared.standings)
    rows = [[column.title for column in columns], *cells(columns, compared.standings)]
    told = [sentence(row, compared) for row in compared.standings if row.system != compared.baseline]
    gate = [f"{_outcome(one)}: {one.condition}: {one.told}" for one in verdicts]
    return "\n".join(
        [*aligned(rows), "", caption(compared), *(["", *told] if told else []), *(["", *gate] if gate else [])]
    )
