"""What a run that scores voices must know of each reading: the text, and the reference recording it is compared with.

voices.parquet      id, text, path, offset, duration; the last three of the reference recording, null without one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.tts.stimulus_set import StimulusSet
from explorer.corpora.corpus import Corpus
from explorer.errors import SpeechDataError
from explorer.places.sounds import locator_of

FILE = "voices.parquet"
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("path", pa.string()),
        ("offset", pa.float64()),
        ("duration", pa.float64()),
    ]
)

Sound = tuple[str, float, float | None]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What is known of a reading. ``reference`` is a cut of a sound, None where nobody recorded the sentence."""

    text: str | None
    reference: Sound | None


def write_pairings(corpus: Corpus, material: StimulusSet, folder: Path) -> None:
    """Write what is known of every reading of a set; a reference whose sound is not there counts as missing."""
    texts = {sentence.key: sentence.spoken or sentence.text for sentence in material.sentences}
    references = {key: _reference(corpus, material, key) for key in texts}
    rows = []
    for reading in material.readings():
        sound = None if reading.system in material.names("reference") else references[reading.sentence]
        path, offset, duration = sound or (None, None, None)
        row = {"id": reading.id, "text": texts[reading.sentence], "path": path, "offset": offset, "duration": duration}
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / FILE)


def read_pairings(folder: Path) -> Mapping[str, Pairing]:
    """The readings of a run by id; nothing for a run that knows of none."""
    if not (folder / FILE).exists():
        return {}
    found = {}
    for row in pq.read_table(folder / FILE, schema=SCHEMA).to_pylist():
        reference = None if row["path"] is None else (row["path"], row["offset"] or 0.0, row["duration"])
        found[row["id"]] = Pairing(row["text"], reference)
    return found


def _reference(corpus: Corpus, material: StimulusSet, sentence: str) -> Sound | None:
    for name in material.names("reference"):
        reading = material.stimulus(sentence, name)
        if reading is None:
            continue
        try:
            utterance = corpus.utterance(reading.id)
            return locator_of(corpus.audio_path(utterance)), utterance.offset, utterance.duration
        except SpeechDataError:
            continue
    return None
