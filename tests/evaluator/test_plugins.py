"""The three tables of plugins: what every row promises, and the sentences about wrong names, options and packages."""

from __future__ import annotations

import pytest

from evaluator.detectors import DETECTORS
from evaluator.engines import ENGINES
from evaluator.plugins import Plugin, chosen, load_class, plugged
from evaluator.synthesizers import SYNTHESIZERS
from explorer.errors import ConfigError, MissingPackage

ROWS = [(kind, row) for kind, table in {"engine": ENGINES, "detector": DETECTORS, "synthesizer": SYNTHESIZERS}.items()
        for row in table.values()]  # fmt: skip


class Echo:
    def __init__(self, *arguments: str, loud: bool = False) -> None:
        self.said = (*arguments, loud)


ECHO = Plugin("echo", f"{__name__}:Echo", "Repeats.", "echo echo[all]", ())


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=lambda value: value if isinstance(value, str) else value.name)
def test_every_row_explains_itself_and_its_class_exists(kind: str, row: Plugin) -> None:
    assert row.help.endswith(".")
    assert row.installed
    assert row.missing == ""
    assert isinstance(load_class(row.factory), type)


def test_a_row_is_built_with_its_options() -> None:
    assert plugged(ECHO, "a", kind="echo", options={"loud": True}).said == ("a", True)
    assert plugged(ECHO, kind="echo").said == (False,)


def test_wrong_names_and_options_are_sentences() -> None:
    with pytest.raises(ConfigError, match='There is no voice "bell"; known are: echo'):
        chosen({"echo": ECHO}, "bell", kind="voice")
    with pytest.raises(ConfigError, match='The echo "echo" has no option "lout"; did you mean "loud"'):
        plugged(ECHO, kind="echo", options={"lout": 1})
    with pytest.raises(ConfigError, match="known are: arguments"):
        plugged(ECHO, kind="echo", options={"x": 1}, own=("loud",))


def test_a_missing_package_gives_a_line_that_a_shell_understands() -> None:
    absent = Plugin("absent", "no.such:Thing", "None.", "one two[all]", ("no_such_package",))
    assert not absent.installed
    with pytest.raises(
        MissingPackage, match=r'"absent" is not installed. Install it with: pip install one "two\[all\]"'
    ):
        plugged(absent, kind="engine")
    assert absent.missing == 'Not installed; use: pip install one "two[all]"'
