"""The kinds of listening test: what a screen holds, what a rater may answer, and what an answer means.

Sources: ITU-T P.800 (1996), absolute category rating and comparison category rating; ITU-R BS.1534-3 (2015), MUSHRA.
Where a kind departs from its source, its ``help`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.errors import ConfigError, QueryError
from explorer.formatting import count, counted

Holds = Literal["one", "pair", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of test. A screen ``holds`` one stimulus, a pair, or all systems; answers are whole numbers.

    ``labels`` name answers, from ``low`` to ``high``; a kind with sliders has labels only for some of them.
    """

    name: str
    title: str
    help: str
    holds: Holds
    low: int
    high: int
    labels: Mapping[int, str]
    question: str
    unit: str

    @property
    def answers_each(self) -> bool:
        """Whether each stimulus of a screen gets a number of its own."""
        return self.holds != "pair"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="acr",
            title="Mean opinion score (ACR)",
            help="One recording at a time, rated from 1 (bad) to 5 (excellent) as in ITU-T P.800; the mean is the MOS.",
            holds="one",
            low=1,
            high=5,
            labels={5: "Excellent", 4: "Good", 3: "Fair", 2: "Poor", 1: "Bad"},
            question="How natural does this recording sound?",
            unit="MOS",
        ),
        Kind(
            name="ab",
            title="Preference (A/B)",
            help="Two recordings of the same sentence; the rater prefers one, or neither. No reference is needed.",
            holds="pair",
            low=-1,
            high=1,
            labels={-1: "The first", 0: "No preference", 1: "The second"},
            question="Which recording sounds more natural?",
            unit="share of decided",
        ),
        Kind(
            name="cmos",
            title="Comparison (CMOS)",
            help="Two recordings of the same sentence; the second is rated against the first from -3 (much worse) to 3 "
            "(much better) as in the comparison category rating of ITU-T P.800. Either system may come first.",
            holds="pair",
            low=-3,
            high=3,
            labels={
                3: "Much better",
                2: "Better",
                1: "Slightly better",
                0: "About the same",
                -1: "Slightly worse",
                -2: "Worse",
                -3: "Much worse",
            },
            question="How does the second recording sound compared with the first?",
            unit="CMOS",
        ),
        Kind(
            name="mushra",
            title="All systems on sliders (MUSHRA-like)",
            help="All systems read the same sentence and are rated from 0 to 100 on one screen, with or without a "
            "reference that is shown and hidden among them, and an anchor (the reference through a 3.5 kHz low-pass). "
            "Like ITU-R BS.1534, but raters need not be experts and there is no loop over an excerpt.",
            holds="all",
            low=0,
            high=100,
            labels={100: "Excellent", 80: "Good", 60: "Fair", 40: "Poor", 20: "Bad"},
            question="How natural does each recording sound?",
            unit="points",
        ),
    )
}


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in KINDS:
        raise ConfigError(f'There is no kind of listening test "{name}"; there are: {", ".join(KINDS)}.')
    return KINDS[name]


def checked_values(kind: Kind, values: Sequence[object], *, slots: int) -> tuple[int, ...]:
    """The answers to a screen of ``slots`` stimuli, if they are what the kind allows.

    Raises:
        QueryError: too few or too many, not whole numbers, or outside the scale.
    """
    wanted = slots if kind.answers_each else 1
    if len(values) != wanted:
        raise QueryError(f"this screen needs {counted(wanted, 'rating')}, and {count(len(values))} came")
    numbers = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not kind.low <= value <= kind.high:
            raise QueryError(f"a rating is {value!r}, expected a whole number from {kind.low} to {kind.high}")
        numbers.append(value)
    return tuple(numbers)
