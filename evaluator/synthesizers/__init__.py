"""Synthesizers (text to speech): the protocol every voice follows, and the table of those that exist.

An adapter is one file with one class. Heavy imports happen when it is built, so that the table can be listed for
nothing; a missing package becomes MissingPackage with the pip line. The same text, voice, rate and seed give the same
samples, whatever was spoken before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from evaluator.plugins import Plugin, chosen, plugged
from explorer.sound.audio import Audio


class Synthesizer(Protocol):
    """A voice, or a family of voices, that reads text aloud.

    ``voices``: some of the names that ``synthesize`` accepts; the first is the default.
    """

    voices: tuple[str, ...]

    def synthesize(self, text: str, *, voice: str | None = None, rate: float = 1.0, seed: int = 0) -> Audio:
        """``text`` read aloud, at the synthesizer's own sample rate.

        ``rate``: speed as a factor of the voice's normal one (1.2 is a fifth faster); ``seed`` fixes every random
        choice. Text without anything to say gives silence of no length.

        Raises:
            EngineError: there is no such voice, or the engine refuses the text.
        """

    def unsaid(self, text: str, *, voice: str | None = None) -> tuple[str, ...] | None:
        """The characters of ``text`` that the voice leaves out, or only names, in their order; None: nobody knows.

        Letters, digits and signs, each once; what is not among them need not be said well.

        Raises:
            EngineError: there is no such voice.
        """

    def close(self) -> None:
        """Give memory back."""


SynthesizerEntry = Plugin
"""A row of SYNTHESIZERS. The class is built with the options of a configured voice (evaluator/tts/speaking.py)."""


SYNTHESIZERS: Mapping[str, SynthesizerEntry] = {
    entry.name: entry
    for entry in (
        SynthesizerEntry(
            name="espeak",
            factory="evaluator.synthesizers.espeak:EspeakSynthesizer",
            help="eSpeak NG: formant voices, plainly artificial; dozens of variants of many languages.",
            pip="espeakng-loader",
            modules=("espeakng_loader",),
        ),
        SynthesizerEntry(
            name="hibari",
            factory="evaluator.synthesizers.hibari:HibariSynthesizer",
            help="Hibari: one small neural American English voice whose weights come with pip.",
            pip="hibari-tts",
            modules=("hibari", "onnxruntime"),
        ),
        SynthesizerEntry(
            name="nemo",
            factory="evaluator.synthesizers.nemo:NemoSynthesizer",
            help="NeMo: FastPitch with a HiFi-GAN vocoder, from .nemo files; on the GPU if there is one.",
            pip="nemo_toolkit[asr]",
            modules=("nemo", "torch"),
        ),
        SynthesizerEntry(
            name="http",
            factory="evaluator.synthesizers.http:HttpSynthesizer",
            help="A server that answers a request from a template with a sound; only addresses of the configuration.",
            pip="",
            modules=(),
        ),
    )
}


def synthesizer(name: str, options: Mapping[str, Any] | None = None) -> Synthesizer:
    """A new synthesizer of that name, with its own options.

    Raises:
        ConfigError: there is none, or it has no such option; the message lists those there are.
        MissingPackage: its package is not installed.
        EngineError: it cannot be loaded.
    """
    built: Synthesizer = plugged(chosen(SYNTHESIZERS, name, kind="synthesizer"), kind="synthesizer", options=options)
    return built
