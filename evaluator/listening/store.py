"""The listening tests of a workspace: designs as files, raters and answers in the ledger.

Everything a rater has answered is in the ledger before they are told so. Who joins gets a plan that makes up for what
was planned least, and keeps it: a link opens the first screen that is not answered, on any machine. Files are read
when they have changed, and of the ledger what is new.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evaluator.ledger import Ledger
from evaluator.listening.design import ListeningTest, as_yaml, read
from evaluator.listening.kinds import checked_values
from evaluator.listening.plans import PlanCounts, Screen, plan
from evaluator.listening.ratings import (
    Answer,
    Rater,
    plan_draft,
    rater_of,
    rating_draft,
)
from evaluator.listening.receipts import Receipts
from evaluator.listening.standing import Standing
from explorer.errors import ConfigError, LedgerError, QueryError, SpeechDataError

LEFT_AFTER = timedelta(hours=24)
"""A rater who has answered nothing for so long is taken to have left: the rest of their plan is given to others."""

LONGEST_NAME = 60


class UnknownTest(SpeechDataError):
    """No listening test has that id or link."""


class Unheard(QueryError):
    """A screen was rated before all of its recordings had been sent and played."""


@dataclass(frozen=True, slots=True)
class Kept:
    """That a screen is answered: what is ``following`` (None at the end), and the answer that counts ``instead``.

    ``instead`` is None unless the screen had been answered with something else before, as in another window.
    """

    following: Screen | None
    instead: tuple[int, ...] | None = None


class ListeningTests:
    """Safe from several threads; several servers may share a ledger, and then plans may be a little unequal."""

    def __init__(
        self, folder: Path, ledger: Ledger, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._clock = clock
        self._joining = threading.Lock()
        self._keeping = threading.Lock()
        self._read: dict[Path, tuple[tuple[int, int, int], ListeningTest | str]] = {}
        self._standings: dict[str, Standing] = {}
        self.receipts = Receipts(folder)

    def all(self) -> tuple[list[ListeningTest], list[str]]:
        """The tests by id, and a sentence about every file that is none."""
        known, found = self._read, {}
        for path in sorted(self._folder.glob("*.yaml")) if self._folder.is_dir() else ():
            stamp = _stamp(path)
            if stamp is not None:
                kept = known.get(path)
                found[path] = kept if kept is not None and kept[0] == stamp else (stamp, _test_or_fault(path))
        self._read = found
        every = [one for _, one in found.values()]
        tests = [one for one in every if isinstance(one, ListeningTest)]
        return tests, [one for one in every if isinstance(one, str)]

    def get(self, id: str) -> ListeningTest:
        """The test of that id.

        Raises:
            UnknownTest: there is none.
        """
        return self._one(lambda test: test.id == id, f'There is no listening test "{id}".')

    def by_link(self, link: str) -> ListeningTest:
        """The test that a link opens.

        Raises:
            UnknownTest: it opens none.
        """
        told = "This link opens no listening test. Ask whoever gave it to you for a new one."
        return self._one(lambda test: secrets.compare_digest(test.link.encode(), link.encode()), told)

    def create(self, test: ListeningTest) -> Path:
        """Write a new test's file.

        Raises:
            ConfigError: the id is taken, or the file cannot be written.
        """
        path = self._folder / f"{test.id}.yaml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(as_yaml(test))
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            raise ConfigError(
                f'There is a listening test "{test.id}" already; give the new one another title.'
            ) from error
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error
        return path

    def retire(self, test: ListeningTest) -> Path:
        """Take a test off the list: its link opens nothing any more, its ratings stay in the ledger.

        Raises:
            ConfigError: the file cannot be moved.
        """
        path = self._folder / f"{test.id}.yaml"
        kept = self._folder / "retired" / f"{test.id}-{secrets.token_hex(3)}.yaml"
        try:
            kept.parent.mkdir(exist_ok=True)
            path.replace(kept)
        except OSError as error:
            raise ConfigError(f"{path} cannot be moved: {error.strerror or error}.") from error
        return kept

    def join(self, test: ListeningTest, name: str, cells: Mapping[str, frozenset[str]]) -> Rater:
        """The rater of that name, who goes on where they stopped; a new one gets a plan.

        Raises:
            QueryError: the name is empty or too long, or not among those who were invited; nothing can be heard.
            LedgerError: the plan cannot be written.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= LONGEST_NAME:
            raise QueryError(f"a name has 1 to {LONGEST_NAME} characters; this one has {len(name)}")
        invited = {one.casefold(): one for one in test.raters}
        if invited and name.casefold() not in invited:
            raise QueryError("this name is not among those who were invited to this test")
        name = invited.get(name.casefold(), name)
        with self._joining:
            standing = self._standing(test)
            there = standing.named(name)
            if there is not None:
                return there
            raters = standing.raters()
            counts = PlanCounts.of(self._counting(raters, standing.answers()))
            screens = plan(test, cells, rater=len(raters), counts=counts)
            (event,) = self._ledger.append([plan_draft(test, secrets.token_hex(8), name, len(raters), screens)])
        return rater_of(event)

    def rater(self, test: ListeningTest, id: str) -> tuple[Rater, dict[str, tuple[int, ...]]]:
        """A rater, and what they have answered by screen.

        Raises:
            UnknownTest: nobody with that link has begun.
        """
        standing = self._standing(test)
        found = standing.rater(id)
        if found is None:
            raise UnknownTest("This link belongs to nobody. Open the test's own link and type your name.")
        return found, standing.answered(id)

    def submit(
        self,
        test: ListeningTest,
        rater: str,
        screen: str,
        values: Sequence[Any],
        seconds: float | None,
        *,
        lasts: Callable[[Screen], float | None] = lambda _screen: None,
    ) -> Kept:
        """Keep an answer. The same one again changes nothing; another one neither, and is told what counts instead.

        ``lasts`` tells how many seconds the recordings of a screen last.

        Raises:
            UnknownTest, QueryError: there is no such rater or screen, or the answer is not on the scale.
            LedgerError: it cannot be kept.
        """
        who, answered = self.rater(test, rater)
        asked = next((one for one in who.screens if one.id == screen), None)
        if asked is None:
            raise QueryError(f'this rater has no screen "{screen[:20]}"')
        checked = tuple(checked_values(test.scale, values, slots=len(asked.slots)))
        if screen not in answered:
            try:
                self._ledger.append([rating_draft(test, who, asked, checked, seconds, lasts(asked))])
                answered[screen] = checked
            except LedgerError:
                # Two windows may have answered at once; then the first counts. Anything else is told.
                answered = self.rater(test, rater)[1]
                if screen not in answered:
                    raise
        counts = answered[screen]
        return Kept(following(who, answered), None if counts == checked else counts)

    def answers(self, test: ListeningTest) -> list[Answer]:
        """Every answer so far."""
        return self._standing(test).answers()

    def raters(self, test: ListeningTest) -> list[tuple[Rater, int]]:
        """Everybody who began, and how many screens they have answered."""
        standing = self._standing(test)
        return [(rater, len(standing.answered(id))) for id, rater in standing.raters().items()]

    def revision(self, test: ListeningTest) -> int:
        """Goes up with every answer."""
        return self._standing(test).follow()

    def _standing(self, test: ListeningTest) -> Standing:
        """How a test stands now."""
        with self._keeping:
            standing = self._standings.setdefault(test.id, Standing(test.id, self._ledger))
        standing.follow()
        return standing

    def _one(self, wanted: Callable[[ListeningTest], bool], otherwise: str) -> ListeningTest:
        found = next((test for test in self.all()[0] if wanted(test)), None)
        if found is None:
            raise UnknownTest(otherwise)
        return found

    def _counting(self, raters: Mapping[str, Rater], answers: Sequence[Answer]) -> list[Sequence[Screen]]:
        """The plans that will be heard: whole ones of those who are at it or done, of others what they answered."""
        answered: dict[str, list[Answer]] = {}
        for answer in answers:
            answered.setdefault(answer.rater, []).append(answer)
        plans: list[Sequence[Screen]] = []
        for id, rater in raters.items():
            own = answered.get(id, [])
            last = max((answer.at for answer in own), default=rater.joined)
            left = self._clock() - last > LEFT_AFTER and len(own) < len(rater.screens)
            plans.append([answer.screen for answer in own] if left else rater.screens)
        return plans


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file's content; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _test_or_fault(path: Path) -> ListeningTest | str:
    try:
        return read(path)
    except ConfigError as error:
        return str(error)


def following(rater: Rater, answered: set[str] | Mapping[str, Any]) -> Screen | None:
    """The first screen that is not answered; None when all are."""
    return next((screen for screen in rater.screens if screen.id not in answered), None)
