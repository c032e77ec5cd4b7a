"""The decoding process with odd sounds: "killer" in a name ends it as a fault of a library does, "sleeper" hangs."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from explorer.child import Respond, serve
from explorer.sound import decoding_process


def ready(order: dict[str, Any]) -> Respond:
    respond = decoding_process.ready(order)

    def deadly(line: dict[str, Any]) -> Any:
        name = str(line.get("open", ""))
        if "killer" in name:
            os.write(2, b"a library complains\n")
            os.kill(os.getpid(), signal.SIGSEGV)
        if "sleeper" in name:
            time.sleep(3600)
        return respond(line)

    return deadly


if __name__ == "__main__":
    serve(ready)
