"""What a training has come to: results.jsonl in its folder, one line per saved model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def results(folder: Path) -> list[dict[str, Any]]:
    """The lines of results.jsonl, none when nothing was saved yet."""
    path = folder / "results.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def append_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Add a line to results.jsonl, replacing an earlier one of the same epoch (a resumed run may repeat it)."""
    path = folder / "results.jsonl"
    rows = [row for row in results(folder) if row["epoch"] != result["epoch"]]
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps(row) + "\n" for row in [*rows, result]), encoding="utf-8")
    temporary.replace(path)
