"""Who speaks in the demo: the speakers of the training and of the test material.

A speaker is a voice of a synthesizer with what a corpus would say about a person. The voices of ``UNSEEN`` never occur
in training data. Genders are the variant's own declaration, accents the language it speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ACCENTS = {"american": "en-us", "british": "en-gb-x-rp", "scottish": "en-gb-scotland"}
WOMEN = ("f1", "f2", "f3", "f4", "anika", "Annie", "belinda", "linda", "steph")
MEN = (
    "m1",
    "m2",
    "m3",
    "m4",
    "m5",
    "m7",
    "Alex",
    "Andy",
    "Denis",
    "Michael",
    "Mike",
    "adam",
    "david",
    "edward",
    "paul",
)
UNSEEN_WOMEN = ("f5", "Alicia")
UNSEEN_MEN = ("m6", "Gene", "robert", "victor")


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice and the person it stands for. ``voice`` is the synthesizer's own name."""

    name: str
    synthesizer: str
    voice: str
    gender: str
    accent: str


NEURAL = Speaker(name="heart", synthesizer="hibari", voice="heart", gender="female", accent="american")


def espeak_speaker(variant: str, accent: str) -> Speaker:
    """A speaker of eSpeak NG: a variant that speaks with an accent of ACCENTS."""
    return Speaker(
        name=f"{variant.lower()}-{accent}",
        synthesizer="espeak",
        voice=f"{ACCENTS[accent]}+{variant}",
        gender="female" if variant in (*WOMEN, *UNSEEN_WOMEN) else "male",
        accent=accent,
    )


def training_speaker(random: np.random.Generator, *, neural: float) -> Speaker:
    """A speaker for training data; ``neural`` is the share (0 to 1) of the neural voice."""
    if random.random() < neural:
        return NEURAL
    accent = str(random.choice(list(ACCENTS), p=(0.5, 0.25, 0.25)))
    return espeak_speaker(str(random.choice((*WOMEN, *MEN))), accent)


DEMO_SPEAKERS = (
    *(espeak_speaker(variant, accent) for variant in ("f2", "m3", "Annie", "david") for accent in ACCENTS),
    *(espeak_speaker(variant, "american") for variant in ("f5", "m6")),
    *(espeak_speaker(variant, "british") for variant in ("Alicia", "victor")),
    NEURAL,
)
