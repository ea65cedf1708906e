"""Fixtures that every room's tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
Gpuledger = Callable[..., subprocess.CompletedProcess[str]]
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")


@pytest.fixture(scope="session")
def captures_dir() -> Path:
    """Real responses kept beside the project; they are not ours to publish, so they may be absent."""
    if not CAPTURES.is_dir():
        pytest.skip("real captures (../shared/captures) are not on this machine")
    return CAPTURES


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser on PATH."""
    found = os.environ.get("GPULEDGER_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a Prefect server for all runs that are not about starting one, which takes ten seconds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect"))}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as server:
        for _ in range(120):
            time.sleep(0.5)
            with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/api/health"):
                break
        yield f"http://127.0.0.1:{port}/api"
        server.terminate()


@pytest.fixture(scope="session")
def gpuledger(prefect_server: str) -> Gpuledger:
    """Runs the command as a user would, its output kept."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return _command(arguments, PREFECT_API_URL=prefect_server)

    return run


def _command(arguments: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from flows.cli import app; app()", *map(str, arguments)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Path:
    """The whole demo, run once for all tests that look at its results, on a server that it starts itself.

    Where tests run in several processes, one runs it and the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home, done = shared / "demo", shared / "demo.done"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            ran = _command(("demo", "--home", home))
            assert ran.returncode == 0, ran.stdout + ran.stderr
            done.touch()
    return home


@pytest.fixture(scope="session")
def demo_site(demo_home: Path) -> Path:
    """The demo's site."""
    return demo_home / "site"
