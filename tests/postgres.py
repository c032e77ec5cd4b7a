"""A private PostgreSQL server for the tests: its own folder and port on loopback, gone when the tests are done."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

INSTALLED = "/usr/lib/postgresql"


class NoPostgres(Exception):
    """Why there can be no server here."""


def programs() -> Path:
    """The folder of initdb and postgres, of the newest installed version.

    Raises:
        NoPostgres: there is none.
    """
    found = sorted(Path(INSTALLED).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise NoPostgres("PostgreSQL is not installed; .ci/postgres installs it")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


class Server:
    """A running server; ``database()`` makes an empty database and gives its address."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def database(self) -> str:
        """The URL of a new database."""
        import psycopg

        name = f"t{uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://earmark@127.0.0.1:{self.port}/{name}"


@contextmanager
def server() -> Iterator[Server]:
    """A server while the block runs, its files synced as in production.

    Raises:
        NoPostgres: it is not installed, or does not start.
    """
    where = programs()
    with tempfile.TemporaryDirectory(prefix="earmark-postgres-", dir="/tmp") as made:
        folder = Path(made)
        as_user = _own(folder)
        cluster = str(folder / "cluster")
        command = [*as_user, str(where / "initdb"), "-D", cluster, "-U", "earmark"]
        _run([*command, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        port = _free_port()
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": made, "fsync": "on"}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*as_user, str(where / "postgres"), "-D", cluster, *words], stdout=log, stderr=log, cwd=made
            )
        try:
            _wait(port, process, folder / "log")
            yield Server(port, process.pid)
        finally:
            subprocess.run(
                [*as_user, str(where / "pg_ctl"), "-D", cluster, "-m", "immediate", "stop"],
                capture_output=True, check=False, cwd=made,
            )  # fmt: skip
            process.wait(timeout=30)


def _own(folder: Path) -> list[str]:
    """How to run a program as somebody PostgreSQL accepts: it refuses root."""
    if os.geteuid() != 0:
        return []
    try:
        shutil.chown(folder, "postgres")
    except LookupError as error:
        raise NoPostgres('there is no user "postgres" to run PostgreSQL, which refuses root') from error
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/tmp", timeout=120)
    if done.returncode:
        raise NoPostgres(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            psycopg.connect(f"postgresql://earmark@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise NoPostgres(f"PostgreSQL did not start: {log.read_text(errors='replace')[-500:]}")
