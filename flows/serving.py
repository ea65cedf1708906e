"""`gpuledger serve`: one process that starts the runs on their schedules, and shows the site.

Prefect keeps the schedules and runs each flow in a process of its own, so that the serving process stays
small and a run that is killed takes nothing with it. Nothing in this module imports Prefect before its
server is up, since Prefect reads its address only once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from flows.settings import Schedule

FLOWS: Final = ("nightly", "market", "compact")
_API: Final = "PREFECT_API_URL"
_SECONDS_TO_START: Final = 120
_SECONDS_TO_END: Final = 10


class ServingRefused(RuntimeError):
    """Serving could not start; the message says what to mend."""


@contextmanager
def prefect_server(home: Path, port: int) -> Iterator[str]:
    """A Prefect server on this machine for as long as it is needed, unless PREFECT_API_URL names another one.

    Yields the address of its API. Raises ServingRefused.
    """
    if given := os.environ.get(_API):
        yield given
        return
    address = f"http://127.0.0.1:{port}/api"
    command = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    log = home / "logs" / "prefect-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        # In a session of its own, so that Ctrl-C ends the runs before the server that they report to.
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)  # noqa: S603
    try:
        _await(address, server, log)
        os.environ[_API] = address
        yield address
    finally:
        os.environ.pop(_API, None)
        _end(server)


def serve(home: Path, schedule: Schedule) -> None:
    """Start the scheduled runs of a data folder until SIGTERM or SIGINT. Raises ServingRefused."""
    asyncio.run(_serve(home, schedule))


async def _serve(home: Path, schedule: Schedule) -> None:
    from prefect import aserve  # noqa: PLC0415 - after the server's address is known
    from prefect.types.entrypoint import EntrypointType  # noqa: PLC0415

    from flows.packing import compact  # noqa: PLC0415
    from flows.scheduled import scheduled  # noqa: PLC0415

    crons = {flow: schedule.of(flow) for flow in FLOWS if schedule.of(flow)}
    if not crons.keys() & {"nightly", "market"}:
        raise ServingRefused("config.toml schedules neither nightly nor market, so there is nothing to serve")
    await _forget_killed_runs()
    runs: dict[str, tuple[Any, dict[str, str]]] = {
        "nightly": (scheduled, {"flow": "nightly"}),
        "market": (scheduled, {"flow": "market"}),
        "compact": (compact, {}),
    }
    try:
        deployments = [
            await started.ato_deployment(
                flow,
                cron=crons[flow],
                parameters={"home": str(home), **parameters},
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
            for flow, (started, parameters) in runs.items()
            if flow in crons
        ]
    except ValueError as problem:
        raise ServingRefused(f"a schedule in config.toml is no cron expression: {problem}") from problem
    await aserve(*deployments, print_starting_message=False)


async def _forget_killed_runs() -> None:
    """Mark as crashed what a killed server left as running; Prefect would show it as such for ever."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.filters import (  # noqa: PLC0415
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415
    from prefect.states import Crashed  # noqa: PLC0415

    running = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    async with get_client() as client:
        left = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["scheduled", *FLOWS])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=running)),
        )
        for run in left:
            state: Any = Crashed(message="its process was killed")
            await client.set_flow_run_state(run.id, state, force=True)


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        with suppress(URLError, ConnectionError), urlopen(f"{address}/health"):  # noqa: S310 - our own
            return
        time.sleep(0.2)
    raise ServingRefused(f"the Prefect server did not start; {log} says why")


def _end(server: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_SECONDS_TO_END)
            return
