"""Agreement of people about the same subjects: percent, Krippendorff's alpha, and the WER between their texts.

    percent   pairs of people who say the same / all pairs of people, over the subjects with two or more of them
    alpha     1 - observed disagreement / disagreement expected by chance, for nominal values and any number of people
              and gaps: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), the matrix of coincidences
    WER       errors in both directions / words in both directions, so that neither text is the right one; pooled

None where there is nothing to divide by; alpha is undefined, too, when everybody always says the same one value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, permutations

from evaluator.normalizers.registry import Normalizer
from evaluator.review.opinions import Opinions, Overlapping
from evaluator.scoring.alignment import count_errors
from evaluator.scoring.error_rate import ErrorCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far people agree: ``subjects`` with two or more opinions, their ``pairs``, the ``same`` ones, alpha, and the
    counts between the texts of ``text_pairs``."""

    subjects: int
    pairs: int
    same: int
    alpha: float | None
    text_pairs: int
    between_texts: ErrorCounts

    @property
    def percent(self) -> float | None:
        """The share of pairs that say the same, a fraction."""
        return self.same / self.pairs if self.pairs else None


def agreement(overlap: Overlapping, normalizer: Normalizer) -> Agreement:
    """The agreement about decisions and texts; texts are compared as the normalizer makes them."""
    units = [list(people.values()) for people in overlap.decisions.values() if len(people) > 1]
    pairs = [pair for unit in units for pair in combinations(unit, 2)]
    counts, text_pairs = between_texts(overlap.texts, normalizer)
    return Agreement(
        subjects=len(units),
        pairs=len(pairs),
        same=sum(one == other for one, other in pairs),
        alpha=alpha(overlap.decisions),
        text_pairs=text_pairs,
        between_texts=counts,
    )


def alpha(opinions: Opinions) -> float | None:
    """Krippendorff's alpha for nominal values; 1 is perfect, 0 is what chance gives, None is undefined."""
    coincidences: Counter[tuple[str, str]] = Counter()
    for people in opinions.values():
        values = list(people.values())
        for one, other in permutations(values, 2):
            coincidences[one, other] += 1 / (len(values) - 1)  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (one, _), weight in coincidences.items():
        totals[one] += weight
    number = sum(totals.values())
    expected = number**2 - sum(total**2 for total in totals.values())
    if expected == 0:
        return None
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    return 1 - (number - 1) * observed / expected


def between_texts(texts: Opinions, normalizer: Normalizer) -> tuple[ErrorCounts, int]:
    """The word errors between all pairs of people's texts, each pair in both directions; and the number of pairs."""
    counts, pairs = ErrorCounts.zero(), 0
    for people in texts.values():
        words = [normalizer.words(text) for text in people.values()]
        for one, other in combinations(words, 2):
            counts += count_errors(one, other) + count_errors(other, one)
            pairs += 1
    return counts, pairs
