"""The commands ``stats`` and ``score``: the numbers of the pages, as text tables or JSON on standard output.

The JSON has fractions and null where the tables print percent and "–". Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.commands.opening import chosen_normalizer, opened_with_predictions, selected_rows
from evaluator.commands.printing import print_json
from evaluator.commands.warnings import warned
from evaluator.normalizers.registry import Normalizer, normalizer
from evaluator.scoring.metrics import METRICS
from evaluator.scoring.scores import SystemScore, pooled
from evaluator.scoring.word_accuracy import folding
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.corpora.stats import statistics, word_counts
from explorer.formatting import EMPTY, UNDEFINED, count, decimal, hours, percent
from explorer.querying.query import Query
from explorer.vocabulary.word_list import WordList, out_of_vocabulary, read_word_list

SHOWN_PROBLEMS = 20


def stats_report(corpus: Corpus, *, query: Query | None = None, oov: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What ``stats --json`` prints: totals, the alphabet with counts, and the problems (the listed ones).

    With a ``query``, the totals and the alphabet are those of its rows.

    ``oov`` is what ``oov_report`` says, when there is a word list.
    """
    known = statistics(corpus, query)
    return {
        "corpus": corpus.name,
        **_rows_told(corpus, query),
        "utterances": known.utterances,
        "hours": known.hours,
        "unknown_durations": known.unknown_durations,
        "words": known.words,
        "characters": known.characters,
        "vocabulary": known.vocabulary,
        "alphabet": known.alphabet,
        "without_reference": known.without_reference,
        "systems": list(corpus.systems),
        "columns": [column.name for column in corpus.columns],
        "problem_count": corpus.problem_count,
        "problems": [
            {"source": problem.source, "line": problem.line, "field": problem.field, "message": problem.message}
            for problem in corpus.problems
        ],
        **({"oov": dict(oov)} if oov is not None else {}),
    }


def oov_report(
    corpus: Corpus, listed: WordList, name: str | Normalizer, *, query: Query | None = None
) -> dict[str, Any]:
    """How much of the references a word list lacks, both under the normalizer of that name; rates are fractions.

    With a ``query``, the references are those of its rows.

    Raises:
        ConfigError: there is no such normalizer.
    """
    chosen = normalizer(name)
    occurrences: Counter[str] = Counter()
    for written, number in word_counts(corpus, query or Query()).items():
        for word in chosen.words(written):
            occurrences[word] += number
    known = listed.folded(folding(chosen))
    found = out_of_vocabulary(occurrences, known)
    return {
        "word_list": str(listed.path),
        "normalizer": {"name": chosen.name, "version": chosen.version},
        "known_words": len(known),
        "types": found.types,
        "type_rate": found.type_rate,
        "all_types": found.all_types,
        "tokens": found.tokens,
        "token_rate": found.token_rate,
        "all_tokens": found.all_tokens,
    }


def _rows_told(corpus: Corpus, query: Query | None) -> dict[str, str]:
    return {"rows": query.sentence(corpus)} if query is not None and query.selects else {}


def score_report(corpus: Corpus, name: str | Normalizer, *, where: str = "") -> dict[str, Any]:
    """What ``score --json`` prints for the normalizer of that name: counts and fractions for every system.

    Its warnings are said on standard error, too.

    ``where`` is an expression that selects the utterances (explorer/querying/expression.py).

    Raises:
        ConfigError: there is no such normalizer.
        ExpressionError: ``where`` cannot be understood, or does not fit the columns and scores.
    """
    chosen = normalizer(name)
    query = Query(where=where.strip())
    with scored(corpus, chosen, where=where) as laid:
        scores = [one for system in corpus.systems if (one := pooled(laid, query, system)) is not None]
    # What any system has is said of all: null where one has no base for it.
    names = [name for name, metric in METRICS.items() if any(metric.base(one.counts) is not None for one in scores)]
    return {
        "normalizer": {"name": chosen.name, "version": chosen.version},
        "warnings": warned(corpus, chosen),
        **_rows_told(laid, query),
        "systems": {one.system: _system_report(one, names) for one in scores},
    }


def print_stats(
    corpus: Corpus, *, query: Query | None = None, oov: Mapping[str, Any] | None = None, as_json: bool
) -> int:
    """Print what is known about a corpus; the exit code (problems are listed, they are no failure).

    ``oov`` is what ``oov_report`` says, when there is a word list.
    """
    report = stats_report(corpus, query=query, oov=oov)
    if as_json:
        print_json(report)
        return 0
    print(f"{corpus.name}: {', '.join(map(str, corpus.sources))}")
    if "rows" in report:
        print(report["rows"])
    totals = {
        "utterances": count(report["utterances"]),
        "audio": hours(report["hours"]),
        "unknown durations": count(report["unknown_durations"]),
        "words": count(report["words"]),
        "vocabulary": count(report["vocabulary"]),
        **_oov_line(report.get("oov")),
        "without reference": count(report["without_reference"]),
        "systems": ", ".join(report["systems"]) or EMPTY,
        "problems": count(report["problem_count"]),
    }
    _print_table([], [[name, value] for name, value in totals.items()])
    letters = " ".join(f"{_visible(letter)} {number:,}" for letter, number in report["alphabet"].items())
    print(f"\nalphabet ({len(report['alphabet'])}): {letters or EMPTY}")
    if corpus.problem_count:
        print(f"\nproblems ({corpus.problem_count:,}):")
        for problem in corpus.problems[:SHOWN_PROBLEMS]:
            print(f"  {problem}")
        if corpus.problem_count > SHOWN_PROBLEMS:
            print(f"  and {corpus.problem_count - SHOWN_PROBLEMS:,} more; --json lists them")
    return 0


def _oov_line(oov: Mapping[str, Any] | None) -> dict[str, str]:
    if oov is None:
        return {}
    running = f"{percent(oov['token_rate'])} of {count(oov['all_tokens'])} words"
    different = f"{percent(oov['type_rate'])} of {count(oov['all_types'])} different ones"
    used = oov["normalizer"]
    return {"out of vocabulary": f'{running}, {different} (normalizer "{used["name"]}" version {used["version"]})'}


def print_score(corpus: Corpus, *, normalizer: str | Normalizer, where: str = "", as_json: bool) -> int:
    """Print the error rates of every system; the exit code, 1 when there is no system to score."""
    report = score_report(corpus, normalizer, where=where)
    if as_json:
        print_json(report)
    elif report["systems"]:
        used = report["normalizer"]
        print(f'{corpus.name}: {count(corpus.size)} utterances, normalizer "{used["name"]}" version {used["version"]}')
        if "rows" in report:
            print(report["rows"])
        rates = [metric for metric in METRICS.values() if metric.name in next(iter(report["systems"].values()))]
        header = ["system", *(metric.label for metric in rates), "words", "subs", "dels", "ins", "scored", "excluded"]
        _print_table(header, [_score_row(name, one, rates) for name, one in report["systems"].items()])
        print("\n" + "\n".join(f"{metric.label:4} {metric.title}: {metric.help}" for metric in rates))
    if not report["systems"]:
        print(f"earmark: {corpus.name} has no hypotheses to score (fields pred_text, pred_text_NAME)", file=sys.stderr)
        return 1
    return 0


def _system_report(score: SystemScore, names: Sequence[str]) -> dict[str, Any]:
    counts = score.counts
    return {
        "utterances": score.utterances,
        "scored": score.scored,
        "empty_references": score.empty_references,
        "excluded": dict(score.excluded),
        "words": counts.words.length,
        "hits": counts.words.hits,
        "substitutions": counts.words.substitutions,
        "deletions": counts.words.deletions,
        "insertions": counts.words.insertions,
        "characters": counts.characters,
        "character_errors": counts.character_errors,
        "vocabulary": counts.vocabulary,
        **{name: METRICS[name].value(counts) for name in names},
    }


def _score_row(name: str, report: dict[str, Any], rates: Sequence[Any]) -> list[str]:
    printed = {"percent": percent, "decimal": decimal}
    values = [printed[metric.style](report[metric.name]) for metric in rates]
    reasons = dict(report["excluded"])
    if report["empty_references"]:
        reasons["scored without a rate (empty reference)"] = report["empty_references"]
    excluded = ", ".join(f"{number:,} {reason}" for reason, number in reasons.items())
    counts = [count(report[key]) for key in ("words", "substitutions", "deletions", "insertions", "scored")]
    return [name, *(EMPTY if value == UNDEFINED else value for value in values), *counts, excluded or "0"]


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be: the first to the left, numbers to the right, words at the end as they are."""
    lines = [list(row) for row in ([header, *rows] if header else rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    last = len(widths) - 1
    for line in lines:
        cells = [
            cell.ljust(widths[place]) if place == 0 else cell if place == last else cell.rjust(widths[place])
            for place, cell in enumerate(line)
        ]
        print("  ".join(cells).rstrip())


def _visible(letter: str) -> str:
    return letter if letter.isprintable() and letter != " " else "space" if letter == " " else f"U+{ord(letter):04X}"


def run_stats(options: argparse.Namespace) -> int:
    """``app.py stats MANIFEST... [--json]``"""
    corpus, query, config = selected_rows(options)
    oov = None
    if options.vocab is not None:
        words = read_word_list(options.vocab, cache=config.cache.folder)
        oov = oov_report(corpus, words, chosen_normalizer(options, config), query=query)
    return print_stats(corpus, query=query, oov=oov, as_json=options.json)


def run_score(options: argparse.Namespace) -> int:
    """``app.py score MANIFEST... [--json] [--normalizer NAME] [--predictions NAME=FILE] [--where FILTER]``"""
    corpus, config = opened_with_predictions(options)
    return print_score(corpus, normalizer=chosen_normalizer(options, config), where=options.where, as_json=options.json)
