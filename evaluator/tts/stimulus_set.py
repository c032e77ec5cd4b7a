"""Stimulus sets: the same sentences, each read by several systems, one sound in each cell; gaps stay visible.

How one is made of a corpus: stimuli.py. Sounds are named by the ids of the corpus's utterances, as in
``/media/<corpus>/<id>/audio``; nothing here knows a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from explorer.errors import QueryError

Role = Literal["system", "reference", "context"]


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One reading: the id and row of its utterance in the corpus, whose it is, and its seconds (None: unknown)."""

    id: str
    row: int
    sentence: str
    system: str
    duration: float | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A row of the set: its key, its text as written, and as it is to be spoken where the corpus says so."""

    key: str
    text: str | None
    spoken: str | None = None


@dataclass(frozen=True, slots=True)
class StimulusSystem:
    """A column of the set: how many sentences it read, and the seconds of those whose length is known."""

    name: str
    role: Role
    sentences: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusSet:
    """Sentences x systems x sounds. ``corpus`` and ``key`` name it and its version; ``cells`` lack what is missing.

    ``sentences`` are in the order of their first row; of ``systems`` the references come first, then systems by name,
    then contexts. ``problems`` are sentences about rows that have no cell, or a doubtful one.
    """

    corpus: str
    key: str
    sentences: tuple[Sentence, ...]
    systems: tuple[StimulusSystem, ...]
    cells: Mapping[str, Mapping[str, Stimulus]]
    problems: tuple[str, ...]

    def stimulus(self, sentence: str, system: str) -> Stimulus | None:
        """The reading of a sentence by a system; None when it is missing."""
        return self.cells.get(sentence, {}).get(system)

    def readings(self) -> Iterator[Stimulus]:
        """All that are there, sentence by sentence."""
        for sentence in self.sentences:
            own = self.cells[sentence.key]
            yield from (own[system.name] for system in self.systems if system.name in own)

    def by_id(self) -> Mapping[str, Stimulus]:
        """Every reading by the id of its utterance; of a context that several sentences share, the last one."""
        return {stimulus.id: stimulus for stimulus in self.readings()}

    def names(self, role: Role) -> tuple[str, ...]:
        """The names of the systems with a role."""
        return tuple(system.name for system in self.systems if system.role == role)

    def missing(self) -> tuple[tuple[str, str], ...]:
        """The (sentence, system) pairs that have no reading; contexts are not missed."""
        wanted = [system.name for system in self.systems if system.role != "context"]
        return tuple((s.key, name) for s in self.sentences for name in wanted if name not in self.cells[s.key])

    def complete(self, systems: Iterable[str]) -> tuple[str, ...]:
        """The keys of the sentences that every one of these systems has read."""
        wanted = frozenset(systems)
        return tuple(s.key for s in self.sentences if wanted <= self.cells[s.key].keys())

    def only(self, *, sentences: Iterable[str] | None = None, systems: Iterable[str] | None = None) -> StimulusSet:
        """The part with these sentences, in this order, and these systems.

        Raises:
            QueryError: the set has no such sentence or system.
        """
        known = {sentence.key: sentence for sentence in self.sentences}
        keys = list(known) if sentences is None else list(dict.fromkeys(sentences))
        names = {system.name for system in self.systems}
        wanted = names if systems is None else set(systems)
        for kind, asked, there in (("sentence", keys, known), ("system", sorted(wanted), names)):
            unknown = [name for name in asked if name not in there]
            if unknown:
                raise QueryError(f'there is no {kind} "{unknown[0][:60]}" in this stimulus set')
        cells = {key: {n: c for n, c in self.cells[key].items() if n in wanted} for key in keys}
        kept = [system for system in self.systems if system.name in wanted]
        return replace(
            self,
            sentences=tuple(known[key] for key in keys),
            systems=tuple(counted(system.name, system.role, cells) for system in kept),
            cells=MappingProxyType({key: MappingProxyType(own) for key, own in cells.items()}),
        )


def counted(name: str, role: Role, cells: Mapping[str, Mapping[str, Stimulus]]) -> StimulusSystem:
    """A system with what it read in these cells."""
    own = [stimuli[name] for stimuli in cells.values() if name in stimuli]
    return StimulusSystem(name, role, len(own), sum(stimulus.duration or 0.0 for stimulus in own))
