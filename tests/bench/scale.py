"""How the corpus figures grow with the number of utterances: a hundredth, a tenth, and all of ``--rows`` in one table.

Each size is opened, queried and measured in a fresh process, the smallest first. "Growth" is the largest size's figure
divided by that of a tenth of the rows: 10 is linear, less is better. The manifest of ten million rows is 4.7 GB, its
cache file another 4.6 GB.

    python -m tests.bench scale --rows 10000000 --folder /big/disk
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.corpus import loading
from tests.bench.manifest import write

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 8


def measure(folder: Path, say: Callable[[str], None] = print, *, rows: int = 1_000_000) -> None:
    """Print the table."""
    sizes = [size for size in (rows // 100, rows // 10, rows) if size]
    columns = [_measured(folder, size) for size in sizes]
    say(f"p95 of {REPEATS} calls, every query a new one")
    say(f"  {'':46}" + "".join(f"{size:>14,}" for size in sizes) + f"{'growth':>9}")
    for name, (_, unit) in columns[-1].items():
        values = [column[name][0] for column in columns if name in column]
        growth = f"{values[-1] / values[-2]:9.1f}" if len(values) == len(sizes) > 1 and values[-2] else f"{'':9}"
        say(f"  {name:46}" + "".join(f"{value:>10.1f} {unit:<3}" for value in values) + growth)


def _measured(folder: Path, rows: int) -> dict[str, tuple[float, str]]:
    """Value and unit of each figure for that many rows, from a process of its own."""
    write(folder / f"big-{rows}.json", rows=rows)
    command = [sys.executable, "-m", "tests.bench.scale", str(folder), str(rows)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {name: (value, unit) for name, value, unit in map(json.loads, done.stdout.splitlines())}


def main(folder: Path, rows: int) -> None:
    """Measure one size; a JSON line of name, value and unit for each figure."""
    cache = folder / f"cache-{rows}"
    for figure in loading(folder / f"big-{rows}.json", cache, repeats=REPEATS):
        print(json.dumps([figure.name.split(" (median")[0], figure.value, figure.unit]), flush=True)
    shutil.rmtree(cache)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
