"""The child process that loads voices to ask which characters they leave out, for evaluator/tts/sayings.py.

    {"voice": Voice as JSON, "texts": [text, ...]}      {"unsaid": ["characters", null, ...]} or {"error": sentence}

null stands for a text of which nobody knows. The voice that was asked last stays loaded.
"""

from __future__ import annotations

from typing import Any

from evaluator.synthesizers import Synthesizer
from evaluator.tts.speaking import Voice
from explorer.child import serve
from explorer.errors import SpeechDataError


class SayingService:
    """What answers the lines."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}
        self._speaker: Synthesizer | None = None

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        """The answer to a line."""
        voice = Voice(**line["voice"])
        try:
            found = [self._loaded(voice).unsaid(text, voice=voice.voice) for text in line["texts"]]
        except SpeechDataError as error:
            return {"error": str(error)}
        except (OSError, RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}  # a voice may fail in any library it uses
        return {"unsaid": [None if characters is None else "".join(characters) for characters in found]}

    def _loaded(self, voice: Voice) -> Synthesizer:
        if self._speaker is None or self._named != voice.spec():
            if self._speaker is not None:
                self._speaker.close()
            self._speaker, self._named = voice.load(), voice.spec()
        return self._speaker


if __name__ == "__main__":
    serve(lambda _order: SayingService())
