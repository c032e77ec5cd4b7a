"""Stimuli of a corpus: which row is whose reading of which sentence, and the stimulus set that they make.

A set is made from a corpus, whatever its sources: rows with a ``system``, results of NeMo's speech synthesis, a folder
for each system (explorer/formats), or one manifest for each system opened as one corpus. A row belongs to

    a system     its ``system``; without one, in a corpus of several sources, the name of its source
    a sentence   its ``sentence_id``; without one, the sentence of that id that has its text, else its text. Where no id
                 is shared by two systems, but a text is, ids mean something else, and texts alone tell

Systems of the role "reference" are recordings of a human speaker, those of "context" the recordings whose voice
is imitated: ``stimulus_role`` says so, or a name as in REFERENCE_NAMES. When a system read a sentence twice, its first
reading stands in the set. What cannot be placed is a problem, in words.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evaluator.tts.stimulus_set import Role, Sentence, Stimulus, StimulusSet, counted
from explorer.corpora.corpus import Corpus
from explorer.formats.nemo_tts import system_named
from explorer.querying.query import Query

SYSTEM_FIELD, SENTENCE_FIELD, ROLE_FIELD = "system", "sentence_id", "stimulus_role"
SPOKEN_FIELD, CONTEXT_FIELD = "normalized_text", "context_audio_filepath"
REFERENCE_NAMES = frozenset(
    ("reference", "recording", "recordings", "human", "natural", "gt", "ground_truth", "ground-truth", "groundtruth")
)
MOST_ROWS = 200_000
"""Rows of a corpus without a ``system`` column up to which its sources are tried as systems."""

_EXAMPLES = 3


@dataclass(slots=True)
class _Reading:
    """A row of the corpus that may become a stimulus."""

    id: str
    row: int
    system: str | None
    key: str | None
    text: str | None
    spoken: str | None
    role: str | None
    context: str | None
    audio: str
    source: str
    line: int
    duration: float | None

    @property
    def address(self) -> str:
        return f"{self.source}:{self.line}"


def is_tts(corpus: Corpus) -> bool:
    """Whether the corpus is a stimulus set: it says which system read each row, or its sources are systems."""
    if any(column.name == SYSTEM_FIELD for column in corpus.columns):
        return True
    if len(corpus.sources) < 2 or corpus.size > MOST_ROWS:
        return False
    return any(len(own) > 1 for own in stimulus_set(corpus).cells.values())


def stimulus_set(corpus: Corpus) -> StimulusSet:
    """The stimulus set of a corpus; one without a single sentence when the corpus is no such thing."""
    readings = _readings(corpus)
    problems: list[str] = []
    contexts = _contexts(readings)
    placed = [r for r in readings if r.role != "context" and r.system and (r.key or r.text)]
    _tell(problems, (r for r in readings if r.role != "context" and not r.system), "lacks a system and is left out")
    unnamed = (r for r in readings if r.role != "context" and r.system and not (r.key or r.text))
    _tell(problems, unnamed, "has neither a sentence_id nor a text and is left out")
    key_of = _keys(placed)
    cells: dict[str, dict[str, Stimulus]] = {}
    roles: dict[str, Role] = {}
    texts: dict[str, Sentence] = {}
    repeated: list[_Reading] = []
    differing: list[_Reading] = []
    for reading in placed:
        key, system = key_of(reading), str(reading.system)
        own = cells.setdefault(key, {})
        if system in own:
            repeated.append(reading)
            continue
        own[system] = Stimulus(reading.id, reading.row, key, system, reading.duration)
        roles.setdefault(system, _role(reading))
        known = texts.get(key)
        texts[key] = known = _told(key, known, reading)
        if reading.text is not None and reading.text != known.text:
            differing.append(reading)
        voice = contexts(reading)
        if voice is not None and voice.system:
            own.setdefault(voice.system, Stimulus(voice.id, voice.row, key, voice.system, voice.duration))
            roles.setdefault(voice.system, "context")
    _tell(problems, repeated, "reads a sentence again that its system has read before, and is left out")
    _tell(problems, differing, "has another text than the first reading of its sentence, which is shown")
    frozen: dict[str, Mapping[str, Stimulus]] = {key: MappingProxyType(own) for key, own in cells.items()}
    ranks = {"reference": 0, "system": 1, "context": 2}
    ordered = sorted(roles.items(), key=lambda pair: (ranks[pair[1]], pair[0]))
    return StimulusSet(
        corpus=corpus.name,
        key=corpus.content_key,
        sentences=tuple(texts[key] for key in cells),
        systems=tuple(counted(name, role, frozen) for name, role in ordered),
        cells=MappingProxyType(frozen),
        problems=tuple(problems),
    )


class StimulusSets:
    """The stimulus sets of corpora, each made once for each version of its sources."""

    def __init__(self) -> None:
        self._made: dict[str, StimulusSet] = {}
        self._lock = threading.Lock()

    def of(self, corpus: Corpus) -> StimulusSet:
        """The set of a corpus."""
        with self._lock:
            made = self._made.get(corpus.name)
            if made is None or made.key != corpus.content_key:
                made = self._made[corpus.name] = stimulus_set(corpus)
            return made


def _readings(corpus: Corpus) -> list[_Reading]:
    """All rows, with what places them."""
    present = {column.name for column in corpus.columns}
    own = (SYSTEM_FIELD, SENTENCE_FIELD, ROLE_FIELD, SPOKEN_FIELD, CONTEXT_FIELD)
    names = [name for name in own if name in present]
    if SYSTEM_FIELD not in names and (len(corpus.sources) < 2 or corpus.size > MOST_ROWS):
        return []
    names += ["reference", "audio", "source", "line", "duration"]
    rows = corpus.rows(Query())
    systems = _source_systems(corpus.sources_by_name)
    found = []
    for row, (id, values) in zip(rows.tolist(), corpus.listed(rows, names), strict=True):
        told: dict[str, Any] = dict(zip(names, values, strict=True))
        source = str(told["source"])
        found.append(
            _Reading(
                id=id,
                row=row,
                system=_name(told.get(SYSTEM_FIELD)) or systems.get(source),
                key=_name(told.get(SENTENCE_FIELD)) or None,
                text=told["reference"],
                spoken=_name(told.get(SPOKEN_FIELD)) or None,
                role=told.get(ROLE_FIELD),
                context=told.get(CONTEXT_FIELD),
                audio=told["audio"],
                source=source,
                line=told["line"],
                duration=told["duration"],
            )
        )
    return found


def _source_systems(sources: Mapping[str, Path]) -> Mapping[str, str]:
    """The systems that sources stand for when there are several; nothing for a single source."""
    return {name: system_named(path) for name, path in sources.items()} if len(sources) > 1 else {}


def _keys(placed: Sequence[_Reading]) -> Callable[[_Reading], str]:
    """How to tell a reading's sentence."""
    systems_of_key: defaultdict[str, set[str | None]] = defaultdict(set)
    systems_of_text: defaultdict[str, set[str | None]] = defaultdict(set)
    key_of_text: dict[str, str] = {}
    for reading in placed:
        if reading.key:
            systems_of_key[reading.key].add(reading.system)
            if reading.text:
                key_of_text.setdefault(reading.text, reading.key)
        if reading.text:
            systems_of_text[reading.text].add(reading.system)
    by_key = not systems_of_key or any(len(systems) > 1 for systems in systems_of_key.values())
    by_text = any(len(systems) > 1 for systems in systems_of_text.values())
    if by_key or not by_text:
        return lambda reading: reading.key or key_of_text.get(reading.text or "", reading.text or "")
    return lambda reading: key_of_text.get(reading.text or "", reading.key or reading.text or "")


def _contexts(readings: Sequence[_Reading]) -> Callable[[_Reading], _Reading | None]:
    """The voice that a reading follows, found by the path as the manifest writes it."""
    by_place = {(r.source, r.audio): r for r in readings if r.role == "context"}
    by_path = {r.audio: r for r in reversed(readings) if r.role == "context"}

    def context(reading: _Reading) -> _Reading | None:
        if not reading.context:
            return None
        return by_place.get((reading.source, reading.context)) or by_path.get(reading.context)

    return context


def _role(reading: _Reading) -> Role:
    if reading.role == "reference" or str(reading.system).casefold() in REFERENCE_NAMES:
        return "reference"
    return "system"


def _told(key: str, known: Sentence | None, reading: _Reading) -> Sentence:
    if known is None:
        return Sentence(key, reading.text, reading.spoken)
    return Sentence(
        key,
        reading.text if known.text is None else known.text,
        reading.spoken if known.spoken is None else known.spoken,
    )


def _tell(problems: list[str], readings: Iterable[_Reading], what: str) -> None:
    """One sentence about all readings with the same trouble: the addresses of the first, and how many there are."""
    found = list(readings)
    if not found:
        return
    more = len(found) - _EXAMPLES
    others = f" So do {more:,} others." if more > 0 else ""
    problems.extend(f"{reading.address} {what}." for reading in found[: _EXAMPLES - 1])
    if len(found) >= _EXAMPLES:
        problems.append(f"{found[_EXAMPLES - 1].address} {what}.{others}")


def _name(value: Any) -> str:
    """A sentence's or system's name as text: whole numbers without a decimal point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
