"""The choice of a Prefect API for a run, made before it starts: none, the configured one, or our own.

Without PREFECT_API_URL a server of our own is started for the run, on a free port of this machine and behind
the installation's secret. An API that does not answer within seconds is done without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from threading import Thread
from typing import Any, Final

from flows.runtime.installation import Installation
from flows.scheduling.prefect_environment import API_URL, prefect_prepared
from flows.scheduling.prefect_secret import SecretRefused
from flows.scheduling.prefect_server import PortRefused, PrefectServer

SECONDS_TO_START: Final = 45.0
"""What a server of our own may take to start. Beyond it the run goes on without."""
SECONDS_TO_ANSWER: Final = 15.0
"""What a server that PREFECT_API_URL names may take for its first answer, slow answers included."""


@contextmanager
def prefect_api(
    installation: Installation, warn: Callable[[str], None], *, seconds_to_start: float = SECONDS_TO_START
) -> Iterator[bool]:
    """Prefect prepared for one run of an installation; yields whether its API can be used.

    `warn` is given one sentence where it cannot.
    """
    home, given = installation.home, installation.environment
    if given.get(API_URL, "").strip():
        with prefect_prepared(home, given) as wrong:
            yield _is_usable(wrong or unusable_api(), warn)
        return
    with ExitStack() as stack:
        try:
            server = PrefectServer(home, 0, given)
            stack.callback(server.close)
            server.start()
        except (OSError, PortRefused, SecretRefused) as refused:
            stack.enter_context(prefect_prepared(home, given))
            problem = f"its own server cannot be started: {refused}"
        else:
            # Prefect is imported while the server starts.
            stack.enter_context(prefect_prepared(home, given, server.reach))
            problem = (
                "" if server.wait(seconds_to_start) else f"its own server did not start; see {server.log}"
            )
        yield _is_usable(problem, warn)


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


def _is_usable(problem: str, warn: Callable[[str], None]) -> bool:
    """Whether Prefect's API can be used; warns where it cannot."""
    if problem:
        warn(f"Prefect is not used for this run: {problem}; the run itself goes on")
    return not problem
