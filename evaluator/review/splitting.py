"""Splitting: what becomes of what is decided already when the work is split, told before it is.

Nothing of it is withdrawn: what is one person's is done, and what two people are to decide about stands as it is until
both have decided otherwise.
"""

from __future__ import annotations

from evaluator.ledger import Ledger
from evaluator.review.assignments import Plan
from evaluator.review.corrections import corrections
from evaluator.review.overlap import pairs
from explorer.corpora.corpus import Corpus
from explorer.formatting import counted


def decided_ids(corpus: Corpus, ledger: Ledger) -> list[str]:
    """The utterances that are decided or corrected by now, in row order.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    return [one.id for one in corrections(corpus, ledger).rows if one.decision is not None or one.text is not None]


def outlook(ids: list[str], plan: Plan | None) -> str:
    """What becomes of these decided utterances under a plan, in words; "" when there are none."""
    if not ids:
        return ""
    told = f"{counted(len(ids), 'utterance')} {_is(len(ids))} decided or corrected already and {_stay(len(ids))} so"
    shared = len(pairs(plan, ids))
    if not shared:
        return f"{told}."
    return (
        f"{told}. {shared:,} of them {'becomes' if shared == 1 else 'become'} two people's to decide again, each for "
        "themselves: what was said stands until both have decided otherwise."
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _stay(number: int) -> str:
    return "stays" if number == 1 else "stay"
