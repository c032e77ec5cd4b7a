"""The demo's corpora: manifests and sound files of synthetic speech, every byte decided by the seed.

A corpus is a list of manifest rows beside a folder of audio; paths in the rows are relative to the manifest. Common
fields: speaker, gender, accent, voice, snr (dB, None when clean), domain, planted (the fault, None for most).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from evaluator.demo import commands, faults, mixing
from evaluator.demo.sentences import SENTENCES, TTS_SENTENCES
from evaluator.demo.voices import DEMO_SPEAKERS, NEURAL, Speaker
from evaluator.synthesizers import Synthesizer, synthesizer
from explorer.sound.audio import Audio, resample

Row = dict[str, Any]

SNRS: tuple[float | None, ...] = (None, None, 25.0, 20.0, 15.0, 10.0, 5.0)
COMMAND_FAULTS = {
    faults.WRONG_REFERENCE: 4,
    faults.CLIPPED: 3,
    faults.SILENT: 2,
    faults.STEREO: 3,
    faults.NARROW: 3,
}
SENTENCE_FAULTS = {faults.WRONG_REFERENCE: 3, faults.CLIPPED: 2, faults.STEREO: 1, faults.NARROW: 1}
STRETCH_SECONDS = 30.0
RECORDING_SNR = 20.0
MISSING_STIMULUS = ("s11", "espeak-klatt")  # a system that lost a sentence, as happens


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSize:
    """How much to make; the recording's length is in whole stretches of 30 s."""

    commands: int = 300
    sentences: int = len(SENTENCES)
    stretches: int = 24
    stimuli: int = len(TTS_SENTENCES)


def commands_corpus(folder: Path, count: int, seed: int) -> list[Row]:
    """Short commands of the small vocabulary, none of them in the recognizers' training data."""
    return _corpus(
        folder / "commands",
        [_drawn_command(np.random.default_rng((seed, 10, number))) for number in range(count)],
        COMMAND_FAULTS,
        np.random.default_rng((seed, 1)),
        suffix=".wav",
    )


def sentences_corpus(folder: Path, count: int, seed: int) -> list[Row]:
    """Ordinary sentences with capitals, punctuation, numbers and names."""
    return _corpus(
        folder / "sentences",
        SENTENCES[:count],
        SENTENCE_FAULTS,
        np.random.default_rng((seed, 2)),
        suffix=".flac",
    )


def recording_corpus(folder: Path, stretches: int, seed: int) -> list[Row]:
    """One long recording, addressed by offset and duration: every row is a stretch of 30 s with several speakers."""
    random = np.random.default_rng((seed, 3))
    path = folder / "long" / "recording.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, parts = [], []
    for number in range(stretches):
        samples, texts, speakers = _stretch(random)
        parts.append(samples)
        rows.append(
            {
                "audio_filepath": _relative(path, folder),
                "offset": number * STRETCH_SECONDS,
                "duration": STRETCH_SECONDS,
                "text": " ".join(texts),
                "speaker": ", ".join(speakers),
                "domain": "recording",
                "snr": RECORDING_SNR,
                "turns": len(texts),
            }
        )
    whole = np.concatenate(parts)
    background = mixing.noise(random, len(whole), pink=True)
    spoken_power = mixing.power([part[np.abs(part) > 0] for part in parts])
    mixed = mixing.with_noise(whole, background, speech_power=spoken_power, snr=RECORDING_SNR)
    _write(path, mixing.at_level(mixed, 0.7), mixing.RATE_HZ)
    return rows


def tts_corpus(folder: Path, count: int, seed: int) -> list[Row]:
    """The same sentences read by several systems of different quality, each at its own sample rate."""
    rows = []
    for number, (domain, text) in enumerate(TTS_SENTENCES[:count], start=1):
        for system, speak in TTS_SYSTEMS.items():
            sentence_id = f"s{number:02d}"
            if (sentence_id, system) == MISSING_STIMULUS:
                continue
            audio = speak(text, seed + number)
            path = folder / "tts" / system / f"{sentence_id}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, mixing.at_level(audio.samples, 0.7), audio.sample_rate)
            rows.append(
                {
                    "audio_filepath": _relative(path, folder),
                    "duration": round(audio.duration, 4),
                    "text": text,
                    "sentence_id": sentence_id,
                    "system": system,
                    "domain": domain,
                }
            )
    return rows


def faulty_lines(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Lines of a manifest with every kind of fault between sound ones; ``rows`` are five sound rows to start from."""
    (folder / "faulty").mkdir(parents=True, exist_ok=True)
    (folder / "faulty" / "not-a-sound.wav").write_text("This file says .wav and is a text.\n", encoding="utf-8")
    good = [{key: row[key] for key in ("audio_filepath", "duration", "text", "speaker")} for row in rows[:5]]
    first = good[0]
    broken: list[Row | str] = [
        json.dumps(good[1])[:-9],
        "{'audio_filepath': 'single-quotes.wav', 'duration': 1.0}",
        '["a list", "instead of an object"]',
        {key: value for key, value in first.items() if key != "audio_filepath"},
        {**first, "audio_filepath": "faulty/nowhere.wav"},
        {**first, "audio_filepath": "faulty/not-a-sound.wav", "duration": None},
        {**first, "duration": "1.5"},
        {**first, "duration": -1},
        {**first, "duration": 0},
        {**first, "duration": True},
        json.dumps({**first, "duration": 1.0}).replace('"duration": 1.0', '"duration": NaN'),
        {**first, "offset": -0.5},
        {**first, "text": 42},
        first,
    ]
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in (*good[:3], *broken)]
    return [*lines, *(json.dumps(row, ensure_ascii=False) for row in good[3:])]


def write_manifest(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The rows as JSON lines, put in place at once: a reader sees the old manifest or the new one."""
    write_lines(path, [json.dumps(row, ensure_ascii=False) for row in rows])


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """The lines as a text file, put in place at once."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    temporary.replace(path)


def _corpus(
    folder: Path,
    texts: Sequence[tuple[str, str]],
    fault_counts: Mapping[str, int],
    random: np.random.Generator,
    *,
    suffix: str,
) -> list[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    faulty = faults.places(fault_counts, len(texts), random)
    rows = []
    for number, (domain, text) in enumerate(texts):
        speaker = DEMO_SPEAKERS[int(random.integers(len(DEMO_SPEAKERS)))] if random.random() < 0.75 else NEURAL
        rate = round(float(random.uniform(0.8, 1.1)), 2)
        piece = spoken(speaker, text, rate=rate, seed=int(random.integers(2**31)))
        samples = mixing.join([piece], [float(random.uniform(0.1, 0.8)), float(random.uniform(0.1, 0.8))])
        snr = SNRS[int(random.integers(len(SNRS)))]
        if snr is not None:
            background = mixing.noise(random, len(samples), pink=bool(random.random() < 0.5))
            samples = mixing.with_noise(samples, background, speech_power=mixing.power([piece]), snr=snr)
        samples = mixing.at_level(samples, float(random.uniform(0.15, 0.9)))
        fault = faulty.get(number)
        sound, rate_hz = faults.planted(fault, samples)
        path = folder / f"{number:04d}{suffix}"
        _write(path, sound, rate_hz)
        rows.append(
            {
                "audio_filepath": _relative(path, folder.parent),
                "duration": round(len(sound) / rate_hz, 4),
                "text": texts[(number + 1) % len(texts)][1] if fault == faults.WRONG_REFERENCE else text,
                "speaker": speaker.name,
                "gender": speaker.gender,
                "accent": speaker.accent,
                "voice": f"{speaker.synthesizer}:{speaker.voice}",
                "rate": rate,
                "snr": snr,
                "domain": domain,
                "planted": fault,
            }
        )
    return rows


def _drawn_command(random: np.random.Generator) -> tuple[str, str]:
    """A command and its domain."""
    sentence = commands.command(random, test=True)
    words = set(sentence.split())
    if words <= set(commands.DIGITS):
        return "digits", sentence
    if words & {"call", "send", "message"}:
        return "calls", sentence
    if words & {"music", "radio", "volume", "play", "pause"}:
        return "media", sentence
    return "home", sentence


def _stretch(random: np.random.Generator) -> tuple[np.ndarray, list[str], list[str]]:
    """30 s of commands by several speakers with pauses between them, clean; their texts and the speakers' names."""
    samples = mixing.silence(float(random.uniform(0.5, 1.5)))
    texts: list[str] = []
    speakers: list[str] = []
    while True:
        speaker = DEMO_SPEAKERS[int(random.integers(len(DEMO_SPEAKERS)))] if random.random() < 0.6 else NEURAL
        text = commands.command(random, test=True)
        piece = spoken(speaker, text, rate=float(random.uniform(0.8, 1.05)), seed=int(random.integers(2**31)))
        piece = mixing.at_level(piece, float(random.uniform(0.5, 1.0)))
        grown = np.concatenate([samples, piece, mixing.silence(float(random.uniform(0.4, 2.5)))])
        if len(grown) > STRETCH_SECONDS * mixing.RATE_HZ:
            rest = mixing.silence(STRETCH_SECONDS - len(samples) / mixing.RATE_HZ)
            return np.concatenate([samples, rest]), texts, speakers
        samples = grown
        texts.append(text)
        if speaker.name not in speakers:
            speakers.append(speaker.name)


def spoken(speaker: Speaker, text: str, *, rate: float, seed: int) -> np.ndarray:
    """The speaker saying the text: 16 kHz, peak 1, no silence at the edges."""
    audio = _synthesizer(speaker.synthesizer).synthesize(text, voice=speaker.voice, rate=rate, seed=seed)
    return mixing.speech(audio)


def _hibari(text: str, seed: int) -> Audio:
    return _synthesizer("hibari").synthesize(text, seed=seed)


def _espeak(text: str, seed: int) -> Audio:
    return _synthesizer("espeak").synthesize(text, voice="en-us", rate=0.95, seed=seed)


def _klatt(text: str, seed: int) -> Audio:
    return _synthesizer("espeak").synthesize(text, voice="en-gb-x-rp+klatt4", rate=1.1, seed=seed)


def _telephone(text: str, seed: int) -> Audio:
    """The neural voice through a bad line: 8 kHz, white noise at 12 dB, overdriven."""
    narrow = resample(_hibari(text, seed), 8000).samples
    background = mixing.noise(np.random.default_rng(seed), len(narrow), pink=False)
    noisy = mixing.with_noise(narrow, background, speech_power=mixing.power([narrow]), snr=12.0)
    return Audio(np.clip(mixing.at_level(noisy, 3.0), -1.0, 1.0), 8000)


TTS_SYSTEMS: Mapping[str, Callable[[str, int], Audio]] = {
    "hibari": _hibari,
    "hibari-telephone": _telephone,
    "espeak": _espeak,
    "espeak-klatt": _klatt,
}


def _write(path: Path, samples: np.ndarray, rate_hz: int) -> None:
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


@cache
def _synthesizer(name: str) -> Synthesizer:
    """One of each per process: loading the neural voice takes half a second."""
    return synthesizer(name)
