"""``app.py apply``: a recipe over manifests, without a browser; what each rule did, and the new manifest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.commands.opening import opened
from evaluator.commands.printing import print_json
from evaluator.measuring.measure_overlays import MeasureOverlays
from evaluator.normalizers.registry import normalizer, registry
from evaluator.review.applying import Applied, apply_recipe
from evaluator.review.recipe import read_recipe
from evaluator.review.rewriting import Rewritten, paths_note, rewrite
from evaluator.runs.run_overlays import RunOverlays
from evaluator.runs.run_store import RunStore
from evaluator.workspace import Workspace
from explorer.errors import ConfigError
from explorer.formatting import count, hours
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.config import Config
    from explorer.corpora.corpus import Corpus


def apply_manifest(corpus: Corpus, config: Config, recipe_path: Path, output: Path, *, as_json: bool) -> int:
    """Apply the recipe and write the manifest; the exit code is 1 when lines that are no utterances were left out.

    What runs of the workspace measured and recognized about the manifest can be filtered by, as on the pages.

    Raises:
        ConfigError: the recipe cannot be understood, or the output not be written.
    """
    output = output.expanduser().absolute()
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it, or write {output.name} elsewhere.")
    if any(source.resolve() == output.resolve() for source in corpus.sources):
        raise ConfigError(f"{output} is what the corpus is read from; choose another place.")
    recipe = read_recipe(recipe_path)
    chosen = normalizer(config.normalizer, registry(config.normalizers))
    runs = RunStore(Workspace(config.workspace).runs)
    laid = MeasureOverlays(runs, config.cache.folder / "measures").lay(corpus)
    laid = RunOverlays(runs, config.cache.folder / "runs").lay(laid)
    applied, changes = apply_recipe(laid, recipe, chosen)
    told = rewrite(corpus, Query(), changes, output)
    if as_json:
        print_json(_report(applied, told))
    else:
        _print(applied)
    parts = [f"{told.rows:,} utterances written, {told.changed:,} of them changed, {told.left_out:,} left out"]
    parts += [f"{told.no_utterances:,} lines that are no utterances left out"] if told.no_utterances else []
    print(f"{recipe_path}: {'; '.join(parts)}. Written to {output}.", file=sys.stderr)
    if note := paths_note(corpus, output):
        print(note, file=sys.stderr)
    return 1 if told.no_utterances else 0


def _print(applied: list[Applied]) -> None:
    header = ["rule", "rows", "settled before", "changed", "audio", "action"]
    rows = [
        [
            one.rule.name, count(one.matched), count(one.settled), count(one.changed), hours(one.seconds / 3600),
            one.rule.told,
        ]
        for one in applied
    ]  # fmt: skip
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        print("  ".join([*cells, row[-1]]))


def _report(applied: list[Applied], told: Rewritten) -> dict[str, object]:
    rules = [
        {
            "rule": one.rule.name, "where": one.rule.where, "action": one.rule.told, "rows": one.matched,
            "settled_before": one.settled, "changed": one.changed, "audio_seconds": round(one.seconds, 3),
        }
        for one in applied
    ]  # fmt: skip
    totals = {name: getattr(told, name) for name in ("rows", "changed", "left_out", "no_utterances")}
    return {"rules": rules, **totals}


def run(options: argparse.Namespace) -> int:
    """``app.py apply RECIPE MANIFEST... -o OUT.json``"""
    corpus, config = opened(options)
    return apply_manifest(corpus, config, options.recipe, options.output, as_json=options.json)
