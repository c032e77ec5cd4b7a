"""The command ``export``: the selected rows of a corpus in another format."""

from __future__ import annotations

import argparse

from evaluator.commands.opening import selected_rows
from explorer.export_command import export_corpus


def run(options: argparse.Namespace) -> int:
    """``app.py export MANIFEST... --to FORMAT -o OUT``"""
    corpus, query, config = selected_rows(options)
    wanted = {"format": options.to, "system": options.system, "columns": options.fields}
    wanted["formulas"] = config.csv.formulas
    return export_corpus(corpus, query, options.output, **wanted)
