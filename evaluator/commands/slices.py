"""The command ``slices``: error rates on parts of a test set, as tables or JSON on standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from evaluator.commands.opening import chosen_normalizer, opened
from evaluator.commands.printing import print_json
from evaluator.commands.warnings import warned
from evaluator.comparing.comparison import Means
from evaluator.comparing.slices import Slices, sliced
from evaluator.comparing.slices_report import as_csv, as_text, report
from evaluator.comparing.slots import Slot, configured, parsed
from evaluator.normalizers.registry import Normalizer, normalizer
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError
from explorer.querying.query import Query

TOLD_ROWS = 20_000


def print_slices(
    corpus: Corpus,
    where: str,
    *,
    by: Sequence[str],
    slots: Mapping[str, Any],
    normalizer_name: str | Normalizer,
    systems: Sequence[str],
    baseline: str | None,
    blocks: str | None,
    form: str,
    means: Means | None = None,
) -> int:
    """Print the slices that ``by`` names, or without any those of the configuration, as text, json or csv.

    Raises:
        ConfigError: there is nothing to slice, or nothing to slice by.
        QueryError: a system or column does not exist, or a slot does not fit its column.
    """
    chosen = normalizer(normalizer_name)
    wanted: tuple[Slot, ...] = tuple(map(parsed, by)) or configured(slots)
    if not wanted:
        raise ConfigError("there is nothing to slice by: name a column (--by speaker --by 'duration:2,5,10'), or slots")
    if not corpus.systems:
        raise ConfigError(f'"{corpus.name}" has no hypotheses to score (fields pred_text, pred_text_NAME).')

    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        if corpus.size >= TOLD_ROWS and told != (told := 100 * done // total):
            print(f"counted {told} %", file=sys.stderr, flush=True)

    with scored(corpus, chosen, where=where) as laid:
        query = Query(where=where.strip())
        found: list[Slices] = []
        for slot in wanted:
            whole = found[0].whole if found else None
            asked = partial(sliced, laid, query, slot, systems=systems, baseline=baseline or "", blocks=blocks)
            found.append(asked(means=means, whole=whole, progress=tell))
    lost = warned(corpus, chosen)
    if form == "json":
        print_json(report(found) | {"warnings": lost})
    elif form == "csv":
        print(as_csv(found), end="")
    else:
        print(as_text(found))
    return 0


def run(options: argparse.Namespace) -> int:
    """``app.py slices MANIFEST... --by COLUMN[:EDGES]``"""
    corpus, config = opened(options)
    return print_slices(
        corpus,
        options.where,
        by=options.by,
        slots=config.slots,
        normalizer_name=chosen_normalizer(options, config),
        systems=options.systems,
        baseline=options.baseline,
        blocks=options.resample,
        form=options.form,
        means=Means(folder=config.cache.folder / "comparisons"),
    )
