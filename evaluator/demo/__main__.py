"""``python -m evaluator.demo FOLDER ENGINE``: add an engine's predictions to the demo in FOLDER.

build.py runs it as a process of its own; progress lines and the sentence of an error go to stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

from evaluator.demo.predictions import predict
from explorer.errors import SpeechDataError

if __name__ == "__main__":
    try:
        predict(Path(sys.argv[1]), sys.argv[2], lambda line: print(line, flush=True))
    except SpeechDataError as error:
        print(f"error: {error}", flush=True)
        sys.exit(2)
