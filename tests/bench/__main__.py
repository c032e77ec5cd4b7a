"""All figures of ``make bench``, one area after the other; a timing is printed, never a pass or a fail.

python -m tests.bench [AREA ...] [--folder FOLDER] [--rows N]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from tests.bench import (
    browser,
    comparing,
    corpus,
    errors,
    measures,
    media,
    review,
    scale,
    scoring,
    suspicion,
    transcription,
    tts,
    users,
)


def main() -> None:
    """Run the named areas, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    areas = {
        "corpus": lambda folder, rows: corpus.measure(folder, rows=rows),
        "browser": lambda folder, rows: browser.measure(folder, rows=rows),
        "scale": lambda folder, rows: scale.measure(folder, rows=rows),
        "users": lambda folder, rows: users.measure(folder, rows=rows),
        "scoring": lambda folder, rows: scoring.measure(rows),
        "comparing": lambda folder, rows: comparing.measure(folder),
        "suspicion": lambda folder, rows: suspicion.measure(folder, rows=rows),
        "errors": lambda folder, rows: errors.measure(folder, rows=rows),
        "media": lambda folder, rows: media.measure(folder),
        "measures": lambda folder, rows: measures.measure_all(folder),
        "review": lambda folder, rows: review.measure(folder, rows=rows),
        "tts": lambda folder, rows: tts.measure(folder / "tts"),
        "transcription": lambda folder, rows: transcription.measure(folder),
    }
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"{', '.join(areas)}; all when none is named")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where generated data is kept")
    parser.add_argument("--rows", type=int, default=1_000_000, help="utterances of the large manifest")
    options = parser.parse_args()
    unknown = [area for area in options.areas if area not in areas]
    if unknown:
        parser.error(f"there is no area {unknown[0]}; known are: {', '.join(areas)}")
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}, {time.strftime('%F')}")
    for name in options.areas or areas:
        print(f"\n== {name}", flush=True)
        folder = options.folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        areas[name](folder, options.rows)


if __name__ == "__main__":
    main()
