"""The rows a command is about: ``--where`` over a corpus's own columns, or over its scores when it names one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from evaluator.normalizers.registry import Normalizer, normalizer
from evaluator.scoring.edit_store import EditStore
from evaluator.scoring.edits import column_name
from evaluator.scoring.score_columns import scored_systems
from evaluator.scoring.scores import ScoreStore
from evaluator.scoring.written_store import WrittenStore
from evaluator.suspicion.columns import SCORE
from evaluator.suspicion.ranking import Choice
from evaluator.suspicion.store import SuspicionStore
from explorer.corpora.corpus import Corpus
from explorer.errors import ExpressionError
from explorer.querying.query import Query

TELL_ROWS = 100_000


def selected(corpus: Corpus, where: str, name: str | Normalizer) -> tuple[Corpus, Query]:
    """The query of an expression, and the corpus with what it asks for: scores under the normalizer of that name.

    Raises:
        ExpressionError: the expression cannot be understood, or names a column that not even the scores have.
        ConfigError: there is no such normalizer.
    """
    query = Query(where=where.strip())
    try:
        corpus.extent(query)
    except ExpressionError:
        if not corpus.systems and SCORE not in where:
            raise
        with scored(corpus, name, where=where) as corpus:
            corpus.extent(query)
    return corpus, query


@contextmanager
def scored(
    corpus: Corpus,
    name: str | Normalizer,
    *,
    where: str = "",
    folder: Path | None = None,
    edits: Sequence[str] = (),
) -> Iterator[Corpus]:
    """The corpus with the scores of all its systems beside it, computed now; progress goes to standard error.

    The edits come, too, of the systems that ``edits`` names, and of those whose edits the expression ``where`` names,
    and suspicion, if it names that.

    Scores that are in ``folder`` are taken from there, new ones are kept in it. Without a folder they are temporary:
    the columns outlive the context, what is counted over whole words (``word_accuracies``) does not.
    """
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earmark-scores-")))
        store, chosen = ScoreStore(place, at_once=corpus.size + 1), normalizer(name)
        missing = [system for system in corpus.systems if store.overlay(corpus, system, chosen) is None]
        if missing:
            store.compute(corpus, missing, chosen, progress=_teller(corpus.size))
        kept = place.with_name("written") if folder else place / "written"
        written = stack.enter_context(closing(WrittenStore(kept, at_once=(corpus.size + 1) * len(corpus.systems))))
        laid = written.lay(store.lay(corpus, chosen))
        named = [system for system in scored_systems(laid) if system in edits or column_name(system) in where]
        store_of_edits = stack.enter_context(closing(EditStore()))
        laid = store_of_edits.with_edits(laid, named, _silent) if named else laid
        yield _suspected(laid, place / "suspicion", chosen) if SCORE in where else laid


def _suspected(corpus: Corpus, folder: Path, chosen: Normalizer) -> Corpus:
    """The corpus with its suspicion under the usual weights."""
    store = SuspicionStore(folder, fallback=chosen, at_once=corpus.size + 1)
    return store.lay(corpus, Choice())


def _silent(_done: int, _total: int) -> None:
    """Nobody is told: aligning takes no longer than scoring did."""


def _teller(total: int) -> Callable[[int], None]:
    """Progress on standard error, for corpora that take a while."""
    told = [0]

    def tell(done: int) -> None:
        if total >= TELL_ROWS and done - told[0] >= TELL_ROWS:
            told[0] = done
            print(f"scored {done:,} of {total:,} utterances", file=sys.stderr, flush=True)

    return tell
