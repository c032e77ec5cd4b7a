"""JoinReport: what became of a file of predictions, counted, in words, and as JSON.

A row of the file is joined, or it is left out for one of the reasons below: the five add up to the rows of the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from explorer.records import Problem

WITHOUT_TEXT, REPEATED, AMBIGUOUS, UNMATCHED = "no hypothesis", "repeated", "ambiguous", "no such utterance"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinReport:
    """What became of a file of predictions.

    ``rows`` could be read; ``joined`` of them gave ``joined`` of the corpus's ``utterances`` a hypothesis; ``left_out``
    counts the others by reason. ``faulty`` lines could not be read at all. ``problems`` lists the first of both,
    ``missed`` the first utterances without a hypothesis, at their place in the corpus's sources.
    """

    system: str
    file: str
    format: str
    joined_on: str
    taken_from: str
    utterances: int
    rows: int
    joined: int
    left_out: dict[str, int]
    faulty: int
    problems: tuple[Problem, ...]
    missed: tuple[Problem, ...]

    @property
    def missing(self) -> int:
        """Utterances that the file gives no hypothesis."""
        return self.utterances - self.joined

    def sentences(self) -> list[str]:
        """The report in words, what matters first."""
        said = [
            f"{self.system}: {self.joined:,} of {self.utterances:,} utterances have a hypothesis from {self.file} "
            f'({self.format}, {self.rows:,} rows, field "{self.taken_from}"), joined on {self.joined_on}.'
        ]
        if self.missing:
            said.append(f"Utterances without a hypothesis: {self.missing:,}.")
        told = {
            UNMATCHED: "match no utterance",
            AMBIGUOUS: "fit several utterances and were joined with none",
            REPEATED: "repeat an earlier row, which counts",
            WITHOUT_TEXT: "have no hypothesis",
        }
        left = self.left_out
        said += [f"Rows that {words}: {left[kind]:,}." for kind, words in told.items() if kind in left]
        if self.faulty:
            said.append(f"Lines that could not be read: {self.faulty:,}.")
        return said

    def written(self) -> str:
        """The report as JSON; ``read`` is the inverse."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> JoinReport:
        """The report that was written."""
        content = json.loads(text)
        listed = {name: tuple(Problem(**entry) for entry in content[name]) for name in ("problems", "missed")}
        return cls(**{**content, **listed})


def renamed(report: JoinReport, file: str) -> JoinReport:
    """The report with the name that people know the file by."""
    problems = tuple(replace(problem, source=file) for problem in report.problems)
    return replace(report, file=file, problems=problems)
