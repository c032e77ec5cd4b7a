"""Nothing written, or nothing heard: an empty reference with speech, or a reference of which nobody hears a word.

With w words on the one side and none on the other, for every system that was compared (w is the least of them):

    strength = trust * (1 - 2 ** -w)

An utterance without a reference, where at least USUAL of the others have one, has the strength trust / 2: it may be a
row that was forgotten. An empty reference that no system was compared with is worth as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.scoring.alignment_batches import word_counts
from evaluator.suspicion.evidence import Batch, Facts, Finding, Signal, hypothesis_columns

USUAL = 0.8
TRUST = 0.9


def _lacking(facts: Facts) -> str:
    return "" if facts.references else "there are no references"


def _observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
    references = batch.words("reference")
    missing = references.is_null().to_numpy(zero_copy_only=False)
    written = word_counts(references)
    # A text of punctuation alone is not empty for whoever wrote it.
    raw = batch.values("reference")
    blank = pc.equal(pc.utf8_trim_whitespace(raw.fill_null("x")), "").to_numpy(zero_copy_only=False)
    heard = np.full((len(facts.systems), len(batch)), -1)
    for number, system in enumerate(facts.systems):
        texts = batch.words(f"hypothesis_{system}")
        heard[number] = np.where(texts.is_null().to_numpy(zero_copy_only=False), -1, word_counts(texts))
    compared = heard >= 0
    most = heard.max(axis=0, initial=-1)
    least = np.where(compared, heard, np.iinfo(np.int32).max).min(axis=0, initial=np.iinfo(np.int32).max)
    some = np.asarray(compared.any(axis=0))
    words = np.where(blank & some, least, np.where(some & (most == 0), written, 0))
    forgotten = (missing & (facts.references >= USUAL * facts.size)) | (blank & ~some)
    strengths = np.where(forgotten, TRUST / 2, TRUST * (1 - np.exp2(-words.astype(np.float64))))
    voices = compared.sum(axis=0)

    def tell(flagged: np.ndarray) -> Iterator[str]:
        for row in flagged.tolist():
            said = f"{words[row]} word{'s' if words[row] > 1 else ''}"
            who = "the system" if voices[row] == 1 else f"all {voices[row]} systems"
            if missing[row]:
                yield f"there is no reference, as there is for {facts.references:,} of {facts.size:,} utterances"
            elif blank[row] and not some[row]:
                yield "the reference is empty"
            elif blank[row]:
                yield f"the reference is empty, and {who} hear{'s' if voices[row] == 1 else ''} {said} or more"
            else:
                yield f"{who} hear{'s' if voices[row] == 1 else ''} nothing at all where the reference has {said}"

    told = Finding.told(strengths, tell)
    return told.observed()


EMPTY = Signal(
    name="empty",
    title="Nothing written or nothing heard",
    help="The reference is empty or missing though others are not, or no system hears a single word of it.",
    unit="words",
    needs="references; better with hypotheses",
    trust=TRUST,
    lacking=_lacking,
    columns=lambda facts: tuple(dict.fromkeys(("reference", *hypothesis_columns(facts)))),
    observe=_observe,
    judge=Finding.as_observed,
)
