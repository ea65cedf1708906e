"""The command and Prefect's server as processes of their own, and what comes of them in time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

COMMAND: Final = (sys.executable, "-c", "from flows.cli.app import app; app()")
PREFECT: Final = (sys.executable, "-m", "prefect")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(
    *arguments: str | Path, command: tuple[str, ...] = COMMAND, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """A command as a process of its own, ended with the test and whatever it started with it."""
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextmanager
def prefect_at_work(folder: Path, **variables: str) -> Iterator[str]:
    """A Prefect server that keeps its state in a folder, unless a variable names a database."""
    port = str(free_port())
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", port]
    quiet = subprocess.DEVNULL
    environment = {**os.environ, "PREFECT_HOME": str(folder), **variables}
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as server:
        address = f"http://127.0.0.1:{port}/api"
        # Whoever leaves this block waits for the server, so it is ended even where it never answered.
        try:
            eventually(lambda: urlopen(f"{address}/health"))
            yield address
        finally:
            server.terminate()


def eventually(found: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is something, asked again until there is one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(URLError, ConnectionError):
            if answer := found():
                return answer
        time.sleep(0.2)
    raise AssertionError(f"nothing came of {found} in {seconds:g} s")
