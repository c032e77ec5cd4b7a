"""Working a run through: read its input, load audio ahead of the model, recognize in batches, write the journal.

While the model works, threads decode, resample and look for speech in what comes next. Utterances go longest first;
their pieces are put into batches by seconds (batching.py), and what was heard is stitched together (chunking.py).
Each batch is in the journal before the next begins. A batch that does not fit into memory is halved, down to one
utterance; that one, like any file that cannot be decoded, is a failure of its own and the run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any, Literal

from evaluator.detectors import Detector
from evaluator.engines import Hypothesis, Recognizer
from evaluator.jobs.attempts import Attempts
from evaluator.runs.journal import Journal, Totals
from evaluator.runs.loading import Input, Sound, loaded_ahead, read_input
from evaluator.runs.run_store import Run
from evaluator.runs.watching import Monitor, Outcome, Stopped, Teller
from evaluator.transcribing.batching import batches
from evaluator.transcribing.chunking import chunks, cut, quietest_point, speech_pieces, stitch
from explorer.errors import ConfigError, EngineError, OutOfMemory
from explorer.segments import Segment
from explorer.sound.audio import Audio, Channel, resample

Vad = Literal["off", "chunk", "skip"]
VADS: Mapping[Vad, str] = {
    "off": "Off: each utterance goes to the model whole.",
    "chunk": "Cut long audio at pauses, stitch the text together again.",
    "skip": "Only speech goes to the model; an utterance without any gets the empty text.",
}
_HOPELESS = 20  # utterances: when the model fails for so many and has done none, it is the model, not the audio
_SETTLE_SECONDS = 1.0  # results that need no model are written at least this often


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to transcribe or detect. Seconds of audio; ``batch_size`` counts utterances (or pieces of them).

    ``detector_options`` are the detector's own, for example {"threshold": 0.6}.
    """

    vad: Vad = "off"
    detector: str = "silero"
    chunk_seconds: float = 20.0
    batch_seconds: float = 120.0
    batch_size: int = 32
    channel: Channel = "mix"
    detector_options: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.vad not in VADS:
            raise ConfigError(f'"{self.vad}" is not a VAD option; known are: {", ".join(VADS)}.')
        for name, least, most in (("chunk_seconds", 1, 3600), ("batch_seconds", 1, 36000), ("batch_size", 1, 4096)):
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} is {getattr(self, name):g}; it must be from {least} to {most}.")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Options:
        """From JSON or YAML.

        Raises:
            ConfigError: a key is unknown or a value out of range.
        """
        known = [option.name for option in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ConfigError(f'"{unknown[0]}" is not an option of a job; known are: {", ".join(known)}.')
        return cls(**values)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of an utterance as the model hears it: the ``number``-th of ``span``s."""

    sound: Sound
    number: int
    audio: Audio


def transcribe(
    run: Run,
    recognizer: Recognizer,
    *,
    detector: Detector | None = None,
    options: Options,
    monitor: Monitor,
    retry: Literal["failures", "nothing"] = "nothing",
) -> Outcome:
    """Transcribe what the run's journal does not hold yet.

    ``detector`` is needed unless ``options.vad`` is "off". ``retry="failures"`` also tries again what failed.

    Raises:
        EngineError: the model fails whatever it is given.
        RunError: the run's input cannot be read.
    """
    if options.vad != "off" and detector is None:
        raise ConfigError(f'VAD "{options.vad}" needs a detector.')

    def prepare(utterance: Input, audio: Audio) -> Sound:
        spans, speech = _spans(audio, detector=detector, options=options)
        heard = resample(audio, recognizer.sample_rate)
        sounds = tuple(cut(heard, span) if span.duration < audio.duration else heard for span in spans)
        return Sound(utterance, audio.duration, spans, sounds, speech)

    with _Work(run, monitor=monitor, retry=retry) as work:
        model = _Model(recognizer)
        for inputs, size in ((work.ordinary, options.batch_size), (work.suspects, 1)):
            sounds = loaded_ahead(
                inputs,
                prepare,
                channel=options.channel,
                seconds=3 * options.batch_seconds if size > 1 else 0.0,
                roots=run.roots,
                present=work.present,
            )
            pieces = chain.from_iterable(work.pieces(sound) for sound in sounds)
            for batch in batches(
                pieces,
                seconds=lambda piece: piece.audio.duration,
                batch_seconds=options.batch_seconds,
                batch_size=size,
                lookahead=2 if size > 1 else 1,
            ):
                work.heard(batch, model.hear([piece.audio for piece in batch]))
        work.finish()
    return work.outcome


def detect(
    run: Run,
    detector: Detector,
    *,
    options: Options,
    monitor: Monitor,
    retry: Literal["failures", "nothing"] = "nothing",
) -> Outcome:
    """Look for speech in what the run's journal does not hold yet; arguments and errors as for ``transcribe``."""

    def prepare(utterance: Input, audio: Audio) -> Sound:
        speech = tuple(detector.detect(resample(audio, detector.sample_rate)))
        return Sound(utterance, audio.duration, (), (), speech)

    with _Work(run, monitor=monitor, retry=retry) as work:
        for inputs, ahead in ((work.ordinary, 600.0), (work.suspects, 0.0)):
            for sound in loaded_ahead(
                inputs, prepare, channel=options.channel, seconds=ahead, roots=run.roots, present=work.present
            ):
                work.seen(sound)
        work.finish()
    return work.outcome


def _spans(
    audio: Audio, *, detector: Detector | None, options: Options
) -> tuple[tuple[Segment, ...], tuple[Segment, ...] | None]:
    """The parts of the audio that the model is to hear, and the speech that was found (None: nobody looked)."""
    whole = Segment(0.0, audio.duration)
    if detector is None or options.vad == "off" or (options.vad == "chunk" and whole.end <= options.chunk_seconds):
        return ((whole,) if whole else ()), None
    speech = tuple(detector.detect(resample(audio, detector.sample_rate)))
    divide = chunks if options.vad == "chunk" else speech_pieces
    spans = divide(speech, duration=audio.duration, longest=options.chunk_seconds, quietest=quietest_point(audio))
    return tuple(spans), speech


class _Model:
    """A recognizer that halves what it cannot take, and remembers how much was too much (padded seconds)."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._too_much = float("inf")

    def hear(self, batch: Sequence[Audio]) -> list[Hypothesis | EngineError]:
        """For each audio what was heard, or why it could not be."""
        cost = len(batch) * max(audio.duration for audio in batch)
        if len(batch) > 1 and cost >= self._too_much:
            return self._halves(batch)
        try:
            heard = self._recognizer.transcribe(batch)
        except EngineError as error:
            if len(batch) == 1:
                return [error]
            if isinstance(error, OutOfMemory):
                self._too_much = min(self._too_much, cost)
            return self._halves(batch)
        if len(heard) != len(batch):
            raise EngineError(f"The engine gave {len(heard)} results for {len(batch)} recordings.")
        return list(heard)

    def _halves(self, batch: Sequence[Audio]) -> list[Hypothesis | EngineError]:
        middle = len(batch) // 2
        return self.hear(batch[:middle]) + self.hear(batch[middle:])


class _Work:
    """One process's work on a run: its open journal, what is half heard, and the clock."""

    def __init__(self, run: Run, *, monitor: Monitor, retry: Literal["failures", "nothing"]) -> None:
        self.outcome = Outcome(stopped=False, totals=Totals(0, 0, 0.0, 0.0))
        table = read_input(run.input)
        self._journal = Journal(run.journal)
        skip = self._journal.done if retry == "failures" else self._journal.done | self._journal.failed
        self._attempts = Attempts(run.folder / "attempt.json", settled=skip)
        self._ready: list[dict[str, Any]] = [
            {"id": utterance, "error": "The worker process died three times while this utterance was worked on."}
            for utterance in sorted(self._attempts.given_up)
        ]
        apart = self._attempts.suspects | self._attempts.given_up
        self.ordinary: Iterable[Input] = table.inputs(without=skip | apart)
        self.suspects: Iterable[Input] = table.inputs(
            without=skip | self._attempts.given_up, only=self._attempts.suspects
        )
        self._half_heard: dict[str, list[Hypothesis | EngineError | None]] = {}
        self._model_failures = 0
        self._model_successes = 0
        self._settled = time.monotonic()
        self._teller = Teller(self._journal, monitor, total=len(table), audio_total=table.seconds)

    def __enter__(self) -> _Work:
        self._teller.tell("loading audio")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> bool:
        self.outcome = Outcome(stopped=kind is Stopped, totals=self._journal.totals)
        self._journal.close()
        self._attempts.close()
        return kind is Stopped

    def present(self, loading: Iterable[str]) -> None:
        """These are loading; they and what is half heard may be the end of this process."""
        self._attempts.present(chain(self._half_heard, loading))

    def pieces(self, sound: Sound) -> Iterator[Piece]:
        """What of a loaded utterance has to be heard; one that needs no hearing is settled."""
        if sound.error is None and sound.spans:
            self._half_heard[sound.input.id] = [None] * len(sound.spans)
            for number, audio in enumerate(sound.parts):
                yield Piece(sound, number, audio)
            return
        line: dict[str, Any] = {"id": sound.input.id}
        line |= {"error": sound.error} if sound.error is not None else {"text": "", "seconds": sound.seconds}
        self._ready.append(line | _speech(sound))
        self._settle_sometimes()

    def seen(self, sound: Sound) -> None:
        """Settle an utterance in which a detector looked for speech."""
        line: dict[str, Any] = {"id": sound.input.id}
        if sound.error is not None:
            line["error"] = sound.error
        else:
            line["segments"] = [[round(float(s.start), 4), round(float(s.end), 4), s.label] for s in sound.speech or ()]
            line["seconds"] = sound.seconds
        self._ready.append(line)
        self._settle_sometimes()

    def heard(self, batch: Sequence[Piece], hypotheses: Sequence[Hypothesis | EngineError]) -> None:
        """Note what the model heard in a batch, settle the utterances that are complete."""
        for piece, hypothesis in zip(batch, hypotheses, strict=True):
            parts = self._half_heard[piece.sound.input.id]
            parts[piece.number] = hypothesis
            if all(part is not None for part in parts):
                del self._half_heard[piece.sound.input.id]
                self._ready.append(self._line(piece.sound, [part for part in parts if part is not None]))
        self._settle("transcribing")
        if self._model_failures >= _HOPELESS and not self._model_successes:
            raise EngineError(
                f"The model failed for each of the first {self._model_failures} utterances; the last time with: "
                + next(str(h) for h in reversed(hypotheses) if isinstance(h, EngineError))
            )

    def _line(self, sound: Sound, parts: Sequence[Hypothesis | EngineError]) -> dict[str, Any]:
        for span, part in zip(sound.spans, parts, strict=True):
            if isinstance(part, EngineError):
                self._model_failures += 1
                where = f" (from {span.start:.2f} s to {span.end:.2f} s)" if len(parts) > 1 else ""
                return {"id": sound.input.id, "error": f"{part}{where}"}
        self._model_successes += 1
        whole = stitch(sound.spans, [part for part in parts if isinstance(part, Hypothesis)])
        line: dict[str, Any] = {"id": sound.input.id, "text": whole.text, "seconds": sound.seconds}
        if whole.words:
            line["words"] = [
                [word.label, round(float(word.start), 3), round(float(word.end), 3)] for word in whole.words
            ]
        return line | _speech(sound)

    def _settle_sometimes(self) -> None:
        if time.monotonic() - self._settled >= _SETTLE_SECONDS:
            self._settle("working")

    def _settle(self, stage: str) -> None:
        """Write what is ready, share the time that passed among it, and report."""
        now = time.monotonic()
        seconds = sum(line.get("seconds", 0.0) for line in self._ready)
        for line in self._ready:
            if line.get("seconds"):
                line["wall"] = round((now - self._settled) * line["seconds"] / seconds, 6)
        self._settled = now
        self._journal.append(self._ready)
        self._teller.settled(seconds)
        self._ready.clear()
        self._teller.tell(stage)

    def finish(self) -> None:
        """Settle the rest."""
        self._settle("finishing")


def _speech(sound: Sound) -> dict[str, Any]:
    """The speech that was found on the way, for the journal."""
    if sound.speech is None:
        return {}
    return {"speech": [[round(float(segment.start), 4), round(float(segment.end), 4)] for segment in sound.speech]}
