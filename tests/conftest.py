"""Fixtures that every room's tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.processes import COMMAND, prefect_at_work

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
# The demo, which many wait for, is made beside two files that do without it.
LONGEST = ("hostile/test_site", "faults/", "lake/", "flows/test_nightly", "hostile/", "flows/")
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
    with prefect_at_work(tmp_path_factory.mktemp("prefect")) as address:
        yield address


@pytest.fixture(scope="session")
def gpuledger(prefect_server: str) -> Gpuledger:
    """Runs the command as a user would, its output kept."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return _command(arguments, PREFECT_API_URL=prefect_server)

    return run


def _command(arguments: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(
        key=lambda item: next((place for place, part in enumerate(LONGEST) if part in item.nodeid), 99)
    )
