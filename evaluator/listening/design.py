"""A listening test as it is designed: one YAML file that says everything, and is enough to run the test again.

The file is made on the page or by hand. Its ``link`` is a secret: whoever has it may rate.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from evaluator.listening.kinds import Kind, kind_of
from explorer.errors import ConfigError
from explorer.formatting import count, counted

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LINK = re.compile(r"[A-Za-z0-9_-]{16,64}")
MOST_SCREENS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningTest:
    """What is asked, about which systems of a corpus, on which sentences, and how much of it each rater hears.

    ``per_rater`` screens count; ``training`` screens come before them and ``checks`` attention checks among them.
    ``reference`` is a system (recordings of people, usually): with MUSHRA it is shown and hidden among the others, and
    with ``anchor`` its low-passed version is, too. ``loudness`` plays everything at -23 LUFS. ``raters`` are the names
    that may rate; none means everybody who has the link and types a name.
    """

    id: str
    title: str
    kind: str
    corpus: str
    systems: tuple[str, ...]
    sentences: tuple[str, ...]
    per_rater: int
    seed: int
    link: str
    question: str = ""
    instructions: str = ""
    training: int = 2
    checks: int = 1
    reference: str | None = None
    anchor: bool = False
    loudness: bool = True
    show_text: bool = True
    raters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise ConfigError(f'The listening test "{self.id}" cannot be used: {"; ".join(faults)}.')

    @property
    def scale(self) -> Kind:
        """What a rater may answer."""
        return kind_of(self.kind)

    @property
    def asked(self) -> str:
        """The question over every screen."""
        return self.question or self.scale.question


def new_link() -> str:
    """A link nobody can guess."""
    return secrets.token_urlsafe(18)


def named(title: str, taken: Sequence[str] = ()) -> str:
    """An id made of a title: "MOS, round 2" is "mos-round-2", numbered where that is taken."""
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:48] or "test"
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def as_yaml(test: ListeningTest) -> str:
    """The file of a test; ``read`` gives the same test back."""
    content = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(test).items()}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def read(path: Path) -> ListeningTest:
    """The test a file describes.

    Raises:
        ConfigError: the file is no YAML, has an unknown, missing or unfit entry, or the design makes no sense.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} must hold the entries of a listening test (id, title, kind, ...).")
    return from_entries(content, where=str(path))


def from_entries(content: Mapping[str, Any], *, where: str) -> ListeningTest:
    """The test of these entries, whose faults are told as those of ``where``.

    Raises:
        ConfigError: an entry is unknown, missing or of the wrong type, or the design makes no sense.
    """
    known = {field.name: field for field in fields(ListeningTest)}
    unknown = sorted(set(map(str, content)) - set(known))
    if unknown:
        raise ConfigError(
            f'{where}: there is no entry "{unknown[0]}" in a listening test; entries: {", ".join(known)}.'
        )
    entries: dict[str, Any] = {}
    for name, value in content.items():
        entries[name] = _typed(name, value, str(known[name].type), where)
    try:
        return ListeningTest(**entries)
    except TypeError as error:
        missing = ", ".join(re.findall(r"'(\w+)'", str(error)))
        raise ConfigError(f"{where}: a listening test also needs {missing}.") from error


def _typed(name: str, value: Any, wanted: str, where: str) -> Any:
    match wanted:
        case "tuple[str, ...]":
            if isinstance(value, list | tuple) and all(isinstance(part, str | int | float) for part in value):
                return tuple(str(part) for part in value)
            expected = "a list of names"
        case "int":
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            expected = "a whole number"
        case "bool":
            if isinstance(value, bool):
                return value
            expected = "true or false"
        case _:
            if isinstance(value, str) or (value is None and "None" in wanted):
                return value
            expected = "a text"
    raise ConfigError(f'{where}: "{name}" is {value!r}, expected {expected}.')


def _faults(test: ListeningTest) -> Sequence[str]:
    kind = kind_of(test.kind)
    faults = []
    if not _NAME.fullmatch(test.id):
        faults.append(f'its id is "{test.id}", expected small letters, digits and hyphens')
    if not _LINK.fullmatch(test.link):
        faults.append("its link must be 16 to 64 letters, digits, - or _")
    if len(set(test.systems)) != len(test.systems) or len(set(test.sentences)) != len(test.sentences):
        faults.append("a system or a sentence is named twice")
    needed = 1 if kind.holds == "one" else 2
    if len(test.systems) < needed:
        faults.append(f"{kind.title} needs {counted(needed, 'system')} at least; {count(len(test.systems))} named")
    if not test.sentences:
        faults.append("it names no sentence")
    if not 1 <= test.per_rater <= MOST_SCREENS:
        faults.append(f"per_rater is {test.per_rater}, expected 1 to {MOST_SCREENS}")
    if not (0 <= test.training <= 20 and 0 <= test.checks <= 20):
        faults.append("training and checks go from 0 to 20")
    if test.anchor and (kind.holds != "all" or test.reference is None):
        faults.append("an anchor needs MUSHRA and a reference it is made of")
    if test.reference is not None and test.reference not in test.systems:
        faults.append(f'its reference "{test.reference}" is none of its systems')
    return faults
