"""The product in its own process, as a user starts it, for the areas that measure from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@contextlib.contextmanager
def server(folder: Path, manifest: Path) -> Iterator[tuple[str, psutil.Process, float]]:
    """The product serving ``manifest`` with its cache in ``folder``: address, process, and when it was started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", str(manifest), f"server.port={port}", f"cache.folder={folder / 'cache'}"]
    command.append(f"workspace={folder / 'workspace'}")
    started = time.perf_counter()
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_port(address)
        yield address, psutil.Process(process.pid), started
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def wait_for_port(address: str) -> None:
    """Return once the server accepts connections."""
    host, port = address.removeprefix("http://").split(":")
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"{address} did not answer within a minute")
