"""Synthesis of a run: every sentence spelled out, read aloud by a voice, and written as a sound beside its journal.

    sentences.jsonl     the input: {"id", "text"}, the id being the sentence's key in the stimulus set
    syntheses.jsonl     {"id", "text", "spoken", "file", "seconds", "wall", "sample_rate"}, or {"id", "error"};
                        with "unsaid" where the voice leaves characters out
    audio/              the sounds, 16 bits, at the voice's own rate
    manifest.json       what was made, as a NeMo manifest with ``system`` and ``sentence_id``: joins the stimulus set

``wall`` is the seconds that the voice took; wall / seconds is the real-time factor, ``seconds`` / ``wall`` RTFx. A
sentence that cannot be read aloud is a line with the reason, and the others go on. Resumable like every run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson

from evaluator.jobs.job_table import Progress
from evaluator.runs.journal import Journal, read_journal
from evaluator.runs.run_store import Run
from evaluator.runs.watching import Monitor, Outcome
from evaluator.spoken import spoken_form
from evaluator.synthesizers import Synthesizer
from evaluator.synthesizers.saying import check_sayable, listed
from evaluator.tts.speaking import Voice
from explorer.errors import EngineError, OutOfMemory, RunError, SpeechDataError
from explorer.sound.audio import Audio

INPUT, MANIFEST, FOLDER = "sentences.jsonl", "manifest.json", "audio"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence to be read aloud."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisOptions:
    """How texts are spelled out, and the longest that is read aloud, in characters."""

    spoken_form: str = "none"
    longest_text: int = 2000

    def plain(self) -> dict[str, Any]:
        """As JSON; ``SynthesisOptions(**plain)`` are the same."""
        return {"spoken_form": self.spoken_form, "longest_text": self.longest_text}


def write_input(run: Run, lines: Sequence[Line]) -> None:
    """The sentences of a run, before it begins."""
    content = b"".join(orjson.dumps({"id": line.id, "text": line.text}) + b"\n" for line in lines)
    (run.folder / INPUT).write_bytes(content)


def read_input(run: Run) -> list[Line]:
    """The sentences of a run.

    Raises:
        RunError: they cannot be read.
    """
    try:
        rows = [orjson.loads(line) for line in (run.folder / INPUT).read_bytes().splitlines()]
        return [Line(str(row["id"]), str(row["text"])) for row in rows]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise RunError(f"The run's sentences {run.folder / INPUT} cannot be read ({error}).") from error


def checked(text: str, *, longest: int) -> str:
    """The text, if it can be read aloud at all.

    Raises:
        EngineError: it is empty, too long, or has no letter or digit.
    """
    if not text.strip():
        raise EngineError("The text is empty; there is nothing to read aloud.")
    if len(text) > longest:
        raise EngineError(
            f"The text has {len(text):,} characters; at most {longest:,} are read aloud at once "
            "(synthesis.longest_text). Split it into sentences."
        )
    if not any(character.isalnum() for character in text):
        raise EngineError(f'The text "{text.strip()[:40]}" has no letter and no digit; there is nothing to read aloud.')
    return text


def synthesize(
    run: Run,
    speaker: Synthesizer,
    voice: Voice,
    *,
    options: SynthesisOptions,
    monitor: Monitor,
    retry: Literal["failures", "nothing"] = "nothing",
) -> Outcome:
    """Read aloud what the run's journal does not hold yet; the manifest is written also when it is stopped.

    Raises:
        RunError: the input cannot be read, or another process works on this run.
        MissingPackage: the text normalization is not installed.
        OutOfMemory: the voice's models do not fit.
    """
    lines = read_input(run)
    form = spoken_form(options.spoken_form).load()
    (run.folder / FOLDER).mkdir(exist_ok=True)
    stopped = False
    with Journal(run.journal) as journal:
        settled = journal.done if retry == "failures" else journal.done | journal.failed
        for line in [line for line in lines if line.id not in settled]:
            if stopped := monitor.report(_progress(journal, len(lines))):
                break
            journal.append([_made(run, line, speaker, voice, form, options)])
        monitor.report(_progress(journal, len(lines)))
        totals = journal.totals
    write_manifest(run, voice, options)
    factor = totals.wall_seconds / totals.audio_seconds if totals.audio_seconds else None
    told = [] if factor is None else [f"Real-time factor {factor:.3f}."]
    return Outcome(stopped, totals, " ".join([*told, *_left_out(run)]))


def _left_out(run: Run) -> Iterator[str]:
    """A sentence about readings that lack something of their text."""
    incomplete = [line["unsaid"] for line in read_journal(run.journal) if line.get("unsaid")]
    if incomplete:
        characters = listed(dict.fromkeys("".join(incomplete)))
        what = "1 reading lacks" if len(incomplete) == 1 else f"{len(incomplete):,} readings lack"
        yield f"{what} characters that the voice does not say: {characters} (column unsaid_characters)."


def _made(
    run: Run,
    line: Line,
    speaker: Synthesizer,
    voice: Voice,
    form: Callable[[str], str],
    options: SynthesisOptions,
) -> dict[str, Any]:
    """The journal's line about one sentence."""
    try:
        spoken = checked(form(checked(line.text, longest=options.longest_text)), longest=2 * options.longest_text)
        unsaid = speaker.unsaid(spoken, voice=voice.voice) or ()
        check_sayable(spoken, unsaid)
        began = time.perf_counter()
        sound = speaker.synthesize(spoken, voice=voice.voice, rate=voice.rate, seed=voice.seed)
        wall = time.perf_counter() - began
        if not sound.samples.size or not np.abs(sound.samples).max() > 0:
            raise EngineError(f'The voice made no sound of "{spoken[:60]}".')
        name = f"{FOLDER}/{_file_name(run, line.id)}"
        write_sound(run.folder / name, sound)
    except OutOfMemory:
        raise
    except (SpeechDataError, OSError, RuntimeError, ValueError, KeyError, IndexError) as error:
        # a voice may fail in any library it uses; here it is a sentence about one text, and the run goes on
        reason = str(error) if isinstance(error, SpeechDataError) else f"{type(error).__name__}: {error}"
        return {"id": line.id, "error": reason}
    return {
        "id": line.id,
        "text": line.text,
        "spoken": spoken,
        "file": name,
        "seconds": round(sound.duration, 6),
        "wall": round(wall, 6),
        "sample_rate": sound.sample_rate,
        **({"unsaid": "".join(unsaid)} if unsaid else {}),
    }


def _file_name(run: Run, key: str) -> str:
    """A name of its own for each sentence of each run: the same name elsewhere would be the same sound."""
    token = blake2b(f"{run.id}\0{key}".encode(), digest_size=5).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', key)[:40].strip('.-') or 'sentence'}-{token}.wav"


def write_sound(path: Path, sound: Audio) -> None:
    """The sound as a WAV file of 16 bits; it is there whole or not at all."""
    import soundfile

    beside = path.with_name(f".{path.name}")
    soundfile.write(beside, np.clip(sound.samples, -1.0, 1.0), sound.sample_rate, format="WAV", subtype="PCM_16")
    beside.replace(path)


def manifest_rows(run: Run, voice: Voice, options: SynthesisOptions) -> Iterator[dict[str, Any]]:
    """What was made, as rows of a NeMo manifest."""
    form = spoken_form(options.spoken_form)
    for line in read_journal(run.journal):
        if "error" in line:
            continue
        yield {
            "audio_filepath": line["file"],
            "duration": line["seconds"],
            "text": line["text"],
            "spoken_text": line["spoken"],
            "sentence_id": line["id"],
            "system": voice.name,
            "sample_rate": line["sample_rate"],
            "inference_seconds": line["wall"],
            "real_time_factor": round(line["wall"] / line["seconds"], 6),
            "text_normalization": form.tag,
            "synthesizer": voice.engine,
            **({"unsaid_characters": line["unsaid"]} if "unsaid" in line else {}),
        }


def write_manifest(run: Run, voice: Voice, options: SynthesisOptions) -> Path:
    """The manifest of a run's sounds, in place of an earlier one."""
    path = run.folder / MANIFEST
    beside = path.with_name(f".{MANIFEST}")
    beside.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in manifest_rows(run, voice, options)))
    beside.replace(path)
    return path


def _progress(journal: Journal, total: int) -> Progress:
    totals = journal.totals
    done = totals.utterances
    left = totals.wall_seconds / done * (total - done) if done and done < total else None
    return Progress(
        stage="reading aloud",
        done=done,
        total=total,
        failures=totals.failures,
        audio_done=totals.audio_seconds,
        audio_total=totals.audio_seconds / done * total if done else 0.0,
        rtfx=totals.rtfx,
        left_seconds=left,
    )
