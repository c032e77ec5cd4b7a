"""From a row of speech probabilities to stretches of speech: one hysteresis for all detectors.

Its rules (threshold, release, shortest speech, shortest silence, padding) are those of Silero's
``get_speech_timestamps`` and of NeMo's VAD postprocessing (onset, offset, min_duration_on, min_duration_off, pad).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.segments import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRules:
    """When a run of probabilities is speech. Seconds, except the two probabilities.

    Speech begins at ``threshold`` and ends when the probability stays under ``release`` for ``shortest_silence``;
    what lasts less than ``shortest_speech`` is dropped, the rest is widened by ``padding`` on both sides (by half the
    gap where two stretches would meet).
    """

    threshold: float
    release: float
    shortest_speech: float
    shortest_silence: float
    padding: float


def stretches(probabilities: Sequence[float] | np.ndarray, *, hop: float, rules: SpeechRules) -> list[Segment]:
    """Speech in a row of window probabilities, ``hop`` seconds apart, by the rules. Pure; times start at 0."""
    found: list[Segment] = []
    start: float | None = None
    quiet: float | None = None  # since when the probability has been under the release
    for index, probability in enumerate(probabilities):
        now = index * hop
        if probability >= rules.threshold:
            quiet = None
            start = now if start is None else start
        elif start is not None and probability < rules.release:
            quiet = now if quiet is None else quiet
            if now + hop - quiet >= rules.shortest_silence - 1e-9:
                found.append(Segment(start, quiet, "speech"))
                start = quiet = None
    if start is not None:
        found.append(Segment(start, quiet if quiet is not None else len(probabilities) * hop, "speech"))
    kept = [segment for segment in found if segment.duration >= rules.shortest_speech]
    return _widened(kept, padding=rules.padding, end=len(probabilities) * hop)


def _widened(segments: Sequence[Segment], *, padding: float, end: float) -> list[Segment]:
    """Each segment widened by the padding, but never into its neighbour: they share the gap."""
    wide = []
    for index, segment in enumerate(segments):
        before = segment.start - segments[index - 1].end if index else 2 * segment.start
        after = (
            segments[index + 1].start - segment.end if index + 1 < len(segments) else 2 * max(0.0, end - segment.end)
        )
        start = segment.start - min(padding, before / 2)
        wide.append(Segment(max(0.0, start), segment.end + min(padding, after / 2), segment.label))
    return wide
