"""Mutated sound files: none may end the process that decodes it, keep it longer than LIMIT, or raise no sentence.

Every mutation follows from its number. A child process decodes file after file in all ways the product does; one that
dies or is silent for too long is the finding, and the next begins with the file after it.

    python -m tests.fuzz.audio_fuzz [COUNT] [FOLDER]        2,000 files; findings are kept in FOLDER
"""

from __future__ import annotations

import io
import json
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from explorer.errors import SpeechDataError
from explorer.sound import audio
from tests.explorer.sounds import voice

LIMIT = 5.0
"""Seconds that one file may take."""

COUNT = 2_000
SECONDS = 4.0

WRITTEN = {  # kind: how it is written; libsndfile's format and subtype, or PyAV's container and codec
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "opus": ("OGG", "OPUS"),
    "aiff": ("AIFF", "PCM_16"),
    "sph": ("NIST", "PCM_16"),
    "ima.wav": ("WAV", "IMA_ADPCM"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "flac"),
    "ts": ("mpegts", "mp2"),
    "wma": ("asf", "wmav2"),
}
KINDS = tuple(WRITTEN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that did harm: which, and what happened."""

    number: int
    kind: str
    what: str


def mutated(number: int) -> tuple[str, bytes]:
    """The kind and content of the file of that number."""
    draw = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    content = bytearray(_sound(kind))
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        draw.choice((_flip, _flip, _header, _number, _cut, _repeat, _drop, _junk, _swap))(content, draw)
        if not content:
            break
    return kind, bytes(content)


@lru_cache(maxsize=len(KINDS))
def _sound(kind: str) -> bytes:
    rate = 48_000 if kind in ("webm", "opus") else 16_000
    form, coding = WRITTEN[kind]
    out = io.BytesIO()
    if form.isupper():
        soundfile.write(out, voice(SECONDS, rate=rate), rate, format=form, subtype=coding)
        return out.getvalue()
    import av

    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(coding, rate=rate)
        stream.layout, stream.bit_rate = "mono", 64_000
        frame = av.AudioFrame.from_ndarray(voice(SECONDS, rate=rate).reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def _flip(content: bytearray, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 20)):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def _header(content: bytearray, draw: random.Random) -> None:
    """Damage where the header is: most of what a decoder believes stands there."""
    for _ in range(draw.randint(1, 8)):
        content[draw.randrange(min(len(content), 256))] = draw.randrange(256)


def _number(content: bytearray, draw: random.Random) -> None:
    """Four bytes that are a number at the edge of something."""
    edge = draw.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000))
    place = draw.randrange(min(len(content), draw.choice((64, 512, 1 << 30))))
    content[place : place + 4] = edge.to_bytes(4, draw.choice(("big", "little")))


def _cut(content: bytearray, draw: random.Random) -> None:
    del content[draw.randrange(len(content)) :]


def _drop(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    del content[place : place + draw.randint(1, 2_000)]


def _repeat(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    content[place:place] = content[place : place + draw.randint(1, 2_000)]


def _junk(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    content[place : place + draw.randint(1, 500)] = draw.randbytes(draw.randint(1, 500))


def _swap(content: bytearray, draw: random.Random) -> None:
    """The start of another kind."""
    other = _sound(draw.choice(KINDS))
    size = draw.randint(4, 200)
    content[:size] = other[:size]


def decode(path: Path) -> str:
    """Use a file in all ways; what came of it in a word. Anything but a SpeechDataError goes through."""
    try:
        facts = audio.info(path)
        heard = 0
        for block in audio.frames(path):
            heard += len(block)
            if not np.isfinite(block).all():
                raise RuntimeError("a sample is not finite")
        audio.load(path, offset=min(1.5, facts.duration / 2), duration=0.5)
        with tempfile.TemporaryFile() as target:
            audio.write_cut(path, target, offset=facts.duration / 3, duration=1.0)
    except SpeechDataError as error:
        if path.name not in str(error):
            raise RuntimeError(f"the sentence does not name the file: {error}") from error
        return type(error).__name__
    return "sound"


def fuzz(numbers: range, folder: Path, *, say: Callable[[str], None] = print) -> tuple[list[Finding], Counter[str]]:
    """Decode the files of these numbers; what did harm, and how often each outcome came."""
    findings: list[Finding] = []
    outcomes: Counter[str] = Counter()
    waiting = iter(numbers)
    number = next(waiting, None)
    while number is not None:
        with _Child(folder) as child:
            while number is not None:
                kind, content = mutated(number)
                path = folder / f"{number}.{kind}"
                path.write_bytes(content)
                outcome = child.decode(path)
                outcomes[outcome if outcome in ("sound", "UnreadableAudio", "MissingAudio") else "harm"] += 1
                harm = outcomes["harm"] > len(findings)
                if harm:
                    findings.append(Finding(number, kind, outcome))
                    say(f"{path}: {outcome}")
                else:
                    path.unlink()
                number = next(waiting, None)
                if harm:
                    break
    return findings, outcomes


class _Child:
    """A process that decodes what it is told to."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / "stderr.txt").open("wb")
        command = [sys.executable, "-m", "tests.fuzz.audio_fuzz", "--child"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self._ready = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._ready.register(self._process.stdout, selectors.EVENT_READ)
        self._answer(60.0)

    def decode(self, path: Path) -> str:
        """What came of a file."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(str(path)).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer(LIMIT)

    def _answer(self, limit: float) -> str:
        assert self._process.stdout is not None
        began = time.monotonic()
        if not self._ready.select(limit):
            return f"no answer within {limit:g} s"
        line = self._process.stdout.readline()
        if not line:
            return f"the process ended with code {self._process.wait(10)}"
        answer: str = json.loads(line)
        return answer if time.monotonic() - began < limit else f"took {time.monotonic() - began:.1f} s"

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()


def _paths() -> Iterator[Path]:
    for line in sys.stdin.buffer:
        yield Path(json.loads(line))


def child() -> None:
    """Decode the paths on standard input; an answer a line."""
    print(json.dumps("ready"), flush=True)
    for path in _paths():
        try:
            answer = decode(path)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


def main(arguments: list[str]) -> int:
    """Fuzz and report; 1 when there are findings."""
    if arguments == ["--child"]:
        child()
        return 0
    count = int(arguments[0]) if arguments else COUNT
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(arguments[1]) if len(arguments) > 1 else Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        findings, outcomes = fuzz(range(count), folder)
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    print(f"{count:,} mutated sound files in {time.monotonic() - began:.0f} s: {told}; {len(findings)} did harm")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
