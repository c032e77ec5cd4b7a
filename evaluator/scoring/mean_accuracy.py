"""Mean word accuracy of any rows: how often each word of their references occurs, and how often a system missed it.

The words of the references are numbered once; together with the places of a system's errors that gives its hits of
every word without aligning anything again. NeMo's Speech Data Explorer defines the mean: hits / occurrences of each
distinct reference word, averaged over the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring import kept_arrays
from evaluator.scoring.alignment_batches import word_counts
from evaluator.scoring.counting import NORMALIZED, normalised
from evaluator.scoring.score_table import Marks
from explorer.corpora.corpus import Corpus
from explorer.querying.query import Query

KEPT = 20
"""Files of words in the folder: five megabytes each for a hundred thousand utterances; the oldest are removed."""


@dataclass(frozen=True, slots=True)
class ReferenceWords:
    """The normalised words of n references one behind the other, as numbers (``codes``, int32) of ``vocabulary`` words;
    those of row i are ``codes[ends[i]:ends[i + 1]]``."""

    codes: np.ndarray
    ends: np.ndarray
    vocabulary: pa.StringArray

    def said(self, chosen: np.ndarray) -> np.ndarray:
        """How often each word of the vocabulary occurs in the rows where ``chosen`` holds."""
        whole = bool(chosen.all())
        return self._counted(self.codes if whole else self.codes[np.repeat(chosen, np.diff(self.ends))])

    def accuracies(self, said: np.ndarray, chosen: np.ndarray, marks: Marks) -> tuple[int, float]:
        """The number of distinct words in the rows where ``chosen`` holds, and the sum of their accuracies under the
        errors ``marks`` of a system, which count from the first row of all; ``said`` is ``said(chosen)``."""
        missed = self.missed(chosen, marks)
        occurring = said > 0
        return int(occurring.sum()), float((1 - missed[occurring] / said[occurring]).sum())

    def missed(self, chosen: np.ndarray, marks: Marks) -> np.ndarray:
        """How often each word of the vocabulary was not recognized in the rows where ``chosen`` holds."""
        wrong = ~marks.inserted & chosen[marks.row]
        return self._counted(self.codes[self.ends[marks.row[wrong]] + marks.place[wrong]])

    def _counted(self, codes: np.ndarray) -> np.ndarray:
        return np.bincount(codes, minlength=len(self.vocabulary))


def reference_words(corpus: Corpus, query: Query, chosen: Normalizer, *, folder: Path | None = None) -> ReferenceWords:
    """The words of the references of a query's rows, in the order of the corpus; a missing reference has none.

    Those of a whole corpus are kept in, and taken from, ``folder``: numbering a million words takes 0.3 s.
    """
    path = None if query.selects else kept_arrays.place(folder, f"words {corpus.content_key} {chosen.tag}")
    found = kept_arrays.read(path, "codes", "ends", "words")
    if found is not None:
        codes, ends, joined = found
        words = joined.tobytes().decode().split("\n") if len(joined) else []
        return ReferenceWords(codes, ends, pa.array(words, pa.string()))
    made = _numbered(corpus, query, chosen)
    written = np.frombuffer("\n".join(made.vocabulary.to_pylist()).encode(), np.uint8)  # no word has white space
    kept_arrays.keep(path, {"codes": made.codes, "ends": made.ends, "words": written}, most=KEPT)
    return made


def _numbered(corpus: Corpus, query: Query, chosen: Normalizer) -> ReferenceWords:
    parts, lengths = [pa.array([], pa.string())], [np.zeros(1, np.int64)]
    # What a slow normalizer made of the texts is there already.
    made = f"{NORMALIZED}reference"
    is_made = any(column.name == made for column in corpus.columns)
    for batch in corpus.batches([made if is_made else "reference"], query):
        texts = batch.column(made) if is_made else normalised(batch.column("reference"), chosen)
        words = pc.split_pattern(texts.fill_null(""), " ").flatten()
        parts.append(words.filter(pc.not_equal(words, "")))
        lengths.append(word_counts(texts).astype(np.int64))
    coded = pa.chunked_array(parts).dictionary_encode().unify_dictionaries().combine_chunks()
    whole = coded if isinstance(coded, pa.DictionaryArray) else pa.concat_arrays(coded.chunks)
    return ReferenceWords(
        whole.indices.to_numpy().astype(np.int32, copy=False), np.cumsum(np.concatenate(lengths)), whole.dictionary
    )
