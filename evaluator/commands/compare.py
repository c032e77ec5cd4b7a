"""The command ``compare``: systems against a baseline as a table or a document, and a gate for continuous integration.

Exit code 0: no condition holds; 1: one holds or cannot be judged; 2: something cannot be understood.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluator.commands.opening import chosen_normalizer, opened_with_predictions
from evaluator.commands.printing import print_json
from evaluator.commands.warnings import warned
from evaluator.comparing.comparison import Means, compare
from evaluator.comparing.comparison_report import as_junit, as_latex, as_markdown, as_text, report
from evaluator.comparing.gate import judged, parsed
from evaluator.comparing.table_store import TableStore
from evaluator.normalizers.registry import Normalizer, normalizer
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError
from explorer.querying.query import Query

FORMS = ("text", "json", "markdown", "latex", "junit")
TOLD_ROWS = 20_000
TOLD_EVERY = 2_000
NO_MATCH = "The filter matches no utterance."


def print_comparison(
    corpus: Corpus,
    where: str,
    *,
    normalizer_name: str | Normalizer,
    systems: Sequence[str],
    baseline: str | None,
    blocks: str | None,
    conditions: Sequence[str],
    form: str,
    means: Means | None = None,
    scores: Path | None = None,
) -> int:
    """Print the comparison of the utterances that the filter ``where`` selects, in one of FORMS; the exit code.

    Scores are kept in the folder ``scores``, so that the next command finds them.

    Raises:
        ConfigError: a condition or the normalizer does not exist, or there is nothing to compare.
        QueryError: a system or column does not exist.
    """
    gate = [parsed(text) for text in conditions]
    chosen = normalizer(normalizer_name)
    if not corpus.systems:
        raise ConfigError(f'"{corpus.name}" has no hypotheses to compare (fields pred_text, pred_text_NAME).')
    with scored(corpus, chosen, where=where, folder=scores) as laid:

        def tell(done: int, total: int) -> None:
            if corpus.size >= TOLD_ROWS and (done == total or done % TOLD_EVERY == 0):
                print(f"{done:,} of {total:,} resamples", file=sys.stderr, flush=True)

        used = means or Means()
        compared = compare(
            laid,
            Query(where=where),
            systems=systems,
            baseline=baseline or "",
            blocks=blocks,
            means=replace(used, speeds={**used.tables.speeds(laid), **used.speeds}),
            progress=tell,
        )
    if not compared.selected:
        raise ConfigError(NO_MATCH if where.strip() else f'"{corpus.name}" has no utterance.')
    if not compared.common:
        raise ConfigError(
            f'no utterance of "{corpus.name}" was scored for all of {", ".join(compared.lacking)}; '
            "name fewer systems with --system, or add what is missing."
        )
    lost = warned(corpus, chosen)
    verdicts = judged(gate, compared, spared=baseline)
    if form == "json":
        told = [{"condition": v.condition, "system": v.system, "holds": v.holds, "told": v.told} for v in verdicts]
        document = report(compared) | {"warnings": lost} | ({"conditions": told} if gate else {})
        print_json(document)
    elif form == "markdown":
        print(as_markdown(compared, verdicts), end="")
    elif form == "latex":
        print(as_latex(compared), end="")
    elif form == "junit":
        print(as_junit(compared, verdicts), end="")
    else:
        print(as_text(compared, verdicts))
    return 1 if any(one.holds is not False for one in verdicts) else 0


def run(options: argparse.Namespace) -> int:
    """``app.py compare MANIFEST... --baseline SYS [--fail-if CONDITION]``"""
    corpus, config = opened_with_predictions(options)
    return print_comparison(
        corpus,
        options.where,
        normalizer_name=chosen_normalizer(options, config),
        systems=options.systems,
        baseline=options.baseline,
        blocks=options.by,
        conditions=options.conditions,
        form=options.form,
        means=Means(TableStore(folder=config.cache.folder / "words"), config.cache.folder / "comparisons"),
        scores=config.cache.folder / "scores",
    )
