"""The README names every signal, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from evaluator.suspicion import SIGNALS

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_names_every_signal() -> None:
    section = README.read_text(encoding="utf-8").split("## A queue of what is likely wrong")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == list(SIGNALS)
