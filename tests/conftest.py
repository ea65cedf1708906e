"""Fixtures that every room's tests share."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.prepared import Prepared, at_work
from tests.processes import COMMAND, prefect_at_work

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
# The demo, which many wait for, is made beside two files that do without it.
LONGEST = (
    "hostile/test_site",
    "faults/",
    "lake/",
    "flows/pipeline/test_nightly",
    "reports/test_site_in_browser",
    "fuzz/test_pages",
    "flows/",
    "hostile/",
)
# How long an example takes says nothing where other processes have the core.
settings.register_profile("gpuledger", deadline=None)
settings.load_profile("gpuledger")
Gpuledger = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def captures_dir() -> Path:
    """Real responses kept beside the project; they are not ours to publish, so they may be absent."""
    if not CAPTURES.is_dir():
        pytest.skip("real captures (../shared/captures) are not on this machine")
    return CAPTURES


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that a run would take."""
    # Imports Playwright, which few tests need.
    from scrapers.browser import find_chromium  # noqa: PLC0415

    found = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
    if not found:
        pytest.skip("needs a Chromium")
    return found


@pytest.fixture(scope="session")
def for_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes that tests run in."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def shared(folder: Path, begin: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    """What takes long to start, at work once for all processes that tests run in; yields its address.

    The process that needs it first starts it, and ends it when no other one needs it any more.
    """
    folder.mkdir(exist_ok=True)
    with (
        (folder / "users").open("a") as users,
        (folder / "address").open("a+") as address,
        ExitStack() as own,
    ):
        # Everybody takes the users' lock first, so that none can wait for one who waits for it.
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(address, fcntl.LOCK_EX)
        address.seek(0)
        if not (at := address.read()):
            place = folder / str(os.getpid())
            place.mkdir(exist_ok=True)
            at = own.enter_context(begin(place))
            own.callback(address.truncate, 0)
            own.callback(fcntl.flock, users, fcntl.LOCK_EX)
            address.write(at)
            address.flush()
        fcntl.flock(address, fcntl.LOCK_UN)
        yield at


@pytest.fixture(scope="session")
def prefect_server(for_all: Path) -> Iterator[str]:
    """The API of a Prefect server for all runs that are not about starting one, which takes ten seconds."""
    with shared(for_all / "prefect", prefect_at_work) as address:
        yield address


@pytest.fixture(scope="session")
def prepared(prefect_server: str, for_all: Path) -> Iterator[Prepared]:
    """Starts the command as a user would, in a process that need not import anything first."""
    home = for_all / "prepared"
    variables = {"PREFECT_API_URL": prefect_server, "PREFECT_HOME": str(home)}
    with shared(home, lambda folder: at_work(folder, **variables)) as address:
        yield Prepared(address, **variables)


@pytest.fixture(scope="session")
def gpuledger(prepared: Prepared) -> Gpuledger:
    """Runs the command as a user would, its output kept."""
    return prepared.run


@pytest.fixture(scope="session")
def gpuledger_anew(prefect_server: str) -> Gpuledger:
    """Runs the command as a user would, imports and all: once for every command is enough."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return _command(arguments, PREFECT_API_URL=prefect_server, **variables)

    return run


def _command(arguments: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="session")
def demo_home(for_all: Path, chromium: str) -> Path:
    """The whole demo, run once for all tests that look at its results, on a server that it starts itself.

    Where tests run in several processes, one runs it and the others wait.
    """
    home, done = for_all / "demo", for_all / "demo.done"
    with (for_all / "demo.lock").open("w") as lock:
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
