"""The command ``normalizers``: raw against normalized rates of every system, and what each rule contributed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from evaluator.commands.opening import chosen_normalizer, opened_with_predictions
from evaluator.commands.printing import print_json
from evaluator.comparing.contribution_report import as_text, report
from evaluator.comparing.contributions import read_contributions, write_contributions
from evaluator.normalizers.lost_letters import lost_letters
from evaluator.normalizers.registry import Normalizer
from evaluator.selection import selected
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query

TELL_ROWS = 100_000


def print_contributions(corpus: Corpus, chosen: Normalizer, *, query: Query | None = None, as_json: bool) -> int:
    """Measure and print, on the rows of a query; the exit code, 1 when there is no system to score."""
    if not corpus.systems:
        print(f"earmark: {corpus.name} has no hypotheses to score (fields pred_text, pred_text_NAME)", file=sys.stderr)
        return 1
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if corpus.size >= TELL_ROWS and done - told >= TELL_ROWS:
            told = done
            print(f"measured {done:,} of {corpus.size:,} utterances", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="earmark-rules-") as folder:
        files = {system: Path(folder) / f"{place}.rules" for place, system in enumerate(corpus.systems)}
        batches = corpus.batches(["reference", *(f"hypothesis_{system}" for system in files)], query)
        write_contributions(batches, chosen, files, progress=tell)
        found = [read_contributions(system, path, chosen) for system, path in files.items()]
    lost = lost_letters(corpus, chosen)
    if as_json:
        print_json(report(chosen, found, lost))
    else:
        print(f"{corpus.name}: {as_text(chosen, found, lost)}")
    return 0


def run(options: argparse.Namespace) -> int:
    """``app.py normalizers MANIFEST... [--normalizer NAME] [--where FILTER] [--json]``"""
    whole, config = opened_with_predictions(options)
    chosen = chosen_normalizer(options, config)
    corpus, query = selected(whole, options.where, chosen)
    return print_contributions(corpus, chosen, query=query, as_json=options.json)
