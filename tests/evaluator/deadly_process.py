"""The measuring process with odd sounds: "killer" in a name ends it, "sleeper" takes for ever, "slow" a moment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from evaluator.measuring import measuring_process
from explorer.child import serve


def ready(order: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    answer = measuring_process.ready(order)

    def deadly(work: dict[str, Any]) -> dict[str, Any]:
        print("a library speaks", flush=True)
        for path, *_ in work["sounds"]:
            if "killer" in path:
                os.kill(os.getpid(), signal.SIGKILL)
            if "sleeper" in path:
                time.sleep(3600)
            if "slow" in path:
                time.sleep(0.02)
        return answer(work)

    return deadly


if __name__ == "__main__":
    serve(ready)
