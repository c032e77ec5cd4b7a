"""The detector "energy": what stands out between the recording's own noise floor and its peak, in decibels.

The activity of each 10 ms (explorer/sound/activity.py: formula and sources) takes the place of a probability: 0 at
the noise floor, 1 at the peak, smoothed over 50 ms. Nothing depends on gain. Without contrast (less than 6 dB between
floor and peak: steady noise, a tone, silence) there is no speech. It knows nothing about speech otherwise: music,
doors and breath pass for it, and under noise only the loud vowels stand out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from evaluator.detectors.hysteresis import SpeechRules, stretches
from explorer.errors import EngineError
from explorer.segments import Segment
from explorer.sound.activity import ACTIVE, QUIET, FramePowers, activity
from explorer.sound.audio import Audio


class EnergyDetector:
    """The detector "energy" (see Detector); its options are those of SpeechRules, in shares of the way to the peak."""

    sample_rate = 16000

    def __init__(
        self,
        *,
        threshold: float = ACTIVE,
        release: float = QUIET,
        shortest_speech: float = 0.05,
        shortest_silence: float = 0.2,
        padding: float = 0.05,
    ) -> None:
        self.rules = SpeechRules(
            threshold=threshold,
            release=release,
            shortest_speech=shortest_speech,
            shortest_silence=shortest_silence,
            padding=padding,
        )

    @property
    def description(self) -> Mapping[str, Any]:
        """The name and the rules."""
        return {"detector": "energy", "rules": asdict(self.rules)}

    def detect(self, audio: Audio) -> list[Segment]:
        """The stretches of speech, in steps of 10 ms."""
        if audio.sample_rate != self.sample_rate:
            raise EngineError(f"This detector needs {self.sample_rate} Hz, not {audio.sample_rate} Hz; resample first.")
        meter = FramePowers(audio.sample_rate)
        meter.add(np.nan_to_num(audio.samples, nan=0.0, posinf=1.0, neginf=-1.0))
        found = stretches(activity(meter.powers()).smooth, hop=meter.hop, rules=self.rules)
        inside = (segment & Segment(0.0, audio.duration) for segment in found)
        return [segment for segment in inside if segment]
