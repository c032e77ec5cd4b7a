"""Word accuracies: what scoring counted for every reference word, handed to the vocabulary page.

Nothing is aligned again: evaluator/scoring/counting.py has written occurrences and hits beside the scores of each
system, and the mean of their quotients is the MWA of metrics.py. A normalizer is, for the vocabulary, the Folding of
its name.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from evaluator.normalizers.registry import NORMALIZERS, Normalizer
from evaluator.scoring.counting import NORMALIZED, words_path
from evaluator.scoring.score_columns import score_overlay, scored_systems
from explorer.corpora.corpus import Corpus
from explorer.vocabulary.word_listing import WordAccuracy
from explorer.vocabulary.words import Folding


def folding(chosen: Normalizer) -> Folding:
    """The normalizer as a way to fold words; the one that leaves texts as they are folds nothing."""
    return Folding(
        name=chosen.name,
        version=chosen.version,
        help=chosen.help,
        function=None if chosen is NORMALIZERS["none"] else chosen.maker,
        argument=chosen.rules or None,
        prefix="" if chosen.by_word else NORMALIZED,
    )


def word_accuracies(corpus: Corpus) -> tuple[WordAccuracy, ...]:
    """Occurrences and hits of every reference word for each system whose scores are laid beside the corpus.

    A system whose counts have been swept away since is left out.
    """
    found = []
    for system in scored_systems(corpus):
        laid = score_overlay(corpus, system)
        if laid is None:
            continue
        path = words_path(laid.path)
        if path.exists():
            found.append(WordAccuracy(system=system, words=_words(path), version=str(path)))
    return tuple(found)


@lru_cache(maxsize=64)
def _words(path: Path) -> pa.Table:
    """The counts of one system; the file's name says everything they depend on, so it never changes."""
    return pyarrow.parquet.read_table(path, columns=["word", "count", "hits"])
