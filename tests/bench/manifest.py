"""A big NeMo manifest with two predictions, the same bytes for the same seed: what the benchmarks load.

Words are pseudo-words drawn with Zipf frequencies; utterances have 5 to 35 of them at about 2.6 words a second. Each
prediction is the reference with substitutions, deletions and insertions. One row has about 440 bytes.

    python -m tests.bench.manifest big.json --rows 1000000
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import orjson

CHUNK = 10_000
VOCABULARY = 60_000
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ar", "en")]
ERRORS = {"small": (0.07, 0.02, 0.01), "large": (0.03, 0.01, 0.005)}
ACCENTS = ("north", "south", "east", "west", "coast")


def vocabulary(rng: np.random.Generator) -> list[str]:
    """Distinct pseudo-words of one to four syllables, the frequent ones short."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 1 + (len(words) >= 90) + (len(words) >= 7_000)
        words["".join(rng.choice(SYLLABLES, syllables))] = None
    return list(words)


def misheard(
    tokens: np.ndarray, lengths: np.ndarray, rates: tuple[float, float, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of a prediction and its utterance lengths; ``rates`` are of substitution, deletion, insertion."""
    substitution, deletion, insertion = rates
    draw = rng.random(tokens.size)
    heard = np.where(draw < substitution, rng.integers(0, VOCABULARY, tokens.size), tokens)
    copies = np.ones(tokens.size, dtype=np.int64)
    copies[(draw >= substitution) & (draw < substitution + deletion)] = 0
    copies[draw > 1 - insertion] = 2
    owner = np.repeat(np.arange(lengths.size), lengths)
    return np.repeat(heard, copies), np.bincount(owner, weights=copies, minlength=lengths.size).astype(np.int64)


def sentences(tokens: np.ndarray, lengths: np.ndarray, words: np.ndarray) -> Iterator[str]:
    """The utterances as text."""
    spoken, start = words[tokens].tolist(), 0
    for length in lengths.tolist():
        yield " ".join(spoken[start : start + length])
        start += length


def lines(
    rows: int, seed: int = 0, errors: Mapping[str, tuple[float, float, float]] = MappingProxyType(ERRORS)
) -> Iterator[bytes]:
    """The manifest, one JSON line per utterance, with a prediction for each system of ``errors``."""
    rng = np.random.default_rng(seed)
    words = np.array(vocabulary(rng), dtype=object)
    frequency = 1 / np.arange(1, VOCABULARY + 1) ** 1.05
    cumulated = np.cumsum(frequency / frequency.sum())
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        lengths = rng.integers(5, 36, count)
        tokens = np.minimum(np.searchsorted(cumulated, rng.random(lengths.sum())), VOCABULARY - 1)
        durations = np.round(lengths / 2.6 * rng.uniform(0.7, 1.4, count), 3).tolist()
        snr = np.round(rng.normal(18, 7, count), 1).tolist()
        speakers = rng.integers(0, 2_000, count).tolist()
        accents = rng.integers(0, len(ACCENTS), count).tolist()
        heard = [sentences(*misheard(tokens, lengths, rates, rng), words) for rates in errors.values()]
        texts = zip(sentences(tokens, lengths, words), *heard, strict=True)
        for index, (reference, *hypotheses) in enumerate(texts):
            yield orjson.dumps(
                {
                    "audio_filepath": f"audio/part{(start + index) // 5000:04d}/utterance{start + index:08d}.wav",
                    "duration": durations[index],
                    "text": reference,
                    "speaker": f"spk{speakers[index]:04d}",
                    "accent": ACCENTS[accents[index]],
                    "snr": snr[index],
                    **{f"pred_text_{name}": text for name, text in zip(errors, hypotheses, strict=True)},
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )


def write(path: Path, *, rows: int = 1_000_000, seed: int = 0) -> Path:
    """Write the manifest (through a temporary name) unless it is there already; its path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        building = path.with_name(path.name + ".building")
        with building.open("wb") as stream:
            stream.writelines(lines(rows, seed))
        building.replace(path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    print(write(arguments.path, rows=arguments.rows))
