"""Metrics: what can be said about a system in one number, computed from counts that were summed before.

A metric is a row of METRICS: it explains itself, and turns SystemCounts into a value and the base it was divided by.
Conventions: rates are fractions (0.077 is shown as 7.7 %); a value is None when its base is zero or unknown.

- WER, CER and the three rates of errors: errors divided by the words (CER: characters) of the reference, pooled over
  utterances. Characters are counted on the normalised text, one space between words included, as in jiwer. Words that a
  system inserts where the reference is empty count as errors, as in jiwer's and sclite's corpus rates.
- Punctuation and capitalization error rates: on texts as they are written, see written.py.
- WMR and MWA: word match rate and mean word accuracy, as in NeMo's Speech Data Explorer.
- RTFx: seconds of audio transcribed in a second of computing, as on the Open ASR leaderboard (pooled, so that
  long files count as much as they last).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from evaluator.scoring.error_rate import ErrorCounts
from explorer.columns import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCounts:
    """What was counted about one system over a set of utterances.

    ``vocabulary`` is the number of distinct reference words and ``word_accuracies`` the sum over them of the share of
    occurrences that were hits; both None when they were not counted. ``punctuation`` counts marks, ``cased_words``
    matched words with letters that have case and ``case_errors`` those of them in another case, on texts as they are
    written (written.py); None when texts carry none. ``audio_seconds`` and ``wall_seconds`` are None where nobody knows
    how long the system took; ``time_told`` says where they come from, or why there are none (comparing/speed.py).
    """

    words: ErrorCounts
    characters: int
    character_errors: int
    vocabulary: int | None = None
    word_accuracies: float | None = None
    punctuation: ErrorCounts | None = None
    cased_words: int | None = None
    case_errors: int | None = None
    audio_seconds: float | None = None
    wall_seconds: float | None = None
    time_told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number about a system: ``value`` of its counts, and the ``base`` it was divided by, in ``base_unit``."""

    name: str
    label: str
    title: str
    help: str
    unit: str
    better: Literal["lower", "higher"]
    style: Style
    base_unit: str
    value: Callable[[SystemCounts], float | None]
    base: Callable[[SystemCounts], float | None]


def _words(counts: SystemCounts) -> float:
    return counts.words.length


def _marks(counts: SystemCounts) -> int | None:
    """All operations on punctuation marks; None where the references have no mark."""
    marks = counts.punctuation
    return marks.length + marks.insertions if marks is not None and marks.length else None


def _ratio(part: float | None, base: float | None) -> float | None:
    return part / base if part is not None and base else None


def _word_rate(
    *,
    name: str,
    label: str,
    title: str,
    help: str,
    part: Callable[[ErrorCounts], int],
    better: Literal["lower", "higher"] = "lower",
) -> Metric:
    """A rate of words: ``part`` of them divided by the words of the reference."""
    return Metric(
        name=name,
        label=label,
        title=title,
        help=help,
        unit="%",
        better=better,
        style="percent",
        base_unit="words",
        value=lambda counts: counts.words.part(part(counts.words)),
        base=_words,
    )


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="wer",
            label="WER",
            title="word error rate",
            help=(
                "Words that were substituted, deleted or inserted, divided by reference words. Can exceed 100 %. "
                "Lower is better."
            ),
            unit="%",
            better="lower",
            style="percent",
            base_unit="words",
            value=lambda counts: counts.words.rate,
            base=_words,
        ),
        Metric(
            name="cer",
            label="CER",
            title="character error rate",
            help=(
                "Character edits divided by reference characters, on the normalised text with one space between words "
                "(spaces count). Can exceed 100 %. Lower is better."
            ),
            unit="%",
            better="lower",
            style="percent",
            base_unit="characters",
            value=lambda counts: _ratio(counts.character_errors, counts.characters),
            base=lambda counts: counts.characters,
        ),
        _word_rate(
            name="substitution_rate",
            label="S",
            title="substitution rate",
            help="Reference words that became another word, divided by reference words. Lower is better.",
            part=lambda words: words.substitutions,
        ),
        _word_rate(
            name="deletion_rate",
            label="D",
            title="deletion rate",
            help="Reference words that the system left out, divided by reference words. Lower is better.",
            part=lambda words: words.deletions,
        ),
        _word_rate(
            name="insertion_rate",
            label="I",
            title="insertion rate",
            help="Words that the system added, divided by reference words. Can exceed 100 %. Lower is better.",
            part=lambda words: words.insertions,
        ),
        _word_rate(
            name="wmr",
            label="WMR",
            title="word match rate",
            help=(
                "Reference words that were recognized, divided by reference words; insertions do not count. "
                "Higher is better."
            ),
            better="higher",
            part=lambda words: words.hits,
        ),
        Metric(
            name="mwa",
            label="MWA",
            title="mean word accuracy",
            help=(
                "For each distinct reference word the share of its occurrences that were recognized, averaged over the "
                "vocabulary: rare words weigh as much as frequent ones. Higher is better."
            ),
            unit="%",
            better="higher",
            style="percent",
            base_unit="distinct words",
            value=lambda counts: _ratio(counts.word_accuracies, counts.vocabulary),
            base=lambda counts: counts.vocabulary,
        ),
        Metric(
            name="punctuation_error_rate",
            label="Punct",
            title="punctuation error rate",
            help=(
                "Punctuation marks that were substituted, left out or added, divided by all that were matched, "
                "substituted, left out or added; on texts as written, whatever the normalizer. Lower is better."
            ),
            unit="%",
            better="lower",
            style="percent",
            base_unit="marks matched, substituted, left out or added",
            value=lambda counts: _ratio(counts.punctuation.errors if counts.punctuation else None, _marks(counts)),
            base=lambda counts: _marks(counts),
        ),
        Metric(
            name="capitalization_error_rate",
            label="Case",
            title="capitalization error rate",
            help=(
                "Recognized words that were written with other capitals than the reference's, divided by recognized "
                "words; on texts as they are written, whatever the normalizer. Lower is better."
            ),
            unit="%",
            better="lower",
            style="percent",
            base_unit="recognized words",
            value=lambda counts: _ratio(counts.case_errors, counts.cased_words),
            base=lambda counts: counts.cased_words or None,
        ),
        Metric(
            name="rtfx",
            label="RTFx",
            title="inverse real-time factor",
            help=(
                "Seconds of audio transcribed in one second of computing. Known for runs made here, and for systems "
                "whose files tell the time of every utterance that was scored. Higher is better."
            ),
            unit="x",
            better="higher",
            style="decimal",
            base_unit="seconds of computing",
            value=lambda counts: _ratio(counts.audio_seconds, counts.wall_seconds),
            base=lambda counts: counts.wall_seconds,
        ),
    )
}
