"""Score columns: how scores look as columns beside a corpus, and which scores are laid beside one.

For a system "tiny" they are wer_tiny and cer_tiny (fractions, missing where the reference is empty), and, hidden at
first, scoring_tiny (how the utterance was scored) and the counts hits_tiny, substitutions_tiny and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator.normalizers.registry import Normalizer
from evaluator.scoring.counting import EMPTY_REFERENCE, NORMALIZED, RATES, SCORED, columns_of
from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import QueryError
from explorer.querying.conditions import nearest

LOWER = ("substitutions", "deletions", "insertions", "errors", "character_errors")
PREFIX = "score:"
LONGEST_NAME = 80
_HELP = {
    "hits": "Reference words that {system} recognized.",
    "substitutions": "Reference words that {system} took for another word.",
    "deletions": "Reference words that {system} left out.",
    "insertions": "Words that {system} added.",
    "errors": "Words that {system} substituted, left out and added.",
    "character_errors": "Character edits between the reference and what {system} recognized.",
    "reference_words": "Words of the reference as {system} was scored on it.",
    "reference_characters": "Characters of the reference as {system} was scored on it, spaces between words included.",
}


@dataclass(frozen=True, slots=True)
class ScoreOverlay(Overlay):
    """Scores, or normalised texts, laid beside a corpus, with the normalizer they were made under."""

    normalizer: Normalizer


def overlay_name(chosen: Normalizer, system: str) -> str:
    """The name of the overlay with a system's scores."""
    return f"{PREFIX}{chosen.tag}:{system}"


def texts_overlay(chosen: Normalizer, column: str, path: Path) -> ScoreOverlay:
    """What a normalizer that goes over whole texts made of a text column, as a hidden column beside it."""
    system = column.removeprefix("hypothesis_") if column.startswith("hypothesis_") else None
    told = Column(
        name=f"{NORMALIZED}{column}",
        label=f"{system or 'Reference'} normalized",
        kind="text",
        help=f"What the normalizer {chosen.printed} makes of {f'what {system} heard' if system else 'the reference'}.",
        origin="score",
        system=system,
        hidden=True,
    )
    return ScoreOverlay(f"texts:{chosen.tag}:{column}", path, (told,), chosen)


def score_overlay(corpus: Corpus, system: str) -> Overlay | None:
    """The scores of a system that are laid beside the corpus; None when none are."""
    laid = (overlay for overlay in corpus.overlays if overlay.name.startswith(PREFIX))
    return next((overlay for overlay in laid if overlay.name.split(":", 2)[2] == system), None)


def unknown_system(name: str, known: Sequence[str]) -> QueryError:
    """Nobody of that name was scored; the sentence says who could have been meant, or who was."""
    meant = nearest(name, known) or f"; there are {', '.join(known) or 'none'}"
    return QueryError(f'no system "{name[:LONGEST_NAME]}" is scored here{meant}')


def scored_systems(corpus: Corpus) -> tuple[str, ...]:
    """The systems whose scores are laid beside the corpus."""
    return tuple(system for system in corpus.systems if score_overlay(corpus, system) is not None)


def normalizer_of(corpus: Corpus) -> Normalizer | None:
    """The normalizer whose scores are laid beside the corpus; None when none are."""
    return next((overlay.normalizer for overlay in corpus.overlays if isinstance(overlay, ScoreOverlay)), None)


def columns(system: str, chosen: Normalizer) -> tuple[Column, ...]:
    """The columns of a system's scores, as they explain themselves."""
    under = f'Texts go through the normalizer "{chosen.name}" (version {chosen.version}) first.'
    told = {
        "scoring": (
            f'How {system} was scored here: "{SCORED}", "{EMPTY_REFERENCE}" (no rate, insertions count), or why not.'
        ),
        "wer": (
            f"Word error rate of {system}: words substituted, deleted and inserted, divided by reference words; "
            f"undefined for an empty reference. {under} Lower is better."
        ),
        "cer": (
            f"Character error rate of {system}: character edits divided by reference characters, with one space "
            f"between words; undefined for an empty reference. {under} Lower is better."
        ),
        **{name: f"{help.format(system=system)} {under}" for name, help in _HELP.items()},
    }

    def column(name: str) -> Column:
        kind = name.removesuffix(f"_{system}")
        rate = kind in RATES
        return Column(
            name=name,
            label=f"{kind.upper() if rate else kind.replace('_', ' ').capitalize()} {system}",
            kind="text" if kind == "scoring" else "number",
            help=told[kind],
            style="percent" if rate else "text" if kind == "scoring" else "integer",
            unit="%" if rate else "",
            origin="score",
            better="lower" if rate or kind in LOWER else None,
            system=system,
            hidden=not rate,
        )

    return tuple(sorted(map(column, columns_of(system)), key=lambda one: one.hidden))
