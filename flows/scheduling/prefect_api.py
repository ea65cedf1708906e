"""Whether a run has Prefect's API, decided before it begins: a run never waits for its dashboard.

Without PREFECT_API_URL a server of our own is started for the run, on a free port of this machine and behind
the installation's secret. An API that does not answer within seconds is done without.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from threading import Thread
from typing import Any, Final

from flows.scheduling.prefect_environment import API_URL, AUTH_STRING, forget_credentials, prepare_prefect
from flows.scheduling.prefect_secret import SecretRefused
from flows.scheduling.prefect_server import PortRefused, PrefectServer

SECONDS_TO_START: Final = 45.0
"""What a server of our own may take to start. Beyond it the run goes on without."""
SECONDS_TO_ANSWER: Final = 15.0
"""What a server that PREFECT_API_URL names may take for its first answer, slow answers included."""


@contextmanager
def prefect_api(
    home: Path, warn: Callable[[str], None], *, seconds_to_start: float = SECONDS_TO_START
) -> Iterator[bool]:
    """Prefect prepared for one run in a data folder; yields whether its API can be used.

    `warn` is given one sentence where it cannot. Prefect must not have been imported before.
    """
    if os.environ.get(API_URL, "").strip():
        problem = prepare_prefect(home) or unusable_api()
        forget_credentials()
        if problem:
            _warn(warn, problem)
        yield not problem
        return
    server = None
    try:
        try:
            server = PrefectServer(home, 0)
            server.start()
        except (OSError, PortRefused, SecretRefused) as refused:
            prepare_prefect(home)
            problem = f"its own server cannot be started: {refused}"
        else:
            with reaching(server):
                prepare_prefect(home)
            problem = (
                "" if server.wait(seconds_to_start) else f"its own server did not start; see {server.log}"
            )
        if problem:
            _warn(warn, problem)
        yield not problem
    finally:
        if server is not None:
            server.close()


def unusable_api(seconds: float = SECONDS_TO_ANSWER) -> str:
    """Why the API that Prefect is set to cannot be used, in one sentence; "" where it can."""
    found: list[str] = []
    # A server that sends a byte a second is never late for a client; it is for this thread.
    asking = Thread(target=copy_context().run, args=(lambda: found.append(_asked()),), daemon=True)
    asking.start()
    asking.join(seconds)
    return found[0] if found else f"{API_URL} does not answer within {seconds:g} s"


def _asked() -> str:
    import httpx  # noqa: PLC0415 (only commands that run something wait for these)
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    settings: dict[str, Any] = {"timeout": httpx.Timeout(5.0)}
    try:
        with get_client(httpx_settings=settings, sync_client=True) as client:
            client.read_flow_runs(limit=1)
    except httpx.HTTPStatusError as problem:
        return f"{API_URL} answers HTTP {problem.response.status_code}"
    except httpx.TimeoutException:
        return f"{API_URL} does not answer in time"
    except httpx.HTTPError as problem:
        return f"{API_URL} cannot be reached: {type(problem).__name__}"
    # Whatever else its client makes of an answer: this is not Prefect.
    except Exception as problem:
        return f"{API_URL} is not Prefect's API: {type(problem).__name__}"
    return ""


def _warn(warn: Callable[[str], None], problem: str) -> None:
    warn(f"Prefect is not used for this run: {problem}; the run itself goes on")


@contextmanager
def reaching(server: PrefectServer) -> Iterator[None]:
    """The environment with the address and the secret of a server of ours, for Prefect to import.

    Both are gone afterwards, so that neither a crawl nor a browser inherits them.
    """
    own = {API_URL: server.address, AUTH_STRING: server.secret}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
