"""Score readings in a process that measures sound: signal processing always, trained judges as asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evaluator.voices.judges import OpinionJudge, SpeakerJudge, similarity
from evaluator.voices.measures import VOICE_MEASURES
from evaluator.voices.meter import Voice, compared_values, heard, own_values
from explorer.errors import SpeechDataError
from explorer.sound.audio import Audio

_REMEMBERED = 2_000  # reference recordings, about 35 kB each: several systems read the same sentences

Load = Callable[[Sequence[Any]], Audio]


class VoiceScorer:
    """Scores readings; ``judges`` are the scores of trained models that are wanted.

    Raises:
        MissingPackage: a judge is not installed.
    """

    def __init__(self, judges: Sequence[str], load: Load) -> None:
        self._load = load
        self._opinion = OpinionJudge() if "mos" in judges else None
        self._speakers = SpeakerJudge() if "similarity" in judges else None
        self._references: OrderedDict[tuple[Any, ...], tuple[Voice, np.ndarray | None] | None] = OrderedDict()

    def values(
        self, sound: Sequence[Any], *, text: str | None, reference: Sequence[Any] | None
    ) -> dict[str, float | None]:
        """All scores by the names of their columns, None for those that have no value.

        Raises:
            AudioError: the reading cannot be decoded. A reference that cannot be leaves what needs it without a value.
        """
        audio = self._load(sound)
        voice = heard(audio)
        found = own_values(voice, text)
        if self._opinion is not None:
            found["mos"] = self._opinion.score(audio)
        other = None if reference is None else self._reference(tuple(reference))
        if other is not None:
            found |= compared_values(voice, other[0])
            if self._speakers is not None:
                found["similarity"] = similarity(self._speakers.embedding(audio), other[1])
        return {column.name: found.get(name) for name, column in VOICE_MEASURES.items()}

    def _reference(self, sound: tuple[Any, ...]) -> tuple[Voice, np.ndarray | None] | None:
        if sound in self._references:
            self._references.move_to_end(sound)
            return self._references[sound]
        try:
            audio = self._load(sound)
            made = heard(audio), None if self._speakers is None else self._speakers.embedding(audio)
        except SpeechDataError:
            made = None
        self._references[sound] = made
        while len(self._references) > _REMEMBERED:
            self._references.popitem(last=False)
        return made
