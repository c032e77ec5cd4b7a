"""Error counts: what an alignment found, as numbers that add; a rate is divided once, at the end.

Conventions: ``length`` is the number of reference tokens (hits + substitutions + deletions); ``rate`` is errors divided
by length, a fraction that exceeds 1 when there are many insertions, and None when the reference is empty: there is
nothing to divide by, so the insertions are shown as a count. The rate of many utterances is the rate of the sum of
their counts (pooled, as sclite and jiwer report it), never the mean of their rates.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """How often an alignment hit, substituted, deleted (only in the reference) and inserted (only in the hypothesis).

    Raises:
        ValueError: a count is negative.
    """

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    def __post_init__(self) -> None:
        if self.hits < 0 or self.substitutions < 0 or self.deletions < 0 or self.insertions < 0:
            raise ValueError(f"Counts cannot be negative: {self}.")

    @classmethod
    def zero(cls) -> ErrorCounts:
        """Nothing counted yet: the start of a sum."""
        return cls(0, 0, 0, 0)

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def length(self) -> int:
        """Tokens in the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def hypothesis_length(self) -> int:
        """Tokens in the hypothesis."""
        return self.hits + self.substitutions + self.insertions

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions together: the edit distance."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors divided by reference tokens (a fraction); None when the reference is empty."""
        return self.part(self.errors)

    def part(self, count: int) -> float | None:
        """``count`` divided by reference tokens (a fraction); None when the reference is empty."""
        return count / self.length if self.length else None
