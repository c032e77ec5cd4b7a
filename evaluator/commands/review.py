"""``app.py review``: what people said about manifests, in and out without a browser."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.commands.opening import chosen_normalizer, opened
from evaluator.ledger import Ledger, open_ledger
from evaluator.review.assigned import AssignedOverlays
from evaluator.review.assignments import Plan, keep_plan, read_fraction, read_people
from evaluator.review.exporting import REVIEW_EXPORTS, Rejected, export_review
from evaluator.review.importing import import_review
from evaluator.review.overlays import ReviewOverlays
from evaluator.review.rewriting import paths_note
from evaluator.review.splitting import decided_ids, outlook
from evaluator.selection import selected
from explorer.errors import ConfigError
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

LISTED = 20  # conflicts printed


def run_export(
    corpus: Corpus, ledger: Ledger, query: Query, output: Path | None, *, kind: str, rejected: Rejected
) -> int:
    """Write an export; the exit code is 1 when edits could not be applied.

    Raises:
        ConfigError: no output is named, or it is a source of the corpus.
    """
    if output is None:
        raise ConfigError("Name the file to write with -o.")
    output = output.expanduser().absolute()
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it, or write {output.name} elsewhere.")
    if any(source.resolve() == output.resolve() for source in corpus.sources):
        raise ConfigError(f"{output} is what the corpus is read from; choose another place.")
    written = export_review(corpus, ledger, query, output, kind=kind, rejected=rejected)
    print(f"{REVIEW_EXPORTS[kind].title}: {written.sentence}. Written to {output}.", file=sys.stderr)
    if kind == "manifest" and (note := paths_note(corpus, output)):
        print(note, file=sys.stderr)
    if kind == "manifest" and written.not_applied:
        _list_conflicts(corpus, ledger)
    return 1 if kind == "manifest" and written.not_applied else 0


def run_import(corpus: Corpus, ledger: Ledger, path: Path | None, *, who: str | None, cache: Path) -> int:
    """Read an export; the exit code is 1 when some of it is about no row here.

    Raises:
        ConfigError: no file is named.
    """
    if path is None:
        raise ConfigError("Name the export to read with --from.")
    told = import_review(corpus, ledger, path, who=who or "import", cache=cache)
    print(f"{path}: {told.sentence()}.", file=sys.stderr)
    return 1 if told.no_row or told.older else 0


def run_assign(corpus: Corpus, ledger: Ledger, people: str | None, overlap: str | None, *, who: str | None) -> int:
    """Split the corpus among people, or, without any, no longer.

    Raises:
        BadEdit: names or overlap make no sense.
    """
    names = read_people(people or "")
    plan = Plan(people=names, overlap=read_fraction(overlap or "0")) if names else None
    if told := outlook(decided_ids(corpus, ledger) if ledger.begun else [], plan):
        print(told, file=sys.stderr)
    keep_plan(ledger, corpus.name, plan, who=who or "command line")
    if plan is None:
        print(f"{corpus.name} is no longer split.", file=sys.stderr)
        return 0
    ids = [id for id, _ in corpus.listed(corpus.rows(Query()), ("audio",))]
    for name in plan.people:
        print(f"{name}: {int(plan.share(name, ids).sum()):,} utterances")
    return 0


def _list_conflicts(corpus: Corpus, ledger: Ledger) -> None:
    """Print the first conflicts with the lines of the manifest."""
    from evaluator.review.corrections import corrections

    said = corrections(corpus, ledger)
    for one in said.conflicts[:LISTED]:
        print(f"not applied: {one.source}:{one.line}: {one.problem}", file=sys.stderr)
    for lost in said.gone[:LISTED]:
        place = f"{lost.seen.audio} at {lost.seen.offset:.2f} s" if lost.seen else lost.id
        maybe = f"; perhaps {', '.join(lost.alike)}" if lost.alike else ""
        print(f"not applied: {place} is no row of {corpus.name} any more{maybe}", file=sys.stderr)
    more = len(said.conflicts) + len(said.gone) - min(len(said.conflicts), LISTED) - min(len(said.gone), LISTED)
    if more:
        print(f"... and {more:,} more", file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """``app.py review export|import|assign MANIFEST...``"""
    corpus, config = opened(options)
    if options.corpus:
        corpus = replace(corpus, name=options.corpus)
    with closing(open_ledger(config)) as ledger:
        if options.action == "import":
            return run_import(corpus, ledger, options.export, who=options.who, cache=config.cache.folder)
        if options.action == "assign":
            return run_assign(corpus, ledger, options.people, options.overlap, who=options.who)
        cache = config.cache.folder / "reviews"
        reviewed = ReviewOverlays(ledger, cache).lay(AssignedOverlays(ledger, cache).lay(corpus))
        corpus, query = selected(reviewed, options.where, chosen_normalizer(options, config))
        return run_export(corpus, ledger, query, options.output, kind=options.what, rejected=options.rejected)
