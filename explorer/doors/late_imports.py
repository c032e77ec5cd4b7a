"""What answers need but the start does not: imported while the server listens already.

Importing pandas and scipy takes longer than all else that happens between the command and the first page. Where a
module is needed sooner, whoever needs it imports it as usual and waits for the rest of it.
"""

from __future__ import annotations

import threading
import time
from importlib import import_module

from flask import Flask, request

FOR_ANSWERS = ("pandas", "PIL.Image")
FOR_SOUND = ("pyloudnorm",)
FIRST_PAGE_SECONDS = 2.0
"""How long the first page has the processor for itself; the first loudness waits a second when nobody waits."""


def before_answers(server: Flask) -> None:
    """Let the answers of Dash wait for what plotly's encoder takes from ``sys.modules``.

    An answer that is written while another thread is still importing one of them would fail.
    """

    def imported() -> None:
        if request.path.startswith("/_dash-"):
            for name in FOR_ANSWERS:
                import_module(name)

    server.before_request(imported)


def behind() -> None:
    """Import all of it in a thread: first what answers wait for, then what the first sound would wait for."""

    def work() -> None:
        for name in FOR_ANSWERS:
            import_module(name)
        time.sleep(FIRST_PAGE_SECONDS)
        for name in FOR_SOUND:
            import_module(name)

    threading.Thread(target=work, name="late-imports", daemon=True).start()
