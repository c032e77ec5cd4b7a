"""What is imported late: the first page does not wait for it, answers of Dash do; each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run(code: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout.strip()


def test_pages_and_pictures_do_not_wait_but_answers_do() -> None:
    told = run(
        """
        import sys
        from flask import Flask
        from explorer.doors import late_imports

        server = Flask("late")
        server.add_url_rule("/", "page", lambda: "page")
        server.add_url_rule("/_dash-layout", "answer", lambda: "answer")
        late_imports.before_answers(server)
        client = server.test_client()
        for address in ("/", "/_dash-layout"):
            print(client.get(address).text, *(name in sys.modules for name in late_imports.FOR_ANSWERS))
        """
    )
    assert told.splitlines() == ["page False False", "answer True True"]


def test_all_of_it_is_there_after_a_while() -> None:
    told = run(
        """
        import sys, threading
        from explorer.doors import late_imports

        late_imports.behind()
        (thread,) = [one for one in threading.enumerate() if one.name == "late-imports"]
        thread.join(100)
        print(*(name in sys.modules for name in (*late_imports.FOR_ANSWERS, *late_imports.FOR_SOUND)))
        """
    )
    assert told == "True True True"


def test_the_collector_is_on_again_while_the_server_answers() -> None:
    told = run(
        """
        import gc
        import app

        with app._without_collecting():
            print(gc.isenabled())
        print(gc.isenabled())
        """
    )
    assert told.splitlines() == ["False", "True"]
