"""What is measured of a voice, as columns: every score with its definition, unit, direction, source and known limits.

A score that has no value (the pitch of a whisper, a distance without a reference recording) is None. How they are
computed: meter.py; the two that need a trained model: judges.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from explorer.columns import Column, Style

VERSION = 1
"""Goes up when the same sound would give other values."""


def _column(
    name: str,
    label: str,
    help_text: str,
    *,
    unit: str = "",
    style: Style = "decimal",
    better: Literal["lower", "higher"] | None = None,
) -> Column:
    return Column(
        name=f"voice_{name}",
        label=label,
        kind="number",
        help=help_text,
        style=style,
        unit=unit,
        origin="voice",
        better=better,
    )


VOICE_MEASURES: Mapping[str, Column] = {
    column.name.removeprefix("voice_"): column
    for column in (
        _column(
            "mos",
            "Predicted MOS",
            "What listeners would say from 1 to 5, predicted by DistillMOS (Stahl, Gamper, 2025) from the sound alone."
            " It ranks synthetic voices well, knows nothing of the text, and may be biased by language and noise.",
            better="higher",
        ),
        _column(
            "similarity",
            "Speaker similarity",
            "Cosine between the speaker embeddings (GE2E, Wan et al., 2018; Resemblyzer) of this reading and the"
            " reference recording: 1 is the same voice. Two people of one sex easily reach 0.6.",
            better="higher",
        ),
        _column(
            "mcd",
            "Mel-cepstral distortion",
            "Distance of the spectral envelope from the reference recording after time alignment, in dB (Kubichek,"
            " 1993): 13 mel cepstra without the zeroth, silence at both ends off. Values of other tools that use other"
            " cepstra differ.",
            unit="dB",
            better="lower",
        ),
        _column(
            "f0_rmse",
            "F0 error",
            "Root mean square difference of the pitch from the reference recording's, along the same time alignment,"
            " where both are voiced; 100 cents are a semitone. Another speaker is far away by nature.",
            unit="cents",
            better="lower",
        ),
        _column(
            "duration_ratio",
            "Duration ratio",
            "Length of this reading over that of the reference recording, without silence at both ends.",
        ),
        _column("f0_mean", "F0 mean", "Mean pitch of the voiced frames (pYIN, Mauch and Dixon, 2014).", unit="Hz"),
        _column(
            "f0_range",
            "F0 range",
            "From the 5th to the 95th percentile of the pitch of voiced frames. Small: monotonous.",
            unit="semitones",
        ),
        _column(
            "rate",
            "Speaking rate",
            "Letters and digits of the text per second, from the first sound to the last, pauses included.",
            unit="1/s",
        ),
        _column(
            "silence",
            "Silence ratio",
            "Share of the recording in which nothing sounds: 10 ms frames less than 0.3 of the way, in dB, from noise"
            " floor to peak.",
            style="percent",
            unit="%",
        ),
        _column(
            "loudness",
            "Loudness",
            "Gated loudness of one channel by ITU-R BS.1770-4. Empty for silence.",
            unit="LUFS",
        ),
    )
}
"""The scores by their short names, the most telling first."""

NEED_REFERENCE = ("similarity", "mcd", "f0_rmse", "duration_ratio")
"""Those that compare with a reference recording of the same sentence."""
