"""What is measured of a sound, as columns: every measure with its definition, unit and direction; facts of the file.

A measure that has no value (the level of digital silence) is None. The samples are measured in signal_meter.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from explorer.columns import Column, Kind, Style
from explorer.sound.audio import AudioInfo

VERSION = 1
"""Goes up when the same sound would give other values: what was measured before is measured again then."""

Values: TypeAlias = dict[str, float | int | str | None]


def _column(
    name: str,
    label: str,
    help_text: str,
    *,
    kind: Kind = "number",
    style: Style = "decimal",
    unit: str = "",
    better: Literal["lower", "higher"] | None = None,
) -> Column:
    return Column(
        name=f"signal_{name}",
        label=label,
        kind=kind,
        help=help_text,
        style=style,
        unit=unit,
        origin="signal",
        better=better,
    )


MEASURES: Mapping[str, Column] = {
    column.name.removeprefix("signal_"): column
    for column in (
        _column(
            "peak",
            "Peak level",
            "20 log10 of the largest sample; 0 dBFS is full scale. Empty for digital silence.",
            unit="dBFS",
        ),
        _column(
            "rms",
            "RMS level",
            "10 log10 of the mean square of all samples; a full-scale sine has -3.01 dBFS. Empty for digital silence.",
            unit="dBFS",
        ),
        _column(
            "clipped",
            "Clipped samples",
            "Samples in runs of three or more at full scale (the largest value of the file's sample format: 32767/32768"
            " for 16 bits), in all channels together. Sound that was made softer after clipping is not found.",
            style="integer",
            better="lower",
        ),
        _column(
            "clipped_share",
            "Clipped share",
            "Clipped samples as a share of all samples.",
            style="percent",
            unit="%",
            better="lower",
        ),
        _column(
            "dc_offset",
            "DC offset",
            "Mean of the samples as a share of full scale, of the channel where it is largest; 0 is right.",
            style="percent",
            unit="% of full scale",
        ),
        _column(
            "bandwidth",
            "Bandwidth",
            "The highest frequency whose long-term mean power is at most 50 dB below the strongest frequency's. Much"
            " less than half the sample rate: the sound was once sampled or coded lower, or is dull by itself.",
            style="integer",
            unit="Hz",
            better="higher",
        ),
        _column(
            "bandwidth_share",
            "Bandwidth used",
            "Bandwidth as a share of half the sample rate, which is what the file could hold.",
            style="percent",
            unit="%",
            better="higher",
        ),
        _column(
            "snr",
            "SNR (energy)",
            "Mean power of the active 10 ms frames over that of the quiet ones, the noise taken off. It needs pauses:"
            " without any it comes out too low, and below 5 dB up to 2 dB too high. Empty without contrast or noise.",
            unit="dB",
            better="higher",
        ),
        _column(
            "leading_silence",
            "Silence before",
            "Seconds before the first 30 ms that rise 0.3 of the way (in dB) from the noise floor to the peak.",
            style="seconds",
            unit="s",
        ),
        _column(
            "trailing_silence",
            "Silence after",
            "Seconds after the last 30 ms that are 0.3 of the way (in dB) from the noise floor to the peak.",
            style="seconds",
            unit="s",
        ),
        _column("sample_rate", "Sample rate", "Samples per second of the file.", style="integer", unit="Hz"),
        _column("channels", "Channels", "Channels of the file.", style="integer"),
        _column(
            "codec",
            "Codec",
            "The file's container and sample format, by the decoder's names.",
            kind="text",
            style="text",
        ),
        _column("file_duration", "File duration", "Length of the sound file by its header.", style="seconds", unit="s"),
        _column(
            "duration_difference",
            "File beyond the manifest",
            "File duration minus the manifest's offset and duration. Negative: the manifest promises more sound than"
            " the file has. A cut of a longer file has here what follows it.",
            unit="s",
        ),
        _column(
            "lost",
            "Lost sound",
            "Seconds of the utterance that the header promises and that cannot be decoded; above 0 it is damaged.",
            unit="s",
            better="lower",
        ),
    )
}
"""What is measured of every utterance, by the short name that ``SignalMeter.values`` and ``facts`` use."""


MAIN = ("peak", "rms", "clipped_share", "bandwidth", "snr", "leading_silence", "trailing_silence")
"""The measures that a table shows first."""

INTEGERS = frozenset({"clipped", "sample_rate", "channels"})
"""The measures that are whole numbers."""


def speech_ratio_column(detector: str) -> Column:
    """The share of an utterance in which the detector of that name hears speech."""
    return Column(
        name=f"signal_speech_ratio_{detector}",
        label=f"Speech ratio ({detector})",
        kind="number",
        help=f"Share of the utterance in which the detector {detector} hears speech.",
        style="percent",
        unit="%",
        origin="signal",
    )


def facts(info: AudioInfo, *, offset: float, duration: float | None, decoded: int, promised: int) -> Values:
    """What the header says, and how it agrees with the manifest.

    ``decoded`` are the frames that came, ``promised`` those of the cut by the header; ``duration`` None agrees always.
    """
    # To the millisecond: manifests have few digits. The sum turns -0.0 into 0.
    beyond = None if duration is None else round(info.duration - offset - duration, 3) + 0.0
    return {
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "codec": f"{info.format} {info.subtype}",
        "file_duration": round(info.duration, 6),
        "duration_difference": beyond,
        "lost": round(max(0, promised - decoded) / info.sample_rate, 6),
    }
