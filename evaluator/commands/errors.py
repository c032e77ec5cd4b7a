"""The command ``errors``: confusion pairs, deletions and insertions of a system, and what changed with another one."""

from __future__ import annotations

import argparse
from pathlib import Path

from evaluator.commands.opening import chosen_normalizer, opened_with_predictions
from evaluator.commands.printing import print_json
from evaluator.commands.warnings import warned
from evaluator.comparing.confusions import confusions
from evaluator.comparing.confusions_report import as_csv, as_text, report
from evaluator.normalizers.registry import Normalizer, normalizer
from evaluator.scoring.score_columns import scored_systems, unknown_system
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.errors import ConfigError, QueryError
from explorer.querying.query import Query


def print_errors(
    corpus: Corpus,
    where: str,
    *,
    system: str | None,
    against: str | None,
    normalizer_name: str | Normalizer,
    top: int,
    form: str,
    scores: Path | None = None,
) -> int:
    """Print the ``top`` edits of each kind as text, json or csv: of ``system`` (none named: the first), and with
    ``against`` how many there are with both, those that changed most first.

    Scores and edits are kept in the folder ``scores``, so that the next command finds them.

    Raises:
        ConfigError: there is nothing to list, or the normalizer does not exist.
        QueryError: a system or column does not exist.
    """
    chosen = normalizer(normalizer_name)
    if not corpus.systems:
        raise ConfigError(f'"{corpus.name}" has no hypotheses to score (fields pred_text, pred_text_NAME).')
    if top < 1:
        raise ConfigError(f"--top is {top}, expected a number from 1 on.")
    systems = [system or corpus.systems[0], *([against] if against else [])]
    for name in systems:
        if name not in corpus.systems:
            raise unknown_system(name, corpus.systems)
    if len(systems) != len(set(systems)):
        raise ConfigError(f"{systems[0]} is compared with itself; name another system with --against.")
    with scored(corpus, chosen, where=where, folder=scores, edits=systems) as laid:
        missing = [name for name in systems if name not in scored_systems(laid)]
        if missing:
            raise QueryError(f"{', '.join(missing)} could not be scored")
        found = confusions(laid, Query(where=where.strip()), systems)
    lost = warned(corpus, chosen)
    if form == "json":
        document = report(found, chosen, top=top) | {"warnings": lost}
        print_json(document)
    elif form == "csv":
        print(as_csv(found, top=top), end="")
    else:
        print(as_text(found, chosen, top=top))
    return 0


def run(options: argparse.Namespace) -> int:
    """``app.py errors MANIFEST... --system SYS [--against SYS] [--top N]``"""
    corpus, config = opened_with_predictions(options)
    return print_errors(
        corpus,
        options.where,
        system=options.system,
        against=options.against,
        normalizer_name=chosen_normalizer(options, config),
        top=options.top,
        form=options.form,
        scores=config.cache.folder / "scores",
    )
