"""What whoever reads rates on the command line must be told: a normalizer that takes letters out of the references.

It is said on standard error, and stands as ``warnings`` in JSON; the pages show the same sentences.
"""

from __future__ import annotations

import sys

from evaluator.normalizers.lost_letters import lost_letters
from evaluator.normalizers.registry import Normalizer
from explorer.corpora.corpus import Corpus


def warned(corpus: Corpus, chosen: Normalizer) -> list[str]:
    """The sentences, a script each, once they were said."""
    told = [lost.sentence(chosen) for lost in lost_letters(corpus, chosen)]
    for sentence in told:
        print(f"earmark: warning: {sentence}", file=sys.stderr)
    return told
