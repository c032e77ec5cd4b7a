"""What voices will leave out of texts, asked before a job is started; in a child process, which a voice may end.

Models take seconds to load, so a page asks again until it is there. A voice that cannot be asked is a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evaluator.comparison_store import ComparisonStore, Making
from evaluator.tts.speaking import Voice
from explorer.child import Child, ChildDied
from explorer.errors import EngineError

PROCESS = "evaluator.tts.saying_process"
PATIENCE = 300.0
"""Seconds for a voice to be loaded and to answer for AT_ONCE texts."""

AT_ONCE = 50

Unsaid = Mapping[str, Sequence[str | None] | str]
"""By voice: of each text the characters it leaves out, None where nobody knows; or why the voice cannot be asked."""


class Sayings:
    """Asks voices and remembers what they said; safe from several threads."""

    def __init__(self) -> None:
        self._child = Child(PROCESS, {})
        self._made = ComparisonStore()

    def of(self, voices: Sequence[Voice], texts: Sequence[str]) -> Unsaid | Making:
        """What the voices leave out of the texts, or how many answers are there."""
        wanted = tuple(dict.fromkeys(texts))
        key = (repr([voice.spec() for voice in voices]), wanted)
        found = self._made.get(key, lambda tell: self._asked(voices, wanted, tell))
        if isinstance(found, Making):
            return found
        by_voice: dict[str, Sequence[str | None] | str] = {}
        for name, told in found.items():
            by_voice[name] = told if isinstance(told, str) else [dict(zip(wanted, told, strict=True))[t] for t in texts]
        return by_voice

    def close(self) -> None:
        """End the child."""
        self._made.close()
        self._child.close()

    def _asked(self, voices: Sequence[Voice], texts: Sequence[str], tell: Callable[[int, int], None]) -> Unsaid:
        answers: dict[str, Sequence[str | None] | str] = {}
        for number, voice in enumerate(voices):
            found: list[str | None] = []
            try:
                for start in range(0, len(texts), AT_ONCE):
                    tell(number * len(texts) + start, len(voices) * len(texts))
                    found += self._answer(voice, texts[start : start + AT_ONCE])
                answers[voice.name] = found
            except EngineError as error:
                answers[voice.name] = str(error)
        return answers

    def _answer(self, voice: Voice, texts: Sequence[str]) -> list[str | None]:
        """Of each text what the voice leaves out.

        Raises:
            EngineError: it cannot be loaded, fails, or has ended its process.
        """
        asked = replace(voice, device="cpu") if voice.engine == "nemo" else voice  # the GPU is for the job
        try:
            self._child.renew()
            answer = self._child.ask({"voice": asked.spec(), "texts": list(texts)}, seconds=PATIENCE)
        except ChildDied as death:
            raise EngineError(f"The voice's process {death}.") from death
        if "error" in answer:
            raise EngineError(str(answer["error"]))
        unsaid: list[str | None] = answer["unsaid"]
        return unsaid
