"""Corpora side by side: the same measures of several corpora, how far their distributions drift, and what they share.

Conventions: the first corpus is the one the others are compared with. Distributions are shares of the rows that have a
value, in bins all corpora have in common; drift is measured twice,

- Jensen-Shannon distance of the shares in the drawn bins: the square root of the Jensen-Shannon divergence with
  logarithms to base 2 (J. Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37, 1991;
  D. Endres and J. Schindelin, A new metric for probability distributions, ibid. 49, 2003), as
  scipy.spatial.distance.jensenshannon with base=2: 0 for equal shares, 1 for disjoint ones;
- Kolmogorov-Smirnov statistic of the values themselves: the largest distance of the two cumulative distributions, as
  scipy.stats.ks_2samp: 0 to 1, whatever the bins.

Words are those of a Folding. Out-of-vocabulary rates are of one corpus against the words of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.corpora.stats import round_edges, statistics
from explorer.querying.query import Query
from explorer.vocabulary.word_list import OutOfVocabulary, out_of_vocabulary
from explorer.vocabulary.words import Folding

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

BINS = 40
FEWEST_BINS = 16
COMPARED = ("duration", "words", "word_rate", "character_rate")
"""The columns whose distributions are laid over each other: every corpus has them."""

MOST_SPEAKERS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one corpus amounts to; ``speakers`` is None where the corpus names none."""

    name: str
    utterances: int
    hours: float
    unknown_durations: int
    words: int
    vocabulary: int
    without_reference: int
    speakers: int | None
    problems: int
    systems: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One column's distribution in several corpora: for each a share of its rows with a value in every bin.

    ``drifts`` compares every corpus but the first with the first; None where one of the two has no value.
    """

    column: str
    edges: tuple[float, ...]
    shares: Mapping[str, tuple[float, ...]]
    medians: Mapping[str, float | None]
    missing: Mapping[str, int]
    drifts: Mapping[str, Drift | None]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a distribution is from the first corpus's: both 0 (the same) to 1 (nothing in common)."""

    jensen_shannon: float
    kolmogorov_smirnov: float


@dataclass(frozen=True, slots=True)
class WordOverlap:
    """Two vocabularies: words of both, and of either."""

    both: int
    either: int

    @property
    def jaccard(self) -> float | None:
        """The share of all their words that both have; None when neither has one."""
        return self.both / self.either if self.either else None


def summary(corpus: Corpus, vocabulary: Mapping[str, int]) -> Summary:
    """The numbers of a corpus; ``vocabulary`` are its words with their counts, as ``frequencies`` gives them."""
    known = statistics(corpus)
    speakers = None
    if any(column.name == "speaker" for column in corpus.columns):
        speakers = corpus.counted(Query(), "speaker", 1)[1]
    return Summary(
        name=corpus.name,
        utterances=known.utterances,
        hours=known.hours,
        unknown_durations=known.unknown_durations,
        words=sum(vocabulary.values()),
        vocabulary=len(vocabulary),
        without_reference=known.without_reference,
        speakers=speakers,
        problems=known.problem_count,
        systems=len(corpus.systems),
        complete=corpus.complete,
    )


def frequencies(corpus: Corpus, folding: Folding) -> dict[str, int]:
    """The words of the references under a folding, with their counts."""
    fold = folding.apply()
    found: dict[str, int] = {}
    for written, number in corpus.words(max(1, corpus.counts["vocabulary"])):
        for word in fold(written) if folding.function else (written,):
            found[word] = found.get(word, 0) + number
    return found


def overlay(corpora: Sequence[Corpus], column: str) -> Overlay:
    """The distributions of a number column, in fewer bins where a corpus is small: most bins would be empty.

    Raises:
        QueryError: a corpus does not have the column, or it holds no numbers.
    """
    smallest = min((corpus.size for corpus in corpora), default=0)
    bins = max(FEWEST_BINS, min(BINS, round(2 * smallest**0.5)))
    return overlaid({corpus.name: corpus.numbers(column) for corpus in corpora}, column, bins=bins)


def overlaid(values: Mapping[str, np.ndarray], column: str, *, bins: int = BINS) -> Overlay:
    """The distributions of values by corpus name; see ``overlay``."""
    known = {name: numbers[np.isfinite(numbers)] for name, numbers in values.items()}
    first = next(iter(known))
    edges = common_edges(known.values(), bins)
    shares = {name: _shares(numbers, edges) for name, numbers in known.items()}
    return Overlay(
        column=column,
        edges=tuple(edges.tolist()),
        shares={name: tuple(part.tolist()) for name, part in shares.items()},
        medians={name: float(np.median(numbers)) if numbers.size else None for name, numbers in known.items()},
        missing={name: int(values[name].size - numbers.size) for name, numbers in known.items()},
        drifts={
            name: Drift(jensen_shannon(shares[first], shares[name]), kolmogorov_smirnov(known[first], known[name]))
            if known[first].size and known[name].size
            else None
            for name in known
            if name != first
        },
    )


def common_edges(samples: Iterable[np.ndarray], bins: int) -> np.ndarray:
    """Round edges that hold all values, where most of them are: the last bin reaches to the largest value.

    A single recording of an hour must not press all others into one bin, so the even bins end at the 99.5th percentile.
    """
    present = [sample for sample in samples if sample.size]
    if not present:
        return np.empty(0)
    low = min(float(sample.min()) for sample in present)
    high = max(float(sample.max()) for sample in present)
    most = max(float(np.quantile(sample, 0.995)) for sample in present)
    whole = all(bool(np.all(sample == np.floor(sample))) for sample in present) and high < 2**53
    edges = round_edges(low, most if most > low else high, bins, whole=whole)
    if edges[-1] < high:
        edges = np.append(edges, high)
    return edges


def _shares(numbers: np.ndarray, edges: np.ndarray) -> np.ndarray:
    if not numbers.size:
        return np.zeros(max(0, edges.size - 1))
    counts, _ = np.histogram(numbers, bins=edges)
    return counts / numbers.size


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon distance of two distributions over the same bins, base 2; each is scaled to sum up to 1."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2

    def divergence(part: np.ndarray) -> float:
        some = part > 0
        return float(np.sum(part[some] * np.log2(part[some] / middle[some])))

    return float(np.sqrt(min(1.0, max(0.0, (divergence(p) + divergence(q)) / 2))))


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    """The two-sample Kolmogorov-Smirnov statistic; both samples have values."""
    a, b = np.sort(a), np.sort(b)
    everywhere = np.concatenate([a, b])
    below_a = np.searchsorted(a, everywhere, side="right") / a.size
    below_b = np.searchsorted(b, everywhere, side="right") / b.size
    return float(np.abs(below_a - below_b).max())


def word_overlaps(vocabularies: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], WordOverlap]:
    """How many words every two corpora share, in both orders and with themselves."""
    words = {name: vocabulary.keys() for name, vocabulary in vocabularies.items()}
    found: dict[tuple[str, str], WordOverlap] = {}
    for a in words:
        for b in words:
            if (b, a) in found:
                found[a, b] = found[b, a]
            else:
                both = len(words[a] & words[b])
                found[a, b] = WordOverlap(both, len(words[a]) + len(words[b]) - both)
    return found


def oov_matrix(vocabularies: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], OutOfVocabulary]:
    """For every (corpus, other): how much of the corpus's words the other does not have."""
    return {
        (name, other): out_of_vocabulary(words, vocabularies[other].keys())
        for name, words in vocabularies.items()
        for other in vocabularies
        if name != other
    }


def shared_speakers(corpora: Sequence[Corpus]) -> dict[str, dict[str, int]] | None:
    """The speakers that occur in more than one corpus, with their utterances in each; None when no two name any.

    Speakers are compared as text, so that the number 12 and the text "12" are one.
    """
    named: dict[str, dict[str, int]] = {}
    naming = 0
    for corpus in corpora:
        if not any(column.name == "speaker" for column in corpus.columns):
            continue
        naming += 1
        for value, number in corpus.counted(Query(), "speaker", MOST_SPEAKERS)[0]:
            by_corpus = named.setdefault(str(value), {})
            by_corpus[corpus.name] = by_corpus.get(corpus.name, 0) + number
    if naming < 2:
        return None
    shared = {speaker: found for speaker, found in named.items() if len(found) > 1}
    return dict(sorted(shared.items(), key=lambda entry: (-sum(entry[1].values()), entry[0])))
