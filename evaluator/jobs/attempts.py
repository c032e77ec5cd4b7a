"""Which utterances were being worked on when a worker died, so that one that kills it cannot stop its run.

Before audio is decoded or shown to a model its id is written to ``attempt.json`` in the run folder; the file goes
away when the work ends well. Whoever finds it knows that the last worker died, and who was there: these suspects are
done again at the end, one at a time. One that is there at three deaths is given up as a failure of its own; a worker
that somebody kills on purpose does not make a failure.
The file is not synced: it has to survive the death of a process, not of the machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import orjson

MOST_DEATHS = 3


class Attempts:
    """The memory of one run's deaths: ``suspects`` were there at one, ``given_up`` at MOST_DEATHS."""

    def __init__(self, path: Path, *, settled: Collection[str]) -> None:
        self._path = path
        deaths, present = _read(path)
        for utterance in present:
            deaths[utterance] = deaths.get(utterance, 0) + 1
        open_cases = {utterance: count for utterance, count in deaths.items() if utterance not in settled}
        self.given_up = frozenset(u for u, count in open_cases.items() if count >= MOST_DEATHS)
        self.suspects = frozenset(open_cases) - self.given_up
        self._deaths = {utterance: open_cases[utterance] for utterance in self.suspects}
        self.present(())

    def present(self, utterances: Iterable[str]) -> None:
        """These, and no others, are being worked on from now on."""
        beside = self._path.with_suffix(".new")
        beside.write_bytes(orjson.dumps({"deaths": self._deaths, "present": list(utterances)}))
        beside.replace(self._path)

    def close(self) -> None:
        """The work ended without a death."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, int], list[str]]:
    try:
        found = orjson.loads(path.read_bytes())
        return dict(found["deaths"]), list(found["present"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return {}, []  # no file: nobody died; a damaged one can only cost a repetition
